#[drawloom::test(executions = "many", max_steps = 1.5, seed = -1, workers = true)]
fn no_integer() {}

#[drawloom::test(spurious = 5_000_000_000, workers = 2u8)]
fn another_integer() {}

#[drawloom::test(strategy = pct, time = 10, timeouts = true, expect = Deadlock)]
fn no_text() {}

fn main() {}
