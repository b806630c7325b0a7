//! The vocabulary that the kmeta crates share.
//!
//! Every value that crosses a crate boundary has its type here, so that digitizing, reconstruction,
//! pooling, plotting and reporting can each be used alone and still speak of the same things:
//!
//! | from → to | type |
//! |---|---|
//! | digitize → sidecar, reconstruct | [`DigitizedFigure`], [`DigitizedArm`], [`RiskTable`] |
//! | curve → reconstruct | [`StepCurve`], [`NumberAtRisk`] |
//! | reconstruct → survival, pool | [`ReconstructedArm`], [`PatientRecord`] |
//! | survival → pool | [`EffectEstimate`] |
//! | pool → plot, report | [`PooledEffect`], [`PooledSurvival`] |
//! | everything → report | [`Finding`], [`Provenance`] |
//!
//! Probabilities are fractions, times carry their [`TimeUnit`], pixel coordinates are continuous with the
//! origin at the top left corner of the image and pixel centres at `+0.5`.
//!
//! ```
//! use kmeta_trial_data::StepCurve;
//! let curve = StepCurve::new(vec![0.0, 2.0, 5.0], vec![1.0, 0.75, 0.5])?;
//! assert_eq!(curve.survival_at(1.9), 1.0);
//! assert_eq!(curve.survival_at(2.0), 0.75);
//! assert_eq!(curve.median(), Some(5.0));
//! # Ok::<(), kmeta_trial_data::CurveError>(())
//! ```

mod counts;
mod curve;
mod effect;
mod figure;
mod finding;
mod method;
mod overrides;
mod paper_text;
mod patient;
mod pooled;
mod provenance;
mod risk_table;
mod statistic;
mod time_unit;

pub use counts::{CensoringCount, CurveCounts, DropCount};
pub use curve::{CurveError, StepCurve};
pub use effect::EffectEstimate;
pub use figure::{
    Axes, AxisCalibration, AxisScale, AxisTick, Check, CurveStretch, DashPattern, DigitizedArm,
    DigitizedFigure, FigureSource, LineStyle, PageRotation, Panel, PixelBox, PlottedQuantity, ReadText,
    StretchFlag, TextRole, Verdict,
};
pub use finding::{Finding, Severity};
pub use method::{
    BackTransformSize, ContinuityCorrection, EffectMeasure, Estimand, IntervalMethod, PoolingModel,
    PredictionMethod, StudyIntervalMethod, SubgroupTauSquared, TauSquaredEstimator, TauSquaredIntervalMethod,
};
pub use overrides::{
    Acceptance, ArmOverride, ArmReference, AutomaticReading, AxisPoint, CensorOverride, FigureOverrides,
    PanelOverrides, RiskCellOverride, WayPoints, channels_of,
};
pub use paper_text::{PaperStatement, PaperText, StatementPlace};
pub use patient::{
    Fidelity, FidelityAssessment, FidelityVerdict, NumberAtRiskFit, PatientRecord, ReconstructedArm,
    ReconstructionStatus, SurvivalRateFit,
};
pub use pooled::{
    BetweenSubgroups, EggerTest, Estimate, FitStatistics, Heterogeneity, Interval, LikelihoodFit,
    LikelihoodRatioTest, MarginalMean, PooledEffect, PooledRestrictedMean, PooledSurvival, Prediction,
    ResidualHeterogeneity, StudyRow, SubgroupResult, SurvivalCurveMethod, SurvivalHeterogeneity,
    SurvivalPoint, TrialSurvival, TwoArmSettings,
};
pub use provenance::{Origin, Provenance, sha256_hex};
pub use risk_table::{NumberAtRisk, RiskCell, RiskRow, RiskTable, RiskTableError};
pub use statistic::{PrintedStatistic, Relation, StatisticKind};
pub use time_unit::TimeUnit;
