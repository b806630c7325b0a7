//! Whole runs: the files they leave, the numbers in them, the same bytes again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt;
use serde_json::Value;

fn kmeta<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Output {
    Command::cargo_bin("kmeta").unwrap().args(arguments).output().unwrap()
}

fn run(study: &Path, out: &Path, threads: &str) -> Output {
    kmeta(&["run", study.to_str().unwrap(), "--out", out.to_str().unwrap(), "--threads", threads])
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn fixture(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(file)
}

/// Every file below `folder` by its relative path.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn collect(folder: &Path, root: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, root, found);
            } else {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(folder, folder, &mut found);
    found
}

fn schema_errors(of: &str, instance: &Value) -> Vec<String> {
    let schema = kmeta(&["schema", "--of", of]).stdout;
    let validator = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
    validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

const COUNTS: &str = r#"
title = "Counts only"
time_unit = "months"
adverse_events_title = "Adverse events of grade 3 or higher"
notes = ["A remark."]

[[trial]]
id = "ha2010"
label = "Ha 2010"
group = "Imatinib"
n = 11
responses = { orr = [2, 8] }
adverse_events = { "Lymphopenia" = [5, 11], "Edema" = [3, 11] }

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

[[trial]]
id = "silent2020"
label = "Silent 2020"
group = "Imatinib"
n = 9

[[analysis]]
kind = "proportion"
id = "orr"
title = "Objective response rate"
outcome = "orr"
measure = "freeman-tukey"
subgroups = true
"#;

/// Numbers rounded to ten significant digits, so that a snapshot does not hang on the last bit of a machine.
fn rounded(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let text = format!("{:.9e}", number.as_f64().unwrap());
            *value = Value::from(text.parse::<f64>().unwrap());
        }
        Value::Array(items) => items.iter_mut().for_each(rounded),
        Value::Object(fields) => fields.values_mut().for_each(rounded),
        _ => {}
    }
}

