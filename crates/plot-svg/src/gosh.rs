//! GOSH: the pooled effect and the heterogeneity of every subset of the trials.

use kmeta_trial_data::EffectMeasure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chart::{Area, AxisSpec, Chart, ChartSpec, Key, KeyMark};
use crate::format::{percent, shortest};
use crate::palette::{BLUE, DIVERGING, GREY_TEXT, GUIDE};
use crate::specification_curve::thousands;
use crate::svg::{Anchor, Stroke, TextStyle};
use crate::{ChartOptions, Figure, sentences};

/// How many subsets have which estimate and which I² (Olkin, Dahabreh & Trikalinos 2012).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GoshDensity {
    /// Title above the figure.
    pub title: String,
    /// Scale of the effects; logarithms of ratios are read as ratios on a logarithmic axis.
    pub measure: EffectMeasure,
    /// Edges of the cells of the estimate, ascending, on the reading scale (a proportion, a hazard ratio).
    pub estimate_edges: Vec<f64>,
    /// Edges of the cells of I², ascending, fractions.
    pub i_squared_edges: Vec<f64>,
    /// Subsets in each cell: those of the first cell of the estimate by I², then the second, and so on.
    pub counts: Vec<u64>,
    /// The trial by whose presence cells are coloured.
    pub highlighted: Option<GoshHighlight>,
    /// Trials of which subsets were made.
    pub trials: u32,
    /// Subsets fitted.
    pub subsets: u64,
    /// Whether those are a random sample of all subsets.
    pub is_sample: bool,
    /// The estimate of all trials, on the reading scale.
    pub all_trials: Option<f64>,
}

/// The subsets that hold one trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GoshHighlight {
    /// Name of the trial.
    pub label: String,
    /// Subsets with the trial in each cell, in the order of [`GoshDensity::counts`].
    pub counts: Vec<u64>,
}

/// Height of the histograms beside the density.
const HISTOGRAM: f64 = 46.0;

/// The GOSH figure: the density of subsets over their pooled estimate and their I², darker where more subsets lie (on
/// a logarithmic scale), with both marginal distributions. Where a trial is named, vermilion cells hold subsets with
/// it, blue cells subsets without it: two clouds of different colour mean that this trial makes the heterogeneity.
pub fn gosh_plot(density: &GoshDensity, options: &ChartOptions) -> Figure {
    let is_ratio = density.measure.is_log_ratio();
    let (lowest, highest) = shown_range(density);
    let name = sentences::effect_name(density.measure);
    let as_percent = options.percent && density.measure.is_proportion();
    let mut x = if is_ratio {
        AxisSpec::logarithmic([lowest, highest], &format!("{name} of the subset (log scale)"), 7)
    } else {
        AxisSpec::covering([lowest, highest], &format!("{name} of the subset"), 7)
    };
    if as_percent {
        x = AxisSpec { title: "Percent, subset".to_owned(), ..x.percent() };
    }
    let y = AxisSpec::linear((0.0, 1.0), "I² of the subset (%)", 5).percent();
    let mut chart = Chart::new(ChartSpec {
        title: &density.title,
        width: options.width,
        plot_height: options.plot_height,
        x,
        y,
        keys: keys(density),
        right_room: HISTOGRAM + 6.0,
        top_room: HISTOGRAM + 6.0,
    });
    draw_cells(&mut chart, density);
    draw_margins(&mut chart, density);
    if let Some(value) = density.all_trials.filter(|value| value.is_finite() && (*value > 0.0 || !is_ratio)) {
        chart.vertical(value, &Stroke::dashed(GUIDE, 1.2));
    }
    chart.draw_axes();
    let lines = lines(density, as_percent);
    let alt = format!("GOSH plot of {}. {}", density.title, lines[0].0);
    chart.finish(&lines, &options.note, &density.title, alt)
}

fn keys(density: &GoshDensity) -> Vec<Key> {
    let mut keys = match &density.highlighted {
        Some(trial) => vec![
            Key::new(format!("Subsets with {}", trial.label), KeyMark::Band(DIVERGING[4])),
            Key::new("Half and half", KeyMark::Band(DIVERGING[2])),
            Key::new("Subsets without it", KeyMark::Band(DIVERGING[0])),
        ],
        None => vec![Key::new("Subsets (darker: more)", KeyMark::Band(BLUE))],
    };
    if density.all_trials.is_some() {
        keys.push(Key::new("All trials", KeyMark::Line(Stroke::dashed(GUIDE, 1.2))));
    }
    keys
}

/// The part of the estimates that holds subsets.
fn shown_range(density: &GoshDensity) -> (f64, f64) {
    let rows = rows(density);
    let filled: Vec<usize> = (0..columns(density))
        .filter(|&column| density.counts.iter().skip(column * rows).take(rows).any(|&count| count > 0))
        .collect();
    let ends = filled.first().zip(filled.last());
    let (first, last) = ends.map_or((0, columns(density)), |(&first, &last)| (first, last + 1));
    let edge = |index: usize| density.estimate_edges.get(index).copied().unwrap_or(1.0);
    let (lower, upper) = (edge(first), edge(last));
    let all = density.all_trials.filter(|value| value.is_finite());
    (all.map_or(lower, |value| value.min(lower)), all.map_or(upper, |value| value.max(upper)))
}

fn rows(density: &GoshDensity) -> usize {
    density.i_squared_edges.len().saturating_sub(1)
}

fn columns(density: &GoshDensity) -> usize {
    density.estimate_edges.len().saturating_sub(1)
}

