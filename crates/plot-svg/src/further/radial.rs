//! The radial plot of Galbraith.

use kmeta_trial_data::{PooledEffect, StudyRow};

use crate::chart::{Area, AxisSpec, Chart, ChartSpec, Key, KeyMark, cut, extent, write_if_free};
use crate::format::{fixed, shortest};
use crate::palette::{BLUE, GREY_TEXT, GUIDE, INK, LIGHT_BLUE};
use crate::scale::{linear_ticks, log_ticks};
use crate::svg::{Anchor, Stroke, TextStyle};
use crate::{ChartOptions, Figure, sentences};

/// Half the height of the band: a standardized effect varies by ±2 about the line with probability 0.95.
const BAND: f64 = 2.0;

/// The radial plot (Galbraith 1988): effect over standard error against precision, 1/standard error. The slope of a
/// line from the origin is an effect, read on the scale at the right; the line drawn is the common-effect mean, and 95 %
/// of studies lie within ±2 of it where they differ by chance only.
pub fn radial_plot(result: &PooledEffect, options: &ChartOptions) -> Figure {
    let points: Vec<(&StudyRow, f64, f64)> = result
        .studies
        .iter()
        .map(|study| (study, study.estimate.value, study.estimate.standard_error))
        .filter(|(_, value, error)| value.is_finite() && error.is_finite() && *error > 0.0)
        .map(|(study, value, error)| (study, 1.0 / error, value / error))
        .collect();
    let center = if result.common.value.is_finite() { result.common.value } else { 0.0 };
    let end = 1.08 * extent(points.iter().map(|point| point.1).chain([0.0])).1.max(1e-9);
    let bands = [BAND, -BAND, center * end + BAND, center * end - BAND, 0.0];
    let y = AxisSpec::covering(points.iter().map(|point| point.2).chain(bands), "Effect / standard error", 7);
    let mut chart = Chart::new(ChartSpec {
        title: &result.title,
        width: options.width,
        plot_height: options.plot_height,
        x: AxisSpec::linear((0.0, end), "Precision (1 / standard error)", 7),
        y,
        keys: vec![
            Key::new("Common-effect mean", KeyMark::Line(Stroke::solid(BLUE, 1.6))),
            Key::new("±2 about it", KeyMark::Band("#e3e9ef")),
        ],
        right_room: 62.0,
        top_room: 0.0,
    });
    draw_band(&mut chart, center, end);
    chart.draw_axes();
    let places: Vec<(f64, f64, f64)> = points
        .iter()
        .map(|&(_, precision, standardized)| chart.point(precision, standardized))
        .map(|(x, y)| (x, y, 4.0))
        .collect();
    for &(x, y, radius) in &places {
        chart.svg.circle((x, y), radius, BLUE, &Stroke::solid("#ffffff", 1.0));
    }
    draw_effect_scale(&mut chart, result, end);
    if options.show_labels {
        let names: Vec<&str> = points.iter().map(|point| point.0.label.as_str()).collect();
        chart.name_points(&places, &names);
    }
    let outside = points.iter().filter(|point| (point.2 - center * point.1).abs() > BAND).count();
    let text = format!(
        "Galbraith 1988. Common-effect mean {}; {outside} of {} studies lie outside ±2, where chance alone puts one in \
         twenty. The scale at the right reads the effect of a line from the origin.",
        fixed(result.common.shown, 4),
        points.len()
    );
    let alt = format!("Radial plot of {}. {text}", result.title);
    chart.finish(&[(text, GREY_TEXT)], &options.note, &format!("Radial plot: {}", result.title), alt)
}

fn draw_band(chart: &mut Chart, center: f64, end: f64) {
    let corners = [(0.0, BAND), (end, center * end + BAND), (end, center * end - BAND), (0.0, -BAND)];
    let corners: Vec<(f64, f64)> = corners.iter().map(|&(x, y)| chart.point(x, y)).collect();
    let area = chart.area();
    chart.svg.polygon(&cut(&corners, &area), "#e3e9ef", 1.0, None);
    chart.horizontal(0.0, &Stroke::solid(GUIDE, 0.8));
    chart.curve(&[(0.0, BAND), (end, center * end + BAND)], &Stroke::dashed(LIGHT_BLUE, 1.0));
    chart.curve(&[(0.0, -BAND), (end, center * end - BAND)], &Stroke::dashed(LIGHT_BLUE, 1.0));
    chart.curve(&[(0.0, 0.0), (end, center * end)], &Stroke::solid(BLUE, 1.6));
}

/// Effects along the right edge, where lines from the origin meet it.
fn draw_effect_scale(chart: &mut Chart, result: &PooledEffect, end: f64) {
    let Area { right, top, bottom, .. } = chart.area();
    let (lowest, highest) = chart.y.domain();
    let (lower, upper) = (lowest / end, highest / end);
    let is_log = result.measure.is_log_ratio();
    let ticks: Vec<(f64, f64)> = if is_log {
        log_ticks(lower.exp(), upper.exp(), 8).into_iter().map(|tick| (tick, tick.ln())).collect()
    } else {
        linear_ticks(lower, upper, 7).into_iter().map(|tick| (tick, tick)).collect()
    };
    chart.svg.line((right, top), (right, bottom), &Stroke::solid(INK, 1.0));
    let style = TextStyle::new(11.0);
    for (shown, value) in ticks {
        let y = chart.y.position(value * end);
        chart.svg.line((right, y), (right + 4.0, y), &Stroke::solid(INK, 1.0));
        write_if_free(
            &mut chart.svg,
            (right + 7.0, y + 4.0),
            &shortest(shown),
            &style.anchor(Anchor::Start),
            0.0,
        );
    }
    let name = if is_log { sentences::effect_name(result.measure) } else { "Effect" };
    let size = (12.0 * (bottom - top) / TextStyle::new(12.0).width(name).max(1.0)).min(12.0);
    chart.svg.vertical_text(right + 56.0, (top + bottom) / 2.0, name, &TextStyle::new(size));
}

#[cfg(test)]
mod tests {
    use kmeta_trial_data::EffectMeasure;

    use super::*;
    use crate::test_data::{assert_figure_is_readable, effect};

    #[test]
    fn figure_is_readable_with_any_number_of_studies() {
        for measure in [EffectMeasure::FreemanTukey, EffectMeasure::LogOddsRatio] {
            for count in [1, 2, 12, 120] {
                let result = effect(measure, count, &[], |index| format!("Étude {index}"));
                let figure = radial_plot(&result, &ChartOptions::default());
                assert_figure_is_readable(&figure);
                assert_eq!(figure.svg.matches(r#"r="4""#).count(), count as usize);
            }
        }
    }

    #[test]
    fn studies_outside_the_band_are_counted() {
        let mut result = effect(EffectMeasure::LogOddsRatio, 3, &[], |index| index.to_string());
        for (study, value) in result.studies.iter_mut().zip([0.0, 0.15, 0.5]) {
            (study.estimate.value, study.estimate.standard_error) = (value, 0.1);
        }
        result.common.value = 0.0;
        assert!(
            radial_plot(&result, &ChartOptions::default()).alt_text.contains("1 of 3 studies lie outside")
        );
    }
}
