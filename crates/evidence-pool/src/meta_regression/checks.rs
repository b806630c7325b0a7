//! Checks of the input of a meta-regression.

use std::collections::HashSet;

use super::options::{MetaRegressionOptions, MissingModerator, RegressionStudy};
use super::result::LeftOutStudy;
use crate::PoolError;
use crate::limits::{LARGEST_VARIANCE_RATIO, usable_effect, usable_variance};
use crate::model::two_sided_normal;

/// Checks all that does not depend on the moderators' values.
pub(crate) fn check(studies: &[RegressionStudy], options: &MetaRegressionOptions) -> Result<(), PoolError> {
    two_sided_normal(options.confidence_level)?;
    let threshold = options.scoring_threshold;
    if !(threshold.is_finite() && threshold >= 0.0) {
        return Err(PoolError::InvalidThreshold { threshold });
    }
    if studies.is_empty() {
        return Err(PoolError::NoStudies);
    }
    let mut named = HashSet::new();
    if let Some(twice) = options.moderators.iter().find(|moderator| !named.insert(&moderator.name)) {
        return Err(PoolError::CollinearModerators { coefficient: twice.name.clone() });
    }
    check_effects(studies.iter().map(|study| (study.trial.as_str(), study.value, study.variance)))
}

/// Ids must differ, effects and variances lie within the limits of the models, and variances be not too unequal.
pub(crate) fn check_effects<'a>(studies: impl Iterator<Item = (&'a str, f64, f64)>) -> Result<(), PoolError> {
    let mut seen = HashSet::new();
    let (mut most_precise, mut least_precise) = (("", f64::INFINITY), ("", 0.0));
    for (trial, value, variance) in studies {
        if !seen.insert(trial) {
            return Err(PoolError::DuplicateTrial { trial: trial.to_owned() });
        }
        if !usable_effect(value) {
            return Err(PoolError::InvalidEffect { trial: trial.to_owned(), value });
        }
        if !usable_variance(variance) {
            return Err(PoolError::InvalidVariance { trial: trial.to_owned(), variance });
        }
        if variance < most_precise.1 {
            most_precise = (trial, variance);
        }
        if variance > least_precise.1 {
            least_precise = (trial, variance);
        }
    }
    let ratio = least_precise.1 / most_precise.1;
    if ratio > LARGEST_VARIANCE_RATIO {
        return Err(PoolError::UnequalPrecision {
            most_precise: most_precise.0.to_owned(),
            least_precise: least_precise.0.to_owned(),
            ratio,
        });
    }
    Ok(())
}

/// The studies that have every moderator, and the others.
pub(crate) fn with_all_moderators<'a>(
    studies: &'a [RegressionStudy],
    options: &MetaRegressionOptions,
) -> Result<(Vec<&'a RegressionStudy>, Vec<LeftOutStudy>), PoolError> {
    let mut used = Vec::new();
    let mut left_out = Vec::new();
    for moderator in &options.moderators {
        if !studies.iter().any(|study| study.moderators.contains_key(&moderator.name)) {
            return Err(PoolError::UnknownModerator { moderator: moderator.name.clone() });
        }
    }
    for study in studies {
        let lacking =
            options.moderators.iter().find(|moderator| !study.moderators.contains_key(&moderator.name));
        match (lacking, options.missing) {
            (None, _) => used.push(study),
            (Some(moderator), MissingModerator::LeaveOut) => left_out
                .push(LeftOutStudy { trial: study.trial.clone(), missing_moderator: moderator.name.clone() }),
            (Some(moderator), MissingModerator::Refuse) => {
                return Err(PoolError::MissingModerator {
                    place: format!("trial `{}`", study.trial),
                    moderator: moderator.name.clone(),
                });
            }
        }
    }
    if used.is_empty() {
        return Err(PoolError::NoStudies);
    }
    Ok((used, left_out))
}
