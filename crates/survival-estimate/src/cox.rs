//! Cox regression of two arms.

use kmeta_trial_data::PatientRecord;

use crate::SurvivalError;

/// How tied events enter the partial likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Ties {
    /// Efron 1977 (R `coxph`'s default).
    #[default]
    Efron,
    /// Breslow 1974.
    Breslow,
}

/// A fitted two-arm Cox model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoxFit {
    /// Log of the hazard ratio, treated over reference.
    pub log_hazard_ratio: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Log partial likelihood at a log hazard ratio of 0.
    pub log_likelihood_null: f64,
    /// Log partial likelihood at the estimate.
    pub log_likelihood: f64,
    /// Newton iterations.
    pub iterations: u32,
}

impl CoxFit {
    /// exp(log hazard ratio).
    pub fn hazard_ratio(&self) -> f64 {
        self.log_hazard_ratio.exp()
    }

    /// Wald interval of the hazard ratio, `(lower, upper)`.
    ///
    /// # Errors
    /// [`SurvivalError::InvalidLevel`].
    pub fn hazard_ratio_interval(&self, level: f64) -> Result<(f64, f64), SurvivalError> {
        unimplemented!("{level}")
    }

    /// Two-sided p value of Wald's test.
    pub fn p_value(&self) -> f64 {
        unimplemented!()
    }
}

/// Fits the hazard ratio of two arms.
///
/// # Errors
/// [`SurvivalError`] for invalid patients, nothing to compare, or a monotone likelihood.
pub fn cox_two_arms(
    reference: &[PatientRecord],
    treated: &[PatientRecord],
    ties: Ties,
) -> Result<CoxFit, SurvivalError> {
    unimplemented!("{}{}{ties:?}", reference.len(), treated.len())
}
