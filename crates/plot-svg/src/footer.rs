//! The lines below a figure: statistics, methods and the notice.

use crate::palette::NOTICE;
use crate::svg::{Svg, TextStyle};
use crate::text_metrics::TextMetrics;

/// Font size of the lines.
const SIZE: f64 = 11.0;
/// Distance of the lines.
const LINE: f64 = 15.0;

/// Writes `(text, colour)` lines, wrapped to `width`, and the notice in bold below; returns the lower edge.
pub(crate) fn draw(
    svg: &mut Svg,
    x: f64,
    top: f64,
    width: f64,
    lines: &[(String, &'static str)],
    note: &str,
) -> f64 {
    let mut baseline = top + SIZE;
    for (text, color) in lines {
        let style = TextStyle::new(SIZE).color(color);
        let wrapped = TextMetrics::wrap(text, width, SIZE, style.weight);
        baseline = svg.lines(x, baseline, &wrapped, LINE, &style);
    }
    if !note.trim().is_empty() {
        let style = TextStyle::new(SIZE).bold().color(NOTICE);
        let wrapped = TextMetrics::wrap(note, width, SIZE, style.weight);
        baseline = svg.lines(x, baseline + 3.0, &wrapped, LINE, &style);
    }
    baseline - SIZE
}
