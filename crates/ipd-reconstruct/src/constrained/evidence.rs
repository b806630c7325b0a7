//! What is known of one arm, checked and on one time line.

use kmeta_trial_data::Finding;

use crate::timeline::{Column, Drop, Timeline};
use crate::{NumberAtRiskConvention, ReconstructionError, ReconstructionInput, ReconstructionOptions};

/// A printed statement on survival, as an observation of the level after a drop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum PrintedLevel {
    /// Survival at a time, with the half-width of its rounding.
    Survival {
        /// Time it is printed for.
        time: f64,
        /// Survival as printed.
        survival: f64,
        /// Half a unit of its last digit.
        half_width: f64,
    },
    /// The curve (or a limit of its interval) is above one half until `from` and not above it after `to`.
    Crossing {
        /// Which curve crosses.
        limit: Limit,
        /// Earliest time at which it may cross.
        from: f64,
        /// Latest such time; none when it is printed as not reached.
        to: Option<f64>,
    },
}

/// A curve whose crossing of one half is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// The survival curve: the median.
    Estimate,
    /// The lower limit of survival: the lower limit of the median.
    Lower,
    /// The upper limit of survival: the upper limit of the median.
    Upper,
}

/// All that is known of one arm.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    /// Drops with rising times and falling levels.
    pub(crate) drops: Vec<Drop>,
    /// Columns with positive counts; the first holds all patients at time 0.
    pub(crate) columns: Vec<Column>,
    /// Censor marks before the end, ascending.
    pub(crate) marks: Vec<f64>,
    /// Longest follow-up.
    pub(crate) end: f64,
    /// Total of events.
    pub(crate) total_events: Option<u32>,
    /// Columns that other statements contradict: met as closely as those allow.
    pub(crate) soft_columns: Vec<Column>,
    /// A total of events that other statements contradict, likewise.
    pub(crate) soft_events: Option<u32>,
    /// Whether each mark is at least one patient.
    pub(crate) marks_bind: bool,
    /// Whether each drop that is taller than a reading error has an event: true unless there are more such drops
    /// than patients.
    pub(crate) drops_bind: bool,
    /// What a number at risk counts.
    pub(crate) convention: NumberAtRiskConvention,
    /// Printed survival rates, median and its interval.
    pub(crate) printed: Vec<PrintedLevel>,
    /// What was noticed.
    pub(crate) findings: Vec<Finding>,
    /// Whether statements were found to disagree.
    pub(crate) conflict: bool,
}

impl Evidence {
    /// Checks the input and lays it out.
    pub(crate) fn new(
        input: &ReconstructionInput,
        options: &ReconstructionOptions,
    ) -> Result<Self, ReconstructionError> {
        let timeline = Timeline::new(input, options.number_at_risk_convention)?;
        let mut marks: Vec<f64> = if options.use_censor_marks {
            input.censor_times.iter().copied().filter(|&time| time < timeline.end).collect()
        } else {
            Vec::new()
        };
        marks.sort_by(f64::total_cmp);
        Ok(Self {
            printed: printed_levels(input),
            drops: timeline.drops,
            columns: timeline.columns,
            marks,
            end: timeline.end,
            total_events: input.total_events,
            soft_columns: Vec::new(),
            soft_events: None,
            marks_bind: true,
            drops_bind: true,
            convention: options.number_at_risk_convention,
            findings: timeline.findings,
            conflict: timeline.conflict,
        })
    }

    /// Patients of the arm.
    pub(crate) fn patients(&self) -> u32 {
        self.columns[0].at_risk
    }

    /// The curve and the number of patients alone.
    pub(crate) fn curve_only(&self) -> Self {
        Self {
            drops: self.drops.clone(),
            columns: vec![self.columns[0]],
            marks: Vec::new(),
            end: self.end,
            total_events: None,
            soft_columns: Vec::new(),
            soft_events: None,
            marks_bind: true,
            drops_bind: self.drops_bind,
            convention: self.convention,
            printed: Vec::new(),
            findings: Vec::new(),
            conflict: false,
        }
    }

    /// Survival of the read curve just before (or just after) `time`, as the convention of the risk table has it.
    pub(crate) fn level_at_column(&self, time: f64) -> f64 {
        let passed = match self.convention {
            NumberAtRiskConvention::Before => self.drops.partition_point(|drop| drop.time < time),
            NumberAtRiskConvention::At | NumberAtRiskConvention::After => {
                self.drops.partition_point(|drop| drop.time <= time)
            }
        };
        passed.checked_sub(1).map_or(1.0, |last| self.drops[last].survival)
    }
}

fn printed_levels(input: &ReconstructionInput) -> Vec<PrintedLevel> {
    let mut levels: Vec<PrintedLevel> = input
        .survival_printed
        .iter()
        .filter(|rate| rate.time.is_finite() && rate.survival.is_finite() && rate.half_width >= 0.0)
        .map(|rate| PrintedLevel::Survival {
            time: rate.time,
            survival: rate.survival,
            half_width: rate.half_width,
        })
        .collect();
    let half_width = input.median_half_width;
    let mut crossing = |limit: Limit, value: Option<f64>| {
        if let Some(value) = value.filter(|value| value.is_finite() && *value >= 0.0) {
            let half_width = half_width.unwrap_or_else(|| half_unit(value));
            let (from, to) = (value - half_width, Some(value + half_width));
            levels.push(PrintedLevel::Crossing { limit, from, to });
        }
    };
    crossing(Limit::Estimate, input.median_printed);
    if let Some((lower, upper)) = input.median_interval_printed {
        crossing(Limit::Lower, Some(lower));
        crossing(Limit::Upper, upper);
    }
    levels
}

/// Half a unit of the last decimal that a number is written with, at most six.
pub(crate) fn half_unit(value: f64) -> f64 {
    let decimals = (0..=6).find(|&decimals| {
        let scaled = value * 10.0_f64.powi(decimals);
        (scaled - scaled.round()).abs() < 1e-6
    });
    0.5 * 0.1_f64.powi(decimals.unwrap_or(6))
}
