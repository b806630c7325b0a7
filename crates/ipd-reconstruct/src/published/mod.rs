//! The published algorithms on digitized clicks, step by step as published, for comparability.
//!
//! Meta-analyses in print were made with these algorithms. [`guyot`] is the algorithm of Guyot and colleagues
//! (2012) and [`ipdfromkm`] that of the R package IPDfromKM 0.1.10 (Liu, Zhou and Lee 2021)[^liu], with their
//! rounding, their bins and their rules for contradictions, so that a published reconstruction can be repeated
//! patient by patient. They are here to compare with; [`crate::reconstruct`] is the method to use.
//!
//! What differs from the originals is only how they fail: every loop has a bound
//! ([`PublishedStatus::Stopped`]), a division of zero by zero or a negative count is a [`PublishedError`] that
//! names the click, and what the originals do without a word (overwrite a number at risk, leave out a column,
//! delete a click) is a finding.
//!
//! ```
//! use kmeta_ipd_reconstruct::clicks::Clicks;
//! use kmeta_ipd_reconstruct::published::{PublishedInput, guyot};
//! use kmeta_trial_data::NumberAtRisk;
//!
//! let clicks = Clicks::new(vec![0.0, 1.0, 2.0, 4.0], vec![1.0, 0.9, 0.8, 0.6])?;
//! let mut input = PublishedInput::new(clicks);
//! input.number_at_risk = Some(NumberAtRisk::new(vec![0.0, 2.0], vec![10, 9])?);
//! let arm = guyot(&input)?;
//! assert_eq!(arm.patients.len(), 10);
//! assert_eq!(arm.patients.iter().filter(|patient| patient.event).count(), 4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [^liu]: Liu N, Zhou Y, Lee JJ. IPDfromKM: reconstruct individual patient data from published Kaplan-Meier
//!     survival curves. BMC Med Res Methodol 2021;21:111.

mod arm;
mod columns;
mod error;
mod guyot_2012;
mod ipd_from_km;
mod preprocess;
mod recursion;
mod rounding;

use kmeta_trial_data::{Finding, NumberAtRisk, PatientRecord};

use crate::clicks::Clicks;

pub(crate) use arm::reconstruct;
pub use error::PublishedError;
pub use guyot_2012::guyot;
pub use ipd_from_km::{IpdFromKm, Precision, ipdfromkm};

/// What the published algorithms take.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedInput {
    /// The clicks.
    pub clicks: Clicks,
    /// Numbers at risk, the first at time 0.
    pub number_at_risk: Option<NumberAtRisk>,
    /// Number of patients. Used only without `number_at_risk`, as in IPDfromKM.
    pub patients: Option<u32>,
    /// Total of events as printed.
    pub total_events: Option<u32>,
    /// Bound on the corrections of the number of censored patients in one interval of the risk table. The
    /// originals have none; where they end at all, they end after a few.
    pub max_iterations: u32,
}

impl PublishedInput {
    /// An input with clicks only, and a bound of 1000 iterations.
    pub fn new(clicks: Clicks) -> Self {
        Self { clicks, number_at_risk: None, patients: None, total_events: None, max_iterations: 1000 }
    }
}

/// How a published algorithm ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PublishedStatus {
    /// Every loop ended by its own condition. That does not mean that the risk table was met: see the findings.
    Converged,
    /// A loop was ended by [`PublishedInput::max_iterations`]; the original would have gone on, perhaps without
    /// end.
    Stopped,
}

/// Patients by a published algorithm, with its tables.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedReconstruction {
    /// How the algorithm ended.
    pub status: PublishedStatus,
    /// The patients in the order in which the original writes them (Guyot 2012: events, censored patients, then
    /// those still at risk at the end; IPDfromKM: click by click).
    pub patients: Vec<PatientRecord>,
    /// The life table, one row per click that was used.
    pub clicks: Vec<ClickRow>,
    /// The intervals of the risk table that were used.
    pub intervals: Vec<IntervalRow>,
    /// What the algorithm did that its user should know.
    pub findings: Vec<Finding>,
}

/// One click and the patients who leave at it or before the next one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClickRow {
    /// Time of the click.
    pub time: f64,
    /// Survival as clicked, after the algorithm's own preparation of the clicks.
    pub survival: f64,
    /// Patients at risk at the click.
    pub at_risk: u32,
    /// Events at the click.
    pub events: u32,
    /// Patients censored between this click and the next.
    pub censored: u32,
    /// The Kaplan-Meier estimate of the reconstructed patients at the click: that of the recursion for Guyot
    /// 2012, that of the finished patients rounded to three decimals for IPDfromKM.
    pub estimate: f64,
}

/// One interval of the risk table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IntervalRow {
    /// Time of the column that the interval starts with.
    pub time: f64,
    /// Number of the first click of the interval, from 1.
    pub lower: usize,
    /// Number of the last click of the interval, from 1.
    pub upper: usize,
    /// Patients at risk as given.
    pub number_at_risk: u32,
    /// Patients at risk as the algorithm leaves them.
    pub number_at_risk_estimated: u32,
    /// Events placed in the interval.
    pub events: u32,
    /// Censored patients placed in the interval.
    pub censored: u32,
}
