//! The bubble plot of a meta-regression.

use kmeta_trial_data::{EffectMeasure, Interval};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chart::{AxisSpec, Chart, ChartSpec, Key, KeyMark, cut, extent};
use crate::palette::{BLUE, GREY_TEXT, GUIDE, INK, LIGHT_BLUE, REGRESSION_BAND, VERMILION};
use crate::svg::Stroke;
use crate::{ChartOptions, Figure, sentences};

/// A study in a bubble plot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BubblePoint {
    /// Name to print.
    pub label: String,
    /// Value of the moderator.
    pub moderator: f64,
    /// Effect on the analysis scale.
    pub effect: f64,
    /// Weight in the regression; the area of the bubble follows it.
    pub weight: f64,
}

/// What the regression expects at a value of the moderator, on the analysis scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BubbleLine {
    /// Value of the moderator.
    pub moderator: f64,
    /// Expected effect.
    pub effect: f64,
    /// Its confidence interval.
    pub interval: Interval,
    /// Interval in which the effect of a new study is expected.
    pub prediction: Option<Interval>,
}

/// A meta-regression on one moderator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BubblePlot {
    /// Title above the figure.
    pub title: String,
    /// Scale of the effects; logarithms of ratios are labelled as ratios.
    pub measure: EffectMeasure,
    /// Name of the moderator, with its unit.
    pub moderator: String,
    /// The studies.
    pub studies: Vec<BubblePoint>,
    /// The line, in ascending order of the moderator. With moderators beside this one the caller says in `statistics` at
    /// which of their values the line stands.
    pub line: Vec<BubbleLine>,
    /// Level of the intervals, 0.95.
    pub confidence_level: f64,
    /// Sentences below the figure: slope with interval and p value, R², residual heterogeneity.
    pub statistics: Vec<String>,
}

