//! The axis of a forest plot: what it spans, its ticks, its title and the texts about its halves.

use kmeta_trial_data::{Interval, PooledEffect};

use super::layout::MARGIN;
use super::{FONT, LINE, SMALL, effect_heading, factor};
use crate::format::shortest;
use crate::palette::INK;
use crate::scale::nice_step;
use crate::svg::{Anchor, Stroke, Svg, TextStyle};
use crate::text_metrics::TextMetrics;
use crate::{ForestOptions, Scale, ScaleKind};

/// A single study's interval may stretch a logarithmic axis by at most this factor beyond the estimates.
const LONGEST_STRETCH: f64 = 8.0;

/// What the drawing of a forest plot shows, all on the reading scale.
pub(super) struct Drawn {
    pub(super) is_log: bool,
    pub(super) is_proportion: bool,
    /// The effects of studies.
    pub(super) estimates: Vec<f64>,
    /// Their intervals.
    pub(super) intervals: Vec<Interval>,
    /// Everything pooled.
    pub(super) pooled: Vec<Interval>,
    /// Lines that the axis has to reach.
    pub(super) lines: Vec<f64>,
    /// The value that means no effect.
    pub(super) no_effect: Option<f64>,
    /// Factor of tick labels: 100 for percent.
    pub(super) factor: f64,
    pub(super) title: String,
}

impl Drawn {
    /// What is drawn of a pooled effect.
    pub(super) fn of(result: &PooledEffect, options: &ForestOptions) -> Self {
        let is_log = result.measure.is_log_ratio();
        Self {
            is_log,
            is_proportion: result.measure.is_proportion(),
            estimates: result.studies.iter().map(|study| study.estimate.shown).collect(),
            intervals: result.studies.iter().map(|study| study.estimate.shown_interval).collect(),
            pooled: pooled_intervals(result, options),
            lines: options.decision_lines.iter().copied().chain(options.reference_line).collect(),
            no_effect: result.measure.no_effect(),
            factor: factor(result, options),
            title: effect_heading(result, options),
        }
    }

    /// The axis.
    pub(super) fn scale(&self, asked: Option<[f64; 2]>, range: (f64, f64)) -> Scale {
        let is_log = self.is_log;
        let kind = if is_log { ScaleKind::Log } else { ScaleKind::Linear };
        let usable = |limits: &[f64; 2]| {
            limits.iter().all(|limit| limit.is_finite())
                && limits[0] < limits[1]
                && (!is_log || limits[0] > 0.0)
        };
        let domain = match asked.filter(usable) {
            Some([lower, upper]) => (lower, upper),
            None if is_log => self.ratio_limits(),
            None if self.is_proportion => self.proportion_limits(),
            None => self.difference_limits(),
        };
        Scale::new(kind, domain, range)
    }

    /// From 0 to the first tick that covers every interval.
    fn proportion_limits(&self) -> (f64, f64) {
        let ends = self.intervals.iter().chain(&self.pooled).map(|limits| limits.upper);
        let ends = ends.chain(self.lines.iter().copied());
        let highest = ends.filter(|upper| upper.is_finite()).fold(0.05, f64::max).min(1.0);
        let step = nice_step(highest, 5);
        (0.0, ((highest / step - 1e-9).ceil() * step).min(1.0))
    }

    /// Covers 0 and every interval, and ends on ticks.
    fn difference_limits(&self) -> (f64, f64) {
        let ends = self.intervals.iter().chain(&self.pooled).flat_map(|limits| [limits.lower, limits.upper]);
        let (lowest, highest) = ends
            .chain(self.lines.iter().copied())
            .filter(|limit| limit.is_finite())
            .fold((0.0_f64, 0.0_f64), |(lowest, highest), limit| (lowest.min(limit), highest.max(limit)));
        if lowest == highest {
            return (-1.0, 1.0);
        }
        let step = nice_step(highest - lowest, 6);
        ((lowest / step + 1e-9).floor() * step, (highest / step - 1e-9).ceil() * step)
    }

    /// Covers 1, every estimate and pooled interval, and the studies' intervals unless they stretch too far; ends
    /// on 1, 2 or 5 times a power of ten.
    fn ratio_limits(&self) -> (f64, f64) {
        let usable = |value: &f64| value.is_finite() && *value > 0.0;
        let pooled = self.pooled.iter().flat_map(|limits| [limits.lower, limits.upper]);
        let needed: Vec<f64> = (self.estimates.iter().copied())
            .chain(pooled)
            .chain(self.lines.iter().copied())
            .chain([0.5, 2.0])
            .filter(usable)
            .collect();
        let lowest = needed.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = needed.iter().copied().fold(0.0, f64::max);
        let limits = || self.intervals.iter();
        let study_lowest = limits().map(|limits| limits.lower).filter(usable).fold(lowest, f64::min);
        let study_highest = limits().map(|limits| limits.upper).filter(usable).fold(highest, f64::max);
        (
            round_outwards(study_lowest.max(lowest / LONGEST_STRETCH), false),
            round_outwards(study_highest.min(highest * LONGEST_STRETCH), true),
        )
    }
}

