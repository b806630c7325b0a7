//! The content of `results.json`: every number of a run in full precision. The report is made from it alone,
//! with the pictures beside it.

use kmeta_evidence_pool::{
    FrailtySurvival, HazardRatioRoutes, LandmarkResult, MantelHaenszelTests, ParametricSurvival, PoolError,
    PooledSurvivalTime, PooledTwoArmSurvival, ReadingShare, SurvivalStrata, TwoArmCount, TwoArmTests,
    mantel_haenszel_tests, test_two_arms,
};
use kmeta_plot_svg::{PrismaFlow, RiskOfBias, Theme};
use kmeta_trial_data::{
    Check, Fidelity, FigureSource, Finding, Interval, PooledEffect, PooledSurvival, Provenance, Severity,
    StepCurve, TimeUnit, Verdict,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::further::{self, FurtherResults};
use crate::project::{HazardRatioSource, PrintedHazardRatio, PrintedMedian, Trial};
use crate::quantities::Quantity;
use crate::result_table::{
    ResultTable, hazard_ratio_routes, single_arm_survival, two_arm_survival, two_arm_tests,
};
use crate::sensitivity::AnalysisSensitivity;

/// Everything that `kmeta run` found out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "kmeta results")]
pub struct Results {
    /// Version of this file format; 1.
    pub format_version: u32,
    /// The program and version that wrote it.
    pub generator: String,
    /// Title of the study.
    pub title: String,
    /// Unit of every time.
    pub time_unit: TimeUnit,
    /// What must be said wherever something that comes from the figures is shown.
    pub figure_notice: Option<String>,
    /// Remarks of the project file.
    pub notes: Vec<String>,
    /// Title of the adverse-event table.
    pub adverse_events_title: Option<String>,
    /// How figures look, where the project file says so.
    #[serde(default, skip_serializing_if = "Theme::is_usual")]
    pub theme: Theme,
    /// The flow of records, as the project file states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prisma: Option<PrismaFlow>,
    /// The risk of bias, as the project file states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk_of_bias: Option<RiskOfBias>,
    /// The trials as the project file states them.
    pub trials: Vec<Trial>,
    /// The figures, in the order of the project file.
    pub figures: Vec<FigureResult>,
    /// The reconstructed arms, in the order of the figures.
    pub arms: Vec<ArmResult>,
    /// Comparisons of two reconstructed arms of one trial.
    pub comparisons: Vec<Comparison>,
    /// The analyses, in the order of the project file.
    pub analyses: Vec<AnalysisResult>,
    /// The analyses under other choices, where the project file wants them in the report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitivity: Vec<AnalysisSensitivity>,
    /// Everything that any stage noticed, in the order of the stages.
    pub findings: Vec<Finding>,
}

impl Results {
    /// Whether a finding says that something must not be used as it is.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}

/// How a figure was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FigureResult {
    /// The picture as the project file names it.
    pub file: String,
    /// Name of its output files.
    pub name: String,
    /// Identifier of the trial.
    pub trial: String,
    /// Endpoint.
    pub endpoint: String,
    /// The picture's hash, format and size.
    pub source: FigureSource,
    /// Whether it can be used.
    pub verdict: Verdict,
    /// The checks behind the verdict.
    pub checks: Vec<Check>,
    /// Number of curves that were traced.
    pub curves: usize,
    /// Path of the sidecar in the output folder.
    pub sidecar: String,
    /// Path of the picture with the trace drawn over it, in the output folder.
    pub overlay: String,
}

/// One reconstructed arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArmResult {
    /// Identifier of the trial.
    pub trial: String,
    /// Identifier of the arm; `all` for a trial with a single arm.
    pub arm: String,
    /// Name to print.
    pub label: String,
    /// Endpoint.
    pub endpoint: String,
    /// The picture as the project file names it.
    pub figure: String,
    /// Colour of the curve in the picture, `#rrggbb`.
    pub color: String,
    /// The digitized curve, in the study's unit.
    pub curve: StepCurve,
    /// Where its line ends.
    pub curve_end: Option<f64>,
    /// Path of the patients in the output folder.
    pub patients_file: String,
    /// How well the patients reproduce what is printed.
    pub fidelity: Fidelity,
    /// The median as the project file states it.
    pub median_printed: Option<PrintedMedian>,
    /// Where the curve came from.
    pub provenance: Provenance,
}