/// Index into [`DIVERGING`] for the share of subsets that hold the trial.
fn shade_of(with: u64, all: u64) -> &'static str {
    let share = with as f64 / all.max(1) as f64;
    DIVERGING[((share * 4.0).round() as usize).min(4)]
}

fn draw_cells(chart: &mut Chart, density: &GoshDensity) {
    let rows = rows(density);
    let most = density.counts.iter().copied().max().unwrap_or(0);
    let full = ((most + 1) as f64).ln().max(f64::MIN_POSITIVE);
    for column in 0..columns(density) {
        for row in 0..rows {
            let index = column * rows + row;
            let Some(&count) = density.counts.get(index).filter(|&&count| count > 0) else { continue };
            let from = chart.point(density.estimate_edges[column], density.i_squared_edges[row + 1]);
            let to = chart.point(density.estimate_edges[column + 1], density.i_squared_edges[row]);
            let opacity = 0.15 + 0.85 * ((count + 1) as f64).ln() / full;
            let fill = density
                .highlighted
                .as_ref()
                .and_then(|trial| trial.counts.get(index))
                .map_or(BLUE, |&with| shade_of(with, count));
            chart.svg.shade(from.0, from.1, to.0 - from.0, to.1 - from.1, fill, opacity);
        }
    }
}

/// Histograms of both coordinates, at the top and at the right.
fn draw_margins(chart: &mut Chart, density: &GoshDensity) {
    let (rows, columns) = (rows(density), columns(density));
    let count = |column: usize, row: usize| density.counts.get(column * rows + row).copied().unwrap_or(0);
    let by_column: Vec<u64> =
        (0..columns).map(|column| (0..rows).map(|row| count(column, row)).sum()).collect();
    let by_row: Vec<u64> = (0..rows).map(|row| (0..columns).map(|column| count(column, row)).sum()).collect();
    let Area { top, right, .. } = chart.area();
    let most = by_column.iter().copied().max().unwrap_or(0).max(1) as f64;
    for (column, &number) in by_column.iter().enumerate().filter(|(_, number)| **number > 0) {
        let (from, to) = (
            chart.x.position(density.estimate_edges[column]),
            chart.x.position(density.estimate_edges[column + 1]),
        );
        let height = HISTOGRAM * number as f64 / most;
        chart.svg.shade(from, top - 4.0 - height, to - from, height, GUIDE, 0.6);
    }
    let most = by_row.iter().copied().max().unwrap_or(0).max(1) as f64;
    for (row, &number) in by_row.iter().enumerate().filter(|(_, number)| **number > 0) {
        let (from, to) = (
            chart.y.position(density.i_squared_edges[row + 1]),
            chart.y.position(density.i_squared_edges[row]),
        );
        chart.svg.shade(right + 4.0, from, HISTOGRAM * number as f64 / most, to - from, GUIDE, 0.6);
    }
    let style = TextStyle::new(10.0).color(GREY_TEXT).anchor(Anchor::End);
    chart.svg.text_over_lines(right, top - HISTOGRAM + 2.0, "number of subsets", &style);
}

fn lines(density: &GoshDensity, as_percent: bool) -> Vec<(String, &'static str)> {
    let sample = if density.is_sample {
        "a random sample of the subsets"
    } else {
        "all subsets of two or more trials"
    };
    let mut text = format!(
        "{} pooled effects of {sample} of {} trials",
        thousands(usize::try_from(density.subsets).unwrap_or(usize::MAX)),
        density.trials
    );
    if let Some(all) = density.all_trials {
        let number = if as_percent { percent(all, 1) } else { shortest((all * 1000.0).round() / 1000.0) };
        text.push_str(&format!("; all trials together give {number}"));
    }
    let mut lines = vec![(format!("{text}."), crate::palette::INK)];
    if density.highlighted.is_some() {
        let text =
            "Colour: share of a cell's subsets that hold the trial. Darkness: number of subsets (log scale).";
        lines.push((text.to_owned(), GREY_TEXT));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_data::{assert_figure_is_readable, gosh};

    #[test]
    fn figure_is_readable_with_and_without_a_trial() {
        for measure in [EffectMeasure::LogHazardRatio, EffectMeasure::Raw, EffectMeasure::RiskDifference] {
            let mut density = gosh(measure);
            assert_figure_is_readable(&gosh_plot(&density, &ChartOptions::default()));
            density.highlighted = None;
            density.all_trials = None;
            assert_figure_is_readable(&gosh_plot(
                &density,
                &ChartOptions { width: 330.0, ..Default::default() },
            ));
        }
    }

    #[test]
    fn every_filled_cell_is_drawn_in_the_colour_of_its_share() {
        let density = gosh(EffectMeasure::Raw);
        let figure = gosh_plot(&density, &ChartOptions::default());
        let filled = density.counts.iter().filter(|&&count| count > 0).count();
        let drawn: usize = DIVERGING
            .iter()
            .map(|color| figure.svg.matches(&format!(r#"fill="{color}" fill-opacity"#)).count())
            .sum();
        assert_eq!(drawn, filled);
        assert_eq!(
            (shade_of(0, 7), shade_of(7, 7), shade_of(1, 2)),
            (DIVERGING[0], DIVERGING[4], DIVERGING[2])
        );
    }

    #[test]
    fn lists_of_wrong_length_and_no_subsets_do_not_break_it() {
        let mut density = gosh(EffectMeasure::Raw);
        density.counts.truncate(3);
        assert_figure_is_readable(&gosh_plot(&density, &ChartOptions::default()));
        density.counts.clear();
        density.estimate_edges.clear();
        assert_figure_is_readable(&gosh_plot(&density, &ChartOptions::default()));
    }
}
