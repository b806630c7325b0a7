//! The random-effects mean of log cumulative hazards over time, with the covariance of its values.
//!
//! Model: y_i(t) = β(t) + τ(t) z_i + e_i(t) for trial i while it is observed, from its first event on, with z_i
//! standard normal and Cov(e_i(s), e_i(t)) = σ²_i(min(s, t)) / (h_i(s) h_i(t)), σ²_i Greenwood's sum and
//! h_i = √(H_i H̄), H̄ being the common hazard: a trial that has few events by chance has at the same time a small
//! H_i and a large variance σ²_i/H_i² of log H_i, so that weights from its own events alone would favour large
//! hazards. σ²_i/(H_i H̄) is the variance with as many patients at the common hazard.

use kmeta_trial_data::TauSquaredEstimator;

use super::trial_path::{PathPoint, TrialPath};
use crate::PoolError;
use crate::model::Effects;
use crate::tau_squared::estimate_tau_squared;

/// Steps from the hazard of all patients together to the mean's own. It only sets weights, so that a few suffice.
const COMMON_HAZARD_STEPS: usize = 4;

/// With more changes of the paths than this, the mean is taken at this many of them, evenly by rank.
const MOST_TIMES: usize = 400;

/// τ² is estimated while at least this many trials (or all, if there are fewer) are observed and carried on after.
const ENOUGH_TRIALS: usize = 3;

/// A trial's share in the mean at one time.
#[derive(Debug, Clone, Copy)]
struct Share {
    /// Index of the trial.
    trial: usize,
    /// Its weight a_i, a fraction.
    weight: f64,
    /// Slope b_i on the residual at the knot; 0 without knot.
    slope: f64,
    /// h_i(t).
    scale: f64,
    /// σ²_i(t).
    variance: f64,
    /// y_i(t) with half its variance added.
    value: f64,
}

/// The mean at one time.
#[derive(Debug, Clone)]
pub(super) struct MeanPoint {
    pub(super) time: f64,
    /// Σ a_i y_i with what is known of ended trials taken into account.
    centre: f64,
    /// β(t): the centre less half of its sampling variance. Log H is too small by half its variance on average, which
    /// every y_i makes up for; with this one trial is itself, and trials without differences between them give
    /// the hazard of all their patients together.
    pub(super) value: f64,
    /// τ²(t).
    pub(super) tau_squared: f64,
    /// Hartung & Knapp's factor of the variance.
    pub(super) factor: f64,
    /// The point at which the trials were last complete before one of them ended.
    knot: Option<usize>,
    shares: Vec<Share>,
}

impl MeanPoint {
    /// Trials that contribute.
    pub(super) fn trials(&self) -> usize {
        self.shares.len()
    }

    /// Indices of the trials that contribute.
    pub(super) fn contributing(&self) -> impl Iterator<Item = usize> + '_ {
        self.shares.iter().map(|share| share.trial)
    }

    /// exp of the centre less what half the sampling variances, added to every y_i, leave in their mean.
    fn common_hazard(&self) -> f64 {
        let sampling = |share: &Share| (share.weight / share.scale).powi(2) * share.variance;
        (self.centre - 0.5 * self.shares.iter().map(sampling).sum::<f64>()).exp()
    }

    fn share(&self, trial: usize) -> Option<&Share> {
        self.shares.binary_search_by_key(&trial, |share| share.trial).ok().map(|at| &self.shares[at])
    }

    /// Σ a_i b_i over trials with a residual at the knot.
    fn carried(&self) -> f64 {
        self.shares.iter().map(|share| share.weight * share.slope).sum()
    }
}

/// The mean at every time at which a trial has an event or ends.
#[derive(Debug, Clone)]
pub(super) struct MeanPath {
    pub(super) points: Vec<MeanPoint>,
    trials: usize,
}

/// Which between-trial variance the mean is taken with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Between {
    /// Common effect, τ² = 0.
    None,
    /// Estimated at each time.
    Estimated(TauSquaredEstimator),
}

