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

fn main() {}
