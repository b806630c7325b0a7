//! From what a two-arm trial prints to its log hazard ratio and standard error.

mod checks;
mod contradictions;
mod curves;
mod input;
mod printed_interval;
mod result;
mod rounding;
mod statistics;
#[cfg(test)]
mod tests;

use kmeta_trial_data::{Finding, Interval};

pub use input::{
    HazardRatioComparison, HazardRatioRouteOptions, IntervalWithoutEvents, PValueRelation, PValueSides,
    PrintedArm, PrintedCurvePoint, PrintedTwoArm, TrialArm,
};
pub use printed_interval::hazard_ratio_from_interval;
pub use result::{
    CurveInterval, HazardRatioRoute, HazardRatioRoutes, IntervalCounts, RouteEstimate, UnavailableRoute,
};

use crate::PoolError;
use crate::finite_answer::finite_answer;
use crate::model::two_sided_normal;
use rounding::Rounded;

/// What a route computed.
struct Computed {
    estimate: Rounded,
    source: String,
    bound: bool,
    intervals: Vec<CurveInterval>,
    findings: Vec<Finding>,
}

/// A route's estimate, or what is missing.
type Attempt = Result<Computed, String>;

/// The log hazard ratio, experimental over control, by every route that the printed numbers of a trial allow, and the
/// route to prefer (Parmar, Torri & Stewart 1998, Stat Med 17:2815; Williamson et al. 2002, Stat Med 21:3337; Tierney
/// et al. 2007, Trials 8:16).
///
/// Routes that the trial's own analysis stands behind come first: its interval, its O − E and V, its hazard ratio
/// with p value. Then its hazard ratio with a variance from events, its p value with events, and the curves. A route
/// that knows only "p < …" comes last. Every estimate carries what the rounding of printed digits leaves open, and a
/// finding names statements that disagree beyond that and the tolerances of the options.
///
/// # Errors
/// [`PoolError::InvalidPrintedNumber`] for a number that cannot be, [`PoolError::InvalidLevel`],
/// [`PoolError::InvalidDisagreementTolerance`], and [`PoolError::NoHazardRatioRoute`] where no route can be taken.
///
/// ```
/// use kmeta_evidence_pool::{
///     HazardRatioRoute, HazardRatioRouteOptions, PrintedArm, PrintedTwoArm, hazard_ratio_routes,
/// };
/// let printed = PrintedTwoArm {
///     trial: "example".to_owned(),
///     hazard_ratio: Some(0.85),
///     lower: Some(0.71),
///     upper: Some(1.02),
///     p_value: Some(0.075),
///     events: Some(485),
///     experimental: PrintedArm { patients: Some(491), ..PrintedArm::default() },
///     control: PrintedArm { patients: Some(485), ..PrintedArm::default() },
///     ..PrintedTwoArm::default()
/// };
/// let found = hazard_ratio_routes(&printed, &HazardRatioRouteOptions::default())?;
/// assert_eq!(found.recommended.route, HazardRatioRoute::Interval);
/// assert!((found.recommended.standard_error - 0.0924).abs() < 1e-4);
/// let from_test = found.by(HazardRatioRoute::PValueAndTotalEvents).unwrap();
/// assert!((from_test.hazard_ratio - 0.8507).abs() < 1e-4); // exp(−1.7805/√(485/4))
/// assert!(found.findings.is_empty()); // the printed numbers agree
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
pub fn hazard_ratio_routes(
    printed: &PrintedTwoArm,
    options: &HazardRatioRouteOptions,
) -> Result<HazardRatioRoutes, PoolError> {
    checks::check(printed, options)?;
    let z = two_sided_normal(options.confidence_level)?;
    let (mut routes, mut unavailable, mut findings) = (Vec::new(), Vec::new(), Vec::new());
    for route in HazardRatioRoute::ALL {
        match attempt(route, printed, options) {
            Ok(computed) => {
                findings.extend(computed.findings.iter().cloned());
                routes.push(estimate(route, computed, z));
            }
            Err(reason) => unavailable.push(UnavailableRoute { route, reason }),
        }
    }
    routes.sort_by_key(|estimate| (estimate.bound, estimate.route));
    let Some(recommended) = routes.first().cloned() else {
        return Err(no_route(printed, &unavailable));
    };
    findings.extend(only_bound(printed, &recommended));
    findings.extend(contradictions::contradictions(printed, &recommended, &routes, options));
    finite_answer(
        &format!("trial `{}`", printed.trial),
        HazardRatioRoutes {
            trial: printed.trial.clone(),
            label: printed.label.clone(),
            subgroup: printed.subgroup.clone(),
            recommended,
            routes,
            unavailable,
            confidence_level: options.confidence_level,
            findings,
        },
    )
}

fn attempt(route: HazardRatioRoute, printed: &PrintedTwoArm, options: &HazardRatioRouteOptions) -> Attempt {
    match route {
        HazardRatioRoute::Interval => statistics::interval(printed),
        HazardRatioRoute::ObservedMinusExpected => statistics::observed_minus_expected(printed),
        HazardRatioRoute::ObservedAndExpected => statistics::observed_and_expected(printed),
        HazardRatioRoute::HazardRatioAndPValue => statistics::hazard_ratio_and_p_value(printed),
        HazardRatioRoute::HazardRatioAndEventsPerArm => statistics::hazard_ratio_and_events_per_arm(printed),
        HazardRatioRoute::HazardRatioAndTotalEvents => statistics::hazard_ratio_and_total_events(printed),
        HazardRatioRoute::PValueAndTotalEvents => statistics::p_value_and_total_events(printed),
        HazardRatioRoute::PValueAndEventsPerArm => statistics::p_value_and_events_per_arm(printed),
        HazardRatioRoute::CurvesAndNumberAtRisk => curves::number_at_risk(printed, options),
        HazardRatioRoute::CurvesAndFollowUp => curves::follow_up(printed, options),
    }
}

fn estimate(route: HazardRatioRoute, computed: Computed, z: f64) -> RouteEstimate {
    let Rounded { value, standard_error, value_rounding, standard_error_rounding } = computed.estimate;
    let width = z * standard_error;
    let information = standard_error.powi(2).recip();
    RouteEstimate {
        route,
        source: computed.source,
        log_hazard_ratio: value,
        standard_error,
        hazard_ratio: value.exp(),
        interval: Interval { lower: (value - width).exp(), upper: (value + width).exp() },
        observed_minus_expected: value * information,
        log_rank_variance: information,
        log_hazard_ratio_rounding: value_rounding,
        standard_error_rounding,
        bound: computed.bound,
        intervals: computed.intervals,
    }
}

fn no_route(printed: &PrintedTwoArm, unavailable: &[UnavailableRoute]) -> PoolError {
    let reasons: Vec<String> =
        unavailable.iter().map(|route| format!("{}: {}", route.route.words(), route.reason)).collect();
    PoolError::NoHazardRatioRoute { trial: printed.trial.clone(), reasons: reasons.join("; ") }
}

/// A note where the best that can be done rests on "p < …".
fn only_bound(printed: &PrintedTwoArm, recommended: &RouteEstimate) -> Option<Finding> {
    recommended.bound.then(|| {
        Finding::warning(
            "only-a-bound-of-p",
            format!("trial `{}`", printed.trial),
            format!(
                "{}: p is printed only as a bound, so that the standard error, or without a hazard ratio the effect, \
                 is that of the bound and the trial's true result is stronger",
                recommended.source
            ),
        )
    })
}
