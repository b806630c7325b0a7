//! Checks of proportional hazards: log-log curves and scaled Schoenfeld residuals.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chart::{AxisSpec, Chart, ChartSpec, Key, KeyMark, extent};
use crate::format::{fixed, p_value};
use crate::palette::{ARMS, BLUE, GREY_TEXT, GUIDE, INK, VERMILION};
use crate::svg::Stroke;
use crate::{ArmCurve, ChartOptions, Figure};

/// The log-log figure: ln(−ln S(t)) of each arm against time on a logarithmic axis. Under proportional hazards the curves
/// keep their distance, which is the log hazard ratio; under a Weibull model they are straight lines. Times before the
/// first event of an arm and after its curve has reached 0 have no value.
pub fn log_log_plot(title: &str, time_title: &str, arms: &[ArmCurve], options: &ChartOptions) -> Figure {
    let curves: Vec<Vec<(f64, f64)>> = arms.iter().map(log_log_steps).collect();
    let times = || curves.iter().flatten().map(|point| point.0);
    let values = curves.iter().flatten().map(|point| point.1);
    let stroke = |index: usize| Stroke::solid(ARMS[index % ARMS.len()], 1.8);
    let keys =
        arms.iter().enumerate().map(|(index, arm)| Key::new(arm.label.clone(), KeyMark::Line(stroke(index))));
    let mut chart = Chart::new(ChartSpec {
        title,
        width: options.width,
        plot_height: options.plot_height,
        x: AxisSpec::logarithmic(times(), &format!("{time_title}, log scale"), 7),
        y: AxisSpec::covering(values, "ln(−ln survival)", 6),
        keys: keys.collect(),
        right_room: 0.0,
        top_room: 0.0,
    });
    for (index, curve) in curves.iter().enumerate() {
        chart.curve(curve, &stroke(index));
    }
    chart.draw_axes();
    let text = "Parallel curves speak for proportional hazards; curves that cross or drift apart speak against them.";
    let names: Vec<&str> = arms.iter().map(|arm| arm.label.as_str()).collect();
    let alt = format!("{title}: ln(−ln survival) against log time of {}.", names.join(" and "));
    chart.finish(&[(text.to_owned(), GREY_TEXT)], &options.note, title, alt)
}

/// The corners of ln(−ln S) of an arm, until its curve ends.
fn log_log_steps(arm: &ArmCurve) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = Vec::new();
    let corners =
        arm.curve.corners().filter(|&(time, survival)| time > 0.0 && survival > 0.0 && survival < 1.0);
    for (time, survival) in corners {
        let value = (-survival.ln()).ln();
        if let Some(&(_, before)) = points.last() {
            points.push((time, before));
        }
        points.push((time, value));
    }
    if let Some(&(time, value)) = points.last()
        && arm.end() > time
        && arm.curve.survival_at(arm.end()) > 0.0
    {
        points.push((arm.end(), value));
    }
    points
}

/// Scaled Schoenfeld residuals of one covariate with the test of its slope.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SchoenfeldPlot {
    /// Title above the figure.
    pub title: String,
    /// Title of the time axis, with its unit.
    pub time_title: String,
    /// Time and scaled residual (with the coefficient added) of each event (Grambsch & Therneau 1994).
    pub residuals: Vec<(f64, f64)>,
    /// The log hazard ratio of the model, which holds at all times under proportional hazards.
    pub log_hazard_ratio: f64,
    /// p value of the test of proportional hazards.
    pub p_value: Option<f64>,
    /// The function of time that the test used, in words.
    pub transform: String,
}

/// Part of the residuals that the smooth line looks at around each time.
const SPAN: f64 = 0.7;
/// Fewer residuals than this have no smooth line.
const FEWEST_FOR_SMOOTH: usize = 10;

/// The figure of scaled Schoenfeld residuals: each event's residual scatters about the log hazard ratio at its time. The
/// smooth line (local linear regression with tricube weights, Cleveland 1979, 70 % of the events) stays near the
/// horizontal line of the model when hazards are proportional.
pub fn schoenfeld_plot(plot: &SchoenfeldPlot, options: &ChartOptions) -> Figure {
    let mut residuals: Vec<(f64, f64)> = plot
        .residuals
        .iter()
        .copied()
        .filter(|(time, value)| time.is_finite() && value.is_finite())
        .collect();
    residuals.sort_by(|one, two| one.0.total_cmp(&two.0));
    let smooth = smooth_line(&residuals);
    let values = residuals.iter().chain(&smooth).map(|point| point.1).chain([plot.log_hazard_ratio, 0.0]);
    let mut keys = vec![
        Key::dot("Scaled residual of an event", BLUE),
        Key::new("Model", KeyMark::Line(Stroke::dashed(INK, 1.3))),
    ];
    if !smooth.is_empty() {
        keys.insert(1, Key::new("Smooth", KeyMark::Line(Stroke::solid(VERMILION, 2.0))));
    }
    let mut chart = Chart::new(ChartSpec {
        title: &plot.title,
        width: options.width,
        plot_height: options.plot_height,
        x: AxisSpec::covering(residuals.iter().map(|point| point.0).chain([0.0]), &plot.time_title, 8),
        y: AxisSpec::covering(values, "Log hazard ratio at that time", 7),
        keys,
        right_room: 0.0,
        top_room: 0.0,
    });
    chart.horizontal(0.0, &Stroke::solid(GUIDE, 0.8));
    for &(time, value) in &residuals {
        let center = chart.point(time, value);
        chart.svg.disc(center, 2.6, BLUE, 0.55);
    }
    chart.horizontal(plot.log_hazard_ratio, &Stroke::dashed(INK, 1.3));
    chart.curve(&smooth, &Stroke::solid(VERMILION, 2.0));
    chart.draw_axes();
    let tested = plot.p_value.map_or(String::new(), |p| {
        format!(" Test of proportional hazards ({}): p {}.", plot.transform, p_value(p, options.p_digits))
    });
    let text = format!(
        "{} events, log hazard ratio of the model {}.{tested}",
        residuals.len(),
        fixed(plot.log_hazard_ratio, 3)
    );
    let alt = format!("{}: scaled Schoenfeld residuals. {text}", plot.title);
    chart.finish(&[(text, INK)], &options.note, &plot.title, alt)
}

