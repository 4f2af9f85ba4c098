#[drawloom::test(seed = 1, executions = 10, seed = 2)]
fn twice() {}

fn main() {}
