//! Two-arm survival: input that cannot be used, trials without an estimate, and answers known by reasoning.

use kmeta_evidence_pool::{
    PoolError, TrialHazardRatio, TwoArmModel, TwoArmSurvivalOptions, TwoArmTrial, pool_two_arm_survival,
};
use kmeta_trial_data::{PatientRecord, Provenance};

fn arm(events: &[f64], censored: &[f64]) -> Vec<PatientRecord> {
    let record = |event| move |&time: &f64| PatientRecord { time, event };
    events.iter().map(record(true)).chain(censored.iter().map(record(false))).collect()
}

fn trial(name: &str, treated: Vec<PatientRecord>, control: Vec<PatientRecord>) -> TwoArmTrial {
    TwoArmTrial {
        trial: name.to_owned(),
        label: name.to_owned(),
        subgroup: None,
        treated,
        control,
        provenance: Provenance::printed("test"),
    }
}

/// Two ordinary trials, one in which only controls have the event.
fn trials() -> Vec<TwoArmTrial> {
    vec![
        trial("first", arm(&[3.0, 7.0, 9.0], &[12.0]), arm(&[1.0, 4.0, 5.0, 8.0], &[])),
        trial("second", arm(&[2.0, 6.0], &[11.0]), arm(&[2.5, 3.0, 10.0], &[12.0])),
        trial("one-sided", arm(&[], &[9.0, 10.0, 11.0]), arm(&[4.0, 6.0], &[9.0])),
    ]
}

fn with(model: TwoArmModel) -> TwoArmSurvivalOptions {
    TwoArmSurvivalOptions { model, ..TwoArmSurvivalOptions::default() }
}

#[test]
fn unstratified_models_are_refused_with_the_reason() {
    let error = pool_two_arm_survival(&trials(), &with(TwoArmModel::Unstratified)).unwrap_err();
    assert_eq!(error, PoolError::UnstratifiedModel);
    let text = error.to_string();
    assert!(
        text.contains("Simpson") && text.contains("clustering") && text.contains("one-stage-common"),
        "{text}"
    );
}

#[test]
fn a_trial_without_estimate_is_left_out_and_named() {
    let pooled = pool_two_arm_survival(&trials(), &TwoArmSurvivalOptions::default()).unwrap();
    let row = &pooled.trials[2];
    assert!(row.hazard_ratio.is_none() && row.not_estimable.as_ref().unwrap().contains("runs to 0"));
    assert_eq!(pooled.two_stage.unwrap().studies.len(), 2);
    let finding = pooled.findings.iter().find(|finding| finding.place == "trial `one-sided`").unwrap();
    assert_eq!(finding.code, "trial-left-out");
    // The log-rank estimate is finite.
    let log_rank = TwoArmSurvivalOptions {
        trial_hazard_ratio: TrialHazardRatio::LogRank,
        ..TwoArmSurvivalOptions::default()
    };
    let pooled = pool_two_arm_survival(&trials(), &log_rank).unwrap();
    assert_eq!(pooled.two_stage.unwrap().studies.len(), 3);
    // O₁ = 0 has no logarithm.
    let ratio = TwoArmSurvivalOptions {
        trial_hazard_ratio: TrialHazardRatio::ObservedExpectedRatio,
        ..TwoArmSurvivalOptions::default()
    };
    assert_eq!(pool_two_arm_survival(&trials(), &ratio).unwrap().two_stage.unwrap().studies.len(), 2);
}

/// Four patients, four event times.
#[test]
fn log_rank_estimates_by_hand() {
    let pair = [trial("pair", arm(&[1.0, 4.0], &[]), arm(&[2.0, 5.0], &[]))];
    let fit = |trial_hazard_ratio| {
        let options = TwoArmSurvivalOptions { trial_hazard_ratio, ..TwoArmSurvivalOptions::default() };
        pool_two_arm_survival(&pair, &options).unwrap().trials[0].hazard_ratio.clone().unwrap()
    };
    // At risk treated/control: 2/2, 1/2, 1/1, 0/1. E = 1/2 + 1/3 + 1/2, V = 1/4 + 2/9 + 1/4.
    let (expected, variance) = (4.0 / 3.0, 13.0 / 18.0);
    let one_step = fit(TrialHazardRatio::LogRank);
    assert!((one_step.value - (2.0 - expected) / variance).abs() < 1e-14);
    assert!((one_step.standard_error - (1.0_f64 / variance).sqrt()).abs() < 1e-14);
    let ratio = fit(TrialHazardRatio::ObservedExpectedRatio);
    let control = 4.0 - expected;
    assert!((ratio.value - ((2.0 / expected) / (2.0 / control)).ln()).abs() < 1e-14);
    assert!((ratio.standard_error - (1.0 / expected + 1.0 / control).sqrt()).abs() < 1e-14);
}

