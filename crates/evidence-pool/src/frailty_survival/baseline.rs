//! The baseline hazard: jumps λ_j = e^(γ_j) at the distinct event times, and the marginal likelihood
//!
//! ℓ(γ, ρ) = Σ d_j γ_j + Σ_i G_i(H_i; ρ), H_i = Σ_j n_ij λ_j,
//!
//! with n_ij the patients of trial i at risk at event time j. Nothing here holds a matrix: products with n run over
//! sorted patients, and systems of equations with the information, which is a diagonal matrix less one of rank k, are
//! solved by conjugate gradients in at most about k steps.

use super::frailty::{Frailty, TrialTerm};
use crate::{PoolError, TrialPatients};

const MAX_STEPS: usize = 500;

/// Newton's steps end once twice the gain that the next one promises is below this.
const DECREMENT: f64 = 1e-22;

/// With this decrement a solution that gains no more is as good as rounding allows.
const ROUNDING_DECREMENT: f64 = 1e-14;

/// Steps of expectation-maximisation before Newton's.
const FIRST_STEPS: usize = 5;

/// Conjugate gradients end at this relative size of the residual.
const SOLVE_TOLERANCE: f64 = 1e-14;

/// Who is at risk when.
#[derive(Debug, Clone)]
pub(super) struct RiskSets {
    /// Distinct event times, ascending.
    pub(super) times: Vec<f64>,
    /// Events at each.
    pub(super) events: Vec<f64>,
    /// Events of each trial.
    pub(super) trial_events: Vec<f64>,
    /// For each trial: at how many event times a patient was at risk, and how many patients that holds for.
    exposures: Vec<Vec<(usize, f64)>>,
}

impl RiskSets {
    pub(super) fn new(trials: &[TrialPatients]) -> Self {
        let mut all: Vec<f64> = trials
            .iter()
            .flat_map(|trial| &trial.patients)
            .filter(|patient| patient.event)
            .map(|patient| patient.time)
            .collect();
        all.sort_by(f64::total_cmp);
        let tied = || all.chunk_by(|one, two| one == two);
        let times: Vec<f64> = tied().map(|group| group[0]).collect();
        let events = tied().map(|group| group.len() as f64).collect();
        let exposures = trials
            .iter()
            .map(|trial| {
                let mut reached: Vec<usize> = trial
                    .patients
                    .iter()
                    .map(|patient| times.partition_point(|&time| time <= patient.time))
                    .collect();
                reached.sort_unstable();
                reached.chunk_by(|one, two| one == two).map(|group| (group[0], group.len() as f64)).collect()
            })
            .collect();
        let trial_events = trials
            .iter()
            .map(|trial| trial.patients.iter().filter(|patient| patient.event).count() as f64)
            .collect();
        Self { times, events, trial_events, exposures }
    }

    /// Σ_j n_ij v_j for each trial.
    fn trial_sums(&self, values: &[f64]) -> Vec<f64> {
        let mut cumulative = Vec::with_capacity(values.len() + 1);
        cumulative.push(0.0);
        let mut sum = 0.0;
        for value in values {
            sum += value;
            cumulative.push(sum);
        }
        self.exposures
            .iter()
            .map(|trial| trial.iter().map(|&(reached, patients)| patients * cumulative[reached]).sum())
            .collect()
    }

    /// Σ_i n_ij w_i for each event time.
    fn risk_sums(&self, weights: &[f64]) -> Vec<f64> {
        let mut leaving = vec![0.0; self.times.len() + 1];
        for (trial, weight) in self.exposures.iter().zip(weights) {
            for &(reached, patients) in trial {
                leaving[reached] += weight * patients;
            }
        }
        let mut sum = 0.0;
        let mut sums = vec![0.0; self.times.len()];
        for index in (0..self.times.len()).rev() {
            sum += leaving[index + 1];
            sums[index] = sum;
        }
        sums
    }
}

/// The likelihood at one baseline and one ρ.
#[derive(Debug, Clone)]
pub(super) struct State {
    /// λ.
    pub(super) jumps: Vec<f64>,
    pub(super) log_likelihood: f64,
    pub(super) hazards: Vec<f64>,
    pub(super) terms: Vec<TrialTerm>,
    /// λ_j Σ_i n_ij u_i, which is d_j at the maximum.
    expected: Vec<f64>,
}

impl State {
    fn new(risk: &RiskSets, frailty: Frailty<'_>, parameter: f64, jumps: Vec<f64>) -> Self {
        let hazards = risk.trial_sums(&jumps);
        let terms: Vec<TrialTerm> = risk
            .trial_events
            .iter()
            .zip(&hazards)
            .map(|(&events, &hazard)| frailty.term(events, hazard, parameter))
            .collect();
        let logarithms: f64 = risk.events.iter().zip(&jumps).map(|(events, jump)| events * jump.ln()).sum();
        let log_likelihood = logarithms + terms.iter().map(|term| term.value).sum::<f64>();
        let frailties: Vec<f64> = terms.iter().map(|term| term.frailty).collect();
        let expected = risk.risk_sums(&frailties).iter().zip(&jumps).map(|(sum, jump)| sum * jump).collect();
        Self { jumps, log_likelihood, hazards, terms, expected }
    }

