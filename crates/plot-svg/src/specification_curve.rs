//! The specification curve: every way to analyse the data that could be defended, sorted by what it gives.

use kmeta_trial_data::{EffectMeasure, Interval};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chart::{
    Area, AxisSpec, Key, KeyMark, MARGIN, SMALL, draw_diamond, draw_keys, draw_title, write_if_free,
};
use crate::format::{fixed, percent, shortest};
use crate::palette::{BLUE, GREY_TEXT, GUIDE, INK, LIGHT_BLUE, TRIAL_GREY, VERMILION};
use crate::svg::{Anchor, Stroke, Svg, TextStyle};
use crate::text_metrics::{FontWeight, TextMetrics};
use crate::{Figure, Scale, ScaleKind, footer, sentences};

/// One decision that an analysis has to take, for example the estimator of tau-squared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChoiceAxis {
    /// What is decided.
    pub name: String,
    /// The options among which one is chosen.
    pub options: Vec<String>,
}

/// One way to analyse the data, with its result on the reading scale (a proportion, a hazard ratio).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Specification {
    /// The pooled effect.
    pub estimate: f64,
    /// Its interval.
    pub interval: Option<Interval>,
    /// For each axis, the position (from 0) of the chosen option.
    pub choices: Vec<usize>,
    /// Whether the protocol chose this.
    pub is_protocol: bool,
    /// Whether the choice can be defended; what can only be computed is drawn in grey.
    pub is_plausible: bool,
}

/// All specifications of one analysis (Simonsohn, Simmons & Nelson 2020; for meta-analysis Voracek, Kossmeier & Tran
/// 2019).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpecificationCurve {
    /// Title above the figure.
    pub title: String,
    /// Scale of the effects; logarithms of ratios are read as ratios on a logarithmic axis.
    pub measure: EffectMeasure,
    /// What is decided, in the order of the rows below the curve.
    pub axes: Vec<ChoiceAxis>,
    /// The specifications in any order.
    pub specifications: Vec<Specification>,
    /// Effects at which a decision changes, on the reading scale, for example a response rate of 0.1.
    pub decision_lines: Vec<f64>,
}

/// Choices about a specification curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SpecificationCurveOptions {
    /// Show proportions as percentages.
    pub percent: bool,
    /// Decimals of effects below the figure; 2 when left out, 1 for percentages.
    pub effect_digits: Option<usize>,
    /// Width of the figure in pixels.
    pub width: f64,
    /// Height of the upper panel in pixels.
    pub plot_height: f64,
    /// A notice shown at the foot of the figure.
    pub note: String,
}

impl Default for SpecificationCurveOptions {
    fn default() -> Self {
        Self { percent: true, effect_digits: None, width: 760.0, plot_height: 240.0, note: String::new() }
    }
}

/// Height of a row of the matrix.
const ROW: f64 = 15.0;
/// Widest that the names of options may become before they are wrapped.
const WIDEST_NAME: f64 = 190.0;
/// Least distance of two specifications that are drawn one by one, in pixels.
const SMALLEST_STEP: f64 = 2.0;

/// The specification curve: above, estimates in ascending order with their intervals, those of the protocol as a
/// diamond, and the lines at which a decision changes; below, a matrix that says which options each specification
/// took. Where there are more specifications than the width can show one by one, each column stands for neighbours in
/// the order: the band joins the means of their limits, and the matrix is the darker the more of them took the option.
/// Specifications without a finite estimate are counted below, not drawn.
pub fn specification_curve(curve: &SpecificationCurve, options: &SpecificationCurveOptions) -> Figure {
    let mut order: Vec<&Specification> =
        curve.specifications.iter().filter(|one| usable(curve, one.estimate)).collect();
    order.sort_by(|one, two| one.estimate.total_cmp(&two.estimate));
    let drawing = Drawing::new(curve, options, order);
    drawing.draw()
}

