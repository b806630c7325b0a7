//! One mistake per case: the message must name file, line and field, and say what is wrong.

use std::fs;

use kmeta::project::{Problems, StudyFile};

/// A study without mistakes. Every case replaces one line of it.
const STUDY: &str = r#"title = "A study"
time_unit = "months"

[[trial]]
id = "one"
label = "One 2020"
group = "A"
n = 20
responses = { orr = [2, 18] }
medians = { os = { value = 3.9, lower = 2.2, upper = 7.1 } }
adverse_events = { "Rash" = [1, 20] }

[[trial]]
id = "two"
label = "Two 2021"
reference_arm = "placebo"
hazard_ratios = { os = { value = 0.5, lower = 0.3, upper = 0.8 } }
[[trial.arm]]
id = "drug"
label = "Drug"
n = 30
[[trial.arm]]
id = "placebo"
label = "Placebo"
n = 15

[[figure]]
file = "one.png"
trial = "one"
endpoint = "os"
risk_table = { times = [0, 6], counts = { all = [20, 7] } }

[[figure]]
file = "two.png"
trial = "two"
endpoint = "os"
arms = { "Drug" = "drug", "2" = "placebo" }

[[analysis]]
kind = "proportion"
id = "orr"
title = "Response"
outcome = "orr"
subgroups = true

[[analysis]]
kind = "survival"
id = "os"
title = "Survival"
endpoint = "os"
times = [3, 6]

[[analysis]]
kind = "hazard-ratio"
id = "os-hr"
title = "Hazard ratio"
endpoint = "os"
source = "printed"
"#;

/// Reads `text` as `study.toml` in a folder that has the figures.
fn read(text: &str) -> Result<StudyFile, Problems> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.toml");
    for figure in ["one.png", "two.png", "sub/one.png"] {
        fs::create_dir_all(folder.path().join("sub")).unwrap();
        fs::write(folder.path().join(figure), "").unwrap();
    }
    fs::write(&path, text).unwrap();
    StudyFile::read(&path)
}

/// A line of the study, what takes its place, and what the message must hold.
struct Case {
    line: &'static str,
    instead: &'static str,
    message: &'static str,
}

