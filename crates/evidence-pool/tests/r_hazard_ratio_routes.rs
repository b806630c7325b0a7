//! Every route to the hazard ratio on what 12 published trials would print, with R's survival 3.5 and metafor 3.8
//! (`fixtures/reference/hazard_ratio_routes.json`, patients of kmdata).

mod support;

use kmeta_evidence_pool::{
    HazardRatioRoute, HazardRatioRouteOptions, HazardRatioRoutes, IntervalWithoutEvents, PrintedArm,
    PrintedCurvePoint, PrintedTwoArm, TrialArm, hazard_ratio_routes,
};
use serde_json::Value;
use support::{Agreement, CLOSED_FORM, reference};

const STATISTICS: [(HazardRatioRoute, &str); 6] = [
    (HazardRatioRoute::ObservedMinusExpected, "observed_minus_expected"),
    (HazardRatioRoute::ObservedAndExpected, "observed_and_expected"),
    (HazardRatioRoute::HazardRatioAndEventsPerArm, "hazard_ratio_and_events_per_arm"),
    (HazardRatioRoute::HazardRatioAndTotalEvents, "hazard_ratio_and_total_events"),
    (HazardRatioRoute::PValueAndTotalEvents, "p_value_and_total_events"),
    (HazardRatioRoute::PValueAndEventsPerArm, "p_value_and_events_per_arm"),
];

fn arm(case: &Value, index: usize) -> PrintedArm {
    PrintedArm {
        patients: Some(case["patients"][index].as_u64().unwrap() as u32),
        events: Some(case["events"][index].as_u64().unwrap() as u32),
        expected_events: case["expected"][index].as_f64(),
    }
}

fn points(curves: &Value, with_numbers_at_risk: bool) -> Vec<PrintedCurvePoint> {
    let value = |arm: &str, what: &str, row: usize| curves[arm][what][row].as_f64().unwrap();
    let at_risk = |arm: &str, row| with_numbers_at_risk.then(|| value(arm, "at_risk", row) as u32);
    (0..curves["times"].as_array().unwrap().len())
        .map(|row| PrintedCurvePoint {
            time: curves["times"][row].as_f64().unwrap(),
            experimental_survival: value("experimental", "survival", row),
            control_survival: value("control", "survival", row),
            experimental_at_risk: at_risk("experimental", row),
            control_at_risk: at_risk("control", row),
        })
        .collect()
}

/// All that the trial could print, in full precision, p from the log-rank test.
fn everything(case: &Value) -> PrintedTwoArm {
    let cox = &case["cox"];
    let effect = cox["log_hazard_ratio"].as_f64().unwrap();
    PrintedTwoArm {
        trial: case["trial"].as_str().unwrap().to_owned(),
        hazard_ratio: cox["hazard_ratio"].as_f64(),
        lower: cox["interval_95"][0].as_f64(),
        upper: cox["interval_95"][1].as_f64(),
        p_value: case["log_rank_p"].as_f64(),
        better_arm: Some(if effect < 0.0 { TrialArm::Experimental } else { TrialArm::Control }),
        observed_minus_expected: case["observed_minus_expected"].as_f64(),
        log_rank_variance: case["variance"].as_f64(),
        experimental: arm(case, 0),
        control: arm(case, 1),
        curves: points(&case["curves"], true),
        minimum_follow_up: case["follow_up"][0].as_f64(),
        maximum_follow_up: case["follow_up"][1].as_f64(),
        ..PrintedTwoArm::default()
    }
}

fn leave_out() -> HazardRatioRouteOptions {
    HazardRatioRouteOptions {
        interval_without_events: IntervalWithoutEvents::LeaveOut,
        ..HazardRatioRouteOptions::default()
    }
}

fn routes(printed: &PrintedTwoArm) -> HazardRatioRoutes {
    hazard_ratio_routes(printed, &leave_out()).unwrap()
}

#[test]
fn r_hazard_ratio_routes() {
    let mut agreement = Agreement::new("hazard-ratio routes");
    for case in reference("hazard_ratio_routes.json")["cases"].as_array().unwrap() {
        agreement.case();
        let printed = everything(case);
        let found = routes(&printed);
        let cox = &case["cox"];
        let mut pair = |quantity, found: &HazardRatioRoutes, route, value: &Value, error: &Value| {
            let ours = found.by(route).unwrap();
            agreement.close_to(quantity, ours.log_hazard_ratio, value, CLOSED_FORM, &printed.trial);
            agreement.close_to(quantity, ours.standard_error, error, CLOSED_FORM, &printed.trial);
        };
        for (level, key) in [(0.9, "interval_90"), (0.95, "interval_95"), (0.99, "interval_99")] {
            let limits = PrintedTwoArm {
                confidence_level: level,
                lower: cox[key][0].as_f64(),
                upper: cox[key][1].as_f64(),
                ..printed.clone()
            };
            let (value, error) = (&cox["log_hazard_ratio"], &cox["standard_error"]);
            let without_ratio = PrintedTwoArm { hazard_ratio: None, ..limits.clone() };
            pair("from the interval", &routes(&limits), HazardRatioRoute::Interval, value, error);
            pair("from the limits alone", &routes(&without_ratio), HazardRatioRoute::Interval, value, error);
        }
        let wald = PrintedTwoArm { p_value: cox["p"].as_f64(), ..printed.clone() };
        pair(
            "from Wald's p and the hazard ratio",
            &routes(&wald),
            HazardRatioRoute::HazardRatioAndPValue,
            &cox["log_hazard_ratio"],
            &cox["standard_error"],
        );
        for (route, key) in STATISTICS {
            let theirs = &case["routes"][key];
            pair(route.words(), &found, route, &theirs[0], &theirs[1]);
        }
        let theirs = &case["routes"]["curves"];
        let route = HazardRatioRoute::CurvesAndNumberAtRisk;
        pair(route.words(), &found, route, &theirs["log_hazard_ratio"], &theirs["standard_error"]);
        let intervals = &found.by(route).unwrap().intervals;
        assert_eq!(intervals.len(), theirs["yi"].as_array().unwrap().len(), "{}", printed.trial);
        for (row, ours) in intervals.iter().enumerate() {
            let quantity = "intervals of the curves";
            agreement.close_to(
                quantity,
                ours.log_hazard_ratio,
                &theirs["yi"][row],
                CLOSED_FORM,
                &printed.trial,
            );
            agreement.close_to(quantity, ours.variance, &theirs["vi"][row], CLOSED_FORM, &printed.trial);
        }
    }
    agreement.finish(12, 604);
}

