//! The likelihood of all trials with a normal random location per trial.
//!
//! With m = μ + τz, z ~ N(0, 1), trial i contributes log ∫ exp(ℓ_i(m; α)) φ(z) dz, by adaptive Gauss-Hermite
//! quadrature (Pinheiro & Bates 1995) about the mode of the integrand. Derivatives follow from those of ℓ_i without
//! differencing: the score is the mean of the score at known z (Fisher's identity), the Hessian the mean of the
//! Hessian plus the variance of the score (Louis 1982). They are even in τ, so that τ = 0 is an inner point.

use kmeta_numerics::quadrature::GaussHermite;
use nalgebra::{DMatrix, DVector};

use super::distribution::{Conditional, Derivatives, Observation, SurvivalDistribution};
use crate::PoolError;

/// Newton's steps to the mode end once z moves less.
const MODE_TOLERANCE: f64 = 1e-10;

const MAX_MODE_STEPS: usize = 100;

/// A log likelihood with gradient and Hessian in (location, ancillary parameters, τ).
#[derive(Debug, Clone)]
pub(super) struct Score {
    pub(super) value: f64,
    pub(super) gradient: DVector<f64>,
    pub(super) hessian: DMatrix<f64>,
}

/// What is maximised.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model<'a> {
    pub(super) distribution: SurvivalDistribution,
    pub(super) trials: &'a [Vec<Observation>],
    pub(super) rule: &'a GaussHermite,
}

impl Model<'_> {
    /// The log likelihood. With one parameter more than the distribution has, the last is τ.
    pub(super) fn score(&self, parameters: &[f64]) -> Result<Score, PoolError> {
        let own = self.distribution.parameters();
        let conditional = Conditional::new(self.distribution, &parameters[..own])?;
        let location = parameters[0];
        let mut total = Score::zero(parameters.len());
        for trial in self.trials {
            let part = match parameters.get(own) {
                None => common_score(&conditional.log_likelihood(location, trial), own),
                Some(&tau) => self.marginal(&conditional, location, tau, trial),
            };
            total.value += part.value;
            total.gradient += part.gradient;
            total.hessian += part.hessian;
        }
        Ok(total)
    }

    /// One trial's log integral.
    fn marginal(&self, conditional: &Conditional, location: f64, tau: f64, trial: &[Observation]) -> Score {
        let own = self.distribution.parameters();
        let (mode, spread) = mode(conditional, location, tau, trial);
        let nodes: Vec<(f64, f64, Derivatives)> = self
            .rule
            .nodes
            .iter()
            .zip(&self.rule.scaled_weights)
            .map(|(node, weight)| {
                let z = mode + std::f64::consts::SQRT_2 * spread * node;
                let inner = conditional.log_likelihood(location + tau * z, trial);
                let log_term = weight.ln() + inner.value - 0.5 * z * z;
                (z, log_term, inner)
            })
            .collect();
        let largest = nodes.iter().map(|node| node.1).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = nodes.iter().map(|node| (node.1 - largest).exp()).sum();
        let mut score = Score::zero(own + 1);
        // √2 spread from the change of variable, 1/√(2π) from the density of z.
        score.value = largest + sum.ln() + spread.ln() - 0.5 * std::f64::consts::PI.ln();
        let mut mean_square = DMatrix::zeros(own + 1, own + 1);
        for (z, log_term, inner) in &nodes {
            let share = (log_term - largest).exp() / sum;
            if share == 0.0 {
                continue;
            }
            let (gradient, hessian) = with_tau(inner, *z, own);
            score.hessian += &hessian * share;
            mean_square += &gradient * gradient.transpose() * share;
            score.gradient += gradient * share;
        }
        score.hessian += mean_square - &score.gradient * score.gradient.transpose();
        score
    }
}

impl Score {
    fn zero(parameters: usize) -> Self {
        Self {
            value: 0.0,
            gradient: DVector::zeros(parameters),
            hessian: DMatrix::zeros(parameters, parameters),
        }
    }
}

fn common_score(inner: &Derivatives, own: usize) -> Score {
    Score {
        value: inner.value,
        gradient: DVector::from_fn(own, |row, _| inner.gradient[row]),
        hessian: DMatrix::from_fn(own, own, |row, column| inner.hessian[row][column]),
    }
}

/// Derivatives at known z: ∂/∂τ is z ∂/∂location.
fn with_tau(inner: &Derivatives, z: f64, own: usize) -> (DVector<f64>, DMatrix<f64>) {
    let source = |index: usize| if index == own { 0 } else { index };
    let factor = |index: usize| if index == own { z } else { 1.0 };
    let gradient = DVector::from_fn(own + 1, |row, _| factor(row) * inner.gradient[source(row)]);
    let hessian = DMatrix::from_fn(own + 1, own + 1, |row, column| {
        factor(row) * factor(column) * inner.hessian[source(row)][source(column)]
    });
    (gradient, hessian)
}

/// Where ℓ(μ + τz) − z²/2 is largest, and 1/√(its curvature there). It is concave for all distributions here, so that
/// Newton's steps with halving arrive.
fn mode(conditional: &Conditional, location: f64, tau: f64, trial: &[Observation]) -> (f64, f64) {
    let at = |z: f64| conditional.log_likelihood(location + tau * z, trial);
    let height = |inner: &Derivatives, z: f64| inner.value - 0.5 * z * z;
    let curvature = |inner: &Derivatives| 1.0 - tau * tau * inner.hessian[0][0];
    let (mut z, mut here) = (0.0, at(0.0));
    if tau == 0.0 {
        return (z, 1.0);
    }
    for _ in 0..MAX_MODE_STEPS {
        let mut step = (tau * here.gradient[0] - z) / curvature(&here);
        if !step.is_finite() {
            break;
        }
        let converged = step.abs() < MODE_TOLERANCE;
        let mut there = at(z + step);
        let lower = |there: &Derivatives, z_there: f64| {
            let height_there = height(there, z_there);
            height_there.is_nan() || height_there < height(&here, z)
        };
        while !converged && step.abs() > MODE_TOLERANCE && lower(&there, z + step) {
            step *= 0.5;
            there = at(z + step);
        }
        z += step;
        here = there;
        if converged {
            break;
        }
    }
    (z, curvature(&here).max(1.0).sqrt().recip())
}
