//! Beta-binomial model of counts, by maximum likelihood.
//!
//! x_i ~ Binomial(n_i, p_i), p_i ~ Beta(α, β) with mean μ = α/(α + β) and intra-class correlation
//! ρ = 1/(α + β + 1). The probability of x events is
//!
//! C(n, x) · Π_{r<x} [μ(1−ρ) + rρ] · Π_{r<n−x} [(1−μ)(1−ρ) + rρ] / Π_{r<n} [1 − ρ + rρ]
//!
//! (Griffiths 1973, with θ = ρ/(1 − ρ)), which holds down to ρ = 0, the binomial distribution.

use kmeta_numerics::distributions::ln_binomial_coefficient;

use super::jet::{Jet, logistic};
use super::maximize::{Likelihood, Maximum, maximum};
use super::random_intercept::Count;
use crate::PoolError;

/// Intra-class correlations that the first search looks at: 4^j millionths.
const SMALLEST_CORRELATION: f64 = 1e-6;
const CORRELATION_FACTOR: f64 = 4.0;

/// A correlation above this means that a study has no or only events: no finite estimate.
const LARGEST_CORRELATION: f64 = 0.999;

/// Fits logit μ (the location) and ρ (the spread). `None` when the likelihood has its maximum at ρ = 1.
pub(super) fn fit_beta_binomial(counts: &[Count]) -> Result<Option<Maximum>, PoolError> {
    let likelihood = Products::new(counts);
    let (events, total) = counts.iter().fold((0.0, 0.0), |(x, n), count| (x + count.events, n + count.total));
    maximum(&likelihood, (events / (total - events)).ln())
}

/// The three products of all studies together. Studies of like size share their factors, so that the work follows
/// the largest study rather than the number of studies.
struct Products {
    events: Vec<Factors>,
    others: Vec<Factors>,
    totals: Vec<Factors>,
    constant: f64,
}

/// Factors r = `from`, …, `to` − 1, each of which `studies` studies have.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Factors {
    from: u32,
    to: u32,
    studies: f64,
}

impl Products {
    fn new(counts: &[Count]) -> Self {
        Self {
            events: factors(counts.iter().map(|count| count.events)),
            others: factors(counts.iter().map(|count| count.total - count.events)),
            totals: factors(counts.iter().map(|count| count.total)),
            constant: counts.iter().map(|count| ln_binomial_coefficient(count.total, count.events)).sum(),
        }
    }
}

/// How many studies have each factor.
fn factors(sizes: impl Iterator<Item = f64>) -> Vec<Factors> {
    let mut sizes: Vec<u32> = sizes.map(|size| size as u32).collect();
    sizes.sort_unstable();
    let mut from = 0;
    let mut found = Vec::new();
    for (index, &to) in sizes.iter().enumerate() {
        if to > from {
            found.push(Factors { from, to, studies: (sizes.len() - index) as f64 });
            from = to;
        }
    }
    found
}

/// Σ ln(share · (1 − ρ) + rρ) over the factors, with derivatives with respect to share and ρ.
fn log_product(product: &[Factors], share: f64, correlation: f64) -> Jet {
    let mut sum = Jet::ZERO;
    for part in product {
        for r in part.from..part.to {
            let r = f64::from(r);
            let factor = share * (1.0 - correlation) + r * correlation;
            let (by_share, by_correlation) = ((1.0 - correlation) / factor, (r - share) / factor);
            sum.value += part.studies * factor.ln();
            sum.gradient[0] += part.studies * by_share;
            sum.gradient[1] += part.studies * by_correlation;
            sum.hessian[0] -= part.studies * by_share * by_share;
            sum.hessian[1] -= part.studies * (1.0 / factor + by_share * by_correlation);
            sum.hessian[2] -= part.studies * by_correlation * by_correlation;
        }
    }
    sum
}

impl Likelihood for Products {
    fn at(&self, location: f64, spread: f64) -> Jet {
        let (mean, other) = (logistic(location), logistic(-location));
        let events = log_product(&self.events, mean, spread);
        // With respect to the mean, the share of the others has derivative −1.
        let others = log_product(&self.others, other, spread);
        let others = Jet {
            gradient: [-others.gradient[0], others.gradient[1]],
            hessian: [others.hessian[0], -others.hessian[1], others.hessian[2]],
            ..others
        };
        // The share of the total is 1 whatever the mean.
        let totals = log_product(&self.totals, 1.0, spread);
        let totals =
            Jet { gradient: [0.0, totals.gradient[1]], hessian: [0.0, 0.0, totals.hessian[2]], ..totals };
        let in_mean = (events + others - totals).plus(self.constant);
        in_logit(&in_mean, mean * other, mean * other * (other - mean))
    }

    fn spreads(&self) -> Vec<f64> {
        let growing =
            std::iter::successors(Some(SMALLEST_CORRELATION), |spread| Some(spread * CORRELATION_FACTOR));
        let growing = growing.take_while(|&spread| spread < LARGEST_CORRELATION);
        std::iter::once(0.0).chain(growing).chain([LARGEST_CORRELATION]).collect()
    }
}

/// From derivatives with respect to the mean to those with respect to its logit, given the mean's derivatives.
fn in_logit(in_mean: &Jet, slope: f64, curvature: f64) -> Jet {
    let [mean, spread] = in_mean.gradient;
    let [mean_mean, mean_spread, spread_spread] = in_mean.hessian;
    Jet {
        value: in_mean.value,
        gradient: [mean * slope, spread],
        hessian: [mean_mean * slope * slope + mean * curvature, mean_spread * slope, spread_spread],
    }
}
