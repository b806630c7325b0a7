//! Printed numbers of a trial that contradict each other.

use kmeta_trial_data::{Finding, Interval};

use super::input::{HazardRatioRouteOptions, PrintedTwoArm, TrialArm};
use super::printed_interval::off_centre;
use super::result::{HazardRatioRoute, RouteEstimate};
use super::statistics::printed_log_hazard_ratio;

/// What contradicts what: the hazard ratio its interval, the better arm the hazard ratio, and each route the first.
pub(super) fn contradictions(
    printed: &PrintedTwoArm,
    recommended: &RouteEstimate,
    routes: &[RouteEstimate],
    options: &HazardRatioRouteOptions,
) -> Vec<Finding> {
    let place = format!("trial `{}`", printed.trial);
    let mut findings = Vec::new();
    if let (Some(ratio), Some(lower), Some(upper)) = (printed.hazard_ratio, printed.lower, printed.upper) {
        let finding = off_centre(ratio, lower, upper);
        findings.extend(finding.map(|found| Finding { place: format!("{place}: {}", found.place), ..found }));
    }
    findings.extend(better_arm(printed, &place));
    for route in routes.iter().filter(|route| route.route != recommended.route) {
        findings.extend(disagreement(&place, recommended, route, options));
    }
    findings
}

fn better_arm(printed: &PrintedTwoArm, place: &str) -> Option<Finding> {
    let value = printed_log_hazard_ratio(printed)?;
    let contradicted = match printed.better_arm? {
        TrialArm::Experimental => value > 0.0,
        TrialArm::Control => value < 0.0,
    };
    contradicted.then(|| {
        Finding::warning(
            "direction-contradicts-hazard-ratio",
            place,
            format!(
                "experimental over control the hazard ratio is {:.3}, which is not in favour of the arm said to be \
                 better: check better_arm, and comparison if the paper divides control by experimental",
                value.exp()
            ),
        )
    })
}

/// The distance of two intervals, 0 where they overlap.
fn gap(one: Interval, two: Interval) -> f64 {
    (two.lower - one.upper).max(one.lower - two.upper).max(0.0)
}

/// The log hazard ratios and standard errors that a route leaves open: by rounding, and by "p < …", which leaves open
/// every smaller standard error, or without a hazard ratio every stronger effect.
fn left_open(estimate: &RouteEstimate) -> (Interval, Interval) {
    let (mut ratio, mut error) = (estimate.log_hazard_ratio_rounding, estimate.standard_error_rounding);
    match estimate.route {
        HazardRatioRoute::HazardRatioAndPValue if estimate.bound => error.lower = 0.0,
        _ if estimate.bound && estimate.log_hazard_ratio < 0.0 => ratio.lower = f64::NEG_INFINITY,
        _ if estimate.bound => ratio.upper = f64::INFINITY,
        _ => {}
    }
    (ratio, error)
}

fn disagreement(
    place: &str,
    first: &RouteEstimate,
    other: &RouteEstimate,
    options: &HazardRatioRouteOptions,
) -> Option<Finding> {
    let ((ratio, error), (other_ratio, other_error)) = (left_open(first), left_open(other));
    let value = gap(ratio, other_ratio);
    let spread = gap(error, other_error) / error.upper.min(other_error.upper);
    let values_differ = value > options.log_hazard_ratio_tolerance;
    if !values_differ && spread <= options.standard_error_tolerance {
        return None;
    }
    let turned = Interval { lower: -other_ratio.upper, upper: -other_ratio.lower };
    let advice = if values_differ && gap(ratio, turned) <= options.log_hazard_ratio_tolerance {
        "; turned round they agree: check which arm is the reference, and better_arm"
    } else {
        ""
    };
    Some(Finding::warning(
        "hazard-ratio-routes-disagree",
        place,
        format!(
            "hazard ratio {:.3} with SE(ln) {:.3} from the {} ({}), but {:.3} with SE {:.3} from the {} ({}): beyond \
             rounding, ln HR differs by {value:.3} and SE by {:.0}%{advice}",
            first.hazard_ratio,
            first.standard_error,
            first.route.words(),
            first.source,
            other.hazard_ratio,
            other.standard_error,
            other.route.words(),
            other.source,
            100.0 * spread,
        ),
    ))
}
