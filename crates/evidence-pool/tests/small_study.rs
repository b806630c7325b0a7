//! Methods for small-study effects on the BCG vaccine trials (Colditz et al. JAMA 1994;271:698; log risk ratios) beside
//! R 4.2.2 and metafor 3.8-1, their invariants, and what becomes of input that cannot be used. Each expected number
//! stands beside the call that gave it, with y and v the effects and variances and s = sqrt(v).

use approx::assert_relative_eq;
use kmeta_evidence_pool::{
    FailSafeMethod, FailSafeOptions, FunnelSide, FunnelStudy, FunnelTest, FunnelTestAnswer,
    FunnelTestOptions, FunnelTestOutcome, LimitOptions, NotAnsweredReason, PetOrPeese, PetPeeseOptions,
    PoolError, StudySize, TrimAndFillOptions, fail_safe_number, limit_meta_analysis, pet_peese,
    test_funnel_asymmetry, trim_and_fill,
};
use kmeta_trial_data::EffectMeasure;

/// Events and others of the vaccinated, of the controls.
const BCG: [[u32; 4]; 13] = [
    [4, 119, 11, 128],
    [6, 300, 29, 274],
    [3, 228, 11, 209],
    [62, 13536, 248, 12619],
    [33, 5036, 47, 5761],
    [180, 1361, 372, 1079],
    [8, 2537, 10, 619],
    [505, 87886, 499, 87892],
    [29, 7470, 45, 7232],
    [17, 1699, 65, 1600],
    [186, 50448, 141, 27197],
    [5, 2493, 3, 2338],
    [27, 16886, 29, 17825],
];

fn bcg() -> Vec<FunnelStudy> {
    BCG.iter()
        .enumerate()
        .map(|(row, counts)| {
            let [a, b, c, d] = counts.map(f64::from);
            FunnelStudy {
                trial: format!("trial {row}"),
                label: format!("Trial {row}"),
                value: (a / (a + b)).ln() - (c / (c + d)).ln(),
                variance: 1.0 / a - 1.0 / (a + b) + 1.0 / c - 1.0 / (c + d),
                size: StudySize::TwoArms {
                    events: counts[0],
                    total: counts[0] + counts[1],
                    control_events: counts[2],
                    control_total: counts[2] + counts[3],
                },
            }
        })
        .collect()
}

fn answer(studies: &[FunnelStudy], test: FunnelTest, continuity_correction: bool) -> FunnelTestAnswer {
    let options =
        FunnelTestOptions { tests: vec![test], continuity_correction, ..FunnelTestOptions::default() };
    test_funnel_asymmetry(studies, &options).unwrap().results[0].answer().unwrap().clone()
}

/// `regtest(y, v, ni = n, model = "lm", predictor = "ninv")`
#[test]
fn inverse_sample_size() {
    let ours = answer(&bcg(), FunnelTest::InverseSampleSize, false);
    assert_relative_eq!(ours.statistic, -1.4484695606206, max_relative = 1e-10);
    assert_relative_eq!(ours.p_value, 0.1753843654445, max_relative = 1e-10);
    assert_relative_eq!(ours.limit.unwrap().value, -0.3490664273298, max_relative = 1e-10);
}

/// `summary(lm(logit ~ I(1/n), weights = x * (n - x) / n))` of the vaccinated arms.
#[test]
fn peters_of_single_proportions() {
    let studies: Vec<FunnelStudy> = bcg()
        .into_iter()
        .zip(BCG)
        .map(|(study, [events, others, ..])| {
            let (x, y) = (f64::from(events), f64::from(others));
            let size = StudySize::OneArm { events, total: events + others };
            FunnelStudy { value: (x / y).ln(), variance: 1.0 / x + 1.0 / y, size, ..study }
        })
        .collect();
    let ours = answer(&studies, FunnelTest::Peters, false);
    assert_relative_eq!(ours.bias, 816.634_884_113_3, max_relative = 1e-10);
    assert_relative_eq!(ours.standard_error, 532.769_718_892_6, max_relative = 1e-10);
    assert_relative_eq!(ours.p_value, 1.535646026360e-01, max_relative = 1e-10);
}