/// The bubble plot (Thompson & Higgins 2002): effects against a moderator, bubbles with an area that follows the weight
/// in the regression, the regression line with its confidence band and, dashed, its prediction limits.
pub fn bubble_plot(plot: &BubblePlot, options: &ChartOptions) -> Figure {
    let studies: Vec<&BubblePoint> =
        plot.studies.iter().filter(|study| study.moderator.is_finite() && study.effect.is_finite()).collect();
    let (first, last) = extent(studies.iter().map(|study| study.moderator));
    let room = if last > first { 0.05 * (last - first) } else { 0.5 };
    let limits = plot.line.iter().flat_map(|at| [at.interval.lower, at.interval.upper]);
    let (lowest, highest) = extent(studies.iter().map(|study| study.effect).chain(limits));
    let margin = 0.06 * (highest - lowest).max(1e-6);
    let domain = (lowest - margin, highest + margin);
    let title = sentences::scale_name(plot.measure);
    let y = if plot.measure.is_log_ratio() {
        AxisSpec::of_logarithms(domain, title, 8)
    } else {
        AxisSpec::linear(domain, title, 7)
    };
    let mut chart = Chart::new(ChartSpec {
        title: &plot.title,
        width: options.width,
        plot_height: options.plot_height,
        x: AxisSpec::linear((first - room, last + room), &plot.moderator, 7),
        y,
        keys: keys(plot),
        right_room: 0.0,
        top_room: 0.0,
    });
    draw_line(&mut chart, plot);
    if let Some(value) = plot.measure.no_effect() {
        let value = if plot.measure.is_log_ratio() { value.ln() } else { value };
        chart.horizontal(value, &Stroke::solid(GUIDE, 1.0));
    }
    chart.draw_axes();
    let largest =
        studies.iter().map(|study| study.weight).filter(|weight| weight.is_finite()).fold(0.0, f64::max);
    let places: Vec<(f64, f64, f64)> = studies
        .iter()
        .map(|study| {
            let (x, y) = chart.point(study.moderator, study.effect);
            let share = (study.weight / largest.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
            (x, y, (12.0 * share.sqrt()).max(2.5))
        })
        .collect();
    for &(x, y, radius) in &places {
        chart.svg.disc((x, y), radius, LIGHT_BLUE, 0.65);
        chart.svg.circle((x, y), radius, "none", &Stroke::solid(BLUE, 1.0));
    }
    if options.show_labels {
        let names: Vec<&str> = studies.iter().map(|study| study.label.as_str()).collect();
        chart.name_points(&places, &names);
    }
    let mut lines: Vec<(String, &'static str)> =
        plot.statistics.iter().map(|sentence| (sentence.clone(), INK)).collect();
    lines.push(("Area of a bubble: weight of the study in the regression.".to_owned(), GREY_TEXT));
    let alt = format!(
        "Bubble plot of {} against {}: {} studies. {}",
        plot.title,
        plot.moderator,
        studies.len(),
        plot.statistics.join(" ")
    );
    chart.finish(&lines, &options.note, &format!("Bubble plot: {}", plot.title), alt)
}

fn keys(plot: &BubblePlot) -> Vec<Key> {
    let level = sentences::level(plot.confidence_level);
    let mut keys = Vec::new();
    if !plot.line.is_empty() {
        keys.push(Key::new("Meta-regression", KeyMark::Line(Stroke::solid(VERMILION, 1.8))));
        keys.push(Key::new(format!("{level} confidence band"), KeyMark::Band(REGRESSION_BAND)));
    }
    if plot.line.iter().any(|at| at.prediction.is_some()) {
        keys.push(Key::new(
            format!("{level} prediction limits"),
            KeyMark::Line(Stroke::dashed(VERMILION, 1.0)),
        ));
    }
    keys
}

fn draw_line(chart: &mut Chart, plot: &BubblePlot) {
    let finite = |at: &&BubbleLine| at.interval.lower.is_finite() && at.interval.upper.is_finite();
    let inside: Vec<&BubbleLine> = plot.line.iter().filter(finite).collect();
    let mut band: Vec<(f64, f64)> =
        inside.iter().map(|at| chart.point(at.moderator, at.interval.upper)).collect();
    band.extend(inside.iter().rev().map(|at| chart.point(at.moderator, at.interval.lower)));
    let area = chart.area();
    chart.svg.polygon(&cut(&band, &area), REGRESSION_BAND, 1.0, None);
    let limits: Vec<(f64, Interval)> =
        inside.iter().filter_map(|at| Some((at.moderator, at.prediction?))).collect();
    for limit in [|limits: &Interval| limits.lower, |limits: &Interval| limits.upper] {
        let values: Vec<(f64, f64)> = limits.iter().map(|(x, limits)| (*x, limit(limits))).collect();
        chart.curve(&values, &Stroke::dashed(VERMILION, 1.0));
    }
    let line: Vec<(f64, f64)> = inside.iter().map(|at| (at.moderator, at.effect)).collect();
    chart.curve(&line, &Stroke::solid(VERMILION, 1.8));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_data::assert_figure_is_readable;

    #[test]
    fn figure_is_readable() {
        for count in [1, 2, 14, 90] {
            let studies = (0..count).map(|index: u32| BubblePoint {
                label: format!("Étude {index} 试验"),
                moderator: f64::from(1990 + index * 3 % 31),
                effect: -0.5 + 0.3 * f64::from(index % 5),
                weight: f64::from(1 + index % 7),
            });
            let line = [1990.0, 2020.0].map(|moderator| BubbleLine {
                moderator,
                effect: 0.01 * (moderator - 2010.0),
                interval: Interval { lower: 0.01 * (moderator - 2030.0), upper: 0.01 * (moderator - 1990.0) },
                prediction: Some(Interval { lower: -2.0, upper: 2.0 }),
            });
            let plot = BubblePlot {
                title: "Overall response".to_owned(),
                measure: EffectMeasure::LogOddsRatio,
                moderator: "Year of publication".to_owned(),
                studies: studies.collect(),
                line: line.to_vec(),
                confidence_level: 0.95,
                statistics: vec!["Slope 0.010 per year, p = 0.3.".to_owned()],
            };
            assert_figure_is_readable(&bubble_plot(&plot, &ChartOptions::default()));
        }
    }
}
