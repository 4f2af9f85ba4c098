//! Who chooses: strategies, built in and of the user's own, and what restrains them. That they reach every end of a program, no other
//! end, and the ends as often as they say. How soon they find bugs is the subject of `sctbench`.

mod oracle;
mod own;
mod switching;
mod uniform;
