//! Exact identities between routes, and input that cannot be.

use super::*;

fn trial() -> PrintedTwoArm {
    PrintedTwoArm { trial: "A".to_owned(), ..PrintedTwoArm::default() }
}

fn arms(patients: [u32; 2], events: [u32; 2]) -> [PrintedArm; 2] {
    [0, 1].map(|arm| PrintedArm {
        patients: Some(patients[arm]),
        events: Some(events[arm]),
        expected_events: None,
    })
}

fn with_arms(patients: [u32; 2], events: [u32; 2]) -> PrintedTwoArm {
    let [experimental, control] = arms(patients, events);
    PrintedTwoArm { experimental, control, ..trial() }
}

fn routes(printed: &PrintedTwoArm) -> HazardRatioRoutes {
    hazard_ratio_routes(printed, &HazardRatioRouteOptions::default()).unwrap()
}

fn close(one: f64, two: f64) {
    assert!((one - two).abs() <= 1e-12 * two.abs().max(1.0), "{one} instead of {two}");
}

#[test]
fn variance_of_total_events_is_a_quarter_for_equal_arms() {
    let printed = PrintedTwoArm { hazard_ratio: Some(0.8), events: Some(100), ..trial() };
    close(routes(&printed).recommended.standard_error, 0.2);
    let unequal = PrintedTwoArm { allocation_ratio: Some(2.0), ..printed };
    close(routes(&unequal).recommended.log_rank_variance, 100.0 * 2.0 / 9.0);
    let equal =
        PrintedTwoArm { p_value: Some(0.05), hazard_ratio: Some(0.8), ..with_arms([90, 90], [50, 50]) };
    let found = routes(&equal);
    let both = [HazardRatioRoute::PValueAndTotalEvents, HazardRatioRoute::PValueAndEventsPerArm];
    let [total, per_arm] = both.map(|route| found.by(route).unwrap().log_hazard_ratio);
    close(total, per_arm);
    close(total, -1.959963984540054 / 5.0);
}

#[test]
fn a_p_value_needs_a_direction_and_follows_it() {
    let printed = PrintedTwoArm { p_value: Some(0.02), events: Some(144), ..trial() };
    let error = hazard_ratio_routes(&printed, &HazardRatioRouteOptions::default()).unwrap_err();
    assert!(error.to_string().contains("needs better_arm"), "{error}");
    let value = |better_arm| {
        routes(&PrintedTwoArm { better_arm: Some(better_arm), ..printed.clone() })
            .recommended
            .log_hazard_ratio
    };
    close(value(TrialArm::Experimental), -2.3263478740408408 / 6.0);
    close(value(TrialArm::Control), 2.3263478740408408 / 6.0);
    let one_sided = PrintedTwoArm { p_value: Some(0.01), p_value_sides: PValueSides::One, ..printed.clone() };
    let one_sided = PrintedTwoArm { better_arm: Some(TrialArm::Experimental), ..one_sided };
    close(routes(&one_sided).recommended.log_hazard_ratio, value(TrialArm::Experimental));
    let none = PrintedTwoArm { p_value: Some(1.0), ..printed };
    close(routes(&none).recommended.log_hazard_ratio, 0.0);
}

#[test]
fn control_over_experimental_is_turned_round() {
    let printed = PrintedTwoArm {
        hazard_ratio: Some(0.8),
        lower: Some(0.64),
        upper: Some(1.0),
        p_value: Some(0.05),
        ..trial()
    };
    let turned = PrintedTwoArm {
        hazard_ratio: Some(1.25),
        lower: Some(1.0),
        upper: Some(1.5625),
        comparison: HazardRatioComparison::ControlOverExperimental,
        ..printed.clone()
    };
    for route in [HazardRatioRoute::Interval, HazardRatioRoute::HazardRatioAndPValue] {
        let [one, two] = [&printed, &turned].map(|printed| routes(printed).by(route).unwrap().clone());
        close(one.log_hazard_ratio, two.log_hazard_ratio);
        close(one.standard_error, two.standard_error);
    }
    let found = routes(&PrintedTwoArm { better_arm: Some(TrialArm::Control), ..turned });
    assert!(found.findings.iter().any(|finding| finding.code == "direction-contradicts-hazard-ratio"));
}

