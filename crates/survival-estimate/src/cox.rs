//! Cox regression of two arms.

use kmeta_numerics::distributions::{ln_binomial_coefficient, normal_two_sided};
use kmeta_trial_data::PatientRecord;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SurvivalError;
use crate::kaplan_meier::level_quantile;
use crate::patients::{EventTime, check_patients, event_times};

/// Newton's method on a concave function of one variable needs about five steps; more than this is a fault.
const MAX_ITERATIONS: u32 = 100;

/// Convergence: a step smaller than this, relative to the standard error, changes no printed digit.
const STEP_TOLERANCE: f64 = 1e-12;

/// How tied events enter the partial likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ties {
    /// Efron 1977 (R `coxph`'s default): of d tied events the l-th sees the risk set less l/d of the tied.
    #[default]
    Efron,
    /// Breslow 1974: every tied event sees the whole risk set. Biased towards 1 when ties are heavy, as they
    /// are in reconstructed patients.
    Breslow,
    /// The exact conditional likelihood of a discrete-time logistic model (Cox 1972, section 6; R
    /// `ties = "exact"`): which of those at risk have the events, given how many. The coefficient is a log odds
    /// ratio within each event time.
    Exact,
}

/// A fitted two-arm Cox model (Cox 1972).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoxFit {
    /// Log of the hazard ratio, treated over reference.
    pub log_hazard_ratio: f64,
    /// Its standard error, from the observed information.
    pub standard_error: f64,
    /// Log partial likelihood at a log hazard ratio of 0.
    pub log_likelihood_null: f64,
    /// Log partial likelihood at the estimate.
    pub log_likelihood: f64,
    /// Newton iterations.
    pub iterations: u32,
}

impl CoxFit {
    /// exp(log hazard ratio).
    pub fn hazard_ratio(&self) -> f64 {
        self.log_hazard_ratio.exp()
    }

    /// Wald interval of the hazard ratio, `(lower, upper)`.
    ///
    /// # Errors
    /// [`SurvivalError::InvalidLevel`] unless 0 < level < 1.
    pub fn hazard_ratio_interval(&self, level: f64) -> Result<(f64, f64), SurvivalError> {
        let width = level_quantile(level)? * self.standard_error;
        Ok(((self.log_hazard_ratio - width).exp(), (self.log_hazard_ratio + width).exp()))
    }

    /// Two-sided p value of Wald's test.
    pub fn p_value(&self) -> f64 {
        normal_two_sided(self.log_hazard_ratio / self.standard_error)
    }
}

/// Fits the hazard ratio of a treated over a reference arm by maximum partial likelihood, with Newton steps
/// that are halved until the likelihood rises.
///
/// # Errors
/// [`SurvivalError::NoPatients`], [`SurvivalError::InvalidTime`]; [`SurvivalError::NothingToCompare`] when no
/// event happened while both arms were at risk; [`SurvivalError::MonotoneLikelihood`] when all such events
/// fell into one arm, so that the estimate would be infinite.
pub fn cox_two_arms(
    reference: &[PatientRecord],
    treated: &[PatientRecord],
    ties: Ties,
) -> Result<CoxFit, SurvivalError> {
    let likelihood = TwoArmLikelihood::new(reference, treated, ties)?;
    check_maximum(&likelihood)?;
    let null = likelihood.at(0.0);
    let (mut beta, mut here) = (0.0, null);
    for iterations in 1..=MAX_ITERATIONS {
        let mut step = here.score / here.information;
        let mut next = likelihood.at(beta + step);
        // A value that falls by rounding alone (near the maximum) is no reason to halve.
        let slack = 1e-12 * here.value.abs().max(1.0);
        while next.value < here.value - slack && step.abs() > f64::EPSILON {
            step *= 0.5;
            next = likelihood.at(beta + step);
        }
        beta += step;
        here = next;
        if step.abs() * here.information.sqrt() <= STEP_TOLERANCE {
            return Ok(CoxFit {
                log_hazard_ratio: beta,
                standard_error: here.information.sqrt().recip(),
                log_likelihood_null: null.value,
                log_likelihood: here.value,
                iterations,
            });
        }
    }
    Err(SurvivalError::NotConverged { iterations: MAX_ITERATIONS, score: here.score })
}

/// Checks that the likelihood has a maximum: the concave sum must fall towards both sides.
fn check_maximum(likelihood: &TwoArmLikelihood) -> Result<(), SurvivalError> {
    let monotone = |arm: &str, limit: &str| {
        Err(SurvivalError::MonotoneLikelihood { arm: arm.to_owned(), limit: limit.to_owned() })
    };
    let (down, up) = likelihood.limiting_slopes();
    match (down > 0.0, up > 0.0) {
        (false, false) => Err(SurvivalError::NothingToCompare),
        (true, false) => monotone("reference", "0"),
        (false, true) => monotone("treated", "infinity"),
        (true, true) => Ok(()),
    }
}

