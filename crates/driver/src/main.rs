//! The `kmeta` command.
fn main() {}
