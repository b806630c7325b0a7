//! Every in-scope answer of R meta 8.3-0 and metafor 5.1-0 in `fixtures/reference`.
//!
//! Closed forms must agree to 1e-8, iterative results to 1e-6 (relative, absolute below 1). All comparisons are
//! made before the test fails, so that the message names the number of cases and the worst of them.

use std::path::Path;

use kmeta_evidence_pool::{
    EffectOptions, ProportionCount, ProportionModel, ProportionOptions, pool_effects, pool_proportions,
};
use kmeta_trial_data::{
    EffectEstimate, EffectMeasure, Estimate, Interval, IntervalMethod, PooledEffect, Provenance,
    StudyIntervalMethod, TauSquaredEstimator,
};
use serde_json::Value;

const CLOSED_FORM: f64 = 1e-8;
const ITERATIVE: f64 = 1e-6;

/// Collects comparisons.
#[derive(Default)]
struct Comparison {
    numbers: usize,
    failures: Vec<(f64, String)>,
}

impl Comparison {
    fn close(&mut self, ours: f64, theirs: &Value, tolerance: f64, place: &str) {
        let theirs = theirs.as_f64().unwrap_or_else(|| panic!("{place}: R gives {theirs}"));
        let difference = (ours - theirs).abs() / theirs.abs().max(1.0);
        self.numbers += 1;
        if difference.is_nan() || difference > tolerance {
            self.failures.push((difference, format!("{place}: {ours} instead of {theirs}")));
        }
    }

    fn interval(&mut self, ours: &Interval, theirs: [&Value; 2], tolerance: f64, place: &str) {
        self.close(ours.lower, theirs[0], tolerance, &format!("{place} lower"));
        self.close(ours.upper, theirs[1], tolerance, &format!("{place} upper"));
    }

    /// A mean on the analysis scale and, where R gives it, transformed back.
    fn estimate(&mut self, ours: &Estimate, theirs: &Value, tolerance: f64, place: &str) {
        self.close(ours.value, &theirs["te"], tolerance, &format!("{place} mean"));
        self.close(ours.standard_error, &theirs["se"], tolerance, &format!("{place} standard error"));
        self.interval(&ours.interval, [&theirs["lo"], &theirs["hi"]], tolerance, place);
        if let Some(shown) = theirs.get("bt") {
            self.close(ours.shown, &shown[0], tolerance, &format!("{place} shown"));
            let limits = [&shown[1], &shown[2]];
            self.interval(&ours.shown_interval, limits, tolerance, &format!("{place} shown"));
        }
    }

    fn finish(mut self, at_least: usize) {
        self.failures.sort_by(|one, two| two.0.total_cmp(&one.0));
        let worst: Vec<&str> = self.failures.iter().take(10).map(|(_, place)| place.as_str()).collect();
        assert!(
            self.failures.is_empty(),
            "{} of {} differ:\n{}",
            self.failures.len(),
            self.numbers,
            worst.join("\n")
        );
        assert!(self.numbers >= at_least, "only {} numbers were compared", self.numbers);
    }
}

fn cases(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/reference").join(file);
    let reference: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    reference["cases"].as_array().unwrap().clone()
}

fn estimator(name: &str) -> TauSquaredEstimator {
    serde_json::from_value(Value::from(name)).unwrap()
}

fn interval_method(name: &str) -> IntervalMethod {
    match name {
        "classic" => IntervalMethod::Wald,
        "HK" => IntervalMethod::HartungKnapp,
        other => panic!("{other}"),
    }
}

fn measure(name: &str) -> EffectMeasure {
    match name {
        "PFT" => EffectMeasure::FreemanTukey,
        "PLOGIT" => EffectMeasure::Logit,
        "PAS" => EffectMeasure::Arcsine,
        "PRAW" => EffectMeasure::Raw,
        "PLN" => EffectMeasure::Log,
        other => panic!("{other}"),
    }
}

fn counts(case: &Value) -> Vec<ProportionCount> {
    let whole = |column: &str, row: usize| case[column][row].as_u64().unwrap() as u32;
    (0..case["events"].as_array().unwrap().len())
        .map(|row| ProportionCount {
            trial: format!("trial {row}"),
            label: String::new(),
            subgroup: case["subgroups"][row].as_str().map(str::to_owned),
            events: whole("events", row),
            total: whole("totals", row),
            provenance: Provenance::printed("count"),
        })
        .collect()
}

/// DL is a closed form; the others are iterative.
fn tolerance(result: &Value) -> f64 {
    if result["tau_squared"] == "DL" { CLOSED_FORM } else { ITERATIVE }
}

