//! The real binary on real files: outputs, exit codes, messages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt;
use serde_json::Value;

fn kmeta<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Output {
    Command::cargo_bin("kmeta").unwrap().args(arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// A folder with the given files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn text(path: PathBuf) -> String {
    path.to_str().unwrap().to_owned()
}

const CURVE: &str = "time,survival\n0,1\n1,0.9\n2,0.8\n4,0.6\n7,0.3\n";
const RISK: &str = "time,number_at_risk\n0,10\n3,8\n6,4\n";

#[test]
fn reconstruct_writes_patients_and_their_fit() {
    let folder = folder(&[("curve.csv", CURVE), ("risk.csv", RISK), ("marks.csv", "time\n5\n")]);
    let file = |name: &str| text(folder.path().join(name));
    let output = kmeta(&[
        "reconstruct",
        &file("curve.csv"),
        "--risk-table",
        &file("risk.csv"),
        "--marks",
        &file("marks.csv"),
        "--out",
        &file("out"),
    ]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let patients = fs::read_to_string(folder.path().join("out/ipd.csv")).unwrap();
    let mut lines = patients.lines();
    assert_eq!(lines.next(), Some("trial,arm,time,status"));
    assert_eq!(lines.count(), 10);
    let fidelity = json(&folder.path().join("out/fidelity.json"));
    assert_eq!(fidelity[0]["fidelity"]["patients"], 10);
    assert_eq!(fidelity[0]["fidelity"]["number_at_risk_error_max"], 0);
    assert_eq!(fidelity.as_array().unwrap().len(), 1);
}

#[test]
fn reconstruct_keeps_the_arms_of_a_table_apart() {
    let curves = "arm,time,survival\nA,1,0.9\nA,2,0.5\nB,1,0.8\nB,3,0.4\n";
    let risk = "arm,time,number_at_risk\nB,0,10\nA,0,20\n";
    let folder = folder(&[("curves.csv", curves), ("risk.csv", risk)]);
    let file = |name: &str| text(folder.path().join(name));
    let output = kmeta(&[
        "reconstruct",
        &file("curves.csv"),
        "--risk-table",
        &file("risk.csv"),
        "--out",
        &file("out"),
    ]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let patients = fs::read_to_string(folder.path().join("out/ipd.csv")).unwrap();
    assert_eq!(patients.matches("curves,A,").count(), 20);
    assert_eq!(patients.matches("curves,B,").count(), 10);
    let refused = kmeta(&["reconstruct", &file("curves.csv"), "--n", "5", "--out", &file("out")]);
    assert_eq!(code(&refused), 2);
    assert!(
        stderr(&refused)
            .contains("--n, --events, --median and --survival-at are of one arm, but there are 2: A, B")
    );
}

#[test]
fn bad_tables_are_refused_with_file_row_and_column() {
    let cases = [
        ("time,survival\n0,100\n1,98.2\n", "curve.csv:2: row 1, column `survival`: survival 100 is above 1"),
        ("time,survival\n0,100\n1,98.2\n", "percentages must be divided by 100"),
        ("time,survival\n2,0.9\n1,0.8\n", "curve.csv:3: row 2, column `time`: time 1 comes after 2"),
        (
            "time,survival\n1,0.5\n2,0.8\n",
            "curve.csv:3: row 2, column `survival`: survival rises from 0.5 to 0.8",
        ),
        ("time,survival\n1,half\n", "curve.csv:2: row 1, column `survival`: \"half\" is not a number"),
        ("time,surv\n1,0.5\n", "unknown column `surv`"),
        ("time\n1\n", "column `survival` is missing"),
    ];
    for (content, message) in cases {
        let folder = folder(&[("curve.csv", content)]);
        let file = |name: &str| text(folder.path().join(name));
        let output = kmeta(&["reconstruct", &file("curve.csv"), "--n", "10", "--out", &file("out")]);
        assert_eq!(code(&output), 2, "{content}");
        assert!(stderr(&output).contains(message), "wanted {message}, said {}", stderr(&output));
        assert!(!folder.path().join("out").exists(), "nothing is written for bad input");
    }
}

#[test]
fn an_arm_of_unknown_size_is_a_failure_that_says_so() {
    let folder = folder(&[("curve.csv", CURVE)]);
    let file = |name: &str| text(folder.path().join(name));
    let output = kmeta(&["reconstruct", &file("curve.csv"), "--out", &file("out")]);
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("the number of patients is not known"), "{}", stderr(&output));
    let levelled = folder.path().join("noisy.csv");
    fs::write(&levelled, "time,survival\n1,0.9\n2,0.905\n3,0.5\n").unwrap();
    let output = kmeta(&["reconstruct", &text(levelled), "--n", "10", "--out", &file("out")]);
    assert_eq!(code(&output), 0);
    assert!(stderr(&output).contains("curve-levelled"), "a repair is reported: {}", stderr(&output));
}

#[test]
fn digitize_names_what_it_cannot_read_and_keeps_what_it_refuses() {
    let folder = folder(&[("notes.txt", "no figure")]);
    let file = |name: &str| text(folder.path().join(name));
    let output = kmeta(&["digitize", &file("notes.txt"), &file("missing.png"), "--out", &file("out")]);
    assert_eq!(code(&output), 2);
    let said = stderr(&output);
    assert!(said.contains("notes.txt") && said.contains("missing.png: cannot be read"), "{said}");
    assert!(!folder.path().join("out").exists());

    image::RgbImage::from_pixel(60, 40, image::Rgb([255, 255, 255]))
        .save(folder.path().join("blank.png"))
        .unwrap();
    let output = kmeta(&["digitize", &file("blank.png"), "--out", &file("out"), "--json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(json(&folder.path().join("out/blank.kmfig.json"))["verdict"], "refused");
    assert!(folder.path().join("out/blank.overlay.png").exists());
    let printed: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(printed["figures"][0]["verdict"], "refused");

    let output = kmeta(&["reconstruct", &file("out/blank.kmfig.json"), "--out", &file("patients")]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("the figure was refused"));
}

/// A white picture of one size and a shade that makes another file of it.
fn save_blank(path: PathBuf, shade: u8) {
    image::RgbImage::from_pixel(60, 40, image::Rgb([255, 255, shade])).save(path).unwrap();
}

#[test]
fn overrides_of_a_person_survive_reruns_and_are_never_lost() {
    let folder = folder(&[]);
    let file = |name: &str| text(folder.path().join(name));
    save_blank(folder.path().join("blank.png"), 255);
    let digitize = || kmeta(&["digitize", &file("blank.png"), "--out", &file("out")]);
    assert_eq!(code(&digitize()), 0);
    let sidecar = folder.path().join("out/blank.kmfig.json");
    let mut content = json(&sidecar);
    let message = content["findings"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("\"overrides\": {\"panels\""), "a refusal says what to state: {message}");
    content["overrides"] =
        serde_json::json!({ "by": "A. Reader", "panels": [{ "panel": 0, "number_of_arms": 2 }] });
    fs::write(&sidecar, content.to_string()).unwrap();
    for _ in 0..2 {
        let output = digitize();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert_eq!(json(&sidecar)["overrides"], content["overrides"]);
        assert_eq!(json(&sidecar)["automatic"]["verdict"], "refused");
    }

    // Another picture under the same name: nothing is written.
    let before = fs::read(&sidecar).unwrap();
    save_blank(folder.path().join("blank.png"), 250);
    let output = digitize();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("another version"), "{}", stderr(&output));
    assert_eq!(fs::read(&sidecar).unwrap(), before);

    // A misspelt field is named with its line.
    fs::write(&sidecar, "{\"overrides\": {\n\"pannels\": []}}").unwrap();
    let output = digitize();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("pannels") && stderr(&output).contains("line 2"), "{}", stderr(&output));
}

#[test]
fn a_run_uses_overrides_beside_the_figure_and_keeps_those_of_the_last_run() {
    let study = "title = \"t\"\ntime_unit = \"months\"\n[[trial]]\nid = \"a\"\nlabel = \"A\"\ngroup = \"G\"\nn = 10\n\
        [[figure]]\nfile = \"blank.png\"\ntrial = \"a\"\nendpoint = \"os\"\n";
    let overrides = r#"{"overrides": {"by": "A. Reader", "panels": [{"number_of_arms": 1}]}}"#;
    let folder = folder(&[("study.toml", study), ("blank.kmfig.json", overrides)]);
    let file = |name: &str| text(folder.path().join(name));
    save_blank(folder.path().join("blank.png"), 255);
    let run = || kmeta(&["run", &file("study.toml"), "--out", &file("out")]);
    let sidecar = folder.path().join("out/figures/blank.kmfig.json");
    let output = run();
    assert_eq!(code(&output), 1, "the figure is refused: {}", stderr(&output));
    assert_eq!(json(&sidecar)["overrides"]["by"], "A. Reader");
    fs::remove_file(folder.path().join("blank.kmfig.json")).unwrap();
    run();
    assert_eq!(json(&sidecar)["overrides"]["by"], "A. Reader", "carried over from the last output");
    save_blank(folder.path().join("blank.png"), 250);
    let output = run();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("another version"), "{}", stderr(&output));
}

#[test]
fn a_bad_file_among_figures_is_named_and_the_others_are_digitized() {
    let folder = folder(&[("notes.png", "no figure")]);
    let file = |name: &str| text(folder.path().join(name));
    image::RgbImage::from_pixel(60, 40, image::Rgb([255, 255, 255]))
        .save(folder.path().join("blank.png"))
        .unwrap();
    let figures = [file("notes.png"), file("blank.png")];
    let output = kmeta(&["digitize", &figures[0], &figures[1], "--out", &file("out"), "--json"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("notes.png: not a figure file"), "{}", stderr(&output));
    let printed: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(printed["figures"][0]["name"], "blank");
    assert_eq!(printed["problems"].as_array().map(Vec::len), Some(1));
    assert!(folder.path().join("out/blank.kmfig.json").exists());

    // Two files whose outputs would have one name: the second is named, the first is kept.
    fs::copy(folder.path().join("blank.png"), folder.path().join("blank.bmp")).unwrap();
    let output = kmeta(&["digitize", &figures[1], &file("blank.bmp"), "--out", &file("twice")]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("would be written over"), "{}", stderr(&output));
    assert_eq!(json(&folder.path().join("twice/blank.kmfig.json"))["source"]["file"], "blank.png");
}

#[test]
fn digitized_files_are_the_same_bytes_on_one_thread_and_on_two() {
    let folder = folder(&[]);
    let figures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/atc-tki/figures");
    let named = ["wirth2021-os.png", "higashiyama2022-os.pdf", "savvides2013-os.jpg"];
    let written = |threads: &str| {
        let out = folder.path().join(threads);
        let mut arguments = vec!["digitize".to_owned(), "--threads".to_owned(), threads.to_owned()];
        arguments.extend(named.iter().map(|name| text(figures.join(name))));
        arguments.extend(["--out".to_owned(), text(out.clone())]);
        let output = kmeta(&arguments);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let mut files: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let said = stdout(&output).replace(&text(out), "");
        (
            said,
            files
                .iter()
                .map(|file| (file.file_name().unwrap().to_owned(), fs::read(file).unwrap()))
                .collect::<Vec<_>>(),
        )
    };
    let (one, two) = (written("1"), written("2"));
    // Sidecar, overlay and difference, and where something is doubtful a picture of it.
    assert!(one.1.len() >= 3 * named.len());
    assert!(one == two, "the outputs differ between one thread and two");
}

#[test]
fn init_writes_a_project_and_overwrites_nothing() {
    let folder = folder(&[]);
    let project = text(folder.path().join("review"));
    assert_eq!(code(&kmeta(&["init", &project])), 0);
    let study = folder.path().join("review/study.toml");
    kmeta::project::StudyFile::read(&study).unwrap();
    fs::write(&study, "mine").unwrap();
    let again = kmeta(&["init", &project]);
    assert_eq!(code(&again), 2);
    assert!(stderr(&again).contains("exists: it will not be overwritten"));
    assert_eq!(fs::read_to_string(&study).unwrap(), "mine");
}

#[test]
fn bad_projects_end_with_code_2_and_an_object_for_machines() {
    let folder = folder(&[("study.toml", "title = \"t\"\ntime_unit = \"months\"\nanalyses = []\n")]);
    let study = text(folder.path().join("study.toml"));
    let output = kmeta(&["run", &study, "--json"]);
    assert_eq!(code(&output), 2);
    let printed: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(printed["error"]["kind"], "bad-input");
    assert_eq!(printed["error"]["problems"][0]["line"], 3);
    assert_eq!(printed["error"]["problems"][0]["help"], "did you mean `analysis`?");
    assert!(stderr(&output).contains("study.toml:3: analyses: unknown key"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is written");
    assert_eq!(code(&kmeta(&["run", "no-such-study.toml"])), 2);
    assert_eq!(code(&kmeta(&["run"])), 2);
}

#[test]
fn a_folder_of_somebody_else_is_not_replaced() {
    let folder = folder(&[("study.toml", "title = \"t\"\ntime_unit = \"months\"\n")]);
    let mine = folder.path().join("mine");
    fs::create_dir(&mine).unwrap();
    fs::write(mine.join("thesis.docx"), "years").unwrap();
    let output = kmeta(&["run", &text(folder.path().join("study.toml")), "--out", &text(mine.clone())]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("was not written by kmeta"));
    assert_eq!(fs::read_to_string(mine.join("thesis.docx")).unwrap(), "years");
}

#[test]
fn completions_and_help_exist_for_every_command() {
    assert!(stdout(&kmeta(&["completions", "bash"])).contains("_kmeta"));
    for command in ["run", "digitize", "reconstruct", "report", "init", "schema", "completions"] {
        let help = stdout(&kmeta(&[command, "--help"]));
        assert!(help.contains("Example"), "`kmeta {command} --help` shows an example");
    }
    for kind in ["proportions", "hazard-ratios", "survival"] {
        assert!(stdout(&kmeta(&["pool", kind, "--help"])).contains("Example"), "pool {kind}");
    }
}
