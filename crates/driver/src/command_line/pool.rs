//! The flags of `kmeta pool`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use kmeta_evidence_pool::{
    FailSafeMethod, FrailtyDistribution, FunnelSide, FunnelTest, HazardRatioRoute, LandmarkScale,
    MissingModerator, MissingStudiesEstimator, ModeratorValue, PredictionPoint, ProportionModel,
    SurvivalDistribution, TauPrior, TrialHazardRatio, TwoArmModel, TwoArmPooling,
};
use kmeta_survival_estimate::{Ties, TimeTransform};
use kmeta_trial_data::{
    BackTransformSize, ContinuityCorrection, EffectMeasure, IntervalMethod, PredictionMethod,
    StudyIntervalMethod, SubgroupTauSquared, TauSquaredEstimator, TauSquaredIntervalMethod, TimeUnit,
};

use crate::choices::{choice, measure};
use crate::further::{BayesianPriors, CumulativeOrder, FurtherOptions};
use crate::single_arm_survival::SurvivalMethod;

/// `kmeta pool`.
#[derive(Debug, Subcommand)]
pub(crate) enum PoolCommand {
    /// Pool proportions, for example response rates.
    Proportions(PoolProportionsArgs),
    /// Compare the counts of two arms and pool: odds ratios, risk ratios, risk differences.
    Counts(PoolCountsArgs),
    /// Pool hazard ratios.
    HazardRatios(PoolHazardRatiosArgs),
    /// Pool effects of any kind given with their standard errors.
    Effects(PoolEffectsArgs),
    /// Pool survival curves of patients of single arms.
    Survival(PoolSurvivalArgs),
    /// Pool survival of patients of two-arm trials: hazard ratios in one or two stages, restricted means.
    TwoArmSurvival(PoolTwoArmSurvivalArgs),
}

/// What all ways of pooling share.
#[derive(Debug, Args)]
pub(crate) struct PoolArgs {
    /// Title to print.
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Level of the intervals.
    #[arg(long, value_name = "LEVEL", default_value_t = 0.95)]
    pub(crate) level: f64,
    /// Folder to write the result (JSON and CSV) and its plots to; only printed when left out.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// The random-effects model of one effect per study.
#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    /// Estimator of the between-study variance.
    #[arg(long, default_value = "REML", value_parser = choice::<TauSquaredEstimator>())]
    pub(crate) tau_squared: TauSquaredEstimator,
    /// How the interval of the random-effects mean is made.
    #[arg(long, default_value = "wald", value_parser = choice::<IntervalMethod>())]
    pub(crate) interval: IntervalMethod,
    /// How the interval of tau-squared is made.
    #[arg(long, default_value = "q-profile", value_parser = choice::<TauSquaredIntervalMethod>())]
    pub(crate) tau_squared_interval: TauSquaredIntervalMethod,
    /// How the prediction interval is made.
    #[arg(long, default_value = "veroniki", value_parser = choice::<PredictionMethod>())]
    pub(crate) prediction: PredictionMethod,
    /// Number of draws of a nagashima-bootstrap prediction interval.
    #[arg(long, value_name = "N", default_value_t = 25_000)]
    pub(crate) prediction_draws: u32,
    /// Seed of these draws.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub(crate) prediction_seed: u64,
    /// REML and ML scoring ends at steps of tau-squared this small; R's default is 1e-5.
    #[arg(long, value_name = "STEP", default_value_t = 0.0)]
    pub(crate) scoring_threshold: f64,
    /// Pool each subgroup as well.
    #[arg(long)]
    pub(crate) subgroups: bool,
    /// Whether subgroups have a tau-squared each or share one.
    #[arg(long, default_value = "separate", value_parser = choice::<SubgroupTauSquared>())]
    pub(crate) subgroup_tau_squared: SubgroupTauSquared,
}

