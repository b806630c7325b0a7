//! Finds axes, curves, censor marks and the numbers at risk in a Kaplan-Meier figure, without being told axis
//! ranges, numbers of arms or colours.
//!
//! The way of a page through this crate:
//!
//! 1. `ink`: the background, and what stands out from it; `skew` sets a turned scan upright;
//! 2. `axis_lines`, `ticks` and `axis_labels`: the calibration of each panel; `slanted_labels` reads turned tick
//!    labels, `label_panels` and `grid` find panels without axis lines;
//! 3. `palette`: the colours of lines and of filled areas;
//! 4. `curve_search` and `trace`: for each colour the best monotone paths, by exact dynamic programming; `arms`
//!    tells arms from confidence limits;
//! 5. `steps` and `marks`: sub-pixel plateaus, drops and censor marks;
//! 6. `legend`, `swatch`, `panel_title` and `risk`: texts and numbers at risk; `arm_names` assigns them to arms, and
//!    `printed_statistics` finds hazard ratios, p values and medians in them;
//! 7. `verdict`: the named checks.

mod arm_checks;
mod arm_names;
mod arms;
mod axis_labels;
mod axis_lines;
mod calibrate;
mod color;
mod coverage;
mod curve_search;
mod curve_shape;
mod grid;
mod ink;
mod label_panels;
mod legend;
mod marks;
mod number;
mod overlay;
mod palette;
mod panel;
mod panel_title;
mod plane;
mod plot_curves;
mod printed_statistics;
mod reading;
mod reference_lines;
mod risk;
mod skew;
mod slanted_labels;
mod steps;
mod stretches;
mod swatch;
mod ticks;
mod trace;
mod vector;
mod verdict;
mod words;

use kmeta_figure_source::FigurePage;
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{DigitizedFigure, FigureSource, Finding, Verdict};

use crate::axis_labels::CalibratedAxes;
use crate::axis_lines::{AxisPair, find_axis_pairs};
use crate::ink::InkPage;
use crate::label_panels::find_label_panels;
use crate::panel::{calibrated_axes, read_panel};
use crate::plane::Rect;
use crate::skew::{skew_of, upright};
use crate::words::{Word, words_in};

pub use overlay::draw_overlay;
pub use vector::{VectorReading, digitize_vector};

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
        rotation: None,
        verdict: Verdict::Refused,
        checks: Vec::new(),
        panels: Vec::new(),
        findings: Vec::new(),
    };
    let mut ink = InkPage::new(&page.image);
    if let Some(degrees) = skew_of(&ink) {
        let (image, rotation) = upright(&page.image, degrees);
        ink = InkPage::new(&image);
        figure.rotation = Some(rotation);
    }
    let whole = Rect { left: 0, top: 0, right: ink.width(), bottom: ink.height() };
    let words = words_in(&ink, whole, (ink.height() / TALLEST_LETTER).max(24));
    let (found, failures) = find_panels(&ink, reader, &words, whole);
    let lines: Vec<AxisPair> = found.iter().map(|axes| axes.lines).collect();
    for (index, axes) in found.into_iter().enumerate() {
        match read_panel(&ink, reader, &words, axes, territory(&lines, index, whole), figure.panels.len()) {
            Ok(read) => {
                figure.checks.extend(verdict::checks_of(&read.panel, &read.first_levels));
                figure.checks.extend(arm_checks::checks_of_arms(&read.panel, &read.visibilities));
                figure.findings.extend(read.findings);
                figure.panels.push(read.panel);
            }
            Err(reason) => figure.findings.push(unreadable(&place, &lines[index], &reason)),
        }
    }
    figure.findings.extend(failures.iter().map(|(lines, reason)| unreadable(&place, lines, reason)));
    if figure.panels.is_empty() && figure.findings.is_empty() {
        figure.findings.push(Finding::error(
            "no-axes",
            place,
            "no pair of axis lines and no row and column of tick labels was found: is this a Kaplan-Meier figure? Crop the file to one figure with its axes",
        ));
    }
    if !figure.panels.is_empty() {
        figure.verdict = verdict::verdict_of(&figure.checks);
    }
    figure
}

fn unreadable(place: &str, lines: &AxisPair, reason: &str) -> Finding {
    Finding::error(
        "panel-unreadable",
        format!("{place}, axes at column {}, row {}", lines.vertical.first, lines.horizontal.first),
        format!("{reason}. Give a sharper or larger picture of this panel"),
    )
}

/// The panels by their axis lines and, where there are none or their labels make no scale, by their tick labels
/// alone; with the axis lines that no panel was found for and the reason.
fn find_panels(
    page: &InkPage,
    reader: &LabelReader,
    words: &[Word],
    whole: Rect,
) -> (Vec<CalibratedAxes>, Vec<(AxisPair, String)>) {
    let pairs = find_axis_pairs(page);
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for (index, &lines) in pairs.iter().enumerate() {
        match calibrated_axes(page, reader, words, lines, territory(&pairs, index, whole)) {
            Ok(axes) => found.push(axes),
            Err(reason) => failures.push((lines, reason)),
        }
    }
    if found.is_empty() || !failures.is_empty() {
        let failed: Vec<AxisPair> = failures.iter().map(|(lines, _)| *lines).collect();
        for axes in find_label_panels(page, reader, words, &failed) {
            let area = axes.lines.outline();
            if found.iter().all(|other: &CalibratedAxes| !other.lines.outline().overlaps(&area)) {
                failures.retain(|(lines, _)| !lines.outline().overlaps(&area));
                found.push(axes);
            }
        }
        found.sort_by_key(|axes| (axes.lines.vertical.from / 50, axes.lines.vertical.first));
    }
    (found, failures)
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
            area.bottom = area.bottom.min(own.horizontal.last + gap * 4 / 5);
        } else if other.horizontal.last < own.vertical.from {
            let gap = own.vertical.from - other.horizontal.last;
            area.top = area.top.max(other.horizontal.last + gap * 4 / 5);
        }
    }
    area
}
