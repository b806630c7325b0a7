//! The packages themselves, on the clicks of a published trial of radiotherapy (Bonner 2006).
//!
//! The clicks belong to a GPL package and are not part of this repository; without the folder beside it the
//! tests say so and end.

use std::path::PathBuf;

use kmeta_ipd_reconstruct::clicks::Clicks;
use kmeta_ipd_reconstruct::published::{IpdFromKm, PublishedInput, PublishedStatus, guyot, ipdfromkm};
use serde_json::Value;

use crate::{counts, input, mismatches, numbers};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference"))
}

/// The answers of the packages, or `None` with a message.
fn reference() -> Option<Value> {
    let path = folder().join("f_ipdfromkm.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        // The test harness shows this with --nocapture; a library would not print.
        #[allow(clippy::print_stderr, reason = "a skipped comparison must say that it was skipped")]
        {
            eprintln!("skipped: no reference file at {}", path.display());
        }
        return None;
    };
    Some(serde_json::from_str(&text).expect("JSON"))
}

/// Two columns of a CSV file with a header, as they stand.
fn two_columns(file: &str) -> (Vec<f64>, Vec<f64>) {
    let mut reader = csv::Reader::from_path(folder().join(file)).expect("a file beside the answers");
    reader.deserialize::<(f64, f64)>().map(|row| row.expect("two numbers")).unzip()
}

/// The raw clicks, in percent there, and the risk table of an arm.
fn arm(name: &str) -> (Clicks, (Vec<f64>, Vec<u32>)) {
    let (times, percent) = two_columns(&format!("f_radiation_{name}_points.csv"));
    let (risk_times, numbers_at_risk) = two_columns(&format!("f_radiation_{name}_nrisk.csv"));
    let numbers_at_risk = numbers_at_risk.into_iter().map(|count| count as u32).collect();
    (Clicks::from_percent(times, percent).expect("clicks"), (risk_times, numbers_at_risk))
}

/// Runs IPDfromKM on the input of a reference case.
fn run(case: &Value) -> IpdFromKm {
    let (clicks, risk) = arm(case["arm"].as_str().expect("an arm"));
    let total_only = case["scenario"].as_str().expect("a scenario").starts_with("total");
    let patients = risk.1[0];
    let events = case["tot_events"].as_u64().map(|events| events as u32);
    let mut input = input(clicks, (!total_only).then_some(risk), events);
    input.patients = Some(patients);
    ipdfromkm(&input, counts(&case["getIPD"]["IPD"]["treat"])[0]).expect("an answer")
}

fn assert_close(ours: &[f64], expected: &[f64], place: &str) {
    assert_eq!(ours.len(), expected.len(), "{place}");
    for (index, (ours, expected)) in ours.iter().zip(expected).enumerate() {
        assert!((ours - expected).abs() <= 1e-12, "{place}, row {index}: {ours} instead of {expected}");
    }
}

