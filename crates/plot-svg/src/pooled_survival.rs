//! The figure of a pooled survival curve.

use kmeta_trial_data::{Interval, PooledSurvival, SurvivalCurveMethod, SurvivalPoint, TrialSurvival};

use crate::format::{fixed, percent, shortest};
use crate::number_at_risk::{self, RiskLine};
use crate::palette::{ARMS, BLUE, GREY_TEXT, INK, LIGHT_BLUE, TRIAL_GREY};
use crate::survival_axes::{AXIS_ROOM, LegendEntry, MARGIN, SurvivalAxes, draw_legend, thin};
use crate::svg::{Stroke, Svg, TextStyle};
use crate::text_metrics::TextMetrics;
use crate::{Figure, SurvivalFigureOptions, footer, sentences};

/// Fill of the confidence band.
const BAND: &str = "#d6e2ee";

/// The figure of a pooled survival curve: the random-effects curve at the asked times, joined by straight
/// lines (between those times it is not estimated), with its confidence band; each trial's Kaplan-Meier curve
/// in grey (or colours); the limits of prediction where the method gives them; the median; patients at risk and trials contributing, below.
///
/// A [`SurvivalPoint`] counts the patients at the start of the interval that ends at its time. The figure
/// shows each number where its interval starts, so that the column at time 0 holds all patients, as readers of
/// survival figures expect.
pub fn survival_figure(result: &PooledSurvival, options: &SurvivalFigureOptions) -> Figure {
    let (svg, width, height) = draw(result, options);
    svg.finish(width, height, &result.title, alt_text(result))
}

/// The drawing with its width and height.
fn draw(result: &PooledSurvival, options: &SurvivalFigureOptions) -> (Svg, f64, f64) {
    let width = options.width.clamp(320.0, 3000.0);
    let mut svg = Svg::new();
    let title = TextStyle::new(14.0).bold();
    let lines = TextMetrics::wrap(&result.title, width - 2.0 * MARGIN, title.size, title.weight);
    let mut top = svg.lines(MARGIN, MARGIN + 12.0, &lines, 18.0, &title) - 10.0;
    top = draw_legend(&mut svg, &legend(result, options), MARGIN, width - MARGIN, top) + 10.0;
    let risk = risk_lines(&result.random);
    let left = number_at_risk::room_for_names(&risk).max(AXIS_ROOM);
    let end = time_end(result, options);
    let names = room_for_names(result, options, end, width);
    let axes = axes(result, options, (left, width - MARGIN - 6.0 - names), top, &risk);
    if options.show_prediction {
        draw_prediction(&mut svg, &axes, &result.random);
    }
    draw_band(&mut svg, &axes, &result.random);
    draw_trials(&mut svg, &axes, result, options);
    draw_pooled(&mut svg, &axes, result, options);
    let time_title = format!("Time ({})", result.time_unit);
    let bottom = axes.draw(&mut svg, &options.survival_title, &time_title, options.percent);
    if options.show_trial_labels {
        name_trials(&mut svg, &axes, result, names > 0.0);
    }
    let bottom = number_at_risk::draw(&mut svg, &axes, &risk, bottom + 4.0);
    let bottom =
        footer::draw(&mut svg, MARGIN, bottom + 6.0, width - 2.0 * MARGIN, &caption(result), &options.note);
    (svg, width, bottom + MARGIN)
}

/// End of the time axis: the asked one, or the last asked time and, where follow-up is longer, a little more.
fn time_end(result: &PooledSurvival, options: &SurvivalFigureOptions) -> f64 {
    let last = result.random.last().map_or(0.0, |point| point.time);
    let follow_up = result.trials.iter().map(|trial| trial.follow_up_end).fold(0.0, f64::max);
    let natural = if last > 0.0 { follow_up.clamp(last, 1.02 * last) } else { follow_up };
    let asked = options.time_end.filter(|end| end.is_finite() && *end > 0.0);
    asked.unwrap_or(natural).max(f64::MIN_POSITIVE)
}

/// The axes, with ticks at 0 and the asked times.
fn axes(
    result: &PooledSurvival,
    options: &SurvivalFigureOptions,
    (left, right): (f64, f64),
    top: f64,
    risk: &[RiskLine],
) -> SurvivalAxes {
    let end = time_end(result, options);
    let usable = |step: &f64| step.is_finite() && *step > 0.0;
    let pixels_per_unit = (right - left) / end;
    let asked = std::iter::once(0.0).chain(result.random.iter().map(|point| point.time)).collect();
    let ticks = match options.time_step.filter(usable) {
        Some(step) => crate::scale::multiples(0.0, end, step),
        None => asked,
    };
    let ticks = thin(ticks, pixels_per_unit, number_at_risk::tick_distance(risk));
    let height = options.plot_height.clamp(120.0, 3000.0);
    SurvivalAxes::new(end, (left, right), (top, top + height), ticks)
}

