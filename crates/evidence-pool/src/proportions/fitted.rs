//! A model fitted to the counts of some studies, as estimates, intervals and tests.

use kmeta_numerics::distributions::{beta_quantile, chi_squared_upper};
use kmeta_trial_data::{
    EffectMeasure, Estimate, Finding, FitStatistics, Heterogeneity, Interval, IntervalMethod, LikelihoodFit,
    LikelihoodRatioTest, MarginalMean, Prediction, PredictionMethod,
};

use super::beta_binomial::fit_beta_binomial;
use super::choice::LikelihoodModel;
use super::jet::{Jet, logistic};
use super::maximize::Maximum;
use super::random_intercept::{Count, RandomIntercept, fit_random_intercept, marginal_mean};
use crate::PoolError;
use crate::assemble::{Settings, estimate, tested_estimate};
use crate::measure::Scale;
use crate::model::{
    Effects, MIN_PREDICTION_STUDIES, Mean, heterogeneity_of_q, two_sided_normal, two_sided_student_t,
};
use crate::study_interval::clopper_pearson;

/// Estimates by a fixed number of nodes that differ by more than this from those that settled are told of.
const NOTABLE_DIFFERENCE: f64 = 1e-6;

/// Added to events and to others where there are no or only events, so that a logit exists.
const CONTINUITY_CORRECTION: f64 = 0.5;

/// A fit in the form of a result.
pub(super) struct Fitted {
    pub(super) common: Estimate,
    pub(super) random: Estimate,
    pub(super) marginal_mean: Option<MarginalMean>,
    /// On the reading scale.
    pub(super) prediction: Option<Interval>,
    pub(super) prediction_details: Option<Prediction>,
    pub(super) heterogeneity: Heterogeneity,
    pub(super) likelihood: Option<LikelihoodFit>,
    pub(super) fit_statistics: Option<FitStatistics>,
    pub(super) findings: Vec<Finding>,
}

/// Fits the model to the counts. Studies without events, or with events only, are data like any others; where all
/// are like that there is nothing to fit, and the patients of all studies together are shown.
pub(super) fn fitted(
    counts: &[Count],
    model: LikelihoodModel,
    settings: &Settings,
    place: &str,
) -> Result<Fitted, PoolError> {
    let (events, total) = counts.iter().fold((0.0, 0.0), |(x, n), count| (x + count.events, n + count.total));
    if events == 0.0 || events == total {
        return extreme(events, total, counts.len(), settings, place);
    }
    let z = two_sided_normal(settings.model.confidence_level)?;
    let common =
        Mean::new((events / (total - events)).ln(), (1.0 / events + 1.0 / (total - events)).sqrt(), z);
    let common = tested_estimate(&common, SCALE)?;
    if counts.len() == 1 {
        return Ok(Fitted {
            random: common.clone(),
            common,
            marginal_mean: None,
            prediction: None,
            prediction_details: None,
            heterogeneity: Heterogeneity::default(),
            likelihood: None,
            fit_statistics: None,
            findings: Vec::new(),
        });
    }
    let (heterogeneity, heterogeneity_test) = heterogeneity(counts, events / total, settings)?;
    let base = Fitted {
        random: common.clone(),
        common,
        marginal_mean: None,
        prediction: None,
        prediction_details: None,
        heterogeneity,
        likelihood: None,
        fit_statistics: None,
        findings: Vec::new(),
    };
    match model {
        LikelihoodModel::Glmm { nodes } => match fit_random_intercept(counts, nodes)? {
            Some(fit) => glmm(counts, &fit, nodes, base, heterogeneity_test, settings, place),
            None => Err(no_maximum(place)),
        },
        LikelihoodModel::BetaBinomial => match fit_beta_binomial(counts)? {
            Some(maximum) => beta_binomial(counts.len(), &maximum, base, heterogeneity_test, settings, place),
            None => Err(no_maximum(place)),
        },
    }
}

