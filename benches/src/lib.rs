//! The inputs of the benches, the same in every run.
//!
//! `just bench` runs them all, `just bench pool` those whose name matches. Run them on an idle machine: the
//! numbers quoted in the docs are medians.

use kmeta_evidence_pool::{
    Axis, AxisChoice, LandmarkScale, ProportionCount, ProportionTrial, SurvivalMultiverseInput,
    SurvivalQuantity, SurvivalVariant, SurvivalWay, TrialPatients,
};
use kmeta_ipd_reconstruct::ReconstructionInput;
use kmeta_trial_data::{
    EffectEstimate, EffectMeasure, IntervalMethod, NumberAtRisk, PatientRecord, Provenance, StepCurve,
    TauSquaredEstimator,
};

/// Responders of `studies` trials: rates that rise and fall slowly, sizes from 10 to 106.
pub fn response_counts(studies: u32) -> Vec<ProportionCount> {
    (0..studies)
        .map(|study| {
            let total = 10 + (study * 37) % 97;
            let rate = 0.3 + 0.25 * f64::from(study).sin();
            ProportionCount {
                trial: format!("trial-{study}"),
                label: format!("Trial {study}"),
                subgroup: None,
                // A share of a small number: fits.
                events: (f64::from(total) * rate).round() as u32,
                total,
                provenance: Provenance::printed("bench"),
            }
        })
        .collect()
}

/// Log hazard ratios of `studies` trials that differ by more than their standard errors, 0.1 to 0.5.
pub fn effects(studies: u32) -> Vec<EffectEstimate> {
    (0..studies)
        .map(|study| {
            let standard_error = 0.1 + 0.4 * f64::from((study * 53) % 101) / 100.0;
            EffectEstimate {
                trial: format!("trial-{study}"),
                label: format!("Trial {study}"),
                subgroup: None,
                measure: EffectMeasure::LogHazardRatio,
                value: -0.3 + 0.4 * (1.7 * f64::from(study)).sin(),
                variance: standard_error * standard_error,
                provenance: Provenance::printed("bench"),
            }
        })
        .collect()
}

/// Patients of `trials` single arms of 30 to 69: exponential times with rates that differ between trials, followed
/// for 36 months.
pub fn trial_patients(trials: u32) -> Vec<TrialPatients> {
    (0..trials)
        .map(|trial| {
            let (size, rate) = (30 + (trial * 17) % 40, 0.05 + 0.03 * f64::from(trial).sin());
            let patients = (1..=size)
                .map(|patient| {
                    let time = -(f64::from(patient) / f64::from(size + 1)).ln() / rate;
                    PatientRecord { time: time.min(36.0), event: time < 36.0 && patient % 7 != 0 }
                })
                .collect();
            let name = format!("trial-{trial}");
            TrialPatients {
                label: name.clone(),
                trial: name,
                patients,
                provenance: Provenance::printed("bench"),
            }
        })
        .collect()
}

/// Patients with one covariate x from −1 to 1 and exponential times with hazard e^(x/2), drawn from fractional parts of
/// multiples of irrational numbers; every fourth is censored.
pub fn patients_with_covariate(patients: u32) -> (Vec<PatientRecord>, Vec<f64>) {
    let fraction = |index: u32, of: f64| (f64::from(index) * of).fract();
    let covariate = |index| 2.0 * fraction(index, std::f64::consts::SQRT_2) - 1.0;
    let record = |index: u32| {
        let uniform = 1.0 - fraction(index, std::f64::consts::E.sqrt());
        PatientRecord {
            time: -uniform.ln() / (0.5 * covariate(index)).exp(),
            event: !index.is_multiple_of(4),
        }
    };
    ((1..=patients).map(record).collect(), (1..=patients).map(covariate).collect())
}

/// The curve of an arm of `patients` followed for 36 months: an event every 36/`patients` months, except that
/// every third patient is censored, with numbers at risk every six months and censor marks.
pub fn arm(patients: u32) -> ReconstructionInput {
    let time_of = |patient: u32| f64::from(patient + 1) * 36.0 / f64::from(patients);
    let (mut times, mut levels, mut marks, mut level) = (Vec::new(), Vec::new(), Vec::new(), 1.0);
    for patient in 0..patients {
        if patient % 3 == 2 {
            marks.push(time_of(patient));
        } else {
            level *= 1.0 - 1.0 / f64::from(patients - patient);
            times.push(time_of(patient));
            levels.push(level);
        }
    }
    let columns: Vec<f64> = (0..=6).map(|column| f64::from(column) * 6.0).collect();
    let counts = columns
        .iter()
        .map(|&column| (0..patients).filter(|&patient| time_of(patient) >= column).count() as u32)
        .collect();
    let (curve, risk) = (
        StepCurve::new(times, levels).expect("times rise, levels fall"),
        NumberAtRisk::new(columns, counts).expect("columns rise, counts fall"),
    );
    let mut input = ReconstructionInput::new("bench", "all", curve, Provenance::printed("bench"));
    input.number_at_risk = Some(risk);
    input.curve_end = Some(36.0);
    input.censor_times = marks;
    input
}