#[test]
fn results_of_a_study_of_counts() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("study.toml");
    fs::write(&study, COUNTS).unwrap();
    let output = kmeta(&["run", study.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let out = folder.path().join("study.kmeta-out");
    let mut results = json(&out.join("results.json"));
    assert_eq!(results["analyses"][0]["left_out"][0]["trial"], "silent2020");
    assert_eq!(schema_errors("results", &results), [""; 0]);
    rounded(&mut results);
    insta::assert_json_snapshot!("results_of_a_study_of_counts", results);
    for file in ["report.html", "plots/orr-forest.svg", "plots/orr-forest.png", "tables/orr.csv"] {
        assert!(out.join(file).is_file(), "{file}");
    }
}

/// The starting project runs, and neither the number of threads nor a second run changes a byte.
#[test]
fn the_same_bytes_with_one_and_two_threads_and_from_the_report_command() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("review");
    assert!(kmeta(&["init", project.to_str().unwrap()]).status.success());
    let study = project.join("study.toml");
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    for (out, threads) in [(&one, "1"), (&two, "2")] {
        let output = run(&study, out, threads);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let written = files(&one);
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    let other = files(&two);
    assert_eq!(names(&written), names(&other));
    for (name, content) in &written {
        assert!(content == &other[name], "{name} differs between one and two threads");
        let text = String::from_utf8_lossy(content);
        assert!(!text.contains(folder.path().to_str().unwrap()), "{name} names a folder of this machine");
    }

    assert!(kmeta(&["report", two.to_str().unwrap()]).status.success());
    let again = files(&two);
    for (name, content) in &written {
        assert!(content == &again[name], "{name} differs when the report is made again");
    }
    check_output(&one);
}

/// Hashes of the manifest are those of the files, and every JSON file is valid.
fn check_output(out: &Path) {
    let manifest = json(&out.join("manifest.json"));
    assert_eq!(schema_errors("manifest", &manifest), [""; 0]);
    let listed: BTreeMap<String, String> = manifest["outputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (file["file"].as_str().unwrap().to_owned(), file["sha256"].as_str().unwrap().to_owned()))
        .collect();
    let mut there = files(out);
    there.remove("manifest.json");
    let hashes: BTreeMap<String, String> =
        there.iter().map(|(name, content)| (name.clone(), kmeta_trial_data::sha256_hex(content))).collect();
    assert_eq!(listed, hashes);

    let results = json(&out.join("results.json"));
    assert_eq!(schema_errors("results", &results), [""; 0]);
    for figure in results["figures"].as_array().unwrap() {
        let sidecar = json(&out.join(figure["sidecar"].as_str().unwrap()));
        assert_eq!(schema_errors("sidecar", &sidecar), [""; 0]);
    }
    let notice = results["figure_notice"].as_str().unwrap();
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(report.contains("stand-ins"), "the report says what its figures are");
    assert!(notice.contains("stand-ins"));
    for analysis in results["analyses"].as_array().unwrap() {
        let expected = if analysis["kind"] == "survival" { Value::from(notice) } else { Value::Null };
        assert_eq!(analysis["figure_notice"], expected, "{}", analysis["id"]);
    }
    for name in there.keys().filter(|name| name.contains("survival") && name.ends_with(".svg")) {
        let svg = String::from_utf8_lossy(&there[name]);
        assert!(svg.contains("stand-ins"), "{name} says what its curves are");
    }
}

#[test]
fn a_refused_figure_is_never_silent() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("review");
    assert!(kmeta(&["init", project.to_str().unwrap()]).status.success());
    let blank = image::RgbImage::from_pixel(60, 40, image::Rgb([255, 255, 255]));
    blank.save(project.join("figures/wirth2021-os.png")).unwrap();
    let out = folder.path().join("out");
    let output = run(&project.join("study.toml"), &out, "2");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("figure-refused"));
    let results = json(&out.join("results.json"));
    let survival =
        results["analyses"].as_array().unwrap().iter().find(|analysis| analysis["id"] == "os").unwrap();
    assert_eq!(survival["left_out"][0]["trial"], "wirth2021");
    assert_eq!(survival["result"]["trials"].as_array().unwrap().len(), 1);
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(report.contains("its figure of os gave no patients"), "the report names the missing trial");
}

#[test]
fn a_time_axis_in_another_unit_than_the_study_is_refused_unless_it_is_declared() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("review");
    assert!(kmeta(&["init", project.to_str().unwrap()]).status.success());
    let study = project.join("study.toml");
    let text = fs::read_to_string(&study).unwrap();
    let in_days = text
        .replace("time_unit = \"months\"\n", "time_unit = \"days\"\n")
        .replace("times = [3, 6, 9, 12, 15]", "times = [90, 180]");
    fs::write(&study, &in_days).unwrap();
    let output = run(&study, &folder.path().join("undeclared"), "2");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("time-units-disagree"));

    let declared = in_days
        .replace("endpoint = \"os\"                       #", "endpoint = \"os\"\ntime_unit = \"months\" #")
        .replace("endpoint = \"os\"\n# time_unit", "endpoint = \"os\"\ntime_unit = \"months\"\n# time_unit");
    fs::write(&study, declared).unwrap();
    let out = folder.path().join("declared");
    let output = run(&study, &out, "2");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let results = json(&out.join("results.json"));
    let median = results["arms"][0]["fidelity"]["median_reconstructed"].as_f64().unwrap();
    assert!((median / 30.4375 - 10.65).abs() < 0.1, "{median} days");
}

