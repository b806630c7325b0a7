//! Funnel plots.

use kmeta_trial_data::PooledEffect;

use crate::format::{fixed, shortest};
use crate::palette::{BLUE, GREY_TEXT, GUIDE, INK};
use crate::scale::{log_ticks, nice_step};
use crate::svg::{Anchor, Stroke, Svg, TextStyle};
use crate::text_metrics::TextMetrics;
use crate::{Figure, FunnelOptions, Scale, ScaleKind, footer, sentences};

/// Normal quantile of the pseudo 95 % limits.
const Z: f64 = 1.959_963_984_540_054;
/// Room left of the axis for its labels and title.
const LEFT: f64 = 66.0;
/// Room at the other edges.
const MARGIN: f64 = 14.0;
/// Height of the plot area.
const PLOT_HEIGHT: f64 = 320.0;
/// Fewer studies than this give tests for asymmetry too little power (Sterne 2011).
const FEW_STUDIES: usize = 10;

/// The two axes.
struct Axes {
    x: Scale,
    y: Scale,
    largest_error: f64,
    center: f64,
}

/// The funnel plot of a pooled effect: each study's effect on the analysis scale against its standard error,
/// which grows downwards; a vertical line at the pooled effect with the pseudo 95 % limits
/// `effect ± 1.96 · standard error` (Sterne & Egger 2001); Egger's test below where the result has it. Hazard
/// ratios are labelled as ratios on a logarithmic axis.
pub fn funnel_plot(result: &PooledEffect, options: &FunnelOptions) -> Figure {
    let (svg, width, height) = draw(result, options);
    let asymmetry = result.egger.as_ref().map_or(String::new(), |test| {
        format!(" Egger's test: {}.", sentences::egger(test, options.p_digits))
    });
    let alt = format!(
        "Funnel plot of {}: {} studies by effect and standard error with pseudo 95% limits.{asymmetry}",
        result.title,
        result.studies.len()
    );
    svg.finish(width, height, &format!("Funnel plot: {}", result.title), alt)
}

/// The drawing with its width and height.
fn draw(result: &PooledEffect, options: &FunnelOptions) -> (Svg, f64, f64) {
    let width = options.width.clamp(320.0, 2000.0);
    let mut svg = Svg::new();
    let title = TextStyle::new(14.0).bold();
    let lines = TextMetrics::wrap(&result.title, width - 2.0 * MARGIN, title.size, title.weight);
    let top = svg.lines(MARGIN, MARGIN + 12.0, &lines, 18.0, &title) - 4.0;
    let axes = axes(result, options, (LEFT, width - MARGIN), (top, top + PLOT_HEIGHT));
    draw_funnel(&mut svg, &axes);
    draw_axes(&mut svg, &axes, result, options);
    draw_studies(&mut svg, &axes, result, options);
    let bottom = top + PLOT_HEIGHT + 50.0;
    let bottom = footer::draw(
        &mut svg,
        MARGIN,
        bottom,
        width - 2.0 * MARGIN,
        &caption(result, options),
        &options.note,
    );
    (svg, width, bottom + MARGIN)
}

/// Axes that hold every study and the funnel.
fn axes(result: &PooledEffect, options: &FunnelOptions, x_range: (f64, f64), y_range: (f64, f64)) -> Axes {
    let center = if options.center_random { result.random.value } else { result.common.value };
    let finite = |value: f64, otherwise: f64| if value.is_finite() { value } else { otherwise };
    let center = finite(center, 0.0);
    let errors = usable(result).map(|(_, error)| error).fold(0.0, f64::max).max(1e-6);
    let step = nice_step(errors * 1.05, 5);
    let largest_error = (errors * 1.05 / step).ceil() * step;
    let reach =
        usable(result).map(|(value, _)| (value - center).abs()).fold(Z * largest_error, f64::max) * 1.06;
    Axes {
        x: Scale::new(ScaleKind::Linear, (center - reach, center + reach), x_range),
        y: Scale::new(ScaleKind::Linear, (0.0, largest_error), y_range),
        largest_error,
        center,
    }
}

/// Effects and standard errors that can be drawn.
fn usable(result: &PooledEffect) -> impl Iterator<Item = (f64, f64)> + '_ {
    result
        .studies
        .iter()
        .map(|study| (study.estimate.value, study.estimate.standard_error))
        .filter(|(value, error)| value.is_finite() && error.is_finite())
}

fn draw_funnel(svg: &mut Svg, axes: &Axes) {
    let (top, bottom) = axes.y.range();
    let apex = axes.x.position(axes.center);
    let half = Z * axes.largest_error;
    let (left, right) = (axes.x.position(axes.center - half), axes.x.position(axes.center + half));
    svg.polygon(&[(apex, top), (left, bottom), (right, bottom)], "#eef2f6", 1.0, None);
    let dashed = Stroke::dashed(GUIDE, 1.0);
    svg.line((apex, top), (left, bottom), &dashed);
    svg.line((apex, top), (right, bottom), &dashed);
    svg.line((apex, top), (apex, bottom), &Stroke::solid(GUIDE, 1.0));
}

