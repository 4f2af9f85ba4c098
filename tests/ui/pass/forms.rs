#[drawloom::test]
fn plain() {}

#[drawloom::test]
async fn asynchronous() {}

#[drawloom::test]
fn fallible() -> Result<(), String> {
    Ok(())
}

#[drawloom::test]
#[should_panic(expected = "text")]
#[ignore = "slow"]
pub(crate) fn with_attributes() {}

#[drawloom::test]
fn with_inner_attributes() {
    #![deny(unused_variables)]
    #![allow(unused_mut)]
    let mut _unused = 1;
}

#[drawloom::test]
async fn asynchronous_with_inner_attributes() {
    #![allow(unused_variables)]
    let unused = 1;
}

fn main() {}
