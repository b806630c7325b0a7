//! Pools proportions, hazard ratios and survival curves with random effects.
//!
//! | question | function |
//! |---|---|
//! | what share of patients responds? | [`pool_proportions`] |
//! | how large is the hazard ratio? | [`pool_effects`], [`hazard_ratio_from_interval`] |
//! | how long do patients live? | [`pool_survival`] |

mod error;
mod options;
mod pool;
mod printed_hazard_ratio;
mod survival_curve;

pub use error::PoolError;
pub use options::{EffectOptions, ProportionCount, ProportionOptions, SurvivalOptions, TrialPatients};
pub use pool::{pool_effects, pool_proportions};
pub use printed_hazard_ratio::hazard_ratio_from_interval;
pub use survival_curve::pool_survival;
