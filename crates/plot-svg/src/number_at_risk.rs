//! The numbers at risk below a survival figure, aligned with the ticks of its time axis.

use crate::palette::INK;
use crate::survival_axes::{FONT, MARGIN, SurvivalAxes};
use crate::svg::{Anchor, Svg, TextStyle};
use crate::text_metrics::TextMetrics;

/// Widest a row's name may be before it is wrapped.
const WIDEST_NAME: f64 = 150.0;
/// Distance of rows.
const ROW: f64 = 17.0;

/// One row: a name and numbers at times.
pub(crate) struct RiskLine {
    pub(crate) name: String,
    pub(crate) color: &'static str,
    /// `(time, number)`.
    pub(crate) counts: Vec<(f64, u32)>,
}

/// Room that the names need left of the plot area, so that the number at time 0 stays clear of them.
pub(crate) fn room_for_names(lines: &[RiskLine]) -> f64 {
    let style = TextStyle::new(FONT);
    let name = |line: &RiskLine| name_lines(line).iter().map(|text| style.width(text)).fold(0.0, f64::max);
    let number =
        |line: &RiskLine| line.counts.first().map_or(0.0, |(_, count)| style.width(&count.to_string()) / 2.0);
    let widest = |part: &dyn Fn(&RiskLine) -> f64| lines.iter().map(part).fold(0.0, f64::max);
    if lines.is_empty() { 0.0 } else { MARGIN + widest(&name) + widest(&number) + 14.0 }
}

/// Least distance of ticks at which the numbers do not touch.
pub(crate) fn tick_distance(lines: &[RiskLine]) -> f64 {
    let style = TextStyle::new(FONT);
    let widths = lines.iter().flat_map(|line| &line.counts).map(|(_, count)| style.width(&count.to_string()));
    widths.fold(24.0, f64::max) + 8.0
}

/// Draws the heading and the rows; returns the lower edge.
pub(crate) fn draw(svg: &mut Svg, axes: &SurvivalAxes, lines: &[RiskLine], top: f64) -> f64 {
    if lines.is_empty() {
        return top;
    }
    let mut y = top + 14.0;
    svg.text(MARGIN, y, "Number at risk", &TextStyle::new(FONT).bold());
    y += ROW;
    for line in lines {
        let style = TextStyle::new(FONT).color(line.color);
        let after = svg.lines(MARGIN, y, &name_lines(line), 15.0, &style);
        for &tick in &axes.ticks {
            let slack = 1e-9 * axes.end();
            let count = line.counts.iter().find(|(time, _)| (time - tick).abs() <= slack);
            if let Some((_, count)) = count {
                let style = TextStyle::new(FONT).color(INK).anchor(Anchor::Middle);
                svg.text(axes.x.position(tick), y, &count.to_string(), &style);
            }
        }
        y = after - 15.0 + ROW;
    }
    y - ROW + 6.0
}

fn name_lines(line: &RiskLine) -> Vec<String> {
    TextMetrics::wrap(&line.name, WIDEST_NAME, FONT, crate::FontWeight::Regular)
}
