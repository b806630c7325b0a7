//! Which traced curve is which arm.

use kmeta_trial_data::{DigitizedArm, DigitizedFigure, Panel};

use crate::project::{TracedArm, parse_color};

/// Colours further apart than this in a channel are different colours.
const COLOR_SLACK: u8 = 48;

/// The panel to use: the one asked for, or the only one.
///
/// # Errors
/// A sentence on what to state.
pub(crate) fn panel(figure: &DigitizedFigure, wanted: Option<usize>) -> Result<&Panel, String> {
    match (wanted, figure.panels.as_slice()) {
        (_, []) => Err("no panel with curves was found".to_owned()),
        (Some(wanted), panels) => panels.iter().find(|panel| panel.panel == wanted).ok_or_else(|| {
            format!("there is no panel {wanted}: the figure has {} (counted from 0)", panels.len())
        }),
        (None, [panel]) => Ok(panel),
        (None, panels) => {
            Err(format!("the figure has {} panels: state `panel`, counted from 0", panels.len()))
        }
    }
}

/// The index of the arm of `panel` that a person means.
///
/// # Errors
/// A sentence that lists the curves there are.
pub(crate) fn find_arm(panel: &Panel, traced: &TracedArm<'_>) -> Result<usize, String> {
    let listed = || describe_arms(&panel.arms);
    match traced {
        TracedArm::Only => match panel.arms.len() {
            1 => Ok(0),
            _ => Err(format!("one curve was expected, found {}", listed())),
        },
        TracedArm::Position(position) => match panel.arms.get(*position) {
            Some(_) => Ok(*position),
            None => Err(format!("there is no curve {}, found {}", position + 1, listed())),
        },
        TracedArm::Label(label) => by_label(&panel.arms, label)
            .ok_or_else(|| format!("no curve is named \"{label}\", found {}", listed())),
        TracedArm::Color(color) => by_color(&panel.arms, *color)
            .ok_or_else(|| format!("no curve has that colour, found {}", listed())),
    }
}

/// The curves in words: position, name, colour.
pub(crate) fn describe_arms(arms: &[DigitizedArm]) -> String {
    if arms.is_empty() {
        return "no curve".to_owned();
    }
    let described = arms.iter().enumerate().map(|(index, arm)| {
        let name =
            if arm.label.is_empty() { "without name".to_owned() } else { format!("\"{}\"", arm.label) };
        format!("curve {} ({name}, {})", index + 1, arm.color)
    });
    described.collect::<Vec<_>>().join(", ")
}

/// The one arm with the label, letters and digits compared; else the one most like it, when it stands out.
fn by_label(arms: &[DigitizedArm], label: &str) -> Option<usize> {
    let wanted = plain(label);
    let exact: Vec<usize> = (0..arms.len()).filter(|&index| plain(&arms[index].label) == wanted).collect();
    if let [only] = exact[..] {
        return Some(only);
    }
    let mut likeness: Vec<(f64, usize)> = arms
        .iter()
        .enumerate()
        .map(|(index, arm)| (strsim::normalized_damerau_levenshtein(&plain(&arm.label), &wanted), index))
        .collect();
    likeness.sort_by(|a, b| b.0.total_cmp(&a.0));
    match likeness[..] {
        [(best, index), ..] if best >= 0.8 && likeness.get(1).is_none_or(|next| best - next.0 > 0.1) => {
            Some(index)
        }
        _ => None,
    }
}

fn plain(label: &str) -> String {
    label.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The arm of the nearest colour, when it is near and no other is as near.
fn by_color(arms: &[DigitizedArm], wanted: [u8; 3]) -> Option<usize> {
    let mut distances: Vec<(u8, usize)> = arms
        .iter()
        .enumerate()
        .filter_map(|(index, arm)| {
            let color = parse_color(arm.color.strip_prefix('#')?)?;
            let distance = (0..3).map(|channel| color[channel].abs_diff(wanted[channel])).max()?;
            Some((distance, index))
        })
        .collect();
    distances.sort_unstable();
    match distances[..] {
        [(distance, index), ..]
            if distance <= COLOR_SLACK && distances.get(1).is_none_or(|next| next.0 > distance) =>
        {
            Some(index)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmeta_trial_data::{LineStyle, StepCurve};

    fn arm(label: &str, color: &str) -> DigitizedArm {
        DigitizedArm {
            label: label.to_owned(),
            color: color.to_owned(),
            line_style: LineStyle::Solid,
            line_width_px: 2.0,
            curve: StepCurve::new(vec![1.0], vec![0.5]).unwrap(),
            curve_end: 2.0,
            censor_times: Vec::new(),
            survival_uncertainty: 0.0,
            time_uncertainty: 0.0,
            survival_lower: Vec::new(),
            survival_upper: Vec::new(),
            time_errors: Vec::new(),
            stretches: Vec::new(),
            dash_pattern: None,
            counts: None,
        }
    }

    #[test]
    fn labels_match_by_letters_and_survive_a_misread_one() {
        let arms = [arm("Non-combination", "#2e9fdf"), arm("Combination", "#e7b800")];
        assert_eq!(by_label(&arms, "combination"), Some(1));
        assert_eq!(by_label(&arms, "non combination"), Some(0));
        assert_eq!(by_label(&arms, "Cornbination"), Some(1));
        assert_eq!(by_label(&arms, "Placebo"), None);
        assert_eq!(by_label(&[arm("", "#000000"), arm("", "#000000")], "Placebo"), None);
    }

    #[test]
    fn colours_match_when_one_is_clearly_nearest() {
        let arms = [arm("", "#2e9fdf"), arm("", "#e7b800")];
        assert_eq!(by_color(&arms, [0x30, 0xa0, 0xd0]), Some(0));
        assert_eq!(by_color(&arms, [0, 0, 0]), None);
        assert_eq!(by_color(&[arm("", "#111111"), arm("", "#111111")], [0x11; 3]), None);
    }
}
