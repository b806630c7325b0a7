//! The grid-free survival curve on simulated trials with a known truth, and on input that is easy to get wrong.

use approx::assert_relative_eq;
use kmeta_evidence_pool::{
    GridFreeOptions, PoolError, SurvivalOptions, TrialPatients, pool_grid_free_survival, pool_survival,
};
use kmeta_numerics::streams::{random_stream, standard_normal, uniform};
use kmeta_survival_estimate::{IntervalType, KaplanMeier};
use kmeta_trial_data::{IntervalMethod, PatientRecord, PooledSurvival, Provenance};

fn trial(name: &str, patients: Vec<PatientRecord>) -> TrialPatients {
    TrialPatients {
        trial: name.to_owned(),
        label: name.to_owned(),
        patients,
        provenance: Provenance::printed("simulated"),
    }
}

/// Trials with exponential survival, hazard exp(log_hazard + τ z), administrative censoring at a follow-up of its
/// own drawn between half of `follow_up` and all of it.
fn simulated(
    seed: u64,
    trials: usize,
    size: usize,
    log_hazard: f64,
    tau: f64,
    follow_up: f64,
) -> Vec<TrialPatients> {
    (0..trials)
        .map(|index| {
            let mut stream = random_stream(seed, &format!("trial {index}"));
            let hazard = (log_hazard + tau * standard_normal(&mut stream).unwrap()).exp();
            let end = follow_up * (0.5 + 0.5 * uniform(&mut stream));
            let patients = (0..size)
                .map(|_| {
                    let time = -uniform(&mut stream).ln() / hazard;
                    PatientRecord { time: time.min(end), event: time <= end }
                })
                .collect();
            trial(&format!("trial {index}"), patients)
        })
        .collect()
}

fn at(times: &[f64]) -> GridFreeOptions {
    GridFreeOptions { times: times.to_vec(), ..GridFreeOptions::default() }
}

/// Equally spaced times up to 30.
fn grid(intervals: u32) -> Vec<f64> {
    (1..=intervals).map(|step| 30.0 * f64::from(step) / f64::from(intervals)).collect()
}

fn last(result: &PooledSurvival) -> f64 {
    result.random.last().unwrap().survival
}

/// Ten trials of 60 patients, S(30) = 0.18: the curve does not know how finely it is asked, while the summary
/// curve sinks.
#[test]
fn from_6_to_120_intervals_the_curve_stays() {
    let trials = simulated(3, 10, 60, (-(0.18_f64.ln()) / 30.0).ln(), 0.0, 80.0);
    let all: Vec<PatientRecord> = trials.iter().flat_map(|trial| trial.patients.clone()).collect();
    let together = KaplanMeier::fit(&all).unwrap().survival_at(30.0);
    let coarse = pool_grid_free_survival(&trials, &at(&grid(6))).unwrap();
    let fine = pool_grid_free_survival(&trials, &at(&grid(120))).unwrap();
    assert_eq!(last(&coarse), last(&fine));
    assert!((last(&coarse) - together).abs() < 0.01, "{} {together}", last(&coarse));
    let summary = |intervals| {
        let options =
            SurvivalOptions { times: grid(intervals), median_draws: 0, ..SurvivalOptions::default() };
        last(&pool_survival(&trials, &options).unwrap())
    };
    assert!(summary(6) - summary(120) > 0.1, "{} {}", summary(6), summary(120));
}

/// Share of simulated meta-analyses whose interval holds the truth, at each time, and the mean error.
fn coverage(repetitions: u64, trials: usize, size: usize, tau: f64, times: &[f64]) -> Vec<(f64, f64, f64)> {
    let hazard: f64 = 0.1;
    let mut counts = vec![(0.0, 0.0, 0.0); times.len()];
    for seed in 0..repetitions {
        let trials = simulated(seed, trials, size, hazard.ln(), tau, 30.0);
        let result = pool_grid_free_survival(&trials, &at(times)).unwrap();
        for (point, count) in result.random.iter().zip(&mut counts) {
            let truth = (-hazard * point.time).exp();
            let held = (point.interval.lower..=point.interval.upper).contains(&truth);
            count.0 += f64::from(u8::from(held)) / repetitions as f64;
            count.1 += (point.survival - truth) / repetitions as f64;
            let mut stream = random_stream(seed, "new trial");
            let new = (-hazard * (tau * standard_normal(&mut stream).unwrap()).exp() * point.time).exp();
            let predicted = point.prediction.is_none_or(|band| (band.lower..=band.upper).contains(&new));
            count.2 += f64::from(u8::from(predicted)) / repetitions as f64;
        }
    }
    counts
}

/// `examples/grid_free_coverage.rs` does the same with 2,000. 200 meta-analyses of 8 trials of 50: a coverage of 95 % has a standard error of 1.5 %.
#[test]
fn intervals_hold_the_truth() {
    for tau in [0.0, 0.4] {
        for (covered, bias, predicted) in coverage(200, 8, 50, tau, &[3.0, 7.0, 14.0]) {
            assert!(covered > 0.915, "tau {tau}: {covered}");
            assert!(bias.abs() < 0.012, "tau {tau}: {bias}");
            assert!(predicted > 0.90, "tau {tau}: {predicted}");
        }
    }
}