fn usable(curve: &SpecificationCurve, value: f64) -> bool {
    value.is_finite() && (value > 0.0 || !curve.measure.is_log_ratio())
}

struct Drawing<'a> {
    curve: &'a SpecificationCurve,
    options: &'a SpecificationCurveOptions,
    order: Vec<&'a Specification>,
    width: f64,
    left: f64,
    right: f64,
}

impl<'a> Drawing<'a> {
    fn new(
        curve: &'a SpecificationCurve,
        options: &'a SpecificationCurveOptions,
        order: Vec<&'a Specification>,
    ) -> Self {
        let width = options.width.clamp(360.0, 3000.0);
        let style = TextStyle::new(SMALL);
        let names = curve.axes.iter().flat_map(|axis| {
            let bold = TextMetrics::width(&axis.name, SMALL, FontWeight::Bold);
            axis.options.iter().map(move |name| style.width(name) + 8.0).chain([bold])
        });
        let widest = names.fold(70.0, f64::max).min(WIDEST_NAME).min(0.4 * width);
        Self { curve, options, order, width, left: MARGIN + widest + 12.0, right: width - MARGIN - 6.0 }
    }

    fn draw(self) -> Figure {
        let mut svg = Svg::new();
        let top = draw_title(&mut svg, &self.curve.title, self.width);
        let top = draw_keys(&mut svg, &self.keys(), MARGIN, self.width - MARGIN, top + 2.0) + 10.0;
        let bottom = top + self.options.plot_height.clamp(120.0, 3000.0);
        let scale = self.draw_curve(&mut svg, (top, bottom));
        self.draw_decision_lines(&mut svg, &scale);
        let bottom = self.draw_matrix(&mut svg, bottom + 14.0);
        let lines = self.lines();
        let bottom = footer::draw(
            &mut svg,
            MARGIN,
            bottom + 10.0,
            self.width - 2.0 * MARGIN,
            &lines,
            &self.options.note,
        );
        let alt = self.alt_text(&lines);
        svg.finish(self.width, bottom + MARGIN - 4.0, &self.curve.title, alt)
    }

    fn keys(&self) -> Vec<Key> {
        let mut keys = vec![
            Key::dot("Estimate", BLUE),
            Key::new("Its interval", KeyMark::Band(LIGHT_BLUE)),
            Key::new("Protocol", KeyMark::Diamond(VERMILION)),
        ];
        if self.order.iter().any(|one| !one.is_plausible) {
            keys.push(Key::dot("Possible, not defended", TRIAL_GREY));
        }
        if !self.curve.decision_lines.is_empty() {
            keys.push(Key::new("Decision line", KeyMark::Line(decision_stroke())));
        }
        keys
    }

    /// Pixel of a position in the order.
    fn x(&self, position: usize) -> f64 {
        self.left + (position as f64 + 0.5) * self.step()
    }

    fn step(&self) -> f64 {
        (self.right - self.left) / self.order.len().max(1) as f64
    }

    fn is_dense(&self) -> bool {
        self.step() < SMALLEST_STEP
    }

    /// Neighbours that share a column, as ranges of positions.
    fn columns(&self) -> Vec<(usize, usize)> {
        let count = self.order.len();
        let columns = if self.is_dense() {
            (((self.right - self.left) / SMALLEST_STEP) as usize).clamp(1, count.max(1))
        } else {
            count
        };
        (0..columns).map(|column| (column * count / columns, (column + 1) * count / columns)).collect()
    }

    fn axis(&self) -> AxisSpec {
        let level = self.protocol().map(|one| one.estimate);
        let values = self
            .order
            .iter()
            .map(|one| one.estimate)
            .chain(self.curve.decision_lines.iter().copied())
            .chain(level)
            .chain(self.limits_to_show());
        let axis = AxisSpec::effect(values, self.effect_name(), self.curve.measure.is_log_ratio());
        if self.shows_percent() { axis.percent() } else { axis }
    }

