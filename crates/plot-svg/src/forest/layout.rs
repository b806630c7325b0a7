//! Where the columns of a forest plot stand: each as wide as its widest text.

use super::{FONT, LINE, ROW, Row, SMALL, Size, cell_style};
use crate::ForestColumn;
use crate::palette::{GREY_TEXT, INK};
use crate::svg::{Anchor, Stroke, Svg, TextStyle};
use crate::text_metrics::{FontWeight, TextMetrics};

/// Room at the edges of the figure.
pub(super) const MARGIN: f64 = 12.0;
/// Room between columns.
const GAP: f64 = 14.0;
/// Indentation of studies below a subgroup's heading.
const INDENT: f64 = 12.0;

/// A column of text.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Its heading, line by line.
    pub(super) heading: Vec<String>,
    pub(super) anchor: Anchor,
    /// Whether it stands right of the drawing.
    pub(super) right: bool,
    /// What it shows; none for a column of the user's own.
    pub(super) of: Option<ForestColumn>,
}

impl Column {
    /// Room before the column; an interval stands close to its effect.
    fn gap(&self) -> f64 {
        if self.of == Some(ForestColumn::Interval) { 6.0 } else { GAP }
    }
}

/// The columns and the drawing between them.
pub(super) struct Layout {
    /// Width of the figure.
    pub(super) width: f64,
    /// Left and right edge of the drawing.
    pub(super) drawing: (f64, f64),
    /// The title, wrapped to the figure's width.
    pub(super) title_lines: Vec<String>,
    study_heading: String,
    study_width: f64,
    columns: Vec<Column>,
    /// Where the texts of each column are anchored.
    places: Vec<f64>,
}

impl Layout {
    /// Measures all texts and places the columns, of which those left of the drawing come first.
    pub(super) fn of(
        title: &str,
        study_heading: &str,
        columns: Vec<Column>,
        rows: &[Row],
        size: &Size,
    ) -> Self {
        let study_width = study_width(study_heading, size.study_width_max, rows);
        let widths: Vec<f64> =
            columns.iter().enumerate().map(|(index, column)| column_width(rows, column, index)).collect();
        let mut places = Vec::new();
        let mut right = MARGIN + study_width;
        for (column, width) in columns.iter().zip(&widths).filter(|(column, _)| !column.right) {
            places.push(anchored(column, right + column.gap(), *width));
            right += column.gap() + width;
        }
        let spanning = rows.iter().filter(|row| row.spans);
        let indent = |row: &Row| if row.indented { INDENT } else { 0.0 };
        let widest_span =
            spanning.map(|row| span_style().width(&row.label) + indent(row)).fold(0.0, f64::max);
        // A line of statistics may be wider than the columns that it spans: everything moves to the right.
        let shift = (MARGIN + widest_span - right).max(0.0);
        for place in &mut places {
            *place += shift;
        }
        let left_edge = right + shift + GAP + 6.0;
        let right_columns: f64 = columns
            .iter()
            .zip(&widths)
            .filter(|(column, _)| column.right)
            .map(|(column, width)| column.gap() + width)
            .sum();
        let others = left_edge + if right_columns > 0.0 { 4.0 + right_columns } else { 8.0 } + MARGIN;
        let drawing_width = match size.width.filter(|width| width.is_finite()) {
            Some(width) => (width - others).max(120.0),
            None => size.drawing_width.clamp(80.0, 2000.0),
        };
        let drawing = (left_edge, left_edge + drawing_width);
        right = drawing.1 + 4.0;
        for (column, width) in columns.iter().zip(&widths).filter(|(column, _)| column.right) {
            places.push(anchored(column, right + column.gap(), *width));
            right += column.gap() + width;
        }
        let width = (others + drawing_width).ceil();
        let title_lines = TextMetrics::wrap(title, width - 2.0 * MARGIN, 14.0, FontWeight::Bold);
        let study_heading = study_heading.to_owned();
        let study_width = study_width + if places.is_empty() { 0.0 } else { shift };
        Self { width, drawing, title_lines, study_heading, study_width, columns, places }
    }

