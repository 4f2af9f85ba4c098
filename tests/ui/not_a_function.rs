#[drawloom::test]
struct Deque;

#[drawloom::test(executions = 10)]
mod tests {
    fn inside() {}
}

fn main() {}