#[test]
fn a_turned_statement_is_told_as_such() {
    let printed =
        PrintedTwoArm { observed_minus_expected: Some(-20.0), log_rank_variance: Some(50.0), ..trial() };
    let printed = PrintedTwoArm { hazard_ratio: Some(1.49), lower: Some(1.13), upper: Some(1.97), ..printed };
    let found = routes(&printed);
    assert!(
        found.findings.iter().any(|finding| finding.message.contains("turned round they agree")),
        "{found:?}"
    );
}

#[test]
fn a_bound_of_p_comes_last_and_is_one_sided() {
    let below = |p_value, hazard_ratio| PrintedTwoArm {
        hazard_ratio: Some(hazard_ratio),
        p_value: Some(p_value),
        p_value_relation: PValueRelation::Below,
        ..trial()
    };
    let only = routes(&below(0.001, 0.5));
    assert!(only.recommended.bound && only.findings[0].code == "only-a-bound-of-p");
    let events = PrintedTwoArm { events: Some(400), ..below(0.001, 0.5) };
    let found = routes(&events);
    assert_eq!(found.recommended.route, HazardRatioRoute::HazardRatioAndTotalEvents);
    assert!(found.findings.is_empty(), "{:?}", found.findings); // SE 0.1 is below the bound 0.21, as it should be
    let weak = routes(&PrintedTwoArm { events: Some(40), ..below(0.001, 0.8) });
    assert_eq!(weak.findings[0].code, "hazard-ratio-routes-disagree"); // SE 0.32 cannot give p < 0.001 at HR 0.8
}

fn curve(rows: &[(f64, f64, f64, Option<[u32; 2]>)]) -> Vec<PrintedCurvePoint> {
    rows.iter()
        .map(|(time, experimental_survival, control_survival, at_risk)| PrintedCurvePoint {
            time: *time,
            experimental_survival: *experimental_survival,
            control_survival: *control_survival,
            experimental_at_risk: at_risk.map(|counts| counts[0]),
            control_at_risk: at_risk.map(|counts| counts[1]),
        })
        .collect()
}

/// Without censoring the counts are the true ones, and both routes by curves the same.
#[test]
fn curves_without_censoring_give_true_counts() {
    let rows = [
        (0.0, 1.0, 1.0, Some([200, 100])),
        (6.0, 0.9, 0.8, Some([180, 80])),
        (12.0, 0.7, 0.6, Some([140, 60])),
    ];
    let printed = PrintedTwoArm {
        curves: curve(&rows),
        minimum_follow_up: Some(12.0),
        maximum_follow_up: Some(30.0),
        ..trial()
    };
    let found = routes(&printed);
    let by_table = found.by(HazardRatioRoute::CurvesAndNumberAtRisk).unwrap();
    let by_follow_up = found.by(HazardRatioRoute::CurvesAndFollowUp).unwrap();
    let first = &by_table.intervals[0];
    close(first.experimental.events, 20.0);
    close(first.control.events, 20.0);
    close(first.experimental.at_risk, 200.0);
    close(first.experimental.censored, 0.0);
    close(first.log_hazard_ratio, 0.5_f64.ln());
    close(first.variance, 1.0 / 20.0 - 1.0 / 200.0 + 1.0 / 20.0 - 1.0 / 100.0);
    close(by_table.log_hazard_ratio, by_follow_up.log_hazard_ratio);
    close(by_table.standard_error, by_follow_up.standard_error);
}

