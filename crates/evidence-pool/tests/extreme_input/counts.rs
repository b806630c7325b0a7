//! Counts, and printed numbers of two arms.

use kmeta_evidence_pool::*;
use kmeta_trial_data::{
    BackTransformSize, ContinuityCorrection, EffectMeasure, Provenance, StudyIntervalMethod,
};

use crate::examination::{Examination, Sequence};

pub(crate) const LARGEST: u32 = u32::MAX;

/// Events among patients.
pub(crate) const COUNTS: [(u32, u32); 13] = [
    (0, 1),
    (1, 1),
    (0, 0),
    (2, 1),
    (0, 20),
    (7, 20),
    (20, 20),
    (1, 2_000_000),
    (900_000, 2_000_000),
    (0, LARGEST),
    (1, LARGEST),
    (LARGEST / 2, LARGEST),
    (LARGEST, LARGEST),
];

pub(crate) fn count_sets<T>(
    k: usize,
    choices: usize,
    sequence: &mut Sequence,
    pick: impl Fn(usize) -> T,
) -> Vec<T> {
    (0..k).map(|_| pick(sequence.below(choices))).collect()
}

#[test]
fn proportions() {
    let mut examination = Examination::default();
    let mut sequence = Sequence(7);
    let mut all: Vec<Vec<(u32, u32)>> = vec![Vec::new()];
    all.extend(COUNTS.map(|count| vec![count]));
    all.extend(COUNTS.map(|count| vec![count; 3]));
    all.extend((0..24).map(|turn| {
        let usable: Vec<(u32, u32)> = COUNTS.into_iter().filter(|(x, n)| x <= n && *n > 0).collect();
        count_sets(2 + turn % 4, usable.len(), &mut sequence, |index| usable[index])
    }));
    for (turn, set) in all.iter().enumerate() {
        let counts: Vec<ProportionCount> = set
            .iter()
            .enumerate()
            .map(|(index, &(events, total))| ProportionCount {
                trial: format!("trial {index}"),
                label: String::new(),
                subgroup: Some(format!("group {}", index % 2)),
                events,
                total,
                provenance: Provenance::printed("counts"),
            })
            .collect();
        let inverse_variance = [
            EffectMeasure::FreemanTukey,
            EffectMeasure::Logit,
            EffectMeasure::Arcsine,
            EffectMeasure::Raw,
            EffectMeasure::Log,
        ]
        .map(|measure| (measure, ProportionModel::InverseVariance));
        let of_counts =
            [ProportionModel::Glmm, ProportionModel::BetaBinomial].map(|model| (EffectMeasure::Logit, model));
        for (measure, model) in inverse_variance.into_iter().chain(of_counts) {
            let options = ProportionOptions {
                measure,
                model: Some(model),
                subgroups: turn % 2 == 0,
                study_interval: Some(
                    [
                        StudyIntervalMethod::ClopperPearson,
                        StudyIntervalMethod::Wilson,
                        StudyIntervalMethod::AgrestiCoull,
                        StudyIntervalMethod::Wald,
                    ][turn % 4],
                ),
                back_transform: [
                    BackTransformSize::HarmonicMean,
                    BackTransformSize::ArithmeticMean,
                    BackTransformSize::InverseVariance,
                ][turn % 3],
                ..ProportionOptions::default()
            };
            examination.examine(
                || format!("{set:?} by {model:?} of {measure:?}"),
                || pool_proportions(&counts, &options),
            );
        }
    }
    examination.finish("proportions", 300);
}

