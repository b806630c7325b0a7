//! What must hold for any patients, sums of pairs done one by one, and the distribution of MaxCombo under equal hazards.

use kmeta_numerics::streams::{random_stream, uniform};
use kmeta_survival_estimate::{
    CompetingRisksPatient, CoxData, CoxTerm, CumulativeIncidence, FlemingHarrington, IntervalType,
    KaplanMeier, MAX_COMBO_WEIGHTS, PredictorDirection, SurvivalError, Ties, concordance, cox_regression,
    cox_two_arms, max_combo, weighted_log_rank,
};
use kmeta_trial_data::PatientRecord;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const INTERVALS: [IntervalType; 5] = [
    IntervalType::Plain,
    IntervalType::Log,
    IntervalType::LogLog,
    IntervalType::Arcsine,
    IntervalType::Logit,
];

/// Whole months, so that many are tied.
fn patients(range: std::ops::Range<usize>) -> impl Strategy<Value = Vec<PatientRecord>> {
    let one = (0_u32..15, any::<bool>());
    prop::collection::vec(one.prop_map(|(time, event)| PatientRecord { time: f64::from(time), event }), range)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        rng_seed: RngSeed::Fixed(1958),
        ..ProptestConfig::default()
    })]

    #[test]
    fn survival_falls_within_its_limits(patients in patients(1..60), level in 0.01_f64..0.999) {
        let fit = KaplanMeier::fit(&patients).unwrap();
        prop_assert!(fit.survival().windows(2).all(|pair| pair[1] <= pair[0]));
        for interval in INTERVALS {
            for limits in fit.intervals(level, interval).unwrap() {
                let (Some(lower), Some(upper)) = (limits.lower, limits.upper) else {
                    prop_assert_eq!(limits.survival, 0.0);
                    continue;
                };
                prop_assert!(0.0 <= lower && upper <= 1.0);
                prop_assert!(lower <= limits.survival + 1e-12 && limits.survival <= upper + 1e-12);
            }
            let mut last = 0.0;
            for p in [0.2, 0.5, 0.8] {
                let Some(time) = fit.quantile(p).unwrap() else { break };
                prop_assert!(time >= last);
                last = time;
            }
        }
    }

    #[test]
    fn tests_do_not_depend_on_labels(one in patients(2..40), two in patients(2..40), rho in 0.0_f64..2.0) {
        let weight = FlemingHarrington::new(rho, 0.5).unwrap();
        let (test, swapped) = (weighted_log_rank(&[&one, &two], weight), weighted_log_rank(&[&two, &one], weight));
        match (test, swapped) {
            (Ok(test), Ok(swapped)) => {
                prop_assert!((test.test.chi_squared - swapped.test.chi_squared).abs() < 1e-9);
                prop_assert!((0.0..=1.0).contains(&test.test.p_value));
            }
            (test, swapped) => prop_assert_eq!(test, swapped),
        }
        let combined = (max_combo(&one, &two, &MAX_COMBO_WEIGHTS), max_combo(&two, &one, &MAX_COMBO_WEIGHTS));
        if let (Ok(test), Ok(swapped)) = combined {
            prop_assert!((test.p_value - swapped.p_value).abs() < 1e-8);
            let least = test.parts.iter().map(|part| part.z.abs()).fold(0.0, f64::max);
            let single = kmeta_numerics::distributions::normal_two_sided(least);
            // Between the smallest p value and Bonferroni's.
            prop_assert!(single - 1e-9 <= test.p_value && test.p_value <= (4.0 * single).min(1.0) + 1e-9);
        }
    }

    #[test]
    fn cox_of_two_arms_is_the_general_model(one in patients(2..30), two in patients(2..30)) {
        let all = [one.clone(), two.clone()].concat();
        let arm = (0..all.len()).map(|row| f64::from(u8::from(row >= one.len()))).collect();
        let terms = [CoxTerm::number("arm", arm)];
        let data = CoxData { patients: &all, terms: &terms, strata: &[] };
        for ties in [Ties::Efron, Ties::Breslow, Ties::Exact] {
            match (cox_two_arms(&one, &two, ties), cox_regression(&data, ties)) {
                (Ok(arms), Ok(general)) => {
                    let coefficient = &general.coefficients[0];
                    prop_assert!((arms.log_hazard_ratio - coefficient.value).abs() < 1e-7, "{ties:?}");
                    prop_assert!((arms.standard_error - coefficient.standard_error).abs() < 1e-7, "{ties:?}");
                    prop_assert!((arms.log_likelihood - general.log_likelihood).abs() < 1e-8, "{ties:?}");
                }
                (Err(arms), Err(_)) => {
                    let expected = matches!(
                        arms,
                        SurvivalError::MonotoneLikelihood { .. } | SurvivalError::NothingToCompare
                    );
                    prop_assert!(expected, "{arms}");
                }
                (arms, general) => prop_assert!(false, "{ties:?}: {arms:?} but {general:?}"),
            }
        }
    }

    #[test]
    fn incidences_and_survival_add_up(
        rows in prop::collection::vec((0_u32..12, prop::option::of(1_u32..4)), 1..60)
    ) {
        let patients: Vec<CompetingRisksPatient> = rows
            .iter()
            .map(|&(time, cause)| CompetingRisksPatient { time: f64::from(time), cause })
            .collect();
        let fit = CumulativeIncidence::fit(&patients).unwrap();
        for (index, free) in fit.event_free().iter().enumerate() {
            let sum: f64 = fit.causes().iter().map(|cause| cause.incidence[index]).sum();
            prop_assert!((free + sum - 1.0).abs() < 1e-12);
            prop_assert!(fit.causes().iter().all(|cause| cause.standard_error[index].is_finite()));
        }
        for cause in fit.causes() {
            prop_assert!(cause.incidence.windows(2).all(|pair| pair[1] >= pair[0]));
            for limits in cause.intervals(0.95, IntervalType::LogLog).unwrap().into_iter().flatten() {
                prop_assert!(0.0 <= limits.0 && limits.0 <= limits.1 && limits.1 <= 1.0);
            }
        }
    }

    #[test]
    fn concordance_is_a_count_of_pairs(
        rows in prop::collection::vec((0_u32..12, any::<bool>(), 0_u32..6, 0_u32..2), 2..40)
    ) {
        let patients: Vec<PatientRecord> =
            rows.iter().map(|&(time, event, ..)| PatientRecord { time: f64::from(time), event }).collect();
        let predictor: Vec<f64> = rows.iter().map(|row| f64::from(row.2)).collect();
        let strata: Vec<u32> = rows.iter().map(|row| row.3).collect();
        let mut counts = [0_u64; 5];
        for (i, one) in rows.iter().enumerate() {
            for (j, two) in rows.iter().enumerate().filter(|(_, two)| one.1 && two.3 == one.3) {
                let later = two.0 > one.0 || (two.0 == one.0 && !two.1);
                match two.2.cmp(&one.2) {
                    std::cmp::Ordering::Greater if later => counts[0] += 1,
                    std::cmp::Ordering::Less if later => counts[1] += 1,
                    std::cmp::Ordering::Equal if later => counts[2] += 1,
                    order if i < j && two.0 == one.0 && two.1 => counts[3 + usize::from(order.is_eq())] += 1,
                    _ => {}
                }
            }
        }
        match concordance(&patients, &predictor, &strata, PredictorDirection::LongerSurvival) {
            Ok(c) => {
                let ours = [c.concordant, c.discordant, c.tied_predictor, c.tied_time, c.tied_both];
                prop_assert_eq!(ours, counts);
                prop_assert!((0.0..=1.0).contains(&c.concordance) && c.standard_error.is_finite());
            }
            Err(error) => {
                prop_assert_eq!(error, SurvivalError::NoComparablePairs);
                prop_assert_eq!(counts[0] + counts[1] + counts[2], 0);
            }
        }
    }
}

