//! Counts of two arms against R meta and metafor: `fixtures/reference/two_arm_counts.json` and
//! `counts_further.json`.

mod support;

use kmeta_evidence_pool::{
    TwoArmCount, TwoArmCountOptions, TwoArmPooling, compare_two_arms, mantel_haenszel_tests,
    pool_two_arm_counts, test_two_arms,
};
use kmeta_trial_data::{
    ContinuityCorrection, EffectMeasure, IntervalMethod, PooledEffect, PredictionMethod, Provenance,
    TauSquaredEstimator, TauSquaredIntervalMethod,
};
use serde_json::Value;
use support::{Agreement, CLOSED_FORM, ITERATIVE, number, reference};

fn counts(case: &Value, columns: [&str; 4]) -> Vec<TwoArmCount> {
    let whole = |column: usize, row: usize| case[columns[column]][row].as_u64().unwrap() as u32;
    (0..case[columns[0]].as_array().unwrap().len())
        .map(|row| TwoArmCount {
            trial: row.to_string(),
            label: String::new(),
            subgroup: None,
            events: whole(0, row),
            total: whole(1, row),
            control_events: whole(2, row),
            control_total: whole(3, row),
            provenance: Provenance::printed("count"),
        })
        .collect()
}

fn case_counts(case: &Value) -> Vec<TwoArmCount> {
    counts(case, ["event_e", "n_e", "event_c", "n_c"])
}

fn options(case: &Value) -> TwoArmCountOptions {
    TwoArmCountOptions {
        measure: match case["sm"].as_str().unwrap() {
            "OR" => EffectMeasure::LogOddsRatio,
            "RR" => EffectMeasure::LogRiskRatio,
            "RD" => EffectMeasure::RiskDifference,
            "ASD" => EffectMeasure::ArcsineDifference,
            other => panic!("{other}"),
        },
        pooling: Some(match case["method"].as_str().unwrap() {
            "Inverse" => TwoArmPooling::InverseVariance,
            "MH" => TwoArmPooling::MantelHaenszel,
            "Peto" => TwoArmPooling::Peto,
            other => panic!("{other}"),
        }),
        exact_mantel_haenszel: case["MH_exact"].as_bool().unwrap(),
        heterogeneity_about_mantel_haenszel: case["Q_Cochrane"].as_bool().unwrap(),
        ..TwoArmCountOptions::default()
    }
}

/// Effects, standard errors, limits and increments of each study. A study that R leaves out (no effect) is left out
/// here.
fn compare_studies(agreement: &mut Agreement, case: &Value, place: &str) {
    let (options, theirs) = (options(case), &case["study"]);
    for (row, count) in case_counts(case).iter().enumerate() {
        let place = format!("{place} study {row}");
        let ours = compare_two_arms(count, &options).unwrap();
        let Some(ours) = ours else {
            assert!(theirs["te"][row].is_null(), "{place}");
            continue;
        };
        let pairs = [
            ("study effect", ours.value, "te"),
            ("study standard error", ours.standard_error, "se"),
            ("study limits", ours.interval.lower, "lo"),
            ("study limits", ours.interval.upper, "hi"),
        ];
        for (quantity, ours, key) in pairs {
            agreement.close_to(quantity, ours, &theirs[key][row], CLOSED_FORM, &place);
        }
        // With MH.exact R prints the increments of Mantel-Haenszel sums, which are 0; effects have them all the same.
        if !options.exact_mantel_haenszel {
            agreement.close_to("increments", ours.increment, &theirs["incr_e"][row], CLOSED_FORM, &place);
            agreement.close_to(
                "increments",
                ours.control_increment,
                &theirs["incr_c"][row],
                CLOSED_FORM,
                &place,
            );
        }
    }
}

fn compare_mean(
    agreement: &mut Agreement,
    quantity: &'static str,
    ours: &kmeta_trial_data::Estimate,
    theirs: &Value,
    tolerance: f64,
    place: &str,
) {
    let pairs = [
        (ours.value, "te"),
        (ours.standard_error, "se"),
        (ours.interval.lower, "lo"),
        (ours.interval.upper, "hi"),
        (ours.statistic.unwrap(), "stat"),
        (ours.p_value.unwrap(), "p"),
    ];
    for (ours, key) in pairs {
        agreement.close_to(quantity, ours, &theirs[key], tolerance, &format!("{place} {key}"));
    }
}

