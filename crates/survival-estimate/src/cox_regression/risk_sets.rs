//! Sums over risk sets: the partial likelihood with its derivatives, event time by event time.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};

use super::CoxData;
use super::exact_ties::SubsetTable;
use crate::cox::Ties;

/// Patients sorted once: by stratum, then from the latest time to the earliest, so that a risk set only grows; of
/// those with one time the ones with an event come first.
#[derive(Debug, Clone)]
pub(super) struct RiskSets {
    rows: Vec<Row>,
    /// Rows × columns: the covariates of one patient lie together.
    values: Vec<f64>,
    columns: usize,
    ties: Ties,
}

/// One patient.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) stratum: u32,
    pub(super) time: f64,
    pub(super) event: bool,
    /// Index in the data.
    pub(super) patient: usize,
}

/// Log partial likelihood with its first and negative second derivatives.
#[derive(Debug, Clone)]
pub(super) struct Derivatives {
    pub(super) value: f64,
    pub(super) score: DVector<f64>,
    pub(super) information: DMatrix<f64>,
}

/// One event time of one stratum.
pub(super) struct EventMoment<'a> {
    pub(super) stratum: u32,
    pub(super) time: f64,
    /// Covariates of the patients with the event, one after the other.
    pub(super) covariates: &'a [f64],
    /// Σ over the tied events of the mean covariates of those at risk.
    pub(super) expected: &'a DVector<f64>,
    /// Σ over the tied events of the covariance of the covariates of those at risk.
    pub(super) variance: &'a DMatrix<f64>,
    /// Contribution to the log likelihood.
    pub(super) log_likelihood: f64,
}

/// Sums of weights e^(xβ), weighted covariates and weighted products.
#[derive(Clone)]
pub(super) struct Sums {
    pub(super) weight: f64,
    pub(super) first: DVector<f64>,
    second: DMatrix<f64>,
}

impl Sums {
    fn zero(columns: usize) -> Self {
        Self { weight: 0.0, first: DVector::zeros(columns), second: DMatrix::zeros(columns, columns) }
    }

    fn clear(&mut self) {
        self.weight = 0.0;
        self.first.fill(0.0);
        self.second.fill(0.0);
    }

    fn add(&mut self, weight: f64, values: &[f64]) {
        self.weight += weight;
        for (row, value) in values.iter().enumerate() {
            let weighted = weight * value;
            self.first[row] += weighted;
            for (column, other) in values.iter().enumerate() {
                self.second[(row, column)] += weighted * other;
            }
        }
    }
}

/// Patients of one stratum with one follow-up time.
pub(super) struct TiedTime<'a> {
    /// Their rows; the first `events` have the event.
    pub(super) rows: Range<usize>,
    pub(super) events: usize,
    /// True at the latest time of a stratum.
    pub(super) first_of_stratum: bool,
    /// The largest linear predictor of the stratum, which was taken off all.
    pub(super) largest: f64,
    /// Those at risk.
    pub(super) at_risk: &'a Sums,
    /// Those with the event; 0 unless there are several.
    pub(super) with_event: &'a Sums,
}

impl TiedTime<'_> {
    /// Of the `events` tied, the share that the one after `earlier` others no longer sees.
    pub(super) fn removed(&self, earlier: usize, ties: Ties) -> f64 {
        match ties {
            Ties::Efron => earlier as f64 / self.events as f64,
            Ties::Breslow | Ties::Exact => 0.0,
        }
    }
}

impl RiskSets {
    /// `values` are the covariates of each patient, one patient after the other.
    pub(super) fn new(data: &CoxData, values: &[f64], columns: usize, ties: Ties) -> Self {
        let row = |(patient, one): (usize, &kmeta_trial_data::PatientRecord)| Row {
            stratum: data.strata.get(patient).copied().unwrap_or(0),
            time: one.time,
            event: one.event,
            patient,
        };
        let mut rows: Vec<Row> = data.patients.iter().enumerate().map(row).collect();
        // −0 and 0 are one time.
        let time = |row: &Row| row.time + 0.0;
        rows.sort_unstable_by(|one, two| {
            one.stratum
                .cmp(&two.stratum)
                .then_with(|| time(two).total_cmp(&time(one)))
                .then(two.event.cmp(&one.event))
                .then(one.patient.cmp(&two.patient))
        });
        let mut sorted = Vec::with_capacity(values.len());
        for row in &rows {
            sorted.extend_from_slice(&values[row.patient * columns..(row.patient + 1) * columns]);
        }
        Self { rows, values: sorted, columns, ties }
    }

