//! Every answer of R meta 8.3-0 and metafor 5.1-0 on small-study effects in
//! `fixtures/reference/small_study_effects.json`.
//!
//! Where R's REML estimates end at steps of 1e-5, so do ours here (`scoring_threshold`).

mod support;

use std::collections::BTreeMap;

use kmeta_evidence_pool::{
    EffectsModel, FailSafeMethod, FailSafeOptions, FunnelSide, FunnelStudy, FunnelTest, FunnelTestAnswer,
    FunnelTestOptions, MetaRegressionOptions, MissingStudiesEstimator, RegressionCoefficient,
    RegressionStudy, StudySize, TrimAndFill, TrimAndFillOptions, fail_safe_number, meta_regression,
    test_funnel_asymmetry, trim_and_fill,
};
use kmeta_trial_data::{EffectMeasure, TauSquaredEstimator};
use serde_json::Value;
use support::{Agreement, CLOSED_FORM, ITERATIVE, reference};

const R_THRESHOLD: f64 = 1e-5;

fn studies(case: &Value) -> Vec<FunnelStudy> {
    let whole = |column: &str, row: usize| case[column][row].as_u64().map(|count| count as u32);
    (0..case["effects"].as_array().unwrap().len())
        .filter_map(|row| {
            let size = match whole("event_e", row) {
                None => StudySize::Unknown,
                Some(events) => StudySize::TwoArms {
                    events,
                    total: whole("n_e", row).unwrap(),
                    control_events: whole("event_c", row).unwrap(),
                    control_total: whole("n_c", row).unwrap(),
                },
            };
            // R gives no effect of a study without events.
            Some(FunnelStudy {
                trial: format!("trial {row}"),
                label: format!("Trial {row}"),
                value: case["effects"][row].as_f64()?,
                variance: case["standard_errors"][row].as_f64()?.powi(2),
                size,
            })
        })
        .collect()
}

fn answer(studies: &[FunnelStudy], options: &FunnelTestOptions) -> FunnelTestAnswer {
    test_funnel_asymmetry(studies, options).unwrap().results[0].answer().unwrap().clone()
}

fn one(test: FunnelTest) -> FunnelTestOptions {
    FunnelTestOptions { tests: vec![test], minimum_studies: 3, ..FunnelTestOptions::default() }
}

/// An answer of `metabias`. Its τ is the residual standard deviation, or the square root of τ².
fn compare_metabias(
    agreement: &mut Agreement,
    ours: &FunnelTestAnswer,
    theirs: &Value,
    tau: &str,
    place: &str,
) {
    let tolerance = if ours.tau_squared.is_some() { ITERATIVE } else { CLOSED_FORM };
    let (bias, error) = match ours.kendall_tau {
        Some(_) => ("ks", "se.ks"),
        None => ("bias", "se.bias"),
    };
    agreement.close_to("bias", ours.bias, &theirs["estimate"][bias], tolerance, place);
    agreement.close_to("standard error", ours.standard_error, &theirs["estimate"][error], tolerance, place);
    agreement.close_to("statistic", ours.statistic, &theirs["statistic"], tolerance, place);
    let p = theirs.get("p").unwrap_or(&theirs["pval"]);
    agreement.close_to("p value", ours.p_value, p, tolerance, place);
    assert_eq!(ours.degrees_of_freedom.map(u64::from), theirs["df"].as_u64(), "{place}");
    let scatter = ours.residual_standard_deviation.or(ours.tau_squared.map(f64::sqrt));
    agreement.optional("residual scatter", scatter, &theirs[tau], tolerance, place);
}

#[test]
fn r_tests_of_counts() {
    let mut agreement = Agreement::new("funnel tests of counts");
    for case in reference("small_study_effects.json")["counts"].as_array().unwrap() {
        let studies = studies(case);
        let measure = match case["measure"].as_str().unwrap() {
            "OR" => EffectMeasure::LogOddsRatio,
            "RR" => EffectMeasure::LogRiskRatio,
            "ASD" => EffectMeasure::ArcsineDifference,
            other => panic!("{other}"),
        };
        for (name, theirs) in case["tests"].as_object().unwrap() {
            agreement.case();
            let test = match name.as_str() {
                "Begg" => FunnelTest::Begg,
                "Egger" => FunnelTest::Egger,
                "Thompson" => FunnelTest::ThompsonSharp,
                "Schwarzer" => FunnelTest::Schwarzer,
                "Harbord" => FunnelTest::Harbord,
                "Peters" => FunnelTest::Peters,
                "Deeks" => FunnelTest::Deeks,
                "Pustejovsky" => FunnelTest::Pustejovsky,
                "Macaskill" => FunnelTest::Macaskill,
                other => panic!("{other}"),
            };
            let place = format!("{} {} {name}", case["dataset"], case["measure"]);
            // These are answers of `metabin` with the DerSimonian-Laird estimator.
            let tau_squared = TauSquaredEstimator::DerSimonianLaird;
            let ours = answer(&studies, &FunnelTestOptions { measure, tau_squared, ..one(test) });
            compare_metabias(&mut agreement, &ours, theirs, "tau2", &place);
        }
    }
    agreement.finish(108, 516);
}