fn compare_weights(
    agreement: &mut Agreement,
    quantity: &'static str,
    ours: &PooledEffect,
    weight: impl Fn(&kmeta_trial_data::StudyRow) -> f64,
    theirs: &Value,
    tolerance: f64,
    place: &str,
) {
    let theirs: Vec<f64> =
        theirs.as_array().unwrap().iter().map(|weight| number(weight).unwrap_or(0.0)).collect();
    let total: f64 = theirs.iter().sum();
    for (row, theirs) in theirs.iter().enumerate() {
        let study = ours.studies.iter().find(|study| study.trial == row.to_string());
        let place = format!("{place} study {row}");
        agreement.close(quantity, study.map_or(0.0, &weight), theirs / total, tolerance, &place);
    }
}

fn compare_result(agreement: &mut Agreement, case: &Value, result: &Value, place: &str) {
    let estimator: TauSquaredEstimator = serde_json::from_value(result["tau_squared"].clone()).unwrap();
    let moment = estimator == TauSquaredEstimator::DerSimonianLaird;
    let tolerance = if moment { CLOSED_FORM } else { ITERATIVE };
    let options = TwoArmCountOptions {
        tau_squared: estimator,
        interval: match result["interval"].as_str().unwrap() {
            "classic" => IntervalMethod::Wald,
            "HK" => IntervalMethod::HartungKnapp,
            other => panic!("{other}"),
        },
        tau_squared_interval: if moment {
            TauSquaredIntervalMethod::Jackson
        } else {
            TauSquaredIntervalMethod::QProfile
        },
        ..options(case)
    };
    let ours = pool_two_arm_counts(&case_counts(case), &options).unwrap();
    compare_mean(agreement, "common effect", &ours.common, &result["common"], CLOSED_FORM, place);
    compare_mean(agreement, "random effects", &ours.random, &result["random"], tolerance, place);
    let heterogeneity = &ours.heterogeneity;
    let [i_squared, h] = [heterogeneity.i_squared_interval.unwrap(), heterogeneity.h_interval.unwrap()];
    let pairs = [
        ("Q", heterogeneity.q, &result["Q"]),
        ("Q", heterogeneity.p_value.unwrap(), &result["pQ"]),
        ("Q", f64::from(heterogeneity.degrees_of_freedom), &result["df"]),
        ("I-squared, H", heterogeneity.i_squared.unwrap(), &result["I2"][0]),
        ("I-squared, H", i_squared.lower, &result["I2"][1]),
        ("I-squared, H", i_squared.upper, &result["I2"][2]),
        ("I-squared, H", heterogeneity.h.unwrap(), &result["H"][0]),
        ("I-squared, H", h.lower, &result["H"][1]),
        ("I-squared, H", h.upper, &result["H"][2]),
    ];
    for (quantity, ours, theirs) in pairs {
        agreement.close_to(quantity, ours, theirs, CLOSED_FORM, place);
    }
    let tau_squared = heterogeneity.tau_squared.unwrap();
    agreement.close_to("tau-squared", tau_squared, &result["tau2"], tolerance, place);
    compare_tau_squared_interval(agreement, case, result, &ours, place);
    let methods =
        [("HTS", PredictionMethod::HigginsThompsonSpiegelhalter), ("V", PredictionMethod::Veroniki)];
    for (row, (name, method)) in methods.into_iter().enumerate() {
        assert_eq!(result["predict"]["method"][row], name);
        let options = TwoArmCountOptions { prediction: method, ..options.clone() };
        let ours = pool_two_arm_counts(&case_counts(case), &options).unwrap();
        let limits = ours.prediction_details.unwrap().interval;
        let theirs = &result["predict"];
        agreement.close_to("prediction interval", limits.lower, &theirs["lo"][row], tolerance, place);
        agreement.close_to("prediction interval", limits.upper, &theirs["hi"][row], tolerance, place);
    }
    let random = |study: &kmeta_trial_data::StudyRow| study.weight_random.unwrap();
    let common = |study: &kmeta_trial_data::StudyRow| study.weight_common.unwrap();
    compare_weights(agreement, "weights, common", &ours, common, &result["w_common"], CLOSED_FORM, place);
    compare_weights(agreement, "weights, random", &ours, random, &result["w_random"], tolerance, place);
}

