//! Distributions of the frailty of a trial and what they make of its events and its cumulative hazard.

use kmeta_numerics::quadrature::GaussHermite;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Distribution of the frailty u, the factor by which a trial multiplies the baseline hazard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FrailtyDistribution {
    /// Gamma with mean 1 and variance theta (Clayton 1978).
    #[default]
    Gamma,
    /// log u is normal with mean 0 and variance theta (McGilchrist & Aisbett 1991): the median of u is 1.
    LogNormal,
}

/// G(H) = log E[u^d e^(−uH)] of a trial with d events, and its derivatives in H and in the parameter ρ: θ for gamma,
/// √θ for log-normal frailties.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrialTerm {
    pub(super) value: f64,
    /// −∂G/∂H: the posterior mean of u.
    pub(super) frailty: f64,
    /// ∂²G/∂H²: the posterior variance of u.
    pub(super) frailty_variance: f64,
    pub(super) parameter: f64,
    pub(super) parameter_twice: f64,
    pub(super) mixed: f64,
}

/// A frailty distribution with its quadrature rule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frailty<'a> {
    pub(super) distribution: FrailtyDistribution,
    pub(super) rule: &'a GaussHermite,
}

impl Frailty<'_> {
    pub(super) fn term(&self, events: f64, hazard: f64, parameter: f64) -> TrialTerm {
        if parameter == 0.0 {
            // u = 1 for certain; derivatives in ρ are asked elsewhere.
            return TrialTerm {
                value: -hazard,
                frailty: 1.0,
                frailty_variance: 0.0,
                parameter: 0.0,
                parameter_twice: 0.0,
                mixed: 0.0,
            };
        }
        match self.distribution {
            FrailtyDistribution::Gamma => gamma(events, hazard, parameter),
            FrailtyDistribution::LogNormal => log_normal(self.rule, events, hazard, parameter),
        }
    }

    /// Mean survival E[e^(−uH)] with its derivatives in H and ρ.
    pub(super) fn average_survival(&self, hazard: f64, parameter: f64) -> [f64; 3] {
        if parameter == 0.0 {
            let survival = (-hazard).exp();
            return [survival, -survival, 0.0];
        }
        // No events and cumulative hazard H: exactly e^G with its derivatives.
        let term = self.term(0.0, hazard, parameter);
        let survival = term.value.exp();
        [survival, -survival * term.frailty, survival * term.parameter]
    }
}

/// Σ_{m<d} log(1 + mθ) − d log(1 + θH) − log(1 + θH)/θ, which keeps its digits as θ falls to 0.
fn gamma(events: f64, hazard: f64, theta: f64) -> TrialTerm {
    let (mut value, mut slope, mut curvature) = (0.0, 0.0, 0.0);
    for index in 0..events as u64 {
        let m = index as f64;
        let share = m / (1.0 + m * theta);
        value += (m * theta).ln_1p();
        slope += share;
        curvature -= share * share;
    }
    let growth = 1.0 + theta * hazard;
    let logarithm = (theta * hazard).ln_1p();
    let share = hazard / growth;
    let own = [
        logarithm / theta,
        (share - logarithm / theta) / theta,
        (2.0 * (logarithm / theta - share) / theta - share * share) / theta,
    ];
    TrialTerm {
        value: value - events * logarithm - own[0],
        frailty: (1.0 + events * theta) / growth,
        frailty_variance: theta * (1.0 + events * theta) / (growth * growth),
        parameter: slope - events * share - own[1],
        parameter_twice: curvature + events * share * share - own[2],
        mixed: (hazard - events) / (growth * growth),
    }
}

/// Adaptive Gauss-Hermite quadrature over z, u = e^(ρz); derivatives as moments of the posterior (Louis 1982).
fn log_normal(rule: &GaussHermite, events: f64, hazard: f64, rho: f64) -> TrialTerm {
    let (mode, spread) = log_normal_mode(events, hazard, rho);
    let points: Vec<(f64, f64)> = rule
        .nodes
        .iter()
        .zip(&rule.scaled_weights)
        .map(|(node, weight)| {
            let z = mode + std::f64::consts::SQRT_2 * spread * node;
            (z, weight.ln() + events * rho * z - hazard * (rho * z).exp() - 0.5 * z * z)
        })
        .collect();
    let largest = points.iter().map(|point| point.1).fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = points.iter().map(|point| (point.1 - largest).exp()).sum();
    let mean = |what: &dyn Fn(f64) -> f64| -> f64 {
        points
            .iter()
            .map(|&(z, log_term)| ((log_term - largest).exp() / total, z))
            .filter(|(share, _)| *share > 0.0)
            .map(|(share, z)| share * what(z))
            .sum()
    };
    let factor = |z: f64| (rho * z).exp();
    let score = |z: f64| z * (events - hazard * factor(z));
    let frailty = mean(&factor);
    let parameter = mean(&score);
    TrialTerm {
        value: largest + total.ln() + spread.ln() - 0.5 * std::f64::consts::PI.ln(),
        frailty,
        frailty_variance: mean(&|z| (factor(z) - frailty).powi(2)),
        parameter,
        parameter_twice: mean(&|z| (score(z) - parameter).powi(2) - z * z * hazard * factor(z)),
        mixed: -mean(&|z| z * factor(z) + (factor(z) - frailty) * (score(z) - parameter)),
    }
}

/// Where dρz − He^(ρz) − z²/2 is largest, and 1/√(its curvature there); concave, so that Newton's steps arrive once they
/// are kept short where the exponential rules.
fn log_normal_mode(events: f64, hazard: f64, rho: f64) -> (f64, f64) {
    let mut z = 0.0_f64;
    for _ in 0..200 {
        let load = hazard * (rho * z).exp();
        let step = (rho * (events - load) - z) / (1.0 + rho * rho * load);
        let step = step.clamp(-2.0, 1.0 / rho.max(0.5));
        z += step;
        if step.abs() < 1e-12 * (1.0 + z.abs()) {
            break;
        }
    }
    (z, (1.0 + rho * rho * hazard * (rho * z).exp()).sqrt().recip())
}
