//! Meta-regression on the BCG vaccine trials (Colditz et al. JAMA 1994;271:698) beside R metafor 3.8-1
//! (`rma(yi, vi, mods = ~ ablat + alloc, control = list(threshold = 1e-14, tol = 1e-14))` on log risk ratios), and
//! what becomes of input that cannot be used.

use approx::assert_relative_eq;
use kmeta_evidence_pool::{
    EffectsModel, MetaRegressionOptions, MissingModerator, Moderator, ModeratorValue, PoolError,
    PredictionPoint, RegressionInterval, RegressionStudy, meta_regression,
};
use kmeta_trial_data::TauSquaredEstimator;

/// Events and others in both arms, latitude, allocation.
const BCG: [([f64; 4], f64, &str); 13] = [
    ([4., 119., 11., 128.], 44., "random"),
    ([6., 300., 29., 274.], 55., "random"),
    ([3., 228., 11., 209.], 42., "random"),
    ([62., 13536., 248., 12619.], 52., "random"),
    ([33., 5036., 47., 5761.], 13., "alternate"),
    ([180., 1361., 372., 1079.], 44., "alternate"),
    ([8., 2537., 10., 619.], 19., "random"),
    ([505., 87886., 499., 87892.], 13., "random"),
    ([29., 7470., 45., 7232.], 27., "random"),
    ([17., 1699., 65., 1600.], 42., "systematic"),
    ([186., 50448., 141., 27197.], 18., "systematic"),
    ([5., 2493., 3., 2338.], 33., "systematic"),
    ([27., 16886., 29., 17825.], 33., "systematic"),
];

fn number(value: f64) -> ModeratorValue {
    ModeratorValue::Number(value)
}

fn level(name: &str) -> ModeratorValue {
    ModeratorValue::Level(name.to_owned())
}

fn bcg() -> Vec<RegressionStudy> {
    BCG.iter()
        .enumerate()
        .map(|(row, ([a, b, c, d], latitude, allocation))| RegressionStudy {
            trial: format!("trial {row}"),
            label: String::new(),
            value: (a / (a + b)).ln() - (c / (c + d)).ln(),
            variance: 1.0 / a - 1.0 / (a + b) + 1.0 / c - 1.0 / (c + d),
            moderators: [
                ("latitude".to_owned(), number(*latitude)),
                ("allocation".to_owned(), level(allocation)),
            ]
            .into(),
        })
        .collect()
}

fn both() -> MetaRegressionOptions {
    MetaRegressionOptions {
        moderators: vec![Moderator::named("latitude"), Moderator::named("allocation")],
        ..MetaRegressionOptions::default()
    }
}

#[test]
fn predictions() {
    let moderators =
        [("latitude".to_owned(), number(40.)), ("allocation".to_owned(), level("random"))].into();
    let point = PredictionPoint { label: "40 degrees".to_owned(), moderators };
    let options = MetaRegressionOptions { predictions: vec![point], ..both() };
    let hartung_knapp =
        MetaRegressionOptions { interval: RegressionInterval::HartungKnapp, ..options.clone() };
    let cases = [
        (
            hartung_knapp,
            [
                -1.06532710743499,
                0.20679211419186,
                -1.53312336976428,
                -0.59753084510569,
                -2.04449700986949,
                -0.08615720500049,
            ],
        ),
        (
            options,
            [
                -1.0653271074350,
                0.1999550514485,
                -1.4572318068009,
                -0.6734224080690,
                -1.9073736218256,
                -0.2232805930443,
            ],
        ),
    ];
    for (options, expected) in cases {
        let found = &meta_regression(&bcg(), &options).unwrap().predictions[0];
        let prediction = found.prediction.unwrap();
        let ours = [
            found.value,
            found.standard_error,
            found.interval.lower,
            found.interval.upper,
            prediction.lower,
            prediction.upper,
        ];
        for (ours, theirs) in ours.into_iter().zip(expected) {
            assert_relative_eq!(ours, theirs, max_relative = 1e-9);
        }
    }
}

#[test]
fn a_factor_without_intercept_has_all_levels() {
    let options = MetaRegressionOptions {
        moderators: vec![Moderator::named("allocation")],
        intercept: false,
        tau_squared: TauSquaredEstimator::MaximumLikelihood,
        ..MetaRegressionOptions::default()
    };
    let model = meta_regression(&bcg(), &options).unwrap();
    let values: Vec<f64> = model.coefficients.iter().map(|coefficient| coefficient.value).collect();
    for (ours, theirs) in
        values.into_iter().zip([-0.5238157088316635, -0.941714675011215, -0.443492722388391])
    {
        assert_relative_eq!(ours, theirs, max_relative = 1e-9);
    }
    assert_relative_eq!(model.heterogeneity.tau_squared, 0.2573989733084611, max_relative = 1e-9);
    assert_relative_eq!(model.moderator_test.unwrap().statistic, 20.161_775_737_532_48, max_relative = 1e-9);
    assert_eq!(model.r_squared, None);
}

