//! The frame of figures with two axes: title, legend, axes, names beside points, lines below.

use crate::format::shortest;
use crate::palette::{GREY_TEXT, GUIDE, INK};
use crate::scale::{linear_ticks, log_ticks, nice_step};
use crate::svg::{Anchor, Stroke, Svg, TextStyle};
use crate::text_metrics::{FontWeight, TextMetrics};
use crate::{Figure, Scale, ScaleKind, footer};

/// Room at the edges of the figure.
pub(crate) const MARGIN: f64 = 14.0;
/// Font size of tick labels.
pub(crate) const SMALL: f64 = 11.0;
/// Font size of axis titles and the legend.
pub(crate) const FONT: f64 = 12.0;

/// What an axis spans and what is written along it.
#[derive(Debug, Clone)]
pub(crate) struct AxisSpec {
    pub(crate) kind: ScaleKind,
    /// Values at the left (lower) and the right (upper) end.
    pub(crate) domain: (f64, f64),
    pub(crate) title: String,
    pub(crate) ticks: Vec<(f64, String)>,
}

impl AxisSpec {
    /// A linear axis that covers the finite values and ends on ticks.
    pub(crate) fn covering(values: impl IntoIterator<Item = f64>, title: &str, count: usize) -> Self {
        let (lowest, highest) = extent(values);
        let (lowest, highest) =
            if lowest < highest { (lowest, highest) } else { (lowest - 0.5, highest + 0.5) };
        let step = nice_step(highest - lowest, count);
        let lower = (lowest / step + 1e-9).floor() * step;
        let upper = (highest / step - 1e-9).ceil() * step;
        let ticks = linear_ticks(lower, upper, count + 1).into_iter().map(|tick| (tick, shortest(tick)));
        Self {
            kind: ScaleKind::Linear,
            domain: (lower, upper),
            title: title.to_owned(),
            ticks: ticks.collect(),
        }
    }

    /// A linear axis with these ends and ticks where they fall.
    pub(crate) fn linear(domain: (f64, f64), title: &str, count: usize) -> Self {
        let (lower, upper) = (domain.0.min(domain.1), domain.0.max(domain.1));
        let ticks = linear_ticks(lower, upper, count).into_iter().map(|tick| (tick, shortest(tick)));
        Self { kind: ScaleKind::Linear, domain, title: title.to_owned(), ticks: ticks.collect() }
    }

    /// An axis of logarithms with these ends, labelled with the ratios.
    pub(crate) fn of_logarithms(domain: (f64, f64), title: &str, count: usize) -> Self {
        let ticks = log_ticks(domain.0.exp(), domain.1.exp(), count);
        let ticks = ticks.into_iter().map(|tick| (tick.ln(), shortest(tick)));
        Self { kind: ScaleKind::Linear, domain, title: title.to_owned(), ticks: ticks.collect() }
    }

    /// A logarithmic axis of positive values, a little longer than they need.
    pub(crate) fn logarithmic(values: impl IntoIterator<Item = f64>, title: &str, count: usize) -> Self {
        let (lowest, highest) = extent(values.into_iter().filter(|&value| value > 0.0).map(f64::ln));
        let (lowest, highest) =
            if lowest < highest { (lowest, highest) } else { (lowest - 0.7, highest + 0.7) };
        let room = 0.04 * (highest - lowest);
        let domain = ((lowest - room).exp(), (highest + room).exp());
        let ticks = log_ticks(domain.0, domain.1, count).into_iter().map(|tick| (tick, shortest(tick)));
        Self { kind: ScaleKind::Log, domain, title: title.to_owned(), ticks: ticks.collect() }
    }

    /// The effect axis of a measure on the reading scale.
    pub(crate) fn effect(values: impl IntoIterator<Item = f64>, title: &str, is_ratio: bool) -> Self {
        if is_ratio { Self::logarithmic(values, title, 7) } else { Self::covering(values, title, 6) }
    }

    /// Tick labels in percent.
    pub(crate) fn percent(mut self) -> Self {
        for (tick, label) in &mut self.ticks {
            *label = shortest((*tick * 1e10).round() / 1e8);
        }
        self
    }
}

