//! Parametric survival against R: `survreg` for common models, the same likelihoods maximised in R for all models, and
//! `glmer` for the exponential distribution (`tools/reference_fixtures/parametric_survival.R` has the calls).

mod support;

use std::path::Path;

use kmeta_evidence_pool::{
    DistributionFit, ModelCurve, ParametricModel, ParametricSurvivalOptions, SurvivalDistribution,
    TrialPatients, pool_parametric_survival,
};
use kmeta_trial_data::{PatientRecord, Provenance};
use serde_json::Value;
use support::{Agreement, ITERATIVE, reference};

fn trial(id: &str, patients: Vec<PatientRecord>) -> TrialPatients {
    TrialPatients {
        trial: id.to_owned(),
        label: id.to_owned(),
        patients,
        provenance: Provenance::printed("test"),
    }
}

fn cohort(name: &str) -> TrialPatients {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/atc-tki/cohorts");
    let mut reader = csv::Reader::from_path(folder.join(format!("{name}.csv"))).unwrap();
    let patients = reader
        .records()
        .map(|row| {
            let row = row.unwrap();
            PatientRecord { time: row[1].parse().unwrap(), event: &row[2] == "1" }
        })
        .collect();
    trial(name, patients)
}

fn trials(set: &str, answers: &Value) -> Vec<TrialPatients> {
    let names: &[&str] = match set {
        "atc_os" => {
            &["bible2012-os", "higashiyama2022-os", "savvides2013-os", "tahara2017-os", "wirth2021-os"]
        }
        "atc_pfs" => &["bible2012-pfs", "savvides2013-pfs", "tahara2017-pfs", "wirth2021-pfs"],
        "one_trial" => &["wirth2021-os"],
        _ => {
            let simulated = answers["trials"].as_array().unwrap();
            return simulated
                .iter()
                .enumerate()
                .map(|(index, one)| {
                    let numbers =
                        |key: &str| one[key].as_array().unwrap().iter().map(|n| n.as_f64().unwrap());
                    let patients = numbers("times")
                        .zip(numbers("status"))
                        .map(|(time, status)| PatientRecord { time, event: status == 1.0 });
                    trial(&format!("trial {index}"), patients.collect())
                })
                .collect();
        }
    };
    names.iter().map(|name| cohort(name)).collect()
}

fn options() -> ParametricSurvivalOptions {
    ParametricSurvivalOptions {
        times: vec![3.0, 6.0, 12.0, 24.0],
        restricted_mean_horizon: Some(12.0),
        ..ParametricSurvivalOptions::default()
    }
}

/// Parameters as R has them here: location and ancillary ones on their logarithm.
fn internal(distribution: SurvivalDistribution, model: &ParametricModel) -> Vec<(f64, f64)> {
    use SurvivalDistribution::{Exponential, LogLogistic, Weibull};
    model
        .parameters
        .iter()
        .enumerate()
        .map(|(index, parameter)| {
            let inverse = match distribution {
                Exponential => true,
                Weibull | LogLogistic => index == 1,
                _ => false,
            };
            let value = parameter.estimate.value;
            (if inverse { -value } else { value }, parameter.estimate.standard_error)
        })
        .collect()
}

