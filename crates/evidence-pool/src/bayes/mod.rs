//! The Bayesian normal-normal model by quadrature over τ.

mod findings;
mod marginal;
mod model;
mod options;
mod posterior;
mod result;

use std::collections::HashSet;

use kmeta_trial_data::{EffectEstimate, EffectMeasure, Interval};

pub use options::{BayesOptions, CredibleInterval, MeanPrior, TauPrior};
pub use result::{
    BayesFactor, BayesianResult, EffectPosterior, PosteriorSummary, ShrunkenStudy, TauQuadrature,
};

use crate::PoolError;
use crate::finite_answer::finite_answer;
use crate::measure::Scale;
use crate::model::two_sided_normal;
use crate::pool::check_effect;
use marginal::{Marginal, Mixture, central, mode, quantile, shortest};
use model::{GivenTau, Model};
use posterior::TauPosterior;

/// Pools effects by the Bayesian normal-normal hierarchical model, as R `bayesmeta::bayesmeta` does:
/// y_i ~ N(θ_i, v_i), θ_i ~ N(μ, τ²), with priors of μ and τ (Röver C. Bayesian random-effects meta-analysis
/// using the bayesmeta R package. J Stat Softw 2020;93(6), sections 2.4 to 2.10).
///
/// Given τ, the mean, a new study's effect and each study's own effect are normal with known moments. Their
/// posterior distributions are therefore mixtures of normals over the posterior of τ, which is one-dimensional
/// and is integrated by adaptive quadrature: no random numbers, no chains, and a stated error. Everything is on
/// the scale of the effects (log hazard ratios, for example); `shown_…` values are transformed back.
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault: no studies, duplicate ids, effects or variances that are
/// not finite, a variance of 0 or below, mixed measures, Freeman-Tukey values, an impossible level, prior or
/// tolerance; and an improper uniform prior of τ with fewer than three studies (two, with a normal prior of μ),
/// which leaves no posterior distribution.
///
/// ```
/// use kmeta_evidence_pool::{BayesOptions, MeanPrior, TauPrior, bayesian_random_effects};
/// use kmeta_trial_data::{EffectEstimate, EffectMeasure, Provenance};
/// let study = |trial: &str, value, standard_error: f64| EffectEstimate {
///     trial: trial.into(),
///     label: trial.into(),
///     subgroup: None,
///     measure: EffectMeasure::LogHazardRatio,
///     value,
///     variance: standard_error.powi(2),
///     provenance: Provenance::printed("hazard ratio"),
/// };
/// let studies = [study("a", -0.51, 0.21), study("b", -0.11, 0.16), study("c", -0.42, 0.30)];
/// let options = BayesOptions {
///     tau_prior: TauPrior::HalfNormal { scale: 0.5 },
///     mean_prior: MeanPrior::Normal { mean: 0.0, standard_deviation: 4.0 },
///     ..BayesOptions::default()
/// };
/// let result = bayesian_random_effects(&studies, &options)?;
/// assert!(result.mean.shown_median < 1.0 && result.mean.shown_interval.upper > 1.0);
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
pub fn bayesian_random_effects(
    effects: &[EffectEstimate],
    options: &BayesOptions,
) -> Result<BayesianResult, PoolError> {
    let measure = check(effects, options)?;
    let model = Model::new(
        effects.iter().map(|effect| effect.value),
        effects.iter().map(|effect| effect.variance),
        options.tau_prior,
        options.mean_prior,
    );
    check_units(effects, &model)?;
    let posterior = TauPosterior::new(&model, options.tolerance)?;
    let components = posterior.components();
    let context = Context { model: &model, posterior: &posterior, components: &components, options, measure };
    let (nodes, error) = posterior.quadrature();
    let (no_heterogeneity, no_effect) = (context.tau_zero(), context.mean_zero());
    let mean = context.mean()?;
    let tau = context.tau()?;
    let prediction = context.prediction()?;
    let findings = findings::findings(&context, &mean, &prediction);
    finite_answer(
        "a Bayesian meta-analysis",
        BayesianResult {
            id: options.id.clone(),
            title: options.title.clone(),
            measure,
            tau_prior: options.tau_prior,
            mean_prior: options.mean_prior,
            interval: options.interval,
            confidence_level: options.confidence_level,
            mean,
            tau,
            prediction,
            studies: effects
                .iter()
                .enumerate()
                .map(|(index, effect)| {
                    Ok(ShrunkenStudy {
                        trial: effect.trial.clone(),
                        label: effect.label.clone(),
                        observed: effect.value,
                        standard_error: effect.variance.sqrt(),
                        shrunken: context.shrunken(index)?,
                        provenance: effect.provenance.clone(),
                    })
                })
                .collect::<Result<_, PoolError>>()?,
            log_marginal_likelihood: context.log_marginal_likelihood(),
            tau_zero: no_heterogeneity,
            mean_zero: no_effect,
            quadrature: TauQuadrature { nodes, error },
            findings,
        },
    )
}