/// Uniform censoring: numbers at risk computed by hand from patients, survival and the share still followed.
#[test]
fn follow_up_gives_the_numbers_at_risk_of_uniform_censoring() {
    let with_table = [
        (0.0, 1.0, 1.0, Some([100, 100])),
        (6.0, 0.8, 0.6, Some([80, 60])),
        (12.0, 0.6, 0.4, Some([40, 0])), // overwritten below
    ];
    let mut curves = curve(&with_table);
    // Follow-up 6 to 18: half are followed beyond 12, 0.6 · 0.5 · 100 and 0.4 · 0.5 · 100.
    (curves[2].experimental_at_risk, curves[2].control_at_risk) = (Some(30), Some(20));
    let printed =
        PrintedTwoArm { curves, minimum_follow_up: Some(6.0), maximum_follow_up: Some(18.0), ..trial() };
    let found = routes(&printed);
    let [table, follow_up] = [HazardRatioRoute::CurvesAndNumberAtRisk, HazardRatioRoute::CurvesAndFollowUp]
        .map(|route| found.by(route).unwrap());
    close(table.log_hazard_ratio, follow_up.log_hazard_ratio);
    close(table.standard_error, follow_up.standard_error);
    assert_eq!(table.intervals.len(), 2);
}

#[test]
fn intervals_without_events_are_joined_or_left_out() {
    let rows = [
        (0.0, 1.0, 1.0, Some([100, 100])),
        (3.0, 1.0, 0.9, Some([100, 90])),
        (6.0, 0.9, 0.8, Some([90, 80])),
        (9.0, 0.9, 0.7, Some([90, 70])),
        (12.0, 0.8, 0.0, Some([80, 0])),
    ];
    let printed = PrintedTwoArm { curves: curve(&rows), ..trial() };
    let joined = routes(&printed);
    let spans: Vec<_> = joined.recommended.intervals.iter().map(|part| (part.start, part.end)).collect();
    assert_eq!(spans, [(0.0, 9.0)]);
    close(joined.recommended.log_hazard_ratio, (0.1_f64 / 0.3).ln());
    let options = HazardRatioRouteOptions {
        interval_without_events: IntervalWithoutEvents::LeaveOut,
        ..HazardRatioRouteOptions::default()
    };
    let left_out = hazard_ratio_routes(&printed, &options).unwrap();
    let spans: Vec<_> = left_out.recommended.intervals.iter().map(|part| (part.start, part.end)).collect();
    assert_eq!(spans, [(3.0, 6.0)]);
    assert!(joined.findings.iter().any(|finding| finding.code == "curve-reaches-zero"));
}

/// Events of one arm after the other has no one at risk have nothing to be compared with.
#[test]
fn curves_end_with_the_shorter_follow_up() {
    let rows = [
        (0.0, 1.0, 1.0, Some([100, 100])),
        (6.0, 0.9, 0.8, Some([90, 80])),
        (12.0, 0.8, 0.7, Some([80, 0])),
        (18.0, 0.5, 0.7, Some([50, 0])),
    ];
    let whole = routes(&PrintedTwoArm { curves: curve(&rows), ..trial() });
    let shorter = routes(&PrintedTwoArm { curves: curve(&rows[..3]), ..trial() });
    assert_eq!(whole.recommended.log_hazard_ratio, shorter.recommended.log_hazard_ratio);
}

#[test]
fn arms_without_events_take_only_routes_that_allow_it() {
    let printed =
        PrintedTwoArm { hazard_ratio: Some(0.5), p_value: Some(0.2), ..with_arms([20, 20], [0, 6]) };
    let found = routes(&printed);
    assert!(found.by(HazardRatioRoute::PValueAndEventsPerArm).is_none());
    assert!(found.by(HazardRatioRoute::PValueAndTotalEvents).is_some());
    let none = PrintedTwoArm { hazard_ratio: Some(0.5), ..with_arms([20, 20], [0, 0]) };
    let error = hazard_ratio_routes(&none, &HazardRatioRouteOptions::default()).unwrap_err();
    assert!(error.to_string().contains("there are no events"), "{error}");
    assert!(hazard_ratio_routes(&trial(), &HazardRatioRouteOptions::default()).is_err());
}