    /// Profile score: ∂ℓ/∂ρ at the best baseline.
    pub(super) fn parameter_score(&self) -> f64 {
        self.terms.iter().map(|term| term.parameter).sum()
    }

    /// Information times v, in γ.
    fn information(&self, risk: &RiskSets, vector: &[f64]) -> Vec<f64> {
        let scaled: Vec<f64> = self.jumps.iter().zip(vector).map(|(jump, value)| jump * value).collect();
        let weights: Vec<f64> = risk
            .trial_sums(&scaled)
            .iter()
            .zip(&self.terms)
            .map(|(sum, term)| sum * term.frailty_variance)
            .collect();
        let shared = risk.risk_sums(&weights);
        (0..vector.len())
            .map(|index| self.expected[index] * vector[index] - self.jumps[index] * shared[index])
            .collect()
    }

    /// Solves information · x = right side; nothing where the information is not positive definite.
    pub(super) fn solve(&self, risk: &RiskSets, right: &[f64]) -> Option<Vec<f64>> {
        let dot = |one: &[f64], two: &[f64]| one.iter().zip(two).map(|(a, b)| a * b).sum::<f64>();
        let scale = |residual: &[f64]| -> Vec<f64> {
            residual.iter().zip(&self.expected).map(|(value, diagonal)| value / diagonal).collect()
        };
        let mut solution = vec![0.0; right.len()];
        let mut residual = right.to_vec();
        let mut direction = scale(&residual);
        let mut size = dot(&residual, &direction);
        let goal = SOLVE_TOLERANCE * SOLVE_TOLERANCE * size;
        for _ in 0..2 * self.hazards.len() + 20 {
            if size <= goal {
                break;
            }
            let image = self.information(risk, &direction);
            let curvature = dot(&direction, &image);
            if curvature.is_nan() || curvature <= 0.0 {
                return None;
            }
            let length = size / curvature;
            for index in 0..solution.len() {
                solution[index] += length * direction[index];
                residual[index] -= length * image[index];
            }
            let conditioned = scale(&residual);
            let next = dot(&residual, &conditioned);
            let share = next / size;
            for (value, fresh) in direction.iter_mut().zip(&conditioned) {
                *value = fresh + share * *value;
            }
            size = next;
        }
        Some(solution)
    }

    /// −∂²ℓ/∂γ_j∂ρ.
    pub(super) fn mixed_information(&self, risk: &RiskSets) -> Vec<f64> {
        let weights: Vec<f64> = self.terms.iter().map(|term| term.mixed).collect();
        risk.risk_sums(&weights).iter().zip(&self.jumps).map(|(sum, jump)| -sum * jump).collect()
    }
}

/// The best baseline for one ρ: a few steps of expectation-maximisation, then Newton's, each checked to raise the
/// likelihood.
pub(super) fn best_baseline(
    risk: &RiskSets,
    frailty: Frailty<'_>,
    parameter: f64,
    start: &[f64],
) -> Result<State, PoolError> {
    let mut state = State::new(risk, frailty, parameter, start.to_vec());
    for step_number in 0..MAX_STEPS {
        let gradient: Vec<f64> =
            risk.events.iter().zip(&state.expected).map(|(events, expected)| events - expected).collect();
        let step = if step_number < FIRST_STEPS { None } else { state.solve(risk, &gradient) };
        let decrement =
            step.as_ref().map(|step| step.iter().zip(&gradient).map(|(one, two)| one * two).sum::<f64>());
        if decrement.is_some_and(|decrement| decrement < DECREMENT) {
            return Ok(state);
        }
        let newton = step.map(|step| {
            let longest = step.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
            let factor = if longest > 1.0 { 1.0 / longest } else { 1.0 };
            let jumps =
                state.jumps.iter().zip(&step).map(|(jump, step)| jump * (factor * step).exp()).collect();
            State::new(risk, frailty, parameter, jumps)
        });
        state = match newton {
            Some(next) if next.log_likelihood > state.log_likelihood => next,
            _ if decrement.is_some_and(|decrement| decrement < ROUNDING_DECREMENT) => return Ok(state),
            _ => {
                // λ_j = d_j/Σ n_ij u_i never lowers the likelihood (Klein 1992).
                let jumps = (0..state.jumps.len())
                    .map(|index| state.jumps[index] * risk.events[index] / state.expected[index])
                    .collect();
                State::new(risk, frailty, parameter, jumps)
            }
        };
        if !state.log_likelihood.is_finite() {
            break;
        }
    }
    Err(PoolError::Computation {
        what: format!("the baseline hazard of the frailty model at parameter {parameter}"),
    })
}

/// The baseline without frailty: Breslow's jumps d_j/n_j.
pub(super) fn breslow(risk: &RiskSets, frailty: Frailty<'_>) -> State {
    let at_risk = risk.risk_sums(&vec![1.0; risk.trial_events.len()]);
    let jumps = risk.events.iter().zip(&at_risk).map(|(events, at_risk)| events / at_risk).collect();
    State::new(risk, frailty, 0.0, jumps)
}