fn compare_model(
    agreement: &mut Agreement,
    names: [&'static str; 3],
    fit: (SurvivalDistribution, &ParametricModel),
    theirs: &Value,
    place: &str,
) {
    let (distribution, model) = fit;
    agreement.close_to(names[0], model.log_likelihood, &theirs["log_likelihood"][0], ITERATIVE, place);
    let all = theirs["parameters"].as_array().unwrap().len();
    for (index, (value, standard_error)) in internal(distribution, model).into_iter().enumerate() {
        agreement.close_to(names[1], value, &theirs["parameters"][index], ITERATIVE, place);
        let variance = &theirs["covariance"][index * all + index];
        agreement.close(names[2], standard_error, variance.as_f64().unwrap().sqrt(), ITERATIVE, place);
    }
}

fn compare_curve(agreement: &mut Agreement, curve: &ModelCurve, theirs: &Value, errors: &Value, place: &str) {
    for (index, point) in curve.survival.iter().enumerate() {
        agreement.close_to("survival", point.survival, &theirs[index], ITERATIVE, place);
        agreement.close_to("survival, SE", point.standard_error, &errors[index], ITERATIVE, place);
    }
    let median = curve.median.unwrap();
    agreement.close_to("median", median.time, &theirs[4], ITERATIVE, place);
    agreement.close_to("median, SE", median.standard_error, &errors[4], ITERATIVE, place);
    let mean = curve.restricted_mean.unwrap();
    agreement.close_to("restricted mean", mean.time, &theirs[5], ITERATIVE, place);
    agreement.close_to("restricted mean, SE", mean.standard_error, &errors[5], ITERATIVE, place);
}

fn compare_random(agreement: &mut Agreement, fit: &DistributionFit, theirs: &Value, place: &str) {
    let random = fit.random.as_ref().unwrap();
    let own = fit.distribution.parameters();
    let tau = theirs["parameters"][own].as_f64().unwrap();
    if theirs.get("typical").is_none() {
        // R's search ended at τ = 0, where Newton's covariance of the others is the common one.
        agreement.close("tau-squared", random.tau_squared, 0.0, ITERATIVE, place);
        agreement.close_to(
            "random, log likelihood",
            random.model.log_likelihood,
            &theirs["log_likelihood"][0],
            ITERATIVE,
            place,
        );
        assert_eq!((random.heterogeneity_test.statistic, random.heterogeneity_test.p_value), (0.0, 1.0));
        assert_eq!(random.average, random.model.curve);
        return;
    }
    let names = ["random, log likelihood", "random, parameters", "random, parameters, SE"];
    compare_model(agreement, names, (fit.distribution, &random.model), theirs, place);
    agreement.close("tau-squared", random.tau_squared, tau * tau, ITERATIVE, place);
    let last = theirs["covariance"].as_array().unwrap().last().unwrap().as_f64().unwrap();
    let standard_error = random.tau_squared_standard_error.unwrap();
    agreement.close("tau-squared, SE", standard_error, 2.0 * tau.abs() * last.sqrt(), ITERATIVE, place);
    compare_curve(agreement, &random.model.curve, &theirs["typical"], &theirs["typical_error"], place);
    compare_curve(agreement, &random.average, &theirs["average"], &theirs["average_error"], place);
    if let Some(glmer) = theirs.get("glmer") {
        let rate = random.model.parameters[0].estimate.value;
        agreement.close_to("glmer: log rate", rate, &glmer[0], ITERATIVE, place);
        agreement.close_to("glmer: tau-squared", random.tau_squared, &glmer[1], ITERATIVE, place);
        agreement.close_to("glmer: LRT", random.heterogeneity_test.statistic, &glmer[2], ITERATIVE, place);
    }
}

#[test]
fn r_parametric_survival() {
    let answers = reference("parametric_survival.json");
    let mut agreement = Agreement::new("parametric survival");
    for (set, theirs) in answers["sets"].as_object().unwrap() {
        let pooled = pool_parametric_survival(&trials(set, theirs), &options()).unwrap();
        assert_eq!(pooled.fits.len(), 6, "{set}: {:?}", pooled.findings);
        for (fit, theirs) in pooled.fits.iter().zip(theirs["fits"].as_array().unwrap()) {
            agreement.case();
            let place = format!("{set}, {}", fit.distribution.word());
            let names = ["log likelihood", "parameters", "parameters, SE"];
            compare_model(&mut agreement, names, (fit.distribution, &fit.common), theirs, &place);
            compare_curve(
                &mut agreement,
                &fit.common.curve,
                &theirs["curve"],
                &theirs["curve_error"],
                &place,
            );
            if let Some(survreg) = theirs.get("survreg") {
                let names = ["survreg: log likelihood", "survreg: parameters", "survreg: parameters, SE"];
                compare_model(&mut agreement, names, (fit.distribution, &fit.common), survreg, &place);
                agreement.close_to("survreg: AIC", fit.common.aic, &survreg["aic"][0], ITERATIVE, &place);
                agreement.close_to("survreg: BIC", fit.common.bic, &survreg["bic"][0], ITERATIVE, &place);
            }
            match theirs.get("random") {
                Some(theirs) => compare_random(&mut agreement, fit, theirs, &place),
                None => assert!(fit.random.is_none()),
            }
        }
    }
    agreement.finish(24, 1079);
}
