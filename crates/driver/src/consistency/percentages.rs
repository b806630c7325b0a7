//! Percentages that no whole number of patients gives (GRIM: Brown & Heathers 2017, Soc Psychol Personal Sci 8:363,
//! for the mean of zeros and ones).

use kmeta_trial_data::Finding;

use crate::project::{ArmView, PrintedPercentage, Project, Trial};

/// Slack for the rounding of binary numbers, in percentage points.
const SLACK: f64 = 1e-9;

/// Every printed percentage against the number of patients, and against the count that is printed beside it.
pub(super) fn check(project: &Project) -> Vec<Finding> {
    let mut findings = Vec::new();
    for arm in project.trials.iter().flat_map(Trial::arm_views) {
        for (outcome, printed) in &arm.facts.percentages {
            findings.extend(check_one(arm, outcome, printed));
        }
    }
    findings
}

fn check_one(arm: ArmView<'_>, outcome: &str, printed: &PrintedPercentage) -> Option<Finding> {
    let counts = arm.facts.responses.get(outcome);
    let total = counts.map(|counts| counts.total).or(arm.facts.n).filter(|&total| total > 0)?;
    let (value, half_unit) = (printed.value()?, printed.half_unit());
    let place = format!("{}, {outcome}", arm.key());
    let rounds = |events: u32| (percent(events, total) - value).abs() <= half_unit + SLACK;
    if let Some(counts) = counts {
        let message = format!(
            "{} % is printed, but {} of {} patients is {} %. Rule: the percentage of a printed count rounds to the \
             printed percentage",
            printed.text(),
            counts.events,
            total,
            shown(percent(counts.events, total))
        );
        let contradicts = !rounds(counts.events);
        return contradicts.then(|| Finding::warning("percentage-contradicts-count", place, message));
    }
    // Whole numbers next to the printed share.
    let below = (value / 100.0 * f64::from(total)).floor().clamp(0.0, f64::from(total)) as u32;
    let above = (below + 1).min(total);
    (!rounds(below) && !rounds(above)).then(|| {
        Finding::warning(
            "percentage-impossible",
            place,
            format!(
                "{} % of {total} patients is printed, which no whole number of patients gives: {below} of {total} is \
                 {} %, {above} of {total} is {} %. Rule (GRIM): some whole number of patients must round to the \
                 printed percentage; check the number of patients assessed, or leave the percentage out",
                printed.text(),
                shown(percent(below, total)),
                shown(percent(above, total))
            ),
        )
    })
}

fn percent(events: u32, total: u32) -> f64 {
    100.0 * f64::from(events) / f64::from(total)
}

fn shown(percent: f64) -> String {
    format!("{percent:.1}")
}

#[cfg(test)]
mod tests {
    use super::super::project;
    use super::*;

    fn codes(facts: &str) -> Vec<String> {
        let study = project(&format!("[[trial]]\nid = \"a\"\nlabel = \"A\"\n{facts}"));
        check(&study).into_iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn a_percentage_needs_a_whole_number_of_patients() {
        assert_eq!(codes("n = 65\npercentages = { orr = \"47.0\" }"), ["percentage-impossible"]);
        assert_eq!(codes("n = 65\npercentages = { orr = 47 }"), ["percentage-impossible"]);
        assert_eq!(codes("n = 65\npercentages = { dcr = 90.8 }"), [""; 0]);
        assert_eq!(codes("n = 89\npercentages = { orr = 31.5, dcr = \"82.0\" }"), [""; 0]);
        assert_eq!(codes("n = 3\npercentages = { orr = 33.3, dcr = 100 }"), [""; 0]);
        // One half is rounded either way.
        assert_eq!(codes("n = 8\npercentages = { orr = 12.5, dcr = 13 }"), [""; 0]);
        assert_eq!(codes("n = 8\npercentages = { orr = 12 }"), [""; 0]);
    }

    #[test]
    fn a_percentage_must_be_that_of_its_count() {
        let of = |percent: &str| {
            codes(&format!("n = 16\nresponses = {{ orr = [3, 15] }}\npercentages = {{ orr = {percent} }}"))
        };
        assert_eq!(of("20"), [""; 0]);
        // 3 of all 16.
        assert_eq!(of("18.8"), ["percentage-contradicts-count"]);
    }
}
