//! Extreme input has an answer of finite numbers or a typed error, never NaN, a panic, or an endless computation.
//!
//! Everything is seeded. Numbers that are not finite are looked for in the debug output of answers, which shows those
//! that a JSON file would turn into null.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use kmeta_evidence_pool::*;
use kmeta_trial_data::{
    BackTransformSize, ContinuityCorrection, EffectEstimate, EffectMeasure, IntervalMethod, PatientRecord,
    PredictionMethod, Provenance, StudyIntervalMethod, TauSquaredEstimator, TauSquaredIntervalMethod,
};

/// No computation on a handful of studies takes longer than this, a hundred times what one takes on an idle machine and far
/// less than work in proportion to billions of patients.
const LONGEST: Duration = Duration::from_secs(10);

/// Problems are listed up to this number.
const SHOWN: usize = 25;

/// Runs computations and keeps what is wrong with them.
#[derive(Default)]
struct Examination {
    runs: usize,
    answers: usize,
    problems: Vec<String>,
}

impl Examination {
    /// The answer must be finite, an error must not be one of a computation that "cannot fail".
    fn examine<T: Debug>(
        &mut self,
        what: impl Fn() -> String,
        compute: impl FnOnce() -> Result<T, PoolError>,
    ) {
        self.runs += 1;
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(compute));
        let problem = match outcome {
            Err(_) => Some("panic".to_owned()),
            Ok(_) if start.elapsed() > LONGEST => Some(format!("took {:?}", start.elapsed())),
            Ok(Ok(answer)) => {
                self.answers += 1;
                not_finite(&format!("{answer:?}"))
            }
            Ok(Err(error @ PoolError::Computation { .. })) => Some(error.to_string()),
            Ok(Err(error)) => {
                let text = error.to_string();
                text.contains("please report").then_some(text)
            }
        };
        if let Some(problem) = problem {
            self.problems.push(format!("{}: {problem}", what()));
        }
    }

    fn finish(self, name: &str, fewest_answers: usize) {
        println!("{name}: {} computations, {} answers", self.runs, self.answers);
        let shown: Vec<&String> = self.problems.iter().take(SHOWN).collect();
        assert!(shown.is_empty(), "{} problems of {}: {shown:#?}", self.problems.len(), self.runs);
        assert!(self.answers >= fewest_answers, "{} answers only", self.answers);
    }
}

/// What is not finite in a debug text, apart from texts within, which may quote the input.
fn not_finite(text: &str) -> Option<String> {
    let without_quotes = text.replace("\\\"", "'");
    let outside: String = without_quotes.split('"').step_by(2).collect();
    let mut words = outside.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.any(|word| word == "NaN" || word == "inf").then(|| format!("not finite: {outside}"))
}

#[test]
fn numbers_that_are_not_finite_are_seen() {
    assert!(not_finite(&format!("{:?}", (1.0, Some(f64::NEG_INFINITY)))).is_some());
    assert!(not_finite(&format!("{:?}", [f64::NAN])).is_some());
    assert!(not_finite(&format!("{:?}", (1.0, "a \"NaN\" and inf", None::<f64>))).is_none());
}

/// A sequence of numbers that is the same in every run (Knuth's constants).
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// From 0.5 to 1.5.
    fn factor(&mut self) -> f64 {
        0.5 + self.next() as f64 / (1_u64 << 31) as f64
    }
}

const SIZES: [f64; 7] = [1e-300, 1e-100, 1e-8, 1.0, 1e8, 1e100, 1e300];
const EFFECTS: [f64; 15] = [
    0.0,
    1e-300,
    -1e-100,
    1e-40,
    1e-8,
    -0.3,
    1.0,
    30.0,
    -800.0,
    1e8,
    -1e40,
    1e100,
    1e300,
    f64::NAN,
    f64::INFINITY,
];
const VARIANCES: [f64; 15] = [
    0.0,
    -1.0,
    1e-300,
    1e-100,
    1e-40,
    1e-20,
    1e-8,
    0.04,
    1.0,
    1e4,
    1e20,
    1e100,
    1e300,
    f64::NAN,
    f64::INFINITY,
];

type Studies = (Vec<f64>, Vec<f64>);

