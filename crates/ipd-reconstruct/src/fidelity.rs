//! How well reconstructed patients reproduce the curve and the printed numbers.

use kmeta_survival_estimate::KaplanMeier;
use kmeta_trial_data::{
    Fidelity, FidelityAssessment, FidelityVerdict, NumberAtRiskFit, PatientRecord, ReconstructionStatus,
    StepCurve, SurvivalRateFit,
};

use crate::{NumberAtRiskConvention, ReconstructionInput, ReconstructionOptions};

/// A traced plateau this little above one half stands at one half: below the height of a pixel in most figures.
const LEVEL_TOLERANCE: f64 = 0.002;

/// Compares the patients with the input.
pub(crate) fn assess(
    input: &ReconstructionInput,
    options: &ReconstructionOptions,
    patients: &[PatientRecord],
    status: ReconstructionStatus,
    follow_up_end: f64,
) -> Fidelity {
    // No patients is an error before this, and every time is valid: there is a curve.
    let estimated = KaplanMeier::fit(patients).ok().map(|fit| fit.curve());
    let estimated_at = |time: f64| estimated.as_ref().map_or(1.0, |curve| curve.survival_at(time));
    let differences: Vec<f64> =
        input.curve.corners().map(|(time, survival)| (estimated_at(time) - survival).abs()).collect();
    let squares: f64 = differences.iter().map(|difference| difference * difference).sum();
    let number_at_risk = number_at_risk_fit(input, options.number_at_risk_convention, patients);
    let mut fidelity = Fidelity {
        status,
        patients: patients.len() as u32,
        events: patients.iter().filter(|patient| patient.event).count() as u32,
        events_stated: input.total_events,
        curve_error_rms: (squares / differences.len() as f64).sqrt(),
        curve_error_mean: estimated
            .as_ref()
            .map_or(0.0, |curve| curve.mean_absolute_difference(&input.curve, follow_up_end)),
        curve_error_max: differences.iter().copied().fold(0.0, f64::max),
        number_at_risk_error_max: number_at_risk
            .iter()
            .map(|fit| fit.stated.abs_diff(fit.reconstructed))
            .max()
            .unwrap_or(0),
        number_at_risk,
        median_digitized: input.curve.quantile(0.5 + LEVEL_TOLERANCE),
        median_reconstructed: estimated.as_ref().and_then(StepCurve::median),
        median_printed: input.median_printed,
        survival_rates: input
            .survival_printed
            .iter()
            .map(|rate| SurvivalRateFit {
                time: rate.time,
                printed: rate.survival,
                reconstructed: estimated_at(rate.time),
            })
            .collect(),
        assessment: None,
    };
    fidelity.assessment = Some(judge(&fidelity));
    fidelity
}

/// Limits of a verdict.
struct Limits {
    /// Mean absolute difference of the curves.
    curve: f64,
    /// Events, and patients at risk: a number, or this share of the patients if that is more.
    patients: (f64, f64),
    /// Relative difference of the medians.
    median: f64,
    /// Difference of survival rates.
    rate: f64,
}

/// Half a pixel of a small figure, no patient, and the rounding of printed medians and rates.
const GOOD: Limits = Limits { curve: 0.005, patients: (0.0, 0.0), median: 0.02, rate: 0.01 };
/// What reviewers usually accept: medians within 5 %, rates within 2 points, events within one (one in fifty in
/// large arms).
const USABLE: Limits = Limits { curve: 0.02, patients: (1.0, 0.02), median: 0.05, rate: 0.02 };

impl Limits {
    /// What exceeds the limits, in words.
    fn exceeded(&self, fidelity: &Fidelity) -> Vec<String> {
        let patients = self.patients.0.max(self.patients.1 * f64::from(fidelity.patients));
        let mut exceeded = Vec::new();
        let mut check = |what: &str, found: f64, limit: f64| {
            if found > limit + 1e-12 {
                exceeded.push(format!("{what} {found:.4} above {limit:.4}"));
            }
        };
        check("mean curve error", fidelity.curve_error_mean, self.curve);
        check("risk-table error", f64::from(fidelity.number_at_risk_error_max), patients);
        if let Some(stated) = fidelity.events_stated {
            check("events error", f64::from(stated.abs_diff(fidelity.events)), patients);
        }
        if let (Some(printed), Some(found)) = (fidelity.median_printed, fidelity.median_reconstructed)
            && printed > 0.0
        {
            check("relative error of the median", (found - printed).abs() / printed, self.median);
        }
        for rate in &fidelity.survival_rates {
            let what = format!("error of survival at {}", rate.time);
            check(&what, (rate.reconstructed - rate.printed).abs(), self.rate);
        }
        if fidelity.median_printed.is_some() && fidelity.median_reconstructed.is_none() {
            exceeded.push("the printed median is not reached".to_owned());
        }
        exceeded
    }

    fn in_words(&self) -> String {
        format!(
            "mean curve error at most {}, numbers at risk and events within {} patients or {} % of them, median \
             within {} %, printed survival rates within {}",
            self.curve,
            self.patients.0,
            100.0 * self.patients.1,
            100.0 * self.median,
            self.rate
        )
    }
}

/// The verdict: the best one whose limits hold. Statements that disagree cannot all be met, so that a compromise
/// is at most usable.
fn judge(fidelity: &Fidelity) -> FidelityAssessment {
    let mut above_good = GOOD.exceeded(fidelity);
    if fidelity.status != ReconstructionStatus::Converged {
        above_good.push("not every stated number was met".to_owned());
    }
    if above_good.is_empty() {
        return FidelityAssessment { verdict: FidelityVerdict::Good, rule: GOOD.in_words() };
    }
    let above_usable = USABLE.exceeded(fidelity);
    if above_usable.is_empty() {
        let rule = format!("{}; not good: {}", USABLE.in_words(), above_good.join("; "));
        return FidelityAssessment { verdict: FidelityVerdict::Usable, rule };
    }
    let rule = format!("usable needs {}; exceeded: {}", USABLE.in_words(), above_usable.join("; "));
    FidelityAssessment { verdict: FidelityVerdict::Poor, rule }
}

fn number_at_risk_fit(
    input: &ReconstructionInput,
    convention: NumberAtRiskConvention,
    patients: &[PatientRecord],
) -> Vec<NumberAtRiskFit> {
    let Some(stated) = &input.number_at_risk else { return Vec::new() };
    stated
        .times()
        .iter()
        .zip(stated.counts())
        .map(|(&time, &stated)| {
            // Sorted by time with events before censorings at equal times.
            let before = patients.partition_point(|patient| match convention {
                NumberAtRiskConvention::Before => patient.time < time,
                NumberAtRiskConvention::At => patient.time < time || (patient.time == time && patient.event),
                NumberAtRiskConvention::After => patient.time <= time,
            });
            NumberAtRiskFit { time, stated, reconstructed: (patients.len() - before) as u32 }
        })
        .collect()
}
