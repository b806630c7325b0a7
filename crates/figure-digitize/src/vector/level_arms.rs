//! Arms without any event: level lines at S = 1 that a legend or a word in their colour names. Nothing but their names
//! tells them from a frame or a grid line.

use kmeta_figure_source::vector::Bounds;
use kmeta_trial_data::Axes;

use super::chains::Chain;
use super::legend::is_named_sample;
use super::lines::{LEVEL_PX, Line, is_hued, same_color};
use super::panel::PanelPage;
use super::text::TextRun;

/// Such a line covers at least this share of the plot's width.
const SHORTEST: f64 = 0.1;
/// It begins this near to time 0, in pixels.
const AT_ZERO_PX: f64 = 1.0;
/// It lies this near to S = 1.
const AT_ONE: f64 = 0.004;

/// The level arms of a plot, the longest line of each look, where `arms` have other looks.
pub(crate) fn level_arms(arms: &[Chain], content: &PanelPage<'_>, axes: &Axes, plot: &Bounds) -> Vec<Chain> {
    let zero = axes.x.pixel_at(0.0);
    let may_be_arm = |line: &&Line| {
        let bounds = &line.bounds;
        !line.closed
            && bounds.height() <= LEVEL_PX
            && (axes.y.value_at(bounds.center_y()) - 1.0).abs() <= AT_ONE
            && (bounds.left - zero).abs() <= AT_ZERO_PX
            && bounds.width() >= SHORTEST * plot.width()
            && !arms.iter().any(|arm| arm.look.is_like(&line.look))
    };
    let mut level: Vec<&Line> = content.lines.iter().filter(may_be_arm).collect();
    level.sort_by(|a, b| b.bounds.width().total_cmp(&a.bounds.width()));
    let mut found: Vec<Chain> = Vec::new();
    for line in level {
        let alone = arms.is_empty() && is_hued(line.look.color) && speaks_of_survival(content);
        let named = has_sample(line, content) || has_name_in_its_color(line, content) || alone;
        if named && !found.iter().any(|arm| arm.look.is_like(&line.look)) {
            let row = line.bounds.center_y();
            found.push(Chain {
                points: vec![[line.bounds.left, row], [line.bounds.right, row]],
                look: line.look.clone(),
                order: line.order,
                stepped: true,
                from_dashes: false,
            });
        }
    }
    found
}

/// Whether a legend shows a sample of the line.
fn has_sample(line: &Line, content: &PanelPage<'_>) -> bool {
    content.lines.iter().any(|sample| {
        sample.bounds != line.bounds
            && sample.look.is_like(&line.look)
            && is_named_sample(sample, content.phrases)
            && !is_mark_on_sample(sample, content.lines)
    })
}

/// Whether a word in the colour of the line stands in its panel.
fn has_name_in_its_color(line: &Line, content: &PanelPage<'_>) -> bool {
    is_hued(line.look.color)
        && in_territory(content).any(|phrase| {
            same_color(phrase.color, line.look.color) && phrase.text.chars().any(char::is_alphabetic)
        })
}

/// Whether a title or a table of the panel says that it shows survival.
fn speaks_of_survival(content: &PanelPage<'_>) -> bool {
    in_territory(content).any(|phrase| {
        let text = phrase.text.to_lowercase();
        ["surviv", "-free", "at risk"].iter().any(|word| text.contains(word))
    })
}

fn in_territory<'c>(content: &'c PanelPage<'_>) -> impl Iterator<Item = &'c TextRun> {
    let inside =
        |phrase: &&TextRun| content.territory.contains([phrase.bounds.center_x(), phrase.bounds.center_y()]);
    content.phrases.iter().filter(|phrase| phrase.visible).filter(inside)
}

/// Samples may carry a censor mark, whose level stroke lies within another line.
fn is_mark_on_sample(stroke: &Line, lines: &[Line]) -> bool {
    let own = &stroke.bounds;
    lines.iter().any(|line| {
        let around = &line.bounds;
        around.height() <= LEVEL_PX
            && (around.center_y() - own.center_y()).abs() <= stroke.look.width.max(line.look.width)
            && around.left < own.left - LEVEL_PX
            && around.right > own.right + LEVEL_PX
    })
}