/// Lowest and highest of the finite values; 0 and 1 when there are none.
pub(crate) fn extent(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let start = (f64::INFINITY, f64::NEG_INFINITY);
    let (lowest, highest) = values
        .into_iter()
        .filter(|value| value.is_finite())
        .fold(start, |(lowest, highest), value| (lowest.min(value), highest.max(value)));
    if lowest <= highest { (lowest, highest) } else { (0.0, 1.0) }
}

/// What stands before a name in a legend.
#[derive(Debug, Clone, Copy)]
pub(crate) enum KeyMark {
    Line(Stroke),
    Band(&'static str),
    Framed(&'static str),
    Dot { fill: &'static str, outline: &'static str },
    Diamond(&'static str),
}

/// An entry of a legend.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) label: String,
    pub(crate) mark: KeyMark,
}

impl Key {
    pub(crate) fn new(label: impl Into<String>, mark: KeyMark) -> Self {
        Self { label: label.into(), mark }
    }

    pub(crate) fn dot(label: impl Into<String>, fill: &'static str) -> Self {
        Self::new(label, KeyMark::Dot { fill, outline: "#ffffff" })
    }
}

/// Writes the title, wrapped; returns the lower edge.
pub(crate) fn draw_title(svg: &mut Svg, title: &str, width: f64) -> f64 {
    if title.trim().is_empty() {
        return MARGIN - 4.0;
    }
    let style = TextStyle::new(14.0).bold();
    let lines = TextMetrics::wrap(title, width - 2.0 * MARGIN, style.size, FontWeight::Bold);
    svg.lines(MARGIN, MARGIN + 12.0, &lines, 18.0, &style) - 10.0
}

/// Draws entries beside each other in as many lines as they need; returns the lower edge.
pub(crate) fn draw_keys(svg: &mut Svg, keys: &[Key], left: f64, right: f64, top: f64) -> f64 {
    let style = TextStyle::new(SMALL + 0.5);
    let (mut x, mut y) = (left, top + FONT);
    for key in keys {
        let swatch = if matches!(key.mark, KeyMark::Line(_)) { 24.0 } else { 13.0 };
        let room = right - left - swatch - 6.0;
        let lines = TextMetrics::wrap(&key.label, room, style.size, style.weight);
        let widest = lines.iter().map(|line| style.width(line)).fold(0.0, f64::max);
        let width = swatch + 6.0 + widest;
        if x > left && x + width > right {
            (x, y) = (left, y + 18.0);
        }
        draw_key_mark(svg, key.mark, x, y - 4.0, swatch);
        let after = svg.lines(x + swatch + 6.0, y, &lines, 15.0, &style);
        y = y.max(after - 15.0);
        x += width + 18.0;
    }
    if keys.is_empty() { top } else { y + 7.0 }
}

fn draw_key_mark(svg: &mut Svg, mark: KeyMark, x: f64, y: f64, swatch: f64) {
    let middle = x + swatch / 2.0;
    match mark {
        KeyMark::Line(stroke) => svg.line((x, y), (x + swatch, y), &stroke),
        KeyMark::Band(fill) => svg.rectangle(x, y - 5.5, swatch, 11.0, fill),
        KeyMark::Framed(fill) => svg.framed((x, y - 5.5), (swatch, 11.0), fill, &Stroke::solid(GUIDE, 0.8)),
        KeyMark::Dot { fill, outline } => svg.circle((middle, y), 4.2, fill, &Stroke::solid(outline, 1.0)),
        KeyMark::Diamond(fill) => draw_diamond(svg, (middle, y), 5.5, fill),
    }
}

/// A small diamond.
pub(crate) fn draw_diamond(svg: &mut Svg, (x, y): (f64, f64), half: f64, fill: &str) {
    svg.polygon(&[(x - half, y), (x, y - half), (x + half, y), (x, y + half)], fill, 1.0, None);
}

/// What a chart needs before anything is drawn in it.
pub(crate) struct ChartSpec<'a> {
    pub(crate) title: &'a str,
    pub(crate) width: f64,
    pub(crate) plot_height: f64,
    pub(crate) x: AxisSpec,
    pub(crate) y: AxisSpec,
    pub(crate) keys: Vec<Key>,
    /// Room right of the plot area, for a second axis or names.
    pub(crate) right_room: f64,
    /// Room above the plot area, for what stands there.
    pub(crate) top_room: f64,
}

/// A chart under construction.
pub(crate) struct Chart {
    pub(crate) svg: Svg,
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    width: f64,
    x_axis: AxisSpec,
    y_axis: AxisSpec,
}

impl Chart {
    /// Writes title and legend and measures the axes.
    pub(crate) fn new(spec: ChartSpec<'_>) -> Self {
        let width = spec.width.clamp(320.0, 3000.0);
        let mut svg = Svg::new();
        let mut top = draw_title(&mut svg, spec.title, width);
        top = draw_keys(&mut svg, &spec.keys, MARGIN, width - MARGIN, top + 2.0) + 10.0 + spec.top_room;
        let style = TextStyle::new(SMALL);
        let widest = spec.y.ticks.iter().map(|(_, label)| style.width(label)).fold(12.0, f64::max);
        let left = MARGIN + FONT + 10.0 + widest + 8.0;
        let right = width - MARGIN - 6.0 - spec.right_room;
        let bottom = top + spec.plot_height.clamp(100.0, 3000.0);
        Self {
            svg,
            x: Scale::new(spec.x.kind, spec.x.domain, (left, right)),
            y: Scale::new(spec.y.kind, spec.y.domain, (bottom, top)),
            width,
            x_axis: spec.x,
            y_axis: spec.y,
        }
    }

