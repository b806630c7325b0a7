//! The flags of `kmeta pool`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use kmeta_trial_data::{
    BackTransformSize, EffectMeasure, IntervalMethod, StudyIntervalMethod, TauSquaredEstimator, TimeUnit,
};

use crate::choices::choice;

/// `kmeta pool`.
#[derive(Debug, Subcommand)]
pub(crate) enum PoolCommand {
    /// Pool proportions, for example response rates.
    Proportions(PoolProportionsArgs),
    /// Pool hazard ratios.
    HazardRatios(PoolHazardRatiosArgs),
    /// Pool survival curves of patients.
    Survival(PoolSurvivalArgs),
}

/// What the three ways of pooling share.
#[derive(Debug, Args)]
pub(crate) struct PoolArgs {
    /// Title to print.
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Level of the intervals.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95)]
    pub(crate) level: f64,
    /// REML and ML scoring ends at steps of tau-squared this small; R's default is 1e-5.
    #[arg(long, value_name = "STEP", default_value_t = 0.0)]
    pub(crate) scoring_threshold: f64,
    /// Folder to write the result (JSON and CSV) and its plots to; only printed when left out.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// `kmeta pool proportions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kmeta pool proportions responses.csv --measure freeman-tukey --subgroups

responses.csv has the columns trial,events,total and, if wanted, label,subgroup.")]
pub(crate) struct PoolProportionsArgs {
    /// The counts.
    #[arg(value_name = "COUNTS.csv")]
    pub(crate) counts: PathBuf,
    /// Scale on which proportions are pooled.
    #[arg(long, default_value = "logit", value_parser = choice::<EffectMeasure>())]
    pub(crate) measure: EffectMeasure,
    /// Estimator of the between-study variance.
    #[arg(long, default_value = "REML", value_parser = choice::<TauSquaredEstimator>())]
    pub(crate) tau_squared: TauSquaredEstimator,
    /// How the interval of the random-effects mean is made.
    #[arg(long, default_value = "wald", value_parser = choice::<IntervalMethod>())]
    pub(crate) interval: IntervalMethod,
    /// How the interval of each study is made.
    #[arg(long, default_value = "clopper-pearson", value_parser = choice::<StudyIntervalMethod>())]
    pub(crate) study_interval: StudyIntervalMethod,
    /// Sample size at which a Freeman-Tukey mean is transformed back.
    #[arg(long, default_value = "harmonic-mean", value_parser = choice::<BackTransformSize>())]
    pub(crate) back_transform: BackTransformSize,
    /// Pool each subgroup as well.
    #[arg(long)]
    pub(crate) subgroups: bool,
    #[command(flatten)]
    pub(crate) common: PoolArgs,
}

/// `kmeta pool hazard-ratios`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kmeta pool hazard-ratios pfs.csv --tau-squared DL

pfs.csv has the columns trial,hazard_ratio,lower,upper (intervals at --level) or
trial,log_hazard_ratio,standard_error and, if wanted, label,subgroup.")]
pub(crate) struct PoolHazardRatiosArgs {
    /// The hazard ratios.
    #[arg(value_name = "EFFECTS.csv")]
    pub(crate) effects: PathBuf,
    /// Estimator of the between-study variance.
    #[arg(long, default_value = "REML", value_parser = choice::<TauSquaredEstimator>())]
    pub(crate) tau_squared: TauSquaredEstimator,
    /// How the interval of the random-effects mean is made.
    #[arg(long, default_value = "wald", value_parser = choice::<IntervalMethod>())]
    pub(crate) interval: IntervalMethod,
    /// Pool each subgroup as well.
    #[arg(long)]
    pub(crate) subgroups: bool,
    #[command(flatten)]
    pub(crate) common: PoolArgs,
}

/// `kmeta pool survival`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kmeta pool survival ipd/*.csv --times 3,6,9,12 --time-unit months --seed 1

Each table has the columns time,status (1 event, 0 censored) and, if wanted, trial,arm; such tables
are written by `kmeta reconstruct`. Each trial and arm is one curve.")]
pub(crate) struct PoolSurvivalArgs {
    /// Patients.
    #[arg(required = true, value_name = "IPD.csv")]
    pub(crate) patients: Vec<PathBuf>,
    /// Times at which survival is pooled, for example 3,6,9,12.
    #[arg(long, required = true, value_delimiter = ',', value_name = "TIMES")]
    pub(crate) times: Vec<f64>,
    /// Unit of all times.
    #[arg(long, default_value = "months", value_parser = choice::<TimeUnit>())]
    pub(crate) time_unit: TimeUnit,
    /// Number of Monte-Carlo draws behind the interval of the median.
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    pub(crate) median_draws: u32,
    /// Seed of the draws.
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) common: PoolArgs,
}