/// The scale of both models.
const SCALE: Scale = Scale { measure: EffectMeasure::Logit, size: 1.0 };

fn no_maximum(place: &str) -> PoolError {
    PoolError::NoFiniteMaximum { place: place.to_owned() }
}

/// No events at all, or only events: no maximum of any likelihood is finite. The proportion of all patients is shown
/// with its Clopper-Pearson interval; the logit is that with ½ added to both counts.
fn extreme(
    events: f64,
    total: f64,
    studies: usize,
    settings: &Settings,
    place: &str,
) -> Result<Fitted, PoolError> {
    let level = settings.model.confidence_level;
    let (x, others) = (events + CONTINUITY_CORRECTION, total - events + CONTINUITY_CORRECTION);
    let logit = Mean::new((x / others).ln(), (1.0 / x + 1.0 / others).sqrt(), two_sided_normal(level)?);
    let pooled = Estimate {
        shown: events / total,
        shown_interval: clopper_pearson(events as u32, total as u32, level)?,
        ..estimate(&logit, SCALE)
    };
    let (code, what) = if events == 0.0 { ("no-events", "no") } else { ("only-events", "every") };
    let message = format!(
        "{what} patient of any study had the event: how much studies differ cannot be estimated; the proportion of \
         all {total} patients together is shown with its Clopper-Pearson interval, on the logit scale with 0.5 added"
    );
    let heterogeneity = Heterogeneity { degrees_of_freedom: studies as u32 - 1, ..Heterogeneity::default() };
    Ok(Fitted {
        common: pooled.clone(),
        random: pooled,
        marginal_mean: None,
        prediction: None,
        prediction_details: None,
        heterogeneity,
        likelihood: None,
        fit_statistics: None,
        findings: vec![Finding::warning(code, place, message)],
    })
}

/// The Wald test and the likelihood-ratio test of a proportion for each study against one for all (metafor `QE.Wld`
/// and `QE.LRT`). Studies with no or only events have a logit of infinite variance: they have degrees of freedom in
/// both tests, as in R, but add nothing to the first.
fn heterogeneity(
    counts: &[Count],
    common: f64,
    settings: &Settings,
) -> Result<(Heterogeneity, LikelihoodRatioTest), PoolError> {
    let mut informative = Effects::default();
    let mut statistic = 0.0;
    for &Count { events, total } in counts {
        let others = total - events;
        if events > 0.0 {
            statistic += 2.0 * events * (events / total / common).ln();
        }
        if others > 0.0 {
            statistic += 2.0 * others * (others / total / (1.0 - common)).ln();
        }
        if events > 0.0 && others > 0.0 {
            informative.values.push((events / others).ln());
            informative.variances.push(1.0 / events + 1.0 / others);
        }
    }
    let statistic = statistic.max(0.0);
    let q = if informative.len() > 1 { informative.weighted(0.0).squares } else { 0.0 };
    let degrees_of_freedom = counts.len() as u32 - 1;
    let p_value = chi_squared_upper(statistic, f64::from(degrees_of_freedom))?;
    Ok((
        heterogeneity_of_q(q, counts.len(), settings.model.confidence_level)?,
        LikelihoodRatioTest { statistic, degrees_of_freedom, p_value },
    ))
}

/// The mean with its interval: normal, or with a t quantile of k − 1 degrees of freedom.
fn mean(maximum: &Maximum, studies: usize, settings: &Settings) -> Result<Mean, PoolError> {
    let (level, error) = (settings.model.confidence_level, maximum.covariance[0].sqrt());
    if settings.model.interval == IntervalMethod::Wald {
        return Ok(Mean::new(maximum.location, error, two_sided_normal(level)?));
    }
    Mean::with_t(maximum.location, error, (studies - 1) as f64, level)
}

