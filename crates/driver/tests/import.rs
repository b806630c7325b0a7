//! Studies from the files that reviewers have: what is read, what becomes of it, what is said when it cannot be read.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt;
use kmeta::import::{EffectRow, OutcomeKind, read_files};
use kmeta::project::{Counts, StudyFile};
use serde_json::Value;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/import").join(name)
}

fn kmeta<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Output {
    Command::cargo_bin("kmeta").unwrap().args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

/// Imports fixtures into a project file and gives its path.
fn imported(folder: &Path, files: &[&str]) -> PathBuf {
    let out = folder.join("study.toml");
    let mut arguments: Vec<std::ffi::OsString> = vec!["import".into()];
    arguments.extend(files.iter().map(|file| fixture(file).into_os_string()));
    arguments.extend(["--out".into(), out.clone().into_os_string()]);
    let output = kmeta(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    out
}

#[test]
fn a_sheet_and_a_workbook_of_it_are_the_same_trials() {
    let csv = read_files(&[fixture("extraction.csv")]).unwrap();
    let workbook = read_files(&[fixture("extraction.xlsx")]).unwrap();
    assert_eq!(csv.trials, workbook.trials);
    assert_eq!(csv.outcomes, workbook.outcomes);
    let ids: Vec<&str> = csv.trials.iter().map(|trial| trial.id.as_str()).collect();
    assert_eq!(ids, ["abel2015", "bohm2017", "cosic2019"]);
    let facts = &csv.trials[1].facts;
    assert_eq!(facts.responses["orr"], Counts { events: 4, total: 17 });
    assert_eq!((facts.medians["os"].value, facts.medians["os"].upper), (10.6, None));
    assert_eq!(facts.events["os"], 12);
}

#[test]
fn an_imported_sheet_pools_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let study = imported(folder.path(), &["extraction.xlsx", "references.ris"]);
    let project = StudyFile::read(&study).unwrap().project;
    assert!(project.trials[0].source.as_deref().unwrap().contains("Abel AB, Meyer K. A trial of drug A."));
    let output = kmeta(&["--json", "run", study.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["analyses"][0]["result"]["studies"].as_array().unwrap().len(), 3);
    let out = folder.path().join("study.kmeta-out");
    for file in ["report.html", "repeat.R", "tables/tables.xlsx", "tables/tables.html", "tables/orr.csv"] {
        assert!(out.join(file).is_file(), "{file} is missing");
    }
}

#[test]
fn a_revman_review_keeps_outcomes_subgroups_and_settings() {
    let review = read_files(&[fixture("review.rm5")]).unwrap();
    assert_eq!(review.title.as_deref(), Some("Drug A for a made-up disease"));
    let names: Vec<&str> = review.outcomes.iter().map(|outcome| outcome.name.as_str()).collect();
    assert_eq!(names, ["relapse", "overall-survival", "progression-free-survival"]);
    let OutcomeKind::TwoArmCounts(settings) = review.outcomes[0].kind else { panic!("relapse is counted") };
    assert_eq!((settings.pooling, settings.dersimonian_laird), (Some("mantel-haenszel"), true));
    assert!(review.outcomes[0].subgroups);
    let abel = review.trials.iter().find(|trial| trial.id == "abel2015").unwrap();
    assert_eq!((abel.group.as_deref(), abel.year), (Some("Adults"), Some(2015)));
    assert_eq!(abel.arms[0].label, "Drug A");
    assert_eq!(abel.arms[1].facts.responses["relapse"], Counts { events: 11, total: 118 });
    let printed = &abel.hazard_ratios["overall-survival"];
    assert!((printed.value.unwrap().ln() + 0.21).abs() < 1e-12);
    let error = (printed.upper.unwrap().ln() - printed.lower.unwrap().ln()) / (2.0 * 1.959_963_984_540_054);
    assert!((error - 0.11).abs() < 1e-12);
    let clark = review.trials.iter().find(|trial| trial.id == "clark2017").unwrap();
    assert_eq!(clark.hazard_ratios["progression-free-survival"].observed_minus_expected, Some(-3.5));
    // Mean differences have no place in a project: m1 - m2 and the root of s1^2/n1 + s2^2/n2.
    let EffectRow { effect, standard_error, .. } = &review.effects[0].rows[0];
    assert!((effect + 0.9).abs() < 1e-12 && (standard_error - (0.0288_f64 + 0.046875).sqrt()).abs() < 1e-12);
}

#[test]
fn a_review_and_its_data_package_pool_to_the_same_numbers() {
    let pooled = |file: &str| {
        let folder = tempfile::tempdir().unwrap();
        let study = imported(folder.path(), &[file]);
        let output = kmeta(&["--json", "run", study.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let result: Value = serde_json::from_slice(&output.stdout).unwrap();
        let relapse = &result["analyses"][0]["result"];
        let random = relapse["random"]["shown"].as_f64().unwrap();
        (
            random,
            relapse["heterogeneity"]["tau_squared"].as_f64().unwrap(),
            relapse["subgroups"].as_array().unwrap().len(),
        )
    };
    let (review, package) = (pooled("review.rm5"), pooled("data-package.zip"));
    assert_eq!(review, package);
    assert_eq!(review.2, 2);
}

#[test]
fn mean_differences_are_tables_for_pool_effects() {
    let folder = tempfile::tempdir().unwrap();
    imported(folder.path(), &["review.rm5"]);
    let table = folder.path().join("pain.csv");
    let output = kmeta(&["--json", "pool", "effects", table.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[test]
fn workbooks_are_pooled_without_being_imported() {
    // The workbook of a run's own tables: its first sheet lists the others, so that a table of it is not to be had; the
    // extraction sheet has other columns. Both are read, and what they lack is said.
    let workbook = fixture("extraction.xlsx");
    let output = kmeta(&["pool", "proportions", workbook.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("column `trial` is missing"), "{}", said(&output));
    assert!(said(&output).contains("unknown column `dcr_events`"), "{}", said(&output));
}

#[test]
fn what_cannot_be_imported_is_said_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&str, &[u8], &str); 7] = [
        ("a.docx", b"x", "files of kind `.docx` are not imported"),
        ("a.rm5", b"<html></html>", "a RevMan 5 review with <COCHRANE_REVIEW>"),
        ("b.rm5", b"<!DOCTYPE a [<!ENTITY b \"c\">]><COCHRANE_REVIEW/>", "is not a RevMan 5 review"),
        ("a.zip", b"PK", "is not a zip file"),
        ("a.ris", b"no tags", "holds no reference"),
        ("a.csv", b"study,events,total\nA,9,3\n", "9 patients with the event among 3"),
        ("a.xlsx", b"not a workbook", "is not a workbook"),
    ];
    for (name, content, message) in cases {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let out = folder.path().join("out.toml");
        let output = kmeta(&["import", path.to_str().unwrap(), "--out", out.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", said(&output));
        assert!(said(&output).contains(message), "{name}: wanted {message}, said {}", said(&output));
        assert!(!out.exists());
    }
}

#[test]
fn an_existing_project_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let study = imported(folder.path(), &["extraction.csv"]);
    let before = std::fs::read(&study).unwrap();
    let output =
        kmeta(&["import", fixture("review.rm5").to_str().unwrap(), "--out", study.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read(&study).unwrap(), before);
}
