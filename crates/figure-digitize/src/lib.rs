//! Finds axes, curves, censor marks and the numbers at risk in a Kaplan-Meier figure, without being told axis
//! ranges, numbers of arms or colours.
//!
//! The way of a page through this crate:
//!
//! 1. `ink`: the background, and what stands out from it; `skew` sets a turned scan upright;
//! 2. `axis_lines`, `ticks` and `axis_labels`: the calibration of each panel; `slanted_labels` reads turned tick
//!    labels, `label_panels` and `grid` find panels without axis lines; `snapping` undoes the rounding to whole pixels;
//! 3. `palette`: the colours of lines and of filled areas;
//! 4. `curve_search` and `trace`: for each colour the best monotone paths, by exact dynamic programming; `selection` leaves
//!    out curves that the others explain, `continuation` joins pieces, `hiding` takes the ink of a found curve from the search
//!    for others, and `arms` tells arms from confidence limits;
//! 5. `digitized_arm`, with `steps`, `mark_ink` and `marks`: sub-pixel plateaus, drops and censor marks; `intervals`, `stretches`
//!    and `dash_pattern`: how surely they are known;
//! 6. `legend`, `swatch`, `panel_title`, `risk` and `risk_row`: texts and numbers at risk, `rules` taken out; `arm_names` assigns
//!    them to arms; `named_arms` looks again (`missing`) for an arm that is named and was not found, and `surplus` leaves out
//!    curves that no name belongs to; `printed_statistics` finds hazard ratios, p values and medians in the texts;
//! 7. `verdict`, `arm_checks` and `evidence`: the named checks; `redrawing` compares the picture with what was read;
//!    `doubts` lists the places to look at first; `overlay` and `difference` draw.
//!
//! `overrides` puts what a person states in the place of what was read.

mod arm_checks;
mod arm_names;
mod arms;
mod axis_labels;
mod axis_lines;
mod axis_strokes;
mod calibrate;
mod color;
mod continuation;
mod coverage;
mod curve_search;
mod curve_shape;
mod dash_pattern;
mod difference;
mod digitized_arm;
mod doubts;
mod evidence;
mod grid;
mod hiding;
mod identity;
mod ink;
mod intervals;
mod label_panels;
mod legend;
mod line_kind;
mod mark_ink;
mod marks;
mod median;
mod missing;
mod named_arms;
mod number;
mod overlay;
mod overrides;
mod palette;
mod panel;
mod panel_title;
mod plane;
mod plot_curves;
mod printed_statistics;
mod reading;
mod redrawing;
mod reference_lines;
mod risk;
mod risk_row;
mod rules;
mod selection;
mod skew;
mod slanted_labels;
mod snapping;
mod steps;
mod stretches;
mod surplus;
mod swatch;
mod ticks;
mod trace;
mod vector;
mod verdict;
mod words;

use kmeta_figure_source::FigurePage;
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{Check, DigitizedFigure, FigureOverrides, FigureSource, Finding, Verdict};

use crate::axis_labels::CalibratedAxes;
use crate::axis_lines::{AxisPair, find_axis_pairs};
use crate::ink::InkPage;
use crate::label_panels::{LabelPanels, find_label_panels};
use crate::overrides::{PanelStatements, Statements, advice_on_axes, advice_on_curves};
use crate::panel::{calibrated_axes, read_panel};
use crate::plane::Rect;
use crate::skew::{skew_of, upright};
use crate::words::{Word, tallest_letter, words_in};

pub use difference::{draw_difference, draw_doubt};
pub use overlay::draw_overlay;
pub use vector::{VectorReading, digitize_vector};

/// Choices of a person for one figure. The defaults decide everything from the picture.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct DigitizeOptions {}

/// Digitizes one page. Never fails: a page without a readable Kaplan-Meier figure has the verdict
/// [`Verdict::Refused`] and findings that say why and what a person can state.
pub fn digitize(
    page: &FigurePage,
    source: FigureSource,
    reader: &LabelReader,
    options: &DigitizeOptions,
) -> DigitizedFigure {
    let DigitizeOptions {} = options;
    read_figure(page, source, reader, None)
}

