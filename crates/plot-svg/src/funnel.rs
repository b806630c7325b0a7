//! Funnel plots.

use kmeta_trial_data::PooledEffect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chart::{Area, Key, KeyMark, cut, draw_keys, name_point};
use crate::format::{fixed, shortest};
use crate::palette::{ARMS, BLUE, CONTOURS, GREY_TEXT, GUIDE, INK, VERMILION};
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

/// Normal quantiles of two-sided p values of 0.01, 0.05 and 0.1, with the shade of effects whose p value lies just
/// above each; beyond the first the ground is [`BEYOND`].
const P_LIMITS: [(f64, &str, &str); 3] = [
    (2.575_829_303_548_901, CONTOURS[1], "0.01 < p < 0.05"),
    (Z, CONTOURS[2], "0.05 < p < 0.10"),
    (1.644_853_626_951_472_2, CONTOURS[0], "p > 0.10"),
];
/// Ground of effects with p below 0.01.
const BEYOND: &str = "#f6f8fa";

/// Studies that trim and fill adds (Duval & Tweedie 2000), on the analysis scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrimmedFunnel {
    /// Effect and standard error of each study added.
    pub filled: Vec<(f64, f64)>,
    /// The mean of observed and added studies.
    pub adjusted: f64,
    /// The same on the reading scale.
    pub adjusted_shown: f64,
}

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
/// ratios are labelled as ratios on a logarithmic axis. With `contours` the ground is shaded by the p value that a
/// study there has (Peters et al. 2008), about the value of no effect; single proportions have none and stay plain.
pub fn funnel_plot(result: &PooledEffect, options: &FunnelOptions) -> Figure {
    funnel(result, None, options)
}

/// The funnel plot with the studies that trim and fill adds, as open circles, and the mean that they lead to.
pub fn trim_and_fill_funnel(
    result: &PooledEffect,
    trimmed: &TrimmedFunnel,
    options: &FunnelOptions,
) -> Figure {
    funnel(result, Some(trimmed), options)
}

fn funnel(result: &PooledEffect, trimmed: Option<&TrimmedFunnel>, options: &FunnelOptions) -> Figure {
    let (svg, width, height) = draw(result, trimmed, options);
    let asymmetry = result.egger.as_ref().map_or(String::new(), |test| {
        format!(" Egger's test: {}.", sentences::egger(test, options.p_digits))
    });
    let filled = trimmed
        .map_or(String::new(), |trimmed| format!(" Trim and fill adds {} studies.", trimmed.filled.len()));
    let alt = format!(
        "Funnel plot of {}: {} studies by effect and standard error with pseudo 95% limits.{asymmetry}{filled}",
        result.title,
        result.studies.len()
    );
    svg.finish(width, height, &format!("Funnel plot: {}", result.title), alt)
}

/// The drawing with its width and height.
fn draw(result: &PooledEffect, trimmed: Option<&TrimmedFunnel>, options: &FunnelOptions) -> (Svg, f64, f64) {
    let width = options.width.clamp(320.0, 2000.0);
    let mut svg = Svg::new();
    let title = TextStyle::new(14.0).bold();
    let lines = TextMetrics::wrap(&result.title, width - 2.0 * MARGIN, title.size, title.weight);
    let top = svg.lines(MARGIN, MARGIN + 12.0, &lines, 18.0, &title) - 10.0;
    let top = draw_keys(&mut svg, &keys(result, trimmed, options), MARGIN, width - MARGIN, top) + 6.0;
    let axes = axes(result, trimmed, options, (LEFT, width - MARGIN), (top, top + PLOT_HEIGHT));
    if options.contours
        && let Some(null) = result.measure.no_effect()
    {
        let null = if result.measure.is_log_ratio() { null.ln() } else { null };
        draw_contours(&mut svg, &axes, null);
    }
    draw_funnel(&mut svg, &axes, options);
    if options.egger_line {
        draw_egger_line(&mut svg, &axes, result);
    }
    draw_axes(&mut svg, &axes, result, options);
    draw_studies(&mut svg, &axes, result, trimmed, options);
    let bottom = top + PLOT_HEIGHT + 50.0;
    let bottom = footer::draw(
        &mut svg,
        MARGIN,
        bottom,
        width - 2.0 * MARGIN,
        &caption(result, trimmed, options),
        &options.note,
    );
    (svg, width, bottom + MARGIN)
}

