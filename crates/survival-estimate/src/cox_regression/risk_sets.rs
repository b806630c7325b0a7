//! Sums over risk sets: the partial likelihood with its derivatives, event time by event time.

use nalgebra::{DMatrix, DVector};

use super::CoxData;
use crate::cox::Ties;

/// Patients sorted once: by stratum, then from the latest time to the earliest, so that a risk set only grows.
#[derive(Debug, Clone)]
pub(super) struct RiskSets {
    /// Stratum, time, event, covariates.
    rows: Vec<Row>,
    columns: usize,
    ties: Ties,
}

#[derive(Debug, Clone)]
struct Row {
    stratum: u32,
    time: f64,
    event: bool,
    values: DVector<f64>,
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
    /// Covariates of the patients with the event.
    pub(super) covariates: Vec<&'a DVector<f64>>,
    /// Σ over the tied events of the mean covariates of those at risk.
    pub(super) expected: DVector<f64>,
    /// Σ over the tied events of the covariance of the covariates of those at risk.
    pub(super) variance: DMatrix<f64>,
    /// Contribution to the log likelihood.
    pub(super) log_likelihood: f64,
}

/// Sums of weights e^(xβ), weighted covariates and weighted products.
#[derive(Clone)]
struct Sums {
    weight: f64,
    first: DVector<f64>,
    second: DMatrix<f64>,
}

impl Sums {
    fn zero(columns: usize) -> Self {
        Self { weight: 0.0, first: DVector::zeros(columns), second: DMatrix::zeros(columns, columns) }
    }

    fn add(&mut self, weight: f64, values: &DVector<f64>) {
        self.weight += weight;
        self.first.axpy(weight, values, 1.0);
        self.second.ger(weight, values, values, 1.0);
    }
}

impl RiskSets {
    /// `values` are the covariates of each patient.
    pub(super) fn new(data: &CoxData, values: &[Vec<f64>], ties: Ties) -> Self {
        let mut rows: Vec<Row> = data
            .patients
            .iter()
            .zip(values)
            .enumerate()
            .map(|(index, (patient, values))| Row {
                stratum: data.strata.get(index).copied().unwrap_or(0),
                time: patient.time,
                event: patient.event,
                values: DVector::from_column_slice(values),
            })
            .collect();
        rows.sort_by(|one, two| one.stratum.cmp(&two.stratum).then(two.time.total_cmp(&one.time)));
        Self { rows, columns: values.first().map_or(0, Vec::len), ties }
    }

    pub(super) fn events(&self) -> u32 {
        self.rows.iter().filter(|row| row.event).count() as u32
    }

    /// Calls `each` for every event time, stratum by stratum, from the latest to the earliest.
    pub(super) fn visit<'a>(&'a self, beta: &DVector<f64>, mut each: impl FnMut(EventMoment<'a>)) {
        for stratum in self.rows.chunk_by(|one, two| one.stratum == two.stratum) {
            // A constant in all linear predictors of a stratum cancels; with the largest taken off nothing
            // overflows.
            let largest = stratum.iter().map(|row| row.values.dot(beta)).fold(f64::NEG_INFINITY, f64::max);
            let mut at_risk = Sums::zero(self.columns);
            for tied in stratum.chunk_by(|one, two| one.time == two.time) {
                let mut with_event = Sums::zero(self.columns);
                let mut predictor = 0.0;
                for row in tied {
                    let linear = row.values.dot(beta) - largest;
                    at_risk.add(linear.exp(), &row.values);
                    if row.event {
                        with_event.add(linear.exp(), &row.values);
                        predictor += linear;
                    }
                }
                let covariates: Vec<&DVector<f64>> =
                    tied.iter().filter(|row| row.event).map(|row| &row.values).collect();
                if !covariates.is_empty() {
                    let (stratum, time) = (tied[0].stratum, tied[0].time);
                    each(self.moment(stratum, time, covariates, predictor, &at_risk, &with_event));
                }
            }
        }
    }

    fn moment<'a>(
        &self,
        stratum: u32,
        time: f64,
        covariates: Vec<&'a DVector<f64>>,
        predictor: f64,
        at_risk: &Sums,
        with_event: &Sums,
    ) -> EventMoment<'a> {
        let events = covariates.len();
        let mut moment = EventMoment {
            stratum,
            time,
            covariates,
            expected: DVector::zeros(self.columns),
            variance: DMatrix::zeros(self.columns, self.columns),
            log_likelihood: predictor,
        };
        for earlier in 0..events {
            let removed = match self.ties {
                Ties::Efron => earlier as f64 / events as f64,
                Ties::Breslow => 0.0,
            };
            let weight = at_risk.weight - removed * with_event.weight;
            let mean = (&at_risk.first - &with_event.first * removed) / weight;
            moment.log_likelihood -= weight.ln();
            moment.variance += (&at_risk.second - &with_event.second * removed) / weight;
            moment.variance.ger(-1.0, &mean, &mean, 1.0);
            moment.expected += mean;
        }
        moment
    }

    pub(super) fn derivatives(&self, beta: &DVector<f64>) -> Derivatives {
        let mut sum = Derivatives {
            value: 0.0,
            score: DVector::zeros(self.columns),
            information: DMatrix::zeros(self.columns, self.columns),
        };
        self.visit(beta, |moment| {
            sum.value += moment.log_likelihood;
            for covariates in &moment.covariates {
                sum.score += *covariates;
            }
            sum.score -= &moment.expected;
            sum.information += &moment.variance;
        });
        sum
    }
}
