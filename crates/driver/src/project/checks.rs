//! Checks of a project file's content: what its numbers and names say must agree.

mod analyses;
mod figures;
mod look;
mod sensitivity;
mod trials;

use std::collections::HashSet;

use super::{FieldPath, Problem, StudyFile, suggest};

/// All mistakes in the content of `study`.
pub(crate) fn check(study: &StudyFile) -> Vec<Problem> {
    let mut checker = Checker { study, problems: Vec::new() };
    checker.check_trials();
    checker.check_figures();
    checker.check_look();
    checker.check_analyses();
    checker.check_sensitivity();
    checker.problems
}

/// Collects the mistakes of one study.
struct Checker<'a> {
    study: &'a StudyFile,
    problems: Vec<Problem>,
}

impl<'a> Checker<'a> {
    fn report(&mut self, path: &FieldPath, message: impl Into<String>) {
        self.problems.push(self.study.document.problem(path, message));
    }

    fn report_with_help(&mut self, path: &FieldPath, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(self.study.document.problem(path, message).with_help(help));
    }

    /// A name that is not among the `known` ones.
    fn unknown(&mut self, path: &FieldPath, what: &str, found: &str, known: &[&str]) {
        let help = match (what.starts_with("outcome"), known.is_empty()) {
            (true, true) => {
                format!(
                    "type the counts into the trials, for example responses = {{ {found} = [1, 34] }}, or leave this analysis out"
                )
            }
            _ => suggest::help(found, known.iter().copied()),
        };
        self.report_with_help(path, format!("there is no {what} `{found}`"), help);
    }

    /// An identifier must be usable as part of a file name and occur once.
    fn check_id(&mut self, path: &FieldPath, id: &'a str, seen: &mut HashSet<&'a str>) {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if id.is_empty() || !id.chars().all(allowed) {
            self.report_with_help(
                path,
                format!("the id \"{id}\" cannot be used"),
                "an id names output files: use small letters, digits, `-` and `_`, at least one",
            );
        } else if !seen.insert(id) {
            self.report_with_help(path, format!("the id `{id}` is used twice"), "give each its own id");
        }
    }
}
