//! Scales of effects: from counts to the analysis scale, and back to the scale people read.

use kmeta_trial_data::{BackTransformSize, EffectMeasure};

use crate::ProportionCount;

/// Added to cells of a study with 0 or only events, where a logit or logarithm would be infinite or a variance
/// 0. Other studies stay as they are (R meta's `incr = 0.5, method.incr = "only0"`).
const CONTINUITY_CORRECTION: f64 = 0.5;

/// Whether a study needs the continuity correction on this scale.
pub(crate) fn needs_correction(measure: EffectMeasure, count: &ProportionCount) -> bool {
    let extreme = count.events == 0 || count.events == count.total;
    extreme && matches!(measure, EffectMeasure::Logit | EffectMeasure::Log | EffectMeasure::Raw)
}

/// Effect and sampling variance of x events among n patients.
///
/// | measure | effect | variance |
/// |---|---|---|
/// | Freeman-Tukey | ½ [asin √(x/(n+1)) + asin √((x+1)/(n+1))] | 1/(4n+2) |
/// | arcsine | asin √(x/n) | 1/(4n) |
/// | logit | ln(x/(n−x)) | 1/x + 1/(n−x) |
/// | log | ln(x/n) | 1/x − 1/n |
/// | raw | x/n | x(n−x)/n³ |
///
/// The last three with the correction of ½: logit adds it to x and to n−x; log adds it to x and to n, but with
/// x = n not to the first term of the variance; raw uses it in the variance only (all as R meta does).
pub(crate) fn proportion_effect(measure: EffectMeasure, count: &ProportionCount) -> (f64, f64) {
    let add = if needs_correction(measure, count) { CONTINUITY_CORRECTION } else { 0.0 };
    corrected_effect(measure, f64::from(count.events), f64::from(count.total), add)
}

/// The same with `add` in place of the correction of ½.
pub(crate) fn corrected_effect(measure: EffectMeasure, x: f64, n: f64, add: f64) -> (f64, f64) {
    match measure {
        EffectMeasure::FreemanTukey => (freeman_tukey(x, n), 1.0 / (4.0 * n + 2.0)),
        EffectMeasure::Arcsine => ((x / n).sqrt().asin(), 1.0 / (4.0 * n)),
        EffectMeasure::Logit => {
            let (event, other) = (x + add, n - x + add);
            ((event / other).ln(), 1.0 / event + 1.0 / other)
        }
        EffectMeasure::Log => {
            let first = if x == n { x } else { x + add };
            (((x + add) / (n + add)).ln(), 1.0 / first - 1.0 / (n + add))
        }
        // Measures that are no proportion are refused before this is called.
        EffectMeasure::Raw
        | EffectMeasure::LogHazardRatio
        | EffectMeasure::LogOddsRatio
        | EffectMeasure::LogRiskRatio
        | EffectMeasure::RiskDifference
        | EffectMeasure::ArcsineDifference
        | EffectMeasure::Generic => (x / n, (x + add) * (n - x + add) / (n + 2.0 * add).powi(3)),
    }
}

/// Half the double arcsine (Freeman & Tukey 1950), defined for any x from 0 to n.
fn freeman_tukey(x: f64, n: f64) -> f64 {
    0.5 * ((x / (n + 1.0)).sqrt().asin() + ((x + 1.0) / (n + 1.0)).sqrt().asin())
}

/// Range of Freeman-Tukey values that n patients can have. Miller's inverse means nothing outside of it.
pub(crate) fn freeman_tukey_range(n: f64) -> (f64, f64) {
    (freeman_tukey(0.0, n), freeman_tukey(n, n))
}

/// Miller 1978, equation 3, with T = 2t: p = ½ {1 − sgn(cos T) √[1 − (sin T + (sin T − 1/sin T)/n)²]}; 0 and 1
/// below and above the range of t.
fn freeman_tukey_inverse(t: f64, n: f64) -> f64 {
    let (lowest, highest) = freeman_tukey_range(n);
    if t <= lowest {
        return 0.0;
    }
    if t >= highest {
        return 1.0;
    }
    let (sine, cosine) = (2.0 * t).sin_cos();
    let inner = sine + (sine - 1.0 / sine) / n;
    0.5 * (1.0 - cosine.signum() * (1.0 - inner * inner).max(0.0).sqrt())
}

/// A scale with all that its inverse needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) measure: EffectMeasure,
    /// Sample size for Miller's inverse; unused by other measures.
    pub(crate) size: f64,
}

impl Scale {
    /// From the analysis scale to a proportion or a ratio. Arcsine values outside 0 to π/2 give 0 and 1. A
    /// ratio too large for a double is held at the largest, so that results stay numbers.
    pub(crate) fn shown(self, value: f64) -> f64 {
        match self.measure {
            EffectMeasure::FreemanTukey => freeman_tukey_inverse(value, self.size),
            EffectMeasure::Arcsine => value.clamp(0.0, std::f64::consts::FRAC_PI_2).sin().powi(2),
            EffectMeasure::Logit => 1.0 / (1.0 + (-value).exp()),
            EffectMeasure::Raw
            | EffectMeasure::RiskDifference
            | EffectMeasure::ArcsineDifference
            | EffectMeasure::Generic => value,
            EffectMeasure::Log
            | EffectMeasure::LogHazardRatio
            | EffectMeasure::LogOddsRatio
            | EffectMeasure::LogRiskRatio => value.exp().min(f64::MAX),
        }
    }
}

/// A value of the analysis scale on the scale people read: a proportion, a ratio, or itself. `size` is the sample size at
/// which a Freeman-Tukey value is transformed back ([`kmeta_trial_data::PooledEffect::back_transform_size`]); other measures
/// do not use it.
///
/// ```
/// use kmeta_evidence_pool::reading_scale;
/// use kmeta_trial_data::EffectMeasure;
/// assert!((reading_scale(EffectMeasure::LogHazardRatio, None, 0.5_f64.ln()) - 0.5).abs() < 1e-15);
/// ```
pub fn reading_scale(measure: EffectMeasure, size: Option<f64>, value: f64) -> f64 {
    Scale { measure, size: size.unwrap_or(1.0) }.shown(value)
}

/// The sample size of a pool by the chosen rule. `variance` is that of the pooled value, with study variances
/// 1/(4n + 2) (R: `transf.ipft(t, ni = 1/se²)`).
pub(crate) fn back_transform_size(rule: BackTransformSize, totals: &[f64], variance: f64) -> f64 {
    let k = totals.len() as f64;
    match rule {
        BackTransformSize::HarmonicMean => k / totals.iter().map(|total| 1.0 / total).sum::<f64>(),
        BackTransformSize::ArithmeticMean => totals.iter().sum::<f64>() / k,
        BackTransformSize::InverseVariance => 1.0 / variance,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn millers_inverse_returns_the_counts() {
        for n in [1, 5, 20, 150] {
            for x in 0..=n {
                let (x, n) = (f64::from(x), f64::from(n));
                assert_relative_eq!(freeman_tukey_inverse(freeman_tukey(x, n), n), x / n, epsilon = 1e-12);
            }
        }
    }
}