    /// Limits that the axis covers: all of a bounded measure, those of the inner 98 % of ratios and differences, one
    /// of which can be without end.
    fn limits_to_show(&self) -> Vec<f64> {
        let intervals = || self.order.iter().filter_map(|one| one.interval);
        let sorted = |limit: fn(Interval) -> f64| {
            let mut limits: Vec<f64> =
                intervals().map(limit).filter(|&value| usable(self.curve, value)).collect();
            limits.sort_by(f64::total_cmp);
            limits
        };
        let (lower, upper) = (sorted(|limits| limits.lower), sorted(|limits| limits.upper));
        let cut = |count: usize| if self.curve.measure.is_proportion() { 0 } else { count / 100 };
        let lowest = lower.get(cut(lower.len())).copied();
        let highest = upper.len().checked_sub(1 + cut(upper.len())).map(|index| upper[index]);
        lowest.into_iter().chain(highest).collect()
    }

    fn protocol(&self) -> Option<&&Specification> {
        self.order.iter().find(|one| one.is_protocol)
    }

    fn draw_curve(&self, svg: &mut Svg, (top, bottom): (f64, f64)) -> Scale {
        let axis = self.axis();
        let scale = Scale::new(axis.kind, axis.domain, (bottom, top));
        let y = |value: f64| clamp_pixel(&scale, value);
        if let Some(value) = self.curve.measure.no_effect() {
            let y = y(value);
            svg.line((self.left, y), (self.right, y), &Stroke::solid(GUIDE, 1.0));
        }
        if self.is_dense() {
            self.draw_band(svg, &scale);
        } else {
            let stroke_width = (0.5 * self.step()).clamp(0.7, 2.2);
            for (position, one) in self.order.iter().enumerate() {
                let Some(limits) = one.interval else { continue };
                let color = if one.is_plausible { LIGHT_BLUE } else { "#dcdcdc" };
                let x = self.x(position);
                svg.line((x, y(limits.lower)), (x, y(limits.upper)), &Stroke::solid(color, stroke_width));
            }
        }
        self.draw_estimates(svg, &scale);
        let area = Area { left: self.left, top, right: self.right, bottom };
        draw_effect_axis(svg, &scale, &axis, &area);
        scale
    }

    /// Means of the limits of each column, joined.
    fn draw_band(&self, svg: &mut Svg, scale: &Scale) {
        let mut upper = Vec::new();
        let mut lower = Vec::new();
        for (first, end) in self.columns() {
            let x = (self.x(first) + self.x(end - 1)) / 2.0;
            let limits: Vec<(f64, f64)> = self.order[first..end]
                .iter()
                .filter_map(|one| one.interval)
                .map(|limits| (clamp_pixel(scale, limits.lower), clamp_pixel(scale, limits.upper)))
                .collect();
            if !limits.is_empty() {
                let mean =
                    |part: fn(&(f64, f64)) -> f64| limits.iter().map(part).sum::<f64>() / limits.len() as f64;
                lower.push((x, mean(|limits| limits.0)));
                upper.push((x, mean(|limits| limits.1)));
            }
        }
        upper.extend(lower.into_iter().rev());
        svg.polygon(&upper, LIGHT_BLUE, 0.6, None);
    }

    fn draw_estimates(&self, svg: &mut Svg, scale: &Scale) {
        let radius = (0.42 * self.step()).clamp(1.1, 3.2);
        for (first, end) in self.columns() {
            // Of neighbours that share a column one stands for all: they differ by less than the dot.
            let middle = (first + end) / 2;
            let one = self.order[middle.min(end - 1)];
            let color = if one.is_plausible { BLUE } else { TRIAL_GREY };
            svg.disc((self.x(middle.min(end - 1)), clamp_pixel(scale, one.estimate)), radius, color, 1.0);
        }
        for (position, one) in self.order.iter().enumerate().filter(|(_, one)| one.is_protocol) {
            let (x, y) = (self.x(position), clamp_pixel(scale, one.estimate));
            if let Some(limits) = one.interval {
                let (from, to) = (clamp_pixel(scale, limits.lower), clamp_pixel(scale, limits.upper));
                svg.line((x, from), (x, to), &Stroke::solid(VERMILION, 1.6));
            }
            draw_diamond(svg, (x, y), 6.0, VERMILION);
        }
    }