fn legend(result: &PooledSurvival, options: &SurvivalFigureOptions) -> Vec<LegendEntry> {
    let level = sentences::level(result.confidence_level);
    let mut entries = vec![LegendEntry {
        label: format!("Pooled, random effects ({level} CI)"),
        stroke: Stroke::solid(BLUE, 2.4),
        band: Some(BAND),
    }];
    if options.show_common {
        entries.push(LegendEntry {
            label: "Pooled, common effect".to_owned(),
            stroke: Stroke::dashed(BLUE, 1.6),
            band: None,
        });
    }
    if options.show_prediction && result.random.iter().any(|point| point.prediction.is_some()) {
        entries.push(LegendEntry {
            label: format!("{level} prediction for a new trial"),
            stroke: Stroke::dashed(LIGHT_BLUE, 1.3),
            band: None,
        });
    }
    if options.color_trials {
        entries.extend(result.trials.iter().enumerate().map(|(index, trial)| LegendEntry {
            label: trial.label.clone(),
            stroke: trial_stroke(index, options),
            band: None,
        }));
    } else {
        entries.push(LegendEntry {
            label: "Single trials".to_owned(),
            stroke: Stroke::solid(TRIAL_GREY, 1.2),
            band: None,
        });
    }
    if result.median.is_some() {
        entries.push(LegendEntry {
            label: median_text(result),
            stroke: Stroke::dashed(INK, 1.0),
            band: None,
        });
    }
    entries
}

/// "Median 4.50 months [2.74, not reached]".
fn median_text(result: &PooledSurvival) -> String {
    let Some(median) = result.median else { return "Median not reached".to_owned() };
    let limit = |limit: Option<f64>| limit.map_or("not reached".to_owned(), |limit| fixed(limit, 2));
    let limits = if result.median_lower.is_none() && result.median_upper.is_none() {
        String::new()
    } else {
        format!(" [{}, {}]", limit(result.median_lower), limit(result.median_upper))
    };
    format!("Median {} {}{limits}", fixed(median, 2), result.time_unit)
}

/// Patients and trials, each shown where its interval starts.
fn risk_lines(points: &[SurvivalPoint]) -> Vec<RiskLine> {
    let starts = std::iter::once(0.0).chain(points.iter().map(|point| point.time));
    let intervals: Vec<(f64, &SurvivalPoint)> = starts.zip(points).collect();
    let line = |name: &str, number: fn(&SurvivalPoint) -> u32| RiskLine {
        name: name.to_owned(),
        color: INK,
        counts: intervals.iter().map(|(start, point)| (*start, number(point))).collect(),
    };
    if points.is_empty() {
        return Vec::new();
    }
    vec![line("Patients", |point| point.number_at_risk), line("Trials", |point| point.trials)]
}

fn draw_band(svg: &mut Svg, axes: &SurvivalAxes, points: &[SurvivalPoint]) {
    let inside = points.iter().filter(|point| point.time <= axes.end() * (1.0 + 1e-9));
    let mut outline = vec![axes.point(0.0, 1.0)];
    outline.extend(inside.clone().map(|point| axes.point(point.time, point.interval.upper)));
    let lower: Vec<(f64, f64)> = inside.map(|point| axes.point(point.time, point.interval.lower)).collect();
    outline.extend(lower.into_iter().rev());
    svg.polygon(&outline, BAND, 1.0, None);
}

/// The limits within which a new trial's survival is expected, dashed.
fn draw_prediction(svg: &mut Svg, axes: &SurvivalAxes, points: &[SurvivalPoint]) {
    let inside = || points.iter().filter(|point| point.time <= axes.end() * (1.0 + 1e-9));
    for limit in [|limits: Interval| limits.lower, |limits: Interval| limits.upper] {
        let known = inside().filter_map(|point| Some((point.time, limit(point.prediction?))));
        let known = known.filter(|(_, survival)| survival.is_finite());
        let line: Vec<(f64, f64)> = std::iter::once((0.0, 1.0))
            .chain(known)
            .map(|(time, survival)| axes.point(time, survival))
            .collect();
        svg.polyline(&line, &Stroke::dashed(LIGHT_BLUE, 1.3));
    }
}

/// How a trial's curve is drawn: grey, or by turns in the colours of arms and then with dashes.
fn trial_stroke(index: usize, options: &SurvivalFigureOptions) -> Stroke {
    const DASHES: [&str; 3] = ["", "5 2", "2 2"];
    if !options.color_trials {
        return Stroke::solid(TRIAL_GREY, 1.2);
    }
    let dashes = DASHES[(index / ARMS.len()) % DASHES.len()];
    Stroke { dashes, ..Stroke::solid(ARMS[index % ARMS.len()], 1.2) }
}

