//! Forest plots: a table with a drawing inside. [`rows`] says what each line holds, [`style`] what a layout prints,
//! [`layout`] where the columns stand, [`axis`] what the drawing spans, [`list`] draws estimates that are no studies, and
//! this file draws.

mod axis;
mod layout;
mod list;
mod rows;
mod style;

#[cfg(test)]
mod tests;

use kmeta_trial_data::PooledEffect;

use crate::format::fixed;
use crate::palette::{BLUE, GREY_TEXT, GUIDE, INK, VERMILION};
use crate::svg::{Anchor, Stroke, Svg, TextStyle};
use crate::{Figure, ForestLayout, ForestOptions, Scale, footer, sentences};
use axis::Drawn;
use layout::{Layout, MARGIN};
pub use list::{EstimateForest, EstimateMark, EstimateRow, estimate_forest};
use rows::{Mark, Row};
use style::Style;

/// Font size of the table.
const FONT: f64 = 12.0;
/// Font size of tick labels and of the lines below subgroups.
const SMALL: f64 = 11.0;
/// Distance of two lines of one row.
const LINE: f64 = 14.5;
/// Height of a row of one line.
const ROW: f64 = 20.0;
/// Side of the largest square.
const LARGEST_SQUARE: f64 = 13.0;

/// What decides about widths.
struct Size {
    width: Option<f64>,
    drawing_width: f64,
    study_width_max: f64,
}

impl Size {
    fn of(options: &ForestOptions, wider: f64) -> Self {
        Self {
            width: options.width,
            drawing_width: options.drawing_width * wider,
            study_width_max: options.study_width_max,
        }
    }
}

/// The forest plot of a pooled effect: studies with counts, squares whose area follows the weight, intervals,
/// effects and weights; subgroups with their diamonds (left out where a subgroup has one study, whose own line
/// says all) and heterogeneity; pooled diamonds, prediction interval, tests and a line of methods, arranged as the layout
/// asks.
///
/// Weights and squares refer to the analysis of all studies, as in R meta. Hazard ratios have a logarithmic
/// axis with a line at 1, proportions a linear axis from 0. The height follows the number of rows.
pub fn forest_plot(result: &PooledEffect, options: &ForestOptions) -> Figure {
    let (svg, width, height) = draw(result, options);
    svg.finish(width, height, &result.title, alt_text(result, options))
}

/// The drawing with its width and height.
fn draw(result: &PooledEffect, options: &ForestOptions) -> (Svg, f64, f64) {
    let style = Style::of(options);
    let columns = rows::columns(result, options, &style);
    let rows = rows::rows(result, options, &style, &columns);
    let heading = match options.study_heading.as_str() {
        "" => style.study_heading,
        heading => heading,
    };
    let layout = Layout::of(&result.title, heading, columns, &rows, &Size::of(options, style.wider));
    let pooled = if options.show_random { &result.random } else { &result.common };
    let center = (options.show_random || options.show_common).then_some(pooled.shown);
    let mut svg = Svg::new();
    let drawn = Drawn::of(result, options);
    let below_axis = draw_table(&mut svg, &layout, &rows, &drawn, options, center);
    let lines = footer_lines(result, options, &style);
    let bottom =
        footer::draw(&mut svg, MARGIN, below_axis + 10.0, layout.width - 2.0 * MARGIN, &lines, &options.note);
    (svg, layout.width, bottom + MARGIN)
}

/// Title, headings, rows and axis; returns the lower edge.
fn draw_table(
    svg: &mut Svg,
    layout: &Layout,
    rows: &[Row],
    drawn: &Drawn,
    options: &ForestOptions,
    center: Option<f64>,
) -> f64 {
    let scale = drawn.scale(options.axis_limits, layout.drawing);
    let title = TextStyle::new(14.0).bold();
    let mut y = MARGIN + 12.0;
    if layout.title_lines.iter().any(|line| !line.is_empty()) {
        y = svg.lines(MARGIN, y, &layout.title_lines, 18.0, &title) + 6.0;
    }
    let top = layout.draw_header(svg, y);
    let height: f64 = rows.iter().map(|row| layout.row_height(row)).sum();
    draw_guides(svg, &scale, drawn, options, center, (top, top + height));
    let mut row_top = top;
    for row in rows {
        layout.draw_cells(svg, row, row_top);
        draw_mark(svg, &scale, &row.mark, row_top + row.space_before + ROW / 2.0);
        row_top += layout.row_height(row);
    }
    axis::draw(svg, &scale, drawn, options, row_top + 4.0, layout.width)
}

/// The line of no effect, the lines of interest and the pooled effect's dashed line.
fn draw_guides(
    svg: &mut Svg,
    scale: &Scale,
    drawn: &Drawn,
    options: &ForestOptions,
    center: Option<f64>,
    (top, bottom): (f64, f64),
) {
    let (lower, upper) = scale.domain();
    let mut guide = |value: f64, stroke: Stroke| {
        if value >= lower && value <= upper {
            let x = scale.position(value);
            svg.line((x, top), (x, bottom + 4.0), &stroke);
        }
    };
    if let Some(value) = center {
        guide(value, Stroke::dashed(GUIDE, 1.0));
    }
    if let Some(value) = drawn.no_effect {
        guide(value, Stroke::solid(INK, 1.0));
    }
    if let Some(value) = options.reference_line {
        guide(value, Stroke { dashes: "1.5 2.5", ..Stroke::solid(VERMILION, 1.3) });
    }
    for &value in &options.decision_lines {
        guide(value, Stroke { dashes: "6 3", ..Stroke::solid(VERMILION, 1.1) });
    }
}