/// `cor.test(standardized, v, method = "kendall", exact = TRUE)`, and `exact = FALSE, continuity = TRUE`.
#[test]
fn exact_and_corrected_rank_tests() {
    let ours = answer(&bcg(), FunnelTest::Begg, true);
    assert_relative_eq!(ours.exact_p_value.unwrap(), 0.95236190796087, max_relative = 1e-12);
    assert_relative_eq!(ours.kendall_tau.unwrap(), 0.02564102564103, max_relative = 1e-12);
    assert_relative_eq!(ours.p_value, 0.95135213095440, max_relative = 1e-12);
    assert_relative_eq!(ours.statistic, 0.06100888760866, max_relative = 1e-12);
}

/// `summary(lm(y ~ s, weights = 1/v))`, `summary(lm(y ~ v, weights = 1/v))` and their `confint`.
#[test]
fn pet_and_peese() {
    let ours = pet_peese(&bcg(), &PetPeeseOptions::default()).unwrap();
    let pet = &ours.pet;
    assert_relative_eq!(pet.value, -0.1909286423598, max_relative = 1e-10);
    assert_relative_eq!(pet.standard_error, 0.2200849495487, max_relative = 1e-10);
    assert_relative_eq!(pet.p_value.unwrap(), 0.4041839817056, max_relative = 1e-10);
    assert_relative_eq!(pet.interval.lower, -0.6753323502761, max_relative = 1e-10);
    assert_relative_eq!(pet.interval.upper, 0.2934750655564, max_relative = 1e-10);
    assert_relative_eq!(ours.asymmetry, -2.1120421208933, max_relative = 1e-10);
    assert_relative_eq!(ours.asymmetry_p_value, 0.1887069950820, max_relative = 1e-10);
    assert_relative_eq!(ours.peese.value, -0.37995350642827, max_relative = 1e-10);
    assert_relative_eq!(ours.peese.p_value.unwrap(), 0.03423912427204, max_relative = 1e-10);
    assert_relative_eq!(ours.peese.interval.lower, -0.72607006976668, max_relative = 1e-10);
    // PET's intercept does not differ from 0.
    assert_eq!(ours.chosen, PetOrPeese::Pet);
    let lenient = PetPeeseOptions { significance_level: 0.45, ..PetPeeseOptions::default() };
    assert_eq!(pet_peese(&bcg(), &lenient).unwrap().chosen, PetOrPeese::Peese);
}

/// `t2 <- rma(y, v, control = list(threshold = 1e-14))$tau2; m <- rma(y, v + t2, mods = ~ sqrt(v + t2), method = "FE")`,
/// `predict(m, newmods = sqrt(t2))`; Q of `rma(y, v, method = "FE")` and of `rma(y, v, mods = ~ s, method = "FE")`.
#[test]
fn limit() {
    let options = LimitOptions { measure: EffectMeasure::LogRiskRatio, ..LimitOptions::default() };
    let ours = limit_meta_analysis(&bcg(), &options).unwrap();
    assert_relative_eq!(ours.slope, -0.04737884665739, max_relative = 1e-7);
    assert_relative_eq!(ours.intercept, -1.04096557984287, max_relative = 1e-8);
    assert_relative_eq!(ours.slope_standard_error, 1.20026152109051, max_relative = 1e-8);
    assert_relative_eq!(ours.intercept_standard_error, 1.85165114772113, max_relative = 1e-8);
    let adjusted = &ours.adjusted;
    assert_relative_eq!(adjusted.value, -0.6299879091625, max_relative = 1e-8);
    assert_relative_eq!(adjusted.standard_error, 0.2343872541668, max_relative = 1e-8);
    assert_relative_eq!(adjusted.interval.lower, -1.0893784857646, max_relative = 1e-8);
    assert_relative_eq!(adjusted.shown, (-0.6299879091625_f64).exp(), max_relative = 1e-8);
    assert_relative_eq!(ours.q, 152.2330080824, max_relative = 1e-10);
    assert_relative_eq!(ours.q_residual, 129.1743203423, max_relative = 1e-10);
    assert_relative_eq!(ours.q_small_study + ours.q_residual, ours.q, max_relative = 1e-12);
}

/// Without heterogeneity the limit is the intercept of Egger's line.
#[test]
fn limit_of_alike_studies() {
    let studies: Vec<FunnelStudy> =
        bcg().into_iter().map(|study| FunnelStudy { variance: 1e3 * study.variance, ..study }).collect();
    let limit = limit_meta_analysis(&studies, &LimitOptions::default()).unwrap();
    assert_eq!(limit.tau_squared, 0.0);
    let egger = answer(&studies, FunnelTest::Egger, false).limit.unwrap();
    assert_relative_eq!(limit.adjusted.value, egger.value, max_relative = 1e-12);
    assert!(limit.studies.iter().all(|study| study.limit == limit.slope));
}

