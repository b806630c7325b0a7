//! The baseline hazard of a Cox model and the survival it predicts.

use nalgebra::{DMatrix, DVector};

use super::risk_sets::RiskSets;
use super::standardize::Standardized;
use super::{CoxData, CoxRegression};
use crate::cox::Ties;
use crate::kaplan_meier::level_quantile;
use crate::{IntervalType, SurvivalError, SurvivalInterval};

/// Predicted survival of one stratum for given covariates, with one entry per distinct follow-up time of the
/// stratum, ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct CoxSurvival {
    /// The stratum; 0 in a model without strata.
    pub stratum: u32,
    /// Distinct follow-up times.
    pub times: Vec<f64>,
    /// Cumulative hazard from each time on.
    pub cumulative_hazard: Vec<f64>,
    /// Its standard error, which is that of the logarithm of survival too.
    pub standard_error: Vec<f64>,
}

impl CoxSurvival {
    /// Survival exp(−H) at each time.
    pub fn survival(&self) -> Vec<f64> {
        self.cumulative_hazard.iter().map(|hazard| (-hazard).exp()).collect()
    }

    /// Survival exp(−H) at a time: 1 before the first and the last value after the end of follow-up.
    pub fn survival_at(&self, time: f64) -> f64 {
        match self.times.partition_point(|&corner| corner <= time) {
            0 => 1.0,
            after => (-self.cumulative_hazard[after - 1]).exp(),
        }
    }

    /// Survival with its interval at each time (R `survfit(coxph, newdata, conf.type =)`).
    ///
    /// # Errors
    /// [`SurvivalError::InvalidLevel`] unless 0 < level < 1.
    pub fn intervals(
        &self,
        level: f64,
        interval: IntervalType,
    ) -> Result<Vec<SurvivalInterval>, SurvivalError> {
        let z = level_quantile(level)?;
        let limits = |(survival, &error): (f64, &f64)| {
            let (lower, upper) = interval.limits(survival, error, z).unzip();
            SurvivalInterval { survival, lower, upper }
        };
        Ok(self.survival().into_iter().zip(&self.standard_error).map(limits).collect())
    }
}

/// What one follow-up time adds.
struct Increment {
    stratum: u32,
    time: f64,
    hazard: f64,
    variance: f64,
    /// Σ (mean covariates of those at risk − asked for) × hazard.
    gradient: DVector<f64>,
}

/// Cumulative hazard and survival for a patient with the given covariates, in each stratum. With all covariates
/// 0 it is the baseline hazard (R `basehaz(fit, centered = FALSE)`).
///
/// The hazard at an event time is Σ 1/W over its tied events, W being the weights that each sees: Breslow's
/// estimate (1972), or Efron's, as in the fit. The variance has a part from the increments, Σ 1/W², and one from the
/// coefficients (Tsiatis 1981; Kalbfleisch & Prentice 2002, eq. 4.38). R: `survfit(coxph, newdata)`. After a fit with
/// exact ties the increments are Breslow's, as R's are.
///
/// # Errors
/// [`SurvivalError::InvalidCovariate`] when `data` is not of the fit, when there is not one finite value per column,
/// or when the values are so extreme that the hazard is no longer a number.
pub fn predicted_survival(
    data: &CoxData,
    fit: &CoxRegression,
    covariates: &[f64],
) -> Result<Vec<CoxSurvival>, SurvivalError> {
    let columns = Standardized::new(data)?;
    let beta = columns.coefficients(fit)?;
    let invalid = |reason: &str| SurvivalError::InvalidCovariate {
        name: columns.names.join(", "),
        reason: reason.to_owned(),
    };
    if covariates.len() != beta.len() || covariates.iter().any(|value| !value.is_finite()) {
        return Err(invalid("a prediction needs one finite value per column"));
    }
    let place = DVector::from_fn(beta.len(), |column, _| {
        (covariates[column] - columns.means[column]) / columns.scales[column]
    });
    let increments = increments(data, fit, &columns, &beta, &place);
    let covariance = DMatrix::from_fn(beta.len(), beta.len(), |row, column| {
        fit.covariance[row][column] * columns.scales[row] * columns.scales[column]
    });
    let mut strata: Vec<CoxSurvival> = Vec::new();
    for stratum in increments.chunk_by(|one, two| one.stratum == two.stratum) {
        let mut curve = CoxSurvival {
            stratum: stratum[0].stratum,
            times: Vec::with_capacity(stratum.len()),
            cumulative_hazard: Vec::with_capacity(stratum.len()),
            standard_error: Vec::with_capacity(stratum.len()),
        };
        let (mut hazard, mut variance, mut gradient) = (0.0, 0.0, DVector::zeros(beta.len()));
        for one in stratum.iter().rev() {
            hazard += one.hazard;
            variance += one.variance;
            gradient += &one.gradient;
            let error = (variance + gradient.dot(&(&covariance * &gradient))).sqrt();
            if !(hazard.is_finite() && error.is_finite()) {
                return Err(invalid("the values lie so far from the data that the hazard overflows"));
            }
            curve.times.push(one.time);
            curve.cumulative_hazard.push(hazard);
            curve.standard_error.push(error);
        }
        strata.push(curve);
    }
    Ok(strata)
}

/// Increments of every follow-up time, stratum by stratum, from the latest to the earliest.
fn increments(
    data: &CoxData,
    fit: &CoxRegression,
    columns: &Standardized,
    beta: &DVector<f64>,
    place: &DVector<f64>,
) -> Vec<Increment> {
    let ties = if fit.ties == Ties::Exact { Ties::Breslow } else { fit.ties };
    let sets = RiskSets::new(data, &columns.values, beta.len(), ties);
    let mut increments = Vec::new();
    sets.visit_sums(beta, |tied| {
        let row = sets.rows()[tied.rows.start];
        let relative = (place.dot(beta) - tied.largest).exp();
        let (mut hazard, mut variance, mut gradient) = (0.0, 0.0, DVector::zeros(beta.len()));
        for earlier in 0..tied.events {
            let removed = if tied.events > 1 { tied.removed(earlier, ties) } else { 0.0 };
            let step = relative / (tied.at_risk.weight - removed * tied.with_event.weight);
            hazard += step;
            variance += step * step;
            for column in 0..beta.len() {
                let first = tied.at_risk.first[column] - removed * tied.with_event.first[column];
                gradient[column] += first * step * (step / relative) - place[column] * step;
            }
        }
        increments.push(Increment { stratum: row.stratum, time: row.time, hazard, variance, gradient });
    });
    increments
}
