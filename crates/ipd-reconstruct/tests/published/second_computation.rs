//! Every patient of 43 simulated arms, computed a second time in base R by
//! `tools/reference_fixtures/published_reconstruction.R`. The script is written from the same description of the
//! steps, so it guards against slips of the code and of R's rounding and bins, not against a misread paper; the
//! comparison with the packages themselves is in `radiation.rs`.

use kmeta_ipd_reconstruct::clicks::Clicks;
use kmeta_ipd_reconstruct::published::{
    IpdFromKm, PublishedError, PublishedReconstruction, PublishedStatus, guyot, ipdfromkm,
};
use serde_json::Value;

use crate::{counts, input, mismatches, numbers};

fn cases() -> Vec<Value> {
    let text = include_str!("../../../../fixtures/reference/published_reconstruction.json");
    let file: Value = serde_json::from_str(text).expect("JSON");
    file["cases"].as_array().expect("cases").clone()
}

fn clicks(case: &Value) -> Clicks {
    Clicks::new(numbers(&case["times"]), numbers(&case["survival"])).expect("clicks")
}

fn total_events(case: &Value) -> Option<u32> {
    Some(case["total_events"].as_u64().expect("a count") as u32)
}

/// Asserts that an answer equals the one in the file, and returns the patients compared.
fn assert_same(
    ours: &Result<PublishedReconstruction, PublishedError>,
    expected: &Value,
    place: &str,
) -> usize {
    match (expected["status"].as_str().expect("a status"), ours) {
        // R stopped with an error of its own: 0/0 or a negative number of repetitions.
        ("failed", Err(_)) => 0,
        ("failed", Ok(_)) => panic!("{place}: patients where R has none"),
        (status, Ok(ours)) => {
            let expected_status =
                if status == "stopped" { PublishedStatus::Stopped } else { PublishedStatus::Converged };
            assert_eq!(ours.status, expected_status, "{place}");
            let times = numbers(&expected["time"]);
            let wrong = mismatches(&ours.patients, &times, &numbers(&expected["event"]));
            assert_eq!(wrong, 0, "{place}: patients that differ, of {}", times.len());
            times.len()
        }
        (_, Err(error)) => panic!("{place}: {error}"),
    }
}

#[test]
fn guyot_equals_the_computation_in_r() {
    let mut compared = 0;
    let (mut failed, mut stopped) = (0, 0);
    for (index, case) in cases().iter().enumerate() {
        let risk = (numbers(&case["risk_times"]), counts(&case["numbers_at_risk"]));
        let start = (vec![0.0], vec![risk.1[0]]);
        for (key, risk, events) in [
            ("guyot", risk.clone(), None),
            ("guyot_events", risk.clone(), total_events(case)),
            ("guyot_total_events", start, total_events(case)),
        ] {
            let ours = guyot(&input(clicks(case), Some(risk), events));
            failed += usize::from(ours.is_err());
            stopped += usize::from(case[key]["status"] == "stopped");
            compared += assert_same(&ours, &case[key], &format!("case {index}, {key}"));
        }
    }
    assert!(compared > 4000, "only {compared} patients were compared");
    assert!(failed > 10, "the cases that fail in R are part of the test");
    assert!(stopped > 3, "the cases without end are part of the test");
}

#[test]
fn ipdfromkm_equals_the_computation_in_r() {
    let mut compared = 0;
    for (index, case) in cases().iter().enumerate() {
        let risk = (numbers(&case["risk_times"]), counts(&case["numbers_at_risk"]));
        let patients = risk.1[0];
        for (key, risk, events) in [
            ("ipdfromkm", Some(risk.clone()), None),
            ("ipdfromkm_events", Some(risk.clone()), total_events(case)),
            ("ipdfromkm_total", None, None),
            ("ipdfromkm_total_events", None, total_events(case)),
        ] {
            let place = format!("case {index}, {key}");
            let mut input = input(clicks(case), risk, events);
            input.patients = Some(patients);
            let ours = ipdfromkm(&input, 1);
            if let Ok(IpdFromKm { precision, .. }) = &ours {
                let ours = [precision.rmse, precision.mean_absolute_error, precision.max_error_signed];
                assert_eq!(ours.as_slice(), numbers(&case[key]["precision"]), "{place}");
            }
            compared += assert_same(&ours.map(|ours| ours.reconstruction), &case[key], &place);
        }
    }
    assert!(compared > 8000, "only {compared} patients were compared");
}