impl MeanPath {
    pub(super) fn new(paths: &[TrialPath], between: Between) -> Result<Self, PoolError> {
        let mut mean = Self { points: Vec::new(), trials: paths.len() };
        let enough = ENOUGH_TRIALS.min(paths.iter().filter(|path| path.has_events()).count());
        let mut last: Vec<(usize, PathPoint)> = Vec::new();
        let mut knot = None;
        for time in grid(paths) {
            let observed: Vec<(usize, PathPoint)> = paths
                .iter()
                .enumerate()
                .filter_map(|(trial, path)| path.at(time).map(|point| (trial, point)))
                .collect();
            if observed.is_empty() {
                continue;
            }
            if last.iter().any(|(trial, _)| !paths[*trial].is_observed(time)) {
                knot = mean.points.len().checked_sub(1);
            }
            let point = mean.point(time, &observed, knot, between, enough)?;
            mean.points.push(point);
            last = observed;
        }
        for index in 0..mean.points.len() {
            let (_, sampling) = mean.variance_parts(&[(index, 1.0)]);
            mean.points[index].value -= 0.5 * sampling;
        }
        Ok(mean)
    }

    /// The mean at one time. The common hazard H̄ that its variances rest on starts as that of all patients together
    /// and is then the mean's own, which does not jump when a trial ends.
    fn point(
        &self,
        time: f64,
        observed: &[(usize, PathPoint)],
        knot: Option<usize>,
        between: Between,
        enough: usize,
    ) -> Result<MeanPoint, PoolError> {
        let mut common = crude_hazard(observed);
        for _ in 0..COMMON_HAZARD_STEPS {
            let point = self.point_given(common, time, observed, knot, between, enough)?;
            common = point.common_hazard();
        }
        self.point_given(common, time, observed, knot, between, enough)
    }

    /// The centre at one time: Σ a_i (y_i(t) − b_i r_i). Trials that ended took their random effects with them, so
    /// that those of the remaining trials no longer have mean 0. What is known of them is their residual r_i at
    /// the knot c; b_i = Cov(y_i(t), y_i(c)) / Var(y_i(c)) takes it off.
    fn point_given(
        &self,
        common: f64,
        time: f64,
        observed: &[(usize, PathPoint)],
        knot: Option<usize>,
        between: Between,
        enough: usize,
    ) -> Result<MeanPoint, PoolError> {
        let mut effects = Effects {
            values: observed.iter().map(|(_, point)| point.hazard.ln()).collect(),
            variances: observed.iter().map(|(_, point)| point.variance / (point.hazard * common)).collect(),
        };
        for (value, variance) in effects.values.iter_mut().zip(&effects.variances) {
            *value += 0.5 * variance;
        }
        let (tau_squared, factor) = self.between(&effects, between, enough)?;
        let weighted = effects.weighted(tau_squared);
        let at_knot = knot.map(|index| &self.points[index]);
        let mut centre = 0.0;
        let mut shares = Vec::with_capacity(observed.len());
        for ((trial, point), (weight, y)) in
            observed.iter().zip(weighted.shares().into_iter().zip(&effects.values))
        {
            let scale = (point.hazard * common).sqrt();
            let (slope, residual) = at_knot.map_or((0.0, 0.0), |before| {
                before.share(*trial).map_or((0.0, 0.0), |share| {
                    let covariance =
                        (tau_squared * before.tau_squared).sqrt() + share.variance / (scale * share.scale);
                    let variance = before.tau_squared + share.variance / share.scale.powi(2);
                    (covariance / variance, share.value - before.centre)
                })
            });
            centre += weight * (y - slope * residual);
            shares.push(Share { trial: *trial, weight, slope, scale, variance: point.variance, value: *y });
        }
        Ok(MeanPoint { time, centre, value: centre, tau_squared, factor, knot, shares })
    }

