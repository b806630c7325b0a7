//! Pools survival curves of single arms.

use kmeta_trial_data::PooledSurvival;

use crate::{PoolError, SurvivalOptions, TrialPatients};

/// The distribution-free summary survival curve of Combescure, Foucher & Jackson 2014.
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault.
pub fn pool_survival(
    trials: &[TrialPatients],
    options: &SurvivalOptions,
) -> Result<PooledSurvival, PoolError> {
    unimplemented!("{}{}", trials.len(), options.id)
}
