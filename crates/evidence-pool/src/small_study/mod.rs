//! Small-study effects: do small studies show other effects than large ones, and what if their like are missing?
//!
//! | question | function |
//! |---|---|
//! | is the funnel asymmetric? | [`test_funnel_asymmetry`] |
//! | what if the missing studies mirrored those found? | [`trim_and_fill`] |
//! | what would a study of unlimited size find? | [`pet_peese`], [`limit_meta_analysis`] |
//! | how many studies without effect would undo the result? | [`fail_safe_number`] |

mod adjusted;
mod counts;
pub(crate) mod egger;
mod fail_safe;
mod funnel_tests;
mod input;
mod limit;
mod line;
mod pet_peese;
mod rank;
mod trim_and_fill;

pub use self::fail_safe::{FailSafeMethod, FailSafeNumber, FailSafeOptions, fail_safe_number};
pub use self::funnel_tests::{
    FunnelTest, FunnelTestAnswer, FunnelTestOptions, FunnelTestOutcome, FunnelTestResult, FunnelTests,
    LimitEffect, NotAnsweredReason, test_funnel_asymmetry,
};
pub use self::input::{FunnelStudy, StudySize};
pub use self::limit::{LimitMetaAnalysis, LimitOptions, LimitStudy, limit_meta_analysis};
pub use self::pet_peese::{PetOrPeese, PetPeese, PetPeeseOptions, pet_peese};
pub use self::trim_and_fill::{
    FilledStudy, FunnelSide, MissingStudiesEstimator, PooledPair, TrimAndFill, TrimAndFillOptions,
    trim_and_fill,
};
