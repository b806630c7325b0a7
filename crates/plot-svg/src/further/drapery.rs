//! The drapery plot.

use kmeta_trial_data::{EffectMeasure, PooledEffect};

use crate::chart::{Area, AxisSpec, Chart, ChartSpec, Key, KeyMark, extent, write_if_free};
use crate::palette::{BLUE, GREY_TEXT, GUIDE, INK, TRIAL_GREY, VERMILION};
use crate::svg::{Anchor, Stroke, TextStyle};
use crate::{ChartOptions, Figure, sentences};

/// Points at which each curve is computed.
const STEPS: u32 = 160;
/// p values with a line and the confidence level whose interval ends there.
const LEVELS: [(f64, &str); 4] = [(0.01, "99%"), (0.05, "95%"), (0.1, "90%"), (0.5, "50%")];

/// The drapery plot (Rücker & Schwarzer 2021): for every effect, the two-sided p value with which each study (grey) and
/// the pooled effects (random-effects mean blue, common-effect mean dashed) reject it, p = 2 (1 − Φ(|θ − estimate| /
/// standard error)). A curve's cut with a level is the confidence interval of one minus that level, so no level is
/// singled out. Where the random-effects interval uses a t quantile, its curve still uses the normal one, as the
/// published figure does.
pub fn drapery_plot(result: &PooledEffect, options: &ChartOptions) -> Figure {
    let studies: Vec<(f64, f64)> = result
        .studies
        .iter()
        .map(|study| (study.estimate.value, study.estimate.standard_error))
        .filter(|(value, error)| value.is_finite() && error.is_finite() && *error > 0.0)
        .collect();
    let (lowest, highest) = range(result, &studies);
    let title = sentences::scale_name(result.measure);
    let x = if result.measure.is_log_ratio() {
        AxisSpec::of_logarithms((lowest, highest), title, 8)
    } else {
        AxisSpec::linear((lowest, highest), title, 8)
    };
    let mut chart = Chart::new(ChartSpec {
        title: &result.title,
        width: options.width,
        plot_height: options.plot_height,
        x,
        y: AxisSpec::linear((0.0, 1.0), "p value", 5),
        keys: keys(result),
        right_room: 52.0,
        top_room: 0.0,
    });
    for (p, _) in LEVELS {
        chart.horizontal(p, &Stroke { dashes: "2 3", ..Stroke::solid(GUIDE, 0.7) });
    }
    if let Some(null) = result.measure.no_effect() {
        let null = if result.measure.is_log_ratio() { null.ln() } else { null };
        chart.vertical(null, &Stroke::solid(GUIDE, 1.0));
    }
    for &(value, error) in &studies {
        draw_curve(&mut chart, (value, error), &Stroke::solid(TRIAL_GREY, 0.9));
    }
    let common = (result.common.value, result.common.standard_error);
    draw_curve(&mut chart, common, &Stroke::dashed(BLUE, 1.6));
    let random = (result.random.value, result.random.standard_error);
    draw_curve(&mut chart, random, &Stroke::solid(BLUE, 2.4));
    draw_prediction(&mut chart, result);
    chart.draw_axes();
    draw_levels(&mut chart);
    let lines = vec![(
        "Rücker & Schwarzer 2021: a curve cuts each dotted line at the ends of that confidence interval."
            .to_owned(),
        GREY_TEXT,
    )];
    let alt = format!(
        "Drapery plot of {}: p value curves of {} studies and of the pooled effects.",
        result.title,
        studies.len()
    );
    chart.finish(&lines, &options.note, &format!("Drapery plot: {}", result.title), alt)
}

fn keys(result: &PooledEffect) -> Vec<Key> {
    let mut keys = vec![
        Key::new("Studies", KeyMark::Line(Stroke::solid(TRIAL_GREY, 0.9))),
        Key::new("Common effect", KeyMark::Line(Stroke::dashed(BLUE, 1.6))),
        Key::new("Random effects", KeyMark::Line(Stroke::solid(BLUE, 2.4))),
    ];
    if prediction(result).is_some() {
        let level = sentences::level(result.confidence_level);
        keys.push(Key::new(format!("{level} prediction"), KeyMark::Line(Stroke::solid(VERMILION, 3.0))));
    }
    keys
}