fn draw_trials(svg: &mut Svg, axes: &SurvivalAxes, result: &PooledSurvival, options: &SurvivalFigureOptions) {
    for (index, trial) in result.trials.iter().enumerate() {
        svg.polyline(&axes.steps(&trial.curve, trial.follow_up_end), &trial_stroke(index, options));
    }
}

fn draw_pooled(svg: &mut Svg, axes: &SurvivalAxes, result: &PooledSurvival, options: &SurvivalFigureOptions) {
    if let Some(median) = result.median {
        axes.draw_median(svg, median, &Stroke::dashed(INK, 1.0));
    }
    let path = |points: &[SurvivalPoint]| -> Vec<(f64, f64)> {
        let inside = points.iter().filter(|point| point.time <= axes.end() * (1.0 + 1e-9));
        std::iter::once(axes.point(0.0, 1.0))
            .chain(inside.map(|point| axes.point(point.time, point.survival)))
            .collect()
    };
    if options.show_common {
        svg.polyline(&path(&result.common), &Stroke::dashed(BLUE, 1.6));
    }
    let points = path(&result.random);
    svg.polyline(&points, &Stroke::solid(BLUE, 2.4));
    for &point in points.iter().skip(1) {
        svg.circle(point, 3.2, BLUE, &Stroke::solid("#ffffff", 0.8));
    }
}

/// Font size of the trials' names.
const NAME_SIZE: f64 = 10.0;
/// Distance of names below each other.
const NAME_LINE: f64 = 12.0;

/// Where a trial's curve ends on the axes: time and survival.
fn curve_end(axes_end: f64, trial: &TrialSurvival) -> (f64, f64) {
    let end = trial.follow_up_end.max(trial.curve.last_time()).min(axes_end);
    (end, trial.curve.survival_at(end))
}

/// Whether a trial's curve goes on to the end of the axis, so that its name stands beside the plot area.
fn reaches_end(axes_end: f64, trial: &TrialSurvival) -> bool {
    curve_end(axes_end, trial).0 > 0.96 * axes_end
}

/// Room right of the plot area for the names of the trials whose curves reach its end; none when there are
/// more than fit below each other, or when their names would take too much of the width.
fn room_for_names(
    result: &PooledSurvival,
    options: &SurvivalFigureOptions,
    axes_end: f64,
    width: f64,
) -> f64 {
    let reaching = || result.trials.iter().filter(|trial| reaches_end(axes_end, trial));
    #[allow(clippy::cast_precision_loss, reason = "a number of trials")]
    let height = reaching().count() as f64 * NAME_LINE;
    let style = TextStyle::new(NAME_SIZE);
    let widest = reaching().map(|trial| style.width(&trial.label)).fold(0.0, f64::max);
    let fits = height <= options.plot_height.max(120.0) && widest <= 0.25 * width;
    if options.show_trial_labels && fits { widest } else { 0.0 }
}

/// Writes each trial's name at the end of its curve: beside the plot area, moved apart, when the curve goes on
/// to its end; else near the curve's end where there is room.
fn name_trials(svg: &mut Svg, axes: &SurvivalAxes, result: &PooledSurvival, beside: bool) {
    let style = TextStyle::new(NAME_SIZE).color(GREY_TEXT);
    let (reaching, ending): (Vec<&TrialSurvival>, Vec<&TrialSurvival>) =
        result.trials.iter().partition(|trial| reaches_end(axes.end(), trial));
    if beside {
        let (right, (bottom, top)) = (axes.x.range().1, axes.y.range());
        let mut names: Vec<(f64, &str)> = reaching
            .iter()
            .map(|trial| (axes.point(0.0, curve_end(axes.end(), trial).1).1 + 3.5, trial.label.as_str()))
            .collect();
        names.sort_by(|one, two| one.0.total_cmp(&two.0));
        let mut heights: Vec<f64> = names.iter().map(|name| name.0).collect();
        spread(&mut heights, NAME_LINE, (top + 9.0, bottom));
        for ((_, name), y) in names.iter().zip(heights) {
            svg.text(right + 6.0, y, name, &style);
        }
    }
    for trial in ending {
        name_near_end(svg, axes, trial, &style);
    }
}

/// Moves ascending heights apart so that neighbours keep a distance, inside the limits.
fn spread(heights: &mut [f64], distance: f64, (top, bottom): (f64, f64)) {
    let mut least = top;
    for height in heights.iter_mut() {
        *height = height.max(least);
        least = *height + distance;
    }
    let mut most = bottom;
    for height in heights.iter_mut().rev() {
        *height = height.min(most);
        most = *height - distance;
    }
}