    /// τ² and Hartung & Knapp's factor, those of the time before while too few trials are observed.
    fn between(&self, effects: &Effects, between: Between, enough: usize) -> Result<(f64, f64), PoolError> {
        let Between::Estimated(estimator) = between else { return Ok((0.0, 1.0)) };
        if effects.len() < enough.max(2) {
            return Ok(self.points.last().map_or((0.0, 1.0), |point| (point.tau_squared, point.factor)));
        }
        let tau_squared = estimate_tau_squared(effects, estimator, 0.0)?;
        let squares = effects.weighted(tau_squared).squares;
        Ok((tau_squared, squares / (effects.len() - 1) as f64))
    }

    /// The last point at or before a time.
    pub(super) fn at(&self, time: f64) -> Option<usize> {
        self.points.partition_point(|point| point.time <= time).checked_sub(1)
    }

    /// The variance of β(t) at one point.
    pub(super) fn variance(&self, point: usize) -> f64 {
        self.variance_of_sum(&[(point, 1.0)])
    }

    /// The variance of Σ c_g β(t_g), given as (point, coefficient) with ascending points.
    ///
    /// The error of β is linear in the trials' z_i and e_i; coefficients are followed from the last time back
    /// through the knots to each trial's z_i and to the increments of its Greenwood sum, which are independent.
    pub(super) fn variance_of_sum(&self, coefficients: &[(usize, f64)]) -> f64 {
        let (between, sampling) = self.variance_parts(coefficients);
        between + sampling
    }

    /// The variance from the trials' z_i and that from their e_i.
    fn variance_parts(&self, coefficients: &[(usize, f64)]) -> (f64, f64) {
        let Some(&(last, _)) = coefficients.last() else { return (0.0, 0.0) };
        let mut of_mean = vec![0.0; last + 1];
        for &(point, coefficient) in coefficients {
            of_mean[point] += coefficient;
        }
        let mut of_effect = vec![0.0; self.trials];
        // Per trial: (σ² at a time, coefficient of the error there).
        let mut of_error: Vec<Vec<(f64, f64)>> = vec![Vec::new(); self.trials];
        for index in (0..=last).rev() {
            let coefficient = of_mean[index];
            if coefficient == 0.0 {
                continue;
            }
            let point = &self.points[index];
            let before = point.knot.map(|knot| &self.points[knot]);
            for share in &point.shares {
                let own = coefficient * share.weight;
                of_effect[share.trial] += own * point.tau_squared.sqrt();
                of_error[share.trial].push((share.variance, own / share.scale));
                if let Some((before, known)) =
                    before.and_then(|before| Some((before, before.share(share.trial)?)))
                {
                    of_effect[share.trial] -= own * share.slope * before.tau_squared.sqrt();
                    of_error[share.trial].push((known.variance, -own * share.slope / known.scale));
                }
            }
            if let Some(knot) = point.knot {
                of_mean[knot] += coefficient * point.carried();
            }
        }
        let effects: f64 = of_effect.iter().map(|coefficient| coefficient * coefficient).sum();
        (effects, of_error.into_iter().map(error_variance).sum())
    }
}

/// The variance of Σ κ M(σ²) for a process M with independent increments and Var M(σ²) = σ².
fn error_variance(mut terms: Vec<(f64, f64)>) -> f64 {
    terms.sort_by(|one, two| two.0.total_cmp(&one.0));
    let (mut later, mut sum) = (0.0, 0.0);
    for (index, &(variance, coefficient)) in terms.iter().enumerate() {
        later += coefficient;
        let before = terms.get(index + 1).map_or(0.0, |next| next.0);
        sum += later * later * (variance - before);
    }
    sum
}

/// The times at which the mean is taken: they depend on the trials alone, never on the times asked for.
fn grid(paths: &[TrialPath]) -> Vec<f64> {
    let mut times: Vec<f64> = paths.iter().flat_map(TrialPath::change_times).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    if times.len() <= MOST_TIMES {
        return times;
    }
    let last = times.len() - 1;
    (0..MOST_TIMES).map(|step| times[step * last / (MOST_TIMES - 1)]).collect()
}

