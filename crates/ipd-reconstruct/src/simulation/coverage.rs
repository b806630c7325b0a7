//! Whether intervals from imputed sets hold the parameters of the simulated population.

use kmeta_numerics::streams::{random_stream, uniform};
use kmeta_trial_data::PatientRecord;

use super::design::{EventTimes, Population, simulate_arm};
use super::figure::{FigureReading, Information, figure_of};
use crate::{
    ImputationOptions, PooledInterval, ReconstructionOptions, impute, pooled_log_hazard_ratio, pooled_median,
    pooled_restricted_mean, pooled_survival_at,
};

/// How often the intervals of one kind of estimate held the truth.
#[derive(Debug, Clone, PartialEq)]
pub struct CoverageRow {
    /// What was estimated.
    pub estimate: &'static str,
    /// Intervals made.
    pub intervals: u32,
    /// Intervals that held the truth.
    pub covering: u32,
}

impl CoverageRow {
    /// Share of the intervals that held the truth.
    pub fn share(&self) -> f64 {
        f64::from(self.covering) / f64::from(self.intervals.max(1))
    }

    fn count(&mut self, interval: PooledInterval, truth: f64) {
        self.intervals += 1;
        // A limit that does not exist does not exclude.
        let inside = interval.lower.is_none_or(|lower| lower <= truth)
            && interval.upper.is_none_or(|upper| truth <= upper);
        self.covering += u32::from(inside);
    }
}

/// Simulates `trials` trials of two arms with proportional hazards (Weibull times, 60 to 400 patients per arm, a
/// quarter to a half censored), draws their figures on 800 by 500 pixels with numbers at risk and totals of
/// events, imputes each arm `imputations` times and counts how often the 95 % intervals of median, survival and
/// restricted mean of the reference arm and of the hazard ratio hold the population's values.
pub fn coverage(trials: usize, imputations: u32, seed: u64) -> Vec<CoverageRow> {
    let row = |estimate| CoverageRow { estimate, intervals: 0, covering: 0 };
    let mut rows =
        vec![row("median"), row("survival at 12"), row("restricted mean to 18"), row("log hazard ratio")];
    for index in 0..trials {
        let mut stream = random_stream(seed, &format!("coverage-{index}"));
        let shape = 0.7 + 0.8 * uniform(&mut stream);
        let log_hazard_ratio = -0.8 + uniform(&mut stream);
        let patients = 60 + (340.0 * uniform(&mut stream)) as u32;
        let reference_scale = 18.0;
        // S(t)^HR is Weibull with the scale divided by HR^(1/shape).
        let scales = [reference_scale, reference_scale * (-log_hazard_ratio / shape).exp()];
        let arms = scales.map(|scale| {
            let population = Population {
                patients,
                event_times: EventTimes::Weibull { shape, scale },
                dropout_rate: 0.01,
                study_end: (20.0, 44.0),
                time_unit: 0.0,
            };
            simulate_arm(&population, &mut stream)
        });
        let Some(imputed) = imputed(&arms, imputations, seed) else { continue };
        let truth = EventTimes::Weibull { shape, scale: reference_scale };
        let [reference, treated] = &imputed;
        let intervals = [
            (pooled_median(reference, 0.95), truth.median()),
            (pooled_survival_at(reference, 12.0, 0.95), truth.survival_at(12.0)),
            (pooled_restricted_mean(reference, 18.0, 0.95), truth.restricted_mean_survival_time(18.0)),
            (pooled_log_hazard_ratio(reference, treated, 0.95), log_hazard_ratio),
        ];
        for (row, (interval, truth)) in rows.iter_mut().zip(intervals) {
            if let Ok(interval) = interval {
                row.count(interval, truth);
            }
        }
    }
    rows
}

fn imputed(
    arms: &[Vec<PatientRecord>; 2],
    imputations: u32,
    seed: u64,
) -> Option<[Vec<Vec<PatientRecord>>; 2]> {
    let information = Information { number_at_risk: true, events: true, marks: false };
    let reading = FigureReading::Pixels { columns: 800, rows: 500 };
    let arm = |patients: &[PatientRecord]| {
        let input = figure_of("coverage", patients, reading, information)?;
        impute(&input, &ReconstructionOptions::default(), &ImputationOptions { imputations, seed }).ok()
    };
    Some([arm(&arms[0])?, arm(&arms[1])?])
}
