//! The cumulative hazard of one group.

use kmeta_trial_data::PatientRecord;

use crate::kaplan_meier::level_quantile;
use crate::{KaplanMeier, SurvivalError};

/// How tied events add to a cumulative hazard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TiedHazard {
    /// d/n at once (Nelson 1969, Aalen 1978; R `survfit(ctype = 1)`), variance d/n².
    #[default]
    Together,
    /// One after the other, 1/n + 1/(n − 1) + … (Fleming & Harrington 1984; R `survfit(ctype = 2)`), variance the
    /// sum of the squares.
    OneByOne,
}

/// The Nelson-Aalen estimate of the cumulative hazard, with one entry per distinct follow-up time, ascending.
///
/// ```
/// use kmeta_survival_estimate::{NelsonAalen, TiedHazard};
/// use kmeta_trial_data::PatientRecord;
/// let patients = [(1.0, true), (2.0, false), (3.0, true)].map(|(time, event)| PatientRecord { time, event });
/// let fit = NelsonAalen::fit(&patients, TiedHazard::Together)?;
/// assert_eq!(fit.cumulative_hazard_at(2.5), 1.0 / 3.0);
/// assert_eq!(fit.cumulative_hazard_at(3.0), 1.0 / 3.0 + 1.0);
/// # Ok::<(), kmeta_survival_estimate::SurvivalError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NelsonAalen {
    times: Vec<f64>,
    cumulative_hazard: Vec<f64>,
    variance: Vec<f64>,
}

impl NelsonAalen {
    /// Sums the hazard.
    ///
    /// # Errors
    /// [`SurvivalError::NoPatients`], [`SurvivalError::InvalidTime`].
    pub fn fit(patients: &[PatientRecord], ties: TiedHazard) -> Result<Self, SurvivalError> {
        let curve = KaplanMeier::fit(patients)?;
        let (mut hazard, mut variance) = (0.0, 0.0);
        let mut fit =
            Self { times: curve.times().to_vec(), cumulative_hazard: Vec::new(), variance: Vec::new() };
        for (&n, &d) in curve.number_at_risk().iter().zip(curve.events()) {
            match ties {
                TiedHazard::Together => {
                    let (n, d) = (f64::from(n), f64::from(d));
                    hazard += d / n;
                    variance += d / (n * n);
                }
                TiedHazard::OneByOne => {
                    for left in (n - d + 1..=n).rev().map(f64::from) {
                        hazard += left.recip();
                        variance += (left * left).recip();
                    }
                }
            }
            fit.cumulative_hazard.push(hazard);
            fit.variance.push(variance);
        }
        Ok(fit)
    }

    /// Distinct follow-up times, ascending.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// Cumulative hazard from each time on.
    pub fn cumulative_hazard(&self) -> &[f64] {
        &self.cumulative_hazard
    }

    /// Its variance.
    pub fn variance(&self) -> &[f64] {
        &self.variance
    }

    /// Cumulative hazard at a time: 0 before the first and the last value after the end of follow-up.
    pub fn cumulative_hazard_at(&self, time: f64) -> f64 {
        match self.times.partition_point(|&corner| corner <= time) {
            0 => 0.0,
            after => self.cumulative_hazard[after - 1],
        }
    }

    /// Intervals symmetric on the log scale, H·exp(±z·σ/H), `(lower, upper)` at each time (Klein & Moeschberger
    /// 2003, eq. 4.3.5 for the hazard; Bie, Borgan & Liestøl 1987). Both limits are 0 before the first event.
    ///
    /// # Errors
    /// [`SurvivalError::InvalidLevel`] unless 0 < level < 1.
    pub fn intervals(&self, level: f64) -> Result<Vec<(f64, f64)>, SurvivalError> {
        let z = level_quantile(level)?;
        let limits = |(&hazard, &variance): (&f64, &f64)| {
            if hazard == 0.0 {
                return (0.0, 0.0);
            }
            let width = z * variance.sqrt() / hazard;
            (hazard * (-width).exp(), hazard * width.exp())
        };
        Ok(self.cumulative_hazard.iter().zip(&self.variance).map(limits).collect())
    }
}
