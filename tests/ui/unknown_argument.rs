#[drawloom::test(excutions = 10, colour = "red")]
fn misspelled() {}

fn main() {}