fn compare_shared(comparison: &mut Comparison, ours: &PooledEffect, case: &Value, place: &str) {
    comparison.estimate(&ours.common, &case["common"], CLOSED_FORM, &format!("{place} common"));
    let heterogeneity = &ours.heterogeneity;
    comparison.close(heterogeneity.q, &case["Q"], CLOSED_FORM, &format!("{place} Q"));
    comparison.close(heterogeneity.p_value.unwrap(), &case["pQ"], CLOSED_FORM, &format!("{place} p of Q"));
    comparison.close(heterogeneity.i_squared.unwrap(), &case["I2"][0], CLOSED_FORM, &format!("{place} I2"));
    comparison.close(heterogeneity.h.unwrap(), &case["H"][0], CLOSED_FORM, &format!("{place} H"));
    let limits = heterogeneity.i_squared_interval.unwrap();
    comparison.interval(&limits, [&case["I2"][1], &case["I2"][2]], CLOSED_FORM, &format!("{place} I2"));
    let limits = heterogeneity.h_interval.unwrap();
    comparison.interval(&limits, [&case["H"][1], &case["H"][2]], CLOSED_FORM, &format!("{place} H"));
    match heterogeneity.tau_squared_interval {
        Some(limits) => {
            let theirs = [&case["tau2_ci"][0], &case["tau2_ci"][1]];
            comparison.interval(&limits, theirs, ITERATIVE, &format!("{place} tau2 interval"));
        }
        // R gives 0 to 0 for the empty set.
        None => assert_eq!(case["tau2_ci"][1].as_f64(), Some(0.0), "{place}"),
    }
}

fn compare_subgroups(
    comparison: &mut Comparison,
    ours: &PooledEffect,
    theirs: &Value,
    tolerance: f64,
    place: &str,
) {
    for (row, level) in theirs["levels"].as_array().unwrap().iter().enumerate() {
        let group = ours.subgroups.iter().find(|group| *level == group.name.as_str()).unwrap();
        let place = format!("{place} subgroup {}", group.name);
        comparison.close(group.random.value, &theirs["te_random"][row], tolerance, &format!("{place} mean"));
        comparison.close(group.random.standard_error, &theirs["se_random"][row], tolerance, &place);
        comparison.close(group.common.value, &theirs["te_common"][row], CLOSED_FORM, &place);
        comparison.close(group.common.standard_error, &theirs["se_common"][row], CLOSED_FORM, &place);
        comparison.close(group.heterogeneity.q, &theirs["Q"][row], CLOSED_FORM, &format!("{place} Q"));
        comparison.close(group.random.shown, &theirs["bt_random"][row][0], tolerance, &place);
        let limits = [&theirs["bt_random"][row][1], &theirs["bt_random"][row][2]];
        comparison.interval(&group.random.shown_interval, limits, tolerance, &format!("{place} shown"));
        assert_eq!(group.heterogeneity.tau_squared.is_none(), theirs["tau2"][row].is_null(), "{place}");
        if let Some(tau_squared) = group.heterogeneity.tau_squared {
            comparison.close(tau_squared, &theirs["tau2"][row], tolerance, &format!("{place} tau2"));
            comparison.close(group.heterogeneity.i_squared.unwrap(), &theirs["I2"][row], CLOSED_FORM, &place);
        }
    }
    let between = ours.between_subgroups.as_ref().unwrap();
    comparison.close(between.q_random, &theirs["Qb_random"], tolerance, &format!("{place} Q between"));
    comparison.close(between.p_value_random, &theirs["pQb_random"], tolerance, &format!("{place} p between"));
    comparison.close(between.q_common, &theirs["Qb_common"], CLOSED_FORM, &format!("{place} Q between"));
    comparison.close(
        between.p_value_common,
        &theirs["pQb_common"],
        CLOSED_FORM,
        &format!("{place} p between"),
    );
}

#[test]
fn proportions() {
    let mut comparison = Comparison::default();
    for case in cases("proportions.json") {
        for result in case["results"].as_array().unwrap() {
            let place = format!(
                "{} {} {} {}",
                case["dataset"], case["measure"], result["tau_squared"], result["interval"]
            );
            let options = ProportionOptions {
                model: Some(ProportionModel::InverseVariance),
                measure: measure(case["measure"].as_str().unwrap()),
                tau_squared: estimator(result["tau_squared"].as_str().unwrap()),
                interval: interval_method(result["interval"].as_str().unwrap()),
                subgroups: result.get("subgroup").is_some(),
                ..ProportionOptions::default()
            };
            let ours = pool_proportions(&counts(&case), &options).unwrap();
            let tolerance = tolerance(result);
            comparison.estimate(&ours.random, &result["random"], tolerance, &place);
            let limits = [&result["prediction"]["lo_bt"], &result["prediction"]["hi_bt"]];
            comparison.interval(&ours.prediction.unwrap(), limits, tolerance, &format!("{place} prediction"));
            let tau_squared = ours.heterogeneity.tau_squared.unwrap();
            comparison.close(tau_squared, &result["tau2"], tolerance, &format!("{place} tau2"));
            compare_shared(&mut comparison, &ours, &case, &place);
            if let Some(subgroups) = result.get("subgroup") {
                compare_subgroups(&mut comparison, &ours, subgroups, tolerance, &place);
            }
        }
    }
    comparison.finish(10_000);
}

