//! The names of arms: texts beside samples of their lines, or in their colour beside the curves.

use kmeta_figure_source::vector::Bounds;
use kmeta_trial_data::{ReadText, TextRole};

use super::chains::Chain;
use super::lines::{LEVEL_PX, Line, LineLook, is_hued, same_color};
use super::panel::PanelPage;
use super::risk_table::pixel_box;
use super::text::{TextDirection, TextRun};
use crate::arm_names::{begins_a_test, cheapest};
use crate::printed_statistics::is_statistic;

/// Widest gap between a sample and its text, in heights of the font.
const SAMPLE_GAP: f64 = 3.0;
/// Shortest and longest sample, in heights of the font.
const SAMPLE_LENGTH: (f64, f64) = (0.6, 9.0);
/// A name above or below a curve stands at most this far from it, in heights of the font, and by at least this much in
/// sum nearer than if it changed places with another.
const BY_CURVE: f64 = 3.0;
const CLEARLY: f64 = 0.8;
/// A name beside a curve stands at most this far from its end, in heights of the font.
const BESIDE_CURVE: f64 = 3.0;

/// The phrase that names each arm, as an index into the phrases.
pub(crate) fn names_of(
    arms: &[Chain],
    lines: &[Line],
    filled: &[(Bounds, [u8; 3])],
    phrases: &[TextRun],
    territory: &Bounds,
) -> Vec<Option<usize>> {
    let level: Vec<usize> = (0..phrases.len())
        .filter(|&index| {
            let phrase = &phrases[index];
            phrase.visible
                && phrase.direction == TextDirection::Right
                && territory.contains([phrase.bounds.center_x(), phrase.bounds.center_y()])
                && phrase.text.chars().any(char::is_alphanumeric)
        })
        .collect();
    let mut names = vec![None; arms.len()];
    by_samples(arms, lines, filled, phrases, &level, &mut names);
    if names.iter().any(Option::is_none) {
        by_color(arms, phrases, &level, &mut names);
    }
    if names.iter().any(Option::is_none) {
        by_place(arms, phrases, &level, &mut names);
    }
    names
}

/// Texts right of a sample of the arm's line, or left of it where the sample stands right.
fn by_samples(
    arms: &[Chain],
    lines: &[Line],
    filled: &[(Bounds, [u8; 3])],
    phrases: &[TextRun],
    level: &[usize],
    names: &mut [Option<usize>],
) {
    let mut best: Vec<Option<(f64, usize)>> = vec![None; arms.len()];
    for &index in level.iter().filter(|&&index| !is_number_or_test(&phrases[index].text)) {
        let phrase = &phrases[index];
        for (bounds, arm, penalty) in samples_beside(phrase, arms, lines, filled) {
            let gap = if bounds.center_x() < phrase.bounds.left {
                phrase.bounds.left - bounds.right
            } else {
                // Samples stand left of their text in most legends.
                bounds.left - phrase.bounds.right + 2.0 * phrase.size
            };
            let cost = gap.max(0.0) + penalty * phrase.size;
            if best[arm].is_none_or(|(least, _)| cost < least - 1e-9) {
                best[arm] = Some((cost, index));
            }
        }
    }
    // One text names one arm: the one whose sample is nearer.
    for arm in 0..arms.len() {
        let Some((cost, index)) = best[arm] else { continue };
        let stronger = (0..arms.len()).any(|other| {
            other != arm && best[other].is_some_and(|(less, same)| same == index && less < cost - 1e-9)
        });
        if !stronger {
            names[arm] = Some(index);
        }
    }
}

/// Samples on the line of a phrase with the arm that they show and how uncertain that is.
fn samples_beside(
    phrase: &TextRun,
    arms: &[Chain],
    lines: &[Line],
    filled: &[(Bounds, [u8; 3])],
) -> Vec<(Bounds, usize, f64)> {
    let mut samples = Vec::new();
    for line in lines.iter().filter(|line| is_sample(line, phrase.size) && is_beside(&line.bounds, phrase)) {
        if on_arm(&line.bounds, arms) {
            continue;
        }
        if let Some((arm, penalty)) = arm_like(&line.look, arms) {
            samples.push((line.bounds, arm, penalty));
        }
    }
    if samples.is_empty() {
        for (bounds, color) in filled.iter().filter(|(bounds, _)| is_beside(bounds, phrase)) {
            let matching: Vec<usize> =
                (0..arms.len()).filter(|&arm| same_color(arms[arm].look.color, *color)).collect();
            if let [only] = matching.as_slice()
                && is_hued(*color)
                && bounds.width().max(bounds.height()) <= 3.0 * phrase.size
            {
                samples.push((*bounds, *only, 0.5));
            }
        }
    }
    samples
}