/// One trial is its own Kaplan-Meier curve with the log-log interval of R `survfit(conf.type = "log-log")`.
#[test]
fn one_trial_is_its_kaplan_meier_curve() {
    let trials = simulated(1, 1, 40, 0.1_f64.ln(), 0.0, 20.0);
    let options = GridFreeOptions { interval: IntervalMethod::Wald, ..at(&[2.0, 5.0, 9.0]) };
    let result = pool_grid_free_survival(&trials, &options).unwrap();
    let fit = KaplanMeier::fit(&trials[0].patients).unwrap();
    let intervals = fit.intervals(0.95, IntervalType::LogLog).unwrap();
    for point in &result.random {
        let index = fit.times().partition_point(|&time| time <= point.time) - 1;
        assert_relative_eq!(point.survival, intervals[index].survival, max_relative = 1e-12);
        assert_relative_eq!(point.interval.lower, intervals[index].lower.unwrap(), max_relative = 1e-9);
        assert_relative_eq!(point.interval.upper, intervals[index].upper.unwrap(), max_relative = 1e-9);
    }
    let horizon = 9.0;
    let expected = fit.restricted_mean_survival_time(horizon).unwrap();
    let mean = result.restricted_mean.unwrap();
    assert_relative_eq!(mean.mean, expected.mean, max_relative = 1e-12);
    let reach = 0.5 * (mean.interval.unwrap().upper - mean.interval.unwrap().lower);
    assert_relative_eq!(reach, 1.959963984540054 * expected.standard_error, max_relative = 1e-9);
}

#[test]
fn a_median_limit_that_is_not_reached_is_absent() {
    let trials = simulated(5, 6, 40, 0.045_f64.ln(), 0.3, 20.0);
    let result = pool_grid_free_survival(&trials, &at(&[6.0, 12.0])).unwrap();
    assert!(result.median_lower.is_some() && result.median.is_some(), "{:?}", result.median);
    assert_eq!(result.median_upper, None);
    assert!(result.median_lower < result.median);
}

#[test]
fn curve_and_bands_are_monotone_and_nested() {
    let trials = simulated(9, 5, 30, 0.1_f64.ln(), 0.5, 30.0);
    let result = pool_grid_free_survival(&trials, &at(&grid(60))).unwrap();
    assert!(result.random.windows(2).all(|pair| pair[1].survival <= pair[0].survival));
    for point in result.random.iter().filter(|point| point.tau_squared.is_some()) {
        let band = point.prediction.unwrap();
        let steps =
            [0.0, band.lower, point.interval.lower, point.survival, point.interval.upper, band.upper, 1.0];
        assert!(steps.windows(2).all(|pair| pair[0] <= pair[1]), "{steps:?}");
    }
}

#[test]
fn times_before_the_first_event_have_the_exact_interval() {
    let patients: Vec<PatientRecord> =
        (1..=20).map(|index| PatientRecord { time: f64::from(index), event: index >= 5 }).collect();
    let result = pool_grid_free_survival(&[trial("late", patients)], &at(&[1.0, 6.0])).unwrap();
    assert_eq!(result.random[0].survival, 1.0);
    assert_relative_eq!(result.random[0].interval.lower, 0.025_f64.powf(1.0 / 20.0), max_relative = 1e-12);
    assert!(result.random[1].survival < 1.0);
}

#[test]
fn trials_without_events_and_curves_that_reach_zero_are_named() {
    let censored = (1..=9).map(|index| PatientRecord { time: f64::from(index), event: false }).collect();
    let dead: Vec<PatientRecord> =
        (1..=6).map(|index| PatientRecord { time: f64::from(index), event: true }).collect();
    let both = [trial("censored", censored), trial("dead", dead)];
    let result = pool_grid_free_survival(&both, &at(&[2.0, 5.5, 8.0, 20.0])).unwrap();
    let codes: Vec<&str> = result.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(
        codes,
        ["times-beyond-follow-up", "trial-without-log-hazard", "curve-reaches-zero", "single-study"]
    );
    assert!(result.random.iter().all(|point| point.survival.is_finite() && point.interval.lower.is_finite()));
    let only = pool_grid_free_survival(&both[..1], &at(&[3.0])).unwrap();
    assert_eq!((only.random[0].survival, only.median), (1.0, None));
    assert_eq!(only.restricted_mean.unwrap().interval, None);
    let at_once = trial("at once", vec![PatientRecord { time: 1.0, event: true }; 3]);
    assert!(pool_grid_free_survival(&[at_once], &at(&[0.5])).unwrap().random[0].survival == 1.0);
}

#[test]
fn bad_input_is_named() {
    let one = trial("one", vec![PatientRecord { time: 2.0, event: true }]);
    let pool = |trials: &[TrialPatients], options: &GridFreeOptions| pool_grid_free_survival(trials, options);
    assert_eq!(pool(&[], &at(&[1.0])), Err(PoolError::NoStudies));
    assert_eq!(pool(std::slice::from_ref(&one), &at(&[])), Err(PoolError::NoTimes));
    assert!(matches!(pool(std::slice::from_ref(&one), &at(&[3.0])), Err(PoolError::NoFollowUp { .. })));
    assert!(matches!(pool(&[one.clone(), one.clone()], &at(&[1.0])), Err(PoolError::DuplicateTrial { .. })));
    let horizon = GridFreeOptions { restricted_mean_horizon: Some(9.0), ..at(&[1.0]) };
    assert!(matches!(pool(std::slice::from_ref(&one), &horizon), Err(PoolError::InvalidHorizon { .. })));
    let interval = GridFreeOptions { interval: IntervalMethod::KenwardRoger, ..at(&[1.0]) };
    assert!(matches!(pool(std::slice::from_ref(&one), &interval), Err(PoolError::SettingsConflict { .. })));
    let level = GridFreeOptions { confidence_level: 1.0, ..at(&[1.0]) };
    assert!(matches!(pool(&[one], &level), Err(PoolError::InvalidLevel { .. })));
    assert!(matches!(pool(&[trial("empty", Vec::new())], &at(&[1.0])), Err(PoolError::Patients { .. })));
}
