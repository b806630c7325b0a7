//! Intervals of a single study's proportion.

use kmeta_numerics::distributions::beta_quantile;
use kmeta_trial_data::{Interval, StudyIntervalMethod};

use crate::PoolError;
use crate::model::two_sided_normal;

/// The interval of x events among n patients by a method; `None` for the one that rests on the effect's own standard
/// error.
pub(crate) fn interval_of_count(
    method: StudyIntervalMethod,
    events: u32,
    total: u32,
    level: f64,
) -> Result<Option<Interval>, PoolError> {
    match method {
        StudyIntervalMethod::ClopperPearson => clopper_pearson(events, total, level).map(Some),
        StudyIntervalMethod::Wilson => wilson(events, total, level).map(Some),
        StudyIntervalMethod::AgrestiCoull => agresti_coull(events, total, level).map(Some),
        StudyIntervalMethod::Wald => Ok(None),
    }
}

/// Exact interval (Clopper & Pearson 1934) by beta quantiles: Beta(α/2; x, n−x+1) and Beta(1−α/2; x+1, n−x),
/// with 0 and 1 at the edges.
pub(crate) fn clopper_pearson(events: u32, total: u32, level: f64) -> Result<Interval, PoolError> {
    let (x, n) = (f64::from(events), f64::from(total));
    let tail = 0.5 - level / 2.0;
    let lower = if events == 0 { 0.0 } else { beta_quantile(tail, x, n - x + 1.0)? };
    let upper = if events == total { 1.0 } else { beta_quantile(1.0 - tail, x + 1.0, n - x)? };
    Ok(Interval { lower, upper })
}

/// Score interval (Wilson 1927): [2x + z² ∓ z √(z² + 4x(1 − x/n))] / [2(n + z²)].
fn wilson(events: u32, total: u32, level: f64) -> Result<Interval, PoolError> {
    let (x, n) = (f64::from(events), f64::from(total));
    let z = two_sided_normal(level)?;
    let (centre, root) = (2.0 * x + z * z, z * (z * z + 4.0 * x * (1.0 - x / n)).sqrt());
    let scale = 2.0 * (n + z * z);
    // At the edges the limit is 0 or 1; rounding shall not make it otherwise.
    let lower = if events == 0 { 0.0 } else { (centre - root) / scale };
    let upper = if events == total { 1.0 } else { (centre + root) / scale };
    Ok(Interval { lower, upper })
}

/// Agresti & Coull 1998: with n' = n + z² and p' = (x + z²/2)/n', the interval p' ± z √(p'(1 − p')/n'), held to
/// 0 and 1.
fn agresti_coull(events: u32, total: u32, level: f64) -> Result<Interval, PoolError> {
    let (x, n) = (f64::from(events), f64::from(total));
    let z = two_sided_normal(level)?;
    let adjusted = n + z * z;
    let centre = (x + 0.5 * z * z) / adjusted;
    let width = z * (centre * (1.0 - centre) / adjusted).sqrt();
    Ok(Interval { lower: (centre - width).max(0.0), upper: (centre + width).min(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    /// The formula of Agresti & Coull 1998, section 2, computed apart: 0 of 20 and 15 of 148 at 95 %.
    #[test]
    fn agresti_coull_by_hand() {
        let ours = agresti_coull(0, 20, 0.95).unwrap();
        assert_eq!(ours.lower, 0.0);
        assert_abs_diff_eq!(ours.upper, 0.189_809_6, epsilon = 1e-6);
        let ours = agresti_coull(15, 148, 0.95).unwrap();
        assert_abs_diff_eq!(ours.lower, 0.061_386_0, epsilon = 1e-6);
        assert_abs_diff_eq!(ours.upper, 0.161_487_7, epsilon = 1e-6);
    }

    /// Newcombe 1998, table I: methods 5 and 3 for four examples, printed to four digits.
    #[test]
    fn newcombe_examples() {
        let cases = [
            (81, 263, [0.2527, 0.3676], [0.2553, 0.3662]),
            (15, 148, [0.0578, 0.1617], [0.0624, 0.1605]),
            (0, 20, [0.0000, 0.1684], [0.0000, 0.1611]),
            (1, 29, [0.0009, 0.1776], [0.0061, 0.1718]),
        ];
        for (events, total, exact, score) in cases {
            let ours = clopper_pearson(events, total, 0.95).unwrap();
            assert_abs_diff_eq!(ours.lower, exact[0], epsilon = 5.1e-5);
            assert_abs_diff_eq!(ours.upper, exact[1], epsilon = 5.1e-5);
            let ours = wilson(events, total, 0.95).unwrap();
            assert_abs_diff_eq!(ours.lower, score[0], epsilon = 5.1e-5);
            assert_abs_diff_eq!(ours.upper, score[1], epsilon = 5.1e-5);
        }
    }
}