/// Σ n_i H_i / Σ n_i with n_i = H_i / σ²_i, which is the number of patients where nobody is censored: the hazard of
/// all patients together.
fn crude_hazard(observed: &[(usize, PathPoint)]) -> f64 {
    let exposure = |point: &PathPoint| point.hazard / point.variance;
    let events: f64 = observed.iter().map(|(_, point)| exposure(point) * point.hazard).sum();
    events / observed.iter().map(|(_, point)| exposure(point)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TrialPatients;
    use approx::assert_relative_eq;
    use kmeta_trial_data::{PatientRecord, Provenance};

    fn path(times: &[(f64, bool)]) -> TrialPath {
        let patients = times.iter().map(|&(time, event)| PatientRecord { time, event }).collect();
        let trial = TrialPatients {
            trial: "t".to_owned(),
            label: String::new(),
            patients,
            provenance: Provenance::printed("test"),
        };
        TrialPath::new(&trial).unwrap().0
    }

    #[test]
    fn variance_of_increments_by_hand() {
        // M(1) + 2 M(3): Var = (1 + 2)²·1 + 2²·2.
        assert_relative_eq!(error_variance(vec![(1.0, 1.0), (3.0, 2.0)]), 17.0);
    }

    /// One trial is its own mean: Var log H = σ²/H², the covariance σ²(s)/(H(s) H(t)).
    #[test]
    fn one_trial_by_hand() {
        let trial = path(&[(1.0, true), (2.0, true), (3.0, false), (4.0, true), (5.0, false)]);
        let mean = MeanPath::new(
            std::slice::from_ref(&trial),
            Between::Estimated(TauSquaredEstimator::DerSimonianLaird),
        )
        .unwrap();
        let [early, late] = [trial.at(1.0).unwrap(), trial.at(4.0).unwrap()];
        assert_relative_eq!(mean.points[0].value, early.hazard.ln(), max_relative = 1e-14);
        assert_relative_eq!(mean.variance(0), early.variance / early.hazard.powi(2), max_relative = 1e-13);
        let last = mean.at(4.5).unwrap();
        let own = |point: &PathPoint| point.variance / point.hazard.powi(2);
        let sum = mean.variance_of_sum(&[(0, 1.0), (last, 1.0)]);
        let covariance = early.variance / (early.hazard * late.hazard);
        assert_relative_eq!(sum, own(&early) + own(&late) + 2.0 * covariance, max_relative = 1e-12);
    }

    /// When a trial ends and nothing else happens the mean stays where it was.
    #[test]
    fn the_mean_does_not_jump_when_a_trial_ends() {
        let short: Vec<(f64, bool)> = (1..=20).map(|step| (0.1 * f64::from(step), step % 2 == 1)).collect();
        let long: Vec<(f64, bool)> = (1..=30).map(|step| (0.3 * f64::from(step), step % 3 != 0)).collect();
        let longer: Vec<(f64, bool)> = (1..=40).map(|step| (0.9 * f64::from(step), step % 3 == 0)).collect();
        // Without events: it only makes 2.05 one of the times.
        let silent = [(2.05, false)];
        let paths = [path(&short), path(&long), path(&longer), path(&silent)];
        let mean = MeanPath::new(&paths, Between::Estimated(TauSquaredEstimator::DerSimonianLaird)).unwrap();
        let after = mean.at(2.01).unwrap();
        assert_eq!(mean.points[after].time, 2.0);
        let next = &mean.points[after + 1];
        assert_eq!(next.knot, Some(after));
        let plain: f64 = next.shares.iter().map(|share| share.weight * share.value).sum();
        let here = mean.points[after].centre;
        assert!((next.centre - here).abs() < 0.02, "{here} {}", next.centre);
        assert!((plain - here).abs() > 0.2, "{here} {plain}");
    }
}