/// Two reconstructed arms of a trial compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// Identifier of the trial.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// Endpoint.
    pub endpoint: String,
    /// Identifier of the arm whose hazard is in the numerator.
    pub treated: String,
    /// Identifier of the arm whose hazard is in the denominator.
    pub reference: String,
    /// Log hazard ratio of the Cox model (Efron's ties).
    pub log_hazard_ratio: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// The hazard ratio.
    pub hazard_ratio: f64,
    /// Its 95 % Wald interval.
    pub interval: Interval,
    /// Two-sided p value of Wald's test.
    pub p_value: f64,
    /// Chi-squared of the log-rank test.
    pub log_rank_chi_squared: f64,
    /// p value of the log-rank test.
    pub log_rank_p_value: f64,
    /// The hazard ratio as printed.
    pub printed: Option<PrintedHazardRatio>,
    /// Log hazard ratio here minus the printed one.
    pub log_hazard_ratio_difference: Option<f64>,
    /// Where the patients came from.
    pub provenance: Provenance,
}

/// The result of one analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnalysisResult {
    /// Identifier of the analysis.
    pub id: String,
    /// Title to print.
    pub title: String,
    /// What must be said wherever this result is shown, where it comes from the figures.
    pub figure_notice: Option<String>,
    /// Trials that do not take part, each with the reason.
    pub left_out: Vec<LeftOut>,
    /// Its pooled quantities with and without the uncertainty of reading figures, where that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reading: Vec<ReadingResult>,
    /// Pooled survival without each trial and as trials are added, where that was asked for; other results have these
    /// under `further`.
    #[serde(default, skip_serializing_if = "SurvivalViews::is_empty")]
    pub views: SurvivalViews,
    /// What came out.
    #[serde(flatten)]
    pub outcome: AnalysisOutcome,
}

/// Pooled survival of some of the trials.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SurvivalViews {
    /// Without each trial in turn; last without none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leave_one_out: Vec<SurvivalView>,
    /// As trials are added.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cumulative: Vec<SurvivalView>,
}

impl SurvivalViews {
    /// Whether nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.leave_one_out.is_empty() && self.cumulative.is_empty()
    }
}

/// Pooled survival of some of the trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SurvivalView {
    /// Name of the trial that was left out, or added last.
    pub label: String,
    /// Number of trials that were pooled.
    pub trials: u32,
    /// The pooled numbers.
    pub quantities: Vec<Quantity>,
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A pooled quantity with and without the uncertainty of reading figures, as it is read (a hazard ratio, a fraction, a
/// time).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReadingResult {
    /// What it is, for example `survival at 6 months`.
    pub quantity: String,
    /// Pooled with the variance of reading in each trial; absent for a median that is not reached.
    pub estimate: Option<f64>,
    /// Lower limit of that; absent where it is not reached.
    pub lower: Option<f64>,
    /// Upper limit of that.
    pub upper: Option<f64>,
    /// The same trials' mean estimates pooled with the variances of their samples of patients alone.
    pub estimate_without: Option<f64>,
    /// Lower limit of that.
    pub lower_without: Option<f64>,
    /// Upper limit of that.
    pub upper_without: Option<f64>,
    /// Share of the variance of the pooled estimate that is due to reading.
    pub reading_share: f64,
    /// The figure that contributes most to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest: Option<ReadingPart>,
    /// The part of each trial.
    pub trials: Vec<ReadingShare>,
}

/// A figure's part in the uncertainty of a pooled quantity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReadingPart {
    /// The figure as the project file names it.
    pub figure: String,
    /// The trial that it shows, `trial` or `trial/arm`.
    pub trial: String,
    /// Its share of the variance of the pooled estimate.
    pub share: f64,
}