/// What else to ask of the pooled studies.
#[derive(Debug, Args)]
#[command(next_help_heading = "Further analyses")]
pub(crate) struct FurtherArgs {
    /// Pool again without each study in turn.
    #[arg(long)]
    pub(crate) leave_one_out: bool,
    /// Pool the first study, the first two, and so on, in this order; `year` needs --moderators year.
    #[arg(long, num_args = 0..=1, default_missing_value = "listed", value_name = "ORDER",
          value_parser = choice::<CumulativeOrder>())]
    pub(crate) cumulative: Option<CumulativeOrder>,
    /// Influence of each study, and Baujat's coordinates.
    #[arg(long)]
    pub(crate) influence: bool,
    /// Bayesian model with this prior of tau, for example half-normal:0.5, half-cauchy:0.5 or uniform:2.
    #[arg(long, value_name = "FAMILY:SCALE", value_parser = tau_prior)]
    pub(crate) bayesian: Option<TauPrior>,
    /// Moderators of a meta-regression: columns of the table, for example year,line.
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    pub(crate) moderators: Vec<String>,
    /// The level of a moderator that the others are compared with, for example line=first.
    #[arg(long, value_delimiter = ',', value_name = "MODERATOR=LEVEL", value_parser = reference_level)]
    pub(crate) reference_level: Vec<(String, String)>,
    /// What is done with a trial that lacks a moderator.
    #[arg(long, default_value = "leave-out", value_parser = choice::<MissingModerator>())]
    pub(crate) missing_moderator: MissingModerator,
    /// A meta-regression without intercept.
    #[arg(long)]
    pub(crate) no_intercept: bool,
    /// Predict the effect at these moderator values, for example dose=24,line=first; may be given several times.
    #[arg(long, value_name = "MODERATOR=VALUE,...", value_parser = prediction_point)]
    pub(crate) predict_at: Vec<PredictionPoint>,
    /// Tests whether small studies show other effects than large ones, for example egger,begg,peters.
    #[arg(long, value_delimiter = ',', value_name = "TESTS", value_parser = choice::<FunnelTest>())]
    pub(crate) small_study_tests: Vec<FunnelTest>,
    /// These tests are not answered for fewer studies.
    #[arg(long, default_value_t = 10, value_name = "K")]
    pub(crate) minimum_studies_for_tests: u32,
    /// Trim and fill, with an estimator of the number of missing studies.
    #[arg(long, num_args = 0..=1, default_missing_value = "L0", value_name = "ESTIMATOR",
          value_parser = choice::<MissingStudiesEstimator>())]
    pub(crate) trim_and_fill: Option<MissingStudiesEstimator>,
    /// The side on which trim and fill looks for missing studies.
    #[arg(long, default_value = "auto", value_parser = choice::<FunnelSide>())]
    pub(crate) trim_and_fill_side: FunnelSide,
    /// PET-PEESE: the effect of a study without sampling error.
    #[arg(long)]
    pub(crate) pet_peese: bool,
    /// Limit meta-analysis: the effect as studies grow without limit.
    #[arg(long)]
    pub(crate) limit_meta_analysis: bool,
    /// Fail-safe numbers, for example rosenthal,orwin,rosenberg.
    #[arg(long, value_delimiter = ',', value_name = "METHODS", value_parser = choice::<FailSafeMethod>())]
    pub(crate) fail_safe_numbers: Vec<FailSafeMethod>,
}

fn tau_prior(text: &str) -> Result<TauPrior, String> {
    let (family, scale) = text.split_once(':').unwrap_or((text, "0.5"));
    let scale: f64 = scale.parse().map_err(|_| format!("\"{scale}\" is not a number"))?;
    match family {
        "half-normal" => Ok(TauPrior::HalfNormal { scale }),
        "half-cauchy" => Ok(TauPrior::HalfCauchy { scale }),
        "exponential" => Ok(TauPrior::Exponential { scale }),
        "uniform" => Ok(TauPrior::Uniform { upper: scale }),
        _ => {
            Err("expected half-normal, half-cauchy, exponential or uniform, each with `:` and a scale"
                .to_owned())
        }
    }
}

fn reference_level(text: &str) -> Result<(String, String), String> {
    let (name, level) = text.split_once('=').ok_or("expected MODERATOR=LEVEL, for example line=first")?;
    Ok((name.to_lowercase(), level.to_owned()))
}