/// Sets of effects and variances: of one size, alike, and mixed.
fn sets() -> Vec<Studies> {
    let mut sequence = Sequence(2026);
    let mut sets = vec![(Vec::new(), Vec::new())];
    for k in [1, 2, 3, 6] {
        for effect in SIZES {
            for variance in SIZES {
                let some = |sequence: &mut Sequence, size: f64| {
                    (0..k).map(|_| size * sequence.factor()).collect::<Vec<f64>>()
                };
                sets.push((some(&mut sequence, effect), some(&mut sequence, variance)));
                sets.push((vec![effect; k], some(&mut sequence, variance)));
                sets.push((some(&mut sequence, effect), vec![variance; k]));
            }
        }
        for _ in 0..25 {
            let usable = |sequence: &mut Sequence, choices: &[f64]| {
                (0..k).map(|_| sequence.of(choices) * sequence.factor()).collect::<Vec<f64>>()
            };
            // Within the limits, and anything.
            sets.push((usable(&mut sequence, &EFFECTS[..11]), usable(&mut sequence, &VARIANCES[4..11])));
            sets.push((usable(&mut sequence, &EFFECTS[4..8]), usable(&mut sequence, &VARIANCES[6..10])));
            sets.push((usable(&mut sequence, &EFFECTS), usable(&mut sequence, &VARIANCES)));
        }
    }
    sets
}

const ESTIMATORS: [TauSquaredEstimator; 10] = [
    TauSquaredEstimator::RestrictedMaximumLikelihood,
    TauSquaredEstimator::MaximumLikelihood,
    TauSquaredEstimator::DerSimonianLaird,
    TauSquaredEstimator::PauleMandel,
    TauSquaredEstimator::Hedges,
    TauSquaredEstimator::HunterSchmidt,
    TauSquaredEstimator::SidikJonkman,
    TauSquaredEstimator::EmpiricalBayes,
    TauSquaredEstimator::HunterSchmidtCorrected,
    TauSquaredEstimator::MedianUnbiasedPauleMandel,
];
const INTERVALS: [IntervalMethod; 6] = [
    IntervalMethod::Wald,
    IntervalMethod::HartungKnapp,
    IntervalMethod::HartungKnappLargerError,
    IntervalMethod::HartungKnappWiderInterval,
    IntervalMethod::HartungKnappIqwig6,
    IntervalMethod::KenwardRoger,
];
const TAU_SQUARED_INTERVALS: [TauSquaredIntervalMethod; 4] = [
    TauSquaredIntervalMethod::QProfile,
    TauSquaredIntervalMethod::Jackson,
    TauSquaredIntervalMethod::BiggerstaffJackson,
    TauSquaredIntervalMethod::ProfileLikelihood,
];
const PREDICTIONS: [PredictionMethod; 7] = [
    PredictionMethod::Veroniki,
    PredictionMethod::HigginsThompsonSpiegelhalter,
    PredictionMethod::HartungKnapp,
    PredictionMethod::HartungKnappPartlettRiley,
    PredictionMethod::KenwardRoger,
    PredictionMethod::KenwardRogerPartlettRiley,
    PredictionMethod::Skipka,
];

/// Every estimator, and with it one of each other setting in turn.
fn models() -> impl Iterator<Item = ModelOptions> {
    (0..20).map(|turn| ModelOptions {
        tau_squared: ESTIMATORS[turn % 10],
        interval: INTERVALS[turn % 6],
        tau_squared_interval: TAU_SQUARED_INTERVALS[turn % 4],
        prediction: PREDICTIONS[turn % 7],
        ..ModelOptions::default()
    })
}

fn estimates((values, variances): &Studies, measure: EffectMeasure) -> Vec<EffectEstimate> {
    values
        .iter()
        .zip(variances)
        .enumerate()
        .map(|(index, (&value, &variance))| EffectEstimate {
            trial: format!("trial {index}"),
            label: String::new(),
            subgroup: Some(format!("group {}", index % 2)),
            measure,
            value,
            variance,
            provenance: Provenance::printed("table"),
        })
        .collect()
}

