//! Pools proportions, hazard ratios and survival curves with random effects.
//!
//! | question | function |
//! |---|---|
//! | what share of patients responds? | [`pool_proportions`] |
//! | how do events of two arms compare? | [`pool_two_arm_counts`], [`compare_two_arms`], [`test_two_arms`] |
//! | what do studies say together with a prior? | [`bayesian_random_effects`] |
//! | how large is the hazard ratio? | [`pool_effects`] |
//! | which hazard ratio follows from what a trial prints? | [`hazard_ratio_routes()`], [`hazard_ratio_from_interval`] |
//! | where may a new study's effect lie? | [`nagashima_prediction`] |
//! | what makes studies differ? | [`meta_regression()`] |
//! | which study does the result rest on? | [`leave_one_out`], [`cumulative`], [`influence_diagnostics`], [`baujat`], [`gosh()`] |
//! | what would other choices have given? | [`proportion_multiverse`], [`effect_multiverse`], [`survival_multiverse`] |
//! | is the funnel asymmetric? | [`test_funnel_asymmetry`] |
//! | what if small studies are missing? | [`trim_and_fill`], [`pet_peese`], [`limit_meta_analysis`], [`fail_safe_number`] |
//! | the same for bare numbers, millions of times? | [`fit_random_effects`] |
//! | do treated patients live longer? | [`pool_two_arm_survival`] |
//! | how long do patients live? | [`pool_survival`], [`pool_survival_curves`], [`pool_survival_strata`], [`pool_grid_free_survival`] |
//! | how many live at a year? how long is the median, the mean? | [`pool_landmark_survival`], [`pool_median_survival`], [`pool_restricted_mean_survival`] |
//! | how much of the uncertainty comes from reading figures? | [`pool_imputed_effects`], [`pool_imputed_survival`] |
//! | the same beyond follow-up, by a distribution? | [`pool_parametric_survival`] |
//! | the same with a frailty per trial and a hazard of any shape? | [`pool_frailty_survival`] |

mod assemble;
mod bayes;
mod error;
mod finite_answer;
mod frailty_survival;
mod gosh;
mod grid_free_survival;
mod hazard_ratio_routes;
mod landmark_survival;
mod limits;
mod measure;
mod meta_regression;
mod model;
mod multiverse;
mod nagashima;
mod notes;
mod options;
mod parametric_survival;
mod pool;
mod proportions;
mod reading;
mod sensitivity;
mod small_study;
mod study_interval;
mod survival_curve;
mod survival_time;
mod two_arm_counts;
mod two_arm_survival;

pub(crate) use model::tau_squared;