/// Digitizes a page again with what a person states about it. `automatic` is what [`digitize`] read of the same page; it
/// stays recorded in [`DigitizedFigure::automatic`], and the overrides in [`DigitizedFigure::overrides`].
pub fn digitize_with_overrides(
    page: &FigurePage,
    automatic: DigitizedFigure,
    reader: &LabelReader,
    stated: &FigureOverrides,
) -> DigitizedFigure {
    let statements = Statements { overrides: stated, automatic: &automatic.panels };
    let mut figure = read_figure(page, automatic.source.clone(), reader, Some(statements));
    overrides::record(&mut figure, stated, automatic);
    figure
}

/// Applies what a person states to a figure that [`digitize_vector`] read: names, numbers at risk, censor marks, arms that
/// are none, and acceptance. Statements about pixels have no effect there, and a finding says so.
pub fn correct_vector_figure(automatic: DigitizedFigure, stated: &FigureOverrides) -> DigitizedFigure {
    let mut figure = overrides::correct_figure_of_paths(&automatic, stated);
    overrides::record(&mut figure, stated, automatic);
    figure
}

fn read_figure(
    page: &FigurePage,
    source: FigureSource,
    reader: &LabelReader,
    statements: Option<Statements<'_>>,
) -> DigitizedFigure {
    let place = source.file.clone();
    let mut figure = DigitizedFigure {
        format_version: 1,
        generator: concat!("kmeta ", env!("CARGO_PKG_VERSION")).to_owned(),
        source,
        rotation: None,
        verdict: Verdict::Refused,
        checks: Vec::new(),
        panels: Vec::new(),
        paper: None,
        findings: Vec::new(),
        overrides: None,
        automatic: None,
        doubts: Vec::new(),
    };
    let mut ink = InkPage::new(&page.image);
    if let Some(degrees) = skew_of(&ink) {
        let (image, rotation) = upright(&page.image, degrees);
        ink = InkPage::new(&image);
        figure.rotation = Some(rotation);
    }
    let whole = Rect { left: 0, top: 0, right: ink.width(), bottom: ink.height() };
    if let Some(statements) = statements {
        hide_by_statement(&mut ink, statements.overrides);
    }
    let words = words_in(&ink, whole, tallest_letter(ink.height()));
    let FoundPanels { panels, failures, unpaired, findings } =
        find_panels(&ink, reader, &words, whole, statements);
    figure.findings.extend(findings);
    let lines: Vec<AxisPair> = panels.iter().map(|(axes, _)| axes.lines).collect();
    let mut without_curve = Vec::new();
    for (index, (axes, stated)) in panels.into_iter().enumerate() {
        let territory = territory(&lines, index, whole);
        match read_panel(&ink, reader, &words, axes, territory, figure.panels.len(), stated) {
            Ok(read) => {
                figure.checks.extend(verdict::checks_of(
                    &read.panel,
                    &read.first_levels,
                    Some(read.evidence.legend.0),
                ));
                figure.checks.extend(arm_checks::checks_of_arms(&read.panel));
                figure.checks.extend(evidence::checks_of_evidence(&read.panel, &read.evidence));
                for doubt in doubts::doubts_of(&read.panel, &read.evidence.redrawing) {
                    figure.doubts.push(doubt.location);
                    figure.findings.push(doubt.finding(read.panel.panel, figure.doubts.len()));
                }
                figure.findings.extend(read.findings);
                figure.panels.push(read.panel);
            }
            Err(reason) => without_curve.push((lines[index], reason)),
        }
    }
    if !figure.panels.is_empty() {
        let unread = without_curve.len() + failures.len() + unpaired.len();
        figure.checks.push(panels_check(figure.panels.len(), unread));
        figure.checks.extend(arm_checks::check_across_panels(&figure.panels));
    }
    figure.findings.extend(unpaired.iter().map(|labels| without_times(&place, *labels)));
    let mut next = figure.panels.len()..;
    for (lines, reason) in without_curve {
        let advice = advice_on_curves(next.next().unwrap_or(0), &lines, whole);
        figure.findings.push(unreadable(&place, &lines, &reason, &advice));
    }
    for (lines, reason) in failures {
        let advice = advice_on_axes(next.next().unwrap_or(0), Some(&lines), whole);
        figure.findings.push(unreadable(&place, &lines, &reason, &advice));
    }
    if figure.panels.is_empty() && figure.findings.is_empty() {
        let advice = advice_on_axes(0, None, whole);
        figure.findings.push(Finding::error(
            "no-axes",
            place,
            format!("no pair of axis lines and no row and column of tick labels was found: is this a Kaplan-Meier figure? Crop the file to one figure with its axes, or {advice}"),
        ));
    }
    if !figure.panels.is_empty() {
        figure.verdict = verdict::verdict_of(&figure.checks);
    }
    figure
}

