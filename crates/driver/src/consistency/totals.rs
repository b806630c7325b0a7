//! Numbers of patients that do not add up.

use kmeta_trial_data::Finding;

use crate::project::{ArmView, Counts, Project, Trial};

/// Outcomes of which one holds the others: complete and partial responses make the objective response rate, with
/// stable disease the disease control rate.
const SUMS: [(&str, &[&str]); 3] =
    [("orr", &["cr", "pr"]), ("dcr", &["cr", "pr", "sd"]), ("dcr", &["orr", "sd"])];

/// Every arm, and all trials together.
pub(super) fn check(project: &Project) -> Vec<Finding> {
    let arms: Vec<ArmView<'_>> = project.trials.iter().flat_map(Trial::arm_views).collect();
    let mut findings: Vec<Finding> = arms.iter().flat_map(|&arm| check_arm(arm)).collect();
    findings.extend(totals_of_outcomes(&arms));
    findings
}

fn check_arm(arm: ArmView<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(n) = arm.facts.n {
        let fewer: Vec<String> = arm
            .facts
            .responses
            .iter()
            .filter(|(_, counts)| counts.total < n)
            .map(|(outcome, counts)| format!("{outcome}: {}", counts.total))
            .collect();
        if !fewer.is_empty() {
            let message = format!("n = {n}, but fewer patients were assessed ({})", fewer.join(", "));
            findings.push(Finding::note("fewer-assessed", arm.key(), message));
        }
        let more =
            arm.facts.adverse_events.values().map(|counts| counts.total).filter(|&total| total > n).max();
        if let Some(more) = more {
            let message = format!("n = {n}, but adverse events were assessed in {more} patients");
            findings.push(Finding::note("more-assessed-for-safety", arm.key(), message));
        }
    }
    for (whole, parts) in SUMS {
        findings.extend(check_sum(arm, whole, parts));
    }
    if let (Some((_, response)), Some((_, control))) = (outcome(arm, "orr"), outcome(arm, "dcr"))
        && response.total == control.total
        && response.events > control.events
    {
        findings.push(Finding::warning(
            "outcomes-contradict",
            arm.key(),
            format!(
                "{} of {} patients responded, but the disease of only {} was controlled. Rule: every responder is \
                 also a patient with disease control",
                response.events, response.total, control.events
            ),
        ));
    }
    findings
}

/// An outcome by name, whatever the case of its letters.
fn outcome<'a>(arm: ArmView<'a>, name: &str) -> Option<(&'a String, Counts)> {
    let found = arm.facts.responses.iter().find(|(outcome, _)| outcome.eq_ignore_ascii_case(name))?;
    Some((found.0, *found.1))
}

fn check_sum(arm: ArmView<'_>, whole: &str, parts: &[&str]) -> Option<Finding> {
    let (name, whole) = outcome(arm, whole)?;
    let parts: Vec<(&String, Counts)> = parts.iter().map(|part| outcome(arm, part)).collect::<Option<_>>()?;
    let sum: u64 = parts.iter().map(|(_, counts)| u64::from(counts.events)).sum();
    let same_total = parts.iter().all(|(_, counts)| counts.total == whole.total);
    let listed: Vec<String> =
        parts.iter().map(|(part, counts)| format!("{part} {}", counts.events)).collect();
    (same_total && sum != u64::from(whole.events)).then(|| {
        Finding::warning(
            "counts-do-not-add-up",
            arm.key(),
            format!(
                "{name} counts {} of {} patients, but {} together are {sum}. Rule: {name} is the sum of these",
                whole.events,
                whole.total,
                listed.join(" and ")
            ),
        )
    })
}

/// Patients assessed for an outcome against patients of the same arms.
fn totals_of_outcomes(arms: &[ArmView<'_>]) -> Vec<Finding> {
    let mut names: Vec<&String> = Vec::new();
    for name in arms.iter().flat_map(|arm| arm.facts.responses.keys()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let total_of = |name: &String| {
        let stated: Vec<(ArmView<'_>, u32, u32)> = arms
            .iter()
            .filter_map(|&arm| Some((arm, arm.facts.n?, arm.facts.responses.get(name)?.total)))
            .collect();
        let (n, assessed) = stated
            .iter()
            .fold((0_u64, 0_u64), |sum, (_, n, total)| (sum.0 + u64::from(*n), sum.1 + u64::from(*total)));
        let differing: Vec<String> = stated
            .iter()
            .filter(|(_, n, total)| n != total)
            .map(|(arm, n, total)| format!("{}: {n} and {total}", arm.key()))
            .collect();
        (stated.len() > 1 && n != assessed).then(|| {
            Finding::note(
                "totals-differ",
                name.clone(),
                format!(
                    "the trials have n = {n} patients together, but {assessed} were assessed for {name} ({}). Rule: the \
                     two totals of the same trials are equal unless patients could not be assessed; say which one a \
                     rate refers to",
                    differing.join("; ")
                ),
            )
        })
    };
    names.into_iter().filter_map(total_of).collect()
}

#[cfg(test)]
mod tests {
    use super::super::project;
    use super::*;

    fn codes(trials: &str) -> Vec<String> {
        check(&project(trials)).into_iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn outcomes_add_up() {
        let arm = |responses: &str| {
            codes(&format!("[[trial]]\nid = \"a\"\nlabel = \"A\"\nn = 20\nresponses = {{ {responses} }}"))
        };
        assert_eq!(arm("cr = [1, 20], pr = [4, 20], orr = [5, 20]"), [""; 0]);
        assert_eq!(arm("CR = [1, 20], PR = [4, 20], ORR = [6, 20]"), ["counts-do-not-add-up"]);
        assert_eq!(arm("orr = [5, 20], sd = [7, 20], dcr = [11, 20]"), ["counts-do-not-add-up"]);
        assert_eq!(arm("orr = [9, 20], dcr = [8, 20]"), ["outcomes-contradict"]);
        // Of other patients nothing can be said.
        assert_eq!(arm("cr = [1, 18], pr = [4, 20], orr = [6, 20]"), ["fewer-assessed"]);
    }

    #[test]
    fn totals_of_all_trials() {
        let trials = "[[trial]]\nid = \"a\"\nlabel = \"A\"\nn = 11\nresponses = { orr = [2, 8] }\n\
                      [[trial]]\nid = \"b\"\nlabel = \"B\"\nn = 20\nresponses = { orr = [2, 20] }";
        let found = check(&project(trials));
        let total = found.iter().find(|finding| finding.code == "totals-differ").unwrap();
        assert!(total.message.contains("n = 31") && total.message.contains("28 were"), "{}", total.message);
        assert!(total.message.contains("a: 11 and 8"), "{}", total.message);
    }
}
