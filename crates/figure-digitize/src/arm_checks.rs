//! Checks of the arms as they were drawn: were they seen, and can they be told from each other?

use kmeta_trial_data::{Check, DigitizedArm, Panel, StepCurve, StretchFlag};

/// Largest area between the highest and the lowest course that what was seen leaves to an arm, as a share of survival times
/// follow-up. The course that was taken lies between them: it is off by less.
const MOST_UNDETERMINED: f64 = 0.025;
/// Survival curves that differ by less are at the same place in the figure.
const SAME_SURVIVAL: f64 = 0.01;
/// Largest share of their length that two arms may run on one line, and the places at which that is looked at.
const MOST_ON_ONE_LINE: f64 = 0.62;
const SAMPLES: u32 = 300;
/// Colours whose channels all differ by less are one colour to a reader.
const SAME_CHANNEL: i32 = 40;

/// The checks of a panel's arms.
pub(crate) fn checks_of_arms(panel: &Panel) -> Vec<Check> {
    vec![visible_check(panel), distinct_check(panel), apart_check(panel)]
}

/// Panels of one figure show the same arms: a panel that prints more names of arms than it has arms lacks one. Nothing for a single
/// panel.
pub(crate) fn check_across_panels(panels: &[Panel]) -> Option<Check> {
    let mut names: Vec<&str> =
        panels.iter().flat_map(|panel| &panel.arms).map(|arm| arm.label.trim()).collect();
    names.retain(|name| name.chars().count() > 1);
    names.sort_unstable();
    names.dedup();
    let printed_in = |panel: &Panel| {
        names.iter().filter(|name| panel.texts.iter().any(|text| text.text.trim() == **name)).count()
    };
    let short = panels.iter().filter(|panel| printed_in(panel) > panel.arms.len()).count();
    (panels.len() > 1).then(|| Check {
        name: "panels-have-the-named-arms".to_owned(),
        passed: short == 0,
        message: format!("{short} panels print more names of arms than arms were found in them"),
    })
}

/// Where a line is not seen it may run anywhere between its levels before and after, since survival never rises.
fn visible_check(panel: &Panel) -> Check {
    let worst = panel.arms.iter().map(undetermined_area).fold(0.0, f64::max);
    Check {
        name: "arms-visible".to_owned(),
        passed: worst <= MOST_UNDETERMINED,
        message: format!(
            "where other ink hides an arm or its line has a gap, its course is free within {:.1} % of survival times follow-up; {:.1} % are allowed",
            100.0 * worst,
            100.0 * MOST_UNDETERMINED
        ),
    }
}

/// The area between the highest and the lowest course of an arm that agree with what was seen of it, as a share of survival
/// times follow-up: for each unseen stretch its length times the drop across it.
fn undetermined_area(arm: &DigitizedArm) -> f64 {
    let end = arm.curve_end;
    if end <= 0.0 {
        return 0.0;
    }
    let unseen = |flag: StretchFlag| matches!(flag, StretchFlag::Occluded | StretchFlag::Gap);
    arm.stretches
        .chunk_by(|one, next| unseen(one.flag) == unseen(next.flag))
        .filter_map(|run| {
            let (first, last) = run.first().zip(run.last()).filter(|(first, _)| unseen(first.flag))?;
            let (from, to) = (first.from.clamp(0.0, end), last.to.clamp(0.0, end));
            let before = if from > 0.0 { arm.curve.survival_at(from.next_down()) } else { 1.0 };
            Some((to - from) / end * (before - arm.curve.survival_at(to)))
        })
        .sum()
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

/// Two arms on one line over most of their length may be one that was traced twice, while the other was missed.
fn apart_check(panel: &Panel) -> Check {
    let arms = &panel.arms;
    let worst = (0..arms.len())
        .flat_map(|one| (0..one).map(move |other| (one, other)))
        .filter_map(|(one, other)| share_on_one_line(panel, &arms[one], &arms[other]))
        .fold(0.0, f64::max);
    Check {
        name: "arms-apart".to_owned(),
        passed: worst <= MOST_ON_ONE_LINE,
        message: format!(
            "after their first drops two arms run on one line over {:.0} % of their length; at most {:.0} % are allowed: one may have been traced twice",
            100.0 * worst,
            100.0 * MOST_ON_ONE_LINE
        ),
    }
}

/// Share of the common length of two arms, from where both have left S = 1, on which their lines lie on each other; nothing
/// where that length is short.
fn share_on_one_line(panel: &Panel, one: &DigitizedArm, other: &DigitizedArm) -> Option<f64> {
    let end = one.curve_end.min(other.curve_end);
    let width = one.line_width_px.max(other.line_width_px).max(1.0);
    let same = width * panel.axes.y.slope.abs();
    let levels: Vec<(f64, f64)> = (0..SAMPLES)
        .map(|sample| end * (f64::from(sample) + 0.5) / f64::from(SAMPLES))
        .map(|time| (one.curve.survival_at(time), other.curve.survival_at(time)))
        .filter(|(a, b)| a.min(*b) < 1.0 - SAME_SURVIVAL / 2.0)
        .collect();
    let enough = levels.len() * 5 >= SAMPLES as usize;
    let together = levels.iter().filter(|(a, b)| (a - b).abs() <= same).count();
    enough.then(|| together as f64 / levels.len() as f64)
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