/// `regtest`: the statistic and the intercept with its interval.
fn compare_regtest(
    agreement: &mut Agreement,
    studies: &[FunnelStudy],
    name: &str,
    theirs: &Value,
    place: &str,
) {
    let [_, model, method, predictor] = name.split('/').collect::<Vec<_>>()[..] else { panic!("{name}") };
    let test = match (model, predictor) {
        ("lm", "sei") => FunnelTest::Egger,
        ("lm", "vi") => FunnelTest::EggerVariance,
        ("rma", "sei") => FunnelTest::MixedEgger,
        ("rma", "vi") => FunnelTest::MixedEggerVariance,
        other => panic!("{other:?}"),
    };
    let common = method == "FE";
    let options = FunnelTestOptions {
        model: if common { EffectsModel::Common } else { EffectsModel::Random },
        tau_squared: match common {
            true => TauSquaredEstimator::DerSimonianLaird,
            false => serde_json::from_value(Value::from(method)).unwrap(),
        },
        ..one(test)
    };
    let ours = answer(studies, &options);
    let tolerance = if method == "REML" { ITERATIVE } else { CLOSED_FORM };
    let limit = ours.limit.unwrap();
    agreement.close_to("statistic", ours.statistic, &theirs["z"], tolerance, place);
    agreement.close_to("p value", ours.p_value, &theirs["p"], tolerance, place);
    agreement.close_to("bias", ours.bias, &theirs["coef"][1], tolerance, place);
    agreement.close_to("limit effect", limit.value, &theirs["est"], tolerance, place);
    agreement.close_to("limit effect interval", limit.interval.lower, &theirs["ci"][0], tolerance, place);
    agreement.close_to("limit effect interval", limit.interval.upper, &theirs["ci"][1], tolerance, place);
    if model == "rma" {
        agreement.optional("residual tau-squared", ours.tau_squared, &theirs["tau2"], tolerance, place);
    }
    assert_eq!(ours.degrees_of_freedom.map(u64::from), theirs["df"].as_u64(), "{place}");
}

#[test]
fn r_tests_of_effects() {
    let mut agreement = Agreement::new("funnel tests of effects");
    for case in reference("small_study_effects.json")["effects"].as_array().unwrap() {
        let studies = studies(case);
        for (name, theirs) in case["bias"].as_object().unwrap() {
            agreement.case();
            let place = format!("{} {name}", case["dataset"]);
            let metabias = match name.as_str() {
                "meta_Begg" => Some(FunnelTest::Begg),
                "meta_Egger" => Some(FunnelTest::Egger),
                "meta_Thompson" => Some(FunnelTest::ThompsonSharp),
                _ => None,
            };
            if let Some(test) = metabias {
                // `metabias` ends scoring at R's default steps, `regtest` was asked to go on.
                let options = FunnelTestOptions { scoring_threshold: R_THRESHOLD, ..one(test) };
                compare_metabias(&mut agreement, &answer(&studies, &options), theirs, "tau", &place);
            } else if name.starts_with("regtest") {
                compare_regtest(&mut agreement, &studies, name, theirs, &place);
            } else {
                let ours = answer(&studies, &one(FunnelTest::Begg));
                let p_value = match name.as_str() {
                    "ranktest_default" => ours.exact_p_value.unwrap_or(ours.p_value),
                    _ => ours.p_value,
                };
                agreement.optional("Kendall's tau", ours.kendall_tau, &theirs["tau"], CLOSED_FORM, &place);
                agreement.close_to("p value", p_value, &theirs["p"], CLOSED_FORM, &place);
            }
        }
    }
    agreement.finish(78, 432);
}

fn missing_studies(name: &str) -> MissingStudiesEstimator {
    serde_json::from_value(Value::from(name)).unwrap()
}