#[test]
fn ipdfromkm_equals_the_package_in_every_case() {
    let Some(reference) = reference() else { return };
    let cases = reference["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 8);
    for case in cases {
        let place = format!("{}, {}", case["arm"], case["scenario"]);
        let ours = run(case);
        let expected = &case["getIPD"];
        let wrong = mismatches(
            &ours.reconstruction.patients,
            &numbers(&expected["IPD"]["time"]),
            &numbers(&expected["IPD"]["status"]),
        );
        assert_eq!(wrong, 0, "{place}: patients that differ");
        assert_eq!(ours.reconstruction.status, PublishedStatus::Converged);
        assert!(counts(&expected["IPD"]["treat"]).iter().all(|&arm| arm == ours.arm_id), "{place}");
        assert_tables(&ours, expected, &place);
        let precision = &expected["precision"];
        let expected = [&precision["RMSE"], &precision["mean_abserror"], &precision["max_abserror"]];
        let expected = expected.map(|value| value.as_f64().expect("a number"));
        let ours = ours.precision;
        let ours = [ours.rmse, ours.mean_absolute_error, ours.max_error_signed];
        assert_close(&ours, &expected, &format!("{place}: precision"));
    }
}

/// The life table, the intervals and the differences.
fn assert_tables(ours: &IpdFromKm, expected: &Value, place: &str) {
    let (points, intervals) = (&expected["points"], &expected["riskmat"]);
    let rows = &ours.reconstruction.clicks;
    let column = |value: fn(&kmeta_ipd_reconstruct::published::ClickRow) -> f64| -> Vec<f64> {
        rows.iter().map(value).collect()
    };
    for (key, ours) in [
        ("time", column(|row| row.time)),
        ("surv", column(|row| row.survival)),
        ("risk", column(|row| f64::from(row.at_risk))),
        ("event", column(|row| f64::from(row.events))),
        ("censor", column(|row| f64::from(row.censored))),
        ("estsurv", column(|row| row.estimate)),
        ("diff", ours.differences.clone()),
    ] {
        assert_close(&ours, &numbers(&points[key]), &format!("{place}: {key}"));
    }
    let rows = &ours.reconstruction.intervals;
    let column = |value: fn(&kmeta_ipd_reconstruct::published::IntervalRow) -> u32| -> Vec<u32> {
        rows.iter().map(value).collect()
    };
    for (key, ours) in [
        ("lower", column(|row| row.lower as u32)),
        ("upper", column(|row| row.upper as u32)),
        ("nrisk", column(|row| row.number_at_risk)),
        ("nrisk.hat", column(|row| row.number_at_risk_estimated)),
        ("event.hat", column(|row| row.events)),
        ("censor.hat", column(|row| row.censored)),
    ] {
        assert_eq!(ours, counts(&intervals[key]), "{place}: {key}");
    }
}

#[test]
fn ipdfromkm_equals_the_patients_in_the_csv_files() {
    let Some(reference) = reference() else { return };
    for case in
        reference["cases"].as_array().expect("cases").iter().filter(|case| case["scenario"] == "nrisk")
    {
        let arm = case["arm"].as_str().expect("an arm");
        let path = folder().join(format!("f_radiation_{arm}_ipd.csv"));
        let mut reader = csv::Reader::from_path(path).expect("a file beside the answers");
        let rows = reader.deserialize::<(f64, f64, f64)>().map(|row| row.expect("three numbers"));
        let (times, status): (Vec<f64>, Vec<f64>) = rows.map(|(time, status, _)| (time, status)).unzip();
        assert_eq!(mismatches(&run(case).reconstruction.patients, &times, &status), 0, "{arm}");
    }
}

/// The clicks that the other programs were given: those of IPDfromKM after its preparation.
fn prepared(reference: &Value, arm: &str) -> PublishedInput {
    let case = reference["cases"].as_array().expect("cases").iter().find(|case| case["arm"] == arm);
    let prepared = &case.expect("a case of the arm")["preprocess"];
    let points = &prepared["points"];
    let clicks = Clicks::new(numbers(&points["time"]), numbers(&points["surv"])).expect("clicks");
    let table = &prepared["intervalIndex"];
    input(clicks, Some((numbers(&table["t.risk"]), counts(&table["n.risk"]))), None)
}

#[test]
fn guyot_equals_digitise_of_survhe() {
    let Some(reference) = reference() else { return };
    for arm in ["radio", "radioplus"] {
        let ours = guyot(&prepared(&reference, arm)).expect("an answer");
        let expected = &reference["other_software_same_input"][arm]["survHE_digitise"];
        let wrong = mismatches(&ours.patients, &numbers(&expected["time"]), &numbers(&expected["event"]));
        assert_eq!(wrong, 0, "{arm}: patients that differ");
    }
}

/// `reconstructKM` ends the clicks 0.001 after the later of the last drop and the last number at risk, and writes
/// the patients censored in the last interval at that end instead of between their clicks. Both are read off its
/// answers. With the first alone 2 of 424 patients differ, in their censoring time; with both none does.
#[test]
fn guyot_equals_reconstructkm_with_its_end_of_the_curve() {
    let Some(reference) = reference() else { return };
    for (arm, differ) in [("radio", 2), ("radioplus", 0)] {
        let mut input = prepared(&reference, arm);
        let last_column =
            *input.number_at_risk.as_ref().expect("a risk table").times().last().expect("a column");
        let lowest = input.clicks.survival().iter().copied().fold(1.0, f64::min);
        let last_drop = input.clicks.points().find(|&(_, survival)| survival == lowest).expect("a drop").0;
        let end = last_drop.max(last_column) + 0.001;
        let (mut times, mut survival): (Vec<f64>, Vec<f64>) =
            input.clicks.points().filter(|&(time, _)| time < end).unzip();
        times.push(end);
        survival.push(lowest);
        input.clicks = Clicks::new(times, survival).expect("clicks");
        let mut ours = guyot(&input).expect("an answer");
        let expected = &reference["other_software_same_input"][arm]["reconstructKM"];
        let (times, events) = (numbers(&expected["IPD_time"]), numbers(&expected["IPD_event"]));
        assert_eq!(mismatches(&ours.patients, &times, &events), differ, "{arm}: patients that differ");
        let last_interval = ours.clicks[ours.intervals[5].lower - 1].time;
        for patient in
            ours.patients.iter_mut().filter(|patient| !patient.event && patient.time > last_interval)
        {
            patient.time = end;
        }
        assert_eq!(mismatches(&ours.patients, &times, &events), 0, "{arm}: patients that differ");
    }
}
