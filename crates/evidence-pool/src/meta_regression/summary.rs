//! Everything a reader wants from a fitted meta-regression.

use kmeta_numerics::distributions::{
    chi_squared_quantile, chi_squared_upper, f_upper, normal_two_sided, student_t_quantile,
    student_t_two_sided,
};
use kmeta_trial_data::{Finding, Interval, TauSquaredEstimator};
use nalgebra::DMatrix;

use super::design::{Column, Design};
use super::options::{
    EffectsModel, MetaRegressionOptions, PredictionPoint, RegressionInterval, RegressionStudy,
};
use super::result::{
    FitStatistics, LeftOutStudy, MetaRegression, ModeratorTest, RegressionCoefficient, RegressionPrediction,
    RegressionRow, ResidualHeterogeneity,
};
use super::tau_squared::{
    Likelihood, higher_maximum, residual_q_root, residual_tau_squared, tau_squared_error,
};
use super::weighted::{Regression, WeightedFit};
use crate::PoolError;
use crate::finite_answer::finite_answer;
use crate::model::two_sided_normal;

/// Fewer studies than this for each moderator coefficient support no conclusion (Cochrane Handbook 10.11.5.1).
const STUDIES_PER_COEFFICIENT: usize = 10;

/// A fitted model.
pub(crate) struct Model<'a> {
    pub(crate) options: &'a MetaRegressionOptions,
    pub(crate) design: &'a Design,
    pub(crate) regression: &'a Regression,
    /// The fit with τ² = 0.
    pub(crate) common: &'a WeightedFit,
    /// The fit with the estimated τ².
    pub(crate) fit: &'a WeightedFit,
    pub(crate) tau_squared: f64,
}

/// How a statistic becomes a p value and an interval.
struct Inference {
    /// What (XᵀWX)⁻¹ is multiplied with.
    scale: f64,
    /// Degrees of freedom of t; absent for the normal distribution.
    df: Option<u32>,
    quantile: f64,
}

impl Inference {
    fn p_value(&self, statistic: f64) -> Result<f64, PoolError> {
        Ok(match self.df {
            Some(df) => student_t_two_sided(statistic, f64::from(df))?,
            None => normal_two_sided(statistic),
        })
    }

    fn interval(&self, value: f64, standard_error: f64) -> Interval {
        let width = self.quantile * standard_error;
        Interval { lower: value - width, upper: value + width }
    }
}