/// Where one panel is read, other axes of the page are likely to be a panel too.
fn panels_check(read: usize, unread: usize) -> Check {
    Check {
        name: "panels-read".to_owned(),
        passed: unread == 0,
        message: format!("{read} panels were read, {unread} further ones were not"),
    }
}

/// Empties what a person wants to be ignored.
fn hide_by_statement(page: &mut InkPage, stated: &FigureOverrides) {
    let (width, height) = (page.width(), page.height());
    if let Some(crop) = stated.crop {
        page.crop(Rect::of_pixel_box(crop, width, height));
    }
    for &mask in &stated.masks {
        page.mask(Rect::of_pixel_box(mask, width, height));
    }
}

fn unreadable(place: &str, lines: &AxisPair, reason: &str, advice: &str) -> Finding {
    Finding::error(
        "panel-unreadable",
        format!("{place}, axes at column {}, row {}", lines.vertical.first, lines.horizontal.first),
        format!("{reason}. Give a sharper or larger picture of this panel, or {advice}"),
    )
}

/// Says that labels of a survival axis were read without a row of times below them.
fn without_times(place: &str, labels: Rect) -> Finding {
    Finding::error(
        "panel-unreadable",
        format!("{place}, labels at column {}, row {}", labels.left, labels.top),
        "these numbers fall like those of a survival axis, but no row of times was read below them. Give a sharper or larger picture of this panel, or crop the file to it",
    )
}

/// What [`find_panels`] found.
struct FoundPanels<'a> {
    /// The panels, in reading order, with what a person states about each.
    panels: Vec<(CalibratedAxes, PanelStatements<'a>)>,
    /// Axis lines that no panel was found for, and why.
    failures: Vec<(AxisPair, String)>,
    /// Labels of survival axes that belong to none of these.
    unpaired: Vec<Rect>,
    /// Statements that no panel was found for.
    findings: Vec<Finding>,
}

/// Whether labels stand left of the axes of a panel, between it and its neighbour.
fn stands_beside(labels: &Rect, lines: &AxisPair, whole: Rect) -> bool {
    let reach = whole.width() / 5;
    labels.right <= lines.vertical.last + 2
        && labels.right + reach >= lines.vertical.first
        && labels.top < lines.vertical.to
        && lines.vertical.from < labels.bottom
}