#[test]
fn models_of_bare_numbers() {
    let mut examination = Examination::default();
    for set in sets() {
        let (values, variances) = &set;
        for model in models() {
            let what = |name: &str| format!("{name} of {set:?} by {model:?}");
            examination.examine(|| what("fit"), || fit_random_effects(values, variances, &model));
            examination.examine(
                || what("interval"),
                || fit_random_effects(values, variances, &model)?.interval(model.confidence_level),
            );
            examination.examine(
                || what("tests"),
                || {
                    let fit = fit_random_effects(values, variances, &model)?;
                    Ok((fit.statistic(), fit.p_value()?, fit.q_p_value()?))
                },
            );
            examination.examine(|| what("prediction"), || prediction_interval(values, variances, &model));
            examination.examine(
                || what("interval of tau-squared"),
                || between_study_variance_interval(values, variances, &model),
            );
        }
        for model in models().step_by(7) {
            let what = |name: &str| format!("{name} of {set:?} by {model:?}");
            examination.examine(|| what("influence"), || influence_diagnostics(values, variances, &model));
            examination.examine(|| what("baujat"), || baujat(values, variances, &model));
            examination.examine(|| what("shrunken"), || shrunken_effects(values, variances, &model));
        }
    }
    examination.finish("bare numbers", 10_000);
}

#[test]
fn pooled_effects() {
    let mut examination = Examination::default();
    let measures = [EffectMeasure::Generic, EffectMeasure::LogHazardRatio, EffectMeasure::Logit];
    for (turn, set) in sets().into_iter().enumerate().filter(|(turn, _)| turn % 4 != 1) {
        let effects = estimates(&set, measures[turn % 3]);
        for model in models().skip(turn % 10).step_by(10) {
            let options = EffectOptions {
                tau_squared: model.tau_squared,
                interval: model.interval,
                tau_squared_interval: model.tau_squared_interval,
                prediction: model.prediction,
                subgroups: turn % 2 == 0,
                ..EffectOptions::default()
            };
            let what = |name: &str| format!("{name} of {set:?} by {options:?}");
            examination.examine(|| what("pooled effects"), || pool_effects(&effects, &options));
            let order: Vec<usize> = (0..effects.len()).rev().collect();
            examination.examine(
                || what("leave one out"),
                || leave_one_out(&effects, |studies| pool_effects(studies, &options)),
            );
            examination.examine(
                || what("cumulative"),
                || cumulative(&effects, &order, |studies| pool_effects(studies, &options)),
            );
        }
    }
    examination.finish("pooled effects", 1_000);
}

#[test]
fn bayes_and_bootstrap() {
    let mut examination = Examination::default();
    for (turn, set) in sets().into_iter().enumerate() {
        let effects = estimates(&set, EffectMeasure::LogHazardRatio);
        let draws = NagashimaOptions { draws: 100, ..NagashimaOptions::default() };
        if turn % 4 == 0 {
            examination
                .examine(|| format!("bootstrap of {set:?}"), || nagashima_prediction(&effects, &draws));
        }
        let options = BayesOptions {
            tau_prior: [TauPrior::HalfNormal { scale: 0.5 }, TauPrior::HalfCauchy { scale: 1e-3 }][turn % 2],
            tolerance: 1e-6,
            ..BayesOptions::default()
        };
        if turn % 3 == 0 {
            examination
                .examine(|| format!("posterior of {set:?}"), || bayesian_random_effects(&effects, &options));
        }
    }
    examination.finish("Bayes and bootstrap", 100);
}