/// `fsn(y, v, type = "Orwin", target = 0.1)` without and with `weighted = TRUE`.
#[test]
fn orwin_with_and_without_weights() {
    let number = |weighted| {
        let options = FailSafeOptions {
            method: FailSafeMethod::Orwin,
            target: Some(0.1),
            weighted,
            ..FailSafeOptions::default()
        };
        fail_safe_number(&bcg(), &options).unwrap().number
    };
    assert_eq!((number(false), number(true)), (84.0, 43.0));
    let zero =
        FailSafeOptions { method: FailSafeMethod::Orwin, target: Some(0.0), ..FailSafeOptions::default() };
    assert_eq!(fail_safe_number(&bcg(), &zero).unwrap_err(), PoolError::InvalidTarget { target: 0.0 });
}

/// Turning all effects round turns the side and the answer round.
#[test]
fn trim_and_fill_mirrors() {
    let turned: Vec<FunnelStudy> =
        bcg().into_iter().map(|study| FunnelStudy { value: -study.value, ..study }).collect();
    let (one, other) = (
        trim_and_fill(&bcg(), &TrimAndFillOptions::default()).unwrap(),
        trim_and_fill(&turned, &TrimAndFillOptions::default()).unwrap(),
    );
    assert_eq!((one.side, other.side), (FunnelSide::Right, FunnelSide::Left));
    assert_eq!(one.missing_studies, other.missing_studies);
    let value = |one: &kmeta_evidence_pool::TrimAndFill| one.adjusted.random.value;
    assert_relative_eq!(value(&one), -value(&other), max_relative = 1e-12);
}

#[test]
fn few_studies_are_answered_on_request_only() {
    let studies = &bcg()[..9];
    let tests = vec![FunnelTest::Egger, FunnelTest::Begg];
    let by_default = FunnelTestOptions { tests: tests.clone(), ..FunnelTestOptions::default() };
    for result in test_funnel_asymmetry(studies, &by_default).unwrap().results {
        match result.outcome {
            FunnelTestOutcome::NotAnswered { reason, message } => {
                assert_eq!(reason, NotAnsweredReason::FewStudies);
                assert!(message.starts_with("9 studies"), "{message}");
            }
            FunnelTestOutcome::Answered(_) => panic!("{:?} answered", result.test),
        }
    }
    let on_request = FunnelTestOptions { minimum_studies: 0, ..by_default };
    let found = test_funnel_asymmetry(studies, &on_request).unwrap();
    assert!(found.results.iter().all(|result| result.answer().is_some()));
    assert!(found.findings.iter().any(|finding| finding.code == "funnel-test-low-power"));
    // Two studies have no error, whatever is asked.
    let found = test_funnel_asymmetry(&bcg()[..2], &on_request).unwrap();
    assert!(found.results.iter().all(|result| result.answer().is_none()));
}

fn reason(studies: &[FunnelStudy], test: FunnelTest) -> NotAnsweredReason {
    let options = FunnelTestOptions { tests: vec![test], minimum_studies: 3, ..FunnelTestOptions::default() };
    match &test_funnel_asymmetry(studies, &options).unwrap().results[0].outcome {
        FunnelTestOutcome::NotAnswered { reason, .. } => *reason,
        FunnelTestOutcome::Answered(answer) => panic!("{answer:?}"),
    }
}

