//! Quantiles, modes and intervals of a posterior distribution given by its distribution function and density.

use kmeta_numerics::distributions::normal_cdf;
use kmeta_numerics::search::{find_increasing_root, find_minimum, find_root};
use kmeta_trial_data::Interval;

use super::posterior::TauPosterior;
use crate::PoolError;

/// 1/√(2π).
const INVERSE_ROOT_TWO_PI: f64 = 0.398_942_280_401_432_7;

/// Steps of the search for the shortest interval and for the mode, before they are sharpened: distributions
/// here have one or two modes.
const SHORTEST_STEPS: u32 = 8;
const MODE_STEPS: u32 = 32;

/// Rounding leaves about this error in a sum of probabilities.
const PROBABILITY_ERROR: f64 = 2e-16;

/// A density must exceed that at the end of its range by this share before it counts as higher.
const END_GAIN: f64 = 1e-9;

/// A continuous distribution.
pub(super) trait Marginal {
    /// P(X ≤ x) and the density at x.
    fn at(&self, x: f64) -> (f64, f64);
    /// The ends of the range; infinite where there is none.
    fn support(&self) -> (f64, f64);
    /// A central value and the size of a step that leads away from it.
    fn start(&self) -> (f64, f64);
}

/// A mixture of normal distributions.
pub(super) struct Mixture {
    /// Weight, mean and standard deviation of each.
    components: Vec<(f64, f64, f64)>,
    centre: f64,
    width: f64,
}

impl Mixture {
    pub(super) fn new(components: Vec<(f64, f64, f64)>) -> Self {
        let heaviest = components.iter().copied().max_by(|one, two| one.0.total_cmp(&two.0));
        let (_, centre, width) = heaviest.unwrap_or((1.0, 0.0, 1.0));
        Self { components, centre, width }
    }
}

impl Marginal for Mixture {
    fn at(&self, x: f64) -> (f64, f64) {
        let (mut probability, mut density) = (0.0, 0.0);
        for &(weight, mean, deviation) in &self.components {
            let z = (x - mean) / deviation;
            probability += weight * normal_cdf(z);
            density += weight * INVERSE_ROOT_TWO_PI / deviation * (-0.5 * z * z).exp();
        }
        (probability, density)
    }

    fn support(&self) -> (f64, f64) {
        (f64::NEG_INFINITY, f64::INFINITY)
    }

    fn start(&self) -> (f64, f64) {
        (self.centre, self.width)
    }
}

impl Marginal for TauPosterior {
    fn at(&self, x: f64) -> (f64, f64) {
        (self.cdf(x), self.density(x))
    }

    fn support(&self) -> (f64, f64) {
        (0.0, self.largest())
    }

    fn start(&self) -> (f64, f64) {
        let median = self.weighted().scan(0.0, |sum, (weight, given)| {
            *sum += weight;
            Some((*sum, given.tau))
        });
        let centre = median.into_iter().find(|(sum, _)| *sum >= 0.5).map_or(self.largest(), |(_, tau)| tau);
        (centre, 0.5 * centre)
    }
}

/// The x with P(X ≤ x) = probability. A probability of 0 or 1 gives the end of the range.
pub(super) fn quantile(marginal: &impl Marginal, probability: f64) -> Result<f64, PoolError> {
    let (centre, width) = marginal.start();
    quantile_near(marginal, probability, centre, width)
}