#[test]
fn small_study_effects_and_regression() {
    let mut examination = Examination::default();
    for (turn, set) in sets().into_iter().enumerate() {
        let funnel: Vec<FunnelStudy> = estimates(&set, EffectMeasure::Generic)
            .into_iter()
            .enumerate()
            .map(|(index, effect)| FunnelStudy {
                trial: effect.trial,
                label: effect.label,
                value: effect.value,
                variance: effect.variance,
                size: [
                    StudySize::Patients { total: 1 + index as u32 },
                    StudySize::TwoArms {
                        events: 0,
                        total: 1,
                        control_events: u32::MAX,
                        control_total: u32::MAX,
                    },
                ][turn % 2],
            })
            .collect();
        let tau_squared = ESTIMATORS[turn % 10];
        let tests = FunnelTestOptions {
            tests: vec![
                FunnelTest::Egger,
                FunnelTest::EggerVariance,
                FunnelTest::MixedEgger,
                FunnelTest::MixedEggerVariance,
                FunnelTest::ThompsonSharp,
                FunnelTest::Begg,
                FunnelTest::Peters,
                FunnelTest::Harbord,
                FunnelTest::Deeks,
                FunnelTest::Schwarzer,
                FunnelTest::Macaskill,
                FunnelTest::Pustejovsky,
                FunnelTest::InverseSampleSize,
            ],
            minimum_studies: 3,
            tau_squared,
            ..FunnelTestOptions::default()
        };
        let what = |name: &str| format!("{name} of {set:?}, {tau_squared:?}");
        examination.examine(|| what("funnel tests"), || test_funnel_asymmetry(&funnel, &tests));
        for estimator in
            [MissingStudiesEstimator::L0, MissingStudiesEstimator::R0, MissingStudiesEstimator::Q0]
        {
            let options = TrimAndFillOptions { estimator, tau_squared, ..TrimAndFillOptions::default() };
            examination.examine(|| what("trim and fill"), || trim_and_fill(&funnel, &options));
        }
        examination.examine(|| what("PET-PEESE"), || pet_peese(&funnel, &PetPeeseOptions::default()));
        let limit = LimitOptions { tau_squared, ..LimitOptions::default() };
        examination.examine(|| what("limit meta-analysis"), || limit_meta_analysis(&funnel, &limit));
        for method in [FailSafeMethod::Rosenthal, FailSafeMethod::Orwin, FailSafeMethod::Rosenberg] {
            let options = FailSafeOptions { method, ..FailSafeOptions::default() };
            examination.examine(|| what("fail-safe number"), || fail_safe_number(&funnel, &options));
        }
        let moderator = [1.0, 1e-300, 1e8, 1e100, 1e300, f64::NAN][turn % 6];
        let studies: Vec<RegressionStudy> = funnel
            .iter()
            .enumerate()
            .map(|(index, study)| RegressionStudy {
                trial: study.trial.clone(),
                label: String::new(),
                value: study.value,
                variance: study.variance,
                moderators: [("x".to_owned(), ModeratorValue::Number(moderator * index as f64))].into(),
            })
            .collect();
        for moderators in [vec![], vec![Moderator::named("x")]] {
            let options = MetaRegressionOptions {
                moderators,
                tau_squared,
                interval: [RegressionInterval::Wald, RegressionInterval::HartungKnapp][turn % 2],
                ..MetaRegressionOptions::default()
            };
            examination.examine(
                || format!("regression of {set:?} on {moderator:e}, {options:?}"),
                || meta_regression(&studies, &options),
            );
        }
    }
    examination.finish("small-study effects and regression", 1_000);
}

const LARGEST: u32 = u32::MAX;