/// Checks each case and lists all that fail.
fn check(cases: &[Case]) {
    let mut failures = Vec::new();
    for Case { line, instead, message } in cases {
        assert_eq!(STUDY.matches(line).count(), 1, "the line `{line}` must occur once");
        let text = STUDY.replace(line, instead);
        let number = STUDY[..STUDY.find(line).unwrap()].matches('\n').count() + 1;
        let added = instead.lines().position(|line| line.contains("#!")).unwrap_or(0);
        let wanted = format!("study.toml:{}: {message}", number + added);
        match read(&text) {
            Ok(_) => failures.push(format!("no problem, wanted: {wanted}")),
            Err(problems) => {
                let said = problems.to_string();
                if !said.contains(&wanted) {
                    failures.push(format!("wanted: {wanted}\n   said: {said}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_study_itself_has_no_mistake() {
    read(STUDY).unwrap();
}

#[test]
fn mistakes_of_shape() {
    check(&[
        Case {
            line: "n = 20",
            instead: "n = 20\nresponces = {} #!",
            message: "trial[1].responces: unknown key",
        },
        Case { line: "title = \"A study\"", instead: "titel = \"A study\"", message: "titel: unknown key" },
        Case {
            line: "n = 20",
            instead: "n = \"20\"",
            message: "trial[1].n: expected a whole number, found the text",
        },
        Case { line: "n = 20", instead: "n = 0", message: "trial[1].n: 0 is too small: expected at least 1" },
        Case {
            line: "n = 20",
            instead: "n = 20.5",
            message: "trial[1].n: expected a whole number, found a decimal",
        },
        Case {
            line: "time_unit = \"months\"",
            instead: "time_unit = \"month\"",
            message: "time_unit: \"month\" is not a choice here: expected one of \"days\"",
        },
        Case {
            line: "responses = { orr = [2, 18] }",
            instead: "responses = { orr = [2] }",
            message: "trial[1].responses.orr: expected a list of 2, found 1",
        },
        Case {
            line: "responses = { orr = [2, 18] }",
            instead: "responses = { orr = [-2, 18] }",
            message: "trial[1].responses.orr[1]: -2 is too small",
        },
        Case {
            line: "kind = \"survival\"",
            instead: "kind = \"survivel\"",
            message: "analysis[2].kind: \"survivel\" is not a choice here",
        },
        Case {
            line: "source = \"printed\"",
            instead: "sources = \"printed\"",
            message: "analysis[3].sources: unknown key",
        },
        Case {
            line: "times = [3, 6]",
            instead: "times = [3, \"6\"]",
            message: "analysis[2].times[2]: expected a number, found the text \"6\"",
        },
        Case { line: "id = \"one\"", instead: "id = \"one", message: "" },
    ]);
}

#[test]
fn mistakes_in_trials() {
    check(&[
        Case {
            line: "id = \"two\"",
            instead: "id = \"one\"",
            message: "trial[2].id: the id `one` is used twice",
        },
        Case {
            line: "id = \"one\"",
            instead: "id = \"One 1\"",
            message: "trial[1].id: the id \"One 1\" cannot be used",
        },
        Case {
            line: "responses = { orr = [2, 18] }",
            instead: "responses = { orr = [19, 18] }",
            message: "trial[1].responses.orr: 19 patients with the event among 18",
        },
        Case {
            line: "responses = { orr = [2, 18] }",
            instead: "responses = { orr = [2, 21] }",
            message: "trial[1].responses.orr: 21 patients assessed, but the arm has n = 20",
        },
        Case {
            line: "adverse_events = { \"Rash\" = [1, 20] }",
            instead: "adverse_events = { \"Rash\" = [21, 20] }",
            message: "trial[1].adverse_events.Rash: 21 patients with the event among 20",
        },
        Case {
            line: "medians = { os = { value = 3.9, lower = 2.2, upper = 7.1 } }",
            instead: "medians = { os = { value = 3.9, lower = 4.2, upper = 7.1 } }",
            message: "trial[1].medians.os: median 3.9 with limits 4.2 and 7.1",
        },
        Case {
            line: "n = 20",
            instead: "n = 20\nevents = { os = 21 } #!",
            message: "trial[1].events.os: 21 events among n = 20 patients",
        },
        Case {
            line: "reference_arm = \"placebo\"",
            instead: "reference_arm = \"plazebo\"",
            message: "trial[2].reference_arm: there is no arm `plazebo`",
        },
        Case {
            line: "hazard_ratios = { os = { value = 0.5, lower = 0.3, upper = 0.8 } }",
            instead: "hazard_ratios = { os = { value = 0.9, lower = 0.3, upper = 0.8 } }",
            message: "trial[2].hazard_ratios.os: trial `two`: hazard_ratio is 0.9; expected a number within its interval, 0.3 to 0.8",
        },
        Case {
            line: "label = \"Two 2021\"",
            instead: "label = \"Two 2021\"\nn = 46 #!",
            message: "trial[2].n: 46 patients, but the arms have 45 together",
        },
        Case {
            line: "label = \"Two 2021\"",
            instead: "label = \"Two 2021\"\nresponses = { orr = [1, 2] } #!",
            message: "trial[2].responses: `responses` of a trial with several arms",
        },
        Case {
            line: "id = \"placebo\"",
            instead: "id = \"drug\"",
            message: "trial[2].arm[2].id: the id `drug` is used twice",
        },
    ]);
}

#[test]
fn mistakes_in_figures() {
    check(&[
        Case {
            line: "file = \"one.png\"",
            instead: "file = \"1.png\"",
            message: "figure[1].file: there is no file",
        },
        Case {
            line: "file = \"two.png\"",
            instead: "file = \"sub/one.png\"",
            message: "figure[2].file: sub/one.png and one.png have the same name",
        },
        Case {
            line: "trial = \"one\"",
            instead: "trial = \"onee\"",
            message: "figure[1].trial: there is no trial `onee`",
        },
        Case {
            line: "arms = { \"Drug\" = \"drug\", \"2\" = \"placebo\" }",
            instead: "arms = { \"Drug\" = \"drug\", \"2\" = \"plazebo\" }",
            message: "figure[2].arms.2: there is no arm of `two` `plazebo`",
        },
        Case {
            line: "arms = { \"Drug\" = \"drug\", \"2\" = \"placebo\" }",
            instead: "arms = { \"#12\" = \"drug\", \"2\" = \"placebo\" }",
            message: "figure[2].arms.#12: \"#12\" names no curve",
        },
        Case {
            line: "arms = { \"Drug\" = \"drug\", \"2\" = \"placebo\" }",
            instead: "arms = { \"Drug\" = \"drug\", \"2\" = \"drug\" }",
            message: "figure[2].arms.2: two curves are said to be arm `drug`",
        },
        Case {
            line: "risk_table = { times = [0, 6], counts = { all = [20, 7] } }",
            instead: "risk_table = { times = [0, 6], counts = { all = [7, 20] } }",
            message: "figure[1].risk_table.counts.all: the number at risk rises from 7 to 20",
        },
        Case {
            line: "risk_table = { times = [0, 6], counts = { all = [20, 7] } }",
            instead: "risk_table = { times = [6, 0], counts = { all = [20, 7] } }",
            message: "figure[1].risk_table.counts.all: time 0 at position 1",
        },
        Case {
            line: "risk_table = { times = [0, 6], counts = { all = [20, 7] } }",
            instead: "risk_table = { times = [0, 6], counts = { all = [21, 7] } }",
            message: "figure[1].risk_table.counts.all: 21 at risk, but the arm has n = 20",
        },
        Case {
            line: "[[analysis]]\nkind = \"proportion\"",
            instead: "[[figure]]\nfile = \"one.png\"\ntrial = \"one\"\nendpoint = \"os\"\n[[analysis]]\nkind = \"proportion\"",
            message: "figure[3]: `one` arm `all` has a figure of `os` already: one.png",
        },
    ]);
}

#[test]
fn mistakes_in_analyses() {
    check(&[
        Case {
            line: "id = \"os\"",
            instead: "id = \"orr\"",
            message: "analysis[2].id: the id `orr` is used twice",
        },
        Case {
            line: "outcome = \"orr\"",
            instead: "outcome = \"orrr\"",
            message: "analysis[1].outcome: there is no outcome among the trials' responses `orrr`",
        },
        Case {
            line: "subgroups = true",
            instead: "measure = \"log-hazard-ratio\"",
            message: "analysis[1].measure: a log hazard ratio is no measure of a proportion",
        },
        Case {
            line: "times = [3, 6]",
            instead: "times = [6, 3]",
            message: "analysis[2].times: times must be above 0 and increase",
        },
        Case {
            line: "title = \"Survival\"\nendpoint = \"os\"",
            instead: "title = \"Survival\"\nendpoint = \"pfs\" #!",
            message: "analysis[2].endpoint: there is no figure of the endpoint `pfs`",
        },
        Case {
            line: "outcome = \"orr\"",
            instead: "outcome = \"orr\"\ntrials = [\"one\", \"three\"] #!",
            message: "analysis[1].trials[2]: there is no trial `three`",
        },
        Case {
            line: "source = \"printed\"",
            instead: "source = \"printed\"\nconfidence_level = 95 #!",
            message: "analysis[3].confidence_level: confidence level 95: expected a fraction",
        },
    ]);
}

#[test]
fn what_is_missing_is_reported_where_it_belongs() {
    let said = |line: &str| read(&STUDY.replace(line, "")).unwrap_err().to_string();
    let arms = said("arms = { \"Drug\" = \"drug\", \"2\" = \"placebo\" }\n");
    assert!(
        arms.contains("study.toml:33: figure[2].arms: `arms` is missing: say which curve is which arm"),
        "{arms}"
    );
    let group = said("group = \"A\"\n");
    assert!(group.contains("study.toml:43: analysis[1].subgroups: no `group` in one"), "{group}");
    let title = said("title = \"Survival\"\n");
    assert!(title.contains("study.toml:46: analysis[2].title: `title` is missing"), "{title}");
    let id = said("id = \"os-hr\"\n");
    assert!(id.contains("study.toml:53: analysis[3].id: the id \"\" cannot be used"), "{id}");
}

#[test]
fn all_mistakes_are_reported_at_once_with_suggestions() {
    let text = STUDY
        .replace("responses = { orr = [2, 18] }", "responses = { orr = [19, 18] }")
        .replace("trial = \"one\"", "trial = \"onee\"")
        .replace("times = [3, 6]", "times = [6, 3]");
    let problems = read(&text).unwrap_err();
    let lines: Vec<Option<usize>> = problems.0.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [Some(9), Some(29), Some(51)]);
    assert_eq!(problems.0[1].help.as_deref(), Some("did you mean `one`?"));
}

#[test]
fn a_survival_analysis_has_the_unit_of_the_study_unless_it_says_otherwise() {
    use kmeta::project::Analysis;
    use kmeta_trial_data::TimeUnit;
    let unit = |text: &str| {
        let study = read(text).unwrap();
        study.project.analyses.iter().find_map(|analysis| match analysis {
            Analysis::Survival(analysis) => Some(analysis.options.time_unit),
            _ => None,
        })
    };
    let in_days = STUDY.replace("time_unit = \"months\"", "time_unit = \"days\"");
    assert_eq!(unit(&in_days), Some(TimeUnit::Days));
    let in_years = in_days.replace("times = [3, 6]", "times = [3, 6]\ntime_unit = \"years\"");
    assert_eq!(unit(&in_years), Some(TimeUnit::Years));
}