impl ReadingPart {
    pub(crate) fn of(share: &ReadingShare) -> Self {
        Self { figure: share.figure.clone(), trial: share.trial.clone(), share: share.of_pooled }
    }

    /// The largest of these parts; `None` where no reading contributes.
    pub(crate) fn largest(shares: &[ReadingShare]) -> Option<Self> {
        ReadingShare::largest(shares).map(Self::of)
    }
}

/// A trial that does not take part in an analysis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// `trial` or `trial/arm`.
    pub trial: String,
    /// Why.
    pub reason: String,
}

/// What an analysis gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum AnalysisOutcome {
    /// A pooled proportion.
    Proportion {
        /// The outcome.
        outcome: String,
        /// The pooled proportion.
        result: Box<PooledEffect>,
        /// What else was asked of the studies.
        #[serde(default, skip_serializing_if = "FurtherResults::is_empty")]
        further: Box<FurtherResults>,
    },
    /// A pooled survival curve.
    Survival {
        /// The endpoint.
        endpoint: String,
        /// The pooled curve.
        result: Box<PooledSurvival>,
        /// The curves of subgroups and their comparison, where they were asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        strata: Option<Box<SurvivalStrata>>,
    },
    /// A pooled hazard ratio.
    HazardRatio {
        /// The endpoint.
        endpoint: String,
        /// Where the trials' hazard ratios came from.
        source: HazardRatioSource,
        /// The pooled hazard ratio.
        result: Box<PooledEffect>,
        /// Every route from what the trials print to their hazard ratio, where it came from there.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        routes: Vec<HazardRatioRoutes>,
        /// What else was asked of the studies.
        #[serde(default, skip_serializing_if = "FurtherResults::is_empty")]
        further: Box<FurtherResults>,
    },
    /// A pooled comparison of counts.
    TwoArmCounts {
        /// The outcome.
        outcome: String,
        /// The pooled comparison.
        result: Box<PooledEffect>,
        /// Tests of the counts themselves.
        tests: TwoArmCountTests,
        /// What else was asked of the studies.
        #[serde(default, skip_serializing_if = "FurtherResults::is_empty")]
        further: Box<FurtherResults>,
    },
    /// Survival of single arms at chosen times.
    LandmarkSurvival {
        /// The endpoint.
        endpoint: String,
        /// Survival at each time.
        result: Box<LandmarkResult>,
    },
    /// Median or restricted mean survival times of single arms.
    SurvivalTime {
        /// The endpoint.
        endpoint: String,
        /// The pooled time.
        result: Box<PooledSurvivalTime>,
    },
    /// Parametric survival of single arms.
    ParametricSurvival {
        /// The endpoint.
        endpoint: String,
        /// The distributions fitted.
        result: Box<ParametricSurvival>,
    },
    /// Survival of single arms under a shared frailty.
    FrailtySurvival {
        /// The endpoint.
        endpoint: String,
        /// The curves.
        result: Box<FrailtySurvival>,
    },
    /// Pooled two-arm survival.
    TwoArmSurvival {
        /// The endpoint.
        endpoint: String,
        /// Hazard ratios by trial and pooled, and what was asked beside them.
        result: Box<PooledTwoArmSurvival>,
        /// What else was asked of the trials' hazard ratios.
        #[serde(default, skip_serializing_if = "FurtherResults::is_empty")]
        further: Box<FurtherResults>,
    },
    /// A pooled effect of any kind.
    Effect {
        /// The pooled effect.
        result: Box<PooledEffect>,
        /// What else was asked of the studies.
        #[serde(default, skip_serializing_if = "FurtherResults::is_empty")]
        further: Box<FurtherResults>,
    },
    /// Nothing could be pooled.
    Failed {
        /// Why.
        reason: String,
    },
}

/// Tests of the counts of two arms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TwoArmCountTests {
    /// Fisher's exact test and chi-squared tests of each trial alone.
    pub trials: Vec<TrialTests>,
    /// Tests of all trials together; absent where no trial has both an event and a patient without one.
    pub together: Option<MantelHaenszelTests>,
}

