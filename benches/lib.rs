//! What the benches run: each program is one text, compiled against drawloom and its peers.

pub mod exhaustive;
pub mod stepping;
