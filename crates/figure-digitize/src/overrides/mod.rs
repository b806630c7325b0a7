//! Applies what a person states about a figure.
//!
//! `axes` matches the statements with the panels and calibrates by stated points; `hints` chooses colours and arms;
//! `way_points` traces a curve through stated points; `corrections` changes what was read of a panel (names, numbers at
//! risk, censor marks, arms that are none); `advice` says which statement would help where something could not be read.

mod advice;
mod axes;
mod corrections;
mod hints;
pub(crate) use hints::from_highest;
mod way_points;

use kmeta_trial_data::{
    AutomaticReading, Check, DigitizedFigure, FigureOverrides, Finding, Panel, PanelOverrides, Verdict,
};

pub(crate) use advice::{advice_on_axes, advice_on_cell, advice_on_curves};
pub(crate) use axes::{Statements, with_stated_points};
pub(crate) use corrections::correct_panel;

use crate::color::Srgb;
use crate::verdict;

/// What a person states about one panel, with what was read of it before; nothing of both where nobody stated
/// anything.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PanelStatements<'a> {
    pub(crate) stated: Option<&'a PanelOverrides>,
    pub(crate) automatic: Option<&'a Panel>,
}

/// A colour written `#rrggbb`.
fn parse_color(text: &str) -> Option<Srgb> {
    kmeta_trial_data::channels_of(text).map(|channels| channels.map(|channel| f32::from(channel) / 255.0))
}

/// Puts the overrides and the automatic reading into a figure that was read with them, and accepts it where a person
/// does.
pub(crate) fn record(figure: &mut DigitizedFigure, overrides: &FigureOverrides, automatic: DigitizedFigure) {
    figure.overrides = Some(Box::new(overrides.clone()));
    figure.automatic = Some(Box::new(AutomaticReading {
        verdict: automatic.verdict,
        checks: automatic.checks,
        panels: automatic.panels,
        findings: automatic.findings,
    }));
    let Some(acceptance) = &overrides.accepted else { return };
    if figure.panels.is_empty() {
        figure.findings.push(Finding::error(
            "accepted-without-curve",
            figure.source.file.clone(),
            "the overrides accept the figure, but no curve could be read: it stays refused",
        ));
        return;
    }
    let failed: Vec<&str> =
        figure.checks.iter().filter(|check| !check.passed).map(|check| check.name.as_str()).collect();
    let against = if failed.is_empty() { "no check failed".to_owned() } else { failed.join(", ") };
    let message =
        format!("accepted by {} ({}); checks that failed: {against}", acceptance.by, acceptance.reason);
    figure.checks.push(Check { name: "accepted-by-person".to_owned(), passed: true, message });
    figure.verdict = Verdict::Ok;
}

/// Applies a person's statements to a figure that was read from paths: everything but tracing, which has no place there.
pub(crate) fn correct_figure_of_paths(
    automatic: &DigitizedFigure,
    overrides: &FigureOverrides,
) -> DigitizedFigure {
    let mut figure = automatic.clone();
    let mut checks: Vec<Check> =
        figure.checks.iter().filter(|check| check.name == "starts-at-one").cloned().collect();
    for panel in &mut figure.panels {
        if let Some(stated) = overrides.of_panel(panel.panel) {
            let read = automatic.panels.iter().find(|read| read.panel == panel.panel);
            let statements = PanelStatements { stated: Some(stated), automatic: read };
            correct_panel(panel, statements, &mut figure.findings);
        }
        let unlike = |check: &Check| check.name != "starts-at-one";
        checks.extend(verdict::checks_of(panel, &[], None).into_iter().filter(unlike));
    }
    figure.checks = checks;
    figure.verdict = verdict::verdict_of(&figure.checks);
    let about_pixels = overrides.crop.is_some()
        || !overrides.masks.is_empty()
        || overrides.panels.iter().any(|panel| {
            let axes = !panel.x_axis.is_empty() || !panel.y_axis.is_empty() || panel.plot_area.is_some();
            let colors =
                panel.arms.iter().any(|arm| arm.color.is_some() && arm.arm.is_none() && arm.name.is_none());
            axes || colors || panel.number_of_arms.is_some() || !panel.way_points.is_empty()
        });
    if about_pixels {
        figure.findings.push(Finding::warning(
            "overrides-need-pixels",
            figure.source.file.clone(),
            "this figure is drawn with paths and was read from them: crop, masks, axis points, colours, numbers of arms and way-points of the overrides have no effect. Digitize a picture (PNG) of the page to use them",
        ));
    }
    figure
}