#[test]
fn one_stage_models_keep_a_one_sided_trial() {
    let common = pool_two_arm_survival(&trials(), &with(TwoArmModel::OneStageCommon)).unwrap();
    let one_stage = common.one_stage.unwrap();
    assert_eq!(one_stage.trials, 3);
    assert!(one_stage.heterogeneity_test.is_none());
    let two_trials = pool_two_arm_survival(&trials()[..2], &with(TwoArmModel::OneStageCommon)).unwrap();
    assert!(one_stage.hazard_ratio.value < two_trials.one_stage.as_ref().unwrap().hazard_ratio.value);
    assert!(two_trials.one_stage.unwrap().heterogeneity_test.is_some());
    let random = pool_two_arm_survival(&trials(), &with(TwoArmModel::OneStageRandom)).unwrap();
    let random = random.one_stage.unwrap();
    assert!(random.hazard_ratio.value.is_finite() && random.hazard_ratio.standard_error > 0.0);
    assert!(random.log_likelihood >= one_stage.log_likelihood - 1e-10);
}

/// With one trial the variance between trials cannot but be 0.
#[test]
fn one_trial() {
    let one = &trials()[..1];
    for model in [TwoArmModel::TwoStage, TwoArmModel::OneStageCommon] {
        let pooled = pool_two_arm_survival(one, &with(model)).unwrap();
        let own = pooled.trials[0].hazard_ratio.as_ref().unwrap().value;
        assert!((pooled.two_stage.unwrap().random.value - own).abs() < 1e-10);
        if let Some(one_stage) = pooled.one_stage {
            assert!((one_stage.hazard_ratio.value - own).abs() < 1e-9, "{model:?}");
        }
    }
    // One trial does not tell how much trials differ, nor do others that say nothing.
    let silent = trial("silent", arm(&[], &[1.0, 2.0]), arm(&[], &[3.0]));
    for trials in [one.to_vec(), vec![one[0].clone(), silent]] {
        let error = pool_two_arm_survival(&trials, &with(TwoArmModel::OneStageRandom)).unwrap_err();
        assert!(matches!(error, PoolError::TooFewStudies { found: 1, needed: 2, .. }), "{error}");
    }
}

#[test]
fn faults_are_told_in_words_of_the_input() {
    let mut faulty = trials()[0].clone();
    faulty.treated[1].time = f64::NAN;
    let error = pool_two_arm_survival(&[faulty], &with(TwoArmModel::TwoStage)).unwrap_err();
    let expected = "trial `first`: treated arm, patient 1 (counted from 0): follow-up time NaN";
    assert!(error.to_string().starts_with(&expected.replace("first", &trials()[0].trial)), "{error}");
    let one_sided = trial("one-sided", arm(&[], &[4.0, 5.0]), arm(&[1.0, 2.0], &[]));
    let all =
        [trials()[0].clone(), one_sided.clone(), TwoArmTrial { trial: "other".to_owned(), ..one_sided }];
    let options = TwoArmSurvivalOptions { piecewise_cuts: vec![1e6], ..with(TwoArmModel::TwoStage) };
    let pooled = pool_two_arm_survival(&all, &options).unwrap();
    let messages: Vec<&str> = pooled.findings.iter().map(|finding| finding.message.as_str()).collect();
    assert!(
        messages.iter().any(|message| message.contains("only the control arm had events")),
        "{messages:?}"
    );
    assert!(!messages.iter().any(|message| message.contains("reference")), "{messages:?}");
    let of_last: Vec<_> =
        pooled.findings.iter().filter(|finding| finding.place.contains("from 1000000")).collect();
    assert_eq!(of_last.len(), 1, "{messages:?}");
    assert!(of_last[0].message.contains("one-sided, other"), "{}", of_last[0].message);
}

#[test]
fn trials_without_events_or_with_events_in_one_arm_only() {
    let silent = [trial("silent", arm(&[], &[1.0, 2.0]), arm(&[], &[3.0]))];
    for model in [TwoArmModel::TwoStage, TwoArmModel::OneStageCommon, TwoArmModel::OneStageRandom] {
        let error = pool_two_arm_survival(&silent, &with(model)).unwrap_err();
        assert!(matches!(error, PoolError::NotEstimable { .. }), "{error}");
    }
    let one_sided = &trials()[2..];
    let error = pool_two_arm_survival(one_sided, &with(TwoArmModel::OneStageCommon)).unwrap_err();
    assert!(error.to_string().contains("runs to 0"), "{error}");
}

