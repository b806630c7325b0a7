//! Egger's test of funnel asymmetry.

use kmeta_numerics::distributions::student_t_two_sided;
use kmeta_trial_data::EggerTest;

use crate::model::Effects;

/// Regression of y/s on 1/s by ordinary least squares (Egger et al. 1997); the intercept is 0 for a symmetric
/// funnel. Equal to the slope of y on s with weights 1/s² and a multiplicative error (R meta `metabias(method =
/// "Egger")`, metafor `regtest(model = "lm")`). `None` with fewer than three studies, with equal standard
/// errors, and where the points lie on a line, so that there is no error to test against.
pub(crate) fn egger(effects: &Effects) -> Option<EggerTest> {
    let k = effects.len();
    if k < 3 {
        return None;
    }
    let count = k as f64;
    let precision: Vec<f64> = effects.variances.iter().map(|variance| variance.sqrt().recip()).collect();
    let standardized: Vec<f64> =
        effects.values.iter().zip(&precision).map(|(value, precision)| value * precision).collect();
    let mean_x = precision.iter().sum::<f64>() / count;
    let mean_y = standardized.iter().sum::<f64>() / count;
    let pairs = || precision.iter().zip(&standardized);
    let spread: f64 = precision.iter().map(|x| (x - mean_x).powi(2)).sum();
    if spread <= 1e-12 * count * mean_x * mean_x {
        return None;
    }
    let slope = pairs().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>() / spread;
    let intercept = mean_y - slope * mean_x;
    let residual: f64 = pairs().map(|(x, y)| (y - intercept - slope * x).powi(2)).sum();
    let size: f64 = standardized.iter().map(|y| y * y).sum();
    if residual <= 1e-24 * size {
        return None;
    }
    let degrees_of_freedom = k as u32 - 2;
    let df = f64::from(degrees_of_freedom);
    let standard_error = (residual / df * (1.0 / count + mean_x * mean_x / spread)).sqrt();
    let t = intercept / standard_error;
    let p_value = student_t_two_sided(t, df).ok()?;
    Some(EggerTest { intercept, standard_error, t, degrees_of_freedom, p_value })
}
