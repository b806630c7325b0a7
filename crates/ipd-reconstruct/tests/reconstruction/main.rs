//! Tests of whole reconstructions.

mod accuracy;
mod cohorts;
mod common;
mod pooled;
mod properties;
mod reading;
mod statements;
