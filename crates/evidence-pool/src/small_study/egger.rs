//! Egger's test of funnel asymmetry as every pooled effect carries it.

use kmeta_trial_data::EggerTest;

use super::line::multiplicative;
use crate::model::Effects;

/// Regression of y/s on 1/s by ordinary least squares (Egger et al. 1997); the intercept is 0 for a symmetric
/// funnel. Equal to the slope of y on s with weights 1/s² and a multiplicative error (R meta `metabias(method =
/// "Egger")`, metafor `regtest(model = "lm")`), which is how it is computed. `None` with fewer than three studies, with
/// equal standard errors, and where the points lie on a line, so that there is no error to test against.
pub(crate) fn egger(effects: &Effects) -> Option<EggerTest> {
    let k = effects.len();
    if k < 3 {
        return None;
    }
    let errors: Vec<f64> = effects.variances.iter().map(|variance| variance.sqrt()).collect();
    let weights = effects.variances.iter().map(|variance| variance.recip()).collect();
    let line = multiplicative(&effects.values, &errors, weights).ok()?;
    let p_value = line.p_value(line.slope).ok()?;
    Some(EggerTest {
        intercept: line.slope.value,
        standard_error: line.slope.standard_error,
        t: line.slope.statistic(),
        degrees_of_freedom: k as u32 - 2,
        p_value,
    })
}
