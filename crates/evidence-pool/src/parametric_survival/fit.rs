//! Newton's method on the likelihood, from several starts.

use nalgebra::{Cholesky, DMatrix, DVector};

use super::distribution::{Observation, SurvivalDistribution};
use super::likelihood::{Model, Score};
use crate::PoolError;

const MAX_STEPS: usize = 200;

/// Newton's steps end once twice the gain that the next one promises falls below this: estimates are then within
/// 1e-9 standard errors of the maximum.
const DECREMENT: f64 = 1e-18;

/// With this decrement a fit that gains no more is as good as rounding allows.
const ROUNDING_DECREMENT: f64 = 1e-9;

/// A τ below this is 0.
const SMALLEST_TAU: f64 = 1e-5;

/// The maximum of a likelihood.
#[derive(Debug, Clone)]
pub(super) struct Maximum {
    pub(super) parameters: Vec<f64>,
    pub(super) log_likelihood: f64,
    /// Inverse of the negative Hessian.
    pub(super) covariance: DMatrix<f64>,
}

/// The maximum, or nothing when no start leads to one (an unbounded or flat likelihood).
pub(super) fn maximize(model: Model<'_>, starts: &[Vec<f64>]) -> Result<Option<Maximum>, PoolError> {
    let mut best: Option<Maximum> = None;
    for start in starts {
        if let Some(found) = climb(model, start)?
            && best.as_ref().is_none_or(|best| found.log_likelihood > best.log_likelihood)
        {
            best = Some(found);
        }
    }
    Ok(best)
}

fn climb(model: Model<'_>, start: &[f64]) -> Result<Option<Maximum>, PoolError> {
    let mut place = DVector::from_column_slice(start);
    let mut here = model.score(place.as_slice())?;
    if !usable(&here) {
        return Ok(None);
    }
    for _ in 0..MAX_STEPS {
        let information = -&here.hessian;
        let definite = Cholesky::new(information.clone());
        let Some(step) = definite
            .as_ref()
            .map(|factor| factor.solve(&here.gradient))
            .or_else(|| damped_step(&information, &here.gradient))
        else {
            return Ok(None);
        };
        let decrement = here.gradient.dot(&step);
        if let Some(factor) = &definite
            && decrement < DECREMENT
        {
            return Ok(Some(maximum(&place, &here, factor.inverse())));
        }
        let Some((next, there)) = ascend(model, &place, &here, step)? else {
            let arrived = definite.filter(|_| decrement < ROUNDING_DECREMENT);
            return Ok(arrived.map(|factor| maximum(&place, &here, factor.inverse())));
        };
        (place, here) = (next, there);
    }
    Ok(None)
}

/// Halves a step until the likelihood rises; nothing when it never does.
fn ascend(
    model: Model<'_>,
    place: &DVector<f64>,
    here: &Score,
    mut step: DVector<f64>,
) -> Result<Option<(DVector<f64>, Score)>, PoolError> {
    // Parameters are logarithms or of their order of size: longer steps leave the range of Newton's approximation.
    let longest = step.amax();
    if longest > 3.0 {
        step *= 3.0 / longest;
    }
    for _ in 0..40 {
        let next = place + &step;
        let there = model.score(next.as_slice())?;
        if usable(&there) && there.value > here.value {
            return Ok(Some((next, there)));
        }
        step *= 0.5;
    }
    Ok(None)
}

fn usable(score: &Score) -> bool {
    score.value.is_finite()
        && score.gradient.iter().chain(score.hessian.iter()).all(|value| value.is_finite())
}

/// Where the Hessian is not negative definite: Newton's step with the eigenvalues of the information turned positive.
fn damped_step(information: &DMatrix<f64>, gradient: &DVector<f64>) -> Option<DVector<f64>> {
    let eigen = information.clone().symmetric_eigen();
    let largest = eigen.eigenvalues.amax();
    if largest.is_nan() || largest <= 0.0 {
        return None;
    }
    let mut turned = eigen.eigenvectors.transpose() * gradient;
    for (value, eigenvalue) in turned.iter_mut().zip(eigen.eigenvalues.iter()) {
        *value /= eigenvalue.abs().max(1e-8 * largest);
    }
    Some(eigen.eigenvectors * turned)
}

fn maximum(place: &DVector<f64>, here: &Score, covariance: DMatrix<f64>) -> Maximum {
    Maximum { parameters: place.iter().copied().collect(), log_likelihood: here.value, covariance }
}

/// Starts for the common model: the exponential fit with a few shapes.
pub(super) fn common_starts(
    distribution: SurvivalDistribution,
    trials: &[Vec<Observation>],
) -> Vec<Vec<f64>> {
    let all = trials.iter().flatten();
    let (mut events, mut exposure, mut weight, mut sum, mut squares) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for one in all {
        let patients = one.events + one.censored;
        events += one.events;
        exposure += patients * one.time;
        weight += patients;
        sum += patients * one.log_time;
        squares += patients * one.log_time * one.log_time;
    }
    let log_mean = f64::ln(exposure / events);
    let spread = (squares / weight - (sum / weight).powi(2)).max(1e-4).sqrt().ln();
    match distribution {
        SurvivalDistribution::Exponential => vec![vec![log_mean]],
        SurvivalDistribution::Weibull => vec![vec![log_mean, 0.0]],
        SurvivalDistribution::Gompertz => vec![vec![-log_mean, 0.0]],
        SurvivalDistribution::LogNormal => vec![vec![log_mean - 0.5, spread]],
        SurvivalDistribution::LogLogistic => vec![vec![log_mean - 0.5, spread - 0.6]],
        SurvivalDistribution::GeneralizedGamma => {
            [1.0, 0.0, -1.0].iter().map(|&q| vec![log_mean - 0.3, spread, q]).collect()
        }
    }
}

/// The random-effects maximum, given the common one. `None` for the covariance of τ where τ = 0 is the maximum.
pub(super) fn maximize_random(model: Model<'_>, common: &Maximum) -> Result<RandomMaximum, PoolError> {
    let starts: Vec<Vec<f64>> =
        [0.2, 0.8].iter().map(|&tau| common.parameters.iter().copied().chain([tau]).collect()).collect();
    let own = common.parameters.len();
    let mut found = maximize(model, &starts)?;
    if let Some(found) = &mut found {
        // The sign of τ has no meaning.
        if found.parameters[own] < 0.0 {
            found.parameters[own] = -found.parameters[own];
            for index in 0..own {
                found.covariance[(index, own)] *= -1.0;
                found.covariance[(own, index)] *= -1.0;
            }
        }
    }
    match found {
        Some(found)
            if found.parameters[own] > SMALLEST_TAU && found.log_likelihood > common.log_likelihood =>
        {
            Ok(RandomMaximum::Positive(found))
        }
        // At τ = 0 the second derivative in τ tells whether the common fit is a maximum of this likelihood too.
        _ => {
            let at_zero: Vec<f64> = common.parameters.iter().copied().chain([0.0]).collect();
            let curvature = model.score(&at_zero)?.hessian[(own, own)];
            Ok(if curvature <= 0.0 { RandomMaximum::Zero } else { RandomMaximum::NotConverged })
        }
    }
}

/// Where the random-effects likelihood is largest.
#[derive(Debug, Clone)]
pub(super) enum RandomMaximum {
    /// At τ > 0.
    Positive(Maximum),
    /// At τ = 0: the common fit.
    Zero,
    /// Nowhere that was found.
    NotConverged,
}
