//! Pools one effect per study: checks the input, puts it on the analysis scale and hands it on.

use std::collections::HashSet;

use kmeta_trial_data::{EffectEstimate, EffectMeasure, PooledEffect, StudyIntervalMethod};

use crate::assemble::{Settings, Study, assemble};
use crate::limits::{usable_effect, usable_variance};
use crate::measure::proportion_effect;
use crate::proportions::{model_choice, pool_by_likelihood};
use crate::{EffectOptions, PoolError, ProportionCount, ProportionOptions};

/// Pools single proportions: by default a logistic regression with a random intercept per study (GLMM), or by the
/// `model` of the options a beta-binomial model or inverse variance of transformed proportions, as R `meta::metaprop`
/// does. Common-effect and random-effects means, heterogeneity, subgroups with a τ² of their own, prediction interval,
/// Egger's test of the transformed proportions.
///
/// Each study's `shown` proportion is events/total, with an interval by `study_interval`; its `interval` on the
/// analysis scale is always effect ± z·SE. Study intervals and pooled ones therefore rest on different methods
/// unless `study_interval` is `wald`. The row of a subgroup with a single study shows the interval of the model,
/// not that of the study row (as R meta prints it).
///
/// The mean of a GLMM is that of the typical study; the result holds the mean over studies beside it. Formulas and
/// sources of each model and measure are in `docs/methods/proportions.md`.
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault: no studies, duplicate ids, no patients, more events than
/// patients, a measure that is no proportion, a missing subgroup, an impossible level, settings that cannot be used
/// together, studies to which a model of the counts has no finite fit.
///
/// ```
/// use kmeta_evidence_pool::{ProportionCount, ProportionOptions, pool_proportions};
/// use kmeta_trial_data::{EffectMeasure, Provenance};
/// let count = |trial: &str, events, total| ProportionCount {
///     trial: trial.into(),
///     label: trial.into(),
///     subgroup: None,
///     events,
///     total,
///     provenance: Provenance::printed("response count"),
/// };
/// let counts = [count("tahara2017", 4, 17), count("wirth2021", 1, 34), count("higashiyama2022", 5, 42)];
/// let options = ProportionOptions { measure: EffectMeasure::FreemanTukey, ..Default::default() };
/// let pooled = pool_proportions(&counts, &options)?;
/// assert_eq!(format!("{:.4}", pooled.random.shown), "0.1040");
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
pub fn pool_proportions(
    counts: &[ProportionCount],
    options: &ProportionOptions,
) -> Result<PooledEffect, PoolError> {
    options.model().check()?;
    let choice = model_choice(options)?;
    if !options.measure.is_proportion() {
        return Err(PoolError::WrongMeasure {
            measure: options.measure,
            place: "the options".to_owned(),
            reason: "proportions need freeman-tukey, logit, arcsine, raw or log".to_owned(),
        });
    }
    for count in counts {
        if count.total == 0 {
            return Err(PoolError::ZeroTotal { trial: count.trial.clone() });
        }
        if count.events > count.total {
            return Err(PoolError::EventsAboveTotal {
                trial: count.trial.clone(),
                events: count.events,
                total: count.total,
            });
        }
    }
    let studies: Vec<Study> = counts
        .iter()
        .map(|count| {
            let (value, variance) = proportion_effect(options.measure, count);
            Study {
                trial: count.trial.clone(),
                label: count.label.clone(),
                subgroup: count.subgroup.clone(),
                count: Some(count.clone()),
                value,
                variance,
                provenance: count.provenance.clone(),
            }
        })
        .collect();
    let settings = Settings {
        id: options.id.clone(),
        title: options.title.clone(),
        measure: options.measure,
        model: options.model(),
        study_interval: choice.study_interval,
        back_transform: (options.measure == EffectMeasure::FreemanTukey).then_some(options.back_transform),
        subgroups: options.subgroups,
        subgroup_tau_squared: options.subgroup_tau_squared,
    };
    check_studies(&studies, &settings)?;
    match choice.likelihood {
        Some(model) => pool_by_likelihood(studies, settings, model),
        None => assemble(studies, settings),
    }
}

/// Pools effects given with their variances by inverse variance, as R `meta::metagen` does: log hazard ratios,
/// or proportions already on a logit, log, arcsine or raw scale. All effects must share one measure.
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault: no studies, duplicate ids, effects or variances that are
/// not finite, a variance of 0 or below, mixed measures, Freeman-Tukey values (their inverse needs the counts:
/// use [`pool_proportions`]), a missing subgroup, an impossible level.
pub fn pool_effects(effects: &[EffectEstimate], options: &EffectOptions) -> Result<PooledEffect, PoolError> {
    options.model().check()?;
    let measure = effects.first().ok_or(PoolError::NoStudies)?.measure;
    for effect in effects {
        check_effect(effect, measure)?;
    }
    let studies: Vec<Study> = effects
        .iter()
        .map(|effect| Study {
            trial: effect.trial.clone(),
            label: effect.label.clone(),
            subgroup: effect.subgroup.clone(),
            count: None,
            value: effect.value,
            variance: effect.variance,
            provenance: effect.provenance.clone(),
        })
        .collect();
    let settings = Settings {
        id: options.id.clone(),
        title: options.title.clone(),
        measure,
        model: options.model(),
        study_interval: StudyIntervalMethod::Wald,
        back_transform: None,
        subgroups: options.subgroups,
        subgroup_tau_squared: options.subgroup_tau_squared,
    };
    check_studies(&studies, &settings)?;
    assemble(studies, settings)
}

pub(crate) fn check_effect(effect: &EffectEstimate, measure: EffectMeasure) -> Result<(), PoolError> {
    let wrong_measure = |reason: &str| PoolError::WrongMeasure {
        measure: effect.measure,
        place: format!("trial `{}`", effect.trial),
        reason: reason.to_owned(),
    };
    if effect.measure != measure {
        return Err(wrong_measure("all effects of an analysis must share one measure"));
    }
    if measure == EffectMeasure::FreemanTukey {
        return Err(wrong_measure("the inverse needs the numbers of patients; pool the counts instead"));
    }
    if !usable_effect(effect.value) {
        return Err(PoolError::InvalidEffect { trial: effect.trial.clone(), value: effect.value });
    }
    if !usable_variance(effect.variance) {
        return Err(PoolError::InvalidVariance { trial: effect.trial.clone(), variance: effect.variance });
    }
    Ok(())
}

/// The checks that all analyses of one effect per study share.
pub(crate) fn check_studies(studies: &[Study], settings: &Settings) -> Result<(), PoolError> {
    if studies.is_empty() {
        return Err(PoolError::NoStudies);
    }
    let mut seen = HashSet::new();
    for study in studies {
        if !seen.insert(study.trial.as_str()) {
            return Err(PoolError::DuplicateTrial { trial: study.trial.clone() });
        }
        if settings.subgroups && study.subgroup.is_none() {
            return Err(PoolError::MissingSubgroup { trial: study.trial.clone() });
        }
    }
    Ok(())
}