/// On the line of a phrase, with a small gap.
fn is_beside(bounds: &Bounds, phrase: &TextRun) -> bool {
    let on_line = bounds.center_y() >= phrase.bounds.top - 0.3 * phrase.size
        && bounds.center_y() <= phrase.bounds.bottom + 0.3 * phrase.size;
    let gap = (phrase.bounds.left - bounds.right).max(bounds.left - phrase.bounds.right);
    on_line && gap >= -0.1 * phrase.size && gap <= SAMPLE_GAP * phrase.size
}

/// Whether a line is the sample of a legend: short, level, left of a text that is no number.
pub(crate) fn is_named_sample(line: &Line, phrases: &[TextRun]) -> bool {
    phrases.iter().any(|phrase| {
        phrase.visible
            && phrase.direction == TextDirection::Right
            && line.bounds.right <= phrase.bounds.left + 0.1 * phrase.size
            && phrase.text.chars().any(char::is_alphanumeric)
            && !is_number(&phrase.text)
            && !explains_marks(&phrase.text)
            && is_sample(line, phrase.size)
            && is_beside(&line.bounds, phrase)
    })
}

/// The looks of the samples that a legend names, but for those of confidence limits. `plot` tells the plot from the rest:
/// a piece of a level line at its edge is no sample of a legend.
pub(crate) fn named_looks(content: &PanelPage<'_>, plot: &Bounds) -> Vec<LineLook> {
    let names: Vec<TextRun> = content
        .phrases
        .iter()
        .filter(|phrase| content.territory.contains([phrase.bounds.center_x(), phrase.bounds.center_y()]))
        .filter(|phrase| !is_number_or_test(&phrase.text) && !speaks_of_limits(&phrase.text))
        .cloned()
        .collect();
    let is_tick =
        |line: &Line| line.bounds.right <= plot.left + LEVEL_PX && line.bounds.right >= plot.left - 1.0;
    content
        .lines
        .iter()
        .filter(|line| !line.closed && !is_tick(line) && is_named_sample(line, &names))
        .map(|line| line.look.clone())
        .collect()
}

/// Legends may explain their limits: "95% CI".
fn speaks_of_limits(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["95%", "95 %", "confidence", "limit", "interval"].iter().any(|word| lower.contains(word))
        || lower.split_whitespace().any(|word| word.trim_matches(['(', ')', ',']) == "ci")
}

/// A short level line.
fn is_sample(line: &Line, size: f64) -> bool {
    let length = line.bounds.width();
    line.bounds.height() <= LEVEL_PX && length >= SAMPLE_LENGTH.0 * size && length <= SAMPLE_LENGTH.1 * size
}

/// A piece of a curve is no sample.
fn on_arm(bounds: &Bounds, arms: &[Chain]) -> bool {
    arms.iter().any(|arm| {
        [bounds.left, bounds.right].iter().all(|&column| {
            arm.rows_at(column, 0.05)
                .is_some_and(|(low, high)| bounds.center_y() >= low - 0.2 && bounds.center_y() <= high + 0.2)
        })
    })
}

/// The arm with the look of a sample: colour first, then dashes, then width. Legends often draw thinner or thicker.
fn arm_like(look: &LineLook, arms: &[Chain]) -> Option<(usize, f64)> {
    let dashed = |arm: &Chain| arm.look.is_dashed() || arm.from_dashes;
    let mut matching: Vec<(f64, usize)> = arms
        .iter()
        .enumerate()
        .filter(|(_, arm)| same_color(arm.look.color, look.color))
        .map(|(index, arm)| {
            let dashes = if arm.look.same_dashes(look) {
                0.0
            } else if dashed(arm) == look.is_dashed() {
                0.5
            } else {
                2.0
            };
            let width = (arm.look.width - look.width).abs() / arm.look.width.max(look.width).max(1e-9);
            (dashes + width.min(0.4), index)
        })
        .collect();
    matching.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (penalty, arm) = *matching.first()?;
    let is_clear = matching.get(1).is_none_or(|next| next.0 > penalty + 0.05);
    (is_clear && penalty < 2.5).then_some((arm, penalty))
}

/// Texts in the colour of one arm alone.
fn by_color(arms: &[Chain], phrases: &[TextRun], level: &[usize], names: &mut [Option<usize>]) {
    for arm in 0..arms.len() {
        let color = arms[arm].look.color;
        let shared = (0..arms.len()).any(|other| other != arm && same_color(arms[other].look.color, color));
        if names[arm].is_some() || shared || !is_hued(color) {
            continue;
        }
        let in_color = level
            .iter()
            .copied()
            .filter(|&index| same_color(phrases[index].color, color) && !is_number(&phrases[index].text))
            .min_by(|&a, &b| distance(&phrases[a], &arms[arm]).total_cmp(&distance(&phrases[b], &arms[arm])));
        names[arm] = in_color;
    }
    // Black names beside the ends of the curves.
    for arm in 0..arms.len() {
        if names[arm].is_some() {
            continue;
        }
        let end = arms[arm].end();
        let free = |index: &usize| !names.contains(&Some(*index)) && !is_number(&phrases[*index].text);
        let beside = level
            .iter()
            .copied()
            .filter(free)
            .filter(|&index| {
                let phrase = &phrases[index];
                let gap = phrase.bounds.left - end[0];
                (phrase.bounds.center_y() - end[1]).abs() <= 1.2 * phrase.size
                    && gap >= -0.5 * phrase.size
                    && gap <= BESIDE_CURVE * phrase.size
            })
            .min_by(|&a, &b| {
                let off = |index: usize| (phrases[index].bounds.center_y() - end[1]).abs();
                off(a).total_cmp(&off(b))
            });
        names[arm] = beside;
    }
}