/// The legend; empty for a plain funnel.
fn keys(result: &PooledEffect, trimmed: Option<&TrimmedFunnel>, options: &FunnelOptions) -> Vec<Key> {
    let mut keys = Vec::new();
    if has_colors(result, options) {
        let names = result.subgroups.iter().zip(ARMS);
        keys.extend(names.map(|(subgroup, color)| Key::dot(subgroup.name.clone(), color)));
    }
    if options.contours && result.measure.no_effect().is_some() {
        keys.extend(P_LIMITS.iter().rev().map(|(_, fill, label)| Key::new(*label, KeyMark::Framed(fill))));
        keys.push(Key::new("p < 0.01", KeyMark::Framed(BEYOND)));
    }
    if let Some(trimmed) = trimmed {
        let open = KeyMark::Dot { fill: "#ffffff", outline: VERMILION };
        keys.push(Key::new(format!("Filled in ({})", trimmed.filled.len()), open));
        keys.push(Key::new("Adjusted mean", KeyMark::Line(Stroke::dashed(VERMILION, 1.4))));
    }
    if options.egger_line && egger_line(result).is_some() {
        keys.push(Key::new("Egger's regression", KeyMark::Line(Stroke::solid(VERMILION, 1.4))));
    }
    keys
}

/// Whether points have the colours of their subgroups.
fn has_colors(result: &PooledEffect, options: &FunnelOptions) -> bool {
    options.color_subgroups && (2..=ARMS.len()).contains(&result.subgroups.len())
}

