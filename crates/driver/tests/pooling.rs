//! `kmeta pool` and the kinds of analyses of a project file, through the real binary.

use std::fs;
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt;
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