/// Local linear regression at 60 times, with tricube weights over the nearest part of the points.
fn smooth_line(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    const STEPS: u32 = 60;
    let (first, last) = extent(points.iter().map(|point| point.0));
    if points.len() < FEWEST_FOR_SMOOTH || first >= last {
        return Vec::new();
    }
    let near = ((SPAN * points.len() as f64).ceil() as usize).clamp(3, points.len());
    (0..=STEPS)
        .map(|step| first + (last - first) * f64::from(step) / f64::from(STEPS))
        .filter_map(|time| Some((time, local_value(points, time, near)?)))
        .collect()
}

/// The value at `time` of the weighted line through the `near` nearest points.
fn local_value(points: &[(f64, f64)], time: f64, near: usize) -> Option<f64> {
    let mut distances: Vec<f64> = points.iter().map(|point| (point.0 - time).abs()).collect();
    distances.sort_by(f64::total_cmp);
    let reach = distances[near - 1].max(1e-12) * (1.0 + 1e-9);
    let (mut weights, mut x, mut y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for &(at, value) in points {
        let part = (at - time).abs() / reach;
        if part < 1.0 {
            let weight = (1.0 - part.powi(3)).powi(3);
            weights += weight;
            x += weight * (at - time);
            y += weight * value;
            xx += weight * (at - time).powi(2);
            xy += weight * (at - time) * value;
        }
    }
    let determinant = weights * xx - x * x;
    if weights <= 0.0 {
        return None;
    }
    // Where all near points share one time there is no slope.
    if determinant <= 1e-12 * weights * xx.max(f64::MIN_POSITIVE) {
        return Some(y / weights);
    }
    Some((xx * y - x * xy) / determinant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_data::{assert_figure_is_readable, kaplan_meier, patients};

    fn arm(label: &str, count: u32, median: f64) -> ArmCurve {
        let patients = patients(count, median);
        ArmCurve { label: label.to_owned(), curve: kaplan_meier(&patients), patients }
    }

    #[test]
    fn log_log_curves_are_readable_and_those_of_the_formula() {
        let arms = [arm("Étude, bras A 试验", 60, 5.0), arm("B", 60, 2.0), arm("C", 1, 1.0)];
        for count in 0..=3 {
            let figure = log_log_plot("PFS", "Time (months)", &arms[..count], &ChartOptions::default());
            assert_figure_is_readable(&figure);
        }
        let steps = log_log_steps(&arms[0]);
        let (time, survival) = arms[0].curve.corners().find(|corner| corner.1 < 1.0).unwrap();
        assert_eq!(steps[0], (time, (-survival.ln()).ln()));
    }

    #[test]
    fn the_smooth_line_of_a_straight_line_is_that_line() {
        let points: Vec<(f64, f64)> =
            (0..30).map(|index| (f64::from(index * index), 1.0 - 0.25 * f64::from(index * index))).collect();
        let smooth = smooth_line(&points);
        assert_eq!(smooth.len(), 61);
        for (time, value) in smooth {
            assert!((value - (1.0 - 0.25 * time)).abs() < 1e-9 * (1.0 + value.abs()), "{value} at {time}");
        }
        assert!(smooth_line(&points[..9]).is_empty());
        assert!(smooth_line(&[(1.0, 2.0); 20]).is_empty());
    }

    #[test]
    fn schoenfeld_figure_is_readable() {
        for count in [0, 1, 200] {
            let plot = SchoenfeldPlot {
                title: "PFS, étude 试验".to_owned(),
                time_title: "Time (months)".to_owned(),
                residuals: (0..count)
                    .map(|index| (f64::from(index) / 10.0, f64::from(index * 7 % 13) - 6.0))
                    .collect(),
                log_hazard_ratio: -0.5,
                p_value: Some(0.03),
                transform: "Kaplan-Meier".to_owned(),
            };
            let figure = schoenfeld_plot(&plot, &ChartOptions::default());
            assert_figure_is_readable(&figure);
            assert!(figure.alt_text.contains("p = 0.0300"));
        }
    }
}
