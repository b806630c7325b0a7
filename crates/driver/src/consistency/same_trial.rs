//! The same trial twice: several papers of one trial, or one paper under two names.

use kmeta_trial_data::{Finding, StepCurve};

use crate::project::{ArmFacts, Project, Trial};
use crate::results::ArmResult;

/// Mean distance over follow-up below which two curves are one: less than the reading error of figures.
const SAME_CURVE: f64 = 0.003;

/// Drops that a curve needs before its likeness says anything.
const FEWEST_DROPS: usize = 8;

/// Further numbers that two trials of the same size must share.
const FEWEST_SHARED: usize = 2;

/// Every two trials, by what is typed.
pub(super) fn check(project: &Project) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, one) in project.trials.iter().enumerate() {
        for other in &project.trials[index + 1..] {
            findings.extend(same_numbers(one, other).or_else(|| same_author(one, other)));
        }
    }
    findings
}

fn place(one: &Trial, other: &Trial) -> String {
    format!("{} and {}", one.id, other.id)
}

/// Number of patients and at least two further numbers are stated alike, and none that both state differs.
fn same_numbers(one: &Trial, other: &Trial) -> Option<Finding> {
    let mut shared = Vec::new();
    for (left, right) in one.arm_views().into_iter().zip(other.arm_views()) {
        if left.facts.n? != right.facts.n? {
            return None;
        }
        shared.extend(shared_numbers(left.facts, right.facts)?);
    }
    let n = one.patients()?;
    let same_arms = one.arms.len() == other.arms.len();
    (same_arms && shared.len() >= FEWEST_SHARED).then(|| {
        Finding::warning(
            "same-trial-twice",
            place(one, other),
            format!(
                "both have {n} patients and the same numbers ({}): perhaps one trial reported twice, which would count \
                 its patients twice. Rule: same number of patients, at least {FEWEST_SHARED} further numbers alike and \
                 none different",
                shared.join(", ")
            ),
        )
    })
}

/// What both state alike, in words; `None` when something that both state differs.
fn shared_numbers(one: &ArmFacts, other: &ArmFacts) -> Option<Vec<String>> {
    let mut shared = Vec::new();
    let counts = [(&one.responses, &other.responses), (&one.adverse_events, &other.adverse_events)];
    for (name, left, right) in counts
        .into_iter()
        .flat_map(|(one, other)| one.iter().filter_map(|(name, left)| Some((name, left, other.get(name)?))))
    {
        if left != right {
            return None;
        }
        shared.push(format!("{name} {} of {}", left.events, left.total));
    }
    for (endpoint, left) in &one.medians {
        let Some(right) = other.medians.get(endpoint) else { continue };
        if left != right {
            return None;
        }
        shared.push(format!("median {endpoint} {}", left.value));
    }
    Some(shared)
}

/// The first word of the label, which names the first author, and the number of patients.
fn same_author(one: &Trial, other: &Trial) -> Option<Finding> {
    let (author, n) = (first_author(one)?, one.patients()?);
    let same = first_author(other)?.to_lowercase() == author.to_lowercase() && other.patients()? == n;
    same.then(|| {
        Finding::warning(
            "same-trial-twice",
            place(one, other),
            format!(
                "both are of {author} with {n} patients: perhaps one trial reported twice. Rule: same first word of the \
                 label and same number of patients"
            ),
        )
    })
}

fn first_author(trial: &Trial) -> Option<&str> {
    let word = trial.label.split_whitespace().next()?.trim_end_matches(',');
    word.chars().all(char::is_alphabetic).then_some(word)
}

/// Every two curves of different trials, and every picture that stands for two trials.
pub(super) fn check_curves(arms: &[ArmResult]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, one) in arms.iter().enumerate() {
        for other in arms[index + 1..].iter().filter(|other| other.trial != one.trial) {
            let place = format!("{} and {}, {}", one.trial, other.trial, one.endpoint);
            let (file, hash) = (&one.provenance.file, &one.provenance.sha256);
            if !hash.is_empty() && *hash == other.provenance.sha256 {
                let message = format!(
                    "figures {file} and {} are the same picture. Rule: same content of the files; state `panel` and \
                     `arms` when one picture does show two trials",
                    other.provenance.file
                );
                findings.push(Finding::note("same-figure-twice", place, message));
            } else if one.endpoint == other.endpoint && same_curve(one, other) {
                let message = format!(
                    "the curves of figures {file} and {} are one within reading error, of {} patients each: perhaps one \
                     trial reported twice. Rule: same number of patients, curves of at least {FEWEST_DROPS} drops that \
                     are less than {SAME_CURVE} apart on average",
                    other.provenance.file, one.fidelity.patients
                );
                findings.push(Finding::warning("same-trial-twice", place, message));
            }
        }
    }
    findings
}

fn same_curve(one: &ArmResult, other: &ArmResult) -> bool {
    let end = |curve: &StepCurve| curve.last_time();
    let drops = one.curve.times().len().min(other.curve.times().len());
    one.fidelity.patients == other.fidelity.patients
        && drops > FEWEST_DROPS
        && one.curve.mean_absolute_difference(&other.curve, end(&one.curve).max(end(&other.curve)))
            < SAME_CURVE
}

#[cfg(test)]
mod tests {
    use super::super::project;
    use super::*;

    fn messages(one: &str, other: &str) -> Vec<String> {
        let study = project(&format!("[[trial]]\nid = \"a\"\n{one}\n[[trial]]\nid = \"b\"\n{other}"));
        check(&study).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn numbers_alike() {
        let facts = "n = 34\nresponses = { orr = [1, 34], dcr = [18, 34] }";
        let found =
            messages(&format!("label = \"One 2019\"\n{facts}"), &format!("label = \"Two 2021\"\n{facts}"));
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("orr 1 of 34, dcr 18 of 34"), "{}", found[0]);
        let other = "label = \"Two 2021\"\nn = 34\nresponses = { orr = [1, 34], dcr = [17, 34] }";
        assert_eq!(messages(&format!("label = \"One 2019\"\n{facts}"), other), [""; 0]);
    }

    #[test]
    fn first_author_alike() {
        let one = "label = \"Wirth 2019\"\nn = 34\nresponses = { orr = [1, 34] }";
        let two = "label = \"Wirth 2021\"\nn = 34\nresponses = { dcr = [18, 34] }";
        assert!(messages(one, two)[0].contains("of Wirth with 34 patients"));
        assert_eq!(messages(one, "label = \"Wirth 2021\"\nn = 35"), [""; 0]);
        assert_eq!(messages("label = \"NCT02649361\"\nn = 34", "label = \"NCT02649361\"\nn = 34"), [""; 0]);
    }
}
