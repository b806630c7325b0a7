//! Estimates of two runs of the same analyses side by side.

use crate::format::fixed;
use crate::palette::{BLUE, GREY_TEXT, GUIDE, INK};
use crate::scale::nice_step;
use crate::svg::{Anchor, Stroke, Svg, TextStyle};
use crate::text_metrics::TextMetrics;
use crate::{Figure, Scale, ScaleKind, footer};

/// A number with the limits it has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberWithLimits {
    /// The number; absent where it is not reached.
    pub value: Option<f64>,
    /// Lower limit.
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: Option<f64>,
}

/// One number before and after; absent on the side where there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct BeforeAfterRow {
    /// What it is.
    pub label: String,
    /// In the old run.
    pub before: Option<NumberWithLimits>,
    /// In the new run.
    pub after: Option<NumberWithLimits>,
}

/// The numbers of one analysis, which share an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct BeforeAfterGroup {
    /// Title of the analysis.
    pub title: String,
    /// Whether the numbers are ratios, which are drawn on a logarithmic axis.
    pub is_ratio: bool,
    /// Its numbers.
    pub rows: Vec<BeforeAfterRow>,
}

const WIDTH: f64 = 760.0;
const MARGIN: f64 = 14.0;
/// Room for the labels of rows.
const LABELS: f64 = 220.0;
/// Where the axis ends and the numbers begin.
const PLOT_END: f64 = 540.0;
const ROW: f64 = 32.0;
const FONT: f64 = 12.0;
const SMALL: f64 = 11.0;
const LINE: f64 = 15.0;
const DIGITS: usize = 4;

/// Every number of two runs as a pair of estimates with their intervals, the old one grey and the new one blue, each
/// analysis on an axis of its own. `before` and `after` name the runs, `note` is shown at the foot.
///
/// ```
/// use kmeta_plot_svg::{BeforeAfterGroup, BeforeAfterRow, NumberWithLimits, before_after_figure};
/// let number = |value, lower, upper| {
///     Some(NumberWithLimits { value: Some(value), lower: Some(lower), upper: Some(upper) })
/// };
/// let row = BeforeAfterRow {
///     label: "random effects".to_owned(),
///     before: number(0.61, 0.45, 0.83),
///     after: number(0.64, 0.50, 0.82),
/// };
/// let group = BeforeAfterGroup { title: "Overall survival".to_owned(), is_ratio: true, rows: vec![row] };
/// assert!(before_after_figure(&[group], "old", "new", "").svg.starts_with("<svg"));
/// ```
pub fn before_after_figure(groups: &[BeforeAfterGroup], before: &str, after: &str, note: &str) -> Figure {
    let mut svg = Svg::new();
    let mut y = legend(&mut svg, before, after);
    for group in groups {
        y = draw_group(&mut svg, group, y + 10.0);
    }
    let bottom = footer::draw(&mut svg, MARGIN, y + 6.0, WIDTH - 2.0 * MARGIN, &[], note);
    let numbers: usize = groups.iter().map(|group| group.rows.len()).sum();
    let alt = format!("{numbers} numbers of {} analyses, {before} against {after}.", groups.len());
    svg.finish(WIDTH, bottom + MARGIN, &format!("{before} against {after}"), alt)
}

fn legend(svg: &mut Svg, before: &str, after: &str) -> f64 {
    let y = MARGIN + FONT;
    let mut x = MARGIN;
    for (name, color) in [(before, GUIDE), (after, BLUE)] {
        svg.line((x, y - 4.0), (x + 22.0, y - 4.0), &Stroke::solid(color, 2.0));
        svg.circle((x + 11.0, y - 4.0), 3.5, color, &Stroke::solid(color, 1.0));
        let style = TextStyle::new(FONT);
        svg.text(x + 28.0, y, name, &style);
        x += 52.0 + style.width(name);
    }
    y + 4.0
}

fn draw_group(svg: &mut Svg, group: &BeforeAfterGroup, top: f64) -> f64 {
    let heading = TextStyle::new(FONT + 1.0).bold();
    let lines = TextMetrics::wrap(&group.title, WIDTH - 2.0 * MARGIN, heading.size, heading.weight);
    let mut y = svg.lines(MARGIN, top + FONT, &lines, LINE + 2.0, &heading) - FONT + 4.0;
    let scale = scale_of(group);
    let start = y;
    for row in &group.rows {
        y = draw_row(svg, row, scale.as_ref(), y);
    }
    if let Some(scale) = scale {
        draw_axis(svg, &scale, (start, y));
        y += 24.0;
    }
    y
}

fn draw_row(svg: &mut Svg, row: &BeforeAfterRow, scale: Option<&Scale>, top: f64) -> f64 {
    let style = TextStyle::new(FONT).color(INK);
    let lines = TextMetrics::wrap(&row.label, LABELS - MARGIN - 10.0, FONT, style.weight);
    let height = ROW.max(LINE * lines.len() as f64 + 6.0);
    let middle = top + height / 2.0;
    let first = middle + 4.0 - LINE * (lines.len() as f64 - 1.0) / 2.0;
    svg.lines(MARGIN, first, &lines, LINE, &style);
    let sides = [(&row.before, -6.5, GUIDE, GREY_TEXT), (&row.after, 6.5, BLUE, INK)];
    for (number, offset, color, text_color) in sides {
        let text = number.as_ref().map_or_else(|| "\u{2013}".to_owned(), in_words);
        svg.text(PLOT_END + 14.0, middle + offset + 4.0, &text, &TextStyle::new(SMALL).color(text_color));
        if let (Some(number), Some(scale)) = (number, scale) {
            draw_number(svg, number, scale, middle + offset, color);
        }
    }
    top + height
}

