//! `kmeta pool` and the kinds of analyses of a project file, through the real binary.

use std::fs;
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt;
use kmeta_evidence_pool::{NagashimaOptions, nagashima_prediction};
use kmeta_trial_data::{EffectEstimate, EffectMeasure, Provenance};
use serde_json::Value;

fn kmeta(folder: &tempfile::TempDir, arguments: &[&str]) -> Output {
    Command::cargo_bin("kmeta").unwrap().args(arguments).current_dir(folder.path()).output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn folder(name: &str, content: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), content).unwrap();
    folder
}

fn close(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap();
    assert!((found - expected).abs() < 5e-5, "{found} instead of {expected}");
}

/// Deaths after myocardial infarction, aspirin against placebo (Fleiss 1993, Stat Methods Med Res 2:121, table 1).
const ASPIRIN: &str = "trial,events,total,control_events,control_total,year\n\
    MRC-1,49,615,67,624,1974\nCDP,44,758,64,771,1976\nMRC-2,102,832,126,850,1979\nGASP,32,317,38,309,1979\n\
    PARIS,85,810,52,406,1980\nAMIS,246,2267,219,2257,1980\nISIS-2,1570,8587,1720,8600,1988\n";

/// R metafor 3.8-1 `rma.mh(measure = "OR")`: 0.89686556; RevMan prints the same.
#[test]
fn counts_of_two_arms() {
    let folder = folder("aspirin.csv", ASPIRIN);
    let arguments =
        ["pool", "counts", "aspirin.csv", "--measure", "log-odds-ratio", "--json", "--leave-one-out"];
    let further = ["--moderators", "year", "--small-study-tests", "harbord,peters", "--influence"];
    let answer = json(&kmeta(&folder, &[&arguments[..], &further[..]].concat()));
    close(&answer["result"]["common"]["shown"], 0.896_865_56);
    assert_eq!(answer["tests"]["trials"].as_array().unwrap().len(), 7);
    let further = &answer["further"];
    assert_eq!(further["leave_one_out"]["rows"].as_array().unwrap().len(), 7);
    assert_eq!(further["influence"]["rows"].as_array().unwrap().len(), 7);
    assert_eq!(further["meta_regression"]["coefficients"].as_array().unwrap().len(), 2);
    // Seven studies are too few for the tests, and the answer says so.
    assert_eq!(further["small_study_tests"]["results"][0]["outcome"]["outcome"], "not-answered");
}

