//! `kmeta sensitivity`: files, numbers, messages.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt;
use serde_json::Value;

const COUNTS: &str = r#"
title = "Counts only"
time_unit = "months"

[[trial]]
id = "ha2010"
label = "Ha 2010"
group = "Imatinib"
n = 11
responses = { orr = [2, 8] }

[[trial]]
id = "bible2012"
label = "Bible 2012"
group = "Pazopanib"
n = 16
responses = { orr = [0, 15] }

[[trial]]
id = "tahara2017"
label = "Tahara 2017"
group = "Lenvatinib"
n = 17
responses = { orr = [4, 17] }

[[trial]]
id = "wirth2021"
label = "Wirth 2021"
group = "Lenvatinib"
n = 34
responses = { orr = [1, 34] }

[[analysis]]
kind = "proportion"
id = "orr"
title = "Objective response rate"
outcome = "orr"
measure = "freeman-tukey"

[sensitivity]
decision_lines = { orr = 0.10 }
maximum = 2000
"#;

fn sensitivity(study: &Path, more: &[&str]) -> Output {
    Command::cargo_bin("kmeta").unwrap().arg("sensitivity").arg(study).args(more).output().unwrap()
}

#[test]
fn every_specification_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("study.toml");
    fs::write(&study, COUNTS).unwrap();
    let output = sensitivity(&study, &["--threads", "1"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let out = folder.path().join("study.kmeta-sensitivity");
    let csv = fs::read_to_string(out.join("orr-proportion.specifications.csv")).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 2001);
    assert!(
        lines[0].starts_with(
            "specification,protocol,plausible,measure,back_transform,zero_correction,denominator"
        )
    );
    assert_eq!(lines.iter().filter(|line| line.split(',').nth(1) == Some("1")).count(), 1);
    for table in ["specifications-in-short", "which-choice-matters", "decision-line"] {
        assert!(out.join(format!("orr-proportion.{table}.csv")).is_file(), "{table}");
    }
    assert!(out.join("orr.all-subsets.csv").is_file());
    let object: Value = serde_json::from_slice(&fs::read(out.join("sensitivity.json")).unwrap()).unwrap();
    assert_eq!(object[0]["multiverses"][0]["specifications"].as_array().unwrap().len(), 2000);
    assert_eq!(object[0]["all_subsets"]["subsets"], 11);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("a sample with seed 1") && text.contains("On which side of 0.1"), "{text}");

    // The number of threads changes nothing.
    let again = folder.path().join("again");
    assert!(sensitivity(&study, &["--threads", "3", "--out", again.to_str().unwrap()]).status.success());
    assert_eq!(fs::read_to_string(again.join("orr-proportion.specifications.csv")).unwrap(), csv);
}

#[test]
fn survival_needs_a_run_first() {
    let study = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/atc-tki/study.toml");
    let folder = tempfile::tempdir().unwrap();
    let output = sensitivity(&study, &["--run", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("there is no output of `kmeta run`") && message.contains("first"), "{message}");
}

#[test]
fn wrong_names_are_reported_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("study.toml");
    for (line, instead, expected) in [
        ("decision_lines = { orr = 0.10 }", "decision_lines = { dcr = 0.10 }", "there is no analysis `dcr`"),
        ("maximum = 2000", "analyses = [\"os\"]", "there is no analysis `os`"),
        ("maximum = 2000", "tau_squarred = [\"DL\"]", "unknown key"),
        ("maximum = 2000", "tau_squared = [\"DLL\"]", "is not a choice here"),
    ] {
        fs::write(&study, COUNTS.replace(line, instead)).unwrap();
        let output = sensitivity(&study, &[]);
        assert_eq!(output.status.code(), Some(2), "{instead}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(expected), "{instead}: {message}");
    }
}
