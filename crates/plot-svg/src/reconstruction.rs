//! How well reconstructed patients follow the digitized curve: both curves above, their difference below.

use kmeta_trial_data::StepCurve;

use crate::format::{fixed, shortest};
use crate::kaplan_meier::{Drawn, Line, draw, with_footer};
use crate::palette::{GUIDE, INK, VERMILION};
use crate::survival_axes::{FONT, LegendEntry, SurvivalAxes};
use crate::svg::{Anchor, Stroke, Svg, TextStyle};
use crate::{ArmCurve, Figure, KaplanMeierOptions, Scale, ScaleKind};

/// The digitized curve below the reconstructed one.
const DIGITIZED: &str = "#8fb4d6";

/// Height of the panel of differences.
const PANEL_HEIGHT: f64 = 90.0;

/// Half the height of its axis at least: below it differences are smaller than what a reader can see in a figure.
const SMALLEST_LIMIT: f64 = 0.01;

/// Two panels: the reconstructed curve of one arm (thin, dark) over the digitized one (broad, light), which is drawn
/// until `digitized_end`, with the reconstructed numbers at risk; and below the difference of the two, reconstructed
/// minus digitized. Where the reconstruction is faithful, the thin line runs inside the broad one and the difference
/// stays near 0.
pub fn reconstructed_over_digitized(
    reconstructed: &ArmCurve,
    digitized: &StepCurve,
    digitized_end: f64,
    options: &KaplanMeierOptions,
) -> Figure {
    let broad = Stroke::solid(DIGITIZED, 5.0);
    let thin = Stroke::solid(VERMILION, 1.4);
    let lines = [
        Line { curve: digitized, end: digitized_end, stroke: broad },
        Line { curve: &reconstructed.curve, end: reconstructed.end(), stroke: thin },
    ];
    let legend = [("Digitized", broad), ("Reconstructed", thin)].map(|(label, stroke)| LegendEntry {
        label: label.to_owned(),
        stroke,
        band: None,
    });
    let marks = [(reconstructed, VERMILION)];
    let (mut drawn, outside) = draw(&lines, &legend, &marks, options);
    let end = digitized_end.max(digitized.last_time());
    let points = differences(&reconstructed.curve, digitized, end.min(drawn.axes.end()));
    draw_differences(&mut drawn, &points, options.percent);
    let largest = points.iter().map(|&(_, difference)| difference.abs()).fold(0.0, f64::max);
    let alt = format!(
        "{}: reconstructed Kaplan-Meier curve over the digitized curve of {}, and their difference below; mean absolute \
         difference {}, largest {}.",
        options.title,
        reconstructed.label,
        fixed(digitized.mean_absolute_difference(&reconstructed.curve, end), 4),
        fixed(largest, 4)
    );
    let (svg, width, height) = with_footer(drawn, outside, &options.note);
    svg.finish(width, height, &options.title, alt)
}

/// Reconstructed minus digitized from each time at which either drops, until `end`.
fn differences(reconstructed: &StepCurve, digitized: &StepCurve, end: f64) -> Vec<(f64, f64)> {
    let drops = reconstructed.corners().chain(digitized.corners()).map(|(time, _)| time);
    let mut times: Vec<f64> = std::iter::once(0.0).chain(drops).filter(|&time| time <= end).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    times
        .into_iter()
        .map(|time| (time, reconstructed.survival_at(time) - digitized.survival_at(time)))
        .collect()
}

/// The lower panel, on the time axis of the upper one.
fn draw_differences(drawn: &mut Drawn, points: &[(f64, f64)], percent: bool) {
    let Drawn { svg, axes, bottom, .. } = drawn;
    let (top, lower) = (*bottom + 26.0, *bottom + 26.0 + PANEL_HEIGHT);
    let limit = points.iter().map(|&(_, difference)| 1.1 * difference.abs()).fold(SMALLEST_LIMIT, f64::max);
    let scale = Scale::new(ScaleKind::Linear, (-limit, limit), (lower, top));
    let title = "Difference (reconstructed − digitized)";
    let (left, right) = axes.x.range();
    svg.text(left, top - 8.0, title, &TextStyle::new(FONT));
    draw_axis(svg, &scale, (left, right), limit, percent);
    svg.polyline(&steps(axes, &scale, points), &Stroke::solid(VERMILION, 1.4));
    *bottom = lower + 6.0;
}

