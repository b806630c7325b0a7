//! Cochran's Q, I² and H.

use kmeta_numerics::distributions::chi_squared_upper;
use kmeta_trial_data::{Heterogeneity, Interval};

use super::tau_squared::{Fixed, standard_error};
use super::tau_squared_interval::tau_squared_interval;
use super::{Effects, Fit, ModelOptions, two_sided_normal};
use crate::PoolError;

/// Heterogeneity of a set of studies. With one study Q is 0 and the rest is absent. Where τ² was given rather than
/// estimated, its standard error is absent.
pub(crate) fn heterogeneity(
    effects: &Effects,
    fit: &Fit,
    options: &ModelOptions,
) -> Result<Heterogeneity, PoolError> {
    let k = effects.len();
    let degrees_of_freedom = (k - 1) as u32;
    let method = options.tau_squared_interval;
    if k == 1 {
        return Ok(Heterogeneity { tau_squared_interval_method: method, ..Heterogeneity::default() });
    }
    let df = f64::from(degrees_of_freedom);
    let strata = [effects.group()];
    let limits = tau_squared_interval(&strata, options)?;
    let typical = Fixed::of(&strata).typical_variance(df);
    let share = |tau_squared: f64| tau_squared / (tau_squared + typical);
    let h_squared = |tau_squared: f64| 1.0 + tau_squared / typical;
    let each = |of: &dyn Fn(f64) -> f64| {
        limits.map(|limits| Interval { lower: of(limits.lower), upper: of(limits.upper) })
    };
    Ok(Heterogeneity {
        tau_squared: Some(fit.tau_squared),
        tau_squared_interval: limits,
        tau_squared_interval_method: method,
        tau_squared_standard_error: standard_error(effects.group(), options.tau_squared, fit.tau_squared)
            .filter(|_| fit.tau_squared_is_own),
        i_squared_from_tau_squared: Some(share(fit.tau_squared)),
        i_squared_from_tau_squared_interval: each(&share),
        h_squared_from_tau_squared: Some(h_squared(fit.tau_squared)),
        h_squared_from_tau_squared_interval: each(&h_squared),
        ..heterogeneity_of_q(fit.q, k, options.confidence_level)?
    })
}

/// Q, I² and H of a Q that was computed elsewhere; τ² is left out.
pub(crate) fn heterogeneity_of_q(q: f64, k: usize, level: f64) -> Result<Heterogeneity, PoolError> {
    let degrees_of_freedom = (k - 1) as u32;
    let df = f64::from(degrees_of_freedom);
    let h = (q / df).sqrt().max(1.0);
    let h_interval = h_interval(q, k, h, two_sided_normal(level)?);
    Ok(Heterogeneity {
        q,
        degrees_of_freedom,
        p_value: Some(chi_squared_upper(q, df)?),
        i_squared: Some(i_squared(h)),
        i_squared_interval: h_interval
            .map(|limits| Interval { lower: i_squared(limits.lower), upper: i_squared(limits.upper) }),
        h: Some(h),
        h_interval,
        ..Heterogeneity::default()
    })
}

/// I² = (H² − 1)/H², which is max(0, (Q − df)/Q).
fn i_squared(h: f64) -> f64 {
    (h * h - 1.0) / (h * h)
}

/// Test-based interval exp(ln H ± z·SE(ln H)), cut at 1 (Higgins & Thompson 2002). SE(ln H) is
/// ½ (ln Q − ln(k − 1)) / (√(2Q) − √(2k − 3)) for Q > k, else √(1/(2(k − 2)) · (1 − 1/(3(k − 2)²))). Absent
/// with two studies and Q ≤ 2, where neither is defined.
fn h_interval(q: f64, k: usize, h: f64, z: f64) -> Option<Interval> {
    let k = k as f64;
    let standard_error = if q > k {
        0.5 * (q.ln() - (k - 1.0).ln()) / ((2.0 * q).sqrt() - (2.0 * k - 3.0).sqrt())
    } else if k > 2.0 {
        (1.0 / (2.0 * (k - 2.0)) * (1.0 - 1.0 / (3.0 * (k - 2.0).powi(2)))).sqrt()
    } else {
        return None;
    };
    let limit = |side: f64| (h.ln() + side * z * standard_error).exp().max(1.0);
    Some(Interval { lower: limit(-1.0), upper: limit(1.0) })
}
