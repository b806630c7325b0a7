//! `kmeta reconstruct` on files that people bring, through the real binary.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt;
use serde_json::Value;

fn kmeta(folder: &Path, arguments: &[&str]) -> Output {
    Command::cargo_bin("kmeta").unwrap().args(arguments).current_dir(folder).output().unwrap()
}

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Two arms with known patients: each drop is one of `n` patients, nobody is censored before the end.
fn two_arms(n: u32) -> String {
    let mut text = "time,survival,arm\n".to_owned();
    for (arm, pace) in [("drug", 2.0), ("placebo", 1.0)] {
        for event in 1..=n / 2 {
            let survival = 1.0 - f64::from(event) / f64::from(n);
            text.push_str(&format!("{},{survival},{arm}\n", f64::from(event) * pace / 10.0));
        }
    }
    text
}

#[test]
fn clicks_of_other_programs_become_patients() {
    let folder = tempfile::tempdir().unwrap();
    let clicks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/clicks");
    for (file, arguments) in [
        ("webplotdigitizer.json", vec!["--arm", "Drug"]),
        ("webplotdigitizer-one.csv", vec![]),
        ("ipdfromkm.csv", vec!["--scale", "percent"]),
        ("scanit.txt", vec![]),
        ("incidence.csv", vec!["--scale", "incidence-percent"]),
    ] {
        let path = clicks.join(file);
        let out = folder.path().join(file.replace('.', "-"));
        let (path, out_text) = (path.to_str().unwrap(), out.to_str().unwrap());
        let all = [&["reconstruct", path, "--n", "100", "--out", out_text][..], &arguments[..]].concat();
        done(&kmeta(folder.path(), &all));
        let arm = &json(&out.join("fidelity.json"))[0];
        assert_eq!(arm["fidelity"]["patients"], 100, "{file}");
        assert!(arm["fidelity"]["curve_error_mean"].as_f64().unwrap() < 0.02, "{file}: {arm}");
        assert!(out.join("fit-1.png").exists() && out.join("fit-1.svg").exists());
    }
}

#[test]
fn what_is_printed_is_met_and_judged() {
    let folder = tempfile::tempdir().unwrap();
    let curve = "time,survival\n1,0.9\n2,0.8\n4,0.6\n8,0.45\n";
    fs::write(folder.path().join("curve.csv"), curve).unwrap();
    let printed = ["--n", "40", "--events", "22", "--median", "8,4,8", "--survival-at", "4=0.6"];
    let all = [&["reconstruct", "curve.csv", "--out", "out"][..], &printed[..]].concat();
    done(&kmeta(folder.path(), &all));
    let fidelity = &json(&folder.path().join("out/fidelity.json"))[0]["fidelity"];
    assert_eq!(fidelity["events"], 22);
    assert_eq!(fidelity["assessment"]["verdict"], "good");
    assert_eq!(fidelity["survival_rates"][0]["reconstructed"].as_f64().unwrap(), 0.6);
    let wrong = kmeta(folder.path(), &["reconstruct", "curve.csv", "--out", "out", "--median", "8,9,10"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn published_methods_are_there_for_comparison() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("curve.csv"), two_arms(50)).unwrap();
    fs::write(folder.path().join("risk.csv"), "time,number_at_risk\n0,50\n1,45\n2,40\n").unwrap();
    for method in ["guyot", "ipdfromkm", "constrained"] {
        let arguments = ["reconstruct", "curve.csv", "--arm", "drug", "--risk-table", "risk.csv"];
        let all = [&arguments[..], &["--method", method, "--out", method][..]].concat();
        done(&kmeta(folder.path(), &all));
        let table = fs::read_to_string(folder.path().join(method).join("ipd.csv")).unwrap();
        assert_eq!(table.lines().count(), 51, "{method}");
    }
}

#[test]
fn imputations_and_a_printed_hazard_ratio() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("curve.csv"), two_arms(40)).unwrap();
    fs::write(folder.path().join("risk.csv"), "time,number_at_risk,arm\n0,40,drug\n0,40,placebo\n").unwrap();
    let arguments = ["reconstruct", "curve.csv", "--risk-table", "risk.csv", "--control", "placebo"];
    let more = ["--hazard-ratio", "0.5,0.3,0.9", "--imputations", "20", "--seed", "3", "--json"];
    let run =
        |out: &str| done(&kmeta(folder.path(), &[&arguments[..], &more[..], &["--out", out][..]].concat()));
    let answer: Value = serde_json::from_str(&run("one")).unwrap();
    let ratio = &answer["hazard_ratio"];
    let number = |field: &str| ratio[field].as_f64().unwrap();
    assert!(number("lower") < number("estimate") && number("estimate") < number("upper"));
    assert!(number("estimate") < 1.0);
    let median = &answer["arms"][0]["intervals"]["median"];
    assert!(median["lower"].as_f64().is_some());
    let sets = fs::read_to_string(folder.path().join("one/imputations.csv")).unwrap();
    assert_eq!(sets.lines().count(), 1 + 20 * 80);
    run("two");
    for file in ["ipd.csv", "imputations.csv", "fidelity.json", "fit-2.png"] {
        let bytes = |out: &str| fs::read(folder.path().join(out).join(file)).unwrap();
        assert_eq!(bytes("one"), bytes("two"), "{file}: the same seed gives the same bytes");
    }
    let alone =
        kmeta(folder.path(), &["reconstruct", "curve.csv", "--hazard-ratio", "0.5", "--out", "three"]);
    assert!(String::from_utf8_lossy(&alone.stderr).contains("--control"));
}