/// Checks effects and options; returns the measure that all effects share.
fn check(effects: &[EffectEstimate], options: &BayesOptions) -> Result<EffectMeasure, PoolError> {
    two_sided_normal(options.confidence_level)?;
    options.check()?;
    let measure = effects.first().ok_or(PoolError::NoStudies)?.measure;
    let mut seen = HashSet::new();
    for effect in effects {
        check_effect(effect, measure)?;
        if !seen.insert(effect.trial.as_str()) {
            return Err(PoolError::DuplicateTrial { trial: effect.trial.clone() });
        }
    }
    let needed = if options.mean_prior == MeanPrior::ImproperUniform { 3 } else { 2 };
    if options.tau_prior == TauPrior::ImproperUniform && effects.len() < needed {
        return Err(PoolError::ImproperPosterior { studies: effects.len(), needed });
    }
    Ok(measure)
}

/// Refuses data and priors that no common unit can hold.
fn check_units(effects: &[EffectEstimate], model: &Model) -> Result<(), PoolError> {
    if let Some(index) = model.variances.iter().position(|variance| !variance.is_normal()) {
        let effect = &effects[index];
        return Err(PoolError::InvalidVariance { trial: effect.trial.clone(), variance: effect.variance });
    }
    let scales = [model.tau_prior.scale(), model.mean_prior.map(|(_, deviation)| deviation)];
    let usable = |scale: f64| (1e-100..=1e100).contains(&scale);
    match scales.into_iter().flatten().all(usable) {
        true => Ok(()),
        false => Err(PoolError::NotEstimable {
            what: "the posterior distribution".to_owned(),
            reason: "priors and effects differ by more than a hundred orders of magnitude; suit the priors to the unit \
                     of the effects"
                .to_owned(),
        }),
    }
}

/// Everything a part of the result is computed from.
struct Context<'a> {
    model: &'a Model,
    posterior: &'a TauPosterior,
    /// Posterior weights of values of τ, and the distribution of μ given each.
    components: &'a [(f64, GivenTau)],
    options: &'a BayesOptions,
    measure: EffectMeasure,
}

/// The first two moments of a distribution, where they are finite.
struct Moments {
    mean: Option<f64>,
    standard_deviation: Option<f64>,
}

