//! Where the columns of a forest plot stand: each as wide as its widest text.

use kmeta_trial_data::PooledEffect;

use super::{FONT, LINE, ROW, Row, SMALL, cell_style, effect_heading};
use crate::palette::{GREY_TEXT, INK};
use crate::svg::{Anchor, Stroke, Svg, TextStyle};
use crate::text_metrics::{FontWeight, TextMetrics};
use crate::{ForestOptions, sentences};

/// Room at the edges of the figure.
pub(super) const MARGIN: f64 = 12.0;
/// Room between columns.
const GAP: f64 = 14.0;
/// Indentation of studies below a subgroup's heading.
const INDENT: f64 = 12.0;

/// A column of text: its heading (one or two lines), where it stands, and which cell of a row it shows.
struct Column {
    heading: Vec<String>,
    x: f64,
    anchor: Anchor,
    cell: fn(&Row) -> &str,
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
}

impl Layout {
    /// Measures all texts and places the columns.
    pub(super) fn of(result: &PooledEffect, options: &ForestOptions, rows: &[Row]) -> Self {
        let has_weights = result.studies.iter().any(|study| study.weight_random.is_some());
        let has_counts = result.studies.iter().any(|study| study.total.is_some());
        let study_width = study_width(options, rows);
        let mut columns = Vec::new();
        let mut right = MARGIN + study_width;
        if has_counts {
            right = place(&mut columns, rows, right, "Events", |row| &row.events);
            right = place(&mut columns, rows, right, "Total", |row| &row.total);
        }
        if result.studies.iter().any(|study| study.control_total.is_some()) {
            right = place(&mut columns, rows, right, "Control\nevents", |row| &row.control_events);
            right = place(&mut columns, rows, right, "Control\ntotal", |row| &row.control_total);
        }
        let spanning = rows.iter().filter(|row| row.spans);
        let widest_span = spanning.map(|row| span_style().width(&row.label) + INDENT).fold(0.0, f64::max);
        // A line of statistics may be wider than the columns that it spans: everything moves to the right.
        let shift = (MARGIN + widest_span - right).max(0.0);
        for column in &mut columns {
            column.x += shift;
        }
        let left_edge = right + shift + GAP + 6.0;
        let drawing = (left_edge, left_edge + options.drawing_width.clamp(80.0, 2000.0));
        let heading = effect_heading(result, options);
        right = place(&mut columns, rows, drawing.1 + 4.0, &heading, |row| &row.effect);
        let level = format!("{} CI", sentences::level(result.confidence_level));
        right = place_left_aligned(&mut columns, rows, right + 6.0, &level, |row| &row.interval);
        if options.show_weights && has_weights && options.show_common {
            right = place(&mut columns, rows, right, "Weight\n(common)", |row| &row.weight_common);
        }
        if options.show_weights && has_weights && options.show_random {
            right = place(&mut columns, rows, right, "Weight\n(random)", |row| &row.weight_random);
        }
        let width = (right + MARGIN).ceil();
        let title_lines = TextMetrics::wrap(&result.title, width - 2.0 * MARGIN, 14.0, FontWeight::Bold);
        let study_heading = options.study_heading.clone();
        Self { width, drawing, title_lines, study_heading, study_width: study_width + shift, columns }
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
        let two_lines = self.columns.iter().any(|column| column.heading.len() > 1);
        let baseline = if two_lines { y + LINE } else { y };
        svg.text(MARGIN, baseline, &self.study_heading, &cell_style(true, Anchor::Start));
        for column in &self.columns {
            #[allow(clippy::cast_precision_loss, reason = "one or two lines")]
            let first = baseline - (column.heading.len() - 1) as f64 * LINE;
            svg.lines(column.x, first, &column.heading, LINE, &cell_style(true, column.anchor));
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
        for column in &self.columns {
            svg.text(column.x, baseline, (column.cell)(row), &cell_style(row.bold, column.anchor));
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

/// Width of the study column: its widest text, at most what the options allow.
fn study_width(options: &ForestOptions, rows: &[Row]) -> f64 {
    let width = |row: &Row| {
        TextMetrics::width(&row.label, FONT, weight(row.bold)) + if row.indented { INDENT } else { 0.0 }
    };
    let heading = TextMetrics::width(&options.study_heading, FONT, FontWeight::Bold);
    let widest = rows.iter().filter(|row| !row.spans).map(width).fold(heading, f64::max);
    widest.min(options.study_width_max.max(60.0)).max(heading)
}

/// Adds a right-aligned column after `left`; returns its right edge.
fn place(columns: &mut Vec<Column>, rows: &[Row], left: f64, heading: &str, cell: fn(&Row) -> &str) -> f64 {
    let right = left + GAP + column_width(rows, heading, cell);
    columns.push(Column { heading: heading_lines(heading), x: right, anchor: Anchor::End, cell });
    right
}

/// Adds a left-aligned column that starts at `left`; returns its right edge.
fn place_left_aligned(
    columns: &mut Vec<Column>,
    rows: &[Row],
    left: f64,
    heading: &str,
    cell: fn(&Row) -> &str,
) -> f64 {
    columns.push(Column { heading: heading_lines(heading), x: left, anchor: Anchor::Start, cell });
    left + column_width(rows, heading, cell)
}

fn column_width(rows: &[Row], heading: &str, cell: fn(&Row) -> &str) -> f64 {
    let headings = heading_lines(heading);
    let widest_heading =
        headings.iter().map(|line| TextMetrics::width(line, FONT, FontWeight::Bold)).fold(0.0, f64::max);
    rows.iter()
        .map(|row| TextMetrics::width(cell(row), FONT, weight(row.bold)))
        .fold(widest_heading, f64::max)
}

/// A heading as lines: split where the caller says, and between words when it is long.
fn heading_lines(heading: &str) -> Vec<String> {
    heading.lines().flat_map(|line| TextMetrics::wrap(line, 90.0, FONT, FontWeight::Bold)).collect()
}

fn weight(bold: bool) -> FontWeight {
    if bold { FontWeight::Bold } else { FontWeight::Regular }
}

fn span_style() -> TextStyle {
    TextStyle::new(SMALL).color(GREY_TEXT)
}