fn quantile_near(
    marginal: &impl Marginal,
    probability: f64,
    centre: f64,
    width: f64,
) -> Result<f64, PoolError> {
    let (first, last) = marginal.support();
    if probability <= 0.0 {
        return Ok(first);
    }
    if probability >= 1.0 {
        return Ok(last);
    }
    let (at_centre, slope) = marginal.at(centre);
    let newton = centre + (probability - at_centre) / slope;
    let side = if at_centre < probability { 1.0 } else { -1.0 };
    let (mut near, mut far, mut step) = (centre, centre, width);
    loop {
        far = (far + side * step).clamp(first, last);
        let found = marginal.at(far).0;
        if (found - probability) * side >= 0.0 || far == first || far == last {
            break;
        }
        near = far;
        step *= 2.0;
        if !step.is_finite() {
            return Err(PoolError::Computation { what: "a posterior quantile".to_owned() });
        }
    }
    let (lower, upper) = if side > 0.0 { (near, far) } else { (far, near) };
    let distance = |x: f64| {
        let (found, slope) = marginal.at(x);
        (found - probability, slope)
    };
    Ok(find_increasing_root(distance, lower, upper, newton, PROBABILITY_ERROR)?)
}

/// The interval from the (1 − level)/2 to the (1 + level)/2 quantile.
pub(super) fn central(marginal: &impl Marginal, level: f64) -> Result<Interval, PoolError> {
    Ok(Interval {
        lower: quantile(marginal, 0.5 - level / 2.0)?,
        upper: quantile(marginal, 0.5 + level / 2.0)?,
    })
}

/// The shortest interval of probability `level`. At its limits the density is equal, unless a limit is an end
/// of the range; the width as a function of the probability below is scanned first, because a density with two
/// modes has several such intervals.
pub(super) fn shortest(marginal: &impl Marginal, level: f64) -> Result<Interval, PoolError> {
    let (first, last) = marginal.support();
    let spare = 1.0 - level;
    let least = if first.is_finite() { 0.0 } else { 1e-9 * spare };
    let most = if last.is_finite() { spare } else { (1.0 - 1e-9) * spare };
    let limits = |below: f64| -> Result<(f64, f64), PoolError> {
        Ok((quantile(marginal, below)?, quantile(marginal, (below + level).min(1.0))?))
    };
    let place = |step: u32| least + (most - least) * f64::from(step) / f64::from(SHORTEST_STEPS);
    let (mut best, mut width) = (0, f64::INFINITY);
    for step in 0..=SHORTEST_STEPS {
        let (lower, upper) = limits(place(step))?;
        if upper - lower < width {
            (best, width) = (step, upper - lower);
        }
    }
    let (from, to) = (place(best.saturating_sub(1)), place((best + 1).min(SHORTEST_STEPS)));
    // The slope of the width has the sign of the lower density minus the upper one.
    let imbalance = |below: f64| match limits(below) {
        Ok((lower, upper)) => marginal.at(lower).1 - marginal.at(upper).1,
        Err(_) => f64::NAN,
    };
    let below = match (imbalance(from), imbalance(to)) {
        (at_from, _) if at_from >= 0.0 => from,
        (_, at_to) if at_to <= 0.0 => to,
        _ => find_root(imbalance, from, to, 0.0)?,
    };
    let (lower, upper) = limits(below)?;
    Ok(Interval { lower, upper })
}

/// Where the density is highest.
pub(super) fn mode(marginal: &impl Marginal, between: Interval) -> Result<f64, PoolError> {
    let (first, _) = marginal.support();
    // A density can be highest at the end of its range, which no quantile reaches.
    let lowest = if first.is_finite() { first } else { between.lower };
    let place = |step: u32| lowest + (between.upper - lowest) * f64::from(step) / f64::from(MODE_STEPS);
    let density = |x: f64| marginal.at(x).1;
    let best = (0..=MODE_STEPS)
        .max_by(|&one, &two| density(place(one)).total_cmp(&density(place(two))))
        .unwrap_or(0);
    let (from, to) = (place(best.saturating_sub(1)), place((best + 1).min(MODE_STEPS)));
    let found = find_minimum(|x| -density(x), from, to)?;
    // The search never reaches the end of its bracket exactly, and interpolation has an error.
    let at_end = lowest == first && best == 0 && density(found) <= density(first) * (1.0 + END_GAIN);
    Ok(if at_end { first } else { found })
}
