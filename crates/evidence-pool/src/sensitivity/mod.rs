//! How much a pooled result rests on single studies and on their order.
//!
//! [`leave_one_out`] and [`cumulative`] pool by whatever function they are given, so that every row repeats the
//! settings of the analysis: measure, estimator, interval, prediction, model. [`influence_diagnostics`] and
//! [`baujat`] take bare numbers.

mod influence;
mod leave_one_out;

pub use influence::{
    BaujatPoint, InfluenceDiagnostics, InfluenceRow, ShrunkenEffect, baujat, influence_diagnostics,
    shrunken_effects,
};
pub use leave_one_out::{
    Cumulative, CumulativeRow, LeaveOneOut, LeaveOneOutRow, PooledSummary, cumulative, leave_one_out,
    order_by,
};