/// Zhou 1999, GLMM of the response rates of the example: R lme4 with 25 nodes, logit −2.1957950.
#[test]
fn response_rates_by_the_default_model() {
    let counts =
        "trial,events,total\nHa,2,8\nBible,0,15\nSavvides,2,20\nTahara,4,17\nWirth,1,34\nHigashiyama,5,42\n";
    let folder = folder("orr.csv", counts);
    let answer = json(&kmeta(&folder, &["pool", "proportions", "orr.csv", "--json"]));
    assert_eq!(answer["result"]["model"], "glmm");
    close(&answer["result"]["random"]["value"], -2.195_794_96);
    close(&answer["result"]["heterogeneity"]["tau_squared"], 0.180_557_73);
    let refused =
        kmeta(&folder, &["pool", "proportions", "orr.csv", "--measure", "arcsine", "--pool-by", "glmm"]);
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn effects_with_every_further_analysis() {
    let effects = "trial,effect,standard_error\na,0.1,0.2\nb,0.4,0.1\nc,-0.1,0.15\nd,0.3,0.3\ne,0.2,0.12\n";
    let folder = folder("effects.csv", effects);
    let arguments = [
        "pool",
        "effects",
        "effects.csv",
        "--interval",
        "hartung-knapp",
        "--cumulative",
        "precision",
        "--bayesian",
        "half-normal:0.5",
        "--trim-and-fill",
        "--pet-peese",
        "--limit-meta-analysis",
        "--fail-safe-numbers",
        "rosenthal,orwin,rosenberg",
        "--out",
        "out",
    ];
    let output = kmeta(&folder, &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    for heading in
        ["Cumulative meta-analysis", "Bayesian model", "Trim and fill", "PET-PEESE", "Limit", "Fail-safe"]
    {
        assert!(text.contains(heading), "no {heading} in\n{text}");
    }
    for file in
        ["effects-cumulative.csv", "effects-bayesian.csv", "effects-trim-and-fill.csv", "effects-forest.svg"]
    {
        assert!(folder.path().join("out").join(file).exists(), "{file}");
    }
}

/// Patients of two trials: exponential times by inversion, more events in the control arms.
fn patients() -> String {
    let mut rows = "trial,arm,time,status\n".to_owned();
    for trial in ["one", "two", "three"] {
        for (arm, rate) in [("drug", 0.05), ("placebo", 0.09)] {
            for patient in 1..=40 {
                let time = -(f64::from(patient) / 41.0).ln() / rate;
                let status = u8::from(time < 30.0);
                rows.push_str(&format!("{trial},{arm},{:.3},{status}\n", time.min(30.0)));
            }
        }
    }
    rows
}

#[test]
fn survival_by_every_method() {
    let folder = folder("ipd.csv", &patients());
    for (method, kind) in [
        ("summary-curve", "survival"),
        ("grid-free", "survival"),
        ("landmark", "landmark-survival"),
        ("median", "survival-time"),
        ("restricted-mean", "survival-time"),
        ("parametric", "parametric-survival"),
        ("frailty", "frailty-survival"),
    ] {
        let arguments = ["pool", "survival", "ipd.csv", "--times", "6,12,24", "--pool-by", method, "--json"];
        let answer = json(&kmeta(&folder, &arguments));
        assert_eq!(answer["kind"], kind, "{method}");
    }
}

#[test]
fn two_arm_survival_by_every_model() {
    let folder = folder("ipd.csv", &patients());
    let common = ["pool", "two-arm-survival", "ipd.csv", "--json", "--restricted-mean-horizon", "20"];
    for model in ["two-stage", "one-stage-common", "one-stage-random"] {
        let answer = json(&kmeta(&folder, &[&common[..], &["--pool-by", model]].concat()));
        let two_stage = &answer["result"]["two_stage"]["common"]["shown"];
        assert!(two_stage.as_f64().unwrap() < 0.8, "{two_stage}");
        assert_eq!(answer["result"]["one_stage"].is_null(), model == "two-stage");
        assert!(answer["result"]["restricted_mean"]["difference"].is_object());
    }
    let refused = kmeta(&folder, &[&common[..], &["--pool-by", "unstratified"]].concat());
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("Simpson"));
}

/// Printed numbers of four trials that lead to a hazard ratio by different routes.
#[test]
fn hazard_ratios_from_whatever_is_printed() {
    let table = "trial,hazard_ratio,lower,upper,p_value,better_arm,events,observed_minus_expected,\
                 log_rank_variance,experimental_events,control_events,experimental_patients,control_patients\n\
                 interval,0.85,0.71,1.02,0.075,,485,,,,,491,485\n\
                 test,,,,0.01,experimental,200,,,,,,\n\
                 log-rank,,,,,,,-10.5,42,,,,\n\
                 bound,0.6,,,<0.001,,,,,80,110,200,200\n";
    let folder = folder("os.csv", table);
    let answer = json(&kmeta(&folder, &["pool", "hazard-ratios", "os.csv", "--json"]));
    let routes = answer["routes"].as_array().unwrap();
    let taken: Vec<&str> =
        routes.iter().map(|trial| trial["recommended"]["route"].as_str().unwrap()).collect();
    let expected = [
        "interval",
        "p-value-and-total-events",
        "observed-minus-expected",
        "hazard-ratio-and-events-per-arm",
    ];
    assert_eq!(taken, expected);
    // ±z/√V with V = 200/4 and z = 2.5758; (O − E)/V; √(1/80 + 1/110).
    close(&routes[1]["recommended"]["log_hazard_ratio"], -2.575_829_3 / 50f64.sqrt());
    close(&routes[2]["recommended"]["log_hazard_ratio"], -0.25);
    close(&routes[3]["recommended"]["standard_error"], (1.0 / 80.0 + 1.0 / 110.0_f64).sqrt());
    assert_eq!(answer["result"]["studies"].as_array().unwrap().len(), 4);
    let refused = kmeta(&folder, &["pool", "hazard-ratios", "os.csv", "--route", "interval"]);
    assert_eq!(refused.status.code(), Some(2));
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("row 2") && message.contains("choose another route"), "{message}");
}

