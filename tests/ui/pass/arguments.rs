#[drawloom::test(
    executions = 5,
    seed = 0x5EED,
    strategy = "surw",
    max_steps = 1_000,
    max_threads = 4,
    time = "500ms",
    timeouts = "any",
    spurious = 0,
    workers = 2,
    stack_size = 65_536,
    leaked_threads = "allow",
    expect = "deadlock",
)]
fn all_of_them() {}

#[drawloom::test(executions = u64::MAX, workers = { 1 + 1 })]
fn constant_expressions() {}

fn main() {}
