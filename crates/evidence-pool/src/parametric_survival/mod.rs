//! Parametric survival of several single-arm trials, with a normal random location per trial.
//!
//! | part | holds |
//! |---|---|
//! | [`distribution`], [`standard`], [`generalized_gamma`] | log density and log survival with their derivatives |
//! | [`likelihood`] | the integral over the random location, by adaptive Gauss-Hermite quadrature |
//! | [`fit`] | its maximum |
//! | [`predict`] | survival, medians and restricted means with delta-method intervals |

mod distribution;
mod fit;
mod generalized_gamma;
pub(crate) mod input;
mod likelihood;
mod options;
mod predict;
mod result;
mod standard;
#[cfg(test)]
mod tests;

use kmeta_numerics::distributions::{chi_squared_upper, normal_two_sided};
use kmeta_numerics::quadrature::{GaussHermite, GaussLegendre, gauss_hermite, gauss_legendre};
use kmeta_trial_data::{Estimate, Finding, Interval, LikelihoodRatioTest};

pub use distribution::SurvivalDistribution;
pub use options::ParametricSurvivalOptions;
pub use result::{
    DistributionFit, ModelCurve, ModelSurvival, ModelTime, ParametricModel, ParametricParameter,
    ParametricSurvival, RandomLocation,
};

use crate::finite_answer::finite_answer;
use crate::model::two_sided_normal;
use crate::{PoolError, TrialPatients};
use distribution::{Observation, Shown};
use fit::{Maximum, RandomMaximum, common_starts, maximize, maximize_random};
use likelihood::Model;
use predict::{Curve, Estimand};

/// Nodes per panel of the area under a curve.
const AREA_NODES: usize = 16;

/// Fits parametric distributions to the patients of single-arm trials: a common model, and one whose location is
/// μ + b_i in trial i with b_i ~ N(0, τ²), other parameters shared. Maximum likelihood; the integral over b_i by adaptive
/// Gauss-Hermite quadrature (Pinheiro & Bates 1995), standard errors by the observed information (Louis 1982).
///
/// The typical study has b = 0; the average curve is the mean over studies, E S(t | b), which is flatter. With one trial
/// only the common model is fitted.
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault: no trials, no patients, no events at all, an event at time 0 (its
/// density has no logarithm), impossible times, no distribution or one given twice, a distribution that none of the data
/// can determine being all that was asked.
///
/// ```
/// use kmeta_evidence_pool::{ParametricSurvivalOptions, SurvivalDistribution, TrialPatients};
/// use kmeta_evidence_pool::pool_parametric_survival;
/// use kmeta_trial_data::{PatientRecord, Provenance};
/// let trial = TrialPatients {
///     trial: "one".into(),
///     label: "One".into(),
///     patients: [2.0, 3.0, 5.0].map(|time| PatientRecord { time, event: time < 4.0 }).to_vec(),
///     provenance: Provenance::printed("example"),
/// };
/// let options = ParametricSurvivalOptions {
///     distributions: vec![SurvivalDistribution::Exponential],
///     times: vec![5.0],
///     ..Default::default()
/// };
/// let pooled = pool_parametric_survival(&[trial], &options)?;
/// // 2 events in 10 months.
/// let survival = pooled.fits[0].common.curve.survival[0].survival;
/// assert!((survival - (-1.0_f64).exp()).abs() < 1e-12);
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
pub fn pool_parametric_survival(
    trials: &[TrialPatients],
    options: &ParametricSurvivalOptions,
) -> Result<ParametricSurvival, PoolError> {
    let analysis = Analysis::new(trials, options)?;
    let mut findings = Vec::new();
    let mut fits = Vec::new();
    for &distribution in &options.distributions {
        match analysis.fit(distribution, &mut findings)? {
            Some(fit) => fits.push(fit),
            None => findings.push(not_fitted(distribution)),
        }
    }
    let best = weigh(&mut fits).ok_or(PoolError::NothingFitted)?;
    if trials.len() == 1 {
        findings.push(Finding::note(
            "single-trial",
            "parametric survival",
            "one trial: differences between trials cannot be estimated, only the common model is given",
        ));
    }
    finite_answer(
        "parametric survival",
        ParametricSurvival {
            trials: trials.len() as u32,
            patients: analysis.patients,
            events: analysis.events,
            fits,
            best,
            options: options.clone(),
            findings,
        },
    )
}

/// The input of every fit.
struct Analysis<'a> {
    observations: Vec<Vec<Observation>>,
    patients: u32,
    events: u32,
    options: &'a ParametricSurvivalOptions,
    rule: GaussHermite,
    area_rule: GaussLegendre,
    z: f64,
}

impl<'a> Analysis<'a> {
    fn new(trials: &[TrialPatients], options: &'a ParametricSurvivalOptions) -> Result<Self, PoolError> {
        input::check_trials(trials)?;
        input::check_times(&options.times, options.restricted_mean_horizon)?;
        input::check_nodes(options.quadrature_nodes)?;
        if options.distributions.is_empty() {
            return Err(PoolError::NoDistributions);
        }
        for (index, distribution) in options.distributions.iter().enumerate() {
            if options.distributions[..index].contains(distribution) {
                return Err(PoolError::RepeatedDistribution { distribution: distribution.word().to_owned() });
            }
        }
        let patients = trials.iter().flat_map(|trial| &trial.patients);
        Ok(Self {
            observations: input::observations(trials)?,
            patients: patients.clone().count() as u32,
            events: patients.filter(|patient| patient.event).count() as u32,
            options,
            rule: gauss_hermite(options.quadrature_nodes as usize)?,
            area_rule: gauss_legendre(AREA_NODES)?,
            z: two_sided_normal(options.confidence_level)?,
        })
    }