/// The same arm as a figure of 800 by 500 pixels shows it, with its total of events in place of the marks.
pub fn pixel_arm(patients: u32) -> ReconstructionInput {
    let mut input = arm(patients);
    let (mut times, mut levels): (Vec<f64>, Vec<f64>) = (vec![0.0], vec![1.0]);
    for (time, level) in input.curve.corners() {
        let (time, level) = ((time / 36.0 * 800.0).round() / 800.0 * 36.0, (level * 500.0).round() / 500.0);
        if level < levels[levels.len() - 1] {
            times.push(time);
            levels.push(level);
        }
    }
    input.curve = StepCurve::new(times, levels).expect("rounding keeps the order");
    input.censor_times.clear();
    input.total_events = Some(patients - patients / 3);
    input
}

/// Responders of the thyroid trials (Cao 2024, fixtures/atc-tki).
pub fn thyroid_responses() -> Vec<ProportionTrial> {
    [
        ("ha2010", "Imatinib", 2, 8, 11),
        ("bible2012", "Pazopanib", 0, 15, 16),
        ("savvides2013", "Sorafenib", 2, 20, 20),
        ("tahara2017", "Lenvatinib", 4, 17, 17),
        ("wirth2021", "Lenvatinib", 1, 34, 34),
        ("higashiyama2022", "Lenvatinib", 5, 42, 42),
    ]
    .map(|(trial, group, events, evaluable, patients)| ProportionTrial {
        trial: trial.to_owned(),
        subgroup: Some(group.to_owned()),
        events,
        evaluable,
        patients: Some(patients),
    })
    .to_vec()
}

/// Five trials of 16 to 42 patients, three of one group, in six variants that differ a little.
pub fn thyroid_survival() -> SurvivalMultiverseInput {
    let sizes = [(16, 0.18), (20, 0.16), (17, 0.07), (34, 0.17), (42, 0.17)];
    let variant = |variant: u16| {
        let stretch = 1.0 + 0.01 * f64::from(variant);
        let trials = sizes.iter().enumerate().map(|(index, &(size, rate))| {
            let patients = (1..=size)
                .map(|patient| {
                    let time = -stretch * (f64::from(patient) / f64::from(size + 1)).ln() / rate;
                    PatientRecord { time: time.min(26.0), event: time < 26.0 && patient % 9 != 0 }
                })
                .collect();
            let name = format!("trial-{index}");
            let trial = TrialPatients {
                label: name.clone(),
                trial: name,
                patients,
                provenance: Provenance::printed("bench"),
            };
            (trial, Some(if index < 2 { format!("group-{index}") } else { "group-2".to_owned() }))
        });
        SurvivalVariant { choices: vec![Some(variant)], trials: Ok(trials.collect()) }
    };
    let choices = (0..6).map(|index| AxisChoice::new(format!("way-{index}"), index == 0)).collect();
    SurvivalMultiverseInput {
        quantity: SurvivalQuantity::Median,
        leading: vec![Axis { name: "reconstruction".to_owned(), choices, protocol: 0, applies: Vec::new() }],
        variants: (0..6).map(variant).collect(),
        way: SurvivalWay::SummaryCurve,
        tau_squared: TauSquaredEstimator::RestrictedMaximumLikelihood,
        interval: IntervalMethod::Wald,
        landmark_scale: LandmarkScale::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmeta_ipd_reconstruct::{ReconstructionOptions, reconstruct};

    #[test]
    fn the_arm_is_a_complete_input() {
        let arm = reconstruct(&arm(200), &ReconstructionOptions::default()).unwrap();
        assert_eq!(arm.fidelity.number_at_risk_error_max, 0);
    }

    #[test]
    fn counts_are_proportions() {
        assert!(response_counts(1000).iter().all(|count| count.events < count.total && count.events > 0));
    }
}