#[test]
fn restricted_means_by_hand_and_beyond_follow_up() {
    let all = [
        trial("short", arm(&[1.0], &[2.0]), arm(&[1.0], &[2.0])),
        trial("long", arm(&[2.0, 4.0], &[]), arm(&[1.0, 3.0], &[])),
    ];
    let options =
        TwoArmSurvivalOptions { restricted_mean_horizon: Some(3.0), ..TwoArmSurvivalOptions::default() };
    let pooled = pool_two_arm_survival(&all, &options).unwrap();
    let restricted = pooled.restricted_mean.unwrap();
    assert_eq!(restricted.left_out.len(), 1);
    assert!(restricted.left_out[0].reason.contains("follow-up"), "{}", restricted.left_out[0].reason);
    let difference = restricted.difference.unwrap();
    assert!((difference.random.value - 0.5).abs() < 1e-14); // 2.5 − 2
    assert!((restricted.log_ratio.unwrap().random.value - 1.25_f64.ln()).abs() < 1e-14);
}

/// The last interval has no patients of the first trial, and the cuts divide the events of the others.
#[test]
fn intervals_without_estimates() {
    let options =
        TwoArmSurvivalOptions { piecewise_cuts: vec![5.0, 100.0], ..TwoArmSurvivalOptions::default() };
    let pooled = pool_two_arm_survival(&trials(), &options).unwrap();
    let piecewise = pooled.piecewise.unwrap();
    assert_eq!(piecewise.intervals.len(), 3);
    assert!(piecewise.intervals[2].pooled.is_none());
    assert_eq!(piecewise.intervals[2].left_out.len(), 3);
    assert_eq!(piecewise.intervals[2].end, None);
}

#[test]
fn faults_of_the_input_are_named() {
    let default = TwoArmSurvivalOptions::default();
    let fault = |trials: &[TwoArmTrial], options: &TwoArmSurvivalOptions| {
        pool_two_arm_survival(trials, options).unwrap_err()
    };
    assert_eq!(fault(&[], &default), PoolError::NoStudies);
    let twice = [trials()[0].clone(), trials()[0].clone()];
    assert!(matches!(fault(&twice, &default), PoolError::DuplicateTrial { trial } if trial == "first"));
    let empty = [trial("empty", Vec::new(), arm(&[1.0], &[]))];
    let text = fault(&empty, &default).to_string();
    assert!(text.contains("empty") && text.contains("treated arm"), "{text}");
    let negative = [trial("negative", arm(&[1.0], &[]), arm(&[-1.0], &[]))];
    let text = fault(&negative, &default).to_string();
    assert!(text.contains("negative") && text.contains("control arm"), "{text}");
    let horizon = TwoArmSurvivalOptions { restricted_mean_horizon: Some(0.0), ..default.clone() };
    assert!(matches!(fault(&trials(), &horizon), PoolError::InvalidHorizon { .. }));
    let cuts = TwoArmSurvivalOptions { piecewise_cuts: vec![3.0, 3.0], ..default.clone() };
    assert!(matches!(fault(&trials(), &cuts), PoolError::InvalidTimes { index: 1, .. }));
    let nodes = TwoArmSurvivalOptions { quadrature_nodes: 2, ..default.clone() };
    assert!(matches!(fault(&trials(), &nodes), PoolError::SettingsConflict { .. }));
    let mut level = default;
    level.pooling.confidence_level = 95.0;
    assert!(matches!(fault(&trials(), &level), PoolError::InvalidLevel { .. }));
}

#[test]
fn options_read_the_words_of_the_field() {
    let text = r#"{"model": "one-stage-random", "trial_hazard_ratio": "peto", "ties": "breslow",
                   "time_transform": "identity", "pooling": {"tau_squared": "PM"}}"#;
    let options: TwoArmSurvivalOptions = serde_json::from_str(text).unwrap();
    assert_eq!(options.model, TwoArmModel::OneStageRandom);
    assert_eq!(options.trial_hazard_ratio, TrialHazardRatio::LogRank);
    assert!(serde_json::from_str::<TwoArmSurvivalOptions>(r#"{"modell": "two-stage"}"#).is_err());
}

#[test]
fn same_input_gives_the_same_bytes() {
    let options = TwoArmSurvivalOptions {
        restricted_mean_horizon: Some(5.0),
        piecewise_cuts: vec![4.0],
        ..with(TwoArmModel::OneStageRandom)
    };
    let run = || serde_json::to_string(&pool_two_arm_survival(&trials(), &options).unwrap()).unwrap();
    assert_eq!(run(), run());
}