#[test]
fn impossible_numbers_are_refused_with_their_name() {
    let refused = |printed: PrintedTwoArm, words: &str| {
        let error =
            hazard_ratio_routes(&printed, &HazardRatioRouteOptions::default()).unwrap_err().to_string();
        assert!(error.contains(words), "{error} lacks {words}");
    };
    refused(PrintedTwoArm { hazard_ratio: Some(0.0), ..trial() }, "hazard_ratio");
    refused(PrintedTwoArm { hazard_ratio: Some(f64::NAN), ..trial() }, "hazard_ratio");
    refused(PrintedTwoArm { lower: Some(0.5), ..trial() }, "upper is not given");
    refused(PrintedTwoArm { lower: Some(0.9), upper: Some(0.5), ..trial() }, "less than the upper limit");
    refused(
        PrintedTwoArm { hazard_ratio: Some(2.0), lower: Some(0.5), upper: Some(0.9), ..trial() },
        "within",
    );
    refused(PrintedTwoArm { p_value: Some(0.0), ..trial() }, "p < 0.001");
    refused(PrintedTwoArm { p_value: Some(0.7), p_value_sides: PValueSides::One, ..trial() }, "1 − p");
    refused(PrintedTwoArm { log_rank_variance: Some(f64::INFINITY), ..trial() }, "log_rank_variance");
    refused(PrintedTwoArm { observed_minus_expected: Some(f64::NAN), ..trial() }, "observed_minus_expected");
    refused(PrintedTwoArm { events: Some(7), ..with_arms([20, 20], [3, 3]) }, "sum of the arms, 6");
    refused(with_arms([20, 20], [21, 3]), "events of the experimental arm");
    refused(with_arms([0, 20], [0, 3]), "at least 1");
    refused(PrintedTwoArm { curves: curve(&[(3.0, 90.0, 0.8, None)]), ..trial() }, "percentage");
    let rising = [(3.0, 0.8, 0.8, None), (6.0, 0.8, 0.9, None)];
    refused(PrintedTwoArm { curves: curve(&rising), ..trial() }, "survival of the control arm at time 6");
    let back = [(3.0, 0.8, 0.8, None), (3.0, 0.7, 0.7, None)];
    refused(PrintedTwoArm { curves: curve(&back), ..trial() }, "time of a curve point");
    let more = [(0.0, 1.0, 1.0, Some([50, 50])), (3.0, 0.8, 0.8, Some([51, 40]))];
    refused(PrintedTwoArm { curves: curve(&more), ..trial() }, "numbers at risk cannot rise");
    let beyond = PrintedTwoArm { curves: curve(&rising[..1]), maximum_follow_up: Some(2.0), ..trial() };
    refused(beyond, "at most maximum_follow_up");
    let options =
        HazardRatioRouteOptions { standard_error_tolerance: -1.0, ..HazardRatioRouteOptions::default() };
    assert!(matches!(
        hazard_ratio_routes(&trial(), &options),
        Err(PoolError::InvalidDisagreementTolerance { .. })
    ));
    let percent = PrintedTwoArm { confidence_level: 95.0, ..trial() };
    assert!(hazard_ratio_routes(&percent, &HazardRatioRouteOptions::default()).is_err());
}

#[test]
fn an_estimate_for_pooling_names_its_route() {
    let printed = PrintedTwoArm { hazard_ratio: Some(0.8), lower: Some(0.64), upper: Some(1.0), ..trial() };
    let estimate = routes(&printed).effect_estimate();
    assert_eq!(estimate.provenance.method, "printed confidence interval");
    close(estimate.variance, routes(&printed).recommended.standard_error.powi(2));
    let none = routes(&printed).effect_estimate_by(HazardRatioRoute::ObservedMinusExpected);
    assert!(none.is_none());
}

#[test]
fn input_and_answer_pass_through_json() {
    let text =
        r#"{"trial": "A", "hazard_ratio": 0.8, "p_value": 0.001, "p_value_relation": "below", "events": 90}"#;
    let printed: PrintedTwoArm = serde_json::from_str(text).unwrap();
    let found = routes(&printed);
    let back: HazardRatioRoutes = serde_json::from_str(&serde_json::to_string(&found).unwrap()).unwrap();
    assert_eq!(found.routes.len(), back.routes.len());
    assert!(serde_json::from_str::<PrintedTwoArm>(r#"{"p": 0.1}"#).is_err());
}
