//! The attribute `#[drawloom::test]`; use it through the crate `drawloom`.