    fn draw_decision_lines(&self, svg: &mut Svg, scale: &Scale) {
        let style = TextStyle::new(SMALL).color(VERMILION);
        for &value in self.curve.decision_lines.iter().filter(|&&value| usable(self.curve, value)) {
            let y = clamp_pixel(scale, value);
            svg.line((self.left, y), (self.right, y), &decision_stroke());
            let text = if self.shows_percent() { percent_text(value) } else { shortest(value) };
            // At the end that the protocol's line is far from.
            let position = self.order.iter().position(|one| one.is_protocol).map(|position| self.x(position));
            let at_left = position.is_none_or(|x| x > self.left + 60.0);
            let (x, anchor) =
                if at_left { (self.left + 5.0, Anchor::Start) } else { (self.right - 3.0, Anchor::End) };
            let style = style.anchor(anchor);
            if !svg.is_taken(&style.text_box(x, y - 4.0, &text)) {
                svg.text_over_lines(x, y - 4.0, &text, &style);
            }
        }
    }

    /// Which option each specification took; returns the lower edge.
    fn draw_matrix(&self, svg: &mut Svg, top: f64) -> f64 {
        let columns = self.columns();
        let room = self.left - MARGIN - 12.0;
        let mut y = top;
        for (index, axis) in self.curve.axes.iter().enumerate() {
            let heading = TextStyle::new(SMALL).bold();
            let lines = TextMetrics::wrap(&axis.name, room, SMALL, FontWeight::Bold);
            y = svg.lines(MARGIN, y + 11.0, &lines, 13.0, &heading) - 9.0;
            for (option, name) in axis.options.iter().enumerate() {
                let lines = TextMetrics::wrap(name, room - 8.0, SMALL, FontWeight::Regular);
                svg.lines(MARGIN + 8.0, y + 11.0, &lines, 13.0, &TextStyle::new(SMALL));
                self.draw_row(svg, &columns, (index, option), y);
                y += ROW + 13.0 * (lines.len() as f64 - 1.0);
            }
            y += 5.0;
        }
        self.mark_protocol(svg, top, y - 5.0);
        y
    }

    fn draw_row(&self, svg: &mut Svg, columns: &[(usize, usize)], (axis, option): (usize, usize), top: f64) {
        let middle = top + ROW / 2.0;
        svg.line((self.left, middle), (self.right, middle), &Stroke::solid("#ececec", 1.0));
        let takes = |one: &Specification| one.choices.get(axis) == Some(&option);
        if !self.is_dense() {
            let width = (0.6 * self.step()).clamp(1.0, 5.0);
            for (position, one) in self.order.iter().enumerate().filter(|(_, one)| takes(one)) {
                let color = match (one.is_protocol, one.is_plausible) {
                    (true, _) => VERMILION,
                    (_, true) => INK,
                    _ => TRIAL_GREY,
                };
                svg.rectangle(self.x(position) - width / 2.0, middle - 4.5, width, 9.0, color);
            }
            return;
        }
        for (first, end, tenths) in shaded_runs(&self.order, columns, takes) {
            let (from, to) = (self.x(first) - self.step() / 2.0, self.x(end - 1) + self.step() / 2.0);
            svg.shade(from, middle - 5.5, to - from, 11.0, INK, f64::from(tenths) / 10.0);
        }
        if let Some(position) = self.order.iter().position(|one| one.is_protocol && takes(one)) {
            svg.rectangle(self.x(position) - 1.5, middle - 6.0, 3.0, 12.0, VERMILION);
        }
    }

