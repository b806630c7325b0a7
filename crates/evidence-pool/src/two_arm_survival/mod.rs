//! Meta-analysis of survival in trials with two arms, from the patients of each trial.
//!
//! Formulas, when to use what, and the R calls are in `docs/methods/two-arm-survival.md`.

mod one_stage;
mod options;
mod piecewise;
mod proportional_hazards;
mod random_slope;
mod restricted_mean;
mod result;
mod trial;

use std::collections::HashSet;

use kmeta_trial_data::{EffectEstimate, EffectMeasure, Finding, PooledEffect};

use crate::finite_answer::finite_answer;
use crate::model::two_sided_normal;
use crate::{EffectOptions, PoolError, pool_effects};

pub use options::{TrialHazardRatio, TwoArmModel, TwoArmSurvivalOptions, TwoArmTrial};
pub use result::{
    ArmSummary, CombinedProportionalHazards, IntervalHazardRatio, LeftOutTrial, OneStageHazardRatio,
    PiecewiseHazardRatios, PooledRestrictedMeanDifference, PooledTwoArmSurvival, RandomTreatmentEffects,
    TrialLogRank, TrialPrediction, TrialProportionalHazards, TwoArmTrialRow,
};

/// Below this p value a test of proportional hazards is worth a warning.
const NOTABLE_P_VALUE: f64 = 0.05;

/// Pools the hazard ratios of two-arm trials, in two stages or in one, tests proportional hazards in each trial and
/// in all, and on request pools differences of restricted mean survival time and hazard ratios by interval.
///
/// A hazard ratio is that of treated over control. A trial whose own estimate is infinite (one arm has no event
/// while both are at risk) or absent is left out of a two-stage pool with a warning that names it; a one-stage model
/// keeps it.
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault: no trials, duplicate ids, an arm without patients or with
/// impossible times, an impossible level, horizon, cut or number of nodes, no trial with an estimate, and
/// [`PoolError::UnstratifiedModel`] whenever [`TwoArmModel::Unstratified`] is asked for.
///
/// ```
/// use kmeta_evidence_pool::{TwoArmSurvivalOptions, TwoArmTrial, pool_two_arm_survival};
/// use kmeta_trial_data::{PatientRecord, Provenance};
/// let arm = |times: &[f64]| times.iter().map(|&time| PatientRecord { time, event: true }).collect();
/// let trial = |name: &str, treated: &[f64], control: &[f64]| TwoArmTrial {
///     trial: name.into(),
///     label: name.into(),
///     subgroup: None,
///     treated: arm(treated),
///     control: arm(control),
///     provenance: Provenance::printed("patients"),
/// };
/// let trials = [
///     trial("first", &[3.0, 7.0, 9.0, 12.0], &[1.0, 4.0, 5.0, 8.0]),
///     trial("second", &[2.0, 6.0, 11.0], &[2.5, 3.0, 10.0]),
/// ];
/// let pooled = pool_two_arm_survival(&trials, &TwoArmSurvivalOptions::default())?;
/// let hazard_ratio = pooled.two_stage.as_ref().map(|effect| effect.random.shown);
/// assert!(hazard_ratio.is_some_and(|ratio| ratio < 1.0));
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
pub fn pool_two_arm_survival(
    trials: &[TwoArmTrial],
    options: &TwoArmSurvivalOptions,
) -> Result<PooledTwoArmSurvival, PoolError> {
    check(trials, options)?;
    let rows = trials
        .iter()
        .map(|trial| trial::describe(trial, options))
        .collect::<Result<Vec<TwoArmTrialRow>, _>>()?;
    let left_out: Vec<LeftOutTrial> = rows
        .iter()
        .filter_map(|row| {
            let reason = row.not_estimable.clone()?;
            Some(LeftOutTrial { trial: row.trial.clone(), reason })
        })
        .collect();
    let effects = trials.iter().zip(&rows).filter_map(|(trial, row)| {
        let estimate = row.hazard_ratio.as_ref()?;
        Some(effect(trial, EffectMeasure::LogHazardRatio, estimate.value, estimate.standard_error))
    });
    let two_stage = pool_or_none(effects.collect(), &options.pooling)?;
    if two_stage.is_none() && options.model == TwoArmModel::TwoStage {
        return Err(PoolError::NotEstimable {
            what: "the hazard ratio of every trial".to_owned(),
            reason: left_out
                .iter()
                .map(|one| format!("{}: {}", one.trial, one.reason))
                .collect::<Vec<_>>()
                .join("; "),
        });
    }
    let one_stage = one_stage::fit(trials, options)?;
    let proportional_hazards = proportional_hazards::combine(&rows)?;
    let restricted_mean = options
        .restricted_mean_horizon
        .map(|horizon| restricted_mean::pool(trials, horizon, &options.pooling))
        .transpose()?;
    let piecewise = match options.piecewise_cuts.is_empty() {
        true => None,
        false => Some(piecewise::pool(trials, options)?),
    };
    let mut result = PooledTwoArmSurvival {
        options: options.clone(),
        trials: rows,
        two_stage,
        one_stage,
        proportional_hazards,
        restricted_mean,
        piecewise,
        findings: Vec::new(),
    };
    result.findings = findings(&result, &left_out);
    finite_answer("two-arm survival", result)
}