/// R meta's roots have an absolute tolerance of 1.2e-4; `counts_further.json` holds the same limits at machine precision.
/// About the Mantel-Haenszel mean R gives none. An empty set is 0 to 0 in R and absent here.
fn compare_tau_squared_interval(
    agreement: &mut Agreement,
    case: &Value,
    result: &Value,
    ours: &PooledEffect,
    place: &str,
) {
    let limits = ours.heterogeneity.tau_squared_interval;
    assert_eq!(result["tau2_ci"][0].is_null(), limits.is_none() && result["tau2_ci"][1].is_null(), "{place}");
    if result["tau2_ci"][0].is_null() {
        return;
    }
    let effects = if case["method"] == "Peto" { "Peto" } else { "Inverse" };
    let key = format!("{} {} {effects}", case["dataset"].as_str().unwrap(), case["sm"].as_str().unwrap());
    let further = reference("counts_further.json");
    let exact =
        further["tau2_intervals"].as_array().unwrap().iter().find(|exact| exact["key"] == key.as_str());
    let moment = result["tau_squared"] == "DL";
    let theirs = &exact.unwrap()[if moment { "jackson" } else { "q_profile" }];
    let limits = limits.map_or([0.0; 2], |limits| [limits.lower, limits.upper]);
    for (side, ours) in limits.into_iter().enumerate() {
        agreement.close_to("tau-squared interval", ours, &theirs[side], ITERATIVE, place);
    }
}

/// metafor's `rma.mh` takes counts without correction and Q about the Mantel-Haenszel mean; `rma.peto`.
fn compare_metafor(agreement: &mut Agreement, case: &Value, place: &str) {
    let theirs = &case["metafor"];
    if theirs.is_null() {
        return;
    }
    let options = TwoArmCountOptions {
        exact_mantel_haenszel: true,
        heterogeneity_about_mantel_haenszel: true,
        tau_squared: TauSquaredEstimator::DerSimonianLaird,
        ..options(case)
    };
    let ours = pool_two_arm_counts(&case_counts(case), &options).unwrap();
    agreement.close_to("metafor rma.mh, rma.peto", ours.common.value, &theirs["est"], CLOSED_FORM, place);
    // metafor takes the variance of a Mantel-Haenszel risk difference from Sato 1989, meta and we from Greenland and
    // Robins 1985.
    let difference = options.measure == EffectMeasure::RiskDifference;
    if !difference {
        let pairs = [
            (ours.common.standard_error, &theirs["se"]),
            (ours.common.interval.lower, &theirs["ci"][0]),
            (ours.common.interval.upper, &theirs["ci"][1]),
        ];
        for (ours, theirs) in pairs {
            agreement.close_to("metafor rma.mh, rma.peto", ours, theirs, CLOSED_FORM, place);
        }
        for (ours, key) in [(ours.common.statistic, "z"), (ours.common.p_value, "p")] {
            if let Some(theirs) = theirs.get(key) {
                agreement.optional("metafor rma.mh, rma.peto", ours, theirs, CLOSED_FORM, place);
            }
        }
    }
    // metafor corrects a risk difference itself, and a risk ratio's n twice: with a cell of 0 its Q is another one.
    let corrected = ours.findings.iter().any(|finding| finding.code == "continuity-correction");
    if !corrected || options.measure == EffectMeasure::LogOddsRatio {
        agreement.close_to("metafor Q", ours.heterogeneity.q, &theirs["QE"], CLOSED_FORM, place);
        agreement.optional("metafor Q", ours.heterogeneity.p_value, &theirs["QEp"], CLOSED_FORM, place);
    }
    if theirs.get("MH").is_some_and(|test| !test.is_null()) {
        let tests = mantel_haenszel_tests(&case_counts(case)).unwrap();
        let pairs = [
            (Some(tests.cochran_mantel_haenszel), "MH"),
            (Some(tests.cochran_mantel_haenszel_p_value), "MHp"),
            (tests.breslow_day, "BD"),
            (tests.tarone, "TA"),
        ];
        for (ours, key) in pairs {
            agreement.optional(
                "Mantel-Haenszel, Breslow-Day, Tarone",
                ours,
                &theirs[key],
                CLOSED_FORM,
                place,
            );
        }
    }
}

#[test]
fn r_two_arm_counts() {
    let mut agreement = Agreement::new("two-arm counts");
    for case in reference("two_arm_counts.json")["cases"].as_array().unwrap() {
        agreement.case();
        let place = format!(
            "{} {} {} exact {} Cochrane {}",
            case["dataset"], case["sm"], case["method"], case["MH_exact"], case["Q_Cochrane"]
        );
        compare_studies(&mut agreement, case, &place);
        compare_metafor(&mut agreement, case, &place);
        for result in case["results"].as_array().unwrap() {
            let place = format!("{place} {} {}", result["tau_squared"], result["interval"]);
            compare_result(&mut agreement, case, result, &place);
        }
    }
    agreement.finish(67, 42_454);
}

