//! Random-intercept logistic regression and the beta-binomial model against R.
//!
//! `fixtures/reference/proportions_glmm.json` holds meta, metafor and lme4, and the true maximum of the same rule
//! (`exact`). lme4 stops where its optimizer is satisfied, up to 4e-5 from its own maximum, so that means, standard
//! errors, tau-squared and prediction intervals are compared with the maximum; everything that does not depend on
//! lme4's optimizer is compared with R itself, and lme4's log likelihood must not be higher than ours.

mod support;

use kmeta_evidence_pool::{ProportionCount, ProportionModel, ProportionOptions, pool_proportions};
use kmeta_trial_data::{IntervalMethod, PooledEffect, PredictionMethod, Provenance};
use serde_json::Value;
use support::{Agreement, CLOSED_FORM, ITERATIVE, number, reference};

fn counts(case: &Value) -> Vec<ProportionCount> {
    let whole = |column: &str, row: usize| case[column][row].as_u64().unwrap() as u32;
    (0..case["events"].as_array().unwrap().len())
        .map(|row| ProportionCount {
            trial: format!("trial {row}"),
            label: String::new(),
            subgroup: None,
            events: whole("events", row),
            total: whole("totals", row),
            provenance: Provenance::printed("count"),
        })
        .collect()
}

fn glmm(case: &Value, nodes: Option<u32>, prediction: PredictionMethod) -> PooledEffect {
    let interval = match case["interval"].as_str().unwrap() {
        "classic" => IntervalMethod::Wald,
        "HK" => IntervalMethod::HartungKnapp,
        other => panic!("{other}"),
    };
    let options =
        ProportionOptions { quadrature_nodes: nodes, interval, prediction, ..ProportionOptions::default() };
    pool_proportions(&counts(case), &options).unwrap()
}

/// Mean, standard error, tau-squared and log likelihood of the rule with a number of nodes.
fn compare_maximum(agreement: &mut Agreement, ours: &PooledEffect, exact: &Value, place: &str) {
    let tau_squared = ours.heterogeneity.tau_squared.unwrap();
    agreement.close_to("GLMM mean", ours.random.value, &exact["beta"], ITERATIVE, place);
    let error = ours.random.standard_error;
    agreement.close_to("GLMM standard error", error, &exact["se_hessian"], ITERATIVE, place);
    agreement.close_to("GLMM tau-squared", tau_squared, &exact["tau2"], ITERATIVE, place);
    let log_likelihood = ours.likelihood.as_ref().unwrap().log_likelihood;
    agreement.close_to("GLMM log likelihood", log_likelihood, &exact["logLik"], CLOSED_FORM, place);
}

