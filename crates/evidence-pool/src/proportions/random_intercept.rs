//! Logistic regression of counts with a random intercept per study, by maximum likelihood.
//!
//! x_i ~ Binomial(n_i, p_i), logit p_i = μ + τ u_i, u_i ~ N(0, 1) (Stijnen, Hamza & Özdemir 2010, section 3). Each
//! study's integral over u_i is taken by adaptive Gauss-Hermite quadrature: nodes centred on the mode of the
//! integrand and scaled by its curvature there (Pinheiro & Bates 1995, section 2.4), the rule of `lme4::glmer`. One
//! node is Laplace's approximation.

use kmeta_numerics::distributions::ln_binomial_coefficient;
use kmeta_numerics::quadrature::{GaussHermite, gauss_hermite};

use super::jet::{Jet, logistic};
use super::maximize::{Likelihood, Maximum, maximum, refined};
use crate::PoolError;

/// Nodes to begin with when their number is to be found.
const FIRST_NODES: usize = 15;

/// Nodes at which the search for their number ends.
const MOST_NODES: usize = 240;

/// The estimates have settled when more nodes move none of them by more than this, relative to 1 or their size.
const SETTLED: f64 = 1e-10;

/// Steps for the mode of a study's integrand. Newton steps need fewer than ten, halving the bracket at most sixty.
const MODE_STEPS: u32 = 100;

/// Standard deviations τ that the first search looks at grow by this factor from [`SMALLEST_SPREAD`].
const SPREAD_FACTOR: f64 = 1.6;
const SMALLEST_SPREAD: f64 = 0.02;

/// A τ of this size means that proportions are 0 or 1 for any practical purpose: no finite estimate.
const LARGEST_SPREAD: f64 = 100.0;

/// Events and patients of one study.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Count {
    pub(crate) events: f64,
    pub(crate) total: f64,
}

/// The fitted model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RandomIntercept {
    /// μ and τ with ln L and their covariance.
    pub(crate) maximum: Maximum,
    /// Quadrature nodes used.
    pub(super) nodes: usize,
    /// Whether more nodes would leave the estimates as they are; not known when the number was given.
    pub(super) settled: bool,
}

/// Fits the model with the given number of nodes, or with as many as the estimates need to settle. `None` when the
/// likelihood has no finite maximum, as with studies of which each has no or only events.
pub(crate) fn fit_random_intercept(
    counts: &[Count],
    nodes: Option<usize>,
) -> Result<Option<RandomIntercept>, PoolError> {
    let (events, total) = counts.iter().fold((0.0, 0.0), |(x, n), count| (x + count.events, n + count.total));
    let guess = (events / (total - events)).ln();
    let first = nodes.unwrap_or(FIRST_NODES);
    let Some(mut found) = maximum(&AdaptiveQuadrature::new(counts, first)?, guess)? else { return Ok(None) };
    if nodes.is_some() || found.spread == 0.0 {
        return Ok(Some(RandomIntercept { maximum: found, nodes: first, settled: nodes.is_none() }));
    }
    let mut used = first;
    while used < MOST_NODES {
        used = used * 3 / 2;
        let likelihood = AdaptiveQuadrature::new(counts, used)?;
        let Some(next) = refined(&likelihood, found.location, found.spread) else { break };
        let settled = settled(&found, &next);
        found = next;
        if settled {
            return Ok(Some(RandomIntercept { maximum: found, nodes: used, settled }));
        }
    }
    Ok(Some(RandomIntercept { maximum: found, nodes: used, settled: false }))
}

fn settled(before: &Maximum, after: &Maximum) -> bool {
    let pairs = [
        (before.location, after.location),
        (before.spread, after.spread),
        (before.covariance[0].sqrt(), after.covariance[0].sqrt()),
    ];
    pairs.into_iter().all(|(before, after)| (before - after).abs() <= SETTLED * after.abs().max(1.0))
}

/// The log likelihood by a rule with a fixed number of nodes.
struct AdaptiveQuadrature<'a> {
    counts: &'a [Count],
    rule: GaussHermite,
    /// Σ ln C(n, x).
    constant: f64,
}

impl<'a> AdaptiveQuadrature<'a> {
    fn new(counts: &'a [Count], nodes: usize) -> Result<Self, PoolError> {
        let constant = counts.iter().map(|count| ln_binomial_coefficient(count.total, count.events)).sum();
        Ok(Self { counts, rule: gauss_hermite(nodes)?, constant })
    }