    /// A faint line from the protocol's estimate through its choices.
    fn mark_protocol(&self, svg: &mut Svg, top: f64, bottom: f64) {
        if let Some(position) = self.order.iter().position(|one| one.is_protocol) {
            let x = self.x(position);
            svg.line(
                (x, top - 12.0),
                (x, bottom),
                &Stroke { dashes: "1.5 2.5", ..Stroke::solid(VERMILION, 0.8) },
            );
        }
    }

    fn lines(&self) -> Vec<(String, &'static str)> {
        let mut lines = Vec::new();
        let count = self.order.len();
        if let (Some(first), Some(last)) = (self.order.first(), self.order.last()) {
            let median = median(&self.order);
            let mut text = format!(
                "{} {}: estimates from {} to {}, median {}",
                thousands(count),
                if count == 1 { "specification" } else { "specifications" },
                self.number(first.estimate),
                self.number(last.estimate),
                self.number(median)
            );
            if let Some(protocol) = self.protocol() {
                text.push_str(&format!("; the protocol's is {}", self.number(protocol.estimate)));
            }
            lines.push((format!("{text}."), INK));
        }
        let share = |value: f64| {
            let below = self.order.iter().filter(|one| one.estimate < value).count();
            let below = below as f64 / count.max(1) as f64;
            format!(
                "{} below and {} at or above {}",
                percent(below, 1),
                percent(1.0 - below, 1),
                self.number(value)
            )
        };
        if count > 0 && !self.curve.decision_lines.is_empty() {
            let shares: Vec<String> = self.curve.decision_lines.iter().map(|&value| share(value)).collect();
            lines.push((format!("Share of specifications: {}.", shares.join("; ")), INK));
        }
        if self.is_dense() {
            let text = "Columns of the lower panel are the darker the more neighbouring specifications took the option; \
                        the band joins the means of their limits.";
            lines.push((text.to_owned(), GREY_TEXT));
        }
        let left_out = self.curve.specifications.len() - count;
        if left_out > 0 {
            lines.push((format!("{} specifications gave no estimate.", thousands(left_out)), GREY_TEXT));
        }
        lines
    }