fn compare_filled(
    agreement: &mut Agreement,
    ours: &TrimAndFill,
    theirs: [&Value; 2],
    tolerance: f64,
    place: &str,
) {
    let sorted = |values: &mut Vec<f64>| values.sort_by(f64::total_cmp);
    let numbers = |value: &Value| value.as_array().unwrap().iter().map(|one| one.as_f64().unwrap()).collect();
    let mut values: Vec<f64> = ours.filled.iter().map(|study| study.value).collect();
    let mut variances: Vec<f64> = ours.filled.iter().map(|study| study.variance).collect();
    let (mut their_values, mut their_variances): (Vec<f64>, Vec<f64>) =
        (numbers(theirs[0]), numbers(theirs[1]));
    for list in [&mut values, &mut variances, &mut their_values, &mut their_variances] {
        sorted(list);
    }
    assert_eq!((values.len(), variances.len()), (their_values.len(), their_variances.len()), "{place}");
    for (one, other) in values.iter().zip(their_values).chain(variances.iter().zip(their_variances)) {
        agreement.close("filled studies", *one, other, tolerance, place);
    }
}

/// The mean of observed and filled studies, τ² and Q. R trims with tight tolerances here, but pools the filled studies with
/// its own; where it fills none it keeps the first fit.
fn refit(studies: &[FunnelStudy], filled: &TrimAndFill) -> (RegressionCoefficient, f64, f64) {
    let study = |trial: &str, value, variance| RegressionStudy {
        trial: trial.to_owned(),
        label: String::new(),
        value,
        variance,
        moderators: BTreeMap::new(),
    };
    let observed = studies.iter().map(|one| study(&one.trial, one.value, one.variance));
    let added =
        filled.filled.iter().map(|one| study(&format!("{} mirrored", one.mirrors), one.value, one.variance));
    let all: Vec<RegressionStudy> = observed.chain(added).collect();
    let mut options = MetaRegressionOptions {
        model: filled.options.trim_with,
        tau_squared: filled.options.tau_squared,
        ..MetaRegressionOptions::default()
    };
    let exact = meta_regression(&all, &options).unwrap();
    let ours = match options.model {
        EffectsModel::Common => &filled.adjusted.common,
        EffectsModel::Random => &filled.adjusted.random,
    };
    assert_eq!(exact.coefficients[0].value, ours.value);
    options.scoring_threshold = if filled.filled.is_empty() { 0.0 } else { R_THRESHOLD };
    let model = meta_regression(&all, &options).unwrap();
    (model.coefficients[0].clone(), model.heterogeneity.tau_squared, model.heterogeneity.q)
}

/// `metafor::trimfill`: model of the fit, estimator, side.
fn compare_metafor_fill(
    agreement: &mut Agreement,
    studies: &[FunnelStudy],
    name: &str,
    theirs: &Value,
    place: &str,
) {
    let [_, method, estimator, side] = name.split('/').collect::<Vec<_>>()[..] else { panic!("{name}") };
    let common = method == "FE";
    let options = TrimAndFillOptions {
        estimator: missing_studies(estimator),
        side: serde_json::from_value(Value::from(side)).unwrap(),
        trim_with: if common { EffectsModel::Common } else { EffectsModel::Random },
        tau_squared: match common {
            true => TauSquaredEstimator::DerSimonianLaird,
            false => serde_json::from_value(Value::from(method)).unwrap(),
        },
        ..TrimAndFillOptions::default()
    };
    let ours = trim_and_fill(studies, &options).unwrap();
    if theirs.get("error").is_some() {
        // The estimate is the root of a negative number.
        assert_eq!(ours.missing_studies, None, "{place}");
        assert!(ours.findings.iter().any(|finding| finding.code == "trim-and-fill-undefined"), "{place}");
        return;
    }
    let tolerance = if method == "REML" { ITERATIVE } else { CLOSED_FORM };
    let missing = ours.missing_studies.map(f64::from);
    agreement.optional("missing studies", missing, &theirs["k0"], CLOSED_FORM, place);
    agreement.optional("their standard error", ours.standard_error, &theirs["se_k0"], CLOSED_FORM, place);
    agreement.optional("their p value", ours.p_value, &theirs["p_k0"], CLOSED_FORM, place);
    let expected = if theirs["side"] == "right" { FunnelSide::Right } else { FunnelSide::Left };
    assert_eq!(ours.side, expected, "{place}");
    let (mean, tau_squared, q) = refit(studies, &ours);
    agreement.close_to("mean", mean.value, &theirs["b"], tolerance, place);
    agreement.close_to("standard error", mean.standard_error, &theirs["se"], tolerance, place);
    agreement.close_to("interval", mean.interval.lower, &theirs["ci"][0], tolerance, place);
    agreement.close_to("interval", mean.interval.upper, &theirs["ci"][1], tolerance, place);
    agreement.close_to("Q", q, &theirs["QE"], tolerance, place);
    if !common {
        agreement.close_to("tau-squared", tau_squared, &theirs["tau2"], tolerance, place);
    }
    compare_filled(agreement, &ours, [&theirs["filled_y"], &theirs["filled_v"]], tolerance, place);
}