/// Texts of no arm's colour beside the curves: where there are as many of them as arms without a name, each names the arm
/// that it stands by, if no two could as well change places.
fn by_place(arms: &[Chain], phrases: &[TextRun], level: &[usize], names: &mut [Option<usize>]) {
    let unnamed: Vec<usize> = (0..arms.len()).filter(|&arm| names[arm].is_none()).collect();
    let near = |phrase: &TextRun| unnamed.iter().any(|&arm| height_off(phrase, &arms[arm]) <= BY_CURVE);
    let free: Vec<usize> = level
        .iter()
        .copied()
        .filter(|index| !names.contains(&Some(*index)))
        .filter(|&index| may_be_name(&phrases[index]) && near(&phrases[index]))
        .collect();
    if free.len() != unnamed.len() {
        return;
    }
    let cost = |item: usize, place: usize| {
        height_off(&phrases[free[item]], &arms[unnamed[place]]).min(2.0 * BY_CURVE)
    };
    let items: Vec<(f64, Vec<f64>)> = (0..free.len())
        .map(|item| (f64::INFINITY, (0..unnamed.len()).map(|place| cost(item, place)).collect()))
        .collect();
    let Some(places) = cheapest(&items, unnamed.len()).into_iter().collect::<Option<Vec<usize>>>() else {
        return;
    };
    let all_near = places.iter().enumerate().all(|(item, &place)| cost(item, place) <= BY_CURVE);
    let is_clear = (0..places.len()).all(|a| {
        (0..a).all(|b| {
            let kept = cost(a, places[a]) + cost(b, places[b]);
            kept + CLEARLY <= cost(a, places[b]) + cost(b, places[a])
        })
    });
    if all_near && is_clear {
        for (item, place) in places.into_iter().enumerate() {
            names[unnamed[place]] = Some(free[item]);
        }
    }
}

/// Words that are no number, no statistic and no letter of a panel.
fn may_be_name(phrase: &TextRun) -> bool {
    let text = ReadText {
        text: phrase.text.clone(),
        confidence: phrase.confidence,
        location: pixel_box(&phrase.bounds),
        role: TextRole::Other,
    };
    phrase.text.chars().filter(|c| c.is_alphabetic()).count() >= 2
        && !is_number_or_test(&phrase.text)
        && !is_statistic(&text)
}

/// What names no arm though marks beside it look like a sample: a label of the axis, a p value, a hazard ratio. A name may
/// hold a median, and HR+ stands for a receptor.
fn is_number_or_test(text: &str) -> bool {
    let is_ratio = text
        .strip_prefix("HR")
        .and_then(|rest| rest.trim_start().chars().next())
        .is_some_and(|next| next.is_ascii_digit() || matches!(next, '=' | ':'));
    is_number(text) || begins_a_test(text) || is_ratio || explains_marks(text)
}

/// A legend may explain its marks, whose level strokes look like the sample of a line: "+ Censored".
fn explains_marks(text: &str) -> bool {
    let letters: String = text.chars().filter(|c| c.is_alphabetic()).collect();
    ["censored", "censor", "censoring"].contains(&letters.to_lowercase().as_str())
}

/// How far a text stands above or below a curve that runs past it, in heights of its font; infinite beside its ends.
fn height_off(phrase: &TextRun, arm: &Chain) -> f64 {
    let bounds = &phrase.bounds;
    let columns = (0..=8).map(|part| bounds.left + bounds.width() * f64::from(part) / 8.0);
    columns
        .filter_map(|column| arm.rows_at(column, 0.0))
        .map(|(top, bottom)| (top - bounds.bottom).max(bounds.top - bottom).max(0.0) / phrase.size.max(1e-9))
        .fold(f64::INFINITY, f64::min)
}

/// How far a text is from a curve.
fn distance(phrase: &TextRun, arm: &Chain) -> f64 {
    let middle = [phrase.bounds.center_x(), phrase.bounds.center_y()];
    let column = middle[0].clamp(arm.start()[0], arm.end()[0]);
    let row = arm.rows_at(column, 0.0).map_or(arm.end()[1], |(low, high)| (low + high) / 2.0);
    (middle[0] - column).hypot(middle[1] - row)
}

fn is_number(text: &str) -> bool {
    crate::number::parse_number(text).is_some()
}