impl Context<'_> {
    fn mean(&self) -> Result<EffectPosterior, PoolError> {
        let marginal = self.mixture(|given| (given.mean, given.deviation));
        let flat = self.model.mean_prior.is_none();
        // With a normal prior of μ its posterior moments are finite whatever the prior of τ.
        let moments =
            self.moments(if flat { 1.0 } else { 0.0 }, |given| (given.mean, given.deviation.powi(2)));
        self.effect(&marginal, moments)
    }

    /// θ_new given τ: the variance of μ and τ² together.
    fn prediction(&self) -> Result<EffectPosterior, PoolError> {
        let marginal = self.mixture(|given| (given.mean, given.deviation.hypot(given.tau)));
        let moments = self.moments(1.0, |given| (given.mean, given.deviation.powi(2) + given.tau.powi(2)));
        self.effect(&marginal, moments)
    }

    /// θ_i given τ (Röver 2020, section 2.8): with b = v/(v + τ²) its mean is (1 − b) y + b E μ, its variance
    /// b τ² + b² Var μ.
    fn shrunken(&self, index: usize) -> Result<EffectPosterior, PoolError> {
        let (value, variance) = (self.model.values[index], self.model.variances[index]);
        let given_tau = |given: &GivenTau| {
            let share = variance / (variance + given.tau.powi(2));
            let own = share.sqrt() * given.tau;
            (value + share * (given.mean - value), own.hypot(share * given.deviation))
        };
        let moments = self.moments(0.0, |given| {
            let (mean, deviation) = given_tau(given);
            (mean, deviation.powi(2))
        });
        self.effect(&self.mixture(given_tau), moments)
    }

    fn tau(&self) -> Result<PosteriorSummary, PoolError> {
        let mean = self.posterior.expectation(1.0, |given| given.tau);
        let standard_deviation = mean.and_then(|mean| {
            self.posterior.expectation(2.0, |given| (given.tau - mean).powi(2)).map(f64::sqrt)
        });
        self.summary(self.posterior, Moments { mean, standard_deviation })
    }

    fn mixture(&self, part: impl Fn(&GivenTau) -> (f64, f64)) -> Mixture {
        Mixture::new(
            self.components
                .iter()
                .map(|(weight, given)| {
                    let (mean, deviation) = part(given);
                    (*weight, mean, deviation)
                })
                .collect(),
        )
    }

    /// Moments of a mixture whose means and deviations given τ grow no faster than τ^growth.
    fn moments(&self, growth: f64, part: impl Fn(&GivenTau) -> (f64, f64)) -> Moments {
        let mean = self.posterior.expectation(growth, |given| part(given).0);
        let variance = mean.and_then(|mean| {
            self.posterior.expectation(2.0 * growth, |given| {
                let (centre, variance) = part(given);
                variance + (centre - mean).powi(2)
            })
        });
        Moments { mean, standard_deviation: variance.map(f64::sqrt) }
    }

    fn effect(&self, marginal: &Mixture, moments: Moments) -> Result<EffectPosterior, PoolError> {
        let posterior = self.summary(marginal, moments)?;
        let scale = Scale { measure: self.measure, size: 1.0 };
        let interval = match self.options.interval {
            CredibleInterval::Shortest => posterior.shortest,
            CredibleInterval::Central => posterior.central,
        };
        Ok(EffectPosterior {
            shown_median: scale.shown(posterior.median),
            shown_interval: Interval {
                lower: scale.shown(interval.lower),
                upper: scale.shown(interval.upper),
            },
            // No effect is 0 on every analysis scale that has such a value.
            probability_below_no_effect: self.measure.no_effect().map(|_| marginal.at(0.0).0.clamp(0.0, 1.0)),
            posterior,
        })
    }

    /// A distribution in a few numbers, in the units of the data.
    fn summary(&self, marginal: &impl Marginal, moments: Moments) -> Result<PosteriorSummary, PoolError> {
        let level = self.options.confidence_level;
        let unit = self.model.unit;
        let in_units =
            |interval: Interval| Interval { lower: interval.lower * unit, upper: interval.upper * unit };
        let body = central(marginal, 0.96)?;
        let summary = PosteriorSummary {
            mode: mode(marginal, body)? * unit,
            median: quantile(marginal, 0.5)? * unit,
            mean: moments.mean.map(|mean| mean * unit),
            standard_deviation: moments.standard_deviation.map(|deviation| deviation * unit),
            shortest: in_units(shortest(marginal, level)?),
            central: in_units(central(marginal, level)?),
        };
        let limits =
            [summary.shortest.lower, summary.shortest.upper, summary.central.lower, summary.central.upper];
        let found = [summary.mode, summary.median].into_iter().chain(limits);
        let moments = [summary.mean, summary.standard_deviation].into_iter().flatten();
        if found.chain(moments).all(f64::is_finite) {
            Ok(summary)
        } else {
            Err(PoolError::Computation { what: "a posterior summary (effects are too extreme)".to_owned() })
        }
    }

    fn tau_prior_is_proper(&self) -> bool {
        self.options.tau_prior != TauPrior::ImproperUniform
    }

    /// ln ∫∫ p(y | μ, τ) p(μ) p(τ), back in the units of the data.
    fn log_marginal_likelihood(&self) -> Option<f64> {
        let proper = self.tau_prior_is_proper() && self.model.mean_prior.is_some();
        proper.then(|| self.posterior.log_evidence() - self.model.values.len() as f64 * self.model.unit.ln())
    }

    /// p(y | τ = 0) / p(y). An improper prior of μ contributes the same constant to both.
    fn tau_zero(&self) -> Option<BayesFactor> {
        let logarithm = self.model.given(0.0).log_likelihood - self.posterior.log_evidence();
        self.tau_prior_is_proper().then(|| BayesFactor::from_logarithm(logarithm))
    }

    /// p(y | μ = 0) / p(y), the posterior density of μ at 0 relative to its prior density (Savage-Dickey). An
    /// improper prior of τ contributes the same constant to both.
    fn mean_zero(&self) -> Option<BayesFactor> {
        let (prior_mean, prior_deviation) = self.model.mean_prior?;
        self.measure.no_effect()?;
        let log_normal = |mean: f64, deviation: f64| -deviation.ln() - 0.5 * (mean / deviation).powi(2);
        let terms: Vec<f64> = self
            .posterior
            .weighted()
            .filter(|(weight, _)| *weight > 0.0)
            .map(|(weight, given)| weight.ln() + log_normal(given.mean, given.deviation))
            .collect();
        let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = terms.iter().map(|term| (term - largest).exp()).sum();
        let logarithm = largest + sum.ln() - log_normal(prior_mean, prior_deviation);
        logarithm.is_finite().then(|| BayesFactor::from_logarithm(logarithm))
    }
}
