//! PET, PEESE and the rule that chooses between them.

use kmeta_trial_data::{EffectMeasure, Estimate, Finding};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::adjusted::from_line;
use super::input::{
    FunnelStudy, at_least, check_settings, check_significance, check_studies, effects, reading_scale,
};
use super::line::{Line, NoLine, multiplicative};
use crate::PoolError;
use crate::finite_answer::finite_answer;

/// How PET-PEESE is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PetPeeseOptions {
    /// Scale of the effects.
    pub measure: EffectMeasure,
    /// PEESE is chosen when the two-sided p value of PET's intercept is below this. 0.1, the default, is one-sided 5%
    /// (Stanley 2017); Stanley & Doucouliagos 2014 test at 0.05.
    pub significance_level: f64,
    /// Level of intervals, strictly between 0 and 1.
    pub confidence_level: f64,
}

impl Default for PetPeeseOptions {
    fn default() -> Self {
        Self { measure: EffectMeasure::Generic, significance_level: 0.1, confidence_level: 0.95 }
    }
}

/// Which of the two is the conditional estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PetOrPeese {
    /// Precision-effect test: effect on standard error.
    Pet,
    /// Precision-effect estimate with standard error: effect on variance.
    Peese,
}

/// PET and PEESE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PetPeese {
    /// k.
    pub studies: u32,
    /// Intercept of effect on standard error.
    pub pet: Estimate,
    /// Slope of effect on standard error and its two-sided p value: the funnel asymmetry test (FAT), Egger's test.
    pub asymmetry: f64,
    /// p value of the slope.
    pub asymmetry_p_value: f64,
    /// Intercept of effect on variance.
    pub peese: Estimate,
    /// Which one the rule chooses.
    pub chosen: PetOrPeese,
    /// How it was made.
    pub options: PetPeeseOptions,
    /// What the analysis noticed.
    pub findings: Vec<Finding>,
}

impl PetPeese {
    /// The conditional estimate.
    pub fn conditional(&self) -> &Estimate {
        match self.chosen {
            PetOrPeese::Pet => &self.pet,
            PetOrPeese::Peese => &self.peese,
        }
    }
}

/// PET-PEESE (Stanley & Doucouliagos 2014): the intercept of weighted least squares of effects on standard errors (PET)
/// or on variances (PEESE), weights 1/v, multiplicative error, t with k − 2 degrees of freedom. The conditional
/// estimate is PEESE's when PET's intercept differs from 0 at `significance_level` (two-sided), otherwise PET's. R:
/// `coef(lm(yi ~ sei, weights = 1/vi))[1]` and `lm(yi ~ vi, weights = 1/vi)`.
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault: fewer than three studies, equal standard errors, effects on a line,
/// duplicate ids, effects or variances that are not finite, Freeman-Tukey effects.
pub fn pet_peese(studies: &[FunnelStudy], options: &PetPeeseOptions) -> Result<PetPeese, PoolError> {
    check_settings(options.confidence_level, 0.0)?;
    check_significance(options.significance_level)?;
    check_studies(studies)?;
    at_least(studies, 3, "PET-PEESE")?;
    let scale = reading_scale(options.measure)?;
    let funnel = effects(studies);
    let errors: Vec<f64> = funnel.variances.iter().map(|variance| variance.sqrt()).collect();
    let line = |predictor: &[f64]| -> Result<Line, PoolError> {
        let weights = funnel.variances.iter().map(|variance| variance.recip()).collect();
        multiplicative(&funnel.values, predictor, weights).map_err(no_line)
    };
    let (pet, peese) = (line(&errors)?, line(&funnel.variances)?);
    let pet_effect = from_line(&pet, pet.intercept, options.confidence_level, scale)?;
    let chosen = if pet.p_value(pet.intercept)? < options.significance_level {
        PetOrPeese::Peese
    } else {
        PetOrPeese::Pet
    };
    let mut findings = Vec::new();
    if studies.len() < 20 {
        findings.push(Finding::note(
            "pet-peese-few-studies",
            "PET-PEESE",
            format!(
                "{} studies: with fewer than 20, or with much heterogeneity, PET-PEESE is unreliable (Stanley 2017)",
                studies.len()
            ),
        ));
    }
    finite_answer(
        "PET-PEESE",
        PetPeese {
            studies: studies.len() as u32,
            pet: pet_effect,
            asymmetry: pet.slope.value,
            asymmetry_p_value: pet.p_value(pet.slope)?,
            peese: from_line(&peese, peese.intercept, options.confidence_level, scale)?,
            chosen,
            options: options.clone(),
            findings,
        },
    )
}

/// Why there is no regression line, as an error.
pub(crate) fn no_line(reason: NoLine) -> PoolError {
    match reason {
        NoLine::EqualPredictors => PoolError::EqualPrecision {
            what: "a trend of effects with precision".to_owned(),
            advice: "methods of this kind need studies of different sizes".to_owned(),
        },
        NoLine::PerfectFit => PoolError::NoScatter,
    }
}
