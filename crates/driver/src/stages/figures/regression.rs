//! The bubble plot of a meta-regression on one quantity.

use kmeta_evidence_pool::{MetaRegression, ModeratorValue, RegressionCoefficient};
use kmeta_plot_svg::format::{fixed, p_value, percent};
use kmeta_plot_svg::{BubbleLine, BubblePlot, BubblePoint, Figure, bubble_plot};
use kmeta_trial_data::Interval;

use super::AnalysisFigures;

/// Values at which the line is computed; its band is curved.
const STEPS: u32 = 60;

/// The bubble plot where the regression has an intercept and one moderator that is a quantity; with more moderators there
/// is no single line, with words for values no axis.
pub(super) fn bubble(of: &AnalysisFigures<'_>) -> Option<(&'static str, Figure)> {
    let regression = of.further?.meta_regression.as_ref()?;
    let [intercept, slope] = regression.coefficients.as_slice() else { return None };
    let moderator = slope.moderator.as_deref().filter(|_| slope.level.is_none())?;
    if intercept.moderator.is_some() {
        return None;
    }
    let value_of = |trial: &str| {
        let id = trial.split('/').next().unwrap_or(trial);
        match of.trials.iter().find(|trial| trial.id == id)?.moderator(moderator)? {
            ModeratorValue::Number(value) => Some(value),
            ModeratorValue::Level(_) => None,
        }
    };
    let studies: Vec<BubblePoint> = regression
        .rows
        .iter()
        .filter_map(|row| {
            let moderator = value_of(&row.trial)?;
            Some(BubblePoint { label: row.label.clone(), moderator, effect: row.value, weight: row.weight })
        })
        .collect();
    let lowest = studies.iter().map(|study| study.moderator).fold(f64::INFINITY, f64::min);
    let highest = studies.iter().map(|study| study.moderator).fold(f64::NEG_INFINITY, f64::max);
    if studies.len() < 2 || lowest >= highest {
        return None;
    }
    let line = (0..=STEPS)
        .map(|step| lowest + (highest - lowest) * f64::from(step) / f64::from(STEPS))
        .filter_map(|value| line_at(regression, intercept, slope, value));
    let plot = BubblePlot {
        title: of.result.title.clone(),
        measure: of.result.measure,
        moderator: moderator.to_owned(),
        studies,
        line: line.collect(),
        confidence_level: regression.confidence_level,
        statistics: statistics(regression, slope),
    };
    Some(("bubble", bubble_plot(&plot, &of.chart_options())))
}

/// The expected effect a + b x with its intervals: the variance is that of a linear combination, the quantile the one
/// that the coefficients' own intervals have.
fn line_at(
    regression: &MetaRegression,
    intercept: &RegressionCoefficient,
    slope: &RegressionCoefficient,
    value: f64,
) -> Option<BubbleLine> {
    let covariance = |row: usize, column: usize| regression.covariance.get(row)?.get(column).copied();
    let variance = covariance(0, 0)? + 2.0 * value * covariance(0, 1)? + value * value * covariance(1, 1)?;
    let quantile = (slope.interval.upper - slope.value) / slope.standard_error;
    let effect = intercept.value + slope.value * value;
    let around = |variance: f64| {
        let half = quantile * variance.max(0.0).sqrt();
        Interval { lower: effect - half, upper: effect + half }
    };
    let prediction = Some(around(variance + regression.heterogeneity.tau_squared));
    Some(BubbleLine { moderator: value, effect, interval: around(variance), prediction })
}

fn statistics(regression: &MetaRegression, slope: &RegressionCoefficient) -> Vec<String> {
    let heterogeneity = &regression.heterogeneity;
    let explained =
        regression.r_squared.map_or(String::new(), |share| format!("R² = {}, ", percent(share, 1)));
    vec![
        format!(
            "Slope {} [{}, {}], p {}, {} studies.",
            fixed(slope.value, 4),
            fixed(slope.interval.lower, 4),
            fixed(slope.interval.upper, 4),
            p_value(slope.p_value, 4),
            regression.studies
        ),
        format!(
            "{explained}residual τ² = {}, residual I² = {}, Q = {}, df = {}, p {}.",
            fixed(heterogeneity.tau_squared, 4),
            percent(heterogeneity.i_squared, 1),
            fixed(heterogeneity.q, 2),
            heterogeneity.degrees_of_freedom,
            p_value(heterogeneity.p_value, 4)
        ),
    ]
}
