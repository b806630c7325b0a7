//! Survival of several single-arm trials under a shared frailty: trial i has hazard u_i h₀(t), h₀ of any shape.
//!
//! | part | holds |
//! |---|---|
//! | [`frailty`] | gamma and log-normal frailties, integrated out trial by trial |
//! | [`baseline`] | the baseline hazard that maximises the marginal likelihood |
//! | [`curves`] | typical and average survival with intervals |

mod baseline;
mod curves;
mod frailty;
mod result;

use kmeta_numerics::distributions::chi_squared_upper;
use kmeta_numerics::quadrature::gauss_hermite;
use kmeta_numerics::search::find_root;
use kmeta_trial_data::{Finding, LikelihoodRatioTest};

pub use frailty::FrailtyDistribution;
pub use result::{
    CumulativeHazard, FrailtyCurve, FrailtySurvival, FrailtySurvivalOptions, FrailtySurvivalPoint,
    TrialFrailty,
};

use crate::finite_answer::finite_answer;
use crate::model::two_sided_normal;
use crate::parametric_survival::input::{check_nodes, check_times, check_trials};
use crate::{PoolError, TrialPatients};
use baseline::{RiskSets, State, best_baseline, breslow};
use curves::{Estimand, Fitted};
use frailty::Frailty;

/// The profile score of ρ is looked at between these values, doubling.
const PARAMETER_RANGE: (f64, f64) = (0.01, 100.0);

/// ρ is found to this precision.
const PARAMETER_TOLERANCE: f64 = 1e-13;

/// Fits a shared frailty model to the patients of single-arm trials: hazard u_i h₀(t) in trial i, u_i gamma with mean 1 and
/// variance θ (Clayton 1978; Klein 1992), or log u_i normal with variance θ. The baseline hazard is a step function
/// without assumption on its shape; it and θ maximise the marginal likelihood, in which the u_i are integrated out. For
/// gamma this is the solution of R `coxph(Surv(time, status) ~ frailty(trial, method = "em"), ties = "breslow")`.
/// Standard errors are by the observed information of θ and all jumps of the baseline (Andersen et al. 1997).
///
/// The typical study has u = 1; the average curve is the mean over studies, (1 + θH₀)^(−1/θ) for gamma.
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault: fewer than two trials, no patients, no events at all, impossible
/// times, or a frailty variance without an upper bound.
///
/// ```
/// use kmeta_evidence_pool::{FrailtySurvivalOptions, TrialPatients, pool_frailty_survival};
/// use kmeta_trial_data::{PatientRecord, Provenance};
/// let trial = |id: &str, times: [f64; 4]| TrialPatients {
///     trial: id.into(),
///     label: id.into(),
///     patients: times.map(|time| PatientRecord { time, event: true }).to_vec(),
///     provenance: Provenance::printed("example"),
/// };
/// let trials = [trial("one", [1.0, 3.0, 5.0, 7.0]), trial("two", [2.0, 4.0, 6.0, 8.0])];
/// let pooled = pool_frailty_survival(&trials, &FrailtySurvivalOptions::default())?;
/// // Trials this alike need no frailty; the curve is Breslow's.
/// assert_eq!(pooled.theta, 0.0);
/// assert_eq!(pooled.baseline[0].hazard, 1.0 / 8.0);
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
pub fn pool_frailty_survival(
    trials: &[TrialPatients],
    options: &FrailtySurvivalOptions,
) -> Result<FrailtySurvival, PoolError> {
    check_trials(trials)?;
    check_times(&options.times, None)?;
    check_nodes(options.quadrature_nodes)?;
    if trials.len() < 2 {
        let what = "a frailty model".to_owned();
        return Err(PoolError::TooFewStudies { found: trials.len(), needed: 2, what });
    }
    let z = two_sided_normal(options.confidence_level)?;
    let rule = gauss_hermite(options.quadrature_nodes as usize)?;
    let frailty = Frailty { distribution: options.frailty, rule: &rule };
    let risk = RiskSets::new(trials);
    let without = breslow(&risk, frailty);
    let (parameter, state) = estimate(&risk, frailty, &without)?;
    let fitted = Fitted::new(&risk, frailty, &state, parameter, z)?;
    let mut findings = Vec::new();
    let times = within_follow_up(trials, options, &mut findings);
    let (theta, theta_standard_error) = theta(options.frailty, parameter, fitted.parameter_variance());
    if theta == 0.0 {
        findings.push(Finding::note(
            "frailty-zero",
            "frailty",
            "the trials differ no more than by chance: theta is 0, and the typical and the average study are the same",
        ));
    }
    finite_answer(
        "a frailty model",
        FrailtySurvival {
            trials: trials.len() as u32,
            patients: trials.iter().map(|trial| trial.patients.len() as u32).sum(),
            events: risk.events.iter().sum::<f64>() as u32,
            theta,
            theta_standard_error,
            log_likelihood: state.log_likelihood,
            heterogeneity_test: heterogeneity_test(theta, state.log_likelihood, without.log_likelihood)?,
            baseline: cumulative_baseline(&risk, &state),
            frailties: trial_frailties(trials, &state),
            typical: fitted.curve(&times, Estimand::Typical)?,
            average: fitted.curve(&times, Estimand::Average)?,
            options: options.clone(),
            findings,
        },
    )
}