/// `count` patients with covariate x from −1 to 1 and hazard e^(x/2), a quarter censored, times cut to `places`.
fn simulated(count: usize, places: f64) -> (Vec<PatientRecord>, Vec<f64>) {
    let mut stream = random_stream(20_251_121, "a covariate");
    let mut one = || {
        let covariate = 2.0 * uniform(&mut stream) - 1.0;
        let time = -uniform(&mut stream).ln() / (0.5 * covariate).exp();
        let event = uniform(&mut stream) < 0.75;
        (PatientRecord { time: (time * places).ceil() / places, event }, covariate)
    };
    (0..count).map(|_| one()).unzip()
}

/// Efron's log partial likelihood and score, each risk set summed anew.
fn brute_force(patients: &[PatientRecord], x: &[f64], beta: f64) -> (f64, f64) {
    let mut times: Vec<f64> = patients.iter().filter(|one| one.event).map(|one| one.time).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let (mut value, mut score) = (0.0, 0.0);
    for time in times {
        let sums = |chosen: &dyn Fn(&PatientRecord) -> bool| {
            let members = (0..x.len()).filter(|&row| chosen(&patients[row]));
            members.fold((0.0, 0.0), |sum, row| {
                (sum.0 + (x[row] * beta).exp(), sum.1 + x[row] * (x[row] * beta).exp())
            })
        };
        let tied = |one: &PatientRecord| one.event && one.time == time;
        let (all, with_event) = (sums(&|one| one.time >= time), sums(&tied));
        let events: Vec<usize> = (0..x.len()).filter(|&row| tied(&patients[row])).collect();
        for (earlier, &row) in events.iter().enumerate() {
            let removed = earlier as f64 / events.len() as f64;
            let weight = all.0 - removed * with_event.0;
            value += x[row] * beta - weight.ln();
            score += x[row] - (all.1 - removed * with_event.1) / weight;
        }
    }
    (value, score)
}

