//! Cochran's Q, I², H and the interval of τ².

use kmeta_numerics::distributions::{chi_squared_quantile, chi_squared_upper};
use kmeta_trial_data::{Heterogeneity, Interval};

use crate::PoolError;
use crate::model::{Effects, Fit, two_sided_normal};
use crate::tau_squared::generalized_q_root;

/// Heterogeneity of a set of studies. With one study Q is 0 and the rest is absent.
pub(crate) fn heterogeneity(effects: &Effects, fit: &Fit, level: f64) -> Result<Heterogeneity, PoolError> {
    let k = effects.len();
    let degrees_of_freedom = (k - 1) as u32;
    if k == 1 {
        return Ok(Heterogeneity {
            q: 0.0,
            degrees_of_freedom,
            p_value: None,
            i_squared: None,
            i_squared_interval: None,
            h: None,
            h_interval: None,
            tau_squared: None,
            tau_squared_interval: None,
        });
    }
    let df = f64::from(degrees_of_freedom);
    let h = (fit.q / df).sqrt().max(1.0);
    let h_interval = h_interval(fit.q, k, h, two_sided_normal(level)?);
    Ok(Heterogeneity {
        q: fit.q,
        degrees_of_freedom,
        p_value: Some(chi_squared_upper(fit.q, df)?),
        i_squared: Some(i_squared(h)),
        i_squared_interval: h_interval
            .map(|limits| Interval { lower: i_squared(limits.lower), upper: i_squared(limits.upper) }),
        h: Some(h),
        h_interval,
        tau_squared: Some(fit.tau_squared),
        tau_squared_interval: q_profile(effects, level)?,
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

/// Q-profile interval of τ² (Viechtbauer 2007): the values at which the generalized Q meets the chi-squared
/// quantiles. `None` for the empty set, when even Q(0) lies below the lower quantile: the studies are then more
/// alike than chance makes plausible.
fn q_profile(effects: &Effects, level: f64) -> Result<Option<Interval>, PoolError> {
    let df = (effects.len() - 1) as f64;
    let low_quantile = chi_squared_quantile(0.5 - level / 2.0, df)?;
    if effects.weighted(0.0).squares < low_quantile {
        return Ok(None);
    }
    let high_quantile = chi_squared_quantile(0.5 + level / 2.0, df)?;
    Ok(Some(Interval {
        lower: generalized_q_root(effects, high_quantile)?,
        upper: generalized_q_root(effects, low_quantile)?,
    }))
}
