//! Checked covariates, centred and scaled to unit variance, so that tolerances mean the same for all.

use nalgebra::DVector;

use super::{CoxData, CoxRegression};
use crate::SurvivalError;
use crate::patients::check_patients;

/// The columns of all terms.
#[derive(Debug, Clone)]
pub(super) struct Standardized {
    /// Name of each column.
    pub(super) names: Vec<String>,
    /// Standard deviation by which each was divided.
    pub(super) scales: Vec<f64>,
    /// Mean that was taken off each.
    pub(super) means: Vec<f64>,
    /// Patients × columns: the values of one patient lie together.
    pub(super) values: Vec<f64>,
}

impl Standardized {
    pub(super) fn new(data: &CoxData) -> Result<Self, SurvivalError> {
        check_patients("patients", data.patients)?;
        let patients = data.patients.len();
        if !data.strata.is_empty() && data.strata.len() != patients {
            return Err(SurvivalError::InvalidCovariate {
                name: "stratum".to_owned(),
                reason: format!("{} values for {patients} patients", data.strata.len()),
            });
        }
        let columns: usize = data.terms.iter().map(|term| term.columns.len()).sum();
        if columns == 0 {
            return Err(SurvivalError::NoCovariates);
        }
        let mut all = Self {
            names: Vec::new(),
            scales: Vec::new(),
            means: Vec::new(),
            values: vec![0.0; patients * columns],
        };
        for (place, (name, values)) in data.terms.iter().flat_map(|term| &term.columns).enumerate() {
            all.add(name, values, patients, (place, columns))?;
        }
        Ok(all)
    }

    /// Adds the column at `place` of so many.
    fn add(
        &mut self,
        name: &str,
        values: &[f64],
        patients: usize,
        (place, columns): (usize, usize),
    ) -> Result<(), SurvivalError> {
        let invalid = |reason: String| SurvivalError::InvalidCovariate { name: name.to_owned(), reason };
        if values.len() != patients {
            return Err(invalid(format!("{} values for {patients} patients", values.len())));
        }
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            let value = values[index];
            return Err(invalid(format!("value {value} of patient {index} (counted from 0) is not finite")));
        }
        let mean = values.iter().sum::<f64>() / patients as f64;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / patients as f64;
        let scale = variance.sqrt();
        if !(scale.is_finite() && scale > 1e-14 * mean.abs() && scale > 0.0) {
            return Err(SurvivalError::CollinearCovariate { name: name.to_owned() });
        }
        self.names.push(name.to_owned());
        self.scales.push(scale);
        self.means.push(mean);
        for (patient, value) in values.iter().enumerate() {
            self.values[patient * columns + place] = (value - mean) / scale;
        }
        Ok(())
    }

    /// The coefficients of a fit per standard deviation of each column.
    pub(super) fn coefficients(&self, fit: &CoxRegression) -> Result<DVector<f64>, SurvivalError> {
        let fitted = fit.coefficients.iter().map(|one| &one.name);
        if !fitted.eq(&self.names) {
            return Err(SurvivalError::InvalidCovariate {
                name: self.names.join(", "),
                reason: "these are not the columns of the fit: it is of other data".to_owned(),
            });
        }
        let values = fit.coefficients.iter().zip(&self.scales).map(|(one, scale)| one.value * scale);
        Ok(DVector::from_iterator(self.names.len(), values))
    }
}