/// Akaike's and the Bayesian criterion with two parameters.
fn fit_statistics(log_likelihood: f64, studies: usize) -> FitStatistics {
    let criterion = |per_parameter: f64| -2.0 * log_likelihood + 2.0 * per_parameter;
    FitStatistics { log_likelihood, aic: criterion(2.0), bic: criterion((studies as f64).ln()) }
}

fn glmm(
    counts: &[Count],
    fit: &RandomIntercept,
    asked_nodes: Option<usize>,
    base: Fitted,
    heterogeneity_test: LikelihoodRatioTest,
    settings: &Settings,
    place: &str,
) -> Result<Fitted, PoolError> {
    let (k, maximum) = (counts.len(), &fit.maximum);
    let tau_squared = maximum.spread.powi(2);
    let prediction = prediction(maximum, k, settings)?;
    let mut findings: Vec<Finding> = spread_zero(maximum, "tau-squared", place).into_iter().collect();
    findings.extend(t_quantile_only(settings, place));
    findings.extend(quadrature(counts, fit, asked_nodes, place)?);
    Ok(Fitted {
        random: tested_estimate(&mean(maximum, k, settings)?, SCALE)?,
        marginal_mean: Some(marginal(maximum, k, settings)?),
        prediction: prediction.as_ref().map(|prediction| prediction.shown_interval),
        prediction_details: prediction,
        heterogeneity: Heterogeneity { tau_squared: Some(tau_squared), ..base.heterogeneity },
        likelihood: Some(LikelihoodFit {
            log_likelihood: maximum.log_likelihood,
            quadrature_nodes: Some(fit.nodes as u32),
            intraclass_correlation: None,
            heterogeneity_test: Some(heterogeneity_test),
        }),
        fit_statistics: Some(fit_statistics(maximum.log_likelihood, k)),
        findings,
        ..base
    })
}

/// μ ± quantile · √(SE² + τ²), transformed back: the range of the proportion of a new study.
fn prediction(maximum: &Maximum, k: usize, settings: &Settings) -> Result<Option<Prediction>, PoolError> {
    let level = settings.model.confidence_level;
    let method = settings.model.prediction;
    let df = match method {
        PredictionMethod::HigginsThompsonSpiegelhalter => Some(k as f64 - 2.0),
        PredictionMethod::Skipka => None,
        _ => Some(k as f64 - 1.0),
    };
    if k < MIN_PREDICTION_STUDIES {
        return Ok(None);
    }
    let quantile = match df {
        Some(df) => two_sided_student_t(level, df)?,
        None => two_sided_normal(level)?,
    };
    let standard_error = (maximum.covariance[0] + maximum.spread.powi(2)).sqrt();
    let limits = Mean::new(maximum.location, standard_error, quantile);
    Ok(Some(Prediction {
        method,
        standard_error: Some(standard_error),
        degrees_of_freedom: df,
        interval: Interval { lower: limits.lower, upper: limits.upper },
        shown_interval: Interval { lower: SCALE.shown(limits.lower), upper: SCALE.shown(limits.upper) },
    }))
}

/// The mean proportion over studies, with the interval of its logit by the delta method on μ and τ.
fn marginal(maximum: &Maximum, studies: usize, settings: &Settings) -> Result<MarginalMean, PoolError> {
    let proportion = marginal_mean(maximum.location, maximum.spread);
    let Jet { gradient: [by_location, by_spread], .. } = proportion;
    let [location, both, spread] = maximum.covariance;
    let variance = by_location * by_location * location
        + 2.0 * by_location * by_spread * both
        + by_spread * by_spread * spread;
    let share = proportion.value;
    let logit = Maximum {
        location: (share / (1.0 - share)).ln(),
        covariance: [variance / (share * (1.0 - share)).powi(2), 0.0, 0.0],
        ..*maximum
    };
    let limits = mean(&logit, studies, settings)?;
    Ok(MarginalMean {
        proportion: share,
        interval: Interval { lower: logistic(limits.lower), upper: logistic(limits.upper) },
    })
}

