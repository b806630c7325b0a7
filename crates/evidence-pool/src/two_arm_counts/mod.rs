//! Counts of events in two arms: odds ratios, risk ratios, differences.
//!
//! | part | holds |
//! |---|---|
//! | [`options`] | the counts and how they are pooled |
//! | [`effect`] | one study's effect, with its continuity correction |
//! | [`mantel_haenszel`] | Mantel-Haenszel means and tests |
//! | [`pool`] | studies and subgroups put together |
//! | [`exact`] | Fisher's and chi-squared tests of one study |

mod effect;
mod exact;
mod mantel_haenszel;
mod options;
mod pool;

pub use effect::{TwoArmEffect, compare_two_arms};
pub use exact::{TwoArmTests, test_two_arms};
pub use mantel_haenszel::{MantelHaenszelTests, mantel_haenszel_tests};
pub use options::{TwoArmCount, TwoArmCountOptions, TwoArmPooling};
pub use pool::pool_two_arm_counts;
