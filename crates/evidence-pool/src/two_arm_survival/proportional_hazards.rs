//! Proportional hazards in all trials together.

use kmeta_survival_estimate::ChiSquaredTest;

use super::result::{CombinedProportionalHazards, TwoArmTrialRow};
use crate::PoolError;

/// Combines the trials' tests: by the sum of their statistics, which has as many degrees of freedom as there are
/// trials, and by the inverse-variance mean of their slopes (the score test of one slope for all trials with a hazard
/// ratio each).
pub(super) fn combine(rows: &[TwoArmTrialRow]) -> Result<Option<CombinedProportionalHazards>, PoolError> {
    let tests: Vec<_> = rows.iter().filter_map(|row| row.proportional_hazards).collect();
    if tests.is_empty() {
        return Ok(None);
    }
    let chi_squared = |statistic, df| {
        ChiSquaredTest::new(statistic, df).map_err(|_| PoolError::Computation {
            what: "the combined test of proportional hazards".to_owned(),
        })
    };
    let information: f64 = tests.iter().map(|test| test.slope_standard_error.powi(-2)).sum();
    let slope =
        tests.iter().map(|test| test.slope * test.slope_standard_error.powi(-2)).sum::<f64>() / information;
    Ok(Some(CombinedProportionalHazards {
        trials: tests.len() as u32,
        any_direction: chi_squared(tests.iter().map(|test| test.test.chi_squared).sum(), tests.len() as u32)?,
        same_direction: chi_squared(slope * slope * information, 1)?,
        slope,
        slope_standard_error: information.sqrt().recip(),
    }))
}