/// The panels by their axis lines and, where there are none or their labels make no scale, by their tick labels
/// alone, or by what a person states.
fn find_panels<'a>(
    page: &InkPage,
    reader: &LabelReader,
    words: &[Word],
    whole: Rect,
    statements: Option<Statements<'a>>,
) -> FoundPanels<'a> {
    let pairs = find_axis_pairs(page);
    let stated = statements.map_or_else(
        || vec![PanelStatements::default(); pairs.len()],
        |statements| statements.of_lines(&pairs),
    );
    let (mut panels, mut failures, mut unpaired) = (Vec::new(), Vec::new(), Vec::new());
    for (index, &lines) in pairs.iter().enumerate() {
        let territory = territory(&pairs, index, whole);
        match calibrated_axes(page, reader, words, lines, territory, stated[index]) {
            Ok(axes) => panels.push((axes, stated[index])),
            Err(reason) => failures.push((lines, reason)),
        }
    }
    if may_be_inset(&panels, whole) || has_room_beside(&panels, whole) || !failures.is_empty() {
        let failed: Vec<AxisPair> = failures.iter().map(|(lines, _)| *lines).collect();
        let mut added: Vec<CalibratedAxes> = Vec::new();
        let LabelPanels { panels: by_labels, unpaired: columns } =
            find_label_panels(page, reader, words, &failed);
        unpaired = columns;
        for axes in by_labels {
            let area = axes.lines.outline();
            panels.retain(|(other, _)| !is_inset(other.lines.outline(), area));
            let known = panels.iter().map(|(other, _): &(CalibratedAxes, _)| other).chain(&added);
            if known.into_iter().all(|other| !other.lines.outline().overlaps(&area)) {
                added.push(axes);
            }
        }
        let lines: Vec<AxisPair> = added.iter().map(|axes| axes.lines).collect();
        let of_added = statements.map_or_else(
            || vec![PanelStatements::default(); lines.len()],
            |statements| statements.of_lines(&lines),
        );
        for (axes, of) in added.into_iter().zip(of_added) {
            failures.retain(|(lines, _)| !lines.outline().overlaps(&axes.lines.outline()));
            let (lines, x, y) = (axes.lines, axes.x, axes.y);
            match overrides::with_stated_points(lines, of, whole, || Ok(x), || Ok(y)) {
                Ok(axes) => panels.push((axes, of)),
                Err(reason) => failures.push((lines, reason)),
            }
        }
    }
    let mut findings = Vec::new();
    if let Some(statements) = statements {
        let known: Vec<PanelStatements<'_>> = panels.iter().map(|(_, of)| *of).collect();
        for (axes, of) in statements.unseen(&known, whole, &mut findings) {
            failures.retain(|(lines, _)| !lines.outline().overlaps(&axes.lines.outline()));
            panels.push((axes, of));
        }
    }
    panels.sort_by_key(|(axes, _)| (axes.lines.vertical.from / 50, axes.lines.vertical.first));
    let known = || panels.iter().map(|(axes, _)| axes.lines).chain(failures.iter().map(|(lines, _)| *lines));
    unpaired.retain(|labels| known().all(|lines| !stands_beside(labels, &lines, whole)));
    FoundPanels { panels, failures, unpaired, findings }
}

/// Largest share of the page that the axes of an inset take.
const LARGEST_INSET: f64 = 0.15;

/// Least room for a panel with its labels, in widths of the widest panel or heights of the tallest.
const ROOM_FOR_PANEL: f64 = 0.9;

/// Whether all axes that were read, if there are any, are a small part of the page: they may be those of an inset in a plot
/// that has no axis lines.
fn may_be_inset(panels: &[(CalibratedAxes, PanelStatements<'_>)], whole: Rect) -> bool {
    let size = |area: Rect| (area.width() * area.height()) as f64;
    panels.len() <= 1
        && panels.iter().all(|(axes, _)| size(axes.lines.outline()) < LARGEST_INSET * size(whole))
}

/// Whether another panel may stand beside, above or below those that were read: one without axis lines.
fn has_room_beside(panels: &[(CalibratedAxes, PanelStatements<'_>)], whole: Rect) -> bool {
    let outlines = || panels.iter().map(|(axes, _)| axes.lines.outline());
    let Some(all) = outlines().reduce(|all, area| all.union(&area)) else { return true };
    let largest = |size: fn(&Rect) -> usize| outlines().map(|area| size(&area)).max().unwrap_or(0) as f64;
    let across = all.left.max(whole.right.saturating_sub(all.right)) as f64;
    let down = all.top.max(whole.bottom.saturating_sub(all.bottom)) as f64;
    across >= ROOM_FOR_PANEL * largest(Rect::width) || down >= ROOM_FOR_PANEL * largest(Rect::height)
}

/// Whether an area lies within a much larger one.
fn is_inset(small: Rect, large: Rect) -> bool {
    large.contains(small.center_x(), small.center_y())
        && 2 * small.width() < large.width()
        && small.height() < large.height()
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
