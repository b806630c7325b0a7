//! Arms whose patients are known, the figures that a paper would print of them, and scores of reconstructions.
//!
//! The accuracy that the crate claims is measured here and can be measured again:
//! `cargo run --release -p kmeta-ipd-reconstruct --example reconstruction_accuracy` prints the tables. The same
//! functions score any other method that turns a [`ReconstructionInput`](crate::ReconstructionInput) into
//! patients.

mod coverage;
mod design;
mod figure;
mod score;
mod study;

pub use coverage::{CoverageRow, coverage};
pub use design::{EventTimes, Population, SimulatedPair, simulate_arm, simulated_pairs};
pub use figure::{FigureReading, Information, RISK_TABLE_COLUMNS, figure_of};
pub use score::{Accuracy, ArmScore, log_hazard_ratio_error, score_arm};
pub use study::{Method, measure};