/// How far each route is from the Cox model of the same patients, in log hazard ratio and as ratio of standard errors:
/// the bounds that docs/methods/hazard-ratios.md states.
#[test]
fn routes_stay_near_the_cox_model() {
    // Route, most difference of ln HR, ratio of standard errors from and to.
    let bounds = [
        (HazardRatioRoute::Interval, 1e-9, 1.0 - 1e-9, 1.0 + 1e-9),
        (HazardRatioRoute::ObservedMinusExpected, 0.004, 0.995, 1.03),
        (HazardRatioRoute::ObservedAndExpected, 0.005, 0.995, 1.03),
        (HazardRatioRoute::HazardRatioAndPValue, 1e-9, 0.95, 1.01),
        (HazardRatioRoute::HazardRatioAndEventsPerArm, 1e-9, 0.99, 1.02),
        (HazardRatioRoute::HazardRatioAndTotalEvents, 1e-9, 0.99, 1.02),
        (HazardRatioRoute::PValueAndTotalEvents, 0.003, 0.99, 1.02),
        (HazardRatioRoute::PValueAndEventsPerArm, 0.003, 0.99, 1.02),
        (HazardRatioRoute::CurvesAndNumberAtRisk, 0.05, 0.9, 1.03),
        (HazardRatioRoute::CurvesAndFollowUp, 0.11, 0.88, 1.26),
    ];
    let cases = reference("hazard_ratio_routes.json");
    let mut seen = 0;
    for case in cases["cases"].as_array().unwrap() {
        let cox = case["cox"]["log_hazard_ratio"].as_f64().unwrap();
        let error = case["cox"]["standard_error"].as_f64().unwrap();
        let found = hazard_ratio_routes(&everything(case), &HazardRatioRouteOptions::default()).unwrap();
        for (route, most, least_ratio, most_ratio) in bounds {
            let ours = found.by(route).unwrap();
            let (difference, ratio) = ((ours.log_hazard_ratio - cox).abs(), ours.standard_error / error);
            assert!(difference <= most, "{} {route:?}: {difference}", case["trial"]);
            assert!((least_ratio..=most_ratio).contains(&ratio), "{} {route:?}: {ratio}", case["trial"]);
            seen += 1;
        }
    }
    assert_eq!(seen, 12 * HazardRatioRoute::ALL.len());
}

/// What the trials would print with the usual digits gives no false alarm, and each of three slips is found.
#[test]
fn rounded_statements_agree_and_slips_are_found() {
    let rounded = |value: f64, decimals: i32| {
        let unit = 10_f64.powi(decimals);
        Some((value * unit).round() / unit)
    };
    let cases = reference("hazard_ratio_routes.json");
    let options = HazardRatioRouteOptions::default();
    let disagreements = |printed: &PrintedTwoArm| {
        let found = hazard_ratio_routes(printed, &options).unwrap();
        found.findings.iter().filter(|finding| finding.code == "hazard-ratio-routes-disagree").count()
    };
    for case in cases["cases"].as_array().unwrap() {
        let all = everything(case);
        let printed = PrintedTwoArm {
            hazard_ratio: rounded(all.hazard_ratio.unwrap(), 2),
            lower: rounded(all.lower.unwrap(), 2),
            upper: rounded(all.upper.unwrap(), 2),
            p_value: rounded(all.p_value.unwrap(), 3),
            observed_minus_expected: rounded(all.observed_minus_expected.unwrap(), 1),
            log_rank_variance: rounded(all.log_rank_variance.unwrap(), 1),
            curves: Vec::new(),
            ..all
        };
        assert_eq!(disagreements(&printed), 0, "{}", printed.trial);
        let shifted = printed.observed_minus_expected.zip(printed.log_rank_variance);
        let shifted = shifted.map(|(difference, variance)| difference + 0.2 * variance);
        let shifted = PrintedTwoArm { observed_minus_expected: shifted, ..printed.clone() };
        assert!(disagreements(&shifted) > 0, "{}: O − E", printed.trial);
        let level = PrintedTwoArm { confidence_level: 0.8, ..printed.clone() };
        assert!(disagreements(&level) > 0, "{}: level", printed.trial);
        let events = PrintedArm {
            events: printed.experimental.events.map(|events| events / 4),
            ..printed.experimental
        };
        let events = PrintedTwoArm { experimental: events, ..printed.clone() };
        assert!(disagreements(&events) > 0, "{}: events", printed.trial);
    }
}