impl Model<'_> {
    pub(crate) fn summarize(
        &self,
        studies: &[&RegressionStudy],
        left_out: Vec<LeftOutStudy>,
    ) -> Result<MetaRegression, PoolError> {
        let mut findings = self.findings(&left_out)?;
        let inference = self.inference(&mut findings)?;
        let covariance = &self.fit.inverse_information * inference.scale;
        let plain = self.without_moderators();
        let without = self.tau_squared_without_moderators(plain.as_ref())?;
        let result = MetaRegression {
            studies: studies.len() as u32,
            coefficients: self.coefficients(&inference, &covariance)?,
            covariance: covariance.row_iter().map(|row| row.iter().copied().collect()).collect(),
            degrees_of_freedom: inference.df,
            moderator_test: self.moderator_test(&inference, &covariance)?,
            heterogeneity: self.heterogeneity()?,
            r_squared: self.r_squared(plain.as_ref(), without)?,
            tau_squared_without_moderators: without,
            fit: self.fit_statistics()?,
            rows: self.rows(studies, &inference),
            left_out,
            predictions: self
                .options
                .predictions
                .iter()
                .map(|point| self.predict(point, &inference))
                .collect::<Result<_, _>>()?,
            model: self.options.model,
            tau_squared_estimator: self.options.tau_squared,
            interval: self.options.interval,
            confidence_level: self.options.confidence_level,
            findings,
        };
        finite(result)
    }

    fn df(&self) -> u32 {
        (self.regression.studies() - self.regression.coefficients()) as u32
    }

    fn has_intercept(&self) -> bool {
        self.design.columns.first() == Some(&Column::Intercept)
    }

    fn inference(&self, findings: &mut Vec<Finding>) -> Result<Inference, PoolError> {
        let level = self.options.confidence_level;
        let mean_square = self.fit.mean_square();
        let wald = Inference { scale: 1.0, df: None, quantile: two_sided_normal(level)? };
        let t = |scale| -> Result<Inference, PoolError> {
            let quantile = student_t_quantile(0.5 + level / 2.0, f64::from(self.df()))?;
            Ok(Inference { scale, df: Some(self.df()), quantile })
        };
        match self.options.interval {
            RegressionInterval::Wald => Ok(wald),
            RegressionInterval::StudentT => t(1.0),
            RegressionInterval::HartungKnappLargerError => t(mean_square.max(1.0)),
            // Rounding leaves about 1e-31 of a perfect fit.
            RegressionInterval::HartungKnapp if mean_square > 1e-24 => t(mean_square),
            RegressionInterval::HartungKnapp => {
                findings.push(Finding::warning(
                    "hartung-knapp-degenerate",
                    "meta-regression",
                    "all effects lie on the regression line, so that the Knapp-Hartung standard errors would be 0; \
                     Wald intervals are given",
                ));
                Ok(wald)
            }
        }
    }

    fn coefficients(
        &self,
        inference: &Inference,
        covariance: &DMatrix<f64>,
    ) -> Result<Vec<RegressionCoefficient>, PoolError> {
        let values = self.design.columns.iter().zip(&self.fit.coefficients).enumerate();
        values
            .map(|(index, (column, &value))| {
                let standard_error = covariance[(index, index)].sqrt();
                let (moderator, level) = match column {
                    Column::Intercept => (None, None),
                    Column::Number { moderator } => (Some(moderator.clone()), None),
                    Column::Level { moderator, level } => (Some(moderator.clone()), Some(level.clone())),
                };
                Ok(RegressionCoefficient {
                    name: column.name(),
                    moderator,
                    level,
                    value,
                    standard_error,
                    statistic: value / standard_error,
                    p_value: inference.p_value(value / standard_error)?,
                    interval: inference.interval(value, standard_error),
                })
            })
            .collect()
    }

    fn moderator_test(
        &self,
        inference: &Inference,
        covariance: &DMatrix<f64>,
    ) -> Result<Option<ModeratorTest>, PoolError> {
        let tested: Vec<usize> = (usize::from(self.has_intercept())..self.design.columns.len()).collect();
        if tested.is_empty() {
            return Ok(None);
        }
        let q = self.fit.joint_statistic(covariance, &tested)?;
        let count = tested.len() as f64;
        let (statistic, p_value) = match inference.df {
            None => (q, chi_squared_upper(q, count)?),
            Some(_) if q == 0.0 => (0.0, 1.0),
            Some(df) => (q / count, f_upper(q / count, count, f64::from(df))?),
        };
        Ok(Some(ModeratorTest {
            statistic,
            degrees_of_freedom: tested.len() as u32,
            denominator_degrees_of_freedom: inference.df,
            p_value,
        }))
    }

    fn heterogeneity(&self) -> Result<ResidualHeterogeneity, PoolError> {
        let df = self.regression.residual_df();
        let q = self.common.squares;
        let random = self.options.model == EffectsModel::Random;
        let typical = df / self.common.trace_p;
        let i_squared = |tau_squared: f64| tau_squared / (tau_squared + typical);
        let interval = if random { self.q_profile()? } else { None };
        Ok(ResidualHeterogeneity {
            q,
            degrees_of_freedom: self.df(),
            p_value: chi_squared_upper(q, df)?,
            tau_squared: self.tau_squared,
            tau_squared_standard_error: match random {
                true => {
                    tau_squared_error(self.regression, self.options.tau_squared, self.fit, self.tau_squared)?
                }
                false => None,
            },
            i_squared: if random {
                i_squared(self.tau_squared)
            } else if q > df {
                (q - df) / q
            } else {
                0.0
            },
            i_squared_interval: interval
                .map(|limits| Interval { lower: i_squared(limits.lower), upper: i_squared(limits.upper) }),
            h_squared: if random { 1.0 + self.tau_squared / typical } else { q / df },
            tau_squared_interval: interval,
        })
    }

    /// Where Q_E(τ²) meets the chi-squared quantiles (Viechtbauer 2007); `None` for the empty set.
    fn q_profile(&self) -> Result<Option<Interval>, PoolError> {
        let df = self.regression.residual_df();
        let tail = 0.5 - self.options.confidence_level / 2.0;
        let low_quantile = chi_squared_quantile(tail, df)?;
        if self.common.squares < low_quantile {
            return Ok(None);
        }
        Ok(Some(Interval {
            lower: residual_q_root(self.regression, chi_squared_quantile(1.0 - tail, df)?)?,
            upper: residual_q_root(self.regression, low_quantile)?,
        }))
    }

    /// The same studies with an intercept only; absent where that is no part of the model.
    fn without_moderators(&self) -> Option<Regression> {
        let nested = self.has_intercept() && self.design.columns.len() > 1;
        nested.then(|| Regression {
            design: DMatrix::from_element(self.regression.studies(), 1, 1.0),
            ..self.regression.clone()
        })
    }

    fn tau_squared_without_moderators(&self, plain: Option<&Regression>) -> Result<Option<f64>, PoolError> {
        match (plain, self.options.model) {
            (Some(plain), EffectsModel::Random) => {
                residual_tau_squared(plain, self.options.tau_squared, self.options.scoring_threshold)
                    .map(Some)
            }
            _ => Ok(None),
        }
    }

    /// 1 − τ²/τ₀² of random effects, 1 − [Q_E/(k − p)]/[Q/(k − 1)] of a common effect, neither below 0.
    fn r_squared(
        &self,
        plain: Option<&Regression>,
        tau_squared: Option<f64>,
    ) -> Result<Option<f64>, PoolError> {
        let (left, all) = match (plain, tau_squared) {
            (Some(_), Some(without)) => (self.tau_squared, without),
            (Some(plain), None) => (self.common.mean_square(), plain.at(0.0)?.mean_square()),
            (None, _) => return Ok(None),
        };
        Ok((all > 0.0).then(|| (1.0 - left / all).max(0.0)))
    }

    fn fit_statistics(&self) -> Result<FitStatistics, PoolError> {
        let random = self.options.model == EffectsModel::Random;
        let restricted =
            random && self.options.tau_squared == TauSquaredEstimator::RestrictedMaximumLikelihood;
        let (likelihood, size) = match restricted {
            true => (Likelihood::Restricted, self.regression.residual_df()),
            false => (Likelihood::Full, self.regression.studies() as f64),
        };
        let log_likelihood = likelihood.value(self.regression, self.fit)?;
        let parameters = (self.regression.coefficients() + usize::from(random)) as f64;
        Ok(FitStatistics {
            log_likelihood,
            restricted,
            akaike: -2.0 * log_likelihood + 2.0 * parameters,
            bayesian: -2.0 * log_likelihood + parameters * size.ln(),
        })
    }

    fn rows(&self, studies: &[&RegressionStudy], inference: &Inference) -> Vec<RegressionRow> {
        let total: f64 = self.fit.weights.iter().sum();
        studies
            .iter()
            .enumerate()
            .map(|(index, study)| {
                let weight = self.fit.weights[index];
                let leverage = self.fit.leverages[index];
                RegressionRow {
                    trial: study.trial.clone(),
                    label: study.label.clone(),
                    value: study.value,
                    variance: study.variance,
                    fitted: study.value - self.fit.residuals[index],
                    // xᵀ(XᵀWX)⁻¹x is the leverage over the weight.
                    fitted_standard_error: (inference.scale * leverage / weight).sqrt(),
                    residual: self.fit.residuals[index],
                    weight: weight / total,
                    leverage,
                }
            })
            .collect()
    }

    fn predict(
        &self,
        point: &PredictionPoint,
        inference: &Inference,
    ) -> Result<RegressionPrediction, PoolError> {
        let row = self.design.row(&point.moderators, &format!("prediction `{}`", point.label))?;
        let (value, variance) = self.fit.predict(&row);
        let variance = inference.scale * variance;
        let random = self.options.model == EffectsModel::Random;
        Ok(RegressionPrediction {
            label: point.label.clone(),
            moderators: point.moderators.clone(),
            value,
            standard_error: variance.sqrt(),
            interval: inference.interval(value, variance.sqrt()),
            prediction: random.then(|| inference.interval(value, (variance + self.tau_squared).sqrt())),
        })
    }

    fn findings(&self, left_out: &[LeftOutStudy]) -> Result<Vec<Finding>, PoolError> {
        let place = "meta-regression";
        let mut findings: Vec<Finding> = left_out
            .iter()
            .map(|study| {
                Finding::warning(
                    "moderator-missing",
                    format!("trial `{}`", study.trial),
                    format!(
                        "left out of the meta-regression: it has no value of `{}`",
                        study.missing_moderator
                    ),
                )
            })
            .collect();
        let moderators = self.design.columns.len() - usize::from(self.has_intercept());
        let studies = self.regression.studies();
        if moderators > 0 && studies < STUDIES_PER_COEFFICIENT * moderators {
            findings.push(Finding::note(
                "few-studies-per-moderator",
                place,
                format!(
                    "{studies} studies for {moderators} moderator coefficients: with fewer than \
                     {STUDIES_PER_COEFFICIENT} studies for each, chance findings are likely"
                ),
            ));
        }
        if self.options.model == EffectsModel::Random {
            let higher = higher_maximum(self.regression, self.options.tau_squared, self.tau_squared)?;
            findings.extend(higher.map(|higher| {
                Finding::warning(
                    "likelihood-several-maxima",
                    place,
                    format!(
                        "the likelihood of tau-squared has several maxima: {:.4e} is the one that scoring finds (as \
                         in R), but {higher:.4e} is higher; compare with another estimator",
                        self.tau_squared
                    ),
                )
            }));
        }
        Ok(findings)
    }
}

/// Refuses a result that is not a number: the input was then so extreme that double precision overflowed.
fn finite(result: MetaRegression) -> Result<MetaRegression, PoolError> {
    finite_answer("a meta-regression", result)
}