/// The log partial likelihood of one trial's hazard ratio, as a function of the log hazard ratio.
///
/// Trials with a baseline hazard each multiply their partial likelihoods, so that models of several trials
/// (stratified, or with a hazard ratio that varies between trials) are built from these functions.
#[derive(Debug, Clone)]
pub struct TwoArmLikelihood {
    /// Events of the reference and the treated arm at times when both arms were at risk.
    events: [f64; 2],
    /// What the likelihood is a product of.
    factors: Factors,
    /// What events add while one arm alone is at risk, whatever the hazard ratio; part of the factors with exact ties.
    constant: f64,
}

/// The factors of a partial likelihood.
#[derive(Debug, Clone)]
enum Factors {
    /// Patients of the reference and the treated arm at risk of each event at times when both arms were at risk; tied
    /// ones removed in part (Efron) or not at all (Breslow).
    OneByOne(Vec<[f64; 2]>),
    /// All that have the event at one time, drawn together (exact ties).
    Tied(Vec<TiedEvents>),
}

/// Patients at risk and with the event at one time, of the reference and the treated arm.
#[derive(Debug, Clone, Copy)]
struct TiedEvents {
    at_risk: [f64; 2],
    events: [f64; 2],
}

/// The log partial likelihood at one log hazard ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PartialLikelihood {
    /// Its value.
    pub value: f64,
    /// Its first derivative.
    pub score: f64,
    /// Its second derivative, with the sign turned; never negative.
    pub information: f64,
}

impl TwoArmLikelihood {
    /// Sorts the patients of both arms once.
    ///
    /// # Errors
    /// [`SurvivalError::NoPatients`], [`SurvivalError::InvalidTime`].
    pub fn new(
        reference: &[PatientRecord],
        treated: &[PatientRecord],
        ties: Ties,
    ) -> Result<Self, SurvivalError> {
        check_patients("reference arm", reference)?;
        check_patients("treated arm", treated)?;
        Ok(Self::of(&event_times(&[reference, treated]), ties))
    }

    fn of(times: &[EventTime], ties: Ties) -> Self {
        let (mut events, mut constant, mut at_risk) = ([0.0, 0.0], 0.0, Vec::new());
        let mut tied = Vec::new();
        for time in times {
            let (d0, d1) = (time.events[0], time.events[1]);
            let (n0, n1) = (time.at_risk[0], time.at_risk[1]);
            let both = n0 > 0.0 && n1 > 0.0;
            if both {
                events[0] += d0;
                events[1] += d1;
            }
            let of_all = d0 + d1;
            let step = match ties {
                Ties::Exact => {
                    tied.push(TiedEvents { at_risk: [n0, n1], events: [d0, d1] });
                    continue;
                }
                Ties::Efron => of_all.recip(),
                Ties::Breslow => 0.0,
            };
            for earlier in 0..of_all as u32 {
                let removed = f64::from(earlier) * step;
                let left = [n0 - removed * d0, n1 - removed * d1];
                match both {
                    true => at_risk.push(left),
                    false => constant -= (left[0] + left[1]).ln(),
                }
            }
        }
        let factors = if ties == Ties::Exact { Factors::Tied(tied) } else { Factors::OneByOne(at_risk) };
        Self { events, factors, constant }
    }

    /// Events of the reference and the treated arm at times when both arms were at risk: all that the hazard
    /// ratio is estimated from.
    pub fn informative_events(&self) -> (u32, u32) {
        (self.events[0] as u32, self.events[1] as u32)
    }

    /// How steeply the log likelihood falls as the log hazard ratio goes to +∞, and as it goes to −∞. A time at
    /// which one arm alone is at risk adds a constant. At the others these are the events of the reference and of
    /// the treated arm with Efron's or Breslow's ties; with exact ties, the events by which the treated arm stays
    /// below the most and above the fewest that it can have of those tied.
    fn limiting_slopes(&self) -> (f64, f64) {
        let Factors::Tied(times) = &self.factors else { return (self.events[0], self.events[1]) };
        times.iter().fold((0.0, 0.0), |sum, time| {
            let events = time.events[0] + time.events[1];
            let most = events.min(time.at_risk[1]);
            let fewest = (events - time.at_risk[0]).max(0.0);
            (sum.0 + most - time.events[1], sum.1 + time.events[1] - fewest)
        })
    }

