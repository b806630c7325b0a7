//! What holds for every input: the work ends, patients are conserved, times lie within follow-up.

use crate::common;
use kmeta_ipd_reconstruct::{
    ReconstructionError, ReconstructionInput, ReconstructionMethod, ReconstructionOptions, reconstruct,
};
use kmeta_trial_data::{
    NumberAtRisk, PatientRecord, Provenance, ReconstructedArm, ReconstructionStatus, StepCurve,
};
use proptest::prelude::*;

/// A reproducible stream of values in 0..1 (splitmix64).
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// An arm with Weibull event times, uniform censoring and times of two decimals.
fn simulated_arm(seed: u64) -> Vec<PatientRecord> {
    let mut stream = Stream(seed);
    let patients = [20, 50, 100, 200, 400, 1000][(seed % 6) as usize];
    let shape = 0.6 + 1.2 * stream.next();
    let scale = 4.0 + 20.0 * stream.next();
    let (earliest, latest) = (12.0 * stream.next(), 12.0 + 36.0 * stream.next());
    let arm = (0..patients)
        .map(|_| {
            let event = scale * (-(1.0 - stream.next()).ln()).powf(1.0 / shape);
            let censored = earliest + (latest - earliest) * stream.next();
            let time = (event.min(censored) * 100.0).round() / 100.0 + 0.01;
            PatientRecord { time, event: event <= censored }
        })
        .collect();
    common::sorted(arm)
}

/// The promises of the crate, with the reason as the error.
fn broken_promise(input: &ReconstructionInput, arm: &ReconstructedArm, patients: u32) -> Option<String> {
    let last = arm.patients.last().map_or(0.0, |patient| patient.time);
    let end = input
        .curve_end
        .unwrap_or(0.0)
        .max(input.curve.last_time())
        .max(input.censor_times.iter().copied().fold(0.0, f64::max))
        .max(input.number_at_risk.as_ref().map_or(0.0, |risk| risk.times()[risk.times().len() - 1]));
    let ordered = arm.patients.windows(2).all(|pair| {
        pair[0].time < pair[1].time || (pair[0].time == pair[1].time && pair[0].event >= pair[1].event)
    });
    if arm.patients.len() != patients as usize {
        Some(format!("{} patients instead of {patients}", arm.patients.len()))
    } else if last > end || arm.patients.iter().any(|patient| patient.time.is_nan() || patient.time < 0.0) {
        Some(format!("last time {last}, end of follow-up {end}"))
    } else if !ordered {
        Some("patients are not sorted".to_owned())
    } else if common::drops(&arm.patients).1.windows(2).any(|pair| pair[1] > pair[0]) {
        Some("the Kaplan-Meier curve rises".to_owned())
    } else {
        None
    }
}

