//! Tests of whole reconstructions.

mod cohorts;
mod common;
mod properties;
mod reference;
