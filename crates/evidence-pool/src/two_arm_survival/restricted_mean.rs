//! Pooled restricted mean survival time.

use kmeta_survival_estimate::{KaplanMeier, SurvivalError, compare_restricted_means};
use kmeta_trial_data::EffectMeasure;

use super::options::TwoArmTrial;
use super::result::{LeftOutTrial, PooledRestrictedMeanDifference};
use super::trial::estimable;
use super::{effect, pool_or_none};
use crate::{EffectOptions, PoolError};

/// Differences and log ratios of restricted means to the horizon (Wei et al. 2015), pooled over the trials that are
/// followed so far.
pub(super) fn pool(
    trials: &[TwoArmTrial],
    horizon: f64,
    options: &EffectOptions,
) -> Result<PooledRestrictedMeanDifference, PoolError> {
    let (mut differences, mut ratios, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for trial in trials {
        let compared = || -> Result<_, SurvivalError> {
            let (treated, control) = (KaplanMeier::fit(&trial.treated)?, KaplanMeier::fit(&trial.control)?);
            compare_restricted_means(&treated, &control, horizon)
        };
        let mut leave_out =
            |reason: String| left_out.push(LeftOutTrial { trial: trial.trial.clone(), reason });
        match estimable(trial, compared())? {
            Err(reason) => leave_out(reason),
            Ok(compared) if compared.difference_standard_error == 0.0 => {
                leave_out("no event in either arm before the horizon, so that the variance is 0".to_owned());
            }
            Ok(compared) => {
                differences.push(effect(
                    trial,
                    EffectMeasure::Generic,
                    compared.difference,
                    compared.difference_standard_error,
                ));
                if let (Some(ratio), Some(error)) = (compared.log_ratio, compared.log_ratio_standard_error) {
                    ratios.push(effect(trial, EffectMeasure::Generic, ratio, error));
                }
            }
        }
    }
    Ok(PooledRestrictedMeanDifference {
        horizon,
        difference: pool_or_none(differences, options)?,
        log_ratio: pool_or_none(ratios, options)?,
        left_out,
    })
}
