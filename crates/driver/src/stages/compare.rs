//! Two arms of a trial compared, from reconstructed patients.

use kmeta_survival_estimate::{Ties, cox_two_arms, log_rank};
use kmeta_trial_data::{EffectEstimate, EffectMeasure, Finding, Interval, Provenance};

use super::reconstruct::ArmPatients;
use crate::project::{PrintedHazardRatio, Project, Trial};
use crate::results::Comparison;

/// Level of the intervals of single comparisons.
const LEVEL: f64 = 0.95;

/// Compares the two arms of every trial and endpoint for which both were reconstructed.
pub(crate) fn compare_all(project: &Project, arms: &[ArmPatients]) -> (Vec<Comparison>, Vec<Finding>) {
    let (mut comparisons, mut findings) = (Vec::new(), Vec::new());
    let mut done: Vec<(&str, &str)> = Vec::new();
    for arm in arms {
        let key = (arm.result.trial.as_str(), arm.result.endpoint.as_str());
        let Some(trial) = project.trial(key.0).filter(|trial| trial.arms.len() > 1) else { continue };
        if done.contains(&key) {
            continue;
        }
        done.push(key);
        match compare(trial, key.1, arms) {
            Ok(Some(comparison)) => {
                findings.extend(disagreement(&comparison, project.checks.log_hazard_ratio));
                comparisons.push(comparison);
            }
            Ok(None) => {}
            Err(message) => {
                findings.push(Finding::error("not-compared", format!("{}, {}", key.0, key.1), message));
            }
        }
    }
    (comparisons, findings)
}

fn compare(trial: &Trial, endpoint: &str, arms: &[ArmPatients]) -> Result<Option<Comparison>, String> {
    let find = |id: &str| {
        arms.iter().find(|arm| {
            arm.result.trial == trial.id && arm.result.endpoint == endpoint && arm.result.arm == id
        })
    };
    let (Some(reference_id), Some(treated_id)) = (trial.reference(), trial.treated()) else {
        return Ok(None);
    };
    let (Some(reference), Some(treated)) = (find(reference_id), find(treated_id)) else { return Ok(None) };
    let said = |error: kmeta_survival_estimate::SurvivalError| error.to_string();
    let fit = cox_two_arms(&reference.patients, &treated.patients, Ties::Efron).map_err(said)?;
    let test = log_rank(&[&reference.patients, &treated.patients]).map_err(said)?;
    let (lower, upper) = fit.hazard_ratio_interval(LEVEL).map_err(said)?;
    let printed: Option<PrintedHazardRatio> = trial.hazard_ratios.get(endpoint).cloned();
    Ok(Some(Comparison {
        trial: trial.id.clone(),
        label: trial.label.clone(),
        endpoint: endpoint.to_owned(),
        treated: treated_id.to_owned(),
        reference: reference_id.to_owned(),
        log_hazard_ratio: fit.log_hazard_ratio,
        standard_error: fit.standard_error,
        hazard_ratio: fit.hazard_ratio(),
        interval: Interval { lower, upper },
        p_value: fit.p_value(),
        log_rank_chi_squared: test.chi_squared,
        log_rank_p_value: test.p_value,
        log_hazard_ratio_difference: printed
            .as_ref()
            .and_then(|printed| printed.value)
            .map(|value| fit.log_hazard_ratio - value.ln()),
        printed,
        provenance: Provenance {
            method: format!("Cox model (Efron) of patients by {}", treated.result.provenance.method),
            ..treated.result.provenance.clone()
        },
    }))
}

/// A finding when the hazard ratio is further from the printed one than the limit.
fn disagreement(comparison: &Comparison, limit: f64) -> Option<Finding> {
    let printed = comparison.printed.as_ref()?.value?;
    let difference = comparison.log_hazard_ratio_difference.filter(|difference| difference.abs() > limit)?;
    Some(Finding::warning(
        "hazard-ratio-disagrees",
        format!("{}, {}", comparison.trial, comparison.endpoint),
        format!(
            "the reconstructed patients give a hazard ratio of {:.3}, the paper prints {:.2}: log hazard ratios differ by {:.3}, above the limit of {limit}",
            comparison.hazard_ratio,
            printed,
            difference.abs()
        ),
    ))
}

/// The comparison as an effect to pool.
pub(crate) fn effect(comparison: &Comparison, subgroup: Option<String>) -> EffectEstimate {
    EffectEstimate {
        trial: comparison.trial.clone(),
        label: comparison.label.clone(),
        subgroup,
        measure: EffectMeasure::LogHazardRatio,
        value: comparison.log_hazard_ratio,
        variance: comparison.standard_error * comparison.standard_error,
        provenance: comparison.provenance.clone(),
    }
}
