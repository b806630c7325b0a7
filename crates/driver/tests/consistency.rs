//! `kmeta check` on the worked examples: the contradictions that their `published.json` lists are found.

use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt;
use serde_json::Value;

fn check(study: &Path) -> (Output, Value) {
    // A folder without a run: what is typed is checked alone.
    let output = Command::cargo_bin("kmeta").unwrap().args(["check", "--json"]).arg(study).output().unwrap();
    let object = serde_json::from_slice(&output.stdout).unwrap();
    (output, object)
}

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name).join("study.toml")
}

/// Messages of the findings of one kind, each with its place.
fn said(object: &Value, code: &str) -> Vec<String> {
    let findings = object["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["code"] == code)
        .map(|finding| {
            format!("{}: {}", finding["place"].as_str().unwrap(), finding["message"].as_str().unwrap())
        })
        .collect()
}

#[test]
fn thyroid_trials() {
    let (output, object) = check(&fixture("atc-tki"));
    assert_eq!(output.status.code(), Some(1));
    // "Table 1 counts 11 and 16 patients for Ha and Bible, the forest plots 8 and 15 evaluable ones"
    let fewer = said(&object, "fewer-assessed");
    assert_eq!(fewer.len(), 2, "{fewer:?}");
    assert!(fewer[0].starts_with("ha2010: n = 11") && fewer[0].contains("orr: 8"), "{fewer:?}");
    assert!(fewer[1].starts_with("bible2012: n = 16") && fewer[1].contains("orr: 15"), "{fewer:?}");
    // "The sum of Table 1 is 140, of the forest plots 136"
    let totals = said(&object, "totals-differ");
    assert_eq!(totals.len(), 2, "{totals:?}");
    for total in &totals {
        assert!(total.contains("n = 140") && total.contains("136 were assessed"), "{total}");
    }
    // "Response proportions are labelled OR in the forest plot; they are proportions"
    let labels = said(&object, "label-contradicts-numbers");
    assert_eq!(labels.len(), 2, "{labels:?}");
    assert!(labels[0].contains("\"OR\"") && labels[0].contains("proportions of single arms"), "{labels:?}");
    // Nothing else is a contradiction.
    assert_eq!(object["contradictions"], 2);
}

#[test]
fn two_comparative_studies() {
    let (output, object) = check(&fixture("antiangiogenic-two-arm"));
    assert_eq!(output.status.code(), Some(1));
    // "47.0% is no whole number of 65 patients (30 is 46.2%, 31 is 47.7%)"
    let impossible = said(&object, "percentage-impossible");
    assert_eq!(impossible.len(), 1, "{impossible:?}");
    for part in
        ["gao2025/combination, orr", "47.0 % of 65", "30 of 65 is 46.2 %", "31 of 65 is 47.7 %", "GRIM"]
    {
        assert!(impossible[0].contains(part), "{part}: {impossible:?}");
    }
    assert_eq!(object["contradictions"], 1);
}
