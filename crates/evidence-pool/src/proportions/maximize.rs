//! Maximum of a log likelihood of two parameters: a location, and a spread that cannot be negative.

use kmeta_numerics::search::find_minimum;

use super::jet::Jet;
use crate::PoolError;

/// Newton steps for the location at a given spread. The log likelihoods here are concave in the location, and
/// ten steps are many.
const LOCATION_STEPS: u32 = 100;

/// A location step this small relative to the location ends the inner search.
const LOCATION_TOLERANCE: f64 = 1e-12;

/// Newton steps in both parameters at the end; they square the error each time.
const POLISHING_STEPS: u32 = 20;

/// A log likelihood as a function of location and spread, with its derivatives.
pub(super) trait Likelihood {
    /// ln L at a location and a spread ≥ 0.
    fn at(&self, location: f64, spread: f64) -> Jet;

    /// Spreads to look at first: increasing, beginning with 0. The last one means "without limit".
    fn spreads(&self) -> Vec<f64>;
}

/// Where the log likelihood is highest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Maximum {
    pub(crate) location: f64,
    pub(crate) spread: f64,
    pub(crate) log_likelihood: f64,
    /// Inverse of the negative Hessian: variance of the location, covariance, variance of the spread. At spread
    /// 0 the spread is no parameter: covariance and its variance are 0.
    pub(crate) covariance: [f64; 3],
}

/// The maximum over location and spread, from a first guess of the location. The spread is searched by the
/// profile likelihood: the highest of a grid, sharpened by Brent's method between its neighbours and by Newton
/// steps in both parameters. `None` when the likelihood rises up to the end of the grid: there is no finite
/// maximum.
pub(super) fn maximum(likelihood: &impl Likelihood, guess: f64) -> Result<Option<Maximum>, PoolError> {
    let spreads = likelihood.spreads();
    let mut best = (0, f64::NEG_INFINITY, guess);
    let mut location = guess;
    for (index, &spread) in spreads.iter().enumerate() {
        let Some(found) = best_location(likelihood, location, spread) else { continue };
        location = found.0;
        if found.1.value > best.1 {
            best = (index, found.1.value, location);
        }
    }
    let (index, at_best, location) = best;
    if !at_best.is_finite() {
        return Err(lost_in_rounding());
    }
    if index + 1 == spreads.len() {
        return Ok(None);
    }
    let lower = if index == 0 { 0.0 } else { spreads[index - 1] };
    let profile = |spread: f64| {
        best_location(likelihood, location, spread).map_or(f64::INFINITY, |(_, jet)| -jet.value)
    };
    let spread = find_minimum(profile, lower, spreads[index + 1]).map_err(|_| lost_in_rounding())?;
    let found = refined(likelihood, location, spread);
    let boundary = best_location(likelihood, location, 0.0);
    Ok(match (found, boundary) {
        (Some(inside), Some((location, jet))) if ends_at_zero(&jet, inside.log_likelihood) => {
            Some(at_boundary(location, &jet))
        }
        (Some(inside), _) => Some(inside),
        (None, Some((location, jet))) => Some(at_boundary(location, &jet)),
        (None, None) => None,
    })
}

/// Counts so large, or so unequal, that no maximum can be told from its neighbours.
fn lost_in_rounding() -> PoolError {
    PoolError::NotEstimable {
        what: "the spread of proportions between studies".to_owned(),
        reason: "the numbers of patients are so large, or so unequal, that the likelihood of the counts is lost in \
                 rounding; set model = \"inverse-variance\" or measure = \"arcsine\""
            .to_owned(),
    }
}

/// Whether the maximum lies at spread 0: the likelihood falls from there, and no maximum elsewhere is higher by more
/// than rounding. A likelihood that is the same at spread and −spread has slope 0 there, and its curvature decides.
fn ends_at_zero(at_zero: &Jet, elsewhere: f64) -> bool {
    let flat = 1e-9 * at_zero.hessian[2].abs().max(1.0);
    let slope = at_zero.gradient[1];
    let rises = slope > flat || (slope.abs() <= flat && at_zero.hessian[2] > 0.0);
    !rises && elsewhere <= at_zero.value + 1e-9
}

/// The maximum next to a location and spread that are already close: for the same likelihood computed more
/// exactly.
pub(super) fn refined(likelihood: &impl Likelihood, location: f64, spread: f64) -> Option<Maximum> {
    let (mut location, mut here) = best_location(likelihood, location, spread)?;
    let mut spread = spread;
    let mut step_before = f64::INFINITY;
    for _ in 0..POLISHING_STEPS {
        let Some(inverse) = inverse_information(&here) else { break };
        let [a, b] = here.gradient;
        let step = [inverse[0] * a + inverse[1] * b, inverse[1] * a + inverse[2] * b];
        let (next_location, next_spread) = (location + step[0], spread + step[1]);
        if next_spread < 0.0 {
            break;
        }
        let next = likelihood.at(next_location, next_spread);
        let size = step[0].abs() + step[1].abs();
        // Steps that no longer shrink are rounding.
        if !next.value.is_finite() || size >= step_before {
            break;
        }
        (location, spread, here, step_before) = (next_location, next_spread, next, size);
    }
    let covariance = inverse_information(&here)?;
    Some(Maximum { location, spread, log_likelihood: here.value, covariance })
}

fn at_boundary(location: f64, here: &Jet) -> Maximum {
    Maximum {
        location,
        spread: 0.0,
        log_likelihood: here.value,
        covariance: [-1.0 / here.hessian[0], 0.0, 0.0],
    }
}

/// The location that maximizes at a given spread: Newton steps, halved until the likelihood does not fall.
pub(super) fn best_location(likelihood: &impl Likelihood, guess: f64, spread: f64) -> Option<(f64, Jet)> {
    let mut location = guess;
    let mut here = likelihood.at(location, spread);
    for _ in 0..LOCATION_STEPS {
        if !here.value.is_finite() || here.hessian[0] >= 0.0 {
            return None;
        }
        let mut step = -here.gradient[0] / here.hessian[0];
        let enough = LOCATION_TOLERANCE * location.abs().max(1.0);
        let slack = 1e-13 * here.value.abs().max(1.0);
        let mut next = likelihood.at(location + step, spread);
        while (next.value.is_nan() || next.value < here.value - slack) && step.abs() > enough {
            step *= 0.5;
            next = likelihood.at(location + step, spread);
        }
        if step.abs() <= enough {
            return Some((location, here));
        }
        location += step;
        here = next;
    }
    None
}

/// Inverse of the negative Hessian, where that is positive definite.
fn inverse_information(here: &Jet) -> Option<[f64; 3]> {
    let [a, b, c] = here.hessian.map(|part| -part);
    let determinant = a * c - b * b;
    (a > 0.0 && determinant > 0.0).then(|| [c / determinant, -b / determinant, a / determinant])
}