/// Events among patients.
const COUNTS: [(u32, u32); 13] = [
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

fn count_sets<T>(k: usize, choices: usize, sequence: &mut Sequence, pick: impl Fn(usize) -> T) -> Vec<T> {
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

/// Arms of patients: times of a size, with and without events, ties, or impossible.
fn arms() -> Vec<Vec<PatientRecord>> {
    let mut sequence = Sequence(5);
    let mut arms = vec![Vec::new(), vec![PatientRecord { time: 0.0, event: true }]];
    for size in [1e-300, 1e-100, 1e-8, 1.0, 1e8, 1e100, 1e300] {
        for patients in [1, 2, 12] {
            let arm = |sequence: &mut Sequence, events: u64| {
                (0..patients)
                    .map(|_| PatientRecord {
                        time: size * sequence.factor(),
                        event: sequence.next() % 4 < events,
                    })
                    .collect::<Vec<_>>()
            };
            arms.extend([0, 2, 4].map(|events| arm(&mut sequence, events)));
            arms.push(vec![PatientRecord { time: size, event: true }; patients]);
        }
    }
    for time in [-1.0, f64::NAN, f64::INFINITY] {
        arms.push(vec![PatientRecord { time, event: true }, PatientRecord { time: 1.0, event: false }]);
    }
    arms
}

/// Trials whose arms are of one kind, and of different ones.
fn choices(
    arms: &[Vec<PatientRecord>],
    k: usize,
    turn: usize,
    sequence: &mut Sequence,
) -> Vec<Vec<PatientRecord>> {
    // Neighbours in the list have times of the same size.
    let start = sequence.below(arms.len() - 12);
    (0..k)
        .map(|_| match turn % 2 {
            0 => arms[start + sequence.below(12)].clone(),
            _ => arms[sequence.below(arms.len())].clone(),
        })
        .collect()
}

#[test]
fn survival_of_single_arms() {
    let mut examination = Examination::default();
    let mut sequence = Sequence(13);
    let arms = arms();
    for turn in 0..160 {
        let chosen = choices(&arms, turn % 5, turn, &mut sequence);
        let trials: Vec<TrialPatients> = chosen
            .iter()
            .enumerate()
            .map(|(index, patients)| TrialPatients {
                trial: format!("trial {index}"),
                label: String::new(),
                patients: patients.clone(),
                provenance: Provenance::printed("patients"),
            })
            .collect();
        let size = chosen.first().and_then(|arm| arm.first()).map_or(1.0, |patient| patient.time);
        let times = vec![0.6 * size, 0.9 * size, 1.2 * size];
        let what = |name: &str| format!("{name} at {times:?} of {chosen:?}");
        let curve = SurvivalOptions { times: times.clone(), median_draws: 200, ..SurvivalOptions::default() };
        examination.examine(|| what("summary curve"), || pool_survival(&trials, &curve));
        let strata: Vec<StratumCurve> = trials
            .iter()
            .enumerate()
            .map(|(index, trial)| StratumCurve {
                stratum: format!("{}", index % 2),
                curve: TrialCurve::Patients(trial.clone()),
            })
            .collect();
        examination.examine(|| what("strata"), || pool_survival_strata(&strata, &curve));
        let free = GridFreeOptions { times: times.clone(), ..GridFreeOptions::default() };
        examination.examine(|| what("grid-free"), || pool_grid_free_survival(&trials, &free));
        let landmark = LandmarkOptions { times: times.clone(), ..LandmarkOptions::default() };
        examination.examine(|| what("landmark"), || pool_landmark_survival(&trials, &landmark));
        let medians: Vec<TrialMedian> = trials
            .iter()
            .map(|trial| TrialMedian {
                trial: trial.trial.clone(),
                label: String::new(),
                source: MedianSource::Patients(trial.patients.clone()),
                provenance: trial.provenance.clone(),
            })
            .collect();
        let pooling = SurvivalTimeOptions::default();
        examination.examine(|| what("median"), || pool_median_survival(&medians, &pooling));
        let mean = RestrictedMeanOptions { horizon: 0.9 * size, pooling };
        examination.examine(|| what("restricted mean"), || pool_restricted_mean_survival(&trials, &mean));
        let frailty = FrailtySurvivalOptions { times: times.clone(), ..FrailtySurvivalOptions::default() };
        examination.examine(|| what("frailty"), || pool_frailty_survival(&trials, &frailty));
        let parametric = ParametricSurvivalOptions {
            times: times.clone(),
            restricted_mean_horizon: Some(size),
            distributions: vec![
                SurvivalDistribution::Exponential,
                SurvivalDistribution::Weibull,
                SurvivalDistribution::LogNormal,
            ],
            quadrature_nodes: 9,
            ..ParametricSurvivalOptions::default()
        };
        examination.examine(|| what("parametric"), || pool_parametric_survival(&trials, &parametric));
    }
    examination.finish("survival of single arms", 100);
}

#[test]
fn survival_of_two_arms() {
    let mut examination = Examination::default();
    let mut sequence = Sequence(17);
    let arms = arms();
    for turn in 0..300 {
        let chosen = choices(&arms, 2 * (turn % 4), turn, &mut sequence);
        let trials: Vec<TwoArmTrial> = chosen
            .chunks_exact(2)
            .enumerate()
            .map(|(index, pair)| TwoArmTrial {
                trial: format!("trial {index}"),
                label: String::new(),
                subgroup: None,
                treated: pair[0].clone(),
                control: pair[1].clone(),
                provenance: Provenance::printed("patients"),
            })
            .collect();
        let size = chosen.first().and_then(|arm| arm.first()).map_or(1.0, |patient| patient.time);
        for model in [TwoArmModel::TwoStage, TwoArmModel::OneStageCommon, TwoArmModel::OneStageRandom] {
            let options = TwoArmSurvivalOptions {
                model,
                trial_hazard_ratio: [
                    TrialHazardRatio::Cox,
                    TrialHazardRatio::LogRank,
                    TrialHazardRatio::ObservedExpectedRatio,
                ][turn % 3],
                restricted_mean_horizon: (turn % 2 == 0).then_some(0.8 * size),
                piecewise_cuts: if turn % 2 == 0 { vec![0.8 * size] } else { Vec::new() },
                ..TwoArmSurvivalOptions::default()
            };
            examination.examine(
                || format!("{options:?} of {chosen:?}"),
                || pool_two_arm_survival(&trials, &options),
            );
        }
    }
    examination.finish("survival of two arms", 50);
}