/// The next of 1, 2, 5 times a power of ten beyond a positive value.
fn round_outwards(value: f64, upwards: bool) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let series = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let slack = 1e-9 * value;
    let found = if upwards {
        series.into_iter().find(|&end| end >= value - slack)
    } else {
        series.into_iter().rev().find(|&end| end <= value + slack)
    };
    found.unwrap_or(value)
}

/// Intervals of everything pooled that is drawn.
fn pooled_intervals(result: &PooledEffect, options: &ForestOptions) -> Vec<Interval> {
    let mut limits: Vec<Interval> = result
        .subgroups
        .iter()
        .filter(|subgroup| subgroup.studies > 1)
        .map(|subgroup| subgroup.random.shown_interval)
        .collect();
    if options.show_common {
        limits.push(result.common.shown_interval);
    }
    if options.show_random {
        limits.push(result.random.shown_interval);
        // A prediction interval can span decades; it may not squeeze the studies together.
        limits.extend(result.prediction.filter(|_| options.show_prediction).filter(|prediction| {
            !result.measure.is_log_ratio()
                || prediction.upper < 50.0 * prediction.lower.max(f64::MIN_POSITIVE)
        }));
    }
    limits
}

/// Draws axis, ticks, title and the texts about its halves; returns the lower edge.
pub(super) fn draw(
    svg: &mut Svg,
    scale: &Scale,
    drawn: &Drawn,
    options: &ForestOptions,
    y: f64,
    figure_width: f64,
) -> f64 {
    let (left, right) = scale.range();
    svg.line((left, y), (right, y), &Stroke::solid(INK, 1.0));
    let style = TextStyle::new(SMALL).anchor(Anchor::Middle);
    for tick in ticks(scale, options) {
        let x = scale.position(tick);
        svg.line((x, y), (x, y + 4.0), &Stroke::solid(INK, 1.0));
        let label = shortest(tick * drawn.factor);
        let mut place = style.text_box(x, y + 16.0, &label);
        // Labels keep a space between them; the tick of one that has no room stays bare.
        place.right += 4.0;
        place.left -= 4.0;
        if !svg.is_taken(&place) && place.right - 4.0 <= figure_width {
            svg.text(x, y + 16.0, &label, &style);
        }
    }
    let title = if drawn.is_log { format!("{} (log scale)", drawn.title) } else { drawn.title.clone() };
    let y = draw_title(svg, &title, (left, right), y + 32.0, figure_width);
    draw_favours(svg, scale, drawn, options, y, figure_width)
}

/// The title below the axis, wrapped to what is free on both sides; returns its last baseline.
fn draw_title(svg: &mut Svg, title: &str, (left, right): (f64, f64), y: f64, figure_width: f64) -> f64 {
    let middle = (left + right) / 2.0;
    let room = 2.0 * (middle - MARGIN).min(figure_width - MARGIN - middle);
    let lines = TextMetrics::wrap(title, room, SMALL, crate::FontWeight::Regular);
    let style = TextStyle::new(SMALL).anchor(Anchor::Middle).color(INK);
    svg.lines(middle, y, &lines, LINE - 1.0, &style) - LINE + 1.0
}

/// Ticks inside the axis: those of the options, or chosen.
fn ticks(scale: &Scale, options: &ForestOptions) -> Vec<f64> {
    let (lower, upper) = scale.domain();
    let slack = 1e-9 * (upper - lower);
    if options.ticks.is_empty() {
        // As many as have room: a label and its space take about 27 pixels.
        let room = (scale.range().1 - scale.range().0) / 27.0;
        return scale.ticks((room as usize).clamp(2, 8));
    }
    options.ticks.iter().copied().filter(|&tick| tick >= lower - slack && tick <= upper + slack).collect()
}

/// "← favours A" and "favours B →" on both sides of the line of no effect; returns the lower edge.
fn draw_favours(
    svg: &mut Svg,
    scale: &Scale,
    drawn: &Drawn,
    options: &ForestOptions,
    y: f64,
    figure_width: f64,
) -> f64 {
    if options.favours_left.is_empty() && options.favours_right.is_empty() {
        return y + 4.0;
    }
    let (left, right) = scale.range();
    let center = options
        .reference_line
        .or(drawn.no_effect)
        .map_or((left + right) / 2.0, |value| scale.position(value).clamp(left, right));
    let style = TextStyle::new(SMALL).color(INK);
    // Each text may reach as far out as the longer half of the axis, beyond which columns are empty here.
    let width = ((right - left) / 2.0 - 8.0).max(60.0);
    let wrapped = |text: &str, room: f64| TextMetrics::wrap(text, width.min(room), SMALL, style.weight);
    let mut lower_edge = y;
    if !options.favours_left.is_empty() {
        let lines = wrapped(&format!("← {}", options.favours_left), center - 8.0 - MARGIN);
        lower_edge = svg.lines(center - 8.0, y + 18.0, &lines, LINE - 1.0, &style.anchor(Anchor::End));
    }
    if !options.favours_right.is_empty() {
        let lines = wrapped(&format!("{} →", options.favours_right), figure_width - MARGIN - center - 8.0);
        let edge = svg.lines(center + 8.0, y + 18.0, &lines, LINE - 1.0, &style);
        lower_edge = lower_edge.max(edge);
    }
    lower_edge - LINE + 1.0 + 0.3 * FONT
}
