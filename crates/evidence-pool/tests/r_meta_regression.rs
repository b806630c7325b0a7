//! Every meta-regression of R metafor 5.1-0 in `fixtures/reference/meta_regression.json`.

mod support;

use kmeta_evidence_pool::{
    EffectsModel, MetaRegression, MetaRegressionOptions, Moderator, ModeratorValue, RegressionInterval,
    RegressionStudy, meta_regression,
};
use kmeta_trial_data::TauSquaredEstimator;
use serde_json::Value;
use support::{Agreement, CLOSED_FORM, ITERATIVE, reference};

fn studies(case: &Value) -> Vec<RegressionStudy> {
    (0..case["effects"].as_array().unwrap().len())
        .map(|row| RegressionStudy {
            trial: format!("trial {row}"),
            label: String::new(),
            value: case["effects"][row].as_f64().unwrap(),
            variance: case["standard_errors"][row].as_f64().unwrap().powi(2),
            moderators: [
                ("x".to_owned(), ModeratorValue::Number(case["x"][row].as_f64().unwrap())),
                ("g".to_owned(), ModeratorValue::Level(case["g"][row].as_str().unwrap().to_owned())),
            ]
            .into(),
        })
        .collect()
}

fn options(model: &Value) -> MetaRegressionOptions {
    let estimator = model["estimator"].as_str().unwrap();
    MetaRegressionOptions {
        moderators: model["terms"].as_str().unwrap().split('+').map(Moderator::named).collect(),
        model: if estimator == "FE" { EffectsModel::Common } else { EffectsModel::Random },
        tau_squared: match estimator {
            "FE" => TauSquaredEstimator::RestrictedMaximumLikelihood,
            name => serde_json::from_value(Value::from(name)).unwrap(),
        },
        interval: match model["test"].as_str().unwrap() {
            "z" => RegressionInterval::Wald,
            "knha" => RegressionInterval::HartungKnapp,
            other => panic!("{other}"),
        },
        ..MetaRegressionOptions::default()
    }
}

fn compare_coefficients(
    agreement: &mut Agreement,
    ours: &MetaRegression,
    theirs: &Value,
    tolerance: f64,
    place: &str,
) {
    assert_eq!(ours.coefficients.len(), theirs["b"].as_array().unwrap().len(), "{place}");
    for (row, coefficient) in ours.coefficients.iter().enumerate() {
        let place = format!("{place} {}", coefficient.name);
        let mut one = |quantity, ours, key: &str| {
            agreement.close_to(quantity, ours, &theirs[key][row], tolerance, &place);
        };
        one("coefficients", coefficient.value, "b");
        one("their standard errors", coefficient.standard_error, "se");
        one("their statistics", coefficient.statistic, "z");
        one("their p values", coefficient.p_value, "p");
        one("their intervals", coefficient.interval.lower, "lo");
        one("their intervals", coefficient.interval.upper, "hi");
        for (column, covariance) in ours.covariance[row].iter().enumerate() {
            let theirs = &theirs["vb"][row][column];
            agreement.close_to("their covariances", *covariance, theirs, tolerance, &place);
        }
    }
    let test = ours.moderator_test.as_ref().unwrap();
    agreement.close_to("QM or F", test.statistic, &theirs["QM"], tolerance, place);
    agreement.close_to("p of QM", test.p_value, &theirs["QMp"], tolerance, place);
    assert_eq!(Some(u64::from(test.degrees_of_freedom)), theirs["QMdf"][0].as_u64(), "{place}");
    assert_eq!(test.denominator_degrees_of_freedom.map(u64::from), theirs["QMdf"][1].as_u64(), "{place}");
}

fn compare_heterogeneity(
    agreement: &mut Agreement,
    ours: &MetaRegression,
    theirs: &Value,
    tolerance: f64,
    place: &str,
) {
    let found = &ours.heterogeneity;
    agreement.close_to("QE", found.q, &theirs["QE"], CLOSED_FORM, place);
    agreement.close_to("p of QE", found.p_value, &theirs["QEp"], CLOSED_FORM, place);
    agreement.close_to("residual tau-squared", found.tau_squared, &theirs["tau2"], tolerance, place);
    agreement.optional(
        "its standard error",
        found.tau_squared_standard_error,
        &theirs["se_tau2"],
        tolerance,
        place,
    );
    agreement.close_to("I-squared", 100.0 * found.i_squared, &theirs["I2_pct"], tolerance, place);
    agreement.close_to("H-squared", found.h_squared, &theirs["H2"], tolerance, place);
    let limits = |interval: Option<kmeta_trial_data::Interval>| {
        [interval.map(|limits| limits.lower), interval.map(|limits| limits.upper)]
    };
    for (side, limit) in limits(found.tau_squared_interval).into_iter().enumerate() {
        agreement.optional("tau-squared interval", limit, &theirs["tau2_ci"][side], ITERATIVE, place);
    }
    for (side, limit) in limits(found.i_squared_interval).into_iter().enumerate() {
        let percent = limit.map(|fraction| 100.0 * fraction);
        agreement.optional("I-squared interval", percent, &theirs["I2_ci_pct"][side], ITERATIVE, place);
    }
    agreement.optional("R-squared", ours.r_squared.map(|r| 100.0 * r), &theirs["R2"], tolerance, place);
    agreement.close_to("log likelihood", ours.fit.log_likelihood, &theirs["loglik"], tolerance, place);
    agreement.close_to("AIC", ours.fit.akaike, &theirs["AIC"], tolerance, place);
    agreement.close_to("BIC", ours.fit.bayesian, &theirs["BIC"], tolerance, place);
}

#[test]
fn r_meta_regression() {
    let mut agreement = Agreement::new("meta-regression");
    for case in reference("meta_regression.json")["cases"].as_array().unwrap() {
        let studies = studies(case);
        for model in case["models"].as_array().unwrap() {
            agreement.case();
            let place =
                format!("{} {} {} ~{}", case["dataset"], model["estimator"], model["test"], model["terms"]);
            let ours = meta_regression(&studies, &options(model)).unwrap();
            let closed = ["FE", "DL"].iter().any(|name| model["estimator"] == *name);
            let tolerance = if closed { CLOSED_FORM } else { ITERATIVE };
            compare_coefficients(&mut agreement, &ours, model, tolerance, &place);
            compare_heterogeneity(&mut agreement, &ours, model, tolerance, &place);
            for (row, weight) in model["weights_pct"].as_array().into_iter().flatten().enumerate() {
                agreement.close_to("weights", 100.0 * ours.rows[row].weight, weight, tolerance, &place);
            }
        }
    }
    agreement.finish(90, 4200);
}
