//! What is computed of each trial alone.

use kmeta_numerics::distributions::normal_two_sided;
use kmeta_survival_estimate::{
    ChiSquaredTest, CoxData, CoxTerm, KaplanMeier, LogRank, SurvivalError, cox_regression, cox_two_arms,
    log_rank, proportional_hazards_test,
};
use kmeta_trial_data::{EffectMeasure, Estimate, Interval, PatientRecord};

use super::options::{TrialHazardRatio, TwoArmSurvivalOptions, TwoArmTrial};
use super::result::{ArmSummary, TrialLogRank, TrialProportionalHazards, TwoArmTrialRow};
use crate::PoolError;
use crate::measure::Scale;
use crate::model::two_sided_normal;

/// The line of one trial.
pub(super) fn describe(
    trial: &TwoArmTrial,
    options: &TwoArmSurvivalOptions,
) -> Result<TwoArmTrialRow, PoolError> {
    let treated = arm(trial, "treated", &trial.treated)?;
    let control = arm(trial, "control", &trial.control)?;
    let log_rank = estimable(trial, log_rank(&[&trial.control, &trial.treated]))?;
    let (hazard_ratio, not_estimable) = match log_hazard_ratio(trial, options, log_rank.as_ref().ok()) {
        Ok((value, standard_error)) => {
            (Some(estimate(value, standard_error, options.pooling.confidence_level)?), None)
        }
        Err(error) => (None, Some(estimable::<()>(trial, Err(error))?.err().unwrap_or_default())),
    };
    Ok(TwoArmTrialRow {
        trial: trial.trial.clone(),
        label: trial.label.clone(),
        treated,
        control,
        hazard_ratio,
        not_estimable,
        log_rank: match &log_rank {
            Ok(test) => Some(treated_line(trial, test)?),
            Err(_) => None,
        },
        proportional_hazards: estimable(trial, proportional_hazards(trial, options))?.ok(),
    })
}

/// A log hazard ratio on both scales with Wald's interval.
pub(crate) fn estimate(value: f64, standard_error: f64, level: f64) -> Result<Estimate, PoolError> {
    let width = two_sided_normal(level)? * standard_error;
    let scale = Scale { measure: EffectMeasure::LogHazardRatio, size: 1.0 };
    let interval = Interval { lower: value - width, upper: value + width };
    let statistic = value / standard_error;
    Ok(Estimate {
        value,
        standard_error,
        interval,
        statistic: Some(statistic),
        degrees_of_freedom: None,
        p_value: Some(normal_two_sided(statistic)),
        shown: scale.shown(value),
        shown_interval: Interval { lower: scale.shown(interval.lower), upper: scale.shown(interval.upper) },
    })
}

/// Sorts out what data decide: an estimate that does not exist is an answer (the inner error, in words), anything
/// else is a fault of the input.
pub(super) fn estimable<T>(
    trial: &TwoArmTrial,
    result: Result<T, SurvivalError>,
) -> Result<Result<T, String>, PoolError> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(
            error @ (SurvivalError::NothingToCompare
            | SurvivalError::MonotoneLikelihood { .. }
            | SurvivalError::CollinearCovariate { .. }
            | SurvivalError::InfiniteCoefficient { .. }
            | SurvivalError::TransformUndefined { .. }
            | SurvivalError::HorizonBeyondFollowUp { .. }),
        ) => Ok(Err(in_words_of_trials(error).to_string())),
        Err(source) => Err(PoolError::Patients { trial: trial.trial.clone(), source }),
    }
}

/// What Cox models call the reference arm is the control arm of a trial.
fn in_words_of_trials(error: SurvivalError) -> SurvivalError {
    match error {
        SurvivalError::MonotoneLikelihood { arm, limit } if arm == "reference" => {
            SurvivalError::MonotoneLikelihood { arm: "control".to_owned(), limit }
        }
        other => other,
    }
}

fn arm(trial: &TwoArmTrial, name: &str, patients: &[PatientRecord]) -> Result<ArmSummary, PoolError> {
    if patients.is_empty() {
        let source = SurvivalError::NoPatients { group: format!("{name} arm") };
        return Err(PoolError::Patients { trial: trial.trial.clone(), source });
    }
    let curve = KaplanMeier::fit(patients).map_err(|source| {
        let source = match source {
            SurvivalError::InvalidTime { index, time, .. } => {
                SurvivalError::InvalidTime { group: format!("{name} arm"), index, time }
            }
            other => other,
        };
        PoolError::Patients { trial: trial.trial.clone(), source }
    })?;
    Ok(ArmSummary {
        patients: curve.patients(),
        events: curve.total_events(),
        median: curve.median(),
        follow_up_end: curve.follow_up_end(),
    })
}

/// The chosen log hazard ratio with its standard error.
fn log_hazard_ratio(
    trial: &TwoArmTrial,
    options: &TwoArmSurvivalOptions,
    log_rank: Option<&LogRank>,
) -> Result<(f64, f64), SurvivalError> {
    if options.trial_hazard_ratio == TrialHazardRatio::Cox {
        let fit = cox_two_arms(&trial.control, &trial.treated, options.ties)?;
        return Ok((fit.log_hazard_ratio, fit.standard_error));
    }
    let test = log_rank.ok_or(SurvivalError::NothingToCompare)?;
    let (control, treated) = (test.groups[0], test.groups[1]);
    if options.trial_hazard_ratio == TrialHazardRatio::LogRank {
        let variance = test.covariance[1][1];
        return Ok(((treated.observed - treated.expected) / variance, variance.sqrt().recip()));
    }
    let monotone = |arm: &str, limit: &str| {
        Err(SurvivalError::MonotoneLikelihood { arm: arm.to_owned(), limit: limit.to_owned() })
    };
    match (control.observed > 0.0, treated.observed > 0.0) {
        (true, false) => monotone("control", "0"),
        (false, true) => monotone("treated", "infinity"),
        _ => {
            let ratio = |line: kmeta_survival_estimate::LogRankGroup| (line.observed / line.expected).ln();
            let variance = 1.0 / treated.expected + 1.0 / control.expected;
            Ok((ratio(treated) - ratio(control), variance.sqrt()))
        }
    }
}

fn treated_line(trial: &TwoArmTrial, test: &LogRank) -> Result<TrialLogRank, PoolError> {
    let line = test.groups[1];
    Ok(TrialLogRank {
        observed: line.observed,
        expected: line.expected,
        variance: test.covariance[1][1],
        test: ChiSquaredTest::new(test.chi_squared, test.degrees_of_freedom)
            .map_err(|source| PoolError::Patients { trial: trial.trial.clone(), source })?,
    })
}

fn proportional_hazards(
    trial: &TwoArmTrial,
    options: &TwoArmSurvivalOptions,
) -> Result<TrialProportionalHazards, SurvivalError> {
    // Whether the likelihood has a maximum is known exactly for two arms.
    cox_two_arms(&trial.control, &trial.treated, options.ties)?;
    let patients: Vec<PatientRecord> = trial.control.iter().chain(&trial.treated).copied().collect();
    let arms = std::iter::repeat_n(0.0, trial.control.len())
        .chain(std::iter::repeat_n(1.0, trial.treated.len()))
        .collect();
    let terms = [CoxTerm::number("treated", arms)];
    let data = CoxData { patients: &patients, terms: &terms, strata: &[] };
    let fit = cox_regression(&data, options.ties)?;
    let test = proportional_hazards_test(&data, &fit, options.time_transform)?;
    Ok(TrialProportionalHazards {
        test: test.global,
        slope: test.slopes[0],
        slope_standard_error: test.slope_standard_errors[0],
    })
}
