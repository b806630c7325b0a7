//! From a page of a paper to patients: what was drawn as vectors comes back exactly.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use serde_json::Value;

fn fixture(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(file)
}

fn kmeta(arguments: &[&Path]) {
    let output = Command::cargo_bin("kmeta").unwrap().args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn digitized(file: &str, out: &Path) -> Value {
    kmeta(&[Path::new("digitize"), &fixture(file), Path::new("--out"), out]);
    let name = Path::new(file).file_stem().unwrap().to_string_lossy().into_owned();
    serde_json::from_slice(&fs::read(out.join(format!("{name}.kmfig.json"))).unwrap()).unwrap()
}

/// Times and status by arm, sorted, of a table with the columns arm, time and status.
fn patients(path: &Path) -> BTreeMap<String, Vec<(f64, bool)>> {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = |name: &str| header.iter().position(|other| *other == name).unwrap();
    let (arm, time, status) = (column("arm"), column("time"), column("status"));
    let mut arms: BTreeMap<String, Vec<(f64, bool)>> = BTreeMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let name = cells[arm].to_lowercase();
        arms.entry(name).or_default().push((cells[time].parse().unwrap(), cells[status] == "1"));
    }
    for rows in arms.values_mut() {
        rows.sort_by(|one, other| one.0.total_cmp(&other.0).then(other.1.cmp(&one.1)));
    }
    arms
}

/// Kaplan-Meier estimate: event times and the level after each.
fn kaplan_meier(patients: &[(f64, bool)]) -> Vec<(f64, f64)> {
    let mut times: Vec<f64> = patients.iter().filter(|one| one.1).map(|one| one.0).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let mut level = 1.0;
    let mut curve = Vec::new();
    for time in times {
        let at_risk = patients.iter().filter(|one| one.0 >= time).count() as f64;
        let events = patients.iter().filter(|one| one.1 && one.0 == time).count() as f64;
        level *= 1.0 - events / at_risk;
        curve.push((time, level));
    }
    curve
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// The drops of an arm of a sidecar.
fn drops(arm: &Value) -> Vec<(f64, f64)> {
    let (times, survival) = (numbers(&arm["curve"]["times"]), numbers(&arm["curve"]["survival"]));
    times.into_iter().zip(survival).skip_while(|(_, level)| *level >= 1.0).collect()
}

#[test]
fn one_command_turns_a_journal_page_into_its_patients() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    kmeta(&[Path::new("run"), &fixture("journal-page/study.toml"), Path::new("--out"), &out]);
    for endpoint in ["os", "pfs"] {
        let truth = patients(&fixture(&format!("journal-page/cohorts/journal-page-{endpoint}.csv")));
        for (arm, truth) in truth {
            let file = fs::read_dir(out.join("ipd"))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .find(|path| {
                    let name = path.file_name().unwrap().to_string_lossy().into_owned();
                    name.contains(&arm) && name.contains(&format!("-{endpoint}"))
                })
                .unwrap_or_else(|| panic!("no patients of {arm}, {endpoint}"));
            let found: Vec<(f64, bool)> = patients(&file).into_values().flatten().collect();
            assert_eq!(found.len(), truth.len(), "{arm} {endpoint}");
            for (one, other) in found.iter().zip(&truth) {
                assert_eq!(one.1, other.1, "{arm} {endpoint} {one:?} {other:?}");
                // A hundredth of a point of the file is 0.0015 months.
                assert!((one.0 - other.0).abs() <= 42.0 * 1e-4, "{arm} {endpoint} {one:?} {other:?}");
            }
        }
    }
}

#[test]
fn text_beside_the_figure_is_offered_with_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let figure = digitized("journal-page/journal-page.pdf", folder.path());
    assert_eq!(figure["verdict"], "ok", "{}", figure["checks"]);
    assert_eq!(figure["panels"].as_array().unwrap().len(), 2);
    let paper = &figure["paper"];
    assert!(paper["caption"].as_str().unwrap().starts_with("Figure 2. Overall survival (A)"), "{paper}");
    let statements = paper["statements"].as_array().unwrap();
    let found = |kind: &str, value: f64| {
        statements
            .iter()
            .find(|one| one["statistic"]["kind"] == kind && one["statistic"]["value"].as_f64() == Some(value))
    };
    let ratio = found("hazard-ratio", 0.53).expect("hazard ratio of overall survival");
    assert_eq!(ratio["statistic"]["upper"].as_f64(), Some(0.73));
    assert!(ratio["statistic"]["quotation"].as_str().unwrap().contains("0.53"));
    let median = found("median", 18.9).expect("median of overall survival");
    assert_eq!(median["statistic"]["lower"].as_f64(), Some(14.1));
    assert!(found("median", 7.8).is_some() && found("hazard-ratio", 0.69).is_some());
    assert!(found("patients", 122.0).is_some() && found("events", 92.0).is_some());
    assert!(statements.iter().any(|one| one["place"] == "caption"));
}

#[test]
fn a_curve_of_the_example_is_read_to_the_digits_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let figure = digitized("atc-tki/figures/higashiyama2022-os.pdf", folder.path());
    let truth = patients(&fixture("atc-tki/cohorts/higashiyama2022-os.csv"));
    let rows = truth.values().next().unwrap();
    let panel = &figure["panels"][0];
    let arms = panel["arms"].as_array().unwrap();
    assert_eq!((figure["verdict"].as_str(), arms.len()), (Some("ok"), 1));
    let (found, wanted) = (drops(&arms[0]), kaplan_meier(rows));
    assert_eq!(found.len(), wanted.len());
    let ticks = panel["axes"]["x"]["ticks"].as_array().unwrap();
    let span = ticks.last().unwrap()["value"].as_f64().unwrap();
    for (one, other) in found.iter().zip(&wanted) {
        assert!((one.1 - other.1).abs() <= 1e-4, "{one:?} {other:?}");
        assert!((one.0 - other.0).abs() <= 1e-4 * span, "{one:?} {other:?}");
    }
    // Every drop is as many events as the cohort has there, and every mark as many censorings.
    let counts = &arms[0]["counts"];
    assert_eq!(counts["patients"].as_u64(), Some(rows.len() as u64));
    let events: u64 =
        counts["drops"].as_array().unwrap().iter().map(|drop| drop["events"].as_u64().unwrap()).sum();
    assert_eq!(events, rows.iter().filter(|one| one.1).count() as u64);
}
