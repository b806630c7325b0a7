//! Checks of the arms as they were drawn: were they seen, and can they be told from each other?

use kmeta_trial_data::{Check, DigitizedArm, Panel, StepCurve};

use crate::stretches::Visibility;

/// Largest share of an arm's columns that may be hidden by other ink.
const MOST_HIDDEN: f64 = 0.6;
/// Longest stretch of an arm, as a share of it, that may show none of its ink.
const LONGEST_UNSEEN: f64 = 0.25;
/// Survival curves that differ by less are at the same place in the figure.
const SAME_SURVIVAL: f64 = 0.01;
/// Colours whose channels all differ by less are one colour to a reader.
const SAME_CHANNEL: i32 = 40;

/// The checks of a panel's arms, whose lines were seen as `visibilities` say.
pub(crate) fn checks_of_arms(panel: &Panel, visibilities: &[Visibility]) -> Vec<Check> {
    vec![visible_check(visibilities), distinct_check(panel)]
}

/// Where a line is hidden, its place is the straightest guess.
fn visible_check(visibilities: &[Visibility]) -> Check {
    let hidden = visibilities.iter().map(|seen| seen.hidden).fold(0.0, f64::max);
    let longest = visibilities.iter().map(|seen| seen.longest_unseen).fold(0.0, f64::max);
    Check {
        name: "arms-visible".to_owned(),
        passed: hidden <= MOST_HIDDEN && longest <= LONGEST_UNSEEN,
        message: format!(
            "other ink hides at most {:.0} % of an arm, and at most {:.0} % at a stretch shows none of its ink; {:.0} % and {:.0} % are allowed",
            100.0 * hidden,
            100.0 * longest,
            100.0 * MOST_HIDDEN,
            100.0 * LONGEST_UNSEEN
        ),
    }
}

/// Arms that meet are told apart by colour, line style or name, or there are as many as the table of numbers at risk
/// has rows. Otherwise the trace may have changed from one arm to another where they meet, or one of them is none.
fn distinct_check(panel: &Panel) -> Check {
    let arms = &panel.arms;
    let named = arms.iter().all(|arm| !arm.label.is_empty());
    let rows_match = panel.risk_table.as_ref().is_some_and(|table| table.rows.len() == arms.len());
    let alike = (0..arms.len())
        .flat_map(|one| (one + 1..arms.len()).map(move |other| (one, other)))
        .filter(|&(one, other)| look_alike(&arms[one], &arms[other]))
        .filter(|&(one, other)| cross(&arms[one].curve, &arms[other].curve))
        .count();
    Check {
        name: "arms-distinct".to_owned(),
        passed: alike == 0 || named || rows_match,
        message: format!(
            "{alike} pairs of arms cross that have the same colour and line style, and neither names nor numbers at risk for each"
        ),
    }
}

fn look_alike(one: &DigitizedArm, other: &DigitizedArm) -> bool {
    one.line_style == other.line_style
        && channels(&one.color)
            .into_iter()
            .zip(channels(&other.color))
            .all(|(a, b)| (a - b).abs() < SAME_CHANNEL)
}

/// True when each curve lies clearly above the other at some time.
fn cross(one: &StepCurve, other: &StepCurve) -> bool {
    let end = one.last_time().min(other.last_time());
    let differences: Vec<f64> = one
        .corners()
        .chain(other.corners())
        .map(|(time, _)| time)
        .filter(|&time| time <= end)
        .map(|time| one.survival_at(time) - other.survival_at(time))
        .collect();
    differences.iter().any(|&difference| difference > SAME_SURVIVAL)
        && differences.iter().any(|&difference| difference < -SAME_SURVIVAL)
}

/// The channels of a colour written `#rrggbb`; black when it is written otherwise.
fn channels(color: &str) -> [i32; 3] {
    [1, 3, 5]
        .map(|from| color.get(from..from + 2).and_then(|hex| i32::from_str_radix(hex, 16).ok()).unwrap_or(0))
}