fn prediction_point(text: &str) -> Result<PredictionPoint, String> {
    let moderators = text
        .split(',')
        .map(|part| {
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| format!("\"{part}\": expected MODERATOR=VALUE, for example dose=24"))?;
            let value = match value.trim().parse::<f64>() {
                Ok(number) if number.is_finite() => ModeratorValue::Number(number),
                _ => ModeratorValue::Level(value.trim().to_owned()),
            };
            Ok((name.trim().to_lowercase(), value))
        })
        .collect::<Result<_, String>>()?;
    Ok(PredictionPoint { label: text.to_owned(), moderators })
}

impl FurtherArgs {
    /// The same as options of an analysis.
    pub(crate) fn options(&self) -> FurtherOptions {
        FurtherOptions {
            leave_one_out: self.leave_one_out,
            cumulative: self.cumulative,
            influence: self.influence,
            bayesian: self.bayesian.map(BayesianPriors::of_tau),
            moderators: self.moderators.iter().map(|name| name.to_lowercase()).collect(),
            reference_levels: self.reference_level.iter().cloned().collect(),
            missing_moderator: self.missing_moderator,
            regression_intercept: !self.no_intercept,
            regression_predictions: self.predict_at.clone(),
            small_study_tests: self.small_study_tests.clone(),
            minimum_studies_for_tests: self.minimum_studies_for_tests,
            trim_and_fill: self.trim_and_fill,
            trim_and_fill_side: self.trim_and_fill_side,
            pet_peese: self.pet_peese,
            limit_meta_analysis: self.limit_meta_analysis,
            fail_safe_numbers: self.fail_safe_numbers.clone(),
        }
    }
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
    #[arg(long, default_value = "logit", value_parser = measure(EffectMeasure::is_proportion))]
    pub(crate) measure: EffectMeasure,
    /// What pools them [default: glmm with the measure logit, inverse-variance with any other].
    #[arg(long, value_parser = choice::<ProportionModel>())]
    pub(crate) pool_by: Option<ProportionModel>,
    /// Nodes of the quadrature of a GLMM [default: as many as it takes; R's default is 7].
    #[arg(long, value_name = "N")]
    pub(crate) quadrature_nodes: Option<u32>,
    /// How the interval of each study is made [default: wilson with the measure logit, clopper-pearson otherwise].
    #[arg(long, value_parser = choice::<StudyIntervalMethod>())]
    pub(crate) study_interval: Option<StudyIntervalMethod>,
    /// Sample size at which a Freeman-Tukey mean is transformed back.
    #[arg(long, default_value = "harmonic-mean", value_parser = choice::<BackTransformSize>())]
    pub(crate) back_transform: BackTransformSize,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) common: PoolArgs,
    // Last: its heading would hold for whatever follows.
    #[command(flatten)]
    pub(crate) further: FurtherArgs,
}

/// `kmeta pool counts`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kmeta pool counts deaths.csv --measure log-odds-ratio --pool-by mantel-haenszel

deaths.csv has the columns trial,events,total,control_events,control_total and, if wanted,
label,subgroup. Beside the pooled effect come exact and chi-squared tests of each trial.")]
pub(crate) struct PoolCountsArgs {
    /// The counts.
    #[arg(value_name = "COUNTS.csv")]
    pub(crate) counts: PathBuf,
    /// Analysis scale.
    #[arg(long, default_value = "log-risk-ratio", value_parser = measure(EffectMeasure::compares_two_arms))]
    pub(crate) measure: EffectMeasure,
    /// How the common effect is put together [default: mantel-haenszel; inverse-variance for the arcsine difference].
    #[arg(long, value_parser = choice::<TwoArmPooling>())]
    pub(crate) pool_by: Option<TwoArmPooling>,
    /// Mantel-Haenszel pooling of the counts without continuity correction.
    #[arg(long)]
    pub(crate) exact_mantel_haenszel: bool,
    /// Q and the DerSimonian-Laird tau-squared about the inverse-variance mean, not the Mantel-Haenszel one.
    #[arg(long)]
    pub(crate) heterogeneity_about_inverse_variance: bool,
    /// Which cells get a continuity correction.
    #[arg(long, default_value = "affected-studies", value_parser = choice::<ContinuityCorrection>())]
    pub(crate) continuity_correction: ContinuityCorrection,
    /// What is added to a cell.
    #[arg(long, default_value_t = 0.5, value_name = "NUMBER")]
    pub(crate) increment: f64,
    /// Ratios include trials without any event, or with events only, in both arms.
    #[arg(long)]
    pub(crate) include_double_zero: bool,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) common: PoolArgs,
    // Last: its heading would hold for whatever follows.
    #[command(flatten)]
    pub(crate) further: FurtherArgs,
}