/// Tests of one trial's counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrialTests {
    /// Identifier of the trial.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// The tests.
    #[serde(flatten)]
    pub tests: TwoArmTests,
}

impl TwoArmCountTests {
    /// All tests of these counts, with exact intervals at this level.
    ///
    /// # Errors
    /// As [`test_two_arms`].
    pub fn of(counts: &[TwoArmCount], confidence_level: f64) -> Result<Self, PoolError> {
        let tests = |count: &TwoArmCount| {
            Ok(TrialTests {
                trial: count.trial.clone(),
                label: count.label.clone(),
                tests: test_two_arms(count, confidence_level)?,
            })
        };
        Ok(Self {
            trials: counts.iter().map(tests).collect::<Result<_, PoolError>>()?,
            together: mantel_haenszel_tests(counts).ok(),
        })
    }
}

impl AnalysisOutcome {
    /// The pooled effect, unless it is a curve.
    pub fn effect(&self) -> Option<&PooledEffect> {
        match self {
            Self::Proportion { result, .. }
            | Self::HazardRatio { result, .. }
            | Self::TwoArmCounts { result, .. }
            | Self::Effect { result, .. } => Some(result),
            Self::TwoArmSurvival { result, .. } => result.two_stage.as_ref(),
            _ => None,
        }
    }

    /// What else was asked of a pooled effect.
    pub fn further(&self) -> Option<&FurtherResults> {
        match self {
            Self::Proportion { further, .. }
            | Self::HazardRatio { further, .. }
            | Self::TwoArmCounts { further, .. }
            | Self::TwoArmSurvival { further, .. }
            | Self::Effect { further, .. } => Some(further),
            _ => None,
        }
    }

    /// What the pooling noticed.
    pub fn findings(&self) -> Option<&Vec<Finding>> {
        match self {
            Self::Proportion { result, .. }
            | Self::HazardRatio { result, .. }
            | Self::TwoArmCounts { result, .. }
            | Self::Effect { result, .. } => Some(&result.findings),
            Self::Survival { result, .. } => Some(&result.findings),
            Self::LandmarkSurvival { result, .. } => Some(&result.findings),
            Self::SurvivalTime { result, .. } => Some(&result.findings),
            Self::ParametricSurvival { result, .. } => Some(&result.findings),
            Self::FrailtySurvival { result, .. } => Some(&result.findings),
            Self::TwoArmSurvival { result, .. } => Some(&result.findings),
            Self::Failed { .. } => None,
        }
    }

    /// Every number beyond the pooled effect or curve itself, as tables.
    pub(crate) fn tables(&self) -> Vec<ResultTable> {
        let mut tables = self.further().map(further::tables).unwrap_or_default();
        match self {
            Self::LandmarkSurvival { result, .. } => tables.extend(single_arm_survival::landmark(result)),
            Self::SurvivalTime { result, .. } => tables.extend(single_arm_survival::survival_time(result)),
            Self::ParametricSurvival { result, .. } => tables.extend(single_arm_survival::parametric(result)),
            Self::FrailtySurvival { result, .. } => tables.extend(single_arm_survival::frailty(result)),
            _ => {}
        }
        if let Self::Survival { strata: Some(strata), .. } = self {
            tables.extend(single_arm_survival::strata(strata));
        }
        if let Self::HazardRatio { routes, .. } = self
            && !routes.is_empty()
        {
            tables.push(hazard_ratio_routes::table(routes));
        }
        if let Self::TwoArmCounts { tests, .. } = self {
            tables.extend(two_arm_tests::tables(tests));
        }
        if let Self::TwoArmSurvival { result, .. } = self {
            tables.splice(0..0, two_arm_survival::tables(result));
        }
        tables
    }

    /// The pooled curve, for survival.
    pub fn survival(&self) -> Option<&PooledSurvival> {
        match self {
            Self::Survival { result, .. } => Some(result),
            _ => None,
        }
    }
}
