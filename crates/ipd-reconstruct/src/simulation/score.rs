//! How close reconstructed patients come to the true ones.

use kmeta_survival_estimate::{KaplanMeier, Ties, cox_two_arms};
use kmeta_trial_data::{NumberAtRisk, PatientRecord};

/// Errors of one reconstructed arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArmScore {
    /// Mean of |S − S_true| over the length of the true curve.
    pub integrated_absolute_error: f64,
    /// Reconstructed less true events, absolute.
    pub events_error: u32,
    /// Largest absolute error of the numbers at risk that were printed.
    pub number_at_risk_error: u32,
    /// Reconstructed less true patients, absolute.
    pub patients_error: u32,
}

/// Compares one arm with its truth; none when either has no patients.
pub fn score_arm(
    truth: &[PatientRecord],
    reconstructed: &[PatientRecord],
    printed: Option<&NumberAtRisk>,
) -> Option<ArmScore> {
    let (true_fit, fit) = (KaplanMeier::fit(truth).ok()?, KaplanMeier::fit(reconstructed).ok()?);
    let number_at_risk_error = printed.map_or(0, |risk| {
        let errors = risk.times().iter().zip(risk.counts());
        errors.map(|(&time, &count)| fit.number_at_risk_at(time).abs_diff(count)).max().unwrap_or(0)
    });
    Some(ArmScore {
        integrated_absolute_error: fit
            .curve()
            .mean_absolute_difference(&true_fit.curve(), true_fit.follow_up_end()),
        events_error: fit.total_events().abs_diff(true_fit.total_events()),
        number_at_risk_error,
        patients_error: fit.patients().abs_diff(true_fit.patients()),
    })
}

/// |log HR of the reconstructed pair − log HR of the true pair| (Cox, Efron ties); arms are `[reference,
/// treated]`. None when the true hazard ratio does not exist, infinite when only the reconstructed one does not.
pub fn log_hazard_ratio_error(
    truth: [&[PatientRecord]; 2],
    reconstructed: [&[PatientRecord]; 2],
) -> Option<f64> {
    let true_fit = cox_two_arms(truth[0], truth[1], Ties::Efron).ok()?;
    Some(
        cox_two_arms(reconstructed[0], reconstructed[1], Ties::Efron)
            .map_or(f64::INFINITY, |fit| (fit.log_hazard_ratio - true_fit.log_hazard_ratio).abs()),
    )
}

/// Scores of many arms and pairs of one method with one set of information.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Accuracy {
    /// Arms tried.
    pub arms: u32,
    /// Arms without a result.
    pub failures: u32,
    /// Scores of the others.
    pub scores: Vec<ArmScore>,
    /// Errors of log hazard ratios, one per pair whose true hazard ratio exists.
    pub log_hazard_ratio_errors: Vec<f64>,
    /// Seconds per arm.
    pub seconds: Vec<f64>,
}

impl Accuracy {
    /// The headings that fit [`Self::markdown_row`], with the line below them.
    pub fn markdown_head() -> String {
        "| method, information | arms | fail % | IAE median | IAE p95 | events exact % | events error max | \
         at risk error max | pairs | abs dlogHR median | p95 | ms per arm median | max |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|"
            .to_owned()
    }

    /// One line of a markdown table.
    pub fn markdown_row(&self, title: &str) -> String {
        let errors: Vec<f64> = self.scores.iter().map(|score| score.integrated_absolute_error).collect();
        let exact = self.scores.iter().filter(|score| score.events_error == 0).count();
        let share = |count: f64, of: usize| if of == 0 { 0.0 } else { 100.0 * count / of as f64 };
        format!(
            "| {title} | {} | {:.1} | {:.5} | {:.5} | {:.1} | {} | {} | {} | {:.4} | {:.4} | {:.2} | {:.1} |",
            self.arms,
            share(f64::from(self.failures), self.arms as usize),
            quantile(&errors, 0.5),
            quantile(&errors, 0.95),
            share(exact as f64, self.scores.len()),
            self.scores.iter().map(|score| score.events_error).max().unwrap_or(0),
            self.scores.iter().map(|score| score.number_at_risk_error).max().unwrap_or(0),
            self.log_hazard_ratio_errors.len(),
            quantile(&self.log_hazard_ratio_errors, 0.5),
            quantile(&self.log_hazard_ratio_errors, 0.95),
            1e3 * quantile(&self.seconds, 0.5),
            1e3 * quantile(&self.seconds, 1.0),
        )
    }

    /// A quantile of the integrated absolute error; 0 without scores.
    pub fn integrated_absolute_error_quantile(&self, level: f64) -> f64 {
        let errors: Vec<f64> = self.scores.iter().map(|score| score.integrated_absolute_error).collect();
        quantile(&errors, level)
    }

    /// A quantile of the absolute errors of the log hazard ratio; 0 without pairs.
    pub fn log_hazard_ratio_error_quantile(&self, level: f64) -> f64 {
        quantile(&self.log_hazard_ratio_errors, level)
    }
}

/// The smallest value that at least the share `level` of the values do not exceed.
fn quantile(values: &[f64], level: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (level * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(0.0)
}