/// ρ and its baseline: 0 where the likelihood falls from there, else the first root of the profile score, found to both
/// sides by doubling ρ.
fn estimate(risk: &RiskSets, frailty: Frailty<'_>, without: &State) -> Result<(f64, State), PoolError> {
    // Twice the slope of the profile likelihood in θ at θ = 0 (Commenges & Andersen 1995), less the part of the
    // baseline, which is 0 there to first order.
    let slope: f64 = risk
        .trial_events
        .iter()
        .zip(&without.hazards)
        .map(|(events, hazard)| (events - hazard).powi(2) - events)
        .sum();
    if slope <= 0.0 {
        return Ok((0.0, without.clone()));
    }
    let score = |parameter: f64| -> f64 {
        best_baseline(risk, frailty, parameter, &without.jumps)
            .map_or(f64::NAN, |state| state.parameter_score())
    };
    let (mut lower, mut upper) = (0.0, PARAMETER_RANGE.0);
    loop {
        let here = score(upper);
        if here.is_nan() {
            best_baseline(risk, frailty, upper, &without.jumps)?;
        }
        if here <= 0.0 {
            break;
        }
        (lower, upper) = (upper, 2.0 * upper);
        if upper > PARAMETER_RANGE.1 {
            return Err(PoolError::UnboundedFrailty);
        }
    }
    // A root below the first value looked at: the score is positive just above 0.
    let lower = if lower == 0.0 { 1e-6 } else { lower };
    if score(lower) <= 0.0 {
        return Ok((0.0, without.clone()));
    }
    let parameter = find_root(score, lower, upper, PARAMETER_TOLERANCE)?;
    let state = best_baseline(risk, frailty, parameter, &without.jumps)?;
    Ok((parameter, state))
}

/// θ and its standard error.
fn theta(distribution: FrailtyDistribution, parameter: f64, variance: Option<f64>) -> (f64, Option<f64>) {
    let error = variance.map(f64::sqrt);
    match distribution {
        FrailtyDistribution::Gamma => (parameter, error),
        FrailtyDistribution::LogNormal => (parameter * parameter, error.map(|error| 2.0 * parameter * error)),
    }
}

fn heterogeneity_test(theta: f64, with: f64, without: f64) -> Result<LikelihoodRatioTest, PoolError> {
    if theta == 0.0 {
        return Ok(LikelihoodRatioTest { statistic: 0.0, degrees_of_freedom: 1, p_value: 1.0 });
    }
    let statistic = (2.0 * (with - without)).max(0.0);
    let p_value = 0.5 * chi_squared_upper(statistic, 1.0)?;
    Ok(LikelihoodRatioTest { statistic, degrees_of_freedom: 1, p_value })
}

fn cumulative_baseline(risk: &RiskSets, state: &State) -> Vec<CumulativeHazard> {
    let mut hazard = 0.0;
    risk.times
        .iter()
        .zip(&state.jumps)
        .map(|(&time, jump)| {
            hazard += jump;
            CumulativeHazard { time, hazard }
        })
        .collect()
}

fn trial_frailties(trials: &[TrialPatients], state: &State) -> Vec<TrialFrailty> {
    trials
        .iter()
        .zip(state.terms.iter().zip(&state.hazards))
        .map(|(trial, (term, &expected))| TrialFrailty {
            trial: trial.trial.clone(),
            label: trial.label.clone(),
            events: trial.patients.iter().filter(|patient| patient.event).count() as u32,
            expected,
            frailty: term.frailty,
            standard_deviation: term.frailty_variance.max(0.0).sqrt(),
        })
        .collect()
}

/// The asked times up to the longest follow-up; a finding names the others.
fn within_follow_up(
    trials: &[TrialPatients],
    options: &FrailtySurvivalOptions,
    findings: &mut Vec<Finding>,
) -> Vec<f64> {
    let last =
        trials.iter().flat_map(|trial| &trial.patients).map(|patient| patient.time).fold(0.0, f64::max);
    let reached = options.times.partition_point(|&time| time <= last);
    if reached < options.times.len() {
        findings.push(Finding::warning(
            "times-beyond-follow-up",
            format!("times from {}", options.times[reached]),
            format!("no trial is followed beyond {last} {}; these times are left out", options.time_unit),
        ));
    }
    options.times[..reached].to_vec()
}
