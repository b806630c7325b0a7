//! Checked covariates, centred and scaled to unit variance, so that tolerances mean the same for all.

use super::CoxData;
use crate::SurvivalError;
use crate::patients::check_patients;

/// The columns of all terms.
#[derive(Debug, Clone)]
pub(super) struct Standardized {
    /// Name of each column.
    pub(super) names: Vec<String>,
    /// Standard deviation by which each was divided.
    pub(super) scales: Vec<f64>,
    /// Columns × patients: the values of one patient lie together.
    pub(super) values: Vec<Vec<f64>>,
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
        let mut all = Self { names: Vec::new(), scales: Vec::new(), values: vec![Vec::new(); patients] };
        for (name, values) in data.terms.iter().flat_map(|term| &term.columns) {
            all.add(name, values)?;
        }
        if all.names.is_empty() { Err(SurvivalError::NoCovariates) } else { Ok(all) }
    }

    fn add(&mut self, name: &str, values: &[f64]) -> Result<(), SurvivalError> {
        let invalid = |reason: String| SurvivalError::InvalidCovariate { name: name.to_owned(), reason };
        let patients = self.values.len();
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
        for (row, value) in self.values.iter_mut().zip(values) {
            row.push((value - mean) / scale);
        }
        Ok(())
    }
}
