//! The figures that a run writes: formats, theme, further figures, flow diagram and risk of bias.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt;
use serde_json::Value;

const STUDY: &str = r#"
title = "Counts of two arms"
time_unit = "months"

[theme]
layout = "revman5"
palette = "grey"
font_size = 15
width = 1250
formats = ["svg", "pdf", "tiff"]
dpi = 100

[prisma]
records_identified = [{ name = "MEDLINE", n = 100 }]
records_removed = [{ name = "Duplicates", n = 20 }]
records_screened = 81
records_excluded = 70
studies_included = 3

[risk_of_bias]
[[risk_of_bias.study]]
study = "Aronson 1948"
judgements = ["low", "some", "low", "low", "no-information"]

[[analysis]]
kind = "two-arm-counts"
id = "tb"
title = "Tuberculosis"
outcome = "tb"
measure = "log-risk-ratio"
leave_one_out = true
cumulative = "year"
influence = true
moderators = ["latitude"]
small_study_tests = ["egger"]
minimum_studies_for_tests = 3
trim_and_fill = "L0"
[analysis.forest]
favours_left = "favours vaccine"
decision_lines = [0.8]
columns_left = ["events-of-total", "control-events-of-total"]
further_columns = [{ heading = "Latitude", values = { aronson = "44 N" } }]
"#;

/// The first trials of BCG against tuberculosis (Colditz 1994).
const TRIALS: [(&str, i32, f64, [u32; 4]); 6] = [
    ("aronson", 1948, 44.0, [4, 123, 11, 139]),
    ("ferguson", 1949, 55.0, [6, 306, 29, 303]),
    ("rosenthal", 1960, 42.0, [3, 231, 11, 220]),
    ("hart", 1977, 52.0, [62, 13598, 248, 12867]),
    ("madras", 1980, 13.0, [505, 88391, 499, 88391]),
    ("coetzee", 1968, 27.0, [29, 7499, 45, 7277]),
];

fn study(label_of_the_first: &str) -> String {
    let mut text = STUDY.to_owned();
    for (index, (id, year, latitude, [events, total, control_events, control_total])) in
        TRIALS.iter().enumerate()
    {
        let label = if index == 0 { label_of_the_first } else { id };
        text.push_str(&format!(
            r#"
[[trial]]
id = "{id}"
label = "{label}"
year = {year}
moderators = {{ latitude = {latitude} }}
reference_arm = "control"
[[trial.arm]]
id = "vaccine"
label = "Vaccine"
n = {total}
responses = {{ tb = [{events}, {total}] }}
[[trial.arm]]
id = "control"
label = "Control"
n = {control_total}
responses = {{ tb = [{control_events}, {control_total}] }}
"#
        ));
    }
    text
}

fn run(folder: &Path, text: &str) -> (Output, PathBuf) {
    let study = folder.join("study.toml");
    fs::write(&study, text).unwrap();
    let output =
        Command::cargo_bin("kmeta").unwrap().args(["run", study.to_str().unwrap()]).output().unwrap();
    (output, folder.join("study.kmeta-out"))
}

#[test]
fn a_run_writes_the_figures_that_its_options_call_for_in_the_formats_of_the_theme() {
    let folder = tempfile::tempdir().unwrap();
    let (output, out) = run(folder.path(), &study("Aronson 1948"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let plots = out.join("plots");
    for kind in [
        "tb-forest",
        "tb-funnel",
        "tb-funnel-contours",
        "tb-trim-and-fill",
        "tb-leave-one-out",
        "tb-cumulative",
        "tb-influence",
        "tb-baujat",
        "tb-radial",
        "tb-drapery",
        "tb-labbe",
        "tb-bubble",
        "prisma",
        "risk-of-bias",
        "risk-of-bias-summary",
    ] {
        for (format, start) in [("svg", b"<svg"), ("pdf", b"%PDF"), ("tiff", b"II*\0")] {
            let file = fs::read(plots.join(format!("{kind}.{format}"))).unwrap_or_default();
            assert!(file.starts_with(start), "{kind}.{format}");
        }
        assert!(!plots.join(format!("{kind}.png")).exists());
    }
    let forest = fs::read_to_string(plots.join("tb-forest.svg")).unwrap();
    assert!(forest.contains(r#"width="1250""#) && forest.contains("Study or Subgroup"));
    assert!(!forest.contains(r##"fill="#1f4e79""##), "the palette is grey");
    for text in ["← favours vaccine", "decision at 0.80", "4/123", "44 N"] {
        assert!(forest.contains(text), "{text}");
    }
    let captions = fs::read_to_string(plots.join("captions.txt")).unwrap();
    assert!(
        captions.contains("tb-forest\nForest plot of Tuberculosis: 6 studies.") && captions.contains("kmeta")
    );
}

#[test]
fn contradicting_counts_and_characters_without_glyphs_are_findings() {
    let folder = tempfile::tempdir().unwrap();
    let (output, out) = run(folder.path(), &study("王伟 1948"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let results: Value = serde_json::from_slice(&fs::read(out.join("results.json")).unwrap()).unwrap();
    let findings = results["findings"].as_array().unwrap();
    let message = |code: &str| {
        let found = findings.iter().find(|finding| finding["code"] == code);
        found.map_or(String::new(), |finding| finding["message"].as_str().unwrap().to_owned())
    };
    assert!(message("figure-glyphs-missing").contains("王"), "{findings:?}");
    let prisma = message("prisma-counts-disagree");
    assert!(prisma.contains("81") && prisma.contains("80"), "{findings:?}");
}

#[test]
fn mistakes_in_theme_and_risk_of_bias_name_their_field() {
    let cases = [
        ("font_size = 15", "font_size = 1500", "theme.font_size"),
        ("dpi = 100", "dpi = 9e9", "theme.dpi"),
        (r#"formats = ["svg", "pdf", "tiff"]"#, "formats = []", "theme.formats"),
        ("dpi = 100", r#"fonts = ["none.ttf"]"#, "theme.fonts[1]"),
        (r#"layout = "revman5""#, r#"layout = "revman""#, "did you mean \"revman5\""),
        (r#", "no-information"]"#, "]", "4 judgements"),
        ("favours_left", "favors_left", "did you mean `favours_left`"),
        (r#""events-of-total""#, r#""events-of-totals""#, "did you mean \"events-of-total\""),
    ];
    for (right, wrong, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let text = study("Aronson 1948");
        assert!(text.contains(right), "{right}");
        let (output, out) = run(folder.path(), &text.replacen(right, wrong, 1));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{wrong}: {said}");
        assert!(said.contains(expected), "{wrong}: {said}");
        assert!(!out.exists());
    }
}