fn check(trials: &[TwoArmTrial], options: &TwoArmSurvivalOptions) -> Result<(), PoolError> {
    if options.model == TwoArmModel::Unstratified {
        return Err(PoolError::UnstratifiedModel);
    }
    two_sided_normal(options.pooling.confidence_level)?;
    if trials.is_empty() {
        return Err(PoolError::NoStudies);
    }
    let mut seen = HashSet::new();
    if let Some(twice) = trials.iter().find(|trial| !seen.insert(trial.trial.as_str())) {
        return Err(PoolError::DuplicateTrial { trial: twice.trial.clone() });
    }
    if let Some(horizon) = options.restricted_mean_horizon
        && !(horizon > 0.0 && horizon.is_finite())
    {
        let times = trials.iter().flat_map(|trial| trial.treated.iter().chain(&trial.control));
        let longest = times.map(|patient| patient.time).fold(0.0, f64::max);
        return Err(PoolError::InvalidHorizon { horizon, longest });
    }
    let mut last = 0.0;
    for (index, &time) in options.piecewise_cuts.iter().enumerate() {
        if !(time.is_finite() && time > last) {
            return Err(PoolError::InvalidTimes { index, time });
        }
        last = time;
    }
    if !(5..=350).contains(&options.quadrature_nodes) {
        return Err(PoolError::SettingsConflict {
            setting: format!("quadrature_nodes = {}", options.quadrature_nodes),
            reason: "give a number from 5 to 350; 25 is usual".to_owned(),
        });
    }
    Ok(())
}

/// A trial's effect as the pooling of effects takes it.
fn effect(trial: &TwoArmTrial, measure: EffectMeasure, value: f64, standard_error: f64) -> EffectEstimate {
    EffectEstimate {
        trial: trial.trial.clone(),
        label: trial.label.clone(),
        subgroup: trial.subgroup.clone(),
        measure,
        value,
        variance: standard_error * standard_error,
        provenance: trial.provenance.clone(),
    }
}

/// Pools what there is; nothing to pool is no error here.
fn pool_or_none(
    effects: Vec<EffectEstimate>,
    options: &EffectOptions,
) -> Result<Option<PooledEffect>, PoolError> {
    if effects.is_empty() { Ok(None) } else { pool_effects(&effects, options).map(Some) }
}

/// One finding for the trials without an estimate in an interval, by reason: in late ones these are many.
fn left_out_of_interval(interval: &IntervalHazardRatio) -> Option<Finding> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for one in &interval.left_out {
        match reasons.iter_mut().find(|(reason, _)| *reason == one.reason) {
            Some((_, trials)) => trials.push(&one.trial),
            None => reasons.push((&one.reason, vec![&one.trial])),
        }
    }
    let named: Vec<String> =
        reasons.iter().map(|(reason, trials)| format!("{} ({reason})", trials.join(", "))).collect();
    let end = interval.end.map_or("the end".to_owned(), |end| end.to_string());
    (!named.is_empty()).then(|| {
        Finding::warning(
            "trial-left-out",
            format!("hazard ratio from {} to {end}", interval.start),
            format!("trials left out: {}", named.join("; ")),
        )
    })
}

/// What a reader should know beside the numbers.
fn findings(result: &PooledTwoArmSurvival, left_out: &[LeftOutTrial]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut left_out_of = |what: &str, trials: &[LeftOutTrial]| {
        for one in trials {
            let message = format!("left out of {what}: {}", one.reason);
            findings.push(Finding::warning("trial-left-out", format!("trial `{}`", one.trial), message));
        }
    };
    left_out_of("the two-stage hazard ratio", left_out);
    if let Some(restricted_mean) = &result.restricted_mean {
        left_out_of("the restricted mean survival time", &restricted_mean.left_out);
    }
    for interval in result.piecewise.iter().flat_map(|piecewise| &piecewise.intervals) {
        findings.extend(left_out_of_interval(interval));
    }
    if let Some(combined) = &result.proportional_hazards {
        let p_value = combined.any_direction.p_value.min(combined.same_direction.p_value);
        if p_value < NOTABLE_P_VALUE {
            findings.push(Finding::warning(
                "hazards-not-proportional",
                "all trials",
                format!(
                    "hazards are not proportional (p = {:.4} for a change in any direction, {:.4} for the same \
                     direction in all trials): one hazard ratio is an average over follow-up; show restricted mean \
                     survival time or hazard ratios by interval beside it",
                    combined.any_direction.p_value, combined.same_direction.p_value
                ),
            ));
        }
    }
    findings
}
