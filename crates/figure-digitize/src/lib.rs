//! Finds axes, curves, censor marks and the numbers at risk in a Kaplan-Meier figure, without being told axis
//! ranges, numbers of arms or colours.
//!
//! The way of a page through this crate:
//!
//! 1. `ink`: the background, and what stands out from it;
//! 2. `axis_lines`, `ticks` and `axis_labels`: the calibration of each panel;
//! 3. `palette`: the colours of lines and of filled areas;
//! 4. `curve_search` and `trace`: for each colour the best monotone paths, by exact dynamic programming; `arms`
//!    tells arms from confidence limits;
//! 5. `steps` and `marks`: sub-pixel plateaus, drops and censor marks;
//! 6. `legend` and `risk`: names and numbers at risk;
//! 7. `verdict`: the named checks.

mod arm_checks;
mod arms;
mod axis_labels;
mod axis_lines;
mod calibrate;
mod color;
mod coverage;
mod curve_search;
mod curve_shape;
mod ink;
mod legend;
mod marks;
mod number;
mod overlay;
mod palette;
mod panel;
mod plane;
mod reading;
mod reference_lines;
mod risk;
mod steps;
mod ticks;
mod trace;
mod verdict;
mod words;

use kmeta_figure_source::FigurePage;
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{DigitizedFigure, FigureSource, Finding, Verdict};

use crate::axis_lines::{AxisPair, find_axis_pairs};
use crate::ink::InkPage;
use crate::panel::read_panel;
use crate::plane::Rect;
use crate::words::words_in;

pub use overlay::draw_overlay;

/// Choices of a person for one figure. The defaults decide everything from the picture.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct DigitizeOptions {}

/// Letters are at most this share of the page's height.
const TALLEST_LETTER: usize = 18;

/// Digitizes one page. Never fails: a page without a readable Kaplan-Meier figure has the verdict
/// [`Verdict::Refused`] and findings that say why and what a person can do.
pub fn digitize(
    page: &FigurePage,
    source: FigureSource,
    reader: &LabelReader,
    options: &DigitizeOptions,
) -> DigitizedFigure {
    let DigitizeOptions {} = options;
    let place = source.file.clone();
    let mut figure = DigitizedFigure {
        format_version: 1,
        generator: concat!("kmeta ", env!("CARGO_PKG_VERSION")).to_owned(),
        source,
        verdict: Verdict::Refused,
        checks: Vec::new(),
        panels: Vec::new(),
        findings: Vec::new(),
    };
    let ink = InkPage::new(&page.image);
    let axes = find_axis_pairs(&ink);
    if axes.is_empty() {
        figure.findings.push(Finding::error(
            "no-axes",
            place,
            "no pair of axis lines was found: is this a Kaplan-Meier figure? Crop the file to one figure with its axes",
        ));
        return figure;
    }
    let whole = Rect { left: 0, top: 0, right: ink.width(), bottom: ink.height() };
    let words = words_in(&ink, whole, (ink.height() / TALLEST_LETTER).max(24));
    for (index, pair) in axes.iter().enumerate() {
        match read_panel(&ink, reader, &words, pair, territory(&axes, index, whole), figure.panels.len()) {
            Ok(read) => {
                figure.checks.extend(verdict::checks_of(&read.panel, &read.first_levels));
                figure.checks.extend(arm_checks::checks_of_arms(&read.panel, &read.visibilities));
                figure.findings.extend(read.findings);
                figure.panels.push(read.panel);
            }
            Err(reason) => figure.findings.push(Finding::error(
                "panel-unreadable",
                format!("{place}, axes at column {}, row {}", pair.vertical.first, pair.horizontal.first),
                format!("{reason}. Give a sharper or larger picture of this panel"),
            )),
        }
    }
    if !figure.panels.is_empty() {
        figure.verdict = verdict::verdict_of(&figure.checks);
    }
    figure
}

/// The part of the page that belongs to a panel: up to half-way to its neighbours.
fn territory(axes: &[AxisPair], index: usize, whole: Rect) -> Rect {
    let own = axes[index];
    let mut area = whole;
    for (_, other) in axes.iter().enumerate().filter(|(other, _)| *other != index) {
        let beside = other.vertical.from < own.horizontal.last && own.vertical.from < other.horizontal.last;
        if beside && other.vertical.first > own.horizontal.to {
            // Labels of a survival axis stand left of it: the right neighbour owns most of the gap.
            let gap = other.vertical.first - own.horizontal.to;
            area.right = area.right.min(own.horizontal.to + gap / 5);
        } else if beside && other.horizontal.to < own.vertical.first {
            let gap = own.vertical.first - other.horizontal.to;
            area.left = area.left.max(other.horizontal.to + gap / 5);
        } else if other.vertical.from > own.horizontal.last {
            let gap = other.vertical.from - own.horizontal.last;
            area.bottom = area.bottom.min(own.horizontal.last + gap * 9 / 10);
        } else if other.horizontal.last < own.vertical.from {
            let gap = own.vertical.from - other.horizontal.last;
            area.top = area.top.max(other.horizontal.last + gap * 9 / 10);
        }
    }
    area
}