#[test]
fn hazard_ratios_from_curves() {
    let folder = folder("os.csv", "trial,experimental_patients,control_patients\na,100,100\nb,80,82\n");
    let curves = "trial,time,experimental_survival,control_survival,experimental_at_risk,control_at_risk\n\
        a,0,1,1,100,100\na,6,0.8,0.7,78,69\na,12,0.6,0.45,55,41\n\
        b,0,1,1,80,82\nb,6,0.75,0.65,58,52\nb,12,0.5,0.4,37,30\n";
    fs::write(folder.path().join("curves.csv"), curves).unwrap();
    let answer =
        json(&kmeta(&folder, &["pool", "hazard-ratios", "os.csv", "--curves", "curves.csv", "--json"]));
    let first = &answer["routes"][0]["recommended"];
    assert_eq!(first["route"], "curves-and-number-at-risk");
    assert_eq!(first["intervals"].as_array().unwrap().len(), 2);
    assert!(first["hazard_ratio"].as_f64().unwrap() < 1.0);
}

#[test]
fn printed_survival_and_its_subgroups() {
    let table = "trial,time,survival,number_at_risk,subgroup\n\
        a,0,1,40,first\na,6,0.6,22,first\na,12,0.3,,first\n\
        b,0,1,60,first\nb,6,0.5,28,first\nb,12,0.25,,first\n\
        c,0,1,50,second\nc,6,0.8,38,second\nc,12,0.6,,second\n\
        d,0,1,45,second\nd,6,0.75,33,second\nd,12,0.55,,second\n";
    let folder = folder("survival.csv", table);
    let arguments =
        ["pool", "survival", "--tables", "survival.csv", "--times", "6,12", "--subgroups", "--json"];
    let answer = json(&kmeta(&folder, &arguments));
    let curve = answer["result"]["random"].as_array().unwrap();
    let survival = curve[1]["survival"].as_f64().unwrap();
    assert!((0.25..0.6).contains(&survival), "{survival}");
    // Numbers at risk at the start of the intervals: 40 + 60 + 50 + 45, 22 + 28 + 38 + 33.
    assert_eq!(curve[0]["number_at_risk"], 195);
    assert_eq!(curve[1]["number_at_risk"], 121);
    let strata = &answer["strata"];
    assert_eq!(strata["strata"].as_array().unwrap().len(), 2);
    assert!(strata["random"]["p_value"].as_f64().unwrap() < 0.01);
    let refused = kmeta(
        &folder,
        &["pool", "survival", "--tables", "survival.csv", "--times", "6", "--pool-by", "frailty"],
    );
    assert!(String::from_utf8_lossy(&refused.stderr).contains("this method needs patients"));
}

#[test]
fn printed_medians() {
    let folder = folder("medians.csv", "trial,median,lower,upper\na,10,8,13\nb,12,9,16\nc,,14,\n");
    let arguments = ["pool", "survival", "--medians", "medians.csv", "--pool-by", "median", "--json"];
    let answer = json(&kmeta(&folder, &arguments));
    assert_eq!(answer["result"]["rows"].as_array().unwrap().len(), 2);
    assert_eq!(answer["result"]["left_out"].as_array().unwrap().len(), 1);
}

#[test]
fn bootstrap_prediction_is_that_of_the_library() {
    let effects = "trial,effect,standard_error\na,0.1,0.2\nb,0.4,0.1\nc,-0.1,0.15\nd,0.3,0.3\ne,0.2,0.12\n";
    let folder = folder("effects.csv", effects);
    let predict = |seed: &str| {
        let arguments = ["pool", "effects", "effects.csv", "--prediction", "nagashima-bootstrap"];
        let draws = ["--prediction-draws", "5000", "--prediction-seed", seed, "--json"];
        let answer = json(&kmeta(&folder, &[&arguments[..], &draws[..]].concat()));
        let limits = &answer["result"]["prediction_details"]["interval"];
        (limits["lower"].as_f64().unwrap(), limits["upper"].as_f64().unwrap())
    };
    let (values, errors) = ([0.1, 0.4, -0.1, 0.3, 0.2], [0.2, 0.1, 0.15, 0.3, 0.12]);
    let studies: Vec<EffectEstimate> = values
        .iter()
        .zip(errors)
        .enumerate()
        .map(|(index, (&value, error))| EffectEstimate {
            trial: index.to_string(),
            label: index.to_string(),
            subgroup: None,
            measure: EffectMeasure::Generic,
            value,
            variance: error * error,
            provenance: Provenance::printed("test"),
        })
        .collect();
    let options = NagashimaOptions { draws: 5000, seed: 7, ..Default::default() };
    let expected = nagashima_prediction(&studies, &options).unwrap().prediction.unwrap().interval;
    assert_eq!(predict("7"), (expected.lower, expected.upper));
    assert_ne!(predict("8"), predict("7"));
}