#[test]
fn a_larger_error_is_never_smaller_than_the_wald_one() {
    let options = MetaRegressionOptions {
        tau_squared: TauSquaredEstimator::DerSimonianLaird,
        interval: RegressionInterval::HartungKnappLargerError,
        ..both()
    };
    let model = meta_regression(&bcg(), &options).unwrap();
    let expected = [0.408241226727416, 0.009257627117492, 0.351275973028152, 0.381326551522677];
    for (coefficient, theirs) in model.coefficients.iter().zip(expected) {
        assert_relative_eq!(coefficient.standard_error, theirs, max_relative = 1e-10);
    }
    let student = MetaRegressionOptions { interval: RegressionInterval::StudentT, ..options };
    let test = meta_regression(&bcg(), &student).unwrap().moderator_test.unwrap();
    assert_relative_eq!(test.statistic, 4.297332723416323, max_relative = 1e-10);
    assert_relative_eq!(test.p_value, 0.038556331288542, max_relative = 1e-10);
}

/// τ², its standard error, R² and the coefficients by the other estimators.
#[test]
fn further_estimators() {
    let rows = "
        HE  0.16797461027972  0.17304126803839 48.87611458412933  0.28275086501981 -0.02699975163379 -0.27481951256079  0.06934146602556
        HS  0.021655601707787  0.009696540161608 90.517021305869434  0.441631753915645 -0.030270035248545 -0.211424942623223 -0.096048802088989
        HSk  0.04075672938760  0.01789414245981 83.64299843819634  0.38955983701981 -0.02937309246157 -0.22043632946113 -0.04170341821521
        SJ  0.23502989599638  0.13516903580089 31.97707226937447  0.26038650526373 -0.02637784361309 -0.29133912790724  0.09319756622326
        EB  0.16387780355771  0.11977799560634 48.47719023322696  0.28445378952037 -0.02704540985332 -0.27360479996808  0.06755957173438
        PMM  0.18759254364882  0.13261739317653 45.37007859576831  0.27522466326041 -0.02679500277744 -0.28026964824296  0.07726451610086
        DL  0.11783238142686  0.10025919585382 61.83693447644784  0.30783179777606 -0.02764604337259 -0.25777950028360  0.04333450081319";
    for row in rows.trim().lines() {
        let (name, numbers) = row.trim().split_once(' ').unwrap();
        let expected: Vec<f64> = numbers.split_whitespace().map(|number| number.parse().unwrap()).collect();
        let tau_squared = serde_json::from_value(name.into()).unwrap();
        let model = meta_regression(&bcg(), &MetaRegressionOptions { tau_squared, ..both() }).unwrap();
        let mut ours = vec![
            model.heterogeneity.tau_squared,
            model.heterogeneity.tau_squared_standard_error.unwrap(),
            100.0 * model.r_squared.unwrap(),
        ];
        ours.extend(model.coefficients.iter().map(|coefficient| coefficient.value));
        assert_eq!(ours.len(), expected.len());
        for (index, (ours, theirs)) in ours.into_iter().zip(expected).enumerate() {
            let difference = (ours - theirs).abs() / theirs.abs();
            assert!(difference < 1e-9, "{name}, number {index}: {ours} instead of {theirs}");
        }
    }
}

/// Without moderators the model is the random-effects model of `pool_effects`; τ² of R metafor.
#[test]
fn an_intercept_alone_is_the_random_effects_model() {
    let model = meta_regression(&bcg(), &MetaRegressionOptions::default()).unwrap();
    assert_relative_eq!(model.heterogeneity.tau_squared, 0.3132432581, max_relative = 1e-9);
    assert_eq!(model.moderator_test, None);
    assert_eq!(model.r_squared, None);
}

