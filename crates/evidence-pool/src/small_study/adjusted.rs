//! Effects that allow for small-study effects, on both scales.

use std::collections::BTreeMap;

use kmeta_trial_data::{Estimate, Interval, TauSquaredEstimator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::line::{Coefficient, Line};
use crate::PoolError;
use crate::measure::Scale;
use crate::meta_regression::{
    EffectsModel, MetaRegression, MetaRegressionOptions, RegressionInterval, RegressionStudy, meta_regression,
};

/// An effect with its test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AdjustedEffect {
    /// The effect on both scales.
    pub estimate: Estimate,
    /// value / standard error.
    pub statistic: f64,
    /// Degrees of freedom of t; absent where the statistic is normal.
    pub degrees_of_freedom: Option<u32>,
    /// Two-sided p value of no effect on the analysis scale.
    pub p_value: f64,
}

/// An estimate on both scales; refuses one that is not a number.
pub(crate) fn estimate(
    value: f64,
    standard_error: f64,
    interval: Interval,
    scale: Scale,
) -> Result<Estimate, PoolError> {
    let shown = |limit: f64| scale.shown(limit);
    let estimate = Estimate {
        value,
        standard_error,
        interval,
        shown: shown(value),
        shown_interval: Interval { lower: shown(interval.lower), upper: shown(interval.upper) },
    };
    let numbers = [value, standard_error, interval.lower, interval.upper, estimate.shown];
    if numbers.into_iter().all(f64::is_finite) {
        Ok(estimate)
    } else {
        Err(PoolError::Computation { what: "an adjusted effect (values are too extreme)".to_owned() })
    }
}

/// A coefficient of a line as an effect.
pub(crate) fn from_line(
    line: &Line,
    coefficient: Coefficient,
    level: f64,
    scale: Scale,
) -> Result<AdjustedEffect, PoolError> {
    let interval = line.interval(coefficient, level)?;
    Ok(AdjustedEffect {
        estimate: estimate(coefficient.value, coefficient.standard_error, interval, scale)?,
        statistic: coefficient.statistic(),
        degrees_of_freedom: line.df,
        p_value: line.p_value(coefficient)?,
    })
}

/// How studies are pooled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pooling {
    pub(crate) tau_squared: TauSquaredEstimator,
    pub(crate) scoring_threshold: f64,
    pub(crate) interval: RegressionInterval,
    pub(crate) level: f64,
    pub(crate) scale: Scale,
}

impl Pooling {
    /// The mean effect: a regression on the intercept alone.
    pub(crate) fn pool(
        &self,
        values: &[f64],
        variances: &[f64],
        model: EffectsModel,
    ) -> Result<MetaRegression, PoolError> {
        let studies: Vec<RegressionStudy> = values
            .iter()
            .zip(variances)
            .enumerate()
            .map(|(index, (&value, &variance))| RegressionStudy {
                trial: index.to_string(),
                label: String::new(),
                value,
                variance,
                moderators: BTreeMap::new(),
            })
            .collect();
        let options = MetaRegressionOptions {
            model,
            tau_squared: self.tau_squared,
            scoring_threshold: self.scoring_threshold,
            // A common effect has no other standard error.
            interval: if model == EffectsModel::Common { RegressionInterval::Wald } else { self.interval },
            confidence_level: self.level,
            ..MetaRegressionOptions::default()
        };
        meta_regression(&studies, &options)
    }

    /// The mean of a pool as an effect.
    pub(crate) fn effect(&self, pool: &MetaRegression) -> Result<AdjustedEffect, PoolError> {
        let mean = pool.coefficients.first().ok_or(PoolError::NoStudies)?;
        Ok(AdjustedEffect {
            estimate: estimate(mean.value, mean.standard_error, mean.interval, self.scale)?,
            statistic: mean.statistic,
            degrees_of_freedom: pool.degrees_of_freedom,
            p_value: mean.p_value,
        })
    }
}