pub use bayes::{
    BayesFactor, BayesOptions, BayesianResult, CredibleInterval, EffectPosterior, MeanPrior,
    PosteriorSummary, ShrunkenStudy, TauPrior, TauQuadrature, bayesian_random_effects,
};
pub use error::PoolError;
pub use frailty_survival::{
    CumulativeHazard, FrailtyCurve, FrailtyDistribution, FrailtySurvival, FrailtySurvivalOptions,
    FrailtySurvivalPoint, TrialFrailty, pool_frailty_survival,
};
pub use gosh::{
    Gosh, GoshDensity, GoshOptions, GoshPoint, GoshSpread, MAX_STUDIES_FOR_ALL_SUBSETS, PresenceMeans,
    StudyPresence, gosh,
};
pub use grid_free_survival::{GridFreeOptions, pool_grid_free_survival};
pub use hazard_ratio_routes::{
    CurveInterval, HazardRatioComparison, HazardRatioRoute, HazardRatioRouteOptions, HazardRatioRoutes,
    IntervalCounts, IntervalWithoutEvents, PValueRelation, PValueSides, PrintedArm, PrintedCurvePoint,
    PrintedTwoArm, RouteEstimate, TrialArm, UnavailableRoute, hazard_ratio_from_interval,
    hazard_ratio_routes,
};
pub use landmark_survival::{
    LandmarkOptions, LandmarkResult, LandmarkRow, LandmarkScale, LandmarkSurvival, pool_landmark_survival,
};
pub use measure::reading_scale;
pub use meta_regression::{
    EffectsModel, FitStatistics, LeftOutStudy, MetaRegression, MetaRegressionOptions, MissingModerator,
    Moderator, ModeratorTest, ModeratorValue, PredictionPoint, RegressionCoefficient, RegressionInterval,
    RegressionPrediction, RegressionRow, RegressionStudy, ResidualHeterogeneity, meta_regression,
};
pub use model::{
    ModelOptions, RandomEffectsFit, between_study_variance_interval, fit_random_effects, prediction_interval,
};
pub use multiverse::{
    Axis, AxisChoice, AxisInfluence, ChoiceCondition, DecisionShares, Denominator, EffectMultiverseInput,
    EffectVariant, MeanModel, Multiverse, MultiverseAxes, MultiverseSettings, MultiverseSummary,
    ProportionScale, ProportionTrial, ResultScale, Specification, SpecificationResult, Step,
    SurvivalMultiverseInput, SurvivalQuantity, SurvivalVariant, SurvivalWay, ZeroCorrection,
    effect_multiverse, proportion_multiverse, survival_multiverse, two_arm_count_multiverse,
};
pub use nagashima::{BootstrapInterval, NagashimaOptions, NagashimaPrediction, nagashima_prediction};
pub use options::{
    EffectOptions, ProportionCount, ProportionModel, ProportionOptions, SurvivalOptions, TrialPatients,
};
pub use parametric_survival::{
    DistributionFit, ModelCurve, ModelSurvival, ModelTime, ParametricModel, ParametricParameter,
    ParametricSurvival, ParametricSurvivalOptions, RandomLocation, SurvivalDistribution,
    pool_parametric_survival,
};
pub use pool::{pool_effects, pool_proportions};
pub use reading::{ImputedEstimate, ImputedTrial, PooledReading, ReadingShare, pool_imputed_effects};
pub use sensitivity::{
    BaujatPoint, Cumulative, CumulativeRow, InfluenceDiagnostics, InfluenceRow, LeaveOneOut, LeaveOneOutRow,
    PooledSummary, ShrunkenEffect, baujat, cumulative, influence_diagnostics, leave_one_out, order_by,
    shrunken_effects,
};
pub use small_study::{
    FailSafeMethod, FailSafeNumber, FailSafeOptions, FilledStudy, FunnelSide, FunnelStudy, FunnelTest,
    FunnelTestAnswer, FunnelTestOptions, FunnelTestOutcome, FunnelTestResult, FunnelTests, LimitEffect,
    LimitMetaAnalysis, LimitOptions, LimitStudy, MissingStudiesEstimator, NotAnsweredReason, PetOrPeese,
    PetPeese, PetPeeseOptions, PooledPair, StudySize, TrimAndFill, TrimAndFillOptions, fail_safe_number,
    limit_meta_analysis, pet_peese, test_funnel_asymmetry, trim_and_fill,
};
pub use survival_curve::{
    ImputedCurve, PublishedSurvival, StrataTest, StratumCurve, StratumSurvival, SurvivalReading,
    SurvivalStrata, TrialCurve, pool_imputed_survival, pool_survival, pool_survival_curves,
    pool_survival_strata,
};
pub use survival_time::{
    MedianSource, PooledSurvivalTime, RestrictedMeanOptions, SurvivalTimeKind, SurvivalTimeOptions,
    SurvivalTimeRow, TrialMedian, pool_median_survival, pool_restricted_mean_survival,
};
pub use two_arm_counts::{
    MantelHaenszelTests, TwoArmCount, TwoArmCountOptions, TwoArmEffect, TwoArmPooling, TwoArmTests,
    compare_two_arms, mantel_haenszel_tests, pool_two_arm_counts, test_two_arms,
};
pub use two_arm_survival::{
    ArmSummary, CombinedProportionalHazards, IntervalHazardRatio, LeftOutTrial, OneStageHazardRatio,
    PiecewiseHazardRatios, PooledRestrictedMeanDifference, PooledTwoArmSurvival, RandomTreatmentEffects,
    TrialHazardRatio, TrialLogRank, TrialPrediction, TrialProportionalHazards, TwoArmModel,
    TwoArmSurvivalOptions, TwoArmTrial, TwoArmTrialRow, pool_two_arm_survival,
};
