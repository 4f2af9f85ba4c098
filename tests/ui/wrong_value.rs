#[drawloom::test(executions = 0, max_steps = 0, max_threads = 0, workers = 0, stack_size = 0)]
fn nothing_can_run() {}

#[drawloom::test(strategy = "round_robin", timeouts = "never", leaked_threads = "denied")]
fn unknown_words() {}

#[drawloom::test(expect = "dead-lock")]
fn unknown_failure() {}

#[drawloom::test(strategy = "pct:deep")]
fn unknown_depth() {}

#[drawloom::test(time = "10 seconds")]
fn unknown_unit() {}

#[drawloom::test(time = "0s")]
fn no_time() {}

fn main() {}