    fn fit(
        &self,
        distribution: SurvivalDistribution,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<DistributionFit>, PoolError> {
        let model = Model { distribution, trials: &self.observations, rule: &self.rule };
        let Some(common) = maximize(model, &common_starts(distribution, &self.observations))? else {
            return Ok(None);
        };
        let random = match self.observations.len() {
            1 => None,
            _ => match maximize_random(model, &common)? {
                RandomMaximum::Positive(found) => Some(self.random(distribution, &common, found, true)?),
                RandomMaximum::Zero => Some(self.random(distribution, &common, common.clone(), false)?),
                RandomMaximum::NotConverged => {
                    findings.push(Finding::warning(
                        "random-location-not-converged",
                        distribution.word(),
                        "the model with a location per trial did not converge; the common model is given alone and \
                         understates the uncertainty",
                    ));
                    None
                }
            },
        };
        let common = self.model(distribution, &common, distribution.parameters())?;
        Ok(Some(DistributionFit { distribution, common, random, best: false }))
    }

    fn random(
        &self,
        distribution: SurvivalDistribution,
        common: &Maximum,
        fit: Maximum,
        positive: bool,
    ) -> Result<RandomLocation, PoolError> {
        let own = distribution.parameters();
        let tau = if positive { fit.parameters[own] } else { 0.0 };
        let statistic = if positive { 2.0 * (fit.log_likelihood - common.log_likelihood) } else { 0.0 };
        let p_value = if positive { 0.5 * chi_squared_upper(statistic, 1.0)? } else { 1.0 };
        Ok(RandomLocation {
            model: self.model(distribution, &fit, own + 1)?,
            tau_squared: tau * tau,
            tau_squared_standard_error: positive
                .then(|| 2.0 * tau * fit.covariance[(own, own)].max(0.0).sqrt()),
            heterogeneity_test: LikelihoodRatioTest { statistic, degrees_of_freedom: 1, p_value },
            average: self.curve(distribution, &fit, Estimand::Average)?,
        })
    }

    fn model(
        &self,
        distribution: SurvivalDistribution,
        fit: &Maximum,
        parameter_count: usize,
    ) -> Result<ParametricModel, PoolError> {
        let count = parameter_count as f64;
        Ok(ParametricModel {
            log_likelihood: fit.log_likelihood,
            parameter_count: parameter_count as u32,
            aic: 2.0 * (count - fit.log_likelihood),
            bic: count * f64::from(self.patients).ln() - 2.0 * fit.log_likelihood,
            aic_weight: 0.0,
            parameters: distribution
                .parameter_names()
                .iter()
                .enumerate()
                .map(|(index, &(name, shown))| self.parameter(fit, index, name, shown))
                .collect(),
            curve: self.curve(distribution, fit, Estimand::Typical)?,
        })
    }

    fn parameter(&self, fit: &Maximum, index: usize, name: &str, shown: Shown) -> ParametricParameter {
        let value = match shown {
            Shown::InverseExponential => -fit.parameters[index],
            Shown::Identity | Shown::Exponential => fit.parameters[index],
        };
        let on_reading_scale = |value: f64| if shown == Shown::Identity { value } else { value.exp() };
        let standard_error = fit.covariance[(index, index)].max(0.0).sqrt();
        let interval =
            Interval { lower: value - self.z * standard_error, upper: value + self.z * standard_error };
        ParametricParameter {
            name: name.to_owned(),
            estimate: Estimate {
                value,
                standard_error,
                interval,
                shown: on_reading_scale(value),
                shown_interval: Interval {
                    lower: on_reading_scale(interval.lower),
                    upper: on_reading_scale(interval.upper),
                },
                statistic: (standard_error > 0.0).then(|| value / standard_error),
                degrees_of_freedom: None,
                p_value: (standard_error > 0.0).then(|| normal_two_sided(value / standard_error)),
            },
        }
    }

    fn curve(
        &self,
        distribution: SurvivalDistribution,
        fit: &Maximum,
        estimand: Estimand,
    ) -> Result<ModelCurve, PoolError> {
        Curve::new(distribution, fit, estimand)?.summarize(
            &self.options.times,
            self.options.restricted_mean_horizon,
            &self.area_rule,
            self.z,
        )
    }
}

fn not_fitted(distribution: SurvivalDistribution) -> Finding {
    Finding::warning(
        "distribution-not-fitted",
        distribution.word(),
        "its likelihood has no maximum on these patients (too few distinct event times, or none); it is left out",
    )
}

/// Sets AIC weights and marks the best fit. Weights of the common models are among common models.
fn weigh(fits: &mut [DistributionFit]) -> Option<SurvivalDistribution> {
    set_weights(fits.iter_mut().map(|fit| &mut fit.common).collect());
    set_weights(
        fits.iter_mut().filter_map(|fit| fit.random.as_mut()).map(|random| &mut random.model).collect(),
    );
    let best = fits
        .iter()
        .min_by(|one, two| one.model().aic.total_cmp(&two.model().aic))
        .map(|fit| fit.distribution)?;
    for fit in fits {
        fit.best = fit.distribution == best;
    }
    Some(best)
}

fn set_weights(models: Vec<&mut ParametricModel>) {
    let smallest = models.iter().map(|model| model.aic).fold(f64::INFINITY, f64::min);
    let total: f64 = models.iter().map(|model| (0.5 * (smallest - model.aic)).exp()).sum();
    for model in models {
        model.aic_weight = (0.5 * (smallest - model.aic)).exp() / total;
    }
}