/// A linear transformation of a moderator changes its coefficient only.
#[test]
fn units_of_moderators_do_not_matter() {
    let plain = meta_regression(&bcg(), &both()).unwrap();
    let mut studies = bcg();
    for study in &mut studies {
        if let Some(ModeratorValue::Number(value)) = study.moderators.get_mut("latitude") {
            *value = 1e6 + 1e3 * *value;
        }
    }
    let moved = meta_regression(&studies, &both()).unwrap();
    assert_relative_eq!(plain.coefficients[1].value, 1e3 * moved.coefficients[1].value, max_relative = 1e-7);
    assert_relative_eq!(
        plain.heterogeneity.tau_squared,
        moved.heterogeneity.tau_squared,
        max_relative = 1e-7
    );
    assert_relative_eq!(plain.rows[3].fitted, moved.rows[3].fitted, max_relative = 1e-7);
}

#[test]
fn missing_moderators_leave_a_study_out_or_are_refused() {
    let mut studies = bcg();
    studies[4].moderators.remove("latitude");
    let model = meta_regression(&studies, &both()).unwrap();
    assert_eq!((model.studies, model.left_out[0].trial.as_str()), (12, "trial 4"));
    assert!(model.findings.iter().any(|finding| finding.code == "moderator-missing"));
    let refuse = MetaRegressionOptions { missing: MissingModerator::Refuse, ..both() };
    let error = meta_regression(&studies, &refuse).unwrap_err();
    assert_eq!(
        error.to_string(),
        "trial `trial 4` has no value of moderator `latitude`; give one, or leave out what lacks it"
    );
}

#[test]
fn unusable_input_is_named() {
    let fails = |studies: &[RegressionStudy], options: &MetaRegressionOptions| {
        meta_regression(studies, options).unwrap_err()
    };
    assert_eq!(fails(&[], &both()), PoolError::NoStudies);
    let latitude = MetaRegressionOptions { moderators: vec![Moderator::named("latitude")], ..both() };
    assert!(matches!(fails(&bcg()[..2], &latitude), PoolError::TooFewStudies { found: 2, needed: 3, .. }));
    // The first four are all of one level.
    assert!(matches!(fails(&bcg()[..4], &both()), PoolError::CollinearModerators { .. }));
    let unknown = MetaRegressionOptions { moderators: vec![Moderator::named("lattitude")], ..both() };
    assert!(matches!(fails(&bcg(), &unknown), PoolError::UnknownModerator { .. }));
    let reference = Moderator { name: "allocation".to_owned(), reference: Some("blind".to_owned()) };
    let unknown = MetaRegressionOptions { moderators: vec![reference], ..both() };
    assert!(fails(&bcg(), &unknown).to_string().contains("its levels are alternate, random, systematic"));
    let none = MetaRegressionOptions { intercept: false, ..MetaRegressionOptions::default() };
    assert_eq!(fails(&bcg(), &none), PoolError::NoModerators);

    let mut studies = bcg();
    for study in &mut studies {
        let Some(ModeratorValue::Number(latitude)) = study.moderators.get("latitude").cloned() else {
            panic!()
        };
        study.moderators.insert("from equator".to_owned(), number(3.0 * latitude - 1.0));
    }
    let twice = ["latitude", "from equator"].map(Moderator::named).to_vec();
    let dependent = MetaRegressionOptions { moderators: twice, ..both() };
    assert_eq!(
        fails(&studies, &dependent),
        PoolError::CollinearModerators { coefficient: "from equator".to_owned() }
    );
    studies[2].moderators.insert("latitude".to_owned(), level("north"));
    assert!(matches!(fails(&studies, &both()), PoolError::InvalidModerator { .. }));
    studies[2].moderators.insert("latitude".to_owned(), number(f64::NAN));
    assert!(matches!(fails(&studies, &both()), PoolError::InvalidModerator { .. }));
    studies[2].variance = 0.0;
    assert!(matches!(fails(&studies, &both()), PoolError::InvalidVariance { .. }));
}

/// Effects on a line leave nothing to estimate an error from.
#[test]
fn a_perfect_fit_is_flagged_not_infinite() {
    let mut studies = bcg();
    for (row, study) in studies.iter_mut().enumerate() {
        study.value = 0.25 * row as f64;
        study.moderators.insert("row".to_owned(), number(row as f64));
    }
    for model in [EffectsModel::Common, EffectsModel::Random] {
        let options = MetaRegressionOptions {
            moderators: vec![Moderator::named("row")],
            model,
            interval: RegressionInterval::HartungKnapp,
            ..MetaRegressionOptions::default()
        };
        let model = meta_regression(&studies, &options).unwrap();
        assert!(model.findings.iter().any(|finding| finding.code == "hartung-knapp-degenerate"));
        assert!(model.coefficients.iter().all(|coefficient| coefficient.standard_error > 0.0));
        assert_eq!(model.heterogeneity.tau_squared, 0.0);
    }
}