    fn alt_text(&self, lines: &[(String, &'static str)]) -> String {
        let text: Vec<&str> = lines.iter().map(|line| line.0.as_str()).collect();
        format!("Specification curve of {}. {}", self.curve.title, text.join(" "))
    }

    fn shows_percent(&self) -> bool {
        self.options.percent && self.curve.measure.is_proportion()
    }

    fn effect_name(&self) -> &'static str {
        if self.shows_percent() { "Percent" } else { sentences::effect_name(self.curve.measure) }
    }

    fn number(&self, value: f64) -> String {
        if self.shows_percent() {
            percent(value, self.options.effect_digits.unwrap_or(1))
        } else {
            fixed(value, self.options.effect_digits.unwrap_or(2))
        }
    }
}

fn decision_stroke() -> Stroke {
    Stroke::dashed(VERMILION, 1.2)
}

/// Position on the axis, kept inside it.
fn clamp_pixel(scale: &Scale, value: f64) -> f64 {
    let (bottom, top) = scale.range();
    match value {
        _ if value.is_nan() => bottom,
        f64::INFINITY => top,
        _ if scale_is_log(scale) && value <= 0.0 => bottom,
        _ => scale.position(value).clamp(top.min(bottom), top.max(bottom)),
    }
}

fn scale_is_log(scale: &Scale) -> bool {
    scale.kind() == ScaleKind::Log
}

/// Ticks, line and title of the effect axis; the title stands upright where the names below leave room.
fn draw_effect_axis(svg: &mut Svg, scale: &Scale, axis: &AxisSpec, area: &Area) {
    let line = Stroke::solid(INK, 1.0);
    svg.line((area.left, area.top), (area.left, area.bottom), &line);
    let style = TextStyle::new(SMALL).anchor(Anchor::End);
    let mut widest = 0.0_f64;
    for (value, label) in &axis.ticks {
        let y = scale.position(*value);
        svg.line((area.left - 4.0, y), (area.left, y), &line);
        write_if_free(svg, (area.left - 7.0, y + 4.0), label, &style, 0.0);
        widest = widest.max(style.width(label));
    }
    let style = TextStyle::new(12.0);
    let size = (12.0 * (area.bottom - area.top) / style.width(&axis.title).max(1.0)).min(12.0);
    let x = area.left - 7.0 - widest - 10.0;
    svg.vertical_text(x, (area.top + area.bottom) / 2.0, &axis.title, &TextStyle { size, ..style });
}

/// Runs of columns whose share of specifications that took an option is alike, in tenths; those without are left out.
fn shaded_runs(
    order: &[&Specification],
    columns: &[(usize, usize)],
    takes: impl Fn(&Specification) -> bool,
) -> Vec<(usize, usize, u8)> {
    let mut runs: Vec<(usize, usize, u8)> = Vec::new();
    for &(first, end) in columns {
        let taking = order[first..end].iter().filter(|one| takes(one)).count();
        let tenths = (10.0 * taking as f64 / (end - first).max(1) as f64).ceil() as u8;
        match runs.last_mut() {
            Some(run) if run.2 == tenths && run.1 == first => run.1 = end,
            _ => runs.push((first, end, tenths)),
        }
    }
    runs.retain(|run| run.2 > 0);
    runs
}

/// Median of sorted specifications.
fn median(order: &[&Specification]) -> f64 {
    let half = order.len() / 2;
    if order.len() % 2 == 1 {
        order[half].estimate
    } else {
        (order[half - 1].estimate + order[half].estimate) / 2.0
    }
}

/// "8,191".
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn percent_text(value: f64) -> String {
    format!("{}%", shortest((value * 1e8).round() / 1e6))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_data::{assert_figure_is_readable, specifications};

    #[test]
    fn texts_are_apart_with_few_and_many_specifications() {
        for count in [1, 7, 96, 312, 10_000] {
            for measure in [EffectMeasure::FreemanTukey, EffectMeasure::LogHazardRatio] {
                let curve = specifications(count, measure);
                for width in [380.0, 760.0] {
                    let options = SpecificationCurveOptions { width, ..Default::default() };
                    assert_figure_is_readable(&specification_curve(&curve, &options));
                }
            }
        }
    }

    #[test]
    fn shares_on_both_sides_of_a_decision_line_are_counted() {
        let mut curve = specifications(4, EffectMeasure::Raw);
        for (one, estimate) in curve.specifications.iter_mut().zip([0.05, 0.08, 0.1, 0.2]) {
            one.estimate = estimate;
        }
        curve.decision_lines = vec![0.1];
        let figure = specification_curve(&curve, &Default::default());
        assert!(figure.alt_text.contains("50.0% below and 50.0% at or above 10.0%"), "{}", figure.alt_text);
        assert!(figure.alt_text.contains("median 9.0%"), "{}", figure.alt_text);
    }

    #[test]
    fn what_gave_no_estimate_is_counted() {
        let mut curve = specifications(5, EffectMeasure::LogOddsRatio);
        curve.specifications[1].estimate = f64::NAN;
        curve.specifications[2].interval = Some(Interval { lower: 0.0, upper: f64::INFINITY });
        let figure = specification_curve(&curve, &Default::default());
        assert!(figure.alt_text.contains("1 specifications gave no estimate"));
        assert!(!figure.svg.contains("NaN") && !figure.svg.contains("inf"));
        curve.specifications.clear();
        assert_figure_is_readable(&specification_curve(&curve, &Default::default()));
    }

    #[test]
    fn many_specifications_make_a_small_file() {
        let figure = specification_curve(&specifications(10_000, EffectMeasure::Raw), &Default::default());
        assert!(figure.svg.len() < 300_000, "{} bytes", figure.svg.len());
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_048_555), "1,048,555");
    }
}