#[test]
fn single_studies() {
    let mut comparison = Comparison::default();
    for case in cases("proportions.json").iter().filter(|case| case["measure"] == "PRAW") {
        let options = ProportionOptions {
            model: Some(ProportionModel::InverseVariance),
            measure: EffectMeasure::Raw,
            ..ProportionOptions::default()
        };
        let ours = pool_proportions(&counts(case), &options).unwrap();
        assert_eq!(ours.study_interval_method, StudyIntervalMethod::ClopperPearson);
        for (row, study) in ours.studies.iter().enumerate() {
            let limits = [&case["exact_lower"][row], &case["exact_upper"][row]];
            let place = format!("{} study {row} exact", case["dataset"]);
            comparison.interval(&study.estimate.shown_interval, limits, CLOSED_FORM, &place);
        }
    }
    for case in cases("proportions.json") {
        let options = ProportionOptions {
            model: Some(ProportionModel::InverseVariance),
            measure: measure(case["measure"].as_str().unwrap()),
            ..ProportionOptions::default()
        };
        let ours = pool_proportions(&counts(&case), &options).unwrap();
        for (row, study) in ours.studies.iter().enumerate() {
            let place = format!("{} {} study {row}", case["dataset"], case["measure"]);
            comparison.close(study.estimate.value, &case["effects"][row], CLOSED_FORM, &place);
            comparison.close(
                study.estimate.standard_error,
                &case["standard_errors"][row],
                CLOSED_FORM,
                &place,
            );
        }
        if let Some(size) = ours.back_transform_size {
            comparison.close(size, &case["size"], CLOSED_FORM, "harmonic mean");
        }
    }
    comparison.finish(1_000);
}

#[test]
fn effects() {
    let mut comparison = Comparison::default();
    for case in cases("effects.json") {
        let effects: Vec<EffectEstimate> = case["effects"]
            .as_array()
            .unwrap()
            .iter()
            .zip(case["standard_errors"].as_array().unwrap())
            .enumerate()
            .map(|(row, (value, error))| EffectEstimate {
                trial: format!("trial {row}"),
                label: String::new(),
                subgroup: None,
                measure: EffectMeasure::LogHazardRatio,
                value: value.as_f64().unwrap(),
                variance: error.as_f64().unwrap().powi(2),
                provenance: Provenance::printed("effect"),
            })
            .collect();
        for result in case["results"].as_array().unwrap() {
            let place = format!("{} {} {}", case["dataset"], result["tau_squared"], result["interval"]);
            let options = EffectOptions {
                tau_squared: estimator(result["tau_squared"].as_str().unwrap()),
                interval: interval_method(result["interval"].as_str().unwrap()),
                ..EffectOptions::default()
            };
            let ours = pool_effects(&effects, &options).unwrap();
            let tolerance = tolerance(result);
            comparison.estimate(&ours.random, &result["random"], tolerance, &place);
            let theirs =
                ["lo", "hi"].map(|limit| Value::from(result["prediction"][limit].as_f64().unwrap().exp()));
            let limits = [&theirs[0], &theirs[1]];
            comparison.interval(&ours.prediction.unwrap(), limits, tolerance, &format!("{place} prediction"));
            let tau_squared = ours.heterogeneity.tau_squared.unwrap();
            comparison.close(tau_squared, &result["tau2"], tolerance, &format!("{place} tau2"));
            compare_shared(&mut comparison, &ours, &case, &place);
            let egger = ours.egger.unwrap();
            comparison.close(egger.t, &case["egger"]["t"], CLOSED_FORM, &format!("{place} Egger"));
            comparison.close(egger.p_value, &case["egger"]["p"], CLOSED_FORM, &format!("{place} Egger"));
            comparison.close(
                egger.intercept,
                &case["egger"]["intercept"],
                CLOSED_FORM,
                &format!("{place} Egger"),
            );
            let error = &case["egger"]["standard_error"];
            comparison.close(egger.standard_error, error, CLOSED_FORM, &format!("{place} Egger"));
        }
    }
    comparison.finish(500);
}
