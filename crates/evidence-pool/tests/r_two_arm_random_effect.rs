//! The one-stage models against R: `coxph` with strata, and a hazard ratio that varies between trials integrated on a
//! grid of 20,001 points (`fixtures/reference/two_arm_random_effect.json`). Simulated trials with heavy ties; among
//! them trials that are all alike, and a trial without events in its treated arm.

mod support;

use kmeta_evidence_pool::{
    OneStageHazardRatio, TwoArmModel, TwoArmSurvivalOptions, TwoArmTrial, pool_two_arm_survival,
};
use kmeta_trial_data::{PatientRecord, Provenance};
use serde_json::Value;
use support::{Agreement, ITERATIVE, reference};

fn trials(case: &Value) -> Vec<TwoArmTrial> {
    let numbers = |values: &Value| -> Vec<f64> {
        values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    };
    let trial = |(index, data): (usize, &Value)| {
        let (times, events, arms) =
            (numbers(&data["time"]), numbers(&data["event"]), numbers(&data["treated"]));
        let arm = |which: f64| -> Vec<PatientRecord> {
            (0..times.len())
                .filter(|&row| arms[row] == which)
                .map(|row| PatientRecord { time: times[row], event: events[row] == 1.0 })
                .collect()
        };
        TwoArmTrial {
            trial: format!("trial {index}"),
            label: String::new(),
            subgroup: None,
            treated: arm(1.0),
            control: arm(0.0),
            provenance: Provenance::printed("simulation"),
        }
    };
    case["trials"].as_array().unwrap().iter().enumerate().map(trial).collect()
}

fn one_stage(trials: &[TwoArmTrial], model: TwoArmModel) -> OneStageHazardRatio {
    let options = TwoArmSurvivalOptions { model, quadrature_nodes: 40, ..Default::default() };
    pool_two_arm_survival(trials, &options).unwrap().one_stage.unwrap()
}

#[test]
fn r_two_arm_random_effect() {
    let mut agreement = Agreement::new("two-arm survival, one stage, simulated");
    for case in reference("two_arm_random_effect.json")["cases"].as_array().unwrap() {
        agreement.case();
        let place = case["name"].as_str().unwrap();
        let trials = trials(case);
        let mut close = |quantity, ours, theirs: &Value| {
            agreement.close_to(quantity, ours, theirs, ITERATIVE, place);
        };
        let common = one_stage(&trials, TwoArmModel::OneStageCommon);
        let theirs = &case["common"];
        close("stratified log hazard ratio", common.hazard_ratio.value, &theirs["coef"]);
        close("its standard error", common.hazard_ratio.standard_error, &theirs["se"]);
        close("its log likelihood", common.log_likelihood, &theirs["loglik"][1]);

        let random = one_stage(&trials, TwoArmModel::OneStageRandom);
        let effects = random.random_effects.unwrap();
        close("tau-squared of one stage", effects.tau_squared, &case["tau2"]);
        let test = random.heterogeneity_test.unwrap();
        if effects.tau_squared == 0.0 {
            // The limit: the random model is the stratified one.
            close("random log hazard ratio", random.hazard_ratio.value, &theirs["coef"]);
            close("its standard error", random.hazard_ratio.standard_error, &theirs["se"]);
            close("its log likelihood", random.log_likelihood, &theirs["loglik"][1]);
            assert_eq!((test.statistic, test.p_value), (0.0, 1.0));
            continue;
        }
        close("random log hazard ratio", random.hazard_ratio.value, &case["beta"]);
        close("its standard error", random.hazard_ratio.standard_error, &case["se"]);
        close("its log likelihood", random.log_likelihood, &case["loglik"]);
        let error = effects.tau_squared_standard_error.unwrap();
        close("standard error of tau-squared", error, &case["tau2_se"]);
        let rise = case["loglik"].as_f64().unwrap() - theirs["loglik"][1].as_f64().unwrap();
        close("test of tau-squared 0", test.statistic, &Value::from(2.0 * rise));
        for (row, prediction) in effects.trials.iter().enumerate() {
            close("trials' means", prediction.log_hazard_ratio, &case["trial_means"][row]);
            close("trials' standard deviations", prediction.standard_deviation, &case["trial_sds"][row]);
        }
    }
    agreement.finish(5, 87);
}