#[test]
fn tests_without_an_answer_say_why() {
    let alike: Vec<FunnelStudy> =
        bcg().into_iter().map(|study| FunnelStudy { variance: 0.1, ..study }).collect();
    for test in [FunnelTest::Egger, FunnelTest::MixedEgger, FunnelTest::ThompsonSharp, FunnelTest::Begg] {
        assert_eq!(reason(&alike, test), NotAnsweredReason::EqualPredictors);
    }
    let on_a_line: Vec<FunnelStudy> =
        bcg().into_iter().map(|study| FunnelStudy { value: 2.0 * study.variance.sqrt(), ..study }).collect();
    assert_eq!(reason(&on_a_line, FunnelTest::Egger), NotAnsweredReason::PerfectFit);
    let unknown: Vec<FunnelStudy> =
        bcg().into_iter().map(|study| FunnelStudy { size: StudySize::Unknown, ..study }).collect();
    for test in [FunnelTest::Peters, FunnelTest::Harbord, FunnelTest::Deeks, FunnelTest::Macaskill] {
        assert_eq!(reason(&unknown, test), NotAnsweredReason::NoCounts);
    }
    let no_events = StudySize::TwoArms { events: 0, total: 10, control_events: 0, control_total: 12 };
    let empty: Vec<FunnelStudy> =
        bcg().into_iter().map(|study| FunnelStudy { size: no_events, ..study }).collect();
    for test in [FunnelTest::Peters, FunnelTest::Harbord, FunnelTest::Schwarzer] {
        assert_eq!(reason(&empty, test), NotAnsweredReason::FewStudies);
    }
    let all_events = StudySize::TwoArms { events: 10, total: 10, control_events: 1, control_total: 12 };
    let mut one_sided: Vec<FunnelStudy> = bcg();
    one_sided[0].size = all_events;
    assert!(answer(&one_sided, FunnelTest::Schwarzer, false).statistic.is_finite());
}

#[test]
fn unusable_input_is_named() {
    let alike: Vec<FunnelStudy> =
        bcg().into_iter().map(|study| FunnelStudy { variance: 0.1, ..study }).collect();
    assert!(matches!(
        trim_and_fill(&alike, &TrimAndFillOptions::default()),
        Err(PoolError::EqualPrecision { .. })
    ));
    let left = TrimAndFillOptions { side: FunnelSide::Left, ..TrimAndFillOptions::default() };
    assert!(trim_and_fill(&alike, &left).is_ok());
    assert!(matches!(pet_peese(&alike, &PetPeeseOptions::default()), Err(PoolError::EqualPrecision { .. })));
    assert!(matches!(
        limit_meta_analysis(&alike, &LimitOptions::default()),
        Err(PoolError::EqualPrecision { .. })
    ));
    for few in [0, 1, 2] {
        assert!(trim_and_fill(&bcg()[..few], &TrimAndFillOptions::default()).is_err());
        assert!(pet_peese(&bcg()[..few], &PetPeeseOptions::default()).is_err());
        assert!(limit_meta_analysis(&bcg()[..few], &LimitOptions::default()).is_err());
    }
    assert_eq!(fail_safe_number(&bcg()[..1], &FailSafeOptions::default()).unwrap().studies, 1);
    let freeman_tukey = LimitOptions { measure: EffectMeasure::FreemanTukey, ..LimitOptions::default() };
    assert!(matches!(limit_meta_analysis(&bcg(), &freeman_tukey), Err(PoolError::WrongMeasure { .. })));
    let mut studies = bcg();
    studies[3].size = StudySize::OneArm { events: 5, total: 4 };
    assert!(matches!(
        test_funnel_asymmetry(&studies, &FunnelTestOptions::default()),
        Err(PoolError::EventsAboveTotal { events: 5, total: 4, .. })
    ));
    studies[3].variance = f64::INFINITY;
    assert!(matches!(
        test_funnel_asymmetry(&studies, &FunnelTestOptions::default()),
        Err(PoolError::InvalidVariance { .. })
    ));
    let options = PetPeeseOptions { significance_level: 0.95, ..PetPeeseOptions::default() };
    assert!(matches!(pet_peese(&bcg(), &options), Err(PoolError::InvalidSignificance { .. })));
}

/// Equal effects leave nothing to fill and no NaN.
#[test]
fn equal_effects() {
    let studies: Vec<FunnelStudy> =
        bcg().into_iter().map(|study| FunnelStudy { value: 0.25, ..study }).collect();
    let filled = trim_and_fill(&studies, &TrimAndFillOptions::default()).unwrap();
    assert_relative_eq!(filled.adjusted.random.value, 0.25, max_relative = 1e-12);
    assert_eq!(filled.missing_studies, Some(0));
    assert_eq!(reason(&studies, FunnelTest::Egger), NotAnsweredReason::PerfectFit);
    let limit = limit_meta_analysis(&studies, &LimitOptions::default()).unwrap();
    assert_relative_eq!(limit.adjusted.value, 0.25, max_relative = 1e-10);
}
