//! Medians and numbers at risk against the curve they are printed with.

use kmeta_trial_data::{Finding, StepCurve};

use crate::project::Project;
use crate::results::ArmResult;

/// Reading error of a survival level that is always allowed.
const LEVEL_ERROR: f64 = 0.01;

/// Reading error of a time that is always allowed, as a share of follow-up.
const TIME_ERROR: f64 = 0.01;

/// Every reconstructed arm.
pub(super) fn check(project: &Project, arms: &[ArmResult]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for arm in arms {
        let place = format!("{}, arm {}, {}, figure {}", arm.trial, arm.arm, arm.endpoint, arm.figure);
        findings.extend(median(project, arm, &place));
        findings.extend(numbers_at_risk(arm, &place));
    }
    findings
}

/// The printed median against the digitized curve itself; reconstructed patients are made to meet both.
fn median(project: &Project, arm: &ArmResult, place: &str) -> Option<Finding> {
    let printed = arm.fidelity.median_printed?;
    let limit = project.checks.median_relative;
    let rule = format!(
        "Rule: the printed median lies within {:.0} % and the reading error of the time where the curve falls to one half",
        100.0 * limit
    );
    let unit = project.time_unit;
    let error = TIME_ERROR * end(arm);
    match arm.fidelity.median_digitized {
        Some(found) if (found - printed).abs() <= limit * printed + error => None,
        // Beyond the end of the curve nothing contradicts.
        None if printed >= end(arm) - error => None,
        Some(found) => Some(Finding::warning(
            "median-off-curve",
            place,
            format!(
                "the median is printed as {printed:.2} {unit}, but the curve falls to one half at {found:.2}. {rule}"
            ),
        )),
        None => Some(Finding::warning(
            "median-off-curve",
            place,
            format!(
                "the median is printed as {printed:.2} {unit}, but the curve is still at {:.0} % at its end, {:.2}. {rule}",
                100.0 * arm.curve.survival_at(end(arm)),
                end(arm)
            ),
        )),
    }
}

fn end(arm: &ArmResult) -> f64 {
    arm.curve_end.unwrap_or(arm.curve.last_time())
}

/// Censoring takes patients away from those at risk but never from the curve: of the patients at risk at one time, a
/// Kaplan-Meier curve keeps at least the share that is still at risk later, n₂/n₁ ≤ S(t₂−)/S(t₁−).
fn numbers_at_risk(arm: &ArmResult, place: &str) -> Option<Finding> {
    let error = TIME_ERROR * end(arm);
    let columns = &arm.fidelity.number_at_risk;
    for (index, later) in columns.iter().enumerate() {
        for earlier in &columns[..index] {
            // The curve as high as its reading allows at the later time, as low at the earlier one.
            let before = (level(&arm.curve, earlier.time + error) - LEVEL_ERROR).max(1e-9);
            let after = level(&arm.curve, later.time - error) + LEVEL_ERROR;
            let most = f64::from(earlier.stated) * (after / before).min(1.0);
            if f64::from(later.stated) > most + 0.5 {
                return Some(Finding::warning(
                    "number-at-risk-off-curve",
                    place,
                    format!(
                        "{} patients are at risk at {} and {} at {}, but the curve falls from {:.1} % to {:.1} % between \
                         them, which leaves at most {most:.1}. Rule: the share of patients still at risk is at most the \
                         share that survives, S(t2)/S(t1), within 1 % of survival and of follow-up",
                        earlier.stated,
                        earlier.time,
                        later.stated,
                        later.time,
                        100.0 * level(&arm.curve, earlier.time),
                        100.0 * level(&arm.curve, later.time)
                    ),
                ));
            }
        }
    }
    None
}

fn level(curve: &StepCurve, time: f64) -> f64 {
    curve.survival_at(time.max(0.0))
}

#[cfg(test)]
mod tests {
    use super::super::project;
    use super::*;
    use kmeta_trial_data::{Fidelity, NumberAtRiskFit, Provenance, ReconstructionStatus};

    /// A curve that loses a tenth at 1, 2, … 9.
    fn arm(at_risk: &[(f64, u32)], median_printed: Option<f64>) -> ArmResult {
        let times: Vec<f64> = (0..10).map(f64::from).collect();
        let survival: Vec<f64> = (0..10).map(|drop| 1.0 - 0.1 * f64::from(drop)).collect();
        let curve = StepCurve::new(times, survival).unwrap();
        let number_at_risk = at_risk
            .iter()
            .map(|&(time, stated)| NumberAtRiskFit { time, stated, reconstructed: stated })
            .collect();
        ArmResult {
            trial: "a".into(),
            arm: "all".into(),
            label: "A".into(),
            endpoint: "os".into(),
            figure: "a.png".into(),
            color: "#000000".into(),
            fidelity: Fidelity {
                status: ReconstructionStatus::Converged,
                patients: 50,
                events: 45,
                events_stated: None,
                curve_error_rms: 0.0,
                curve_error_mean: 0.0,
                curve_error_max: 0.0,
                number_at_risk,
                number_at_risk_error_max: 0,
                median_digitized: curve.median(),
                median_reconstructed: None,
                median_printed,
                survival_rates: Vec::new(),
                assessment: None,
            },
            curve,
            curve_end: Some(9.5),
            patients_file: String::new(),
            median_printed: None,
            provenance: Provenance::printed("test"),
        }
    }

    fn codes(arm: ArmResult) -> Vec<String> {
        check(&project(""), &[arm]).into_iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn more_at_risk_than_the_curve_leaves() {
        assert_eq!(codes(arm(&[(0.0, 50), (4.5, 30), (8.5, 10)], None)), [""; 0]);
        assert_eq!(codes(arm(&[(0.0, 50), (4.5, 12), (8.5, 1)], None)), [""; 0]);
        assert_eq!(codes(arm(&[(0.0, 50), (4.5, 36), (8.5, 10)], None)), ["number-at-risk-off-curve"]);
        // 20 of 22 patients at risk, where the curve falls from 60 % to 20 %.
        assert_eq!(codes(arm(&[(0.0, 50), (4.5, 22), (8.5, 12)], None)), ["number-at-risk-off-curve"]);
    }

    #[test]
    fn medians_off_the_curve() {
        assert_eq!(codes(arm(&[], Some(5.2))), [""; 0]);
        assert_eq!(codes(arm(&[], Some(6.0))), ["median-off-curve"]);
    }
}