/// The axis of differences, with a line at 0.
fn draw_axis(svg: &mut Svg, scale: &Scale, (left, right): (f64, f64), limit: f64, percent: bool) {
    let (lower, top) = scale.range();
    svg.line((left, top), (left, lower), &Stroke::solid(INK, 1.0));
    svg.line((left, scale.position(0.0)), (right, scale.position(0.0)), &Stroke::solid(GUIDE, 1.0));
    let style = TextStyle::new(11.0).anchor(Anchor::End);
    let step = tick_step(limit);
    for tick in crate::scale::multiples(-limit, limit, step) {
        let y = scale.position(tick);
        svg.line((left - 4.0, y), (left, y), &Stroke::solid(INK, 1.0));
        let value = if percent { 100.0 * tick } else { tick };
        // Rounded to the step, so that 0.03 is not written as 0.030000000000000002.
        let label = shortest((value * 1e9).round() / 1e9).replace('-', "−");
        svg.text(left - 7.0, y + 4.0, &label, &style);
    }
}

/// 1, 2 or 5 times a power of ten, about half of the limit.
fn tick_step(limit: f64) -> f64 {
    let power = 10f64.powf((limit / 1.5).log10().floor());
    let unit = limit / 1.5 / power;
    power
        * if unit >= 5.0 {
            5.0
        } else if unit >= 2.0 {
            2.0
        } else {
            1.0
        }
}

/// The corners of the difference in pixels.
fn steps(axes: &SurvivalAxes, scale: &Scale, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut path: Vec<(f64, f64)> = Vec::with_capacity(2 * points.len());
    for &(time, difference) in points {
        let x = axes.x.position(time);
        if let Some(&(_, y)) = path.last() {
            path.push((x, y));
        }
        path.push((x, scale.position(difference)));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_data::{kaplan_meier, patients};

    fn arm() -> ArmCurve {
        let patients = patients(10, 5.0);
        ArmCurve { label: "Trial 1".to_owned(), curve: kaplan_meier(&patients), patients }
    }

    #[test]
    fn both_curves_and_their_difference_are_named() {
        let arm = arm();
        let options = KaplanMeierOptions { title: "OS".to_owned(), ..KaplanMeierOptions::default() };
        let figure = reconstructed_over_digitized(&arm, &arm.curve, arm.end(), &options);
        for text in [">Digitized<", ">Reconstructed<", ">Difference (reconstructed"] {
            assert!(figure.svg.contains(text), "{text}");
        }
        let expected = "mean absolute difference 0.0000, largest 0.0000.";
        assert!(figure.alt_text.ends_with(expected), "{}", figure.alt_text);
    }

    #[test]
    fn difference_is_that_of_the_steps() {
        let one = StepCurve::new(vec![1.0, 3.0], vec![0.8, 0.5]).unwrap();
        let other = StepCurve::new(vec![2.0, 3.0], vec![0.8, 0.6]).unwrap();
        let found = differences(&one, &other, 10.0);
        let expected = [(0.0, 0.0), (1.0, -0.2), (2.0, 0.0), (3.0, -0.1)];
        assert_eq!(found.len(), 4);
        for ((time, difference), (at, by)) in found.into_iter().zip(expected) {
            assert!(time == at && (difference - by).abs() < 1e-12, "{difference} at {time}");
        }
    }

    #[test]
    fn ticks_have_room() {
        for limit in [0.01, 0.013, 0.05, 0.4, 1.0] {
            let ticks = crate::scale::multiples(-limit, limit, tick_step(limit));
            assert!((3..=7).contains(&ticks.len()), "{limit}: {ticks:?}");
        }
    }
}
