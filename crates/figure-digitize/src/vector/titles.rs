//! Titles of axes, letters and titles of panels.

use kmeta_figure_source::vector::Bounds;

use super::axes::FoundAxes;
use super::text::{TextDirection, TextRun};
use crate::panel_title::{is_title, split_letter};

/// What is printed around a plot, as indices into the phrases.
#[derive(Debug, Clone, Default)]
pub(crate) struct FoundTitles {
    /// The title of the time axis.
    pub(crate) x: Option<usize>,
    /// The title of the survival axis.
    pub(crate) y: Option<usize>,
    /// Panel letter; empty without one.
    pub(crate) letter: String,
    /// Panel title; empty without one.
    pub(crate) title: String,
}

/// Finds the titles of a panel. Phrases in `used` (legend, numbers at risk) are none.
pub(crate) fn find_titles(
    axes: &FoundAxes,
    phrases: &[TextRun],
    territory: &Bounds,
    used: &[usize],
) -> FoundTitles {
    let free: Vec<usize> = (0..phrases.len())
        .filter(|index| !used.contains(index))
        .filter(|&index| {
            let phrase = &phrases[index];
            phrase.visible
                && territory.contains([phrase.bounds.center_x(), phrase.bounds.center_y()])
                && phrase.text.chars().any(char::is_alphabetic)
        })
        .collect();
    let mut found = FoundTitles {
        x: time_title(axes, phrases, &free),
        y: survival_title(axes, phrases, &free),
        ..FoundTitles::default()
    };
    read_heading(axes, phrases, &free, &mut found);
    found
}

/// The nearest phrase below the labels whose middle is near the axis' middle.
fn time_title(axes: &FoundAxes, phrases: &[TextRun], free: &[usize]) -> Option<usize> {
    let (labels, size) = (axes.x.labels, axes.x.size);
    let below = |index: &usize| {
        let phrase = &phrases[*index];
        phrase.direction == TextDirection::Right
            && phrase.bounds.top >= labels.bottom - 0.3 * size
            && phrase.bounds.top <= labels.bottom + 4.0 * size
            && (phrase.bounds.center_x() - axes.area.center_x()).abs() <= 0.3 * axes.area.width()
    };
    free.iter()
        .copied()
        .filter(below)
        .min_by(|&a, &b| phrases[a].bounds.top.total_cmp(&phrases[b].bounds.top))
}

/// The upward text left of the labels, or a level one above them.
fn survival_title(axes: &FoundAxes, phrases: &[TextRun], free: &[usize]) -> Option<usize> {
    let (labels, size) = (axes.y.labels, axes.y.size);
    let turned = |index: &usize| {
        let phrase = &phrases[*index];
        matches!(phrase.direction, TextDirection::Up | TextDirection::Down)
            && phrase.bounds.right <= labels.left + 0.3 * size
            && phrase.bounds.right >= labels.left - 8.0 * size
            && phrase.bounds.center_y() >= axes.area.top - 0.2 * axes.area.height()
            && phrase.bounds.center_y() <= axes.area.bottom + 0.2 * axes.area.height()
    };
    free.iter()
        .copied()
        .filter(turned)
        .max_by(|&a, &b| phrases[a].bounds.right.total_cmp(&phrases[b].bounds.right))
}

/// The letter and the title above the plot.
fn read_heading(axes: &FoundAxes, phrases: &[TextRun], free: &[usize], found: &mut FoundTitles) {
    let (area, size) = (axes.area, axes.x.size);
    let lowest = area.top + 0.03 * area.height();
    let mut largest = 0.0;
    let mut above: Vec<&TextRun> = free
        .iter()
        .map(|&index| &phrases[index])
        .filter(|phrase| phrase.direction == TextDirection::Right)
        .filter(|phrase| {
            phrase.bounds.bottom <= lowest && phrase.bounds.top >= area.top - 0.35 * area.height()
        })
        .filter(|phrase| {
            phrase.bounds.left < area.right && phrase.bounds.left >= axes.y.labels.left - 6.0 * size
        })
        .filter(|phrase| phrase.size >= 0.75 * size)
        .collect();
    // The nearest to the plot first: what is farther above belongs to the text of the page.
    above.sort_by(|a, b| b.bounds.bottom.total_cmp(&a.bounds.bottom));
    let mut reach = area.top - 3.5 * size;
    for phrase in above {
        if phrase.bounds.bottom < reach {
            break;
        }
        reach = reach.min(phrase.bounds.top - 1.2 * size);
        let (letter, rest) = split_letter(&phrase.text);
        if let Some(letter) = letter
            && found.letter.is_empty()
            && phrase.bounds.left <= area.left + 0.08 * area.width()
        {
            found.letter = letter.to_string();
        }
        let left = (phrase.bounds.left - area.left).abs() <= 0.08 * area.width() || letter.is_some();
        let centred = (phrase.bounds.center_x() - area.center_x()).abs() <= 0.08 * area.width();
        if is_title(rest)
            && (left || centred)
            && phrase.size > largest
            && phrase.bounds.width() <= 1.3 * area.width()
        {
            largest = phrase.size;
            found.title = rest.to_owned();
        }
    }
}