#[test]
fn counts_of_two_arms() {
    let mut examination = Examination::default();
    let mut sequence = Sequence(11);
    let mut all: Vec<Vec<[(u32, u32); 2]>> = vec![Vec::new()];
    for treated in COUNTS {
        all.extend(COUNTS.map(|control| vec![[treated, control]]));
    }
    let usable: Vec<(u32, u32)> = COUNTS.into_iter().filter(|(x, n)| x <= n && *n > 0).collect();
    all.extend((0..80).map(|turn| {
        let arms = usable.len();
        count_sets(2 + turn % 4, arms * arms, &mut sequence, |index| {
            [usable[index / arms], usable[index % arms]]
        })
    }));
    for (turn, set) in all.iter().enumerate() {
        let counts: Vec<TwoArmCount> = set
            .iter()
            .enumerate()
            .map(|(index, &[(events, total), (control_events, control_total)])| TwoArmCount {
                trial: format!("trial {index}"),
                label: String::new(),
                subgroup: Some(format!("group {}", index % 2)),
                events,
                total,
                control_events,
                control_total,
                provenance: Provenance::printed("counts"),
            })
            .collect();
        for count in &counts {
            examination.examine(|| format!("tests of {set:?}"), || test_two_arms(count, 0.95));
        }
        examination
            .examine(|| format!("Mantel-Haenszel tests of {set:?}"), || mantel_haenszel_tests(&counts));
        for measure in [
            EffectMeasure::LogOddsRatio,
            EffectMeasure::LogRiskRatio,
            EffectMeasure::RiskDifference,
            EffectMeasure::ArcsineDifference,
        ] {
            for pooling in
                [TwoArmPooling::InverseVariance, TwoArmPooling::MantelHaenszel, TwoArmPooling::Peto]
            {
                let options = TwoArmCountOptions {
                    measure,
                    pooling: Some(pooling),
                    exact_mantel_haenszel: turn % 3 == 0,
                    include_double_zero: turn % 2 == 0,
                    subgroups: turn % 2 == 0,
                    continuity_correction: [
                        ContinuityCorrection::AffectedStudies,
                        ContinuityCorrection::TreatmentArm,
                        ContinuityCorrection::None,
                    ][turn % 3],
                    ..TwoArmCountOptions::default()
                };
                let what = || format!("{set:?} by {pooling:?} of {measure:?}");
                examination.examine(what, || pool_two_arm_counts(&counts, &options));
                if let [count] = counts.as_slice() {
                    examination.examine(what, || compare_two_arms(count, &options));
                }
            }
        }
    }
    examination.finish("counts of two arms", 1_000);
}

#[test]
fn printed_hazard_ratios() {
    let mut examination = Examination::default();
    let mut sequence = Sequence(3);
    let numbers = [-1.0, 0.0, 1e-300, 1e-8, 0.5, 0.98, 1.0, 3.0, 1e8, 1e300, f64::NAN, f64::INFINITY];
    let patients = [0, 1, 20, LARGEST];
    for turn in 0..4000 {
        let number = |sequence: &mut Sequence| Some(sequence.of(&numbers)).filter(|_| turn % 3 != 0);
        let usual = |sequence: &mut Sequence| Some(0.2 + sequence.factor());
        let pick = |sequence: &mut Sequence| if turn % 2 == 0 { number(sequence) } else { usual(sequence) };
        let arm = |sequence: &mut Sequence| PrintedArm {
            patients: Some(sequence.of(&patients)),
            events: Some(sequence.of(&patients)),
            expected_events: pick(sequence),
        };
        let printed = PrintedTwoArm {
            trial: "t".to_owned(),
            hazard_ratio: pick(&mut sequence),
            lower: pick(&mut sequence),
            upper: pick(&mut sequence),
            p_value: number(&mut sequence),
            events: Some(sequence.of(&patients)),
            observed_minus_expected: pick(&mut sequence),
            log_rank_variance: pick(&mut sequence),
            allocation_ratio: pick(&mut sequence),
            experimental: arm(&mut sequence),
            control: arm(&mut sequence),
            curves: (0..3)
                .map(|index| PrintedCurvePoint {
                    time: f64::from(index) * sequence.of(&[1e-300, 1.0, 1e300]),
                    experimental_survival: 0.9 - 0.2 * f64::from(index),
                    control_survival: sequence.of(&[0.0, 0.5, 1.0]),
                    experimental_at_risk: Some(sequence.of(&patients)),
                    control_at_risk: Some(sequence.of(&patients)),
                })
                .collect(),
            maximum_follow_up: number(&mut sequence),
            ..PrintedTwoArm::default()
        };
        examination.examine(
            || format!("{printed:?}"),
            || hazard_ratio_routes(&printed, &HazardRatioRouteOptions::default()),
        );
        let [ratio, lower, upper] = [0; 3].map(|_| sequence.of(&numbers));
        examination.examine(
            || format!("{ratio} [{lower}, {upper}]"),
            || hazard_ratio_from_interval(ratio, lower, upper, 0.95),
        );
    }
    examination.finish("printed hazard ratios", 100);
}
