//! Restricted mean survival times.

use kmeta_survival_estimate::{KaplanMeier, SurvivalError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PooledSurvivalTime, SurvivalTimeKind, SurvivalTimeOptions, SurvivalTimeRow, pool_times};
use crate::model::two_sided_normal;
use crate::survival_curve::check_trial_names;
use crate::two_arm_survival::LeftOutTrial;
use crate::{PoolError, TrialPatients};

/// How restricted mean survival times are pooled. `horizon` has no default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestrictedMeanOptions {
    /// The horizon τ up to which survival counts, above 0.
    pub horizon: f64,
    /// Everything else.
    #[serde(default)]
    pub pooling: SurvivalTimeOptions,
}

/// Pools restricted mean survival times to a horizon: the areas under the Kaplan-Meier curves with variance
/// Σ A_i² d_i/(n_i (n_i − d_i)) (Klein & Moeschberger 2003, 4.5), by inverse variances and without transformation. A
/// trial whose follow-up ends before the horizon while patients survive is left out by name, and so is one without
/// an event before it, whose mean has no variance.
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault; [`PoolError::TooFewStudies`] when no trial can be used.
pub fn pool_restricted_mean_survival(
    trials: &[TrialPatients],
    options: &RestrictedMeanOptions,
) -> Result<PooledSurvivalTime, PoolError> {
    check_trial_names(trials.iter().map(|trial| trial.trial.as_str()))?;
    options.pooling.model.check()?;
    let horizon = options.horizon;
    let z = two_sided_normal(options.pooling.model.confidence_level)?;
    let (mut rows, mut left_out) = (Vec::new(), Vec::new());
    for trial in trials {
        let failed = |source| PoolError::Patients { trial: trial.trial.clone(), source };
        let fit = KaplanMeier::fit(&trial.patients).map_err(failed)?;
        let mut leave_out = |reason| left_out.push(LeftOutTrial { trial: trial.trial.clone(), reason });
        let mean = match fit.restricted_mean_survival_time(horizon) {
            Ok(mean) => mean,
            Err(SurvivalError::HorizonBeyondFollowUp { last, survival, .. }) => {
                leave_out(format!("its follow-up ends at {last} with survival {survival:.3}"));
                continue;
            }
            Err(SurvivalError::InvalidHorizon { .. }) => {
                let longest = trials
                    .iter()
                    .flat_map(|trial| &trial.patients)
                    .map(|patient| patient.time)
                    .fold(0.0, f64::max);
                return Err(PoolError::InvalidHorizon { horizon, longest });
            }
            Err(source) => return Err(failed(source)),
        };
        if mean.standard_error <= 0.0 {
            leave_out("its restricted mean has no variance: no event, or all at once".to_owned());
            continue;
        }
        let reach = z * mean.standard_error;
        rows.push(SurvivalTimeRow {
            trial: trial.trial.clone(),
            label: trial.label.clone(),
            time: mean.mean,
            lower: Some((mean.mean - reach).max(0.0)),
            upper: Some((mean.mean + reach).min(horizon)),
            value: mean.mean,
            variance: mean.standard_error.powi(2),
            weight: 0.0,
            provenance: trial.provenance.clone(),
        });
    }
    pool_times(SurvivalTimeKind::RestrictedMean { horizon }, rows, left_out, &options.pooling, Vec::new())
}
