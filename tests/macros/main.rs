//! What macros make: `#[drawloom::test]`, tests with parameters, and what the compiler says about a wrong one.

mod attribute;
mod property;
mod ui;