    /// Height of a row with its room above.
    pub(super) fn row_height(&self, row: &Row) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "a handful of lines")]
        let further_lines = (self.label_lines(row).len() - 1) as f64;
        let line = if row.spans { ROW - 3.0 } else { ROW };
        line + further_lines * LINE + row.space_before
    }

    /// Draws the headings with a line below; returns the top of the first row.
    pub(super) fn draw_header(&self, svg: &mut Svg, y: f64) -> f64 {
        let most = self.columns.iter().map(|column| column.heading.len()).max().unwrap_or(1).max(1);
        #[allow(clippy::cast_precision_loss, reason = "one to three lines")]
        let baseline = y + (most - 1) as f64 * LINE;
        svg.text(MARGIN, baseline, &self.study_heading, &cell_style(true, Anchor::Start));
        for (column, &x) in self.columns.iter().zip(&self.places) {
            #[allow(clippy::cast_precision_loss, reason = "one or two lines")]
            let first = baseline - (column.heading.len().max(1) - 1) as f64 * LINE;
            svg.lines(x, first, &column.heading, LINE, &cell_style(true, column.anchor));
        }
        let line = baseline + 7.0;
        svg.line((MARGIN, line), (self.width - MARGIN, line), &Stroke::solid(INK, 1.0));
        line + 4.0
    }

    /// Writes a row's texts; the first line is centred on the row.
    pub(super) fn draw_cells(&self, svg: &mut Svg, row: &Row, top: f64) {
        let baseline = top + row.space_before + ROW / 2.0 + 0.36 * FONT;
        let indent = if row.indented { INDENT } else { 0.0 };
        let style = if row.spans { span_style() } else { cell_style(row.bold, Anchor::Start) };
        svg.lines(MARGIN + indent, baseline, &self.label_lines(row), LINE, &style);
        for ((column, &x), cell) in self.columns.iter().zip(&self.places).zip(&row.cells) {
            svg.text(x, baseline, cell, &cell_style(row.bold, column.anchor));
        }
    }

    fn label_lines(&self, row: &Row) -> Vec<String> {
        if row.spans {
            return vec![row.label.clone()];
        }
        let indent = if row.indented { INDENT } else { 0.0 };
        // A hair more than measured, so that rounding never breaks a line that was measured to fit.
        TextMetrics::wrap(&row.label, self.study_width - indent + 0.01, FONT, weight(row.bold))
    }
}

/// Where a column's texts are anchored.
fn anchored(column: &Column, left: f64, width: f64) -> f64 {
    match column.anchor {
        Anchor::Start => left,
        Anchor::Middle => left + width / 2.0,
        Anchor::End => left + width,
    }
}

/// Width of the study column: its widest text, at most what the options allow.
fn study_width(study_heading: &str, most: f64, rows: &[Row]) -> f64 {
    let width = |row: &Row| {
        TextMetrics::width(&row.label, FONT, weight(row.bold)) + if row.indented { INDENT } else { 0.0 }
    };
    let heading = TextMetrics::width(study_heading, FONT, FontWeight::Bold);
    let widest = rows.iter().filter(|row| !row.spans).map(width).fold(heading, f64::max);
    widest.min(most.max(60.0)).max(heading)
}

fn column_width(rows: &[Row], column: &Column, index: usize) -> f64 {
    let widest_heading = column
        .heading
        .iter()
        .map(|line| TextMetrics::width(line, FONT, FontWeight::Bold))
        .fold(0.0, f64::max);
    rows.iter()
        .filter_map(|row| Some(TextMetrics::width(row.cells.get(index)?, FONT, weight(row.bold))))
        .fold(widest_heading, f64::max)
}

/// A heading as lines: split where the caller says, and between words when it is long.
pub(super) fn heading_lines(heading: &str) -> Vec<String> {
    heading.lines().flat_map(|line| TextMetrics::wrap(line, 130.0, FONT, FontWeight::Bold)).collect()
}

fn weight(bold: bool) -> FontWeight {
    if bold { FontWeight::Bold } else { FontWeight::Regular }
}

fn span_style() -> TextStyle {
    TextStyle::new(SMALL).color(GREY_TEXT)
}
