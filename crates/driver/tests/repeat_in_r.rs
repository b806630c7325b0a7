//! The script that a run leaves behind gives the same numbers in R. Skipped, and said so, where R, survival or metafor is
//! missing.

use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;

/// Whether Rscript has the packages.
#[allow(clippy::print_stderr, reason = "a skipped test must say so")]
fn has_r() -> bool {
    let call = "for (name in c(\"survival\", \"metafor\")) stopifnot(requireNamespace(name, quietly = TRUE))";
    let there =
        Command::new("Rscript").args(["-e", call]).output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("skipped: Rscript with survival and metafor is not installed");
    }
    there
}

/// Runs a study and its script; gives what R said.
fn repeated(study: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let run =
        Command::cargo_bin("kmeta").unwrap().arg("run").arg(study).arg("--out").arg(&out).output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(out.join("repeat.R").is_file(), "{said}");
    let r = Command::new("Rscript").arg("repeat.R").current_dir(&out).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&r.stdout), String::from_utf8_lossy(&r.stderr));
    assert!(r.status.success(), "{said}");
    said
}

fn numbers(said: &str) -> usize {
    said.lines().filter(|line| line.starts_with("ok  ")).count()
}

#[test]
fn both_examples_repeat() {
    if !has_r() {
        return;
    }
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let said = repeated(&fixtures.join("atc-tki/study.toml"));
    assert!(said.contains("Overall survival: survival at 12") && numbers(&said) > 100, "{said}");
    let said = repeated(&fixtures.join("antiangiogenic-two-arm/study.toml"));
    assert!(said.contains("log hazard ratio") && numbers(&said) > 20, "{said}");
}

/// One analysis per measure, estimator and model that the script knows.
#[test]
fn every_kind_of_pooling_repeats() {
    if !has_r() {
        return;
    }
    let mut study = String::from("title = \"All \\\"kinds\\\"\"\ntime_unit = \"months\"\n");
    let counts =
        [(4, 120, 11, 118), (6, 306, 29, 303), (3, 231, 11, 220), (62, 600, 81, 590), (0, 44, 3, 42)];
    for (index, (events, total, control_events, control_total)) in counts.into_iter().enumerate() {
        let group = if index % 2 == 0 { "even" } else { "odd" };
        study.push_str(&format!(
            "[[trial]]\nid = \"t{index}\"\nlabel = \"Trial {index}\"\ngroup = \"{group}\"\n\
             hazard_ratios = {{ os = {{ value = 0.{}, lower = 0.4, upper = {}.2 }} }}\n\
             [[trial.arm]]\nid = \"drug\"\nlabel = \"Drug\"\nn = {total}\nresponses = {{ relapse = [{events}, {total}] }}\n\
             [[trial.arm]]\nid = \"control\"\nlabel = \"Control\"\nn = {control_total}\nresponses = {{ relapse = [{control_events}, {control_total}] }}\n",
            60 + 5 * index,
            1 + index % 2
        ));
    }
    let mut analysis = |id: &str, fields: &str| {
        study.push_str(&format!("[[analysis]]\nid = \"{id}\"\ntitle = \"Analysis {id}\"\n{fields}\n"));
    };
    for measure in ["logit", "freeman-tukey", "arcsine", "raw", "log"] {
        let fields = "kind = \"proportion\"\noutcome = \"relapse\"\nmodel = \"inverse-variance\"";
        analysis(&format!("p-{measure}"), &format!("{fields}\nmeasure = \"{measure}\"\nsubgroups = true"));
    }
    analysis("p-glmm", "kind = \"proportion\"\noutcome = \"relapse\"");
    for (id, fields) in [
        ("or", "measure = \"log-odds-ratio\"\ntau_squared = \"DL\""),
        ("rr", "measure = \"log-risk-ratio\"\ninterval = \"hartung-knapp\""),
        ("rd", "measure = \"risk-difference\"\npooling = \"inverse-variance\""),
        ("peto", "measure = \"log-odds-ratio\"\npooling = \"peto\""),
        ("iv", "measure = \"log-odds-ratio\"\npooling = \"inverse-variance\"\ntau_squared = \"PM\""),
    ] {
        analysis(&format!("c-{id}"), &format!("kind = \"two-arm-counts\"\noutcome = \"relapse\"\n{fields}"));
    }
    for estimator in ["REML", "DL", "PM", "ML", "HE", "HS", "SJ", "EB"] {
        let fields = format!(
            "kind = \"hazard-ratio\"\nendpoint = \"os\"\nsource = \"printed\"\ntau_squared = \"{estimator}\""
        );
        analysis(&format!("h-{}", estimator.to_lowercase()), &fields);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.toml");
    std::fs::write(&path, study).unwrap();
    let said = repeated(&path);
    assert!(numbers(&said) > 150, "{said}");
}
