//! Maximum likelihood of a hazard ratio that varies between trials.
//!
//! Each trial has a baseline hazard of its own, so that the likelihood is a product over trials, and each factor an
//! integral over one variable: L(β, τ²) = ∏ ∫ exp(l_i(b)) φ(b; β, τ²) db with l_i the log partial likelihood. The
//! integrals are computed by adaptive Gauss-Hermite quadrature (Liu & Pierce 1994); derivatives are moments of b given
//! the data (Louis 1982).

use kmeta_numerics::quadrature::{GaussHermite, gauss_hermite};
use kmeta_numerics::search::find_root;

use super::one_stage::{TrialLikelihood, maximize};
use crate::PoolError;

/// Between-trial variances at which the profile likelihood is looked at, so that no maximum is missed: from a
/// standard deviation of 0.001 to 10, on a log hazard ratio.
const SMALLEST_VARIANCE: f64 = 1e-6;

/// Newton steps end at this size, in standard errors.
const SMALLEST_STEP: f64 = 1e-11;

/// Steps of this size that no longer shrink are rounding.
const ROUNDED_STEP: f64 = 1e-7;
const LARGEST_VARIANCE: f64 = 100.0;
const SEARCH_POINTS: u32 = 33;

/// Newton steps for β at a fixed variance, where the log likelihood is concave (a marginal of a log-concave function).
const MAX_STEPS: u32 = 100;

/// The fit.
#[derive(Debug, Clone)]
pub(super) struct RandomSlopeFit {
    pub(super) beta: f64,
    /// From the observed information of β and τ² together; of β alone where τ² is 0.
    pub(super) standard_error: f64,
    pub(super) tau_squared: f64,
    pub(super) tau_squared_standard_error: Option<f64>,
    pub(super) log_likelihood: f64,
    /// Mean and variance of each trial's log hazard ratio given the data.
    pub(super) trials: Vec<(f64, f64)>,
}

/// The log likelihood with derivatives by β and τ², and the moments of the trials.
#[derive(Debug, Clone)]
struct Marginal {
    value: f64,
    score_beta: f64,
    score_variance: f64,
    /// Negative second derivatives.
    information_beta: f64,
    information_cross: f64,
    information_variance: f64,
    trials: Vec<(f64, f64)>,
}

struct Model<'a> {
    trials: &'a [TrialLikelihood<'a>],
    rule: GaussHermite,
    fixed_beta: Option<f64>,
}

/// Fits β (unless it is fixed) and τ². The maximum is bracketed by a search over τ² of the likelihood maximized over β,
/// then located as the root of its derivative.
pub(super) fn fit_random_slope(
    trials: &[TrialLikelihood],
    nodes: u32,
    fixed_beta: Option<f64>,
) -> Result<RandomSlopeFit, PoolError> {
    let model = Model { trials, rule: gauss_hermite(nodes as usize)?, fixed_beta };
    let at_zero = model.without_variance()?;
    let mut start = at_zero.0;
    let mut grid = Vec::new();
    let ratio = (LARGEST_VARIANCE / SMALLEST_VARIANCE).ln() / f64::from(SEARCH_POINTS - 1);
    for point in 0..SEARCH_POINTS {
        let variance = SMALLEST_VARIANCE * (ratio * f64::from(point)).exp();
        let (beta, here) = model.profile(start, variance)?;
        start = beta;
        grid.push((variance, beta, here));
    }
    let best = (0..grid.len()).max_by(|&one, &two| grid[one].2.value.total_cmp(&grid[two].2.value));
    let best = best.ok_or_else(|| failed("the between-trial variance"))?;
    let rises = grid[best].2.score_variance > 0.0;
    if best + 1 == grid.len() {
        return Err(PoolError::NotEstimable {
            what: "the between-trial variance of the one-stage model".to_owned(),
            reason: "the likelihood rises without end: trials have too few events to tell how much they differ; use \
                     one-stage-common"
                .to_owned(),
        });
    }
    // A standard deviation below 0.001 is 0 to every printed digit.
    if best == 0 && !rises {
        return Ok(model.boundary(at_zero));
    }
    let ends = if rises { [best, best + 1] } else { [best - 1, best] };
    let interior = model.interior(grid[ends[0]].0, grid[ends[1]].0, grid[best].1)?;
    if interior.log_likelihood > at_zero.1 { Ok(interior) } else { Ok(model.boundary(at_zero)) }
}

fn failed(what: &str) -> PoolError {
    PoolError::Computation { what: what.to_owned() }
}