/// Writes a trial's name near the end of its curve, where it touches no other text.
fn name_near_end(svg: &mut Svg, axes: &SurvivalAxes, trial: &TrialSurvival, style: &TextStyle) {
    let ((left, right), (bottom, top)) = (axes.x.range(), axes.y.range());
    let (end, survival) = curve_end(axes.end(), trial);
    let (x, y) = axes.point(end, survival);
    let spots = [(5.0, -3.0), (5.0, -14.0), (5.0, -25.0), (5.0, -36.0)].map(|(dx, dy)| (x + dx, y + dy));
    let free = |(x, y): &(f64, f64)| {
        let place = style.text_box(*x, *y, &trial.label);
        let inside = place.left > left && place.right <= right && place.top >= top && place.bottom <= bottom;
        inside && !svg.is_taken(&place)
    };
    if let Some((x, y)) = spots.into_iter().find(free) {
        svg.text_over_lines(x, y, &trial.label, style);
    }
}

fn caption(result: &PooledSurvival) -> Vec<(String, &'static str)> {
    let trials = result.trials.len();
    let trials = if trials == 1 { "1 trial".to_owned() } else { format!("{trials} trials") };
    let made = match result.method {
        SurvivalCurveMethod::SummaryCurve => {
            format!("Distribution-free summary curve of {trials} (Combescure 2014) at the marked times")
        }
        SurvivalCurveMethod::GridFree => {
            format!("Random-effects mean of the log cumulative hazards of {trials}, at the marked times")
        }
    };
    let text = format!("{made}; trials are Kaplan-Meier curves of reconstructed patients.");
    let mut lines = vec![(text, GREY_TEXT)];
    if let Some(value) = &result.heterogeneity {
        lines.insert(0, (format!("Heterogeneity: {}", survival_heterogeneity(value)), INK));
    }
    lines
}

/// "Q = 26.53, df = 25, H² = 1.06, I² = 5.8%".
fn survival_heterogeneity(value: &kmeta_trial_data::SurvivalHeterogeneity) -> String {
    format!(
        "Q = {}, df = {}, H² = {}, I² = {}",
        fixed(value.q, 2),
        value.degrees_of_freedom,
        fixed(value.h_squared, 2),
        percent(value.i_squared, 1)
    )
}

fn alt_text(result: &PooledSurvival) -> String {
    let points: Vec<String> = result
        .random
        .iter()
        .map(|point| {
            format!("{} at {} {}", percent(point.survival, 1), shortest(point.time), result.time_unit)
        })
        .collect();
    format!(
        "{}: pooled survival curve of {} trials, each trial in grey. Pooled survival {}. {}.",
        result.title,
        result.trials.len(),
        points.join(", "),
        median_text(result)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_data::{assert_texts_are_apart, survival};

    #[test]
    fn texts_are_apart_with_any_number_of_trials() {
        for trials in [1, 2, 6, 40] {
            let mut result = survival(trials, |index| format!("Étude multicentrique {index} 试验"));
            for point in &mut result.random {
                point.prediction =
                    Some(Interval { lower: 0.4 * point.survival, upper: point.survival.sqrt() });
            }
            for options in [
                SurvivalFigureOptions::default(),
                SurvivalFigureOptions { color_trials: true, ..SurvivalFigureOptions::default() },
                SurvivalFigureOptions {
                    width: 320.0,
                    percent: true,
                    show_common: true,
                    survival_title: "Progression-free survival by blinded independent review".to_owned(),
                    note: "Stand-in figures. ".repeat(12),
                    ..SurvivalFigureOptions::default()
                },
            ] {
                let (svg, width, height) = draw(&result, &options);
                assert_texts_are_apart(&svg, width, height);
            }
        }
    }

    #[test]
    fn numbers_at_risk_stand_where_their_interval_starts() {
        let lines = risk_lines(&survival(3, |_| String::new()).random);
        assert_eq!(lines[0].counts[..2], [(0.0, 130), (3.0, 65)]);
    }

    #[test]
    fn a_median_that_is_not_reached_is_said_so() {
        let mut result = survival(2, |_| String::new());
        assert_eq!(median_text(&result), "Median 4.50 months [2.70, not reached]");
        result.median = None;
        assert!(survival_figure(&result, &SurvivalFigureOptions::default()).alt_text.contains("not reached"));
    }

    #[test]
    fn small_survival_figure_snapshot() {
        let result = survival(1, |index| format!("Trial {index}"));
        insta::assert_snapshot!(survival_figure(&result, &SurvivalFigureOptions::default()).svg);
    }
}
