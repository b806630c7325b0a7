//! Beta-binomial model of counts, by maximum likelihood.
//!
//! x_i ~ Binomial(n_i, p_i), p_i ~ Beta(α, β) with mean μ = α/(α + β) and intra-class correlation
//! ρ = 1/(α + β + 1). The probability of x events is
//!
//! C(n, x) · Π_{r<x} [μ(1−ρ) + rρ] · Π_{r<n−x} [(1−μ)(1−ρ) + rρ] / Π_{r<n} [1 − ρ + rρ]
//!
//! (Griffiths 1973, with θ = ρ/(1 − ρ)), which holds down to ρ = 0, the binomial distribution.

use kmeta_numerics::distributions::ln_binomial_coefficient;
use kmeta_numerics::quadrature::{GaussLegendre, gauss_legendre};

use super::jet::{Jet, logistic};
use super::maximize::{Likelihood, Maximum, maximum};
use super::random_intercept::Count;
use crate::PoolError;

/// Intra-class correlations that the first search looks at: 4^j millionths.
const SMALLEST_CORRELATION: f64 = 1e-6;
const CORRELATION_FACTOR: f64 = 4.0;

/// A correlation above this means that a study has no or only events: no finite estimate.
const LARGEST_CORRELATION: f64 = 0.999;

/// Factors below this are multiplied one by one.
const SHORT: u32 = 1024;

/// Nodes per doubling of the range of an integral: the nearest singularity is half an octave away, so that the rule errs
/// by less than 6^(−30).
const NODES: usize = 16;

/// Fits logit μ (the location) and ρ (the spread). `None` when the likelihood has its maximum at ρ = 1.
pub(super) fn fit_beta_binomial(counts: &[Count]) -> Result<Option<Maximum>, PoolError> {
    let likelihood = Products::new(counts)?;
    let (events, total) = counts.iter().fold((0.0, 0.0), |(x, n), count| (x + count.events, n + count.total));
    maximum(&likelihood, (events / (total - events)).ln())
}

/// The three products of all studies together. Studies of like size share their factors, and long products are
/// integrals, so that the work follows neither the number of studies nor their patients.
struct Products {
    rule: GaussLegendre,
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
    fn new(counts: &[Count]) -> Result<Self, PoolError> {
        Ok(Self {
            rule: gauss_legendre(NODES)?,
            events: factors(counts.iter().map(|count| count.events)),
            others: factors(counts.iter().map(|count| count.total - count.events)),
            totals: factors(counts.iter().map(|count| count.total)),
            constant: counts.iter().map(|count| ln_binomial_coefficient(count.total, count.events)).sum(),
        })
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

/// ln(share · (1 − ρ) + rρ), with derivatives with respect to share and ρ.
fn log_factor(r: f64, share: f64, correlation: f64) -> Jet {
    let factor = share * (1.0 - correlation) + r * correlation;
    let (by_share, by_correlation) = ((1.0 - correlation) / factor, (r - share) / factor);
    Jet {
        value: factor.ln(),
        gradient: [by_share, by_correlation],
        hessian: [
            -by_share * by_share,
            -1.0 / factor - by_share * by_correlation,
            -by_correlation * by_correlation,
        ],
    }
}

impl Products {
    /// The sum of [`log_factor`] over the factors of a product.
    fn log_product(&self, product: &[Factors], share: f64, correlation: f64) -> Jet {
        let log_factor = |r: f64| log_factor(r, share, correlation);
        let mut sum = Jet::ZERO;
        for part in product {
            let long = part.from.max(SHORT);
            for r in part.from..part.to.min(long) {
                sum = sum + log_factor(f64::from(r)).scale(part.studies);
            }
            if part.to > long {
                sum =
                    sum + self.long_sum(f64::from(long), f64::from(part.to), log_factor).scale(part.studies);
            }
        }
        sum
    }

    /// The sum of f(r) over r = from, …, to − 1 by the midpoint form of Euler and Maclaurin: the integral of f from from
    /// − ½ to to − ½, less 1/24 of what its slope gains between them, with differences for slopes. What is left out is
    /// of the order of the third derivative, 1e-11 from 1024 on.
    fn long_sum(&self, from: f64, to: f64, f: impl Fn(f64) -> Jet) -> Jet {
        let slope = |r: f64| f(r) - f(r - 1.0);
        let mut sum = (slope(from) - slope(to)).scale(1.0 / 24.0);
        let (mut low, end) = (from - 0.5, to - 0.5);
        while low < end {
            let high = (2.0 * low).min(end);
            let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
            for (node, weight) in self.rule.nodes.iter().zip(&self.rule.weights) {
                sum = sum + f(middle + half * node).scale(half * weight);
            }
            low = high;
        }
        sum
    }
}

impl Likelihood for Products {
    fn at(&self, location: f64, spread: f64) -> Jet {
        let (mean, other) = (logistic(location), logistic(-location));
        let events = self.log_product(&self.events, mean, spread);
        // With respect to the mean, the share of the others has derivative −1.
        let others = self.log_product(&self.others, other, spread);
        let others = Jet {
            gradient: [-others.gradient[0], others.gradient[1]],
            hessian: [others.hessian[0], -others.hessian[1], others.hessian[2]],
            ..others
        };
        // The share of the total is 1 whatever the mean.
        let totals = self.log_product(&self.totals, 1.0, spread);
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

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// Long products as integrals against every factor one by one.
    #[test]
    fn long_products_are_those_of_their_factors() {
        let products = Products::new(&[Count { events: 1.0, total: 2.0 }]).unwrap();
        for (share, correlation) in [(0.3, 0.0), (0.999, 1e-9), (1e-6, 1e-6), (0.5, 0.01), (0.2, 0.9)] {
            for (from, to) in [(0, 300_000), (5_000, 5_001), (4_000, 4_200), (70_000, 1_000_000)] {
                let mut expected = Jet::ZERO;
                for r in from..to {
                    expected = expected + log_factor(f64::from(r), share, correlation);
                }
                let part = Factors { from, to, studies: 1.0 };
                let found = products.log_product(&[part], share, correlation);
                let close = |one: f64, other: f64| {
                    assert_relative_eq!(one, other, max_relative = 1e-10, epsilon = 1e-9);
                };
                close(found.value, expected.value);
                (0..2).for_each(|index| close(found.gradient[index], expected.gradient[index]));
                (0..3).for_each(|index| close(found.hessian[index], expected.hessian[index]));
            }
        }
    }
}
