//! Extreme input has an answer of finite numbers or a typed error, never NaN, a panic, or an endless computation.
//!
//! Everything is seeded. Numbers that are not finite are looked for in the debug output of answers, which shows those
//! that a JSON file would turn into null.

#![allow(clippy::print_stdout, reason = "how much was computed is worth a line")]

mod counts;
mod effects;
mod examination;
mod survival;
