//! The figures that were read: each with the trace over it, its verdict and checks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kmeta_plot_svg::format::{fixed, shortest};
use kmeta_trial_data::Verdict;

use super::sources::curve_anchor;
use super::{count, notes};
use crate::page::{Badge, Block, Section, Table, anchor};
use crate::report::{ArmSummary, CurvePoint, CurveReference, FigureSection, Report};

pub(crate) fn section(report: &Report) -> Section {
    let mut blocks = Vec::new();
    if !report.figures.is_empty() {
        blocks.push(Block::paragraph(
            "The traced curves are drawn over each figure: where the trace leaves the printed curve, do not use \
             the numbers that come from it.",
        ));
    }
    for (index, figure) in report.figures.iter().enumerate() {
        blocks.extend(figure_blocks(figure, index));
    }
    Section::new("figures", "Digitized figures", blocks)
}

fn figure_blocks(figure: &FigureSection, index: usize) -> Vec<Block> {
    let mut blocks = vec![Block::Heading {
        id: anchor("figure", &figure.source.file, index),
        text: figure.title.clone(),
        badge: Some(badge(figure.verdict)),
    }];
    let source = &figure.source;
    let page = source.page.map_or(String::new(), |page| format!(", page {page}"));
    let caption = format!(
        "{}{page} ({}, {} × {} pixels): {} traced.",
        source.file,
        source.format.to_uppercase(),
        source.width,
        source.height,
        count(figure.curves, "curve")
    );
    blocks.extend(notes(&figure.notes));
    if figure.overlay_png.is_empty() {
        blocks.push(Block::paragraph(caption));
    } else {
        let alt = format!("{}: the figure with the traced curves drawn over it", figure.title);
        let base64 = STANDARD.encode(&figure.overlay_png);
        blocks.push(Block::Picture { number: 0, base64, alt, caption });
    }
    if !figure.panels.is_empty() {
        blocks.push(Block::Table { table: arms(figure, index) });
        blocks.push(Block::List { items: calibration(figure) });
        blocks.extend(corners(figure, index));
    }
    if !figure.checks.is_empty() {
        let open = figure.verdict != Verdict::Ok;
        blocks.push(Block::Details { summary: checks_summary(figure), open, table: checks(figure) });
    }
    blocks
}

fn badge(verdict: Verdict) -> Badge {
    match verdict {
        Verdict::Ok => Badge { class: "ok", text: "ok" },
        Verdict::Review => Badge { class: "review", text: "review" },
        Verdict::Refused => Badge { class: "refused", text: "refused" },
    }
}

/// Name to print of a traced curve.
fn curve_name(arm: &ArmSummary, index: usize) -> String {
    if arm.label.is_empty() { format!("curve {}", index + 1) } else { arm.label.clone() }
}

/// The corners of every curve with their pixels.
fn corners(figure: &FigureSection, index: usize) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (panel_index, panel) in figure.panels.iter().enumerate() {
        for (arm_index, arm) in panel.arms.iter().enumerate().filter(|(_, arm)| !arm.points.is_empty()) {
            let curve = CurveReference { figure: index, panel: panel_index, arm: arm_index };
            let name = curve_name(arm, arm_index);
            blocks.push(Block::Points {
                id: curve_anchor(curve),
                summary: format!("{name}: {} with their pixels", count(arm.points.len(), "corner")),
                caption: format!(
                    "{}, {name}. Pixels from the upper left corner of the picture as shown",
                    figure.source.file
                ),
                headings: ["Time", "Survival", "x, pixels", "y, pixels"].map(str::to_owned).to_vec(),
                rows: arm.points.iter().map(point_row).collect(),
            });
        }
    }
    blocks
}

fn point_row(point: &CurvePoint) -> Vec<String> {
    let rounded = |value: f64, unit: f64| shortest((value / unit).round() * unit);
    vec![
        rounded(point.time, 1e-4),
        rounded(point.survival, 1e-5),
        rounded(point.x_px, 1e-2),
        rounded(point.y_px, 1e-2),
    ]
}

fn arms(figure: &FigureSection, index: usize) -> Table {
    let headings =
        ["Curve", "Panel", "Colour", "#Corners", "#Ends at time", "#at survival", "#Censor marks", "#Median"];
    let mut table = Table::new("Curves as digitized", &headings);
    for (panel_index, panel) in figure.panels.iter().enumerate() {
        for (arm_index, arm) in panel.arms.iter().enumerate() {
            table.push(vec![
                curve_name(arm, arm_index),
                panel.name.clone(),
                arm.color.clone(),
                arm.corners.to_string(),
                fixed(arm.curve_end, 2),
                fixed(arm.survival_end, 3),
                arm.censor_marks.to_string(),
                arm.median.map_or("not reached".to_owned(), |median| fixed(median, 2)),
            ]);
            if !arm.points.is_empty() {
                let curve = CurveReference { figure: index, panel: panel_index, arm: arm_index };
                table.link(0, &curve_anchor(curve));
            }
        }
    }
    table
}

/// One sentence per axis and risk table.
fn calibration(figure: &FigureSection) -> Vec<String> {
    let mut items = Vec::new();
    for panel in &figure.panels {
        let name = if panel.name.is_empty() { String::new() } else { format!("Panel {}: ", panel.name) };
        items.push(format!(
            "{name}time axis {}, ticks off their line by {} pixels (root mean square); survival axis {}, {} pixels",
            panel.time_axis,
            shortest((panel.time_residual_px * 1000.0).round() / 1000.0),
            panel.survival_axis,
            shortest((panel.survival_residual_px * 1000.0).round() / 1000.0)
        ));
        items.push(match panel.risk_table {
            Some((rows, columns)) => {
                format!("{name}numbers at risk: {} of {}", count(rows, "row"), count(columns, "column"))
            }
            None => format!("{name}no numbers at risk"),
        });
    }
    items
}

fn checks_summary(figure: &FigureSection) -> String {
    let failed = figure.checks.iter().filter(|check| !check.passed).count();
    let all = count(figure.checks.len(), "check");
    if failed == 0 { format!("{all}, all passed") } else { format!("{all}, {failed} failed") }
}

fn checks(figure: &FigureSection) -> Table {
    let mut table = Table::new("Checks", &["Check", "Result", "Measured"]);
    for check in &figure.checks {
        let result = if check.passed { "passed" } else { "failed" };
        let texts = vec![check.name.clone(), result.to_owned(), check.message.clone()];
        if check.passed { table.push(texts) } else { table.push_strong(texts) }
    }
    table
}