/// Effects worth showing: estimates, pooled intervals, and the studies' curves down to p = 0.1 unless they reach so
/// far that the rest would shrink.
fn range(result: &PooledEffect, studies: &[(f64, f64)]) -> (f64, f64) {
    let pooled = [
        (result.common.value, result.common.standard_error),
        (result.random.value, result.random.standard_error),
    ];
    let (first, last) = extent(
        studies.iter().chain(&pooled).map(|pair| pair.0).chain(prediction(result).into_iter().flatten()),
    );
    let spread = (last - first).max(pooled[1].1).max(1e-6);
    let reach = studies.iter().flat_map(|&(value, error)| [value - 1.7 * error, value + 1.7 * error]);
    let (lowest, highest) = extent(reach.chain([first, last]));
    let range = (lowest.max(first - spread), highest.min(last + spread));
    // Proportions and their transforms end at both sides.
    match result.measure {
        EffectMeasure::Raw => (range.0.max(0.0), range.1.min(1.0)),
        EffectMeasure::Arcsine | EffectMeasure::FreemanTukey => (range.0.max(0.0), range.1),
        EffectMeasure::Log => (range.0, range.1.min(0.0)),
        _ => range,
    }
}

/// Ends of the prediction interval on the analysis scale.
fn prediction(result: &PooledEffect) -> Option<[f64; 2]> {
    let limits = result.prediction_details.as_ref()?.interval;
    (limits.lower.is_finite() && limits.upper.is_finite()).then_some([limits.lower, limits.upper])
}

fn draw_curve(chart: &mut Chart, (value, error): (f64, f64), stroke: &Stroke) {
    if !(value.is_finite() && error.is_finite() && error > 0.0) {
        return;
    }
    // Steps in standard errors, so that narrow curves are as smooth as wide ones.
    let points: Vec<(f64, f64)> = (0..=STEPS)
        .map(|step| 8.0 * f64::from(step) / f64::from(STEPS) - 4.0)
        .map(|z| (value + z * error, two_sided(z)))
        .collect();
    chart.curve(&points, stroke);
}

/// Two-sided p value of a standard normal statistic.
fn two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// The prediction interval as a bar at its level.
fn draw_prediction(chart: &mut Chart, result: &PooledEffect) {
    let Some([lower, upper]) = prediction(result) else { return };
    let p = 1.0 - result.confidence_level;
    chart.curve(&[(lower, p), (upper, p)], &Stroke::solid(VERMILION, 3.0));
}

/// Confidence levels along the right edge.
fn draw_levels(chart: &mut Chart) {
    let Area { right, top, bottom, .. } = chart.area();
    let style = TextStyle::new(11.0).color(INK).anchor(Anchor::Start);
    for (p, label) in LEVELS.into_iter().rev() {
        let y = chart.y.position(p);
        chart.svg.line((right, y), (right + 4.0, y), &Stroke::solid(INK, 1.0));
        write_if_free(&mut chart.svg, (right + 7.0, y + 4.0), label, &style, 0.0);
    }
    chart.svg.vertical_text(right + 48.0, (top + bottom) / 2.0, "Confidence level", &TextStyle::new(12.0));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_data::{assert_figure_is_readable, effect};

    #[test]
    fn figure_is_readable_with_any_number_of_studies() {
        for measure in [EffectMeasure::Raw, EffectMeasure::FreemanTukey, EffectMeasure::LogHazardRatio] {
            for count in [1, 2, 12, 120] {
                let result = effect(measure, count, &[], |index| format!("Étude {index}"));
                assert_figure_is_readable(&drapery_plot(&result, &ChartOptions::default()));
            }
        }
    }

    #[test]
    fn p_values_are_those_of_the_normal_distribution() {
        assert_eq!(two_sided(0.0), 1.0);
        assert!((two_sided(1.959_963_984_540_054) - 0.05).abs() < 1e-12);
        assert!((two_sided(-2.575_829_303_548_901) - 0.01).abs() < 1e-12);
    }
}