    /// The pixel of a pair of values.
    pub(crate) fn point(&self, x: f64, y: f64) -> (f64, f64) {
        (self.x.position(x), self.y.position(y))
    }

    /// Left, top, right and lower edge of the plot area.
    pub(crate) fn area(&self) -> Area {
        let ((left, right), (bottom, top)) = (self.x.range(), self.y.range());
        Area { left, top, right, bottom }
    }

    /// A horizontal line at a value, from edge to edge.
    pub(crate) fn horizontal(&mut self, value: f64, stroke: &Stroke) {
        let (area, y) = (self.area(), self.y.position(value));
        if y >= area.top - 0.01 && y <= area.bottom + 0.01 {
            self.svg.line((area.left, y), (area.right, y), stroke);
        }
    }

    /// A vertical line at a value, from edge to edge.
    pub(crate) fn vertical(&mut self, value: f64, stroke: &Stroke) {
        let (area, x) = (self.area(), self.x.position(value));
        if x >= area.left - 0.01 && x <= area.right + 0.01 {
            self.svg.line((x, area.top), (x, area.bottom), stroke);
        }
    }

    /// A line through values, cut at the edges of the plot area.
    pub(crate) fn curve(&mut self, values: &[(f64, f64)], stroke: &Stroke) {
        let area = self.area();
        let points: Vec<(f64, f64)> = values.iter().map(|&(x, y)| self.point(x, y)).collect();
        for piece in clip(&points, &area) {
            self.svg.polyline(&piece, stroke);
        }
    }

    /// Draws both axes with ticks and titles.
    pub(crate) fn draw_axes(&mut self) {
        let area = self.area();
        let line = Stroke::solid(INK, 1.0);
        let svg = &mut self.svg;
        svg.line((area.left, area.top), (area.left, area.bottom), &line);
        svg.line((area.left, area.bottom), (area.right, area.bottom), &line);
        let style = TextStyle::new(SMALL);
        for (value, label) in &self.y_axis.ticks {
            let y = self.y.position(*value);
            svg.line((area.left - 4.0, y), (area.left, y), &line);
            write_if_free(svg, (area.left - 7.0, y + 4.0), label, &style.anchor(Anchor::End), 0.0);
        }
        for (value, label) in &self.x_axis.ticks {
            let x = self.x.position(*value);
            svg.line((x, area.bottom), (x, area.bottom + 4.0), &line);
            write_if_free(svg, (x, area.bottom + 17.0), label, &style.anchor(Anchor::Middle), 4.0);
        }
        draw_axis_titles(svg, &area, &self.x_axis.title, &self.y_axis.title);
    }

    /// Names beside points, where each touches neither text nor point nor edge. `points` are pixels and radii.
    pub(crate) fn name_points(&mut self, points: &[(f64, f64, f64)], names: &[&str]) {
        let area = self.area();
        for (&(x, y, radius), name) in points.iter().zip(names) {
            name_point(&mut self.svg, &area, name, (x, y), radius, points);
        }
    }

