//! What holds for every input: an answer or an error, never a panic; the number of patients is kept; everybody
//! is followed no longer than the curve.

use kmeta_ipd_reconstruct::clicks::Clicks;
use kmeta_ipd_reconstruct::published::{
    PublishedError, PublishedInput, PublishedReconstruction, PublishedStatus, guyot, ipdfromkm,
};
use kmeta_trial_data::NumberAtRisk;
use proptest::prelude::*;

/// Clicks as a hand makes them: sorted or not, some rising, ending at zero or not.
fn clicks() -> impl Strategy<Value = Clicks> {
    let point = (0_u32..400, 0_u32..=250);
    (proptest::collection::vec(point, 1..60), any::<bool>(), any::<bool>()).prop_map(
        |(points, sort, fall)| {
            let mut times: Vec<f64> = points.iter().map(|&(x, _)| f64::from(x) / 10.0).collect();
            let mut survival: Vec<f64> = points.iter().map(|&(_, y)| f64::from(y) / 250.0).collect();
            if sort {
                times.sort_by(f64::total_cmp);
            }
            if fall {
                survival.sort_by(|one, next| next.total_cmp(one));
            }
            Clicks::new(times, survival).expect("finite numbers")
        },
    )
}

fn risk_table() -> impl Strategy<Value = NumberAtRisk> {
    (proptest::collection::vec(0_u32..300, 1..8), 1_u32..9).prop_map(|(mut counts, step)| {
        counts.sort_by(|one, next| next.cmp(one));
        let times = (0..counts.len()).map(|index| index as f64 * f64::from(step)).collect();
        NumberAtRisk::new(times, counts).expect("falling counts")
    })
}

fn inputs() -> impl Strategy<Value = PublishedInput> {
    let patients = proptest::option::of(0_u32..300);
    (clicks(), proptest::option::of(risk_table()), patients, proptest::option::of(0_u32..300), 0_u32..200)
        .prop_map(|(clicks, number_at_risk, patients, total_events, max_iterations)| PublishedInput {
            clicks,
            number_at_risk,
            patients,
            total_events,
            max_iterations,
        })
}

fn check(
    input: &PublishedInput,
    answer: Result<PublishedReconstruction, PublishedError>,
) -> Result<(), TestCaseError> {
    let Ok(arm) = answer else { return Ok(()) };
    let patients = input.number_at_risk.as_ref().map(NumberAtRisk::first_count).or(input.patients);
    prop_assert_eq!(Some(arm.patients.len() as u32), patients);
    let end = arm.clicks.last().expect("a click").time;
    prop_assert!(arm.patients.iter().all(|patient| (0.0..=end).contains(&patient.time)));
    let events = arm.patients.iter().filter(|patient| patient.event).count() as u32;
    prop_assert_eq!(arm.clicks.iter().map(|row| row.events).sum::<u32>(), events);
    prop_assert_eq!(arm.intervals.iter().map(|row| row.events).sum::<u32>(), events);
    prop_assert!(arm.clicks.iter().all(|row| row.estimate.is_finite()));
    let stopped = arm.findings.iter().any(|finding| finding.code == "iterations-stopped");
    prop_assert_eq!(stopped, arm.status == PublishedStatus::Stopped);
    if let Some(stated) = input.total_events {
        let missed = arm.findings.iter().any(|finding| finding.code == "total-events-missed");
        prop_assert_eq!(missed, events != stated);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn guyot_keeps_its_patients(input in inputs()) {
        check(&input, guyot(&input))?;
    }

    #[test]
    fn ipdfromkm_keeps_its_patients(input in inputs()) {
        check(&input, ipdfromkm(&input, 0).map(|answer| answer.reconstruction))?;
    }
}

/// A curve at zero with clicks after it: 0/0 in the published recursion, an error here.
#[test]
fn a_curve_that_stays_at_zero_is_an_error_of_guyot() {
    let clicks = Clicks::new(vec![0.0, 1.0, 2.0, 3.0, 4.0], vec![1.0, 0.5, 0.0, 0.0, 0.0]).expect("clicks");
    let mut input = PublishedInput::new(clicks);
    input.patients = Some(4);
    let error = guyot(&input).expect_err("0/0");
    assert!(matches!(error, PublishedError::NotANumber { click: 4, .. }), "{error}");
    let answer = ipdfromkm(&input, 0).expect("no more events after zero");
    assert!(answer.reconstruction.patients.iter().all(|patient| patient.event));
}

/// The number at risk that the curve cannot reach is overwritten, as published, and reported.
#[test]
fn an_impossible_number_at_risk_is_overwritten_and_reported() {
    let clicks = Clicks::new(vec![0.0, 1.0, 2.0, 3.0, 4.0], vec![1.0, 0.9, 0.8, 0.7, 0.6]).expect("clicks");
    let mut input = PublishedInput::new(clicks);
    input.number_at_risk = Some(NumberAtRisk::new(vec![0.0, 2.0], vec![100, 95]).expect("a risk table"));
    for arm in [guyot(&input).expect("an answer"), ipdfromkm(&input, 0).expect("an answer").reconstruction] {
        let row = arm.intervals[1];
        assert_eq!((row.number_at_risk, row.number_at_risk_estimated), (95, 90));
        assert_eq!(arm.findings.iter().filter(|finding| finding.code == "risk-table-overwritten").count(), 1);
        assert_eq!(arm.patients.len(), 100);
    }
}

/// A column without clicks is left out and reported, its neighbours are used.
#[test]
fn a_column_without_clicks_is_reported() {
    let clicks = Clicks::new(vec![0.0, 1.0, 2.0, 7.0, 8.0], vec![1.0, 0.9, 0.8, 0.7, 0.6]).expect("clicks");
    let mut input = PublishedInput::new(clicks);
    input.number_at_risk =
        Some(NumberAtRisk::new(vec![0.0, 3.0, 6.0], vec![100, 75, 60]).expect("a risk table"));
    let arm = guyot(&input).expect("an answer");
    assert_eq!(arm.intervals.iter().map(|row| row.time).collect::<Vec<_>>(), [0.0, 6.0]);
    assert!(
        arm.findings.iter().any(|finding| {
            finding.code == "risk-column-left-out" && finding.place == "risk table, time 3"
        })
    );
}
