//! Hazard ratios by interval of follow-up.

use kmeta_survival_estimate::{ChiSquaredTest, SurvivalError, cox_two_arms};
use kmeta_trial_data::{EffectMeasure, PatientRecord};

use super::options::{TwoArmSurvivalOptions, TwoArmTrial};
use super::result::{IntervalHazardRatio, LeftOutTrial, PiecewiseHazardRatios};
use super::trial::estimable;
use super::{effect, pool_or_none};
use crate::PoolError;
use crate::model::Effects;

/// A Cox model per trial and interval (start, end], among the patients still at risk after its start, events after
/// its end censored there; then pooled interval by interval. R: `survSplit`, `coxph` within the interval.
pub(super) fn pool(
    trials: &[TwoArmTrial],
    options: &TwoArmSurvivalOptions,
) -> Result<PiecewiseHazardRatios, PoolError> {
    let starts = std::iter::once(0.0).chain(options.piecewise_cuts.iter().copied());
    let ends = options.piecewise_cuts.iter().copied().map(Some).chain(std::iter::once(None));
    let intervals = starts
        .zip(ends)
        .enumerate()
        .map(|(index, (start, end))| {
            // The first interval holds events at time 0.
            let after = if index == 0 { f64::NEG_INFINITY } else { start };
            interval(trials, (after, start, end), options)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let equality = equality(&intervals)?;
    Ok(PiecewiseHazardRatios { intervals, equality })
}

fn interval(
    trials: &[TwoArmTrial],
    (after, start, end): (f64, f64, Option<f64>),
    options: &TwoArmSurvivalOptions,
) -> Result<IntervalHazardRatio, PoolError> {
    let (mut effects, mut left_out) = (Vec::new(), Vec::new());
    for trial in trials {
        let control = within(&trial.control, after, end);
        let treated = within(&trial.treated, after, end);
        let fit = match control.is_empty() || treated.is_empty() {
            true => Err(SurvivalError::NothingToCompare),
            false => cox_two_arms(&control, &treated, options.ties),
        };
        match estimable(trial, fit)? {
            Ok(fit) => effects.push(effect(
                trial,
                EffectMeasure::LogHazardRatio,
                fit.log_hazard_ratio,
                fit.standard_error,
            )),
            Err(reason) => left_out.push(LeftOutTrial { trial: trial.trial.clone(), reason }),
        }
    }
    Ok(IntervalHazardRatio { start, end, pooled: pool_or_none(effects, &options.pooling)?, left_out })
}

/// Patients at risk after `after`, followed until `end` at most.
fn within(patients: &[PatientRecord], after: f64, end: Option<f64>) -> Vec<PatientRecord> {
    let end = end.unwrap_or(f64::INFINITY);
    patients
        .iter()
        .filter(|patient| patient.time > after)
        .map(|patient| PatientRecord {
            time: patient.time.min(end),
            event: patient.event && patient.time <= end,
        })
        .collect()
}

/// Log hazard ratios of separate intervals are uncorrelated in large samples, since each conditions on those still at
/// risk.
fn equality(intervals: &[IntervalHazardRatio]) -> Result<Option<ChiSquaredTest>, PoolError> {
    let means: Vec<_> =
        intervals.iter().filter_map(|one| one.pooled.as_ref()).map(|pooled| &pooled.random).collect();
    if means.len() < 2 {
        return Ok(None);
    }
    let effects = Effects {
        values: means.iter().map(|mean| mean.value).collect(),
        variances: means.iter().map(|mean| mean.standard_error.powi(2)).collect(),
    };
    ChiSquaredTest::new(effects.weighted(0.0).squares, means.len() as u32 - 1)
        .map(Some)
        .map_err(|_| PoolError::Computation { what: "the test of equal hazard ratios".to_owned() })
}
