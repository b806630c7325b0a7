//! Log-rank tests that weigh early or late events.

use kmeta_trial_data::PatientRecord;
use nalgebra::DMatrix;

use crate::SurvivalError;
use crate::cox_regression::ChiSquaredTest;
use crate::log_rank::{LogRankGroup, covariance, group_lines, quadratic_form};
use crate::patients::{EventTime, check_patients, event_times};

/// Weight S(t−)^ρ (1 − S(t−))^γ of an event at t, where S(t−) is the Kaplan-Meier estimate of all groups together
/// just before t (Harrington & Fleming 1982; Fleming & Harrington 1991, section 7.5).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlemingHarrington {
    rho: f64,
    gamma: f64,
}

impl FlemingHarrington {
    /// The log-rank test, G(0, 0): all events count alike.
    pub const LOG_RANK: Self = Self { rho: 0.0, gamma: 0.0 };

    /// Peto & Peto's modification of the Gehan-Wilcoxon test (Peto & Peto 1972, Prentice 1978), G(1, 0), as R
    /// `survdiff(rho = 1)` has it: weights are S(t−), not Prentice's S̃ with n + 1 in place of n.
    pub const PETO_PRENTICE: Self = Self { rho: 1.0, gamma: 0.0 };

    /// G(0, 1): late events count.
    pub const LATE: Self = Self { rho: 0.0, gamma: 1.0 };

    /// G(1, 1): those in the middle count.
    pub const MIDDLE: Self = Self { rho: 1.0, gamma: 1.0 };

    /// The weight with exponents ρ of survival (early events count more) and γ of 1 − survival (late ones do).
    ///
    /// # Errors
    /// [`SurvivalError::InvalidWeight`] for exponents below 0 or not finite.
    pub fn new(rho: f64, gamma: f64) -> Result<Self, SurvivalError> {
        let valid = |exponent: f64| exponent.is_finite() && exponent >= 0.0;
        if valid(rho) && valid(gamma) {
            Ok(Self { rho, gamma })
        } else {
            Err(SurvivalError::InvalidWeight { rho, gamma })
        }
    }

    /// Exponent of survival.
    pub fn rho(self) -> f64 {
        self.rho
    }

    /// Exponent of 1 − survival.
    pub fn gamma(self) -> f64 {
        self.gamma
    }

    /// The weight where survival just before the event is `survival`. 0⁰ is 1.
    pub(crate) fn at(self, survival: f64) -> f64 {
        survival.powf(self.rho) * (1.0 - survival).powf(self.gamma)
    }
}

/// Result of a weighted log-rank test.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedLogRank {
    /// The weight.
    pub weight: FlemingHarrington,
    /// Weighted observed and expected events, one entry per group, in the order given.
    pub groups: Vec<LogRankGroup>,
    /// Covariance matrix of weighted observed − expected, row by row.
    pub covariance: Vec<Vec<f64>>,
    /// Test of equal hazards.
    pub test: ChiSquaredTest,
}

/// Compares survival of two or more groups with weighted events: Σ w (d_g − d·n_g/n), with hypergeometric
/// covariance. R: `survdiff(Surv(time, event) ~ group, rho =)` for γ = 0.
///
/// # Errors
/// Those of [`log_rank`](crate::log_rank); [`SurvivalError::NothingToCompare`] also when all weights are 0.
///
/// ```
/// use kmeta_survival_estimate::{FlemingHarrington, weighted_log_rank};
/// use kmeta_trial_data::PatientRecord;
/// let arm = |times: [f64; 3]| times.map(|time| PatientRecord { time, event: true });
/// let (one, two) = (arm([1.0, 2.0, 3.0]), arm([2.5, 4.0, 5.0]));
/// let late = weighted_log_rank(&[&one, &two], FlemingHarrington::new(0.0, 1.0)?)?;
/// assert_eq!(late.groups[0].observed, 1.0 / 6.0 + 3.0 / 6.0); // 1 − S(t−) is 0, 1/6, 1/2
/// # Ok::<(), kmeta_survival_estimate::SurvivalError>(())
/// ```
pub fn weighted_log_rank(
    groups: &[&[PatientRecord]],
    weight: FlemingHarrington,
) -> Result<WeightedLogRank, SurvivalError> {
    weighted_log_rank_stratified(&[groups.to_vec()], weight)
}

/// The same within strata, whose sums are added up; survival in the weights is that of the stratum (R
/// `survdiff(Surv(time, event) ~ group + strata(stratum), rho =)`). `strata[s][g]` holds the patients of group g
/// in stratum s; a group may be empty in some strata, but not in all.
///
/// # Errors
/// Those of [`log_rank_stratified`](crate::log_rank_stratified); [`SurvivalError::NothingToCompare`] also when all
/// weights are 0.
pub fn weighted_log_rank_stratified(
    strata: &[Vec<&[PatientRecord]>],
    weight: FlemingHarrington,
) -> Result<WeightedLogRank, SurvivalError> {
    let count = strata.first().map_or(0, Vec::len);
    if count < 2 {
        return Err(SurvivalError::TooFewGroups { groups: count });
    }
    let mut groups = vec![LogRankGroup { patients: 0, observed: 0.0, expected: 0.0 }; count];
    let mut sum = DMatrix::zeros(count, count);
    for (index, stratum) in strata.iter().enumerate() {
        if stratum.len() != count {
            let found = stratum.len();
            return Err(SurvivalError::DifferingGroups { stratum: index, groups: found, expected: count });
        }
        for (group, patients) in stratum.iter().enumerate().filter(|(_, patients)| !patients.is_empty()) {
            check_patients(&format!("stratum {}, group {}", index + 1, group + 1), patients)?;
        }
        let times = event_times(stratum);
        let weights: Vec<f64> = survival_before(&times).iter().map(|&survival| weight.at(survival)).collect();
        sum += covariance(&times, count, |index| weights[index] * weights[index]);
        for (total, line) in groups.iter_mut().zip(group_lines(stratum, &times, |index| weights[index])) {
            total.patients += line.patients;
            total.observed += line.observed;
            total.expected += line.expected;
        }
    }
    if let Some(empty) = groups.iter().position(|group| group.patients == 0) {
        return Err(SurvivalError::NoPatients { group: format!("group {} of {count}", empty + 1) });
    }
    let statistic = quadratic_form(&groups, &sum).ok_or(SurvivalError::NothingToCompare)?;
    Ok(WeightedLogRank {
        weight,
        groups,
        covariance: sum.row_iter().map(|row| row.iter().copied().collect()).collect(),
        test: ChiSquaredTest::new(statistic, count as u32 - 1)?,
    })
}

/// The Kaplan-Meier estimate of all groups together just before each event time.
pub(crate) fn survival_before(times: &[EventTime]) -> Vec<f64> {
    let mut survival = 1.0;
    let before = |time: &EventTime| {
        let (d, n): (f64, f64) = (time.events.iter().sum(), time.at_risk.iter().sum());
        let before = survival;
        survival *= (n - d) / n;
        before
    };
    times.iter().map(before).collect()
}