/// What R computes without lme4: the common effect, Q, likelihood-ratio Q, I-squared and H. `tight` are those of glm run
/// to machine precision; R meta's own come from a glm that stops in the seventh digit.
fn compare_closed_forms(
    agreement: &mut Agreement,
    ours: &PooledEffect,
    case: &Value,
    tight: &Value,
    place: &str,
) {
    let common = &ours.common;
    let shown = [
        (common.shown, &case["common"]["bt"][0]),
        (common.shown_interval.lower, &case["common"]["bt"][1]),
        (common.shown_interval.upper, &case["common"]["bt"][2]),
    ];
    for (ours, theirs) in shown {
        agreement.close_to("common effect, proportion", ours, theirs, ITERATIVE, place);
    }
    let heterogeneity = &ours.heterogeneity;
    let [i_squared, h] = [heterogeneity.i_squared_interval.unwrap(), heterogeneity.h_interval.unwrap()];
    let test = ours.likelihood.as_ref().unwrap().heterogeneity_test.unwrap();
    let pairs = [
        ("common effect", common.value, &tight["te"]),
        ("common effect", common.standard_error, &tight["se"]),
        ("common effect", common.interval.lower, &tight["lo"]),
        ("common effect", common.interval.upper, &tight["hi"]),
        ("Q, Wald", heterogeneity.q, &tight["Q"]),
        ("Q, Wald", heterogeneity.p_value.unwrap(), &tight["pQ"]),
        ("Q, Wald", f64::from(heterogeneity.degrees_of_freedom), &case["Q_df"]),
        ("I-squared, H", heterogeneity.i_squared.unwrap(), &tight["I2"][0]),
        ("I-squared, H", i_squared.lower, &tight["I2"][1]),
        ("I-squared, H", i_squared.upper, &tight["I2"][2]),
        ("I-squared, H", heterogeneity.h.unwrap(), &tight["H"][0]),
        ("I-squared, H", h.lower, &tight["H"][1]),
        ("I-squared, H", h.upper, &tight["H"][2]),
        ("Q, likelihood ratio", test.statistic, &case["QE_LRT"]),
        ("Q, likelihood ratio", test.p_value, &case["QEp_LRT"]),
        ("Q, likelihood ratio", f64::from(test.degrees_of_freedom), &case["QE_df"]),
    ];
    for (quantity, ours, theirs) in pairs {
        agreement.close_to(quantity, ours, theirs, ITERATIVE, place);
    }
    // R meta's Q itself, and metafor's.
    for theirs in [&case["Q"], &case["QE_Wld"]] {
        agreement.close_to("Q, Wald, of meta and metafor", heterogeneity.q, theirs, ITERATIVE, place);
    }
}

/// R's interval of the mean and prediction intervals about the true maximum of R's rule: R's own quantile is taken
/// from its limits.
fn compare_intervals(agreement: &mut Agreement, case: &Value, place: &str) {
    let exact = &case["exact"]["nAGQ_7"];
    let value = |theirs: &Value| number(theirs).unwrap();
    let (mean, error) = (value(&exact["beta"]), value(&exact["se_hessian"]));
    let spread = (error * error + value(&exact["tau2"])).sqrt();
    let random = &case["random"];
    let quantile = (value(&random["hi"]) - value(&random["te"])) / value(&random["se"]);
    let wanted = [(-1.0, "lower"), (1.0, "upper")];
    let ours = glmm(case, Some(7), PredictionMethod::Veroniki);
    for ((side, name), ours) in wanted.iter().zip([ours.random.interval.lower, ours.random.interval.upper]) {
        let limit = mean + side * quantile * error;
        agreement.close("GLMM interval", ours, limit, ITERATIVE, &format!("{place} {name}"));
    }
    let methods = [
        ("HTS", PredictionMethod::HigginsThompsonSpiegelhalter),
        ("V", PredictionMethod::Veroniki),
        ("S", PredictionMethod::Skipka),
    ];
    for (row, (name, method)) in methods.into_iter().enumerate() {
        let predict = &case["predict"];
        assert_eq!(predict["method"][row], name);
        let (lower, upper) = (value(&predict["lo"][row]), value(&predict["hi"][row]));
        let quantile = 0.5 * (upper - lower) / value(&predict["se"][row]);
        let ours = glmm(case, Some(7), method).prediction.unwrap();
        for ((side, end), ours) in wanted.iter().zip([ours.lower, ours.upper]) {
            let limit = 1.0 / (1.0 + (-(mean + side * quantile * spread)).exp());
            agreement.close(
                "GLMM prediction interval",
                ours,
                limit,
                ITERATIVE,
                &format!("{place} {name} {end}"),
            );
        }
    }
}

