//! Commands that make, check and describe files: `init`, `doctor`, `man`, `schema --markdown`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt;

fn kmeta(arguments: &[&str]) -> Output {
    Command::cargo_bin("kmeta").unwrap().args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Line endings and trailing blanks apart, the page is what the program writes.
#[test]
fn the_reference_of_the_project_file_is_current() {
    let written = stdout(&kmeta(&["schema", "--markdown"]));
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/study.md");
    let kept = fs::read_to_string(page).unwrap_or_default();
    assert!(
        written == kept,
        "docs/reference/study.md is not what the types say: write it again with `just reference`"
    );
}

#[test]
fn every_command_has_a_manual_page_with_examples() {
    let folder = tempfile::tempdir().unwrap();
    let output = kmeta(&["man", "--out", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for name in ["kmeta", "kmeta-run", "kmeta-import", "kmeta-doctor", "kmeta-pool", "kmeta-pool-proportions"]
    {
        let page = fs::read_to_string(folder.path().join(format!("{name}.1"))).unwrap();
        assert!(page.contains(".TH"), "{name}");
        assert!(name == "kmeta-pool" || page.contains("Example"), "{name} has no example");
    }
    assert!(stdout(&kmeta(&["man"])).contains(".TH kmeta 1"));
}

#[test]
fn slips_are_answered_with_what_was_meant() {
    for (arguments, meant) in [
        (["digitise", "x.png"], "digitize"),
        (["run", "--treads"], "--threads"),
        (["pool", "proportion"], "proportions"),
    ] {
        let output = kmeta(&arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(meant), "{arguments:?}: {}", stderr(&output));
        assert!(!stderr(&output).contains('\u{1b}'), "colours are for terminals");
    }
}

#[test]
fn a_project_starts_from_names_or_from_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().join("named");
    let output = kmeta(&[
        "init",
        named.to_str().unwrap(),
        "--trial",
        "Wirth 2021",
        "--trial",
        "Tahara 2017",
        "--outcome",
        "orr",
        "--endpoint",
        "os",
        "--title",
        "A \"review\"",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = fs::read_to_string(named.join("study.toml")).unwrap();
    assert!(text.contains("id = \"wirth2021\"") && text.contains("outcome = \"orr\""), "{text}");

    let pictures = folder.path().join("pictures");
    fs::create_dir_all(pictures.join("figures")).unwrap();
    let figure =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/atc-tki/figures/wirth2021-os.png");
    fs::copy(figure, pictures.join("figures/wirth2021-os.png")).unwrap();
    let study = pictures.join("study.toml");
    assert_eq!(kmeta(&["init", pictures.to_str().unwrap()]).status.code(), Some(0));
    let examined = kmeta(&["doctor", study.to_str().unwrap(), "--no-figures"]);
    assert_eq!(examined.status.code(), Some(0), "{}", stderr(&examined));
    for said in ["no-number-of-patients", "no-source", "figures-not-read"] {
        assert!(stdout(&examined).contains(said), "{said}: {}", stdout(&examined));
    }
    let again = kmeta(&["init", pictures.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(2), "an existing project is kept");
}

#[test]
fn the_doctor_says_what_keeps_results_back() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("study.toml");
    let text = "title = \"t\"\ntime_unit = \"months\"\n[[trial]]\nid = \"a\"\nlabel = \"A\"\nn = 20\nresponses = { orr = [3, 20] }\n\
                [[trial]]\nid = \"b\"\nlabel = \"B\"\nn = 20\n[[analysis]]\nkind = \"proportion\"\nid = \"orr\"\ntitle = \"ORR\"\noutcome = \"orr\"\n";
    fs::write(&study, text).unwrap();
    let output = kmeta(&["doctor", study.to_str().unwrap()]);
    for said in ["b: states nothing that any [[analysis]] asks for", "one trial only"] {
        assert!(stdout(&output).contains(said), "{said}: {}", stdout(&output));
    }
    fs::write(&study, "title = 3\n").unwrap();
    assert_eq!(kmeta(&["doctor", study.to_str().unwrap()]).status.code(), Some(2));
}