/// Axes that hold every study and the funnel.
fn axes(
    result: &PooledEffect,
    trimmed: Option<&TrimmedFunnel>,
    options: &FunnelOptions,
    x_range: (f64, f64),
    y_range: (f64, f64),
) -> Axes {
    let center = if options.center_random { result.random.value } else { result.common.value };
    let finite = |value: f64, otherwise: f64| if value.is_finite() { value } else { otherwise };
    let center = finite(center, 0.0);
    let errors = usable(result).map(|(_, error)| error).fold(0.0, f64::max).max(1e-6);
    let step = nice_step(errors * 1.05, 5);
    let largest_error = (errors * 1.05 / step).ceil() * step;
    let filled = trimmed.into_iter().flat_map(|trimmed| &trimmed.filled).map(|(value, _)| *value);
    let values = usable(result).map(|(value, _)| value).chain(filled).filter(|value| value.is_finite());
    let reach = values.map(|value| (value - center).abs()).fold(Z * largest_error, f64::max) * 1.06;
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

/// Regions of p values about no effect, the outermost first.
fn draw_contours(svg: &mut Svg, axes: &Axes, null: f64) {
    let ((left, right), (top, bottom)) = (axes.x.range(), axes.y.range());
    svg.rectangle(left, top, right - left, bottom - top, BEYOND);
    let area = Area { left, top, right, bottom };
    for (quantile, fill, _) in P_LIMITS {
        let half = quantile * axes.largest_error;
        let corners = [(null, 0.0), (null - half, axes.largest_error), (null + half, axes.largest_error)];
        let corners = corners.map(|(value, error)| (axes.x.position(value), axes.y.position(error)));
        svg.polygon(&cut(&corners, &area), fill, 1.0, None);
    }
    let x = axes.x.position(null);
    if x >= left && x <= right {
        svg.line((x, top), (x, bottom), &Stroke::solid(INK, 0.8));
    }
}

fn draw_funnel(svg: &mut Svg, axes: &Axes, options: &FunnelOptions) {
    let (top, bottom) = axes.y.range();
    let apex = axes.x.position(axes.center);
    let half = Z * axes.largest_error;
    let (left, right) = (axes.x.position(axes.center - half), axes.x.position(axes.center + half));
    if !options.contours {
        svg.polygon(&[(apex, top), (left, bottom), (right, bottom)], "#eef2f6", 1.0, None);
    }
    let dashed = Stroke::dashed(GUIDE, 1.0);
    svg.line((apex, top), (left, bottom), &dashed);
    svg.line((apex, top), (right, bottom), &dashed);
    svg.line((apex, top), (apex, bottom), &Stroke::solid(GUIDE, 1.0));
}

/// The effect that Egger's regression expects at standard errors 0 and 1: its intercept on the standardized scale is
/// the slope of effects on standard errors, and the line goes through their inverse-variance means.
fn egger_line(result: &PooledEffect) -> Option<(f64, f64)> {
    let slope = result.egger.as_ref().map(|test| test.intercept).filter(|slope| slope.is_finite())?;
    let (mut weights, mut values, mut errors) = (0.0, 0.0, 0.0);
    for (value, error) in usable(result).filter(|(_, error)| *error > 0.0) {
        let weight = 1.0 / (error * error);
        weights += weight;
        values += weight * value;
        errors += weight * error;
    }
    (weights > 0.0).then(|| ((values - slope * errors) / weights, slope))
}

fn draw_egger_line(svg: &mut Svg, axes: &Axes, result: &PooledEffect) {
    let Some((start, slope)) = egger_line(result) else { return };
    let (lower, upper) = axes.x.domain();
    // Up to the lower edge, or to where the line leaves the plot sideways.
    let side = if slope > 0.0 { upper } else { lower };
    let leaves = if slope == 0.0 { f64::INFINITY } else { (side - start) / slope };
    let end = leaves.clamp(0.0, axes.largest_error);
    if start >= lower && start <= upper {
        let place = |error: f64| (axes.x.position(start + slope * error), axes.y.position(error));
        svg.line(place(0.0), place(end), &Stroke::solid(VERMILION, 1.4));
    }
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
    // A long title shrinks to the axis.
    let size = (12.0 * (right - left) / style.width(title).max(1.0)).min(12.0);
    let x_style = TextStyle { size, ..style }.anchor(Anchor::Middle);
    svg.text((left + right) / 2.0, bottom + 36.0, title, &x_style);
    svg.vertical_text(MARGIN + 8.0, (top + bottom) / 2.0, "Standard error", &style);
}

/// Points first, then names where there is room.
fn draw_studies(
    svg: &mut Svg,
    axes: &Axes,
    result: &PooledEffect,
    trimmed: Option<&TrimmedFunnel>,
    options: &FunnelOptions,
) {
    let place = |value: f64, error: f64| (axes.x.position(value), axes.y.position(error));
    let filled: Vec<(f64, f64)> = trimmed
        .into_iter()
        .flat_map(|trimmed| &trimmed.filled)
        .filter(|(value, error)| value.is_finite() && error.is_finite())
        .map(|&(value, error)| place(value, error))
        .collect();
    if let Some(adjusted) = trimmed.map(|trimmed| trimmed.adjusted).filter(|value| value.is_finite()) {
        let (top, bottom) = axes.y.range();
        let x = axes.x.position(adjusted);
        svg.line((x, top), (x, bottom), &Stroke::dashed(VERMILION, 1.4));
    }
    for &point in &filled {
        svg.circle(point, 4.0, "#ffffff", &Stroke::solid(VERMILION, 1.3));
    }
    let colored = has_colors(result, options);
    let studies = || {
        result
            .studies
            .iter()
            .filter(|study| study.estimate.value.is_finite() && study.estimate.standard_error.is_finite())
    };
    let places: Vec<(f64, f64)> =
        studies().map(|study| place(study.estimate.value, study.estimate.standard_error)).collect();
    for (study, &point) in studies().zip(&places) {
        let group = result.subgroups.iter().position(|group| study.subgroup.as_ref() == Some(&group.name));
        let color = group.filter(|_| colored).map_or(BLUE, |group| ARMS[group % ARMS.len()]);
        svg.circle(point, 4.0, color, &Stroke::solid("#ffffff", 1.0));
    }
    if !options.show_labels {
        return;
    }
    let points: Vec<(f64, f64, f64)> = places.iter().chain(&filled).map(|&(x, y)| (x, y, 4.0)).collect();
    let ((left, right), (top, bottom)) = (axes.x.range(), axes.y.range());
    let area = Area { left, top, right, bottom };
    for (study, &place) in studies().zip(&places) {
        name_point(svg, &area, &study.label, place, 4.0, &points);
    }
}

fn caption(
    result: &PooledEffect,
    trimmed: Option<&TrimmedFunnel>,
    options: &FunnelOptions,
) -> Vec<(String, &'static str)> {
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
    if options.contours {
        let text = match result.measure.no_effect() {
            Some(_) => {
                "Shades: two-sided p value of a study at that place (Peters 2008); black line: no effect."
            }
            None => "A single proportion has no value of no effect, so the ground shows no p values.",
        };
        lines.push((text.to_owned(), GREY_TEXT));
    }
    if let Some(trimmed) = trimmed {
        let text = format!(
            "Trim and fill (Duval & Tweedie 2000): open circles are studies that would make the funnel symmetric; with \
             them the mean is {}.",
            fixed(trimmed.adjusted_shown, 4)
        );
        lines.push((text, INK));
    }
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
    use crate::test_data::{assert_figure_is_readable, effect};

    #[test]
    fn texts_are_apart_with_any_number_of_studies() {
        for studies in [1, 2, 6, 120] {
            for measure in [FreemanTukey, LogHazardRatio] {
                let result = effect(measure, studies, &[], |index| format!("Étude numéro {index}"));
                let figure = funnel_plot(&result, &FunnelOptions::default());
                assert_figure_is_readable(&figure);
                assert!(figure.texts.iter().any(|text| text.text == "Étude numéro 0"), "{studies}");
            }
        }
    }

    #[test]
    fn every_study_has_a_point() {
        let result = effect(FreemanTukey, 5, &[], |index| index.to_string());
        assert_eq!(funnel_plot(&result, &FunnelOptions::default()).svg.matches("<circle").count(), 5);
    }

    #[test]
    fn enhanced_funnels_are_readable() {
        let options = FunnelOptions { contours: true, egger_line: true, width: 330.0, ..Default::default() };
        let trimmed =
            TrimmedFunnel { filled: vec![(-2.4, 0.3), (0.9, 0.35)], adjusted: -0.7, adjusted_shown: 0.497 };
        for measure in [FreemanTukey, LogHazardRatio] {
            let result = effect(measure, 12, &[4, 5, 3], |index| format!("Étude {index}"));
            let figure = trim_and_fill_funnel(&result, &trimmed, &options);
            assert_figure_is_readable(&figure);
            assert_eq!(figure.svg.matches(r##"r="4" fill="#ffffff""##).count(), 2);
            assert_eq!(figure.svg.contains("p &gt; 0.10"), measure == LogHazardRatio);
        }
    }

    #[test]
    fn eggers_line_is_that_of_the_weighted_regression() {
        // By hand: effects 1 + 2·error lie on a line, whatever their weights.
        let mut result = effect(LogHazardRatio, 4, &[], |index| index.to_string());
        for (study, error) in result.studies.iter_mut().zip([0.1, 0.2, 0.3, 0.5]) {
            study.estimate.standard_error = error;
            study.estimate.value = 1.0 + 2.0 * error;
        }
        result.egger.as_mut().unwrap().intercept = 2.0;
        let (start, slope) = egger_line(&result).unwrap();
        assert!((start - 1.0).abs() < 1e-12 && slope == 2.0, "{start} {slope}");
    }

    #[test]
    fn small_funnel_snapshot() {
        let result = effect(LogHazardRatio, 3, &[], |index| format!("Study {index}"));
        insta::assert_snapshot!(funnel_plot(&result, &FunnelOptions::default()).svg);
    }
}