/// The example study gives the numbers that the paper prints, and survival as from the cohorts behind its
/// stand-in figures.
#[test]
fn the_example_of_six_trials() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let output = run(&fixture("atc-tki/study.toml"), &out, "2");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let results = json(&out.join("results.json"));
    let analysis = |id: &str| {
        results["analyses"].as_array().unwrap().iter().find(|analysis| analysis["id"] == id).unwrap()["result"].clone()
    };

    // Cao 2024 as R meta 8.3-0 gives it: printed digits.
    let orr = analysis("orr");
    let number =
        |value: &Value, path: &str| value.pointer(path).unwrap_or_else(|| panic!("{path}")).as_f64().unwrap();
    let printed = |value: f64, digits: usize, expected: &str| {
        assert_eq!(format!("{value:.digits$}"), expected);
    };
    printed(number(&orr, "/random/shown"), 4, "0.0873");
    printed(number(&orr, "/random/shown_interval/lower"), 4, "0.0248");
    printed(number(&orr, "/random/shown_interval/upper"), 4, "0.1739");
    printed(number(&orr, "/heterogeneity/tau_squared"), 6, "0.009169");
    printed(100.0 * number(&orr, "/heterogeneity/i_squared"), 1, "46.0");
    printed(number(&orr, "/heterogeneity/q"), 2, "9.25");
    printed(number(&orr, "/heterogeneity/p_value"), 4, "0.0994");
    printed(number(&orr, "/between_subgroups/q_random"), 2, "4.36");
    printed(number(&orr, "/between_subgroups/p_value_random"), 4, "0.2255");
    let dcr = analysis("dcr");
    printed(number(&dcr, "/random/shown"), 4, "0.5343");
    printed(number(&dcr, "/random/shown_interval/lower"), 4, "0.2139");
    printed(number(&dcr, "/random/shown_interval/upper"), 4, "0.8411");
    printed(number(&dcr, "/heterogeneity/tau_squared"), 6, "0.144774");
    printed(number(&dcr, "/between_subgroups/q_random"), 2, "30.12");

    let cohorts = json(&fixture("atc-tki/pooled-from-cohorts.json"));
    for endpoint in ["os", "pfs"] {
        let curve = analysis(endpoint);
        for (index, expected) in cohorts[endpoint]["random"].as_array().unwrap().iter().enumerate() {
            let found = number(&curve, &format!("/random/{index}/survival"));
            let expected_survival = expected[1].as_f64().unwrap();
            assert!(
                (found - expected_survival).abs() <= 0.02,
                "{endpoint} at {}: {found} against {expected_survival}",
                expected[0]
            );
        }
    }
}

/// Printed and reconstructed hazard ratios of the two-arm example agree.
#[test]
fn the_example_of_two_arms() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let output = run(&fixture("antiangiogenic-two-arm/study.toml"), &out, "2");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let results = json(&out.join("results.json"));
    let pooled = |index: usize| results["analyses"][index]["result"]["random"]["shown"].as_f64().unwrap();
    assert!((pooled(0) / 0.46 - 1.0).abs() < 0.02, "printed {}", pooled(0));
    assert!((pooled(1) / pooled(0) - 1.0).abs() < 0.1, "reconstructed {}", pooled(1));
    assert_eq!(results["comparisons"].as_array().unwrap().len(), 3);
    assert!(results["analyses"][0]["figure_notice"].is_null(), "printed hazard ratios are no stand-ins");
    assert!(results["analyses"][1]["figure_notice"].is_string());

    // Reading the figures again moves the pooled hazard ratio little, and never makes it more certain.
    assert!(
        results["analyses"][0].get("reading").is_none(),
        "printed hazard ratios are not read from figures"
    );
    let reading = &results["analyses"][1]["reading"][0];
    let number = |name: &str| reading[name].as_f64().unwrap();
    assert!((number("estimate") / pooled(1) - 1.0).abs() < 0.03, "{reading}");
    assert!(number("reading_share") > 0.0 && number("reading_share") < 0.2, "{reading}");
    assert!(
        number("upper") / number("lower") >= number("upper_without") / number("lower_without"),
        "{reading}"
    );
    assert!(reading["largest"]["figure"].as_str().unwrap().starts_with("figures/"));
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(report.contains("Uncertainty from reading the figures"));
}