impl Model<'_> {
    /// At τ² = 0: β and the log likelihood.
    fn without_variance(&self) -> Result<(f64, f64), PoolError> {
        let at = |beta: f64| {
            self.trials.iter().map(|one| one.likelihood.at(beta)).fold((0.0, 0.0, 0.0), |sum, one| {
                (sum.0 + one.value, sum.1 + one.score, sum.2 + one.information)
            })
        };
        let beta = match self.fixed_beta {
            Some(beta) => beta,
            None => maximize(0.0, at)?.at,
        };
        Ok((beta, at(beta).0))
    }

    /// β that maximizes the likelihood at a variance, by Newton steps.
    fn profile(&self, start: f64, variance: f64) -> Result<(f64, Marginal), PoolError> {
        if let Some(beta) = self.fixed_beta {
            return Ok((beta, self.marginal(beta, variance)?));
        }
        let mut beta = start;
        let mut here = self.marginal(beta, variance)?;
        let mut last = f64::INFINITY;
        for _ in 0..MAX_STEPS {
            let step = here.score_beta / here.information_beta;
            if !step.is_finite() {
                break;
            }
            beta += step.clamp(-2.0, 2.0);
            here = self.marginal(beta, variance)?;
            let size = step.abs() * here.information_beta.sqrt();
            // With thousands of patients rounding of the score keeps steps from falling further.
            let rounding = size < ROUNDED_STEP && size >= 0.5 * last;
            if size < SMALLEST_STEP || rounding {
                return Ok((beta, here));
            }
            last = size;
        }
        Err(failed("the one-stage log hazard ratio"))
    }

    /// The maximum between two variances at which the derivative changes its sign.
    fn interior(&self, low: f64, high: f64, start: f64) -> Result<RandomSlopeFit, PoolError> {
        let slope = |log_variance: f64| {
            self.profile(start, log_variance.exp()).map_or(f64::NAN, |(_, here)| here.score_variance)
        };
        let variance = find_root(slope, low.ln(), high.ln(), 1e-12)?.exp();
        let (beta, here) = self.profile(start, variance)?;
        let determinant = here.information_beta * here.information_variance - here.information_cross.powi(2);
        let curved = determinant > 0.0 && here.information_variance > 0.0;
        let of_beta = if curved && self.fixed_beta.is_none() {
            here.information_variance / determinant
        } else {
            1.0 / here.information_beta
        };
        Ok(RandomSlopeFit {
            beta,
            standard_error: of_beta.sqrt(),
            tau_squared: variance,
            tau_squared_standard_error: curved.then(|| (here.information_beta / determinant).sqrt()),
            log_likelihood: here.value,
            trials: here.trials,
        })
    }

    /// The fit with τ² = 0: all trials share β.
    fn boundary(&self, (beta, log_likelihood): (f64, f64)) -> RandomSlopeFit {
        let information: f64 = self.trials.iter().map(|one| one.likelihood.at(beta).information).sum();
        RandomSlopeFit {
            beta,
            standard_error: information.sqrt().recip(),
            tau_squared: 0.0,
            tau_squared_standard_error: None,
            log_likelihood,
            trials: vec![(beta, 0.0); self.trials.len()],
        }
    }

    fn marginal(&self, beta: f64, variance: f64) -> Result<Marginal, PoolError> {
        let mut sum = Marginal {
            value: 0.0,
            score_beta: 0.0,
            score_variance: 0.0,
            information_beta: 0.0,
            information_cross: 0.0,
            information_variance: 0.0,
            trials: Vec::with_capacity(self.trials.len()),
        };
        for one in self.trials {
            let moments = self.moments(one, beta, variance)?;
            let [first, second, third, fourth] = moments.powers;
            let v = variance;
            sum.value += moments.log_integral;
            sum.score_beta += first / v;
            sum.score_variance += 0.5 * (second / v - 1.0) / v;
            sum.information_beta += (1.0 - (second - first * first) / v) / v;
            sum.information_cross += first / (v * v) - (third - first * second) / (2.0 * v * v * v);
            sum.information_variance +=
                -0.5 / (v * v) + second / v.powi(3) - (fourth - second * second) / (4.0 * v.powi(4));
            sum.trials.push((beta + first, second - first * first));
        }
        if sum.value.is_finite() { Ok(sum) } else { Err(failed("the marginal likelihood of a trial")) }
    }

    /// ln ∫ exp(l(b)) φ(b; β, τ²) db, and the mean of (b − β)^j, j = 1 to 4, given the data.
    fn moments(&self, one: &TrialLikelihood, beta: f64, variance: f64) -> Result<Moments, PoolError> {
        let exponent = |b: f64| {
            let here = one.likelihood.at(b);
            let distance = b - beta;
            (
                here.value - distance * distance / (2.0 * variance),
                here.score - distance / variance,
                here.information + 1.0 / variance,
            )
        };
        let value = |b: f64| one.likelihood.value_at(b) - (b - beta) * (b - beta) / (2.0 * variance);
        let mode = maximize(beta, exponent)?;
        let width = (2.0 / mode.information).sqrt();
        let mut total = 0.0;
        let mut powers = [0.0; 4];
        for (node, weight) in self.rule.nodes.iter().zip(&self.rule.scaled_weights) {
            let b = mode.at + width * node;
            let density = weight * (value(b) - mode.value).exp();
            total += density;
            let mut power = density;
            for sum in &mut powers {
                power *= b - beta;
                *sum += power;
            }
        }
        powers.iter_mut().for_each(|sum| *sum /= total);
        let constant = -0.5 * (2.0 * std::f64::consts::PI * variance).ln();
        Ok(Moments { log_integral: mode.value + (total * width).ln() + constant, powers })
    }
}

struct Moments {
    log_integral: f64,
    powers: [f64; 4],
}
