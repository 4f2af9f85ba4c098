#[drawloom::test(executions)]
fn no_value() {}

#[drawloom::test(executions(10))]
fn parentheses() {}

#[drawloom::test(executions = )]
fn nothing() {}

#[drawloom::test("10s")]
fn no_name() {}

fn main() {}