/// `meta::trimfill`: model of trimming, estimator; both models of the filled studies.
fn compare_meta_fill(
    agreement: &mut Agreement,
    studies: &[FunnelStudy],
    name: &str,
    theirs: &Value,
    place: &str,
) {
    let [_, model, estimator] = name.split('/').collect::<Vec<_>>()[..] else { panic!("{name}") };
    let options = TrimAndFillOptions {
        estimator: missing_studies(&format!("{estimator}0")),
        trim_with: serde_json::from_value(Value::from(model)).unwrap(),
        scoring_threshold: R_THRESHOLD,
        ..TrimAndFillOptions::default()
    };
    let ours = trim_and_fill(studies, &options).unwrap();
    let missing = ours.missing_studies.map(f64::from);
    agreement.optional("missing studies", missing, &theirs["k0"], CLOSED_FORM, place);
    assert_eq!(ours.side == FunnelSide::Left, theirs["left"].as_bool().unwrap(), "{place}");
    let common = &ours.adjusted.common;
    agreement.close_to("mean", common.value, &theirs["common"][0], ITERATIVE, place);
    agreement.close_to("standard error", common.standard_error, &theirs["common"][1], CLOSED_FORM, place);
    let random = &ours.adjusted.random;
    agreement.close_to("mean", random.value, &theirs["random"][0], ITERATIVE, place);
    agreement.close_to("standard error", random.standard_error, &theirs["random"][1], ITERATIVE, place);
    agreement.close_to("interval", random.interval.lower, &theirs["random"][2], ITERATIVE, place);
    agreement.close_to("interval", random.interval.upper, &theirs["random"][3], ITERATIVE, place);
    agreement.close_to("tau-squared", ours.adjusted.tau_squared, &theirs["tau2"], ITERATIVE, place);
    let errors = theirs["filled_se"].as_array().unwrap();
    let variances = Value::from(errors.iter().map(|one| one.as_f64().unwrap().powi(2)).collect::<Vec<f64>>());
    compare_filled(agreement, &ours, [&theirs["filled_te"], &variances], ITERATIVE, place);
}

#[test]
fn r_trim_and_fill() {
    let mut agreement = Agreement::new("trim and fill");
    for case in reference("small_study_effects.json")["effects"].as_array().unwrap() {
        let studies = studies(case);
        for (name, theirs) in case["trim_and_fill"].as_object().unwrap() {
            agreement.case();
            let place = format!("{} {name}", case["dataset"]);
            match name.starts_with("metafor") {
                true => compare_metafor_fill(&mut agreement, &studies, name, theirs, &place),
                false => compare_meta_fill(&mut agreement, &studies, name, theirs, &place),
            }
        }
    }
    agreement.finish(186, 2564);
}

#[test]
fn r_fail_safe_numbers() {
    let mut agreement = Agreement::new("fail-safe numbers");
    for case in reference("small_study_effects.json")["effects"].as_array().unwrap() {
        let studies = studies(case);
        let number = |method, target| {
            fail_safe_number(&studies, &FailSafeOptions { method, target, ..FailSafeOptions::default() })
                .unwrap()
        };
        let methods = [
            ("Rosenthal", FailSafeMethod::Rosenthal),
            ("Orwin", FailSafeMethod::Orwin),
            ("Orwin_weighted", FailSafeMethod::Orwin),
            ("Rosenberg", FailSafeMethod::Rosenberg),
        ];
        for (name, method) in methods {
            agreement.case();
            let place = format!("{} {name}", case["dataset"]);
            let theirs = &case["fail_safe"][name];
            let ours = number(method, None);
            agreement.close_to("number", ours.number, &theirs["fsnum"], CLOSED_FORM, &place);
            if let Some(p_value) = ours.p_value {
                agreement.close_to("p value", p_value, &theirs["pval"], CLOSED_FORM, &place);
            }
            agreement.optional("mean", ours.mean, &theirs["meanes"], CLOSED_FORM, &place);
            agreement.optional("target", ours.target, &theirs["target"], CLOSED_FORM, &place);
        }
        for theirs in case["orwin"].as_array().unwrap() {
            agreement.case();
            let ours = number(FailSafeMethod::Orwin, theirs["target"].as_f64());
            let place = format!("{} Orwin {}", case["dataset"], theirs["target"]);
            agreement.close_to("number", ours.number, &theirs["fsnum_weighted"], CLOSED_FORM, &place);
        }
    }
    agreement.finish(42, 84);
}
