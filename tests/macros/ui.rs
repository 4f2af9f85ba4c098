//! What the compiler says about a wrong `#[drawloom::test]`, and that it says nothing about a right one.

#[test]
fn wrong_tests_are_explained_and_right_ones_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/*.rs");
}