/// `kmeta pool effects`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kmeta pool effects differences.csv --interval hartung-knapp --leave-one-out

differences.csv has the columns trial,effect,standard_error or trial,effect,lower,upper (intervals
at --level, on the scale of the effect) and, if wanted, label,subgroup.")]
pub(crate) struct PoolEffectsArgs {
    /// The effects.
    #[arg(value_name = "EFFECTS.csv")]
    pub(crate) effects: PathBuf,
    /// Scale of the effects: generic ones are shown as they are, log ratios as ratios.
    #[arg(long, default_value = "generic", value_parser = measure(|measure| measure != EffectMeasure::FreemanTukey))]
    pub(crate) measure: EffectMeasure,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) common: PoolArgs,
    // Last: its heading would hold for whatever follows.
    #[command(flatten)]
    pub(crate) further: FurtherArgs,
}

/// `kmeta pool hazard-ratios`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kmeta pool hazard-ratios pfs.csv --tau-squared DL
  kmeta pool hazard-ratios pfs.csv --curves pfs-curves.csv --route curves-and-number-at-risk

pfs.csv has the column trial and whatever the papers print; a cell that is not printed stays empty:
  hazard_ratio,lower,upper,confidence_level (intervals at --level where the last is left out)
  log_hazard_ratio,standard_error (these are taken as they are)
  p_value (0.03 or <0.001),p_value_sides (two, one),better_arm (experimental, control)
  events,experimental_events,control_events,experimental_patients,control_patients
  observed_minus_expected,log_rank_variance,experimental_expected_events,control_expected_events
  allocation_ratio,minimum_follow_up,maximum_follow_up
  comparison (experimental-over-control, control-over-experimental),label,subgroup
Every trial's hazard ratio is computed by all routes that its numbers allow, the preferred one is
pooled, and routes that disagree are reported.")]
pub(crate) struct PoolHazardRatiosArgs {
    /// The hazard ratios.
    #[arg(value_name = "EFFECTS.csv")]
    pub(crate) effects: PathBuf,
    /// Survival read from the curves: trial,time,experimental_survival,control_survival and, if wanted,
    /// experimental_at_risk,control_at_risk.
    #[arg(long, value_name = "CURVES.csv")]
    pub(crate) curves: Option<PathBuf>,
    /// The route to the hazard ratio to take for every trial [default: the preferred one of those that can be taken].
    #[arg(long, value_parser = choice::<HazardRatioRoute>())]
    pub(crate) route: Option<HazardRatioRoute>,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) common: PoolArgs,
    // Last: its heading would hold for whatever follows.
    #[command(flatten)]
    pub(crate) further: FurtherArgs,
}

