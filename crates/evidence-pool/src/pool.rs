//! Pools one effect per study.

use kmeta_trial_data::{EffectEstimate, PooledEffect};

use crate::{EffectOptions, PoolError, ProportionCount, ProportionOptions};

/// Pools single proportions.
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault.
pub fn pool_proportions(
    counts: &[ProportionCount],
    options: &ProportionOptions,
) -> Result<PooledEffect, PoolError> {
    unimplemented!("{}{}", counts.len(), options.id)
}

/// Pools effects given with their variances.
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault.
pub fn pool_effects(effects: &[EffectEstimate], options: &EffectOptions) -> Result<PooledEffect, PoolError> {
    unimplemented!("{}{}", effects.len(), options.id)
}