/// Draws a square with its interval, a diamond, or a prediction bar.
fn draw_mark(svg: &mut Svg, scale: &Scale, mark: &Mark, y: f64) {
    match *mark {
        Mark::None => {}
        Mark::Square { value, interval, relative_weight, fill } => {
            draw_interval(svg, scale, interval, y);
            let (lower, upper) = scale.domain();
            if value >= lower && value <= upper {
                let side = (LARGEST_SQUARE * relative_weight.max(0.0).sqrt()).max(2.5);
                svg.rectangle(scale.position(value) - side / 2.0, y - side / 2.0, side, side, fill);
            }
        }
        Mark::Diamond { value, interval, fill } => {
            let place = |value: f64| clamp_to_axis(scale, value);
            let points = [
                (place(interval.lower), y),
                (place(value), y - 6.5),
                (place(interval.upper), y),
                (place(value), y + 6.5),
            ];
            let outline = if fill == INK { INK } else { BLUE };
            svg.polygon(&points, fill, 1.0, Some(&Stroke::solid(outline, 1.0)));
        }
        Mark::Bar { interval } => {
            let (left, right) = (clamp_to_axis(scale, interval.lower), clamp_to_axis(scale, interval.upper));
            svg.rectangle(left, y - 2.0, (right - left).max(1.0), 4.0, VERMILION);
        }
    }
}

/// A study's interval; an end beyond the axis becomes an arrow.
fn draw_interval(svg: &mut Svg, scale: &Scale, interval: kmeta_trial_data::Interval, y: f64) {
    if interval.lower.is_nan() || interval.upper.is_nan() {
        return;
    }
    let (lower, upper) = scale.domain();
    let (left, right) = (clamp_to_axis(scale, interval.lower), clamp_to_axis(scale, interval.upper));
    svg.line((left, y), (right, y), &Stroke::solid(INK, 1.2));
    let slack = 1e-9 * (upper - lower);
    let mut arrow = |tip: f64, direction: f64| {
        let back = tip - direction * 6.0;
        svg.polygon(&[(tip, y), (back, y - 3.5), (back, y + 3.5)], INK, 1.0, None);
    };
    if interval.lower < lower - slack {
        arrow(left, -1.0);
    }
    if interval.upper > upper + slack {
        arrow(right, 1.0);
    }
}

/// Pixel of a value, kept inside the axis.
fn clamp_to_axis(scale: &Scale, value: f64) -> f64 {
    let (left, right) = scale.range();
    if value == f64::INFINITY { right } else { scale.position(value).clamp(left, right) }
}

/// Heterogeneity, tests, lines of interest and methods.
fn footer_lines(
    result: &PooledEffect,
    options: &ForestOptions,
    style: &Style,
) -> Vec<(String, &'static str)> {
    let mut lines = Vec::new();
    if !style.tests_in_rows {
        let pooled = if options.show_random { &result.random } else { &result.common };
        let drawn = options.show_random || options.show_common;
        lines.extend(style.heterogeneity(&result.heterogeneity));
        lines.extend(style.overall_test(result, pooled).filter(|_| drawn));
        let between = result.between_subgroups.as_ref();
        lines.extend(between.map(|test| style.subgroup_test(test, options)));
    }
    let mut lines: Vec<(String, &'static str)> = lines.into_iter().map(|line| (line, INK)).collect();
    if !options.decision_lines.is_empty() {
        let factor = factor(result, options);
        let values: Vec<String> =
            options.decision_lines.iter().map(|value| fixed(value * factor, digits(options))).collect();
        lines.push((format!("Line of long dashes: decision at {}.", values.join(", ")), GREY_TEXT));
    }
    lines.push((sentences::method_line(result), GREY_TEXT));
    lines
}

/// Decimals of effects.
fn digits(options: &ForestOptions) -> usize {
    options.effect_digits.unwrap_or(if options.percent { 1 } else { 2 })
}

/// Effects as shown: proportions times 100 when asked in percent.
fn factor(result: &PooledEffect, options: &ForestOptions) -> f64 {
    if options.percent && result.measure.is_proportion() { 100.0 } else { 1.0 }
}

/// Heading of the effect column.
fn effect_heading(result: &PooledEffect, options: &ForestOptions) -> String {
    if !options.effect_heading.is_empty() {
        options.effect_heading.clone()
    } else if options.percent && result.measure.is_proportion() {
        "Percent".to_owned()
    } else {
        let name = sentences::effect_name(result.measure);
        // Review Manager writes the names of measures in capitals.
        if options.layout == ForestLayout::Revman5 { sentences::title_case(name) } else { name.to_owned() }
    }
}

fn alt_text(result: &PooledEffect, options: &ForestOptions) -> String {
    let pooled = if options.show_random { &result.random } else { &result.common };
    let model = if options.show_random { "Random-effects" } else { "Common-effect" };
    let number = |value: f64| fixed(value * factor(result, options), digits(options).max(2));
    let studies = if result.studies.len() == 1 {
        "1 study".to_owned()
    } else {
        format!("{} studies", result.studies.len())
    };
    let title = if result.title.is_empty() { String::new() } else { format!(" of {}", result.title) };
    let heterogeneity = result
        .heterogeneity
        .i_squared
        .map_or(String::new(), |i_squared| format!(" I² is {}.", crate::format::percent(i_squared, 1)));
    format!(
        "Forest plot{title}: {studies}. {model} {} {} ({} interval {} to {}).{heterogeneity}",
        effect_heading(result, options).to_lowercase(),
        number(pooled.shown),
        sentences::level(result.confidence_level),
        number(pooled.shown_interval.lower),
        number(pooled.shown_interval.upper),
    )
}

/// Style of the cells.
fn cell_style(bold: bool, anchor: Anchor) -> TextStyle {
    let style = TextStyle::new(FONT).anchor(anchor);
    if bold { style.bold() } else { style }
}