fn draw_number(svg: &mut Svg, number: &NumberWithLimits, scale: &Scale, y: f64, color: &'static str) {
    let (left, right) = scale.range();
    let at = |value: f64| scale.position(value).clamp(left, right);
    // A limit that is not reached lies beyond the end of the axis.
    if number.lower.is_some() || number.upper.is_some() {
        let from = number.lower.map_or(left, at);
        let to = number.upper.map_or(right, at);
        svg.line((from, y), (to, y), &Stroke::solid(color, 2.0));
    }
    if let Some(value) = number.value {
        svg.circle((at(value), y), 3.5, color, &Stroke::solid(color, 1.0));
    }
}

fn in_words(number: &NumberWithLimits) -> String {
    let shown =
        |value: Option<f64>| value.map_or_else(|| "not reached".to_owned(), |value| fixed(value, DIGITS));
    let limits = match (number.lower, number.upper) {
        (None, None) => return shown(number.value),
        (lower, upper) => format!("[{}, {}]", shown(lower), shown(upper)),
    };
    match number.value {
        Some(value) => format!("{} {limits}", fixed(value, DIGITS)),
        None => limits,
    }
}

/// An axis that covers every number of the group; `None` where there is nothing to draw.
fn scale_of(group: &BeforeAfterGroup) -> Option<Scale> {
    let numbers = group.rows.iter().flat_map(|row| [row.before, row.after]).flatten();
    let all: Vec<f64> = numbers
        .flat_map(|number| [number.value, number.lower, number.upper])
        .flatten()
        .filter(|value| value.is_finite() && (!group.is_ratio || *value > 0.0))
        .collect();
    let lowest = all.iter().copied().reduce(f64::min)?;
    let highest = all.iter().copied().reduce(f64::max)?;
    let (kind, domain) = if group.is_ratio {
        (ScaleKind::Log, (lowest.min(0.9) / 1.05, highest.max(1.1) * 1.05))
    } else {
        let span = if highest > lowest { highest - lowest } else { highest.abs().max(1.0) };
        let step = nice_step(span, 5);
        (ScaleKind::Linear, ((lowest / step + 1e-9).floor() * step, (highest / step + 0.05).ceil() * step))
    };
    Some(Scale::new(kind, domain, (LABELS, PLOT_END)))
}

fn draw_axis(svg: &mut Svg, scale: &Scale, (top, bottom): (f64, f64)) {
    let (left, right) = scale.range();
    svg.line((left, bottom), (right, bottom), &Stroke::solid(INK, 1.0));
    let (lower, upper) = scale.domain();
    if lower < 1.0 && upper > 1.0 && scale.position(1.0) < right && is_logarithmic(scale) {
        let x = scale.position(1.0);
        svg.line((x, top), (x, bottom), &Stroke::dashed(GUIDE, 1.0));
    }
    let style = TextStyle::new(SMALL).anchor(Anchor::Middle).color(INK);
    for tick in scale.ticks(6) {
        let x = scale.position(tick);
        svg.line((x, bottom), (x, bottom + 4.0), &Stroke::solid(INK, 1.0));
        let label = crate::format::shortest(tick);
        let mut place = style.text_box(x, bottom + 16.0, &label);
        place.left -= 4.0;
        place.right += 4.0;
        if !svg.is_taken(&place) {
            svg.text(x, bottom + 16.0, &label, &style);
        }
    }
}

/// Whether equal ratios are equally long.
fn is_logarithmic(scale: &Scale) -> bool {
    let (lower, upper) = scale.domain();
    let (left, right) = scale.range();
    let linear = left + (1.0 - lower) / (upper - lower) * (right - left);
    (scale.position(1.0) - linear).abs() > 1e-6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: f64, lower: f64, upper: f64) -> Option<NumberWithLimits> {
        Some(NumberWithLimits { value: Some(value), lower: Some(lower), upper: Some(upper) })
    }

    #[test]
    fn texts_do_not_overlap_and_absent_numbers_are_dashes() {
        let rows = vec![
            BeforeAfterRow {
                label: "survival at 6 months, with a name that is too long for one line of the column"
                    .to_owned(),
                before: number(0.45, 0.36, 0.55),
                after: number(0.47, 0.37, 0.57),
            },
            BeforeAfterRow {
                label: "median".to_owned(),
                before: None,
                after: Some(NumberWithLimits { value: None, lower: Some(4.0), upper: None }),
            },
        ];
        let mut svg = Svg::new();
        let group = BeforeAfterGroup { title: "Overall survival".to_owned(), is_ratio: false, rows };
        let bottom = draw_group(&mut svg, &group, 10.0);
        let texts = svg.texts();
        for (index, one) in texts.iter().enumerate() {
            assert!(one.right <= WIDTH && one.bottom <= bottom + 6.0, "{one:?}");
            assert!(texts[index + 1..].iter().all(|other| !one.overlaps(other)), "{one:?}");
        }
        assert!(texts.iter().any(|text| text.text == "\u{2013}"));
        assert!(texts.iter().any(|text| text.text == "[4.0000, not reached]"));
    }
}
