//! Regression lines through a funnel plot.

use kmeta_numerics::distributions::{normal_two_sided, student_t_quantile, student_t_two_sided};
use kmeta_trial_data::{Interval, TauSquaredEstimator};

use crate::PoolError;
use crate::meta_regression::EffectsModel;
use crate::meta_regression::tau_squared::residual_tau_squared;
use crate::meta_regression::weighted::{Regression, WeightedFit};
use crate::model::two_sided_normal;

/// A residual sum of squares below this share of the whole is rounding.
const ROUNDING: f64 = 1e-24;

/// An intercept or slope.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Coefficient {
    pub(crate) value: f64,
    pub(crate) standard_error: f64,
}

impl Coefficient {
    pub(crate) fn statistic(self) -> f64 {
        self.value / self.standard_error
    }
}

/// The line y = intercept + slope · x.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Line {
    pub(crate) intercept: Coefficient,
    pub(crate) slope: Coefficient,
    /// Square root of the mean weighted square of the residuals.
    pub(crate) residual_standard_deviation: f64,
    /// τ² of a line with additive heterogeneity.
    pub(crate) tau_squared: Option<f64>,
    /// k − 2 for t, absent for the normal distribution.
    pub(crate) df: Option<u32>,
}

/// Why there is no line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoLine {
    /// All studies have the same predictor.
    EqualPredictors,
    /// The points lie on a line, so that there is no error to test against.
    PerfectFit,
}

/// Weighted least squares whose error variance is free: the standard errors grow with the scatter about the line (a
/// multiplicative error). t with k − 2 degrees of freedom; needs three points.
pub(crate) fn multiplicative(values: &[f64], predictor: &[f64], weights: Vec<f64>) -> Result<Line, NoLine> {
    let size: f64 = weights.iter().zip(values).map(|(weight, value)| weight * value * value).sum();
    let regression = Regression::line(values, &[], predictor);
    let fit = regression.weighted(weights).map_err(|_| NoLine::EqualPredictors)?;
    if fit.squares.is_nan() || fit.squares <= ROUNDING * size {
        return Err(NoLine::PerfectFit);
    }
    let df = Some(values.len() as u32 - 2);
    Ok(line(&fit, fit.mean_square(), None, df))
}

/// Weighted least squares with weights 1/(v + τ²): additive heterogeneity of variance τ² about the line, or none for the
/// common-effect model. `student_t` tests with k − 2 degrees of freedom in place of the normal distribution.
pub(crate) fn additive(
    values: &[f64],
    variances: &[f64],
    predictor: &[f64],
    model: EffectsModel,
    estimator: TauSquaredEstimator,
    threshold: f64,
    student_t: bool,
) -> Result<Result<Line, NoLine>, PoolError> {
    let regression = Regression::line(values, variances, predictor);
    if regression.at(0.0).is_err() {
        return Ok(Err(NoLine::EqualPredictors));
    }
    let tau_squared = match model {
        EffectsModel::Common => 0.0,
        EffectsModel::Random => residual_tau_squared(&regression, estimator, threshold)?,
    };
    let fit = regression.at(tau_squared)?;
    let df = student_t.then_some(values.len() as u32 - 2);
    Ok(Ok(line(&fit, 1.0, Some(tau_squared), df)))
}

fn line(fit: &WeightedFit, scale: f64, tau_squared: Option<f64>, df: Option<u32>) -> Line {
    let coefficient = |index: usize| Coefficient {
        value: fit.coefficients[index],
        standard_error: (scale * fit.inverse_information[(index, index)]).sqrt(),
    };
    Line {
        intercept: coefficient(0),
        slope: coefficient(1),
        residual_standard_deviation: fit.mean_square().sqrt(),
        tau_squared,
        df,
    }
}

impl Line {
    /// Two-sided p value of a coefficient.
    pub(crate) fn p_value(&self, coefficient: Coefficient) -> Result<f64, PoolError> {
        Ok(match self.df {
            Some(df) => student_t_two_sided(coefficient.statistic(), f64::from(df))?,
            None => normal_two_sided(coefficient.statistic()),
        })
    }

    /// The interval of a coefficient.
    pub(crate) fn interval(&self, coefficient: Coefficient, level: f64) -> Result<Interval, PoolError> {
        let quantile = match self.df {
            Some(df) => student_t_quantile(0.5 + level / 2.0, f64::from(df))?,
            None => two_sided_normal(level)?,
        };
        let width = quantile * coefficient.standard_error;
        Ok(Interval { lower: coefficient.value - width, upper: coefficient.value + width })
    }
}