#[test]
fn regression_predicts_where_it_is_asked() {
    let effects = "trial,effect,standard_error,dose\na,0.1,0.2,10\nb,0.4,0.1,24\nc,-0.1,0.15,5\nd,0.3,0.3,20\n\
        e,0.2,0.12,14\n";
    let folder = folder("effects.csv", effects);
    let arguments = ["pool", "effects", "effects.csv", "--moderators", "dose", "--json"];
    let at = ["--predict-at", "dose=0", "--predict-at", "dose=24"];
    let answer = json(&kmeta(&folder, &[&arguments[..], &at[..]].concat()));
    let model = &answer["further"]["meta_regression"];
    let value = |index: usize| model["coefficients"][index]["value"].as_f64().unwrap();
    close(&model["predictions"][0]["value"], value(0));
    close(&model["predictions"][1]["value"], value(0) + 24.0 * value(1));
    let without = json(&kmeta(&folder, &[&arguments[..], &["--no-intercept"][..]].concat()));
    assert_eq!(without["further"]["meta_regression"]["coefficients"].as_array().unwrap().len(), 1);
}

/// A project file without figures: what papers print is pooled by the same methods.
#[test]
fn printed_numbers_in_a_project_file() {
    let arms = |id: &str, treated: u32, control: u32| {
        format!(
            "[[trial]]\nid = \"{id}\"\nlabel = \"{id}\"\ngroup = \"{}\"\n\
             hazard_ratios = {{ os = {{ p_value = 0.02, better_arm = \"drug\" }} }}\n\
             [[trial.arm]]\nid = \"drug\"\nlabel = \"Drug\"\nn = 60\nevents = {{ os = {treated} }}\n\
             medians = {{ os = {{ value = 10, lower = 8, upper = 13 }} }}\n\
             survival = {{ os = [{{ time = 6, survival = 0.7, number_at_risk = 41 }}, \
             {{ time = 12, survival = 0.4 }}] }}\n\
             [[trial.arm]]\nid = \"placebo\"\nlabel = \"Placebo\"\nn = 62\nevents = {{ os = {control} }}\n",
            if treated > 35 { "late" } else { "early" }
        )
    };
    let analyses = "[[analysis]]\nid = \"hr\"\ntitle = \"HR\"\nkind = \"hazard-ratio\"\nendpoint = \"os\"\n\
        source = \"printed\"\n\
        [[analysis]]\nid = \"curve\"\ntitle = \"OS\"\nkind = \"survival\"\nendpoint = \"os\"\n\
        source = \"printed\"\ntimes = [6, 12]\nsubgroups = true\n\
        [[analysis]]\nid = \"median\"\ntitle = \"Median\"\nkind = \"survival\"\nendpoint = \"os\"\n\
        source = \"printed\"\nmethod = \"median\"\n";
    let trials = [arms("a", 30, 44), arms("b", 33, 40), arms("c", 41, 50), arms("d", 44, 52)].concat();
    let study = format!("title = \"Printed\"\ntime_unit = \"months\"\n{trials}{analyses}");
    let folder = folder("study.toml", &study);
    let run = kmeta(&folder, &["run", "study.toml", "--out", "out"]);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let results: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("out/results.json")).unwrap()).unwrap();
    let routes = results["analyses"][0]["routes"].as_array().unwrap();
    assert_eq!(routes[0]["recommended"]["route"], "p-value-and-total-events");
    assert_eq!(results["analyses"][1]["strata"]["strata"].as_array().unwrap().len(), 2);
    close(&results["analyses"][2]["result"]["time"], 10.0);
    let report = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(report.contains("Test of equal curves of subgroups") && report.contains("Median survival time"));
}