fn draw_axes(svg: &mut Svg, axes: &Axes, result: &PooledEffect, options: &FunnelOptions) {
    let ((left, right), (top, bottom)) = (axes.x.range(), axes.y.range());
    let line = Stroke::solid(INK, 1.0);
    svg.line((left, top), (left, bottom), &line);
    svg.line((left, bottom), (right, bottom), &line);
    let tick_style = TextStyle::new(11.0);
    for tick in axes.y.ticks(5) {
        let y = axes.y.position(tick);
        svg.line((left - 4.0, y), (left, y), &line);
        svg.text(left - 7.0, y + 4.0, &shortest(tick), &tick_style.anchor(Anchor::End));
    }
    let (lower, upper) = axes.x.domain();
    let is_log = result.measure.is_log_ratio();
    let ticks: Vec<(f64, String)> = if is_log {
        log_ticks(lower.exp(), upper.exp(), 8).into_iter().map(|tick| (tick.ln(), shortest(tick))).collect()
    } else {
        axes.x.ticks(8).into_iter().map(|tick| (tick, shortest(tick))).collect()
    };
    for (value, label) in ticks {
        let x = axes.x.position(value);
        svg.line((x, bottom), (x, bottom + 4.0), &line);
        let style = tick_style.anchor(Anchor::Middle);
        if !svg.is_taken(&style.text_box(x, bottom + 16.0, &label)) {
            svg.text(x, bottom + 16.0, &label, &style);
        }
    }
    let title = if options.axis_title.is_empty() {
        sentences::scale_name(result.measure)
    } else {
        options.axis_title.as_str()
    };
    let style = TextStyle::new(12.0);
    svg.text((left + right) / 2.0, bottom + 36.0, title, &style.anchor(Anchor::Middle));
    svg.vertical_text(MARGIN + 8.0, (top + bottom) / 2.0, "Standard error", &style);
}

/// Points first, then names where there is room.
fn draw_studies(svg: &mut Svg, axes: &Axes, result: &PooledEffect, options: &FunnelOptions) {
    let places: Vec<(f64, f64)> =
        usable(result).map(|(value, error)| (axes.x.position(value), axes.y.position(error))).collect();
    for &place in &places {
        svg.circle(place, 4.0, BLUE, &Stroke::solid("#ffffff", 1.0));
    }
    if !options.show_labels {
        return;
    }
    let named = result
        .studies
        .iter()
        .filter(|study| study.estimate.value.is_finite() && study.estimate.standard_error.is_finite());
    for (study, &(x, y)) in named.zip(&places) {
        write_name(svg, axes, &study.label, (x, y), &places);
    }
}

/// Writes a name right, left, above or below its point, where it touches neither text nor point nor edge.
fn write_name(svg: &mut Svg, axes: &Axes, name: &str, (x, y): (f64, f64), points: &[(f64, f64)]) {
    let style = TextStyle::new(10.0).color(GREY_TEXT);
    let spots = [
        (x + 7.0, y + 3.5, Anchor::Start),
        (x - 7.0, y + 3.5, Anchor::End),
        (x, y - 8.0, Anchor::Middle),
        (x, y + 16.0, Anchor::Middle),
    ];
    let ((left, right), (top, bottom)) = (axes.x.range(), axes.y.range());
    let free = |(x, y, anchor): &(f64, f64, Anchor)| {
        let place = style.anchor(*anchor).text_box(*x, *y, name);
        let inside = place.left >= left + 2.0
            && place.right <= right
            && place.top >= top
            && place.bottom <= bottom - 2.0;
        let on_point = |&(x, y): &(f64, f64)| {
            x + 4.0 > place.left && x - 4.0 < place.right && y + 4.0 > place.top && y - 4.0 < place.bottom
        };
        inside && !points.iter().any(on_point) && !svg.is_taken(&place)
    };
    if let Some((x, y, anchor)) = spots.into_iter().find(free) {
        svg.text_over_lines(x, y, name, &style.anchor(anchor));
    }
}

fn caption(result: &PooledEffect, options: &FunnelOptions) -> Vec<(String, &'static str)> {
    let (model, center) = if options.center_random {
        ("random-effects", &result.random)
    } else {
        ("common-effect", &result.common)
    };
    let mut lines = vec![(
        format!(
            "Vertical line: {model} mean ({}). Dashed lines: pseudo 95% limits about it.",
            fixed(center.shown, 4)
        ),
        GREY_TEXT,
    )];
    if let Some(test) = &result.egger {
        lines.push((format!("Egger's test: {}.", sentences::egger(test, options.p_digits)), INK));
    }
    if result.studies.len() < FEW_STUDIES {
        let text = "With fewer than ten studies, a funnel plot and tests of its asymmetry say little.";
        lines.push((text.to_owned(), GREY_TEXT));
    }
    lines
}

#[cfg(test)]
mod tests {
    use kmeta_trial_data::EffectMeasure::{FreemanTukey, LogHazardRatio};

    use super::*;
    use crate::test_data::{assert_texts_are_apart, effect};

    #[test]
    fn texts_are_apart_with_any_number_of_studies() {
        for studies in [1, 2, 6, 120] {
            for measure in [FreemanTukey, LogHazardRatio] {
                let result = effect(measure, studies, &[], |index| format!("Étude numéro {index}"));
                let (svg, width, height) = draw(&result, &FunnelOptions::default());
                assert_texts_are_apart(&svg, width, height);
                assert!(svg.texts().iter().any(|text| text.text == "Étude numéro 0"), "{studies}");
            }
        }
    }

    #[test]
    fn every_study_has_a_point() {
        let result = effect(FreemanTukey, 5, &[], |index| index.to_string());
        assert_eq!(funnel_plot(&result, &FunnelOptions::default()).svg.matches("<circle").count(), 5);
    }

    #[test]
    fn small_funnel_snapshot() {
        let result = effect(LogHazardRatio, 3, &[], |index| format!("Study {index}"));
        insta::assert_snapshot!(funnel_plot(&result, &FunnelOptions::default()).svg);
    }
}
