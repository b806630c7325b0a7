//! The project file `study.toml`: what a person types about a meta-analysis.
//!
//! The types here are the file: `serde` reads it, `schemars` turns the same types and their comments into the
//! JSON Schema that `kmeta schema` prints. Reading checks everything that can be known before anything runs
//! and reports all mistakes at once, each with its line ([`StudyFile::read`]).

mod analysis;
mod checks;
mod document;
mod figure;
mod printed_hazard_ratio;
mod printed_percentage;
mod problem;
mod published_result;
mod read;
mod sensitivity;
mod shape;
mod suggest;
mod trial;

use kmeta_ipd_reconstruct::ReconstructionOptions;
use kmeta_plot_svg::{PrismaFlow, RiskOfBias, Theme};
use kmeta_trial_data::TimeUnit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::further::CumulativeOrder;
pub use analysis::{
    Analysis, HazardRatioAnalysis, HazardRatioSource, ProportionAnalysis, SurvivalAnalysis,
    TwoArmCountAnalysis, TwoArmSurvivalAnalysis, TwoArmSurvivalModel,
};
pub use document::{Document, FieldPath};
pub(crate) use figure::parse_color;
pub use figure::{Figure, TracedArm, TypedRiskTable};
pub use printed_hazard_ratio::PrintedHazardRatio;
pub use printed_percentage::PrintedPercentage;
pub use problem::{Problem, Problems};
pub use published_result::PublishedResult;
pub use read::StudyFile;
pub use sensitivity::SensitivityOptions;
pub(crate) use trial::half_of_last_digit;
pub use trial::{ArmFacts, ArmView, Counts, PrintedMedian, PrintedSurvival, Trial, TrialArm};

/// A meta-analysis: its trials, its survival figures, and what to pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "kmeta study")]
pub struct Project {
    /// Title of the report.
    pub title: String,
    /// Unit of every time in this file and in the results, unless a field says otherwise. Times read from
    /// figures in another unit are converted (a year has 365.25 days, a month a twelfth of it).
    pub time_unit: TimeUnit,
    /// A sentence that is shown wherever something that comes from the figures is shown, for example "The
    /// survival figures are stand-ins drawn from simulated patients."
    #[serde(default)]
    pub figure_notice: Option<String>,
    /// Remarks to print in the report, for example on differences between a paper's tables.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Title of the adverse-event table, for example "Adverse events of grade 3 or higher".
    #[serde(default)]
    pub adverse_events_title: Option<String>,
    /// How patients are reconstructed from curves.
    #[serde(default)]
    pub reconstruction: ReconstructionOptions,
    /// When a number computed from a figure disagrees with the printed one.
    #[serde(default)]
    pub checks: CheckLimits,
    /// Carry the uncertainty of reading the figures into every pooled result that rests on them, for example
    /// `{ imputations = 100, seed = 1 }`; not done when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<Uncertainty>,
    /// What is asked of every analysis that does not say otherwise itself, for example
    /// `{ leave_one_out = true, cumulative = "year" }`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_analysis: Option<EveryAnalysis>,
    /// How figures look, and in which formats they are written.
    #[serde(default)]
    pub theme: Theme,
    /// The flow of records through the review, for its PRISMA 2020 diagram.
    #[serde(default)]
    pub prisma: Option<PrismaFlow>,
    /// The risk of bias of the trials, for the figures of traffic lights and of its summary.
    #[serde(default)]
    pub risk_of_bias: Option<RiskOfBias>,
    /// The trials.
    #[serde(default, rename = "trial")]
    pub trials: Vec<Trial>,
    /// The survival figures.
    #[serde(default, rename = "figure")]
    pub figures: Vec<Figure>,
    /// What to pool, in the order of the report.
    #[serde(default, rename = "analysis")]
    pub analyses: Vec<Analysis>,
    /// What `kmeta sensitivity` goes through.
    #[serde(default)]
    pub sensitivity: SensitivityOptions,
    /// What an earlier meta-analysis of the same trials prints, to be checked against its own numbers.
    #[serde(default, rename = "published_result", skip_serializing_if = "Vec::is_empty")]
    pub published_results: Vec<PublishedResult>,
}

/// How often each figure is read again at random, within the errors of its axes and lines, the rounding of printed
/// numbers and the censoring that it leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Uncertainty {
    /// Number of readings, at least 2; 100 tell shares of variance to a tenth of their size.
    #[schemars(range(min = 2, max = 10_000))]
    pub imputations: u32,
    /// Seed of the draws; the same seed gives the same results.
    #[serde(default = "first_seed")]
    pub seed: u64,
}

fn first_seed() -> u64 {
    1
}

/// What is asked of every analysis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EveryAnalysis {
    /// Pool again without each study in turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave_one_out: Option<bool>,
    /// Pool the first study, the first two, and so on, in this order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cumulative: Option<CumulativeOrder>,
}

/// Limits beyond which a number from a figure is reported as disagreeing with the printed one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CheckLimits {
    /// Largest relative difference of a median, reconstructed against printed; 0.05 is 5 %.
    pub median_relative: f64,
    /// Largest absolute difference of a log hazard ratio, reconstructed against printed; 0.1 is about 10 %.
    pub log_hazard_ratio: f64,
}

impl Default for CheckLimits {
    fn default() -> Self {
        Self { median_relative: 0.05, log_hazard_ratio: 0.1 }
    }
}

/// The known name most like `found`, if one is close.
pub(crate) fn closest_name<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    suggest::closest(found, known.iter().copied())
}

impl Project {
    /// The trial with identifier `id`.
    pub fn trial(&self, id: &str) -> Option<&Trial> {
        self.trials.iter().find(|trial| trial.id == id)
    }
}
