//! One-stage Cox models stratified by trial.

use kmeta_numerics::distributions::{chi_squared_upper, student_t_quantile};
use kmeta_survival_estimate::{SurvivalError, TwoArmLikelihood};
use kmeta_trial_data::{Interval, LikelihoodRatioTest};

use super::options::{TwoArmModel, TwoArmSurvivalOptions, TwoArmTrial};
use super::random_slope::{RandomSlopeFit, fit_random_slope};
use super::result::{OneStageHazardRatio, RandomTreatmentEffects, TrialPrediction};
use super::trial::estimate;
use crate::PoolError;

/// Newton's method on a concave function of one variable needs about five steps.
const MAX_ITERATIONS: u32 = 200;

/// A step smaller than this, relative to the standard error, changes no printed digit.
const STEP_TOLERANCE: f64 = 1e-12;

/// The partial likelihood of one trial.
pub(super) struct TrialLikelihood<'a> {
    pub(super) trial: &'a TwoArmTrial,
    pub(super) likelihood: TwoArmLikelihood,
}

/// A maximum of a concave log likelihood of one variable.
#[derive(Debug, Clone, Copy)]
pub(super) struct Maximum {
    pub(super) at: f64,
    pub(super) value: f64,
    pub(super) information: f64,
}

/// Fits the one-stage model that the options ask for, if any.
pub(super) fn fit(
    trials: &[TwoArmTrial],
    options: &TwoArmSurvivalOptions,
) -> Result<Option<OneStageHazardRatio>, PoolError> {
    if !matches!(options.model, TwoArmModel::OneStageCommon | TwoArmModel::OneStageRandom) {
        return Ok(None);
    }
    let likelihoods = trials
        .iter()
        .map(|trial| {
            TwoArmLikelihood::new(&trial.control, &trial.treated, options.ties)
                .map(|likelihood| TrialLikelihood { trial, likelihood })
                .map_err(|source| PoolError::Patients { trial: trial.trial.clone(), source })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let informative: Vec<TrialLikelihood> =
        likelihoods.into_iter().filter(|one| one.likelihood.informative_events() != (0, 0)).collect();
    check_estimable(&informative)?;
    if options.model == TwoArmModel::OneStageRandom {
        if informative.len() < 2 {
            return Err(PoolError::TooFewStudies {
                found: informative.len(),
                needed: 2,
                what: "a one-stage model with random effects (trials with events while both arms are at risk; use \
                       one-stage-common)"
                    .to_owned(),
            });
        }
        return random(&informative, options).map(Some);
    }
    common(&informative, options).map(Some)
}

/// The product of the likelihoods has a finite maximum exactly when both arms have informative events.
fn check_estimable(trials: &[TrialLikelihood]) -> Result<(), PoolError> {
    let (control, treated) = trials.iter().fold((0, 0), |sum, one| {
        let events = one.likelihood.informative_events();
        (sum.0 + events.0, sum.1 + events.1)
    });
    let not_estimable = |error: SurvivalError| {
        Err(PoolError::NotEstimable {
            what: "the one-stage hazard ratio".to_owned(),
            reason: error.to_string(),
        })
    };
    let monotone = |arm: &str, limit: &str| {
        not_estimable(SurvivalError::MonotoneLikelihood { arm: arm.to_owned(), limit: limit.to_owned() })
    };
    match (control, treated) {
        (0, 0) => not_estimable(SurvivalError::NothingToCompare),
        (_, 0) => monotone("control", "0"),
        (0, _) => monotone("treated", "infinity"),
        _ => Ok(()),
    }
}

/// Maximizes Σ l_i(β): R `coxph(Surv(time, event) ~ treated + strata(trial))`.
fn common(
    trials: &[TrialLikelihood],
    options: &TwoArmSurvivalOptions,
) -> Result<OneStageHazardRatio, PoolError> {
    let at = |beta: f64| {
        trials
            .iter()
            .map(|one| one.likelihood.at(beta))
            .fold((0.0, 0.0, 0.0), |sum, one| (sum.0 + one.value, sum.1 + one.score, sum.2 + one.information))
    };
    let best = maximize(0.0, at)?;
    let null = at(0.0).0;
    let standard_error = best.information.sqrt().recip();
    Ok(OneStageHazardRatio {
        hazard_ratio: estimate(best.at, standard_error, options.pooling.confidence_level)?,
        trials: trials.len() as u32,
        log_likelihood: best.value,
        log_likelihood_null: null,
        effect_test: likelihood_ratio_test(best.value, null, 1, 1.0)?,
        heterogeneity_test: separate_hazard_ratios(trials, best.value)?,
        random_effects: None,
    })
}

/// Twice the rise of the likelihood from one hazard ratio to one per trial. `None` when some trial's is infinite.
fn separate_hazard_ratios(
    trials: &[TrialLikelihood],
    common: f64,
) -> Result<Option<LikelihoodRatioTest>, PoolError> {
    let finite = trials.iter().all(|one| {
        let events = one.likelihood.informative_events();
        events.0 > 0 && events.1 > 0
    });
    if trials.len() < 2 || !finite {
        return Ok(None);
    }
    let mut separate = 0.0;
    for one in trials {
        separate += maximize(0.0, |beta| {
            let here = one.likelihood.at(beta);
            (here.value, here.score, here.information)
        })?
        .value;
    }
    likelihood_ratio_test(separate, common, trials.len() as u32 - 1, 1.0).map(Some)
}

/// Newton's method with halving on a concave function given by (value, slope, negative curvature).
pub(super) fn maximize(start: f64, at: impl Fn(f64) -> (f64, f64, f64)) -> Result<Maximum, PoolError> {
    let failed = || PoolError::Computation { what: "the maximum of a partial likelihood".to_owned() };
    let mut beta = start;
    let (mut value, mut score, mut information) = at(beta);
    for _ in 0..MAX_ITERATIONS {
        // Far from the maximum the curvature may vanish; no step is longer than 5 on the log scale.
        let mut step = (score / information).clamp(-5.0, 5.0);
        if step.is_nan() {
            return Err(failed());
        }
        let mut next = at(beta + step);
        let slack = 1e-13 * value.abs().max(1.0);
        while next.0 < value - slack && step.abs() > f64::EPSILON {
            step *= 0.5;
            next = at(beta + step);
        }
        beta += step;
        (value, score, information) = next;
        if step.abs() * information.sqrt() <= STEP_TOLERANCE {
            return Ok(Maximum { at: beta, value, information });
        }
    }
    Err(failed())
}

/// The statistic is cut at 0, below which rounding alone can put it. `share` is the part of the chi-squared tail that
/// counts: one half where the hypothesis lies on the boundary.
fn likelihood_ratio_test(
    larger: f64,
    smaller: f64,
    degrees_of_freedom: u32,
    share: f64,
) -> Result<LikelihoodRatioTest, PoolError> {
    let statistic = (2.0 * (larger - smaller)).max(0.0);
    let tail = chi_squared_upper(statistic, f64::from(degrees_of_freedom))?;
    let p_value = if statistic == 0.0 { 1.0 } else { share * tail };
    Ok(LikelihoodRatioTest { statistic, degrees_of_freedom, p_value })
}

fn random(
    trials: &[TrialLikelihood],
    options: &TwoArmSurvivalOptions,
) -> Result<OneStageHazardRatio, PoolError> {
    let fit = fit_random_slope(trials, options.quadrature_nodes, None)?;
    let null = fit_random_slope(trials, options.quadrature_nodes, Some(0.0))?;
    let common = common(trials, options)?;
    let level = options.pooling.confidence_level;
    let hazard_ratio = estimate(fit.beta, fit.standard_error, level)?;
    Ok(OneStageHazardRatio {
        trials: trials.len() as u32,
        log_likelihood: fit.log_likelihood,
        log_likelihood_null: null.log_likelihood,
        effect_test: likelihood_ratio_test(fit.log_likelihood, null.log_likelihood, 1, 1.0)?,
        heterogeneity_test: Some(likelihood_ratio_test(fit.log_likelihood, common.log_likelihood, 1, 0.5)?),
        random_effects: Some(random_effects(trials, &fit, options)?),
        hazard_ratio,
    })
}

fn random_effects(
    trials: &[TrialLikelihood],
    fit: &RandomSlopeFit,
    options: &TwoArmSurvivalOptions,
) -> Result<RandomTreatmentEffects, PoolError> {
    let prediction = if trials.len() > 2 {
        let tail = 0.5 + options.pooling.confidence_level / 2.0;
        let quantile = student_t_quantile(tail, (trials.len() - 1) as f64)?;
        let width = quantile * (fit.standard_error.powi(2) + fit.tau_squared).sqrt();
        Some(Interval { lower: (fit.beta - width).exp(), upper: (fit.beta + width).exp() })
    } else {
        None
    };
    let predicted = trials.iter().zip(&fit.trials).map(|(one, moments)| TrialPrediction {
        trial: one.trial.trial.clone(),
        log_hazard_ratio: moments.0,
        standard_deviation: moments.1.sqrt(),
    });
    Ok(RandomTreatmentEffects {
        tau_squared: fit.tau_squared,
        tau_squared_standard_error: fit.tau_squared_standard_error,
        prediction,
        trials: predicted.collect(),
        quadrature_nodes: options.quadrature_nodes,
    })
}