fn beta_binomial(
    k: usize,
    maximum: &Maximum,
    base: Fitted,
    heterogeneity_test: LikelihoodRatioTest,
    settings: &Settings,
    place: &str,
) -> Result<Fitted, PoolError> {
    let random = tested_estimate(&mean(maximum, k, settings)?, SCALE)?;
    let mut findings: Vec<Finding> =
        spread_zero(maximum, "the intra-class correlation", place).into_iter().collect();
    findings.extend(t_quantile_only(settings, place));
    Ok(Fitted {
        prediction: beta_interval(maximum, k, settings)?,
        random,
        likelihood: Some(LikelihoodFit {
            log_likelihood: maximum.log_likelihood,
            quadrature_nodes: None,
            intraclass_correlation: Some(maximum.spread),
            heterogeneity_test: Some(heterogeneity_test),
        }),
        fit_statistics: Some(fit_statistics(maximum.log_likelihood, k)),
        findings,
        ..base
    })
}

/// The quantiles of the fitted beta distribution: where the proportions of that share of studies lie. It leaves the
/// uncertainty of the fit aside. Absent when studies do not differ.
fn beta_interval(maximum: &Maximum, k: usize, settings: &Settings) -> Result<Option<Interval>, PoolError> {
    if k < MIN_PREDICTION_STUDIES || maximum.spread == 0.0 {
        return Ok(None);
    }
    let sum = 1.0 / maximum.spread - 1.0;
    let (alpha, beta) = (logistic(maximum.location) * sum, logistic(-maximum.location) * sum);
    let tail = 0.5 - settings.model.confidence_level / 2.0;
    Ok(Some(Interval {
        lower: beta_quantile(tail, alpha, beta)?,
        upper: beta_quantile(1.0 - tail, alpha, beta)?,
    }))
}

fn spread_zero(maximum: &Maximum, what: &str, place: &str) -> Option<Finding> {
    (maximum.spread == 0.0).then(|| {
        Finding::note(
            "spread-estimated-zero",
            place,
            format!(
                "maximum likelihood puts {what} at 0: the random-effects mean is the common-effect one and its \
                 interval takes no difference between studies into account"
            ),
        )
    })
}

fn t_quantile_only(settings: &Settings, place: &str) -> Option<Finding> {
    (settings.model.interval == IntervalMethod::HartungKnapp).then(|| {
        Finding::note(
            "hartung-knapp-t-quantile-only",
            place,
            "a model of the counts has no Hartung-Knapp standard error: as in R meta only the quantile is that of t \
             with k - 1 degrees of freedom",
        )
    })
}

/// What is to be said about the number of quadrature nodes.
fn quadrature(
    counts: &[Count],
    fit: &RandomIntercept,
    asked: Option<usize>,
    place: &str,
) -> Result<Option<Finding>, PoolError> {
    if asked.is_none() {
        return Ok((!fit.settled).then(|| {
            Finding::warning(
                "quadrature-not-settled",
                place,
                format!("the estimates still move in the tenth digit with {} quadrature nodes", fit.nodes),
            )
        }));
    }
    let Some(exact) = fit_random_intercept(counts, None)? else { return Ok(None) };
    let (found, exact) = (&fit.maximum, &exact.maximum);
    let (tau_squared, exact_tau_squared) = (found.spread.powi(2), exact.spread.powi(2));
    let differs = (found.location - exact.location).abs() > NOTABLE_DIFFERENCE
        || (tau_squared - exact_tau_squared).abs() > NOTABLE_DIFFERENCE;
    Ok(differs.then(|| {
        Finding::note(
            "quadrature-nodes-fixed",
            place,
            format!(
                "with {} quadrature nodes, as asked, the mean logit is {:.6} and tau-squared {tau_squared:.6}; with \
                 as many as it takes {:.6} and {exact_tau_squared:.6}",
                fit.nodes, found.location, exact.location
            ),
        )
    }))
}
