//! One analysis under every defensible combination of choices: a multiverse, shown as a specification curve
//! (Steegen et al. 2016, Perspect Psychol Sci 11:702; Simonsohn, Simmons & Nelson 2020, Nat Hum Behav 4:1208; for
//! meta-analyses Voracek, Kossmeier & Tran 2019, Z Psychol 227:64).
//!
//! | part | holds |
//! |---|---|
//! | [`axes`] | what can be chosen, and which choices go together |
//! | [`listing`] | the combinations: all, or a seeded sample |
//! | [`run`] | every combination computed, the protocol's marked |
//! | [`influence`] | which axis moves the result |
//! | [`summary`] | how results are spread and on which side of a line |
//! | [`shared_axes`], [`proportion`], [`effect`], [`survival`], [`two_arm_counts`] | the axes and the computation of each kind of analysis |

mod axes;
mod effect;
mod influence;
mod listing;
mod proportion;
mod run;
mod shared_axes;
mod summary;
mod survival;
mod two_arm_counts;

pub use axes::{Axis, AxisChoice, ChoiceCondition};
pub use effect::{EffectMultiverseInput, EffectVariant, effect_multiverse};
pub use influence::{AxisInfluence, Step};
pub use proportion::{Denominator, ProportionScale, ProportionTrial, ZeroCorrection, proportion_multiverse};
pub use run::{Multiverse, Specification, SpecificationResult};
pub use shared_axes::{MeanModel, MultiverseAxes, MultiverseSettings};
pub use summary::{DecisionShares, MultiverseSummary, ResultScale};
pub use survival::{
    SurvivalMultiverseInput, SurvivalQuantity, SurvivalVariant, SurvivalWay, survival_multiverse,
};
pub use two_arm_counts::two_arm_count_multiverse;