#[test]
fn r_single_tables() {
    let mut agreement = Agreement::new("two-arm counts: one table");
    for theirs in reference("counts_further.json")["tables"].as_array().unwrap() {
        agreement.case();
        let whole = |key: &str| theirs[key].as_u64().unwrap() as u32;
        let count = TwoArmCount {
            trial: "table".to_owned(),
            label: String::new(),
            subgroup: None,
            events: whole("a"),
            total: whole("n1"),
            control_events: whole("c"),
            control_total: whole("n2"),
            provenance: Provenance::printed("count"),
        };
        let ours = test_two_arms(&count, 0.95).unwrap();
        let place = format!("{}/{} {}/{}", theirs["a"], theirs["n1"], theirs["c"], theirs["n2"]);
        let exact = [
            (Some(ours.fisher_p_value), "fisher_p"),
            (ours.conditional_odds_ratio, "odds_ratio"),
            (Some(ours.conditional_lower), "lower"),
            (ours.conditional_upper, "upper"),
        ];
        for (ours, key) in exact {
            agreement.optional("Fisher's exact test", ours, &theirs[key], CLOSED_FORM, &place);
        }
        let chi_squared = [
            (ours.chi_squared, "chi_squared"),
            (ours.chi_squared_p_value, "chi_squared_p"),
            (ours.yates_chi_squared, "yates"),
            (ours.yates_p_value, "yates_p"),
        ];
        for (ours, key) in chi_squared {
            agreement.optional("chi-squared tests", ours, &theirs[key], CLOSED_FORM, &place);
        }
    }
    agreement.finish(9, 70);
}

/// Effects and Mantel-Haenszel odds ratios with every rule of correction that metafor has too.
#[test]
fn r_continuity_corrections() {
    let mut agreement = Agreement::new("two-arm counts: continuity corrections");
    let further = reference("counts_further.json");
    let data = &further["corrections"];
    let counts = counts(data, ["events", "totals", "control_events", "control_totals"]);
    for theirs in data["results"].as_array().unwrap() {
        agreement.case();
        let place = theirs["to"].as_str().unwrap();
        let options = TwoArmCountOptions {
            measure: EffectMeasure::LogOddsRatio,
            continuity_correction: match place {
                "only0" => ContinuityCorrection::AffectedStudies,
                "if0all" => ContinuityCorrection::AllIfAnyAffected,
                "all" => ContinuityCorrection::AllStudies,
                "none" => ContinuityCorrection::None,
                other => panic!("{other}"),
            },
            ..TwoArmCountOptions::default()
        };
        // Without a correction Mantel-Haenszel sums take every study, effects only those that have one.
        let without = options.continuity_correction == ContinuityCorrection::None;
        assert_eq!(pool_two_arm_counts(&counts, &options).is_err(), without);
        let sums = TwoArmCountOptions {
            exact_mantel_haenszel: without,
            continuity_correction: if without {
                ContinuityCorrection::AffectedStudies
            } else {
                options.continuity_correction
            },
            ..options.clone()
        };
        let common = pool_two_arm_counts(&counts, &sums).unwrap().common;
        let ours = TwoArmCountOptions { pooling: Some(TwoArmPooling::InverseVariance), ..options };
        let ours = pool_two_arm_counts(&counts, &ours).unwrap();
        agreement.close_to("Mantel-Haenszel mean", common.value, &theirs["beta"], CLOSED_FORM, place);
        let error = common.standard_error;
        agreement.close_to("Mantel-Haenszel standard error", error, &theirs["se"], CLOSED_FORM, place);
        for row in 0..counts.len() {
            let study = ours.studies.iter().find(|study| study.trial == row.to_string());
            let place = format!("{place} study {row}");
            let value = study.map(|study| study.estimate.value);
            let variance = study.map(|study| study.estimate.standard_error.powi(2));
            agreement.optional("effects", value, &theirs["yi"][row], CLOSED_FORM, &place);
            agreement.optional("variances", variance, &theirs["vi"][row], CLOSED_FORM, &place);
        }
    }
    agreement.finish(4, 134);
}