    /// ln ∫ p^x (1 − p)^(n−x) φ(u) du of one study, without ln C(n, x).
    fn log_integral(&self, count: &Count, location: Jet, spread: Jet) -> Jet {
        let (x, n) = (count.events, count.total);
        let log_integrand = |u: Jet| {
            let logit = location + spread * u;
            logit.scale(x) - logit.log_one_plus_exp().scale(n) - (u * u).scale(0.5)
        };
        let (mode, information) = mode(count, location, spread);
        let width = information.reciprocal_root().scale(std::f64::consts::SQRT_2);
        let terms: Vec<Jet> = self
            .rule
            .nodes
            .iter()
            .zip(&self.rule.scaled_weights)
            .map(|(&node, &weight)| log_integrand(mode + width.scale(node)).plus(weight.ln()))
            .collect();
        let largest = terms.iter().map(|term| term.value).fold(f64::NEG_INFINITY, f64::max);
        let sum = terms.into_iter().fold(Jet::ZERO, |sum, term| sum + term.plus(-largest).exp());
        (sum * width).ln().plus(largest - 0.5 * (2.0 * std::f64::consts::PI).ln())
    }
}

/// The u at which the integrand is largest, and its information there, 1 + τ² n p (1 − p), as functions of the
/// parameters. The slope τ (x − n p) − u falls strictly, so that the mode lies between 0 and its value at 0.
fn mode(count: &Count, location: Jet, spread: Jet) -> (Jet, Jet) {
    let (x, n) = (count.events, count.total);
    let slope = |u: f64| {
        let p = logistic(location.value + spread.value * u);
        (spread.value * (x - n * p) - u, 1.0 + spread.value.powi(2) * n * p * (1.0 - p))
    };
    let at_zero = slope(0.0).0;
    let (mut lower, mut upper) = (at_zero.min(0.0), at_zero.max(0.0));
    let mut u = 0.5 * at_zero / slope(0.0).1;
    for _ in 0..MODE_STEPS {
        let (value, information) = slope(u);
        if value > 0.0 {
            lower = u
        } else {
            upper = u
        }
        let newton = u + value / information;
        let next = if newton > lower && newton < upper { newton } else { 0.5 * (lower + upper) };
        let step = (next - u).abs();
        u = next;
        if step <= 1e-15 * u.abs().max(1e-3) {
            break;
        }
    }
    // A Newton step in jets gives the first derivatives of the mode, a second one those of second order.
    let mut mode = Jet::constant(u);
    for _ in 0..2 {
        let p = (location + spread * mode).logistic();
        let slope = spread * p.scale(-n).plus(x) - mode;
        mode = mode + slope * information(spread, p, n).reciprocal();
    }
    let p = (location + spread * mode).logistic();
    (mode, information(spread, p, n))
}

fn information(spread: Jet, p: Jet, n: f64) -> Jet {
    (spread * spread * p * p.scale(-1.0).plus(1.0)).scale(n).plus(1.0)
}

impl Likelihood for AdaptiveQuadrature<'_> {
    fn at(&self, location: f64, spread: f64) -> Jet {
        let (location, spread) = (Jet::first(location), Jet::second(spread));
        let integrals = self.counts.iter().map(|count| self.log_integral(count, location, spread));
        integrals.fold(Jet::constant(self.constant), |sum, integral| sum + integral)
    }

    fn spreads(&self) -> Vec<f64> {
        let growing = std::iter::successors(Some(SMALLEST_SPREAD), |spread| Some(spread * SPREAD_FACTOR));
        std::iter::once(0.0).chain(growing.take_while(|&spread| spread < LARGEST_SPREAD)).collect()
    }
}

/// Half the step and half the width, in standard deviations, of the trapezoid rule of [`marginal_mean`].
const TRAPEZOID_POINTS: i32 = 200;
const TRAPEZOID_STEP: f64 = 0.05;

/// E[logit⁻¹(μ + τ u)], u ~ N(0, 1), with its derivatives with respect to μ and τ. The trapezoid rule converges
/// faster than any power of its step for an integrand that is smooth on the whole line (Trefethen & Weideman 2014).
pub(super) fn marginal_mean(location: f64, spread: f64) -> Jet {
    let (location, spread) = (Jet::first(location), Jet::second(spread));
    (-TRAPEZOID_POINTS..=TRAPEZOID_POINTS)
        .map(|point| {
            let u = f64::from(point) * TRAPEZOID_STEP;
            let density = (-0.5 * u * u).exp() / (2.0 * std::f64::consts::PI).sqrt();
            (location + spread.scale(u)).logistic().scale(density * TRAPEZOID_STEP)
        })
        .fold(Jet::ZERO, |sum, term| sum + term)
}