    /// Value and derivatives, in a number of operations proportional to the number of events.
    pub fn at(&self, log_hazard_ratio: f64) -> PartialLikelihood {
        let mut found = PartialLikelihood { value: 0.0, score: 0.0, information: 0.0 };
        match &self.factors {
            Factors::OneByOne(at_risk) => {
                let mut logs = SumOfLogs::default();
                let (mut shares, mut information) = (0.0, 0.0);
                visit(at_risk, log_hazard_ratio, |total, share| {
                    logs.add(total);
                    shares += share;
                    information += share * (1.0 - share);
                });
                found.value = self.linear_part(log_hazard_ratio) - logs.finish();
                found.score = self.events[1] - shares;
                found.information = information;
            }
            Factors::Tied(times) => {
                for time in times {
                    let [reference, treated] = time.at_risk;
                    let events = time.events[0] + time.events[1];
                    let (log_total, mean, variance) =
                        drawn_from_treated(reference, treated, events, log_hazard_ratio);
                    found.value += time.events[1] * log_hazard_ratio - log_total;
                    found.score += time.events[1] - mean;
                    found.information += variance;
                }
            }
        }
        found
    }

    /// The value alone, which takes no division.
    pub fn value_at(&self, log_hazard_ratio: f64) -> f64 {
        let Factors::OneByOne(at_risk) = &self.factors else { return self.at(log_hazard_ratio).value };
        let mut logs = SumOfLogs::default();
        visit_totals(at_risk, log_hazard_ratio, |reference, treated| logs.add(reference + treated));
        self.linear_part(log_hazard_ratio) - logs.finish()
    }

    /// Hazards are relative to the arm with the larger one, so that they cannot overflow; what that takes out of the
    /// logarithms is linear in β.
    fn linear_part(&self, beta: f64) -> f64 {
        self.constant + if beta <= 0.0 { self.events[1] * beta } else { -self.events[0] * beta }
    }
}

/// The hazards of both arms at each event, relative to the larger of 1 and e^β.
fn visit_totals(at_risk: &[[f64; 2]], beta: f64, mut use_hazards: impl FnMut(f64, f64)) {
    let smaller = (-beta.abs()).exp();
    let [reference_hazard, treated_hazard] = if beta <= 0.0 { [1.0, smaller] } else { [smaller, 1.0] };
    for [reference, treated] in at_risk {
        use_hazards(reference * reference_hazard, treated * treated_hazard);
    }
}

/// Their sum and the share of the treated arm.
fn visit(at_risk: &[[f64; 2]], beta: f64, mut use_total: impl FnMut(f64, f64)) {
    visit_totals(at_risk, beta, |reference, treated| {
        let total = reference + treated;
        use_total(total, treated / total);
    });
}

/// Σ ln x as the logarithm of products, which are kept from overflow: one logarithm for dozens of factors.
struct SumOfLogs {
    product: f64,
    sum: f64,
}

impl Default for SumOfLogs {
    fn default() -> Self {
        Self { product: 1.0, sum: 0.0 }
    }
}

impl SumOfLogs {
    fn add(&mut self, factor: f64) {
        // Patients at risk are between 1e-10 and 1e10.
        self.product *= factor;
        if !(1e-150..1e150).contains(&self.product) {
            self.sum += self.product.ln();
            self.product = 1.0;
        }
    }

    fn finish(self) -> f64 {
        self.sum + self.product.ln()
    }
}

/// Of n₀ reference and n₁ treated patients `events` are drawn with odds e^β for the treated: the logarithm of
/// Σ C(n₁, k) C(n₀, d − k) e^{kβ}, and mean and variance of k, the noncentral hypergeometric distribution (Fisher
/// 1935), summed outwards from one term by the ratios of neighbours.
fn drawn_from_treated(reference: f64, treated: f64, events: f64, beta: f64) -> (f64, f64, f64) {
    let fewest = (events - reference).max(0.0);
    let most = events.min(treated);
    let mut log_term =
        ln_binomial_coefficient(treated, fewest) + ln_binomial_coefficient(reference, events - fewest);
    let steps = (most - fewest) as usize;
    let log_terms: Vec<f64> = (0..=steps)
        .map(|step| {
            let drawn = fewest + step as f64;
            let here = log_term + drawn * beta;
            if step < steps {
                let ratio = (treated - drawn) * (events - drawn)
                    / ((drawn + 1.0) * (reference - events + drawn + 1.0));
                log_term += ratio.ln();
            }
            here
        })
        .collect();
    let largest = log_terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = log_terms.iter().map(|term| (term - largest).exp()).collect();
    let total: f64 = weights.iter().sum();
    let drawn = |step: usize| fewest + step as f64;
    let mean = weights.iter().enumerate().map(|(step, weight)| drawn(step) * weight).sum::<f64>() / total;
    let square = |(step, weight): (usize, &f64)| (drawn(step) - mean).powi(2) * weight;
    (largest + total.ln(), mean, weights.iter().enumerate().map(square).sum::<f64>() / total)
}
