#[drawloom::test]
fn parameters(count: usize, name: &str) {}

#[drawloom::test]
fn generic<T: Default>() {}

#[drawloom::test]
fn bounded()
where
    u32: Copy,
{
}

#[drawloom::test]
const fn constant() {}

#[drawloom::test]
unsafe fn promise() {}

#[drawloom::test]
extern "C" fn foreign() {}

#[drawloom::test]
#[test]
fn tested_twice() {}

fn main() {}
