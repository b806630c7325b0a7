//! Estimates that allow for small-study effects, on both scales.

use std::collections::BTreeMap;

use super::line::{Coefficient, Line};
use crate::PoolError;
use crate::measure::Scale;
use crate::meta_regression::{
    EffectsModel, MetaRegression, MetaRegressionOptions, RegressionInterval, RegressionStudy, meta_regression,
};
use kmeta_trial_data::{Estimate, Interval, TauSquaredEstimator};

/// An estimate with its test, on both scales; refuses one that is not a number.
pub(crate) fn tested_estimate(
    coefficient: Coefficient,
    interval: Interval,
    df: Option<u32>,
    p_value: f64,
    scale: Scale,
) -> Result<Estimate, PoolError> {
    let shown = |limit: f64| scale.shown(limit);
    let Coefficient { value, standard_error } = coefficient;
    let statistic = coefficient.statistic();
    let estimate = Estimate {
        value,
        standard_error,
        interval,
        shown: shown(value),
        shown_interval: Interval { lower: shown(interval.lower), upper: shown(interval.upper) },
        statistic: Some(statistic),
        degrees_of_freedom: df.map(f64::from),
        p_value: Some(p_value),
    };
    let numbers = [value, standard_error, interval.lower, interval.upper, estimate.shown, statistic];
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
) -> Result<Estimate, PoolError> {
    let interval = line.interval(coefficient, level)?;
    tested_estimate(coefficient, interval, line.df, line.p_value(coefficient)?, scale)
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

    /// The mean of a pool.
    pub(crate) fn mean(&self, pool: &MetaRegression) -> Result<Estimate, PoolError> {
        let mean = pool.coefficients.first().ok_or(PoolError::NoStudies)?;
        let coefficient = Coefficient { value: mean.value, standard_error: mean.standard_error };
        tested_estimate(coefficient, mean.interval, pool.degrees_of_freedom, mean.p_value, self.scale)
    }
}
