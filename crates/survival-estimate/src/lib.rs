//! Kaplan-Meier, Nelson-Aalen, restricted mean survival time, (weighted) log-rank tests, Cox regression, concordance,
//! piecewise-exponential hazards and competing risks.
//!
//! All functions take patients as [`PatientRecord`](kmeta_trial_data::PatientRecord): follow-up time and
//! whether it ended with the event. Patients at risk at a time are those whose follow-up is at least that
//! long, so that an event precedes a censoring at the same time (Kalbfleisch & Prentice 2002, 1.4).

mod competing_risks;
mod concordance;
mod cox;
mod cox_regression;
mod error;
mod gray_test;
mod kaplan_meier;
mod log_rank;
mod max_combo;
mod nelson_aalen;
mod normal_rectangle;
mod patients;
mod piecewise_exponential;
mod restricted_mean;
mod survival_interval;
mod weighted_log_rank;

pub use competing_risks::{CauseIncidence, CompetingRisksPatient, CumulativeIncidence};
pub use concordance::{Concordance, PredictorDirection, concordance};
pub use cox::{CoxFit, PartialLikelihood, Ties, TwoArmLikelihood, cox_two_arms};
pub use cox_regression::{
    ChiSquaredTest, CoxCoefficient, CoxData, CoxRegression, CoxSurvival, CoxTerm, ProportionalHazardsTest,
    RobustCox, SchoenfeldResidual, TermTest, TimeTransform, cox_regression, predicted_survival,
    proportional_hazards_test, robust_covariance, schoenfeld_residuals,
};
pub use error::SurvivalError;
pub use gray_test::{GrayTest, gray_test};
pub use kaplan_meier::{KaplanMeier, RestrictedMean, SurvivalInterval};
pub use log_rank::{LogRank, LogRankGroup, StratifiedLogRank, log_rank, log_rank_stratified};
pub use max_combo::{MAX_COMBO_WEIGHTS, MaxCombo, MaxComboPart, max_combo};
pub use nelson_aalen::{NelsonAalen, TiedHazard};
pub use piecewise_exponential::{
    ExponentialPiece, PiecewiseComparison, PiecewiseExponential, RateRatio, compare_piecewise,
};
pub use restricted_mean::{RestrictedMeanComparison, compare_restricted_means};
pub use survival_interval::IntervalType;
pub use weighted_log_rank::{
    FlemingHarrington, WeightedLogRank, weighted_log_rank, weighted_log_rank_stratified,
};