#[test]
fn r_random_intercept_logistic() {
    let mut agreement = Agreement::new("proportions: GLMM");
    let further = reference("counts_further.json");
    for case in reference("proportions_glmm.json")["cases"].as_array().unwrap() {
        agreement.case();
        let same = |row: &&Value| row["dataset"] == case["dataset"];
        let tight = &further["proportions"].as_array().unwrap().iter().find(same).unwrap()["common"];
        let place = format!("{} {}", case["dataset"], case["interval"]);
        for nodes in [1, 7, 25, 61] {
            let ours = glmm(case, Some(nodes), PredictionMethod::Veroniki);
            let exact = &case["exact"][format!("nAGQ_{nodes}")];
            compare_maximum(&mut agreement, &ours, exact, &format!("{place} {nodes} nodes"));
        }
        for theirs in case["glmer"].as_array().into_iter().flatten() {
            let nodes = theirs["nAGQ"].as_u64().unwrap() as u32;
            let ours = glmm(case, Some(nodes), PredictionMethod::Veroniki);
            // lme4 prints no constant with more than one node.
            if nodes == 1 {
                let log_likelihood = ours.likelihood.unwrap().log_likelihood;
                let theirs = theirs["logLik"].as_f64().unwrap();
                assert!(log_likelihood >= theirs - 1e-8, "{place}: {log_likelihood} below lme4's {theirs}");
            }
        }
        let ours = glmm(case, None, PredictionMethod::Veroniki);
        compare_maximum(&mut agreement, &ours, &case["exact"]["nAGQ_61"], &format!("{place} settled"));
        compare_closed_forms(&mut agreement, &ours, case, tight, &place);
        compare_intervals(&mut agreement, case, &place);
        // meta's "HK" for a GLMM is a t quantile with k - 1 degrees of freedom.
        let df = number(&case["df"]).filter(|df| df.is_finite());
        assert_eq!(ours.random.degrees_of_freedom, df, "{place}");
    }
    agreement.finish(16, 16 * (20 + 3 + 16 + 2 + 8));
}

#[test]
fn r_beta_binomial_and_marginal_mean() {
    let mut agreement = Agreement::new("proportions: beta-binomial, marginal mean");
    let further = reference("counts_further.json");
    let cases = reference("proportions_glmm.json");
    for theirs in further["proportions"].as_array().unwrap() {
        agreement.case();
        let place = theirs["dataset"].as_str().unwrap();
        let case = cases["cases"].as_array().unwrap().iter().find(|case| case["dataset"] == place).unwrap();
        let options =
            ProportionOptions { model: Some(ProportionModel::BetaBinomial), ..ProportionOptions::default() };
        let ours = pool_proportions(&counts(case), &options).unwrap();
        let fit = ours.likelihood.as_ref().unwrap();
        let Some(beta_binomial) = theirs["beta_binomial"].as_object() else {
            assert_eq!(fit.intraclass_correlation, Some(0.0), "{place}");
            continue;
        };
        let pairs = [
            ("beta-binomial mean", ours.random.value, "logit_mean", ITERATIVE),
            ("beta-binomial standard error", ours.random.standard_error, "standard_error", ITERATIVE),
            ("beta-binomial correlation", fit.intraclass_correlation.unwrap(), "correlation", ITERATIVE),
            ("beta-binomial log likelihood", fit.log_likelihood, "log_likelihood", CLOSED_FORM),
            ("beta-binomial log likelihood, VGAM", fit.log_likelihood, "vgam_log_likelihood", CLOSED_FORM),
        ];
        for (quantity, ours, key, tolerance) in pairs {
            agreement.close_to(quantity, ours, &beta_binomial[key], tolerance, place);
        }
        let z = 1.959963984540054;
        let marginal = glmm(case, None, PredictionMethod::Veroniki).marginal_mean.unwrap();
        let (mean, error) = (&theirs["marginal"]["proportion"], &theirs["marginal"]["logit_standard_error"]);
        agreement.close_to("GLMM marginal mean", marginal.proportion, mean, ITERATIVE, place);
        let logit = |p: f64| (p / (1.0 - p)).ln();
        let width = 0.5 * (logit(marginal.interval.upper) - logit(marginal.interval.lower)) / z;
        agreement.close_to("GLMM marginal mean, standard error", width, error, ITERATIVE, place);
    }
    agreement.finish(8, 7 * 7);
}