    pub(super) fn events(&self) -> u32 {
        self.rows.iter().filter(|row| row.event).count() as u32
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(super) fn values(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    pub(super) fn linear(&self, row: usize, beta: &DVector<f64>) -> f64 {
        self.values(row).iter().zip(beta.iter()).map(|(value, beta)| value * beta).sum()
    }

    /// Calls `each` for every distinct follow-up time, stratum by stratum, from the latest to the earliest.
    pub(super) fn visit_sums(&self, beta: &DVector<f64>, mut each: impl FnMut(&TiedTime)) {
        let (mut at_risk, mut with_event) = (Sums::zero(self.columns), Sums::zero(self.columns));
        let mut end = 0;
        for stratum in self.rows.chunk_by(|one, two| one.stratum == two.stratum) {
            let start = end;
            end += stratum.len();
            // A constant in all linear predictors of a stratum cancels; with the largest taken off nothing
            // overflows.
            let largest = (start..end).map(|row| self.linear(row, beta)).fold(f64::NEG_INFINITY, f64::max);
            at_risk.clear();
            let mut next = start;
            for tied in stratum.chunk_by(|one, two| one.time == two.time) {
                let rows = next..next + tied.len();
                next = rows.end;
                let events = tied.iter().take_while(|row| row.event).count();
                if events > 1 {
                    with_event.clear();
                }
                for row in rows.clone() {
                    let weight = (self.linear(row, beta) - largest).exp();
                    at_risk.add(weight, self.values(row));
                    if events > 1 && self.rows[row].event {
                        with_event.add(weight, self.values(row));
                    }
                }
                let first_of_stratum = rows.start == start;
                let (at_risk, with_event) = (&at_risk, &with_event);
                each(&TiedTime { rows, events, first_of_stratum, largest, at_risk, with_event });
            }
        }
    }

    /// Calls `each` for every event time, stratum by stratum, from the latest to the earliest.
    pub(super) fn visit(&self, beta: &DVector<f64>, mut each: impl FnMut(&EventMoment)) {
        let mut expected = DVector::zeros(self.columns);
        let mut variance = DMatrix::zeros(self.columns, self.columns);
        let mut mean = expected.clone();
        let mut subsets =
            (self.ties == Ties::Exact).then(|| SubsetTable::new(self.columns, self.most_tied()));
        self.visit_sums(beta, |tied| {
            let linear = |row: usize| self.linear(row, beta) - tied.largest;
            if let Some(subsets) = &mut subsets {
                if tied.first_of_stratum {
                    subsets.clear();
                }
                tied.rows.clone().for_each(|row| subsets.add(linear(row), self.values(row)));
            }
            if tied.events == 0 {
                return;
            }
            expected.fill(0.0);
            variance.fill(0.0);
            let with_event = tied.rows.start..tied.rows.start + tied.events;
            let mut log_likelihood: f64 = with_event.clone().map(linear).sum();
            if let Some(subsets) = subsets.as_ref().filter(|_| tied.events > 1) {
                log_likelihood -= subsets.log_sum(tied.events);
                expected.copy_from_slice(subsets.mean(tied.events));
                variance.copy_from_slice(subsets.variance(tied.events));
            } else {
                for earlier in 0..tied.events {
                    log_likelihood -=
                        self.add_moment(tied, earlier, &mut mean, &mut expected, &mut variance).ln();
                }
            }
            let Row { stratum, time, .. } = self.rows[tied.rows.start];
            let covariates = &self.values[with_event.start * self.columns..with_event.end * self.columns];
            let (expected, variance) = (&expected, &variance);
            each(&EventMoment { stratum, time, covariates, expected, variance, log_likelihood });
        });
    }

    /// Adds mean and covariance of the covariates of those whom one tied event sees; returns their total weight.
    fn add_moment(
        &self,
        tied: &TiedTime,
        earlier: usize,
        mean: &mut DVector<f64>,
        expected: &mut DVector<f64>,
        variance: &mut DMatrix<f64>,
    ) -> f64 {
        let (all, some) = (tied.at_risk, tied.with_event);
        let removed = tied.removed(earlier, self.ties);
        let left = |all: f64, some: f64| if removed == 0.0 { all } else { all - removed * some };
        let weight = left(all.weight, some.weight);
        for column in 0..self.columns {
            mean[column] = left(all.first[column], some.first[column]) / weight;
            expected[column] += mean[column];
            for row in 0..=column {
                let product = left(all.second[(row, column)], some.second[(row, column)]) / weight;
                let covariance = product - mean[row] * mean[column];
                variance[(row, column)] += covariance;
                if row != column {
                    variance[(column, row)] += covariance;
                }
            }
        }
        weight
    }

    /// The largest number of events of one stratum at one time.
    fn most_tied(&self) -> usize {
        let same = |one: &Row, two: &Row| one.stratum == two.stratum && one.time == two.time;
        let events = |tied: &[Row]| tied.iter().filter(|row| row.event).count();
        self.rows.chunk_by(same).map(events).max().unwrap_or(0)
    }

    pub(super) fn derivatives(&self, beta: &DVector<f64>) -> Derivatives {
        let mut sum = Derivatives {
            value: 0.0,
            score: DVector::zeros(self.columns),
            information: DMatrix::zeros(self.columns, self.columns),
        };
        self.visit(beta, |moment| {
            sum.value += moment.log_likelihood;
            for (index, value) in moment.covariates.iter().enumerate() {
                sum.score[index % self.columns] += value;
            }
            sum.score -= moment.expected;
            sum.information += moment.variance;
        });
        sum
    }
}