    /// Names one point, where there is room.
    pub(crate) fn name_point(
        &mut self,
        (x, y, radius): (f64, f64, f64),
        name: &str,
        points: &[(f64, f64, f64)],
    ) {
        let area = self.area();
        name_point(&mut self.svg, &area, name, (x, y), radius, points);
    }

    /// The finished figure, with lines of text below.
    pub(crate) fn finish(
        mut self,
        lines: &[(String, &'static str)],
        note: &str,
        title: &str,
        alt: String,
    ) -> Figure {
        let has_title = !self.x_axis.title.is_empty();
        let below = self.area().bottom + if has_title { 46.0 } else { 26.0 };
        let bottom = footer::draw(&mut self.svg, MARGIN, below, self.width - 2.0 * MARGIN, lines, note);
        self.svg.finish(self.width, bottom + MARGIN - 4.0, title, alt)
    }
}

/// Edges of a plot area, in pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

/// Titles of both axes; those longer than their axis are wrapped (below) or shrunk (beside).
pub(crate) fn draw_axis_titles(svg: &mut Svg, area: &Area, x_title: &str, y_title: &str) {
    let style = TextStyle::new(FONT);
    let middle = (area.left + area.right) / 2.0;
    let size = (FONT * (area.right - area.left + 40.0) / style.width(x_title).max(1.0)).min(FONT);
    svg.text(middle, area.bottom + 35.0, x_title, &TextStyle { size, ..style }.anchor(Anchor::Middle));
    if !y_title.is_empty() {
        let size = (FONT * (area.bottom - area.top) / style.width(y_title).max(1.0)).min(FONT);
        svg.vertical_text(
            MARGIN + 9.0,
            (area.top + area.bottom) / 2.0,
            y_title,
            &TextStyle { size, ..style },
        );
    }
}

/// Writes a text unless it would touch another; `room` is kept free on both sides.
pub(crate) fn write_if_free(svg: &mut Svg, (x, y): (f64, f64), text: &str, style: &TextStyle, room: f64) {
    let mut place = style.text_box(x, y, text);
    place.left -= room;
    place.right += room;
    if !svg.is_taken(&place) {
        svg.text(x, y, text, style);
    }
}

/// Writes a name right, left, above or below its point, where it touches neither text nor point nor edge.
pub(crate) fn name_point(
    svg: &mut Svg,
    area: &Area,
    name: &str,
    (x, y): (f64, f64),
    radius: f64,
    points: &[(f64, f64, f64)],
) {
    let style = TextStyle::new(10.0).color(GREY_TEXT);
    let spots = [
        (x + radius + 3.0, y + 3.5, Anchor::Start),
        (x - radius - 3.0, y + 3.5, Anchor::End),
        (x, y - radius - 4.0, Anchor::Middle),
        (x, y + radius + 12.0, Anchor::Middle),
    ];
    let free = |(x, y, anchor): &(f64, f64, Anchor)| {
        let place = style.anchor(*anchor).text_box(*x, *y, name);
        let inside = place.left >= area.left + 2.0
            && place.right <= area.right
            && place.top >= area.top
            && place.bottom <= area.bottom - 2.0;
        let on_point = |&(x, y, radius): &(f64, f64, f64)| {
            x + radius > place.left
                && x - radius < place.right
                && y + radius > place.top
                && y - radius < place.bottom
        };
        inside && !points.iter().any(on_point) && !svg.is_taken(&place)
    };
    if let Some((x, y, anchor)) = spots.into_iter().find(free) {
        svg.text_over_lines(x, y, name, &style.anchor(anchor));
    }
}

/// The pieces of a line of pixels inside an area (Liang & Barsky's parameters for each segment).
fn clip(points: &[(f64, f64)], area: &Area) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    for pair in points.windows(2) {
        let Some((from, to)) = clip_segment(pair[0], pair[1], area) else { continue };
        match pieces.last_mut() {
            Some(piece) if piece.last() == Some(&from) => piece.push(to),
            _ => pieces.push(vec![from, to]),
        }
    }
    pieces
}

/// A convex polygon, or one that winds along a curve, without what lies outside an area (Sutherland & Hodgman).
pub(crate) fn cut(corners: &[(f64, f64)], area: &Area) -> Vec<(f64, f64)> {
    // How far inside each edge a point lies: factors of x and y, and a constant.
    let edges =
        [(1.0, 0.0, -area.left), (-1.0, 0.0, area.right), (0.0, 1.0, -area.top), (0.0, -1.0, area.bottom)];
    let mut corners = corners.to_vec();
    for (along, down, constant) in edges {
        let inside = |point: &(f64, f64)| along * point.0 + down * point.1 + constant;
        let mut kept = Vec::with_capacity(corners.len() + 2);
        for (index, point) in corners.iter().enumerate() {
            let before = &corners[(index + corners.len() - 1) % corners.len()];
            let (one, two) = (inside(before), inside(point));
            if (one >= 0.0) != (two >= 0.0) {
                let part = one / (one - two);
                kept.push((before.0 + part * (point.0 - before.0), before.1 + part * (point.1 - before.1)));
            }
            if two >= 0.0 {
                kept.push(*point);
            }
        }
        corners = kept;
    }
    corners
}

/// A segment's part inside an area.
fn clip_segment((x0, y0): (f64, f64), (x1, y1): (f64, f64), area: &Area) -> Option<((f64, f64), (f64, f64))> {
    if ![x0, y0, x1, y1].iter().all(|value| value.is_finite()) {
        return None;
    }
    let (dx, dy) = (x1 - x0, y1 - y0);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    let edges = [(-dx, x0 - area.left), (dx, area.right - x0), (-dy, y0 - area.top), (dy, area.bottom - y0)];
    for (direction, distance) in edges {
        if direction == 0.0 {
            if distance < 0.0 {
                return None;
            }
            continue;
        }
        let part = distance / direction;
        if direction < 0.0 {
            enter = enter.max(part);
        } else {
            leave = leave.min(part);
        }
    }
    let at = |part: f64| {
        if part == 0.0 {
            (x0, y0)
        } else if part == 1.0 {
            (x1, y1)
        } else {
            (x0 + part * dx, y0 + part * dy)
        }
    };
    (enter <= leave).then(|| (at(enter), at(leave)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_the_plot_area() {
        let area = Area { left: 0.0, top: 0.0, right: 10.0, bottom: 10.0 };
        let pieces = clip(&[(-5.0, 5.0), (5.0, 5.0), (5.0, 15.0), (20.0, 15.0)], &area);
        assert_eq!(pieces, [vec![(0.0, 5.0), (5.0, 5.0), (5.0, 10.0)]]);
        assert!(clip(&[(-5.0, -5.0), (-1.0, 20.0)], &area).is_empty());
        assert!(clip(&[(f64::NAN, 0.0), (1.0, 1.0)], &area).is_empty());
    }

    #[test]
    fn polygons_are_cut_at_the_plot_area() {
        let area = Area { left: 0.0, top: 0.0, right: 10.0, bottom: 10.0 };
        let funnel = cut(&[(5.0, 0.0), (-5.0, 10.0), (15.0, 10.0)], &area);
        assert_eq!(funnel, [(10.0, 5.0), (5.0, 0.0), (0.0, 5.0), (0.0, 10.0), (10.0, 10.0)]);
        assert!(cut(&[(-5.0, 0.0), (-9.0, 10.0), (-1.0, 10.0)], &area).is_empty());
        assert!(cut(&[], &area).is_empty());
    }

    #[test]
    fn axes_cover_their_values_and_end_on_ticks() {
        let axis = AxisSpec::covering([0.013, 0.47, f64::NAN], "", 5);
        assert_eq!(axis.domain, (0.0, 0.5));
        assert_eq!(axis.ticks.first().map(|tick| tick.1.as_str()), Some("0"));
        let percent = axis.percent();
        assert_eq!(percent.ticks.last().map(|tick| tick.1.as_str()), Some("50"));
        let axis = AxisSpec::of_logarithms((0.5_f64.ln(), 2.0_f64.ln()), "", 7);
        assert!(axis.ticks.iter().any(|(value, label)| *value == 0.0 && label == "1"));
        assert_eq!(AxisSpec::covering([], "", 5).domain, (0.0, 1.0));
    }
}
