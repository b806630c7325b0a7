//! Forests of estimates that are no studies: leave-one-out, cumulative, several outcomes, several settings.

use kmeta_trial_data::{EffectMeasure, Interval};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::axis::Drawn;
use super::layout::{Column, Layout, MARGIN, heading_lines};
use super::rows::{Mark, Row};
use super::style::Style;
use super::{Size, digits, draw_table};
use crate::format::fixed;
use crate::palette::{GREY_TEXT, INK};
use crate::svg::{Anchor, Svg};
use crate::{Figure, ForestColumn, ForestOptions, footer, sentences};

/// How a row of an [`EstimateForest`] is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EstimateMark {
    /// A square of one size with its interval.
    #[default]
    Square,
    /// A diamond, bold: what the others are compared with.
    Diamond,
    /// A heading without numbers.
    Heading,
}

/// A row: an estimate on the reading scale with what is printed beside it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EstimateRow {
    /// Name to print.
    pub label: String,
    /// The effect on the reading scale; absent where there is none, which is then said in `cells`.
    pub estimate: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// A text for each of the forest's columns.
    pub cells: Vec<String>,
    /// How it is drawn.
    pub mark: EstimateMark,
}

/// Estimates below each other on one axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EstimateForest {
    /// Title above the figure.
    pub title: String,
    /// Scale of the effects.
    pub measure: EffectMeasure,
    /// Level of the intervals, 0.95.
    pub confidence_level: f64,
    /// Heading of the first column, for example "Omitted study".
    pub label_heading: String,
    /// Headings of further columns left of the drawing, for example "I²" and "τ²".
    pub columns: Vec<String>,
    /// The rows from top to bottom.
    pub rows: Vec<EstimateRow>,
    /// The dashed line, for example the result with all studies.
    pub center: Option<f64>,
    /// Sentences below the figure.
    pub footer: Vec<String>,
}

/// The forest of any estimates: leave-one-out ("omitting …"), cumulative ("adding …"), the outcomes or settings of a
/// review. Columns, axis and height are chosen as in [`forest_plot`](crate::forest_plot); the layout says how intervals
/// are printed.
pub fn estimate_forest(forest: &EstimateForest, options: &ForestOptions) -> Figure {
    let style = Style::of(options);
    let effect = effect_heading(forest, options);
    let level = sentences::level(forest.confidence_level);
    let column =
        |heading: &str, anchor, right| Column { heading: heading_lines(heading), anchor, right, of: None };
    let mut columns: Vec<Column> =
        forest.columns.iter().map(|heading| column(heading, Anchor::End, false)).collect();
    columns.push(column(&effect, Anchor::End, true));
    let interval = column(&format!("{level} CI"), Anchor::Start, true);
    columns.push(Column { of: Some(ForestColumn::Interval), ..interval });
    let rows: Vec<Row> = forest.rows.iter().map(|row| table_row(forest, row, options, &style)).collect();
    let heading = if options.study_heading.is_empty() {
        forest.label_heading.as_str()
    } else {
        options.study_heading.as_str()
    };
    let layout = Layout::of(&forest.title, heading, columns, &rows, &Size::of(options, style.wider));
    let drawn = drawn(forest, options, effect);
    let mut svg = Svg::new();
    let center = forest.center.filter(|center| center.is_finite());
    let below_axis = draw_table(&mut svg, &layout, &rows, &drawn, options, center);
    let mut lines: Vec<(String, &'static str)> = Vec::new();
    for (index, text) in forest.footer.iter().enumerate() {
        lines.push((text.clone(), if index == 0 { INK } else { GREY_TEXT }));
    }
    let width = layout.width - 2.0 * MARGIN;
    let bottom = footer::draw(&mut svg, MARGIN, below_axis + 10.0, width, &lines, &options.note);
    svg.finish(layout.width, bottom + MARGIN, &forest.title, alt_text(forest, options))
}

fn factor(forest: &EstimateForest, options: &ForestOptions) -> f64 {
    if options.percent && forest.measure.is_proportion() { 100.0 } else { 1.0 }
}

fn effect_heading(forest: &EstimateForest, options: &ForestOptions) -> String {
    if !options.effect_heading.is_empty() {
        options.effect_heading.clone()
    } else if factor(forest, options) == 100.0 {
        "Percent".to_owned()
    } else {
        sentences::effect_name(forest.measure).to_owned()
    }
}

fn table_row(forest: &EstimateForest, row: &EstimateRow, options: &ForestOptions, style: &Style) -> Row {
    let is_heading = row.mark == EstimateMark::Heading;
    let (factor, digits) = (factor(forest, options), digits(options));
    let mut cells: Vec<String> =
        (0..forest.columns.len()).map(|index| row.cells.get(index).cloned().unwrap_or_default()).collect();
    cells.push(row.estimate.map_or(String::new(), |value| fixed(value * factor, digits)));
    cells.push(row.interval.map_or(String::new(), |limits| {
        style.interval(Interval { lower: limits.lower * factor, upper: limits.upper * factor }, digits)
    }));
    let nothing = Interval { lower: f64::NAN, upper: f64::NAN };
    let interval = row.interval.unwrap_or(nothing);
    let usable = row.estimate.filter(|value| value.is_finite());
    let mark = match (row.mark, usable) {
        (EstimateMark::Square, Some(value)) => {
            Mark::Square { value, interval, relative_weight: 0.3, fill: style.square }
        }
        (EstimateMark::Diamond, Some(value)) if !interval.lower.is_nan() => {
            Mark::Diamond { value, interval, fill: style.diamond }
        }
        _ => Mark::None,
    };
    let has_headings = forest.rows.iter().any(|row| row.mark == EstimateMark::Heading);
    Row {
        cells,
        mark,
        bold: row.mark != EstimateMark::Square,
        indented: has_headings && !is_heading,
        space_before: if is_heading { 5.0 } else { 0.0 },
        ..Row::new(&row.label)
    }
}

fn drawn(forest: &EstimateForest, options: &ForestOptions, title: String) -> Drawn {
    let intervals = |mark: EstimateMark| -> Vec<Interval> {
        let rows = forest.rows.iter().filter(|row| row.mark == mark);
        rows.filter_map(|row| row.interval).collect()
    };
    Drawn {
        is_log: forest.measure.is_log_ratio(),
        is_proportion: forest.measure.is_proportion(),
        estimates: forest.rows.iter().filter_map(|row| row.estimate).collect(),
        intervals: intervals(EstimateMark::Square),
        pooled: intervals(EstimateMark::Diamond),
        lines: options.decision_lines.iter().copied().chain(options.reference_line).collect(),
        no_effect: forest.measure.no_effect(),
        factor: factor(forest, options),
        title,
    }
}

fn alt_text(forest: &EstimateForest, options: &ForestOptions) -> String {
    let (factor, digits) = (factor(forest, options), digits(options));
    let told: Vec<String> = forest
        .rows
        .iter()
        .filter_map(|row| {
            let limits = row.interval?;
            Some(format!(
                "{}: {} ({} to {})",
                row.label,
                fixed(row.estimate? * factor, digits),
                fixed(limits.lower * factor, digits),
                fixed(limits.upper * factor, digits)
            ))
        })
        .collect();
    format!("Forest plot of {}. {}.", forest.title, told.join("; "))
}
