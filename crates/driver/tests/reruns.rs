//! Runs again: what is kept, what is done anew, and what an interrupted run leaves behind.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use assert_cmd::cargo::CommandCargoExt;

fn kmeta<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Output {
    Command::cargo_bin("kmeta").unwrap().args(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The starting project of two figures.
fn project(folder: &tempfile::TempDir) -> PathBuf {
    let project = folder.path().join("review");
    assert!(kmeta(&["init", project.to_str().unwrap()]).status.success());
    project.join("study.toml")
}

fn run(study: &Path, further: &[&str]) -> Output {
    let output = kmeta(&[&["run", "-v", study.to_str().unwrap()], further].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    output
}

/// Every file below `folder` by its relative path.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn assert_same(one: &Path, other: &Path) {
    let (one, other) = (files(one), files(other));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, content) in &one {
        assert!(content == &other[name], "{} differs", name.display());
    }
}

/// Kept figures of the project's cache.
fn kept_figures(study: &Path) -> usize {
    let entries = fs::read_dir(study.with_file_name("study.kmeta-cache")).into_iter().flatten().flatten();
    let is_figure = |name: &str| name.starts_with("figure-") && name.ends_with(".kept");
    entries.filter(|entry| is_figure(&entry.file_name().to_string_lossy())).count()
}

#[test]
fn kept_work_gives_the_same_bytes_and_a_changed_figure_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let study = project(&folder);
    let out = study.with_file_name("study.kmeta-out");
    let fresh = folder.path().join("fresh");
    assert!(stderr(&run(&study, &[])).contains("2 figures digitized, 0 taken"));
    run(&study, &["--fresh", "--out", fresh.to_str().unwrap()]);
    assert_same(&out, &fresh);
    assert!(stderr(&run(&study, &[])).contains("0 figures digitized, 2 taken"));
    assert_same(&out, &fresh);

    let figure = study.with_file_name("figures").join("wirth2021-os.png");
    let mut picture = image::open(&figure).unwrap().into_rgb8();
    picture.put_pixel(0, 0, image::Rgb([254, 255, 255]));
    picture.save(&figure).unwrap();
    assert!(stderr(&run(&study, &[])).contains("1 figures digitized, 1 taken"));
    let manifest = fs::read_to_string(out.join("manifest.json")).unwrap();
    assert!(manifest.contains(&kmeta_trial_data::sha256_hex(&fs::read(&figure).unwrap())));

    let text = fs::read_to_string(&study).unwrap();
    let other = "\n[reconstruction]\nuse_censor_marks = false\n\n[[trial]]";
    fs::write(&study, text.replacen("\n[[trial]]", other, 1)).unwrap();
    assert!(stderr(&run(&study, &[])).contains("0 figures digitized, 2 taken"));
    run(&study, &["--fresh", "--out", fresh.to_str().unwrap()]);
    assert_same(&out, &fresh);
}

#[test]
fn damaged_work_is_done_anew_with_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let study = project(&folder);
    let out = study.with_file_name("study.kmeta-out");
    run(&study, &[]);
    let before = files(&out);
    for entry in fs::read_dir(study.with_file_name("study.kmeta-cache")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "kept") {
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x40;
            fs::write(&path, bytes).unwrap();
        }
    }
    let again = run(&study, &[]);
    assert!(stderr(&again).contains("kept-work-unusable"), "{}", stderr(&again));
    assert!(stderr(&again).contains("2 figures digitized, 0 taken"));
    assert!(before == files(&out), "the results do not depend on what was kept");
}

/// Kills a run (as `kill -9` does) once it has read one of two figures.
fn killed_half_way(study: &Path) -> bool {
    let mut run = Command::cargo_bin("kmeta").unwrap();
    let mut run = run.args(["run", "--quiet", "--threads", "1", study.to_str().unwrap()]).spawn().unwrap();
    let start = Instant::now();
    while kept_figures(study) == 0 && start.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(2));
    }
    run.kill().unwrap();
    !run.wait().unwrap().success() && kept_figures(study) == 1
}