/// `kmeta pool survival`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kmeta pool survival ipd/*.csv --times 3,6,9,12 --time-unit months --seed 1
  kmeta pool survival ipd/*.csv --pool-by grid-free --times 3,6,9,12
  kmeta pool survival ipd/*.csv --pool-by median
  kmeta pool survival --tables survival.csv --times 6,12,24 --subgroups
  kmeta pool survival --medians medians.csv --pool-by median

Each IPD.csv has the columns time,status (1 event, 0 censored) and, if wanted, trial,arm,subgroup; such
tables are written by `kmeta reconstruct`. Each trial and arm is one curve. survival.csv has the columns
trial,time,survival,number_at_risk (at that time; the row of time 0 gives the patients) and
medians.csv trial,median,lower,upper, both if wanted label,subgroup.")]
pub(crate) struct PoolSurvivalArgs {
    /// Patients.
    #[arg(required_unless_present_any = ["tables", "medians"], value_name = "IPD.csv")]
    pub(crate) patients: Vec<PathBuf>,
    /// Printed survival at chosen times: summary-curve.
    #[arg(long, value_name = "SURVIVAL.csv")]
    pub(crate) tables: Option<PathBuf>,
    /// Printed medians: median.
    #[arg(long, value_name = "MEDIANS.csv")]
    pub(crate) medians: Option<PathBuf>,
    /// Pool each subgroup as well and test whether their curves are equal: summary-curve.
    #[arg(long)]
    pub(crate) subgroups: bool,
    /// How survival is pooled.
    #[arg(long, default_value = "summary-curve", value_parser = choice::<SurvivalMethod>())]
    pub(crate) pool_by: SurvivalMethod,
    /// Estimator of the between-trial variance: grid-free, landmark, median, restricted-mean.
    #[arg(long, default_value = "REML", value_parser = choice::<TauSquaredEstimator>())]
    pub(crate) tau_squared: TauSquaredEstimator,
    /// How intervals are made: grid-free, landmark, median, restricted-mean.
    #[arg(long, value_parser = choice::<IntervalMethod>())]
    pub(crate) interval: Option<IntervalMethod>,
    /// Scale on which survival is pooled: landmark.
    #[arg(long, default_value = "complementary-log-log", value_parser = choice::<LandmarkScale>())]
    pub(crate) landmark_scale: LandmarkScale,
    /// Horizon of the restricted mean: grid-free, parametric, restricted-mean.
    #[arg(long, value_name = "TIME")]
    pub(crate) restricted_mean_horizon: Option<f64>,
    /// Distributions to fit: parametric [default: all].
    #[arg(long, value_delimiter = ',', value_name = "NAMES", value_parser = choice::<SurvivalDistribution>(),
          default_values = distribution_names(), hide_default_value = true)]
    pub(crate) distributions: Vec<SurvivalDistribution>,
    /// Distribution of the frailty: frailty.
    #[arg(long, default_value = "gamma", value_parser = choice::<FrailtyDistribution>())]
    pub(crate) frailty: FrailtyDistribution,
    /// Times at which survival is pooled, for example 3,6,9,12; every method but median needs them.
    #[arg(long, value_delimiter = ',', value_name = "TIMES")]
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

/// `kmeta pool two-arm-survival`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  kmeta pool two-arm-survival ipd/*.csv --control placebo --pool-by one-stage-random

Each table has the columns time,status (1 event, 0 censored), arm and, if wanted, trial,subgroup; such tables
are written by `kmeta reconstruct`. Without --control the arm called control, placebo or reference
is the control.")]
pub(crate) struct PoolTwoArmSurvivalArgs {
    /// Patients.
    #[arg(required = true, value_name = "IPD.csv")]
    pub(crate) patients: Vec<PathBuf>,
    /// Name of the control arm in all trials.
    #[arg(long, value_name = "ARM")]
    pub(crate) control: Option<String>,
    /// How the hazard ratio is pooled.
    #[arg(long = "pool-by", default_value = "two-stage", value_parser = choice::<TwoArmModel>())]
    pub(crate) pool_by: TwoArmModel,
    /// How each trial's hazard ratio is estimated in a two-stage analysis.
    #[arg(long, default_value = "cox", value_parser = choice::<TrialHazardRatio>())]
    pub(crate) trial_hazard_ratio: TrialHazardRatio,
    /// How tied events enter Cox models.
    #[arg(long, default_value = "efron", value_parser = choice::<Ties>())]
    pub(crate) ties: Ties,
    /// Function of time in the test of proportional hazards.
    #[arg(long, default_value = "kaplan-meier", value_parser = choice::<TimeTransform>())]
    pub(crate) time_transform: TimeTransform,
    /// Horizon of restricted mean survival time; none when left out.
    #[arg(long, value_name = "TIME")]
    pub(crate) restricted_mean_horizon: Option<f64>,
    /// Times that divide follow-up into intervals with a hazard ratio each, for example 6,12.
    #[arg(long, value_delimiter = ',', value_name = "TIMES")]
    pub(crate) piecewise_cuts: Vec<f64>,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) common: PoolArgs,
    // Last: its heading would hold for whatever follows.
    #[command(flatten)]
    pub(crate) further: FurtherArgs,
}

/// All distributions by name.
fn distribution_names() -> Vec<String> {
    SurvivalDistribution::ALL.iter().map(crate::stages::write_tables::serde_name).collect()
}