#[test]
fn cox_equals_sums_over_each_risk_set() {
    let (patients, x) = simulated(3000, 100.0);
    let terms = [CoxTerm::number("x", x.clone())];
    let fit =
        cox_regression(&CoxData { patients: &patients, terms: &terms, strata: &[] }, Ties::Efron).unwrap();
    let (value, score) = brute_force(&patients, &x, fit.coefficients[0].value);
    assert!((value / fit.log_likelihood - 1.0).abs() < 1e-12, "{value} and {}", fit.log_likelihood);
    assert!(score.abs() * fit.coefficients[0].standard_error < 1e-8, "score {score}");
    assert!((brute_force(&patients, &x, 0.0).0 / fit.log_likelihood_null - 1.0).abs() < 1e-12);
}

/// Copying all patients m times with Breslow's ties multiplies score and information by m: 3,000 × 100 patients must
/// give the coefficient of 3,000 and a tenth of its error. The last bits of a sum over 300,000 are allowed for.
#[test]
fn many_copies_give_the_same_coefficient() {
    let (patients, x) = simulated(3000, 1e6);
    let fit = |patients: &[PatientRecord], x: Vec<f64>| {
        let terms = [CoxTerm::number("x", x)];
        cox_regression(&CoxData { patients, terms: &terms, strata: &[] }, Ties::Breslow).unwrap()
    };
    let (once, often) = (fit(&patients, x.clone()), fit(&patients.repeat(100), x.repeat(100)));
    let (once, often) = (&once.coefficients[0], &often.coefficients[0]);
    assert!((often.value / once.value - 1.0).abs() < 1e-10, "{} and {}", often.value, once.value);
    assert!((10.0 * often.standard_error / once.standard_error - 1.0).abs() < 1e-10);
    // The truth is 1/2.
    assert!((once.value - 0.5).abs() < 3.0 * once.standard_error);
}

/// Under equal hazards p values are uniform: of 1,000 simulated trials the share below 0.05, 0.2 and 0.5 must be so
/// within four standard errors, one- and two-sided, and the tests must correlate as stated.
#[test]
fn max_combo_keeps_its_level() {
    let mut stream = random_stream(7, "max combo");
    let trials = 1000;
    let (mut two_sided, mut one_sided) = (Vec::new(), Vec::new());
    let (mut product, mut stated) = (0.0, 0.0);
    for _ in 0..trials {
        let mut arm = || -> Vec<PatientRecord> {
            let mut one = || {
                let (time, end) = (-uniform(&mut stream).ln(), 0.5 + 1.5 * uniform(&mut stream));
                PatientRecord { time: time.min(end), event: time <= end }
            };
            (0..100).map(|_| one()).collect()
        };
        let (reference, treated) = (arm(), arm());
        let test = max_combo(&reference, &treated, &MAX_COMBO_WEIGHTS).unwrap();
        two_sided.push(test.p_value);
        one_sided.push(test.p_value_treated_better);
        product += test.parts[1].z * test.parts[3].z / f64::from(trials);
        stated += test.correlation[1][3] / f64::from(trials);
    }
    for (side, values) in [("two-sided", two_sided), ("one-sided", one_sided)] {
        for level in [0.05, 0.2, 0.5] {
            let share = values.iter().filter(|&&p| p < level).count() as f64 / f64::from(trials);
            let error = (level * (1.0 - level) / f64::from(trials)).sqrt();
            assert!((share - level).abs() < 4.0 * error, "{side} {level}: {share}");
        }
    }
    assert!((product - stated).abs() < 4.0 / f64::from(trials).sqrt(), "{product} and {stated}");
}

/// The order of the weights decides in which order the integral is taken, not what it is; also with four weights of
/// which none follows from the others.
#[test]
fn max_combo_does_not_depend_on_the_order() {
    let (all, _) = simulated(300, 20.0);
    let (reference, treated) = all.split_at(140);
    let [log_rank, late, middle, early] = MAX_COMBO_WEIGHTS;
    let other = FlemingHarrington::new(0.5, 0.0).unwrap();
    for weights in [[log_rank, late, middle, early], [log_rank, late, middle, other]] {
        let [a, b, c, d] = weights;
        let first = max_combo(reference, treated, &weights).unwrap();
        for order in [[d, c, b, a], [b, d, a, c], [c, a, d, b]] {
            let test = max_combo(reference, treated, &order).unwrap();
            assert!((test.p_value / first.p_value - 1.0).abs() < 1e-9, "{} {}", test.p_value, first.p_value);
            let (ours, theirs) = (test.p_value_treated_better, first.p_value_treated_better);
            assert!((ours / theirs - 1.0).abs() < 1e-9, "{ours} {theirs}");
        }
    }
}
