//! Kaplan-Meier, restricted mean survival time, log-rank and Cox regression.
//!
//! All functions take patients as [`PatientRecord`](kmeta_trial_data::PatientRecord): follow-up time and
//! whether it ended with the event. Patients at risk at a time are those whose follow-up is at least that
//! long, so that an event precedes a censoring at the same time (Kalbfleisch & Prentice 2002, 1.4).

mod cox;
mod cox_regression;
mod error;
mod kaplan_meier;
mod log_rank;
mod patients;
mod restricted_mean;

pub use cox::{CoxFit, PartialLikelihood, Ties, TwoArmLikelihood, cox_two_arms};
pub use cox_regression::{
    ChiSquaredTest, CoxCoefficient, CoxData, CoxRegression, CoxTerm, ProportionalHazardsTest,
    SchoenfeldResidual, TermTest, TimeTransform, cox_regression, proportional_hazards_test,
    schoenfeld_residuals,
};
pub use error::SurvivalError;
pub use kaplan_meier::{IntervalType, KaplanMeier, RestrictedMean, SurvivalInterval};
pub use log_rank::{LogRank, LogRankGroup, StratifiedLogRank, log_rank, log_rank_stratified};
pub use restricted_mean::{RestrictedMeanComparison, compare_restricted_means};
