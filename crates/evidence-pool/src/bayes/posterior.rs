//! The posterior distribution of τ, by adaptive interpolation, and with it every other as a mixture.
//!
//! The integration variable is u with τ = s sinh u, s the smallest scale of the problem: linear in τ near 0 and
//! logarithmic beyond, so that densities with polynomial tails fall exponentially in u.

use kmeta_numerics::piecewise::Piecewise;
use kmeta_numerics::search::find_minimum;

use super::model::{GivenTau, Model};
use super::options::TauPrior;
use crate::PoolError;

/// The density in u is followed down to exp(−45), about 3e-20, of its maximum.
const DEPTH: f64 = 45.0;

/// Step of the first search for the maximum.
const SCAN_STEP: f64 = 0.25;

/// Beyond this u squares would overflow.
const LARGEST_U: f64 = 300.0;

/// A component of a mixture that weighs less adds nothing to a probability.
const NEGLIGIBLE_WEIGHT: f64 = 1e-20;

/// The posterior density of τ, in the units of the model.
pub(super) struct TauPosterior {
    /// The scale s.
    scale: f64,
    end: f64,
    /// Density of u relative to its maximum; the same times (E μ − E₀μ)/sd₀ and ln(sd/sd₀), which only steer
    /// the adaptation.
    density: Piecewise<3, GivenTau>,
    mass: f64,
    /// Logarithm of the maximum of likelihood × prior × du.
    log_maximum: f64,
    tail_power: Option<f64>,
}

/// Where the density of u ends, and where it is highest.
struct Range {
    end: f64,
    peak: f64,
}

impl TauPosterior {
    pub(super) fn new(model: &Model, tolerance: f64) -> Result<Self, PoolError> {
        let scale = model.smallest_error().min(model.tau_prior.scale().unwrap_or(f64::INFINITY));
        let log_density = |u: f64| {
            let given = model.given(scale * u.sinh());
            (given.log_likelihood + model.tau_prior.log_density(given.tau) + (scale * u.cosh()).ln(), given)
        };
        let range = range(model, scale, |u| log_density(u).0)?;
        let mut breaks: Vec<f64> = (0..).map(f64::from).take_while(|&u| u < range.end).collect();
        breaks.extend([range.peak, range.end]);
        breaks.sort_by(f64::total_cmp);
        breaks.dedup_by(|later, earlier| *later - *earlier < 1e-9);
        let (log_maximum, peak) = log_density(range.peak);
        let density = Piecewise::new(&breaks, tolerance, |u| {
            let (logarithm, given) = log_density(u);
            let density = (logarithm - log_maximum).exp();
            let shift = (given.mean - peak.mean) / peak.deviation;
            let widening = (given.deviation / peak.deviation).ln();
            // 0 × infinity would not be a number where the density has vanished.
            let steer = |part: f64| if density > 0.0 { density * part } else { 0.0 };
            ([density, steer(shift), steer(widening)], given)
        })
        .map_err(|_| too_extreme())?;
        let mass = density.integral();
        if !(mass.is_finite() && mass > 0.0) {
            return Err(too_extreme());
        }
        let tail_power = model.tail_power();
        Ok(Self { scale, end: range.end, density, mass, log_maximum, tail_power })
    }

    /// P(τ ≤ tau).
    pub(super) fn cdf(&self, tau: f64) -> f64 {
        (self.density.integral_to((tau / self.scale).asinh()) / self.mass).clamp(0.0, 1.0)
    }

    /// The density of τ.
    pub(super) fn density(&self, tau: f64) -> f64 {
        let ratio = tau / self.scale;
        let [density, ..] = self.density.value(ratio.asinh());
        density.max(0.0) / (self.mass * self.scale * ratio.hypot(1.0))
    }

    /// The largest τ that counts.
    pub(super) fn largest(&self) -> f64 {
        self.scale * self.end.sinh()
    }

    /// ln ∫ p(y | τ) p(τ) dτ, in the units of the model.
    pub(super) fn log_evidence(&self) -> f64 {
        self.log_maximum + self.mass.ln()
    }

    /// Number of nodes, and the bound of the error of any probability.
    pub(super) fn quadrature(&self) -> (u32, f64) {
        (self.density.nodes().count() as u32, self.density.error() / self.mass)
    }

    /// The values of τ with their posterior weights, which sum to 1.
    pub(super) fn weighted(&self) -> impl Iterator<Item = (f64, &GivenTau)> {
        self.density.nodes().map(|node| (node.weight * node.values[0] / self.mass, node.carried))
    }

    /// The same without the values whose weight is negligible.
    pub(super) fn components(&self) -> Vec<(f64, GivenTau)> {
        self.weighted()
            .filter(|(weight, _)| *weight > NEGLIGIBLE_WEIGHT)
            .map(|(w, given)| (w, *given))
            .collect()
    }

    /// Whether τ^power has a finite expectation.
    pub(super) fn has_moment(&self, power: f64) -> bool {
        self.tail_power.is_none_or(|tail| tail - 1.0 > power)
    }

    /// The expectation of a function of the model given τ that grows no faster than τ^power; `None` where it is
    /// infinite. Beyond the last node the integrand is taken as the power of τ that it tends to.
    pub(super) fn expectation(&self, power: f64, function: impl Fn(&GivenTau) -> f64) -> Option<f64> {
        if !self.has_moment(power) {
            return None;
        }
        let inside: f64 = self.weighted().map(|(weight, given)| weight * function(given)).sum();
        let beyond = match (self.tail_power, self.density.nodes().last()) {
            (Some(tail), Some(node)) => {
                let [at_end, ..] = self.density.value(self.end);
                let ratio = (self.largest() / node.carried.tau).powf(power);
                function(node.carried) * ratio * at_end.max(0.0) / self.mass / (tail - 1.0 - power)
            }
            _ => 0.0,
        };
        Some(inside + beyond).filter(|value| value.is_finite())
    }
}

/// Steps outwards until the density has vanished for good, then sharpens the highest step.
fn range(model: &Model, scale: f64, log_density: impl Fn(f64) -> f64) -> Result<Range, PoolError> {
    let bound = match model.tau_prior {
        TauPrior::Uniform { upper } => (upper / scale).asinh(),
        _ => LARGEST_U,
    };
    let settled = (10.0 * model.largest_scale() / scale).asinh();
    let (mut best, mut highest, mut end) = (0.0, log_density(0.0), bound);
    for step in 1.. {
        let u = f64::from(step) * SCAN_STEP;
        if u >= bound {
            if bound >= LARGEST_U {
                return Err(too_extreme());
            }
            break;
        }
        let here = log_density(u);
        if here > highest {
            (best, highest) = (u, here);
        }
        if (u >= settled && here < highest - DEPTH) || here == f64::NEG_INFINITY {
            end = u;
            break;
        }
    }
    let (lower, upper) = ((best - SCAN_STEP).max(0.0), (best + SCAN_STEP).min(end));
    let peak = find_minimum(|u| -log_density(u), lower, upper)?;
    Ok(Range { end, peak })
}

fn too_extreme() -> PoolError {
    PoolError::NotEstimable {
        what: "the posterior distribution of tau".to_owned(),
        reason: "effects, their distances from 0, variances or priors differ by too many orders of magnitude for double \
                 precision; leave out the study that stands apart, or suit the priors to the unit of the effects"
            .to_owned(),
    }
}