#[test]
fn three_hundred_simulated_arms_never_fail() {
    let mut failures = Vec::new();
    let mut worst: f64 = 0.0;
    for seed in 0..300 {
        let truth = simulated_arm(seed);
        let events = truth.iter().filter(|patient| patient.event).count() as u32;
        let complete = common::figure("simulated", &truth, 6.0);
        for variant in 0..5 {
            let mut input = complete.clone();
            match variant {
                0 => {}
                1 => input.censor_times.clear(),
                2 => input.total_events = Some(events),
                3 => {
                    input.censor_times.clear();
                    input.total_events = Some(events);
                }
                _ => {
                    input.number_at_risk = None;
                    input.patients = Some(truth.len() as u32);
                }
            }
            let arm = match reconstruct(&input, &ReconstructionOptions::default()) {
                Ok(arm) => arm,
                Err(error) => {
                    failures.push(format!("seed {seed} variant {variant}: {error}"));
                    continue;
                }
            };
            if let Some(promise) = broken_promise(&input, &arm, truth.len() as u32) {
                failures.push(format!("seed {seed} variant {variant}: {promise}"));
            }
            if arm.fidelity.status == ReconstructionStatus::Stopped {
                failures.push(format!("seed {seed} variant {variant}: stopped"));
            }
            if variant < 4 && arm.fidelity.number_at_risk_error_max > 0 {
                failures.push(format!(
                    "seed {seed} variant {variant}: a consistent risk table missed by {}",
                    arm.fidelity.number_at_risk_error_max
                ));
            }
            if variant == 0 {
                let end = truth[truth.len() - 1].time;
                let error =
                    common::curve(&arm.patients).mean_absolute_difference(&common::curve(&truth), end);
                worst = worst.max(error);
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    assert!(worst < 0.02, "worst mean curve error {worst}");
}

/// Any step curve: levels may stay, drop to zero at once, and times may repeat.
fn any_curve() -> impl Strategy<Value = StepCurve> {
    prop::collection::vec((0.0..5.0_f64, 0.0..=1.0_f64), 1..40).prop_map(|steps| {
        let (mut time, mut level) = (0.0, 1.0);
        let (mut times, mut levels) = (Vec::new(), Vec::new());
        for (gap, keep) in steps {
            time += if gap < 0.5 { 0.0 } else { gap };
            level *= if keep < 0.02 { 0.0 } else { keep.sqrt() };
            times.push(time);
            levels.push(level);
        }
        StepCurve::new(times, levels).expect("built monotone")
    })
}

/// Any risk table that starts at 0, consistent with the curve or not.
fn any_risk_table() -> impl Strategy<Value = NumberAtRisk> {
    (0u32..500, prop::collection::vec((0.1..20.0_f64, 0.0..=1.0_f64), 0..12)).prop_map(|(first, columns)| {
        let (mut times, mut counts) = (vec![0.0], vec![first + 1]);
        for (gap, keep) in columns {
            times.push(times[times.len() - 1] + gap);
            counts.push((f64::from(counts[counts.len() - 1]) * keep) as u32);
        }
        NumberAtRisk::new(times, counts).expect("built falling")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn contradictory_input_still_gives_all_patients(
        curve in any_curve(),
        risk in any_risk_table(),
        curve_end in prop::option::of(0.0..200.0_f64),
        events in prop::option::of(0u32..500),
        marks in prop::collection::vec(0.0..150.0_f64, 0..30),
        use_censor_marks in any::<bool>(),
    ) {
        let patients = risk.first_count();
        let mut input = ReconstructionInput::new("any", "", curve, Provenance::printed("test"));
        input.number_at_risk = Some(risk);
        input.curve_end = curve_end;
        input.total_events = events;
        input.censor_times = marks;
        let options = ReconstructionOptions {
            use_censor_marks,
            ..ReconstructionOptions::default()
        };
        let arm = reconstruct(&input, &options).expect("the number of patients is known");
        prop_assert_eq!(broken_promise(&input, &arm, patients), None);
        prop_assert_eq!(&reconstruct(&input, &options).expect("as before"), &arm);
        let met = arm.fidelity.number_at_risk_error_max == 0
            && input.total_events.is_none_or(|events| events == arm.fidelity.events);
        if arm.fidelity.status == ReconstructionStatus::Converged {
            prop_assert!(met, "converged, but {:?}", arm.fidelity);
        } else {
            prop_assert!(!arm.findings.is_empty());
        }
    }
}

fn minimal() -> ReconstructionInput {
    let curve = StepCurve::new(vec![1.0, 2.0], vec![0.5, 0.0]).expect("valid");
    ReconstructionInput::new("trial", "arm", curve, Provenance::printed("test"))
}

#[test]
fn impossible_input_is_refused_with_its_reason() {
    // The published algorithm refuses what the constrained one reports as a conflict.
    let options =
        ReconstructionOptions { method: ReconstructionMethod::Guyot, ..ReconstructionOptions::default() };
    let unknown = reconstruct(&minimal(), &ReconstructionOptions::default());
    assert!(matches!(unknown, Err(ReconstructionError::PatientsUnknown { .. })), "{unknown:?}");

    let mut late = minimal();
    late.number_at_risk = Some(NumberAtRisk::new(vec![1.0], vec![5]).expect("valid"));
    assert!(matches!(reconstruct(&late, &options), Err(ReconstructionError::PatientsUnknown { .. })));
    late.patients = Some(4);
    assert!(matches!(
        reconstruct(&late, &options),
        Err(ReconstructionError::MoreAtRiskThanPatients { at_risk: 5, patients: 4, .. })
    ));

    let mut empty = minimal();
    empty.patients = Some(0);
    assert!(matches!(reconstruct(&empty, &options), Err(ReconstructionError::NoPatients { .. })));

    let mut crowded = minimal();
    crowded.patients = Some(3);
    crowded.total_events = Some(4);
    assert!(matches!(
        reconstruct(&crowded, &options),
        Err(ReconstructionError::MoreEventsThanPatients { .. })
    ));

    let mut infinite = minimal();
    infinite.patients = Some(3);
    infinite.curve_end = Some(f64::INFINITY);
    assert!(matches!(reconstruct(&infinite, &options), Err(ReconstructionError::TimeInvalid { .. })));
}

#[test]
fn a_number_at_risk_that_the_curve_contradicts_is_kept_and_reported() {
    let curve = StepCurve::new(vec![1.0, 2.0, 5.0], vec![0.8, 0.6, 0.5]).expect("valid");
    let mut input = ReconstructionInput::new("trial", "arm", curve, Provenance::printed("test"));
    input.number_at_risk = Some(NumberAtRisk::new(vec![0.0, 3.0], vec![100, 90]).expect("valid"));
    let arm = reconstruct(&input, &ReconstructionOptions::default()).expect("usable");
    assert_eq!(arm.fidelity.status, ReconstructionStatus::Compromise);
    assert_eq!(arm.fidelity.number_at_risk[1].stated, 90);
    assert_eq!(arm.fidelity.number_at_risk[1].reconstructed, 60);
    assert_eq!(arm.findings[0].code, "number-at-risk-conflict");
}

#[test]
fn a_total_of_events_is_met_by_censoring_or_missed_aloud() {
    let curve = StepCurve::new(
        (1..=20).map(f64::from).collect(),
        (1..=20).map(|k| 1.0 - 0.04 * f64::from(k)).collect(),
    )
    .expect("valid");
    let mut input = ReconstructionInput::new("trial", "arm", curve, Provenance::printed("test"));
    input.patients = Some(200);
    for (stated, expected) in
        [(120, ReconstructionStatus::Converged), (190, ReconstructionStatus::Compromise)]
    {
        input.total_events = Some(stated);
        let arm = reconstruct(&input, &ReconstructionOptions::default()).expect("usable");
        assert_eq!(arm.fidelity.status, expected, "{stated} events: {:?}", arm.findings);
        assert_eq!(arm.fidelity.events_stated, Some(stated));
        let missed = arm.findings.iter().any(|finding| finding.code == "total-events-missed");
        assert_eq!(missed, arm.fidelity.events != stated);
    }
}