#[test]
fn a_killed_run_leaves_the_old_output_whole_and_the_next_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let study = project(&folder);
    let out = study.with_file_name("study.kmeta-out");
    let text = fs::read_to_string(&study).unwrap();
    fs::write(&study, text.replace("[[figure]]", "[[figure]]\n# a remark")).unwrap();
    run(&study, &[]);
    // The run is killed on a machine that may be busy: where it came to its end first, it is run once more.
    let caught = (0..5).any(|attempt| {
        let before = files(&out);
        fs::remove_dir_all(study.with_file_name("study.kmeta-cache")).unwrap();
        fs::write(&study, text.replace("[[figure]]", &format!("[[figure]]\n# remark {attempt}"))).unwrap();
        let killed = killed_half_way(&study);
        assert!(!killed || before == files(&out), "the old output is as it was");
        killed
    });
    assert!(caught, "no run was caught between its figures");

    let resumed = run(&study, &[]);
    assert!(stderr(&resumed).contains("1 figures digitized, 1 taken"), "{}", stderr(&resumed));
    let fresh = folder.path().join("fresh");
    run(&study, &["--fresh", "--out", fresh.to_str().unwrap()]);
    assert_same(&out, &fresh);
    let left = fs::read_dir(study.with_file_name("study.kmeta-cache")).unwrap();
    let unfinished = left.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with('.'));
    assert_eq!(unfinished.count(), 0, "what the killed run left is cleared");
}

#[test]
fn a_second_run_into_the_same_output_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let study = project(&folder);
    run(&study, &[]);
    let out = study.with_file_name("study.kmeta-out");
    let before = files(&out);
    let lock = File::options().write(true).open(study.with_file_name("study.kmeta-cache/lock")).unwrap();
    lock.try_lock().unwrap();
    let second = kmeta(&["run", study.to_str().unwrap()]);
    assert_eq!(second.status.code(), Some(1));
    assert!(stderr(&second).contains("another run"), "{}", stderr(&second));
    assert!(before == files(&out));
    drop(lock);
    run(&study, &[]);
}

/// A limit on the size of files is the part of a full disk that a test can have.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_old_output_whole() {
    let folder = tempfile::tempdir().unwrap();
    let study = project(&folder);
    run(&study, &[]);
    let out = study.with_file_name("study.kmeta-out");
    let before = files(&out);
    let program = assert_cmd::cargo::cargo_bin("kmeta");
    let script =
        format!("trap '' XFSZ; ulimit -f 40; exec '{}' run --fresh '{}'", program.display(), study.display());
    let full = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(full.status.code(), Some(1), "{}", stderr(&full));
    assert!(stderr(&full).contains("cannot be written"), "{}", stderr(&full));
    assert!(before == files(&out), "the old output is as it was");
    run(&study, &[]);
    assert!(before == files(&out));
}

/// Old and new output of the project, whose analysis of survival asks for another time and for single trials.
#[test]
fn a_difference_of_two_runs_is_told_in_text_json_and_a_figure() {
    let folder = tempfile::tempdir().unwrap();
    let study = project(&folder);
    let old = folder.path().join("old");
    run(&study, &["--out", old.to_str().unwrap()]);
    let text = fs::read_to_string(&study).unwrap();
    let changed = text.replace("times = [3, 6, 9, 12, 15]", "times = [3, 6, 9, 12]").replacen(
        "\n[[trial]]",
        "\n[every_analysis]\nleave_one_out = true\ncumulative = \"listed\"\n\n[[trial]]",
        1,
    );
    assert!(changed.contains("times = [3, 6, 9, 12]"));
    fs::write(&study, changed).unwrap();
    let new = folder.path().join("new");
    run(&study, &["--out", new.to_str().unwrap()]);
    let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
    let figure = folder.path().join("changes.svg");

    let same = kmeta(&["diff", old, old]);
    assert_eq!(String::from_utf8_lossy(&same.stdout), "nothing differs\n");
    let output = kmeta(&["diff", old, new, "--figure", figure.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("analysis[os].times: [3.0,6.0,9.0,12.0,15.0] -> [3.0,6.0,9.0,12.0]"), "{said}");
    assert!(said.contains("analysis[os].leave_one_out"), "{said}");
    assert!(said.contains("survival at 15 months"), "{said}");
    assert!(fs::read_to_string(&figure).unwrap().contains("survival at 12 months"));
    let output = kmeta(&["diff", old, new, "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let analyses = json["difference"]["analyses"].as_array().unwrap();
    let survival = analyses.iter().find(|analysis| analysis["id"] == "os").unwrap();
    let at_15 = |quantity: &&serde_json::Value| quantity["name"] == "survival at 15 months";
    let gone = survival["quantities"].as_array().unwrap().iter().find(at_15).unwrap();
    assert!(gone["new"].is_null() && gone["old"]["value"].is_number());

    let table = fs::read_to_string(Path::new(new).join("tables/os-leave-one-out.csv")).unwrap();
    assert!(table.lines().any(|line| line.starts_with("none,2,median,")), "{table}");
    assert!(Path::new(new).join("tables/os-cumulative.csv").is_file());
    assert!(Path::new(new).join("tables/orr-leave-one-out.csv").is_file());
    let wrong = kmeta(&["diff", old, folder.path().to_str().unwrap()]);
    assert_eq!(wrong.status.code(), Some(2), "{}", stderr(&wrong));
}
