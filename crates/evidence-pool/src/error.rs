//! Why studies cannot be pooled.

use kmeta_numerics::NumericsError;
use kmeta_survival_estimate::SurvivalError;

/// Why studies cannot be pooled. Each message says which study or setting is at fault.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// There is nothing to pool.
    #[error("no studies to pool; give at least one")]
    NoStudies,
    /// Two studies have the same identifier.
    #[error("trial `{trial}` occurs twice; give each study of an analysis its own id")]
    DuplicateTrial {
        /// The identifier.
        trial: String,
    },
    /// A study has no patients.
    #[error("trial `{trial}`: 0 patients; give the number of patients, or leave the trial out")]
    ZeroTotal {
        /// The identifier.
        trial: String,
    },
    /// A study has more events than patients.
    #[error("trial `{trial}`: {events} events among {total} patients; events cannot exceed patients")]
    EventsAboveTotal {
        /// The identifier.
        trial: String,
        /// Events found.
        events: u32,
        /// Patients found.
        total: u32,
    },
    /// Prior and data leave a distribution that cannot be normalized.
    #[error(
        "{studies} studies with an improper uniform prior of tau leave no proper posterior distribution; it \
         takes at least {needed}. Choose a proper prior, for example half-normal with scale 0.5"
    )]
    ImproperPosterior {
        /// Studies found.
        studies: usize,
        /// Studies needed.
        needed: usize,
    },
    /// An effect is not a finite number, or beyond ±1e50.
    #[error("trial `{trial}`: effect {value} must be a finite number from -1e50 to 1e50")]
    InvalidEffect {
        /// The identifier.
        trial: String,
        /// The effect found.
        value: f64,
    },
    /// A variance is not a finite number above 0, or not from 1e-100 to 1e100.
    #[error("trial `{trial}`: variance {variance} must be a number above 0, from 1e-100 to 1e100")]
    InvalidVariance {
        /// The identifier.
        trial: String,
        /// The variance found.
        variance: f64,
    },
    /// Sampling variances differ too much for a regression to keep any digits.
    #[error(
        "the variance of trial `{least_precise}` is {ratio:e} times that of trial `{most_precise}`; regressions hold \
         up to 1e12: leave one of the two out"
    )]
    UnequalPrecision {
        /// The trial with the smallest variance.
        most_precise: String,
        /// The trial with the largest variance.
        least_precise: String,
        /// How many times larger it is.
        ratio: f64,
    },
    /// The measure does not suit the data.
    #[error("measure {measure:?} of {place} does not suit this analysis: {reason}")]
    WrongMeasure {
        /// The measure found.
        measure: kmeta_trial_data::EffectMeasure,
        /// The option or trial, in words.
        place: String,
        /// What is expected.
        reason: String,
    },
    /// Subgroups were asked for, but a study names none.
    #[error("trial `{trial}` names no subgroup, but subgroups were asked for")]
    MissingSubgroup {
        /// The identifier.
        trial: String,
    },
    /// A confidence level is not strictly between 0 and 1.
    #[error("confidence level {level} must lie between 0 and 1, for example 0.95")]
    InvalidLevel {
        /// The level found.
        level: f64,
    },
    /// A scoring threshold is negative or not finite.
    #[error("scoring_threshold {threshold} must be 0 or a small number above it, for example 1e-5")]
    InvalidThreshold {
        /// The threshold found.
        threshold: f64,
    },
    /// A between-study variance that was set is negative, above 1e100 or not a number.
    #[error("preset_tau_squared {tau_squared} must be 0 or a number above it, at most 1e100")]
    InvalidTauSquared {
        /// The value found.
        tau_squared: f64,
    },
    /// Kenward-Roger was asked for with an estimator that has no restricted likelihood.
    #[error(
        "kenward-roger intervals are derived from the restricted likelihood and need tau_squared = \"REML\", but \
         the estimator is {}", .estimator.abbreviation()
    )]
    KenwardRogerNeedsReml {
        /// The estimator found.
        estimator: kmeta_trial_data::TauSquaredEstimator,
    },
    /// A profile-likelihood interval was asked for with an estimator that maximizes no likelihood.
    #[error(
        "the profile-likelihood interval of tau-squared needs tau_squared = \"REML\" or \"ML\", but the estimator \
         is {}; choose one of them, or q-profile", .estimator.abbreviation()
    )]
    ProfileLikelihoodNeedsLikelihood {
        /// The estimator found.
        estimator: kmeta_trial_data::TauSquaredEstimator,
    },
    /// An order of studies does not name each of them once.
    #[error(
        "the order does not name position {position} exactly once; give each position from 0 to {} once",
        .studies.saturating_sub(1)
    )]
    InvalidOrder {
        /// The position at fault.
        position: usize,
        /// Number of studies.
        studies: usize,
    },
    /// Effects and variances are not of the same number.
    #[error("{values} effects with {variances} variances; give one variance for each effect")]
    UnequalLengths {
        /// Number of effects.
        values: usize,
        /// Number of variances.
        variances: usize,
    },
    /// A hazard ratio or its interval is impossible.
    #[error(
        "hazard ratio {hazard_ratio} [{lower}, {upper}]: all three must be finite and above 0, the lower \
         limit below the upper one and the hazard ratio between them"
    )]
    InvalidHazardRatio {
        /// The hazard ratio found.
        hazard_ratio: f64,
        /// The lower limit found.
        lower: f64,
        /// The upper limit found.
        upper: f64,
    },
    /// A prior distribution is impossible.
    #[error("prior of {prior}: {part} = {value} must be {expected}")]
    InvalidPrior {
        /// Tau or mean.
        prior: &'static str,
        /// The parameter of the prior.
        part: &'static str,
        /// The value found.
        value: f64,
        /// What is expected.
        expected: &'static str,
    },
    /// A tolerance is out of range.
    #[error("tolerance {tolerance} must lie between 1e-13 and 1e-4, for example 1e-11")]
    InvalidTolerance {
        /// The tolerance found.
        tolerance: f64,
    },
    /// A number that a trial prints is impossible.
    #[error("trial `{trial}`: {quantity} is {found}; expected {expected}")]
    InvalidPrintedNumber {
        /// The identifier.
        trial: String,
        /// What is printed.
        quantity: String,
        /// The value found.
        found: String,
        /// What is expected.
        expected: String,
    },
    /// A tolerance is negative or not a number.
    #[error("{option} is {value}; expected 0 or a finite number above it")]
    InvalidDisagreementTolerance {
        /// The option.
        option: &'static str,
        /// The value found.
        value: f64,
    },
    /// What a trial prints does not lead to a log hazard ratio.
    #[error(
        "trial `{trial}`: what is given does not lead to a log hazard ratio. Enough is one of: lower and upper limit; \
         observed_minus_expected and log_rank_variance; hazard_ratio with p_value or events; p_value with events and \
         better_arm; curves with numbers at risk, or with patients and maximum_follow_up. Of what is given: {reasons}"
    )]
    NoHazardRatioRoute {
        /// The identifier.
        trial: String,
        /// Why routes cannot be taken.
        reasons: String,
    },
    /// The route that was asked for cannot be taken.
    #[error(
        "trial `{trial}`: no hazard ratio by {route}: it {reason}; state what is missing or choose another route"
    )]
    HazardRatioRouteUnavailable {
        /// The identifier.
        trial: String,
        /// The route in words.
        route: &'static str,
        /// What is missing.
        reason: String,
    },
    /// A printed median or one of its limits is impossible.
    #[error("trial `{trial}`: {value} among its printed median and limits: {expected}")]
    InvalidMedian {
        /// The identifier.
        trial: String,
        /// The value found.
        value: f64,
        /// What is expected.
        expected: String,
    },
    /// The times of a pooled curve are unusable.
    #[error("time {time} at position {index} (counted from 0): times must be finite, above 0 and increase")]
    InvalidTimes {
        /// Position, from 0.
        index: usize,
        /// The time found.
        time: f64,
    },
    /// No times were given.
    #[error("no times at which to pool survival; give at least one")]
    NoTimes,
    /// The horizon of a restricted mean is unusable.
    #[error(
        "horizon {horizon} of the restricted mean survival time must be above 0 and at most {longest}, the longest \
         follow-up"
    )]
    InvalidHorizon {
        /// The horizon found.
        horizon: f64,
        /// The longest follow-up.
        longest: f64,
    },
    /// No study is followed as far as the first time.
    #[error("no trial contributes at time {time}: every trial's follow-up ended or reached 0 before")]
    NoFollowUp {
        /// The first time.
        time: f64,
    },
    /// No patient of any trial had the event.
    #[error(
        "no trial has an event: a survival model cannot be fitted; report the patients and their follow-up"
    )]
    NoEvents,
    /// An event at time 0 has no density.
    #[error(
        "trial `{trial}`: an event at time 0, which has no density in parametric models; give the time in a finer unit \
         or a small time above 0, for example half of the shortest other one"
    )]
    EventAtTimeZero {
        /// The identifier.
        trial: String,
    },
    /// A horizon of restricted means is not a finite time above 0.
    #[error("restricted_mean_horizon {horizon} must be a finite time above 0")]
    InvalidRestrictedMeanHorizon {
        /// The horizon found.
        horizon: f64,
    },
    /// The variance of the frailty has no finite estimate.
    #[error(
        "the variance of the frailty has no finite estimate: trials differ too much for a common baseline hazard; \
         pool fewer or more alike trials, or give their curves separately"
    )]
    UnboundedFrailty,
    /// No distribution was asked for.
    #[error("no distributions to fit; name at least one, for example \"weibull\"")]
    NoDistributions,
    /// A distribution was asked for twice.
    #[error("distribution {distribution} is named twice; name each once")]
    RepeatedDistribution {
        /// Its name.
        distribution: String,
    },
    /// No distribution could be fitted.
    #[error(
        "none of the distributions has a maximum of its likelihood on these patients (too few distinct event times); \
         try \"exponential\", which needs one event"
    )]
    NothingFitted,
    /// A trial's patients are unusable.
    #[error("trial `{trial}`: {source}")]
    Patients {
        /// The identifier.
        trial: String,
        /// What is wrong.
        source: SurvivalError,
    },
    /// A coefficient cannot be told from others.
    #[error(
        "coefficient `{coefficient}` follows from the others (a constant moderator, a factor with one level, or \
         moderators that depend on each other); leave one of them out"
    )]
    CollinearModerators {
        /// The coefficient.
        coefficient: String,
    },
    /// All studies are equally precise.
    #[error("all studies have the same standard error, which does not tell {what}; {advice}")]
    EqualPrecision {
        /// What cannot be told.
        what: String,
        /// What to do.
        advice: String,
    },
    /// A significance level is not strictly between 0 and one half.
    #[error("significance level {level} must lie between 0 and 0.5, for example 0.05")]
    InvalidSignificance {
        /// The level found.
        level: f64,
    },
    /// The target of a fail-safe number is 0 or not finite.
    #[error("target {target} of the fail-safe number must be a finite number other than 0")]
    InvalidTarget {
        /// The target found.
        target: f64,
    },
    /// Effects lie on a line.
    #[error(
        "all effects lie on a line with precision, so that there is no error to estimate; nothing is adjusted"
    )]
    NoScatter,
    /// A moderator has an unusable value.
    #[error("{place}: moderator `{moderator}` is `{found}`; expected {expected}")]
    InvalidModerator {
        /// The trial or the point of prediction.
        place: String,
        /// The moderator.
        moderator: String,
        /// The value found.
        found: String,
        /// What is expected.
        expected: String,
    },
    /// A moderator is not given.
    #[error("{place} has no value of moderator `{moderator}`; give one, or leave out what lacks it")]
    MissingModerator {
        /// The trial or the point of prediction.
        place: String,
        /// The moderator.
        moderator: String,
    },
    /// A model has neither intercept nor moderators.
    #[error("a model without intercept needs at least one moderator")]
    NoModerators,
    /// A bootstrap is too small.
    #[error("{draws} draws; ask for at least {needed}, for example 25000")]
    TooFewDraws {
        /// Draws asked for.
        draws: u32,
        /// Draws needed.
        needed: u32,
    },
    /// There are too few studies for what was asked.
    #[error("{found} studies, but {what} needs at least {needed}")]
    TooFewStudies {
        /// Studies found.
        found: usize,
        /// Studies needed.
        needed: usize,
        /// What was asked.
        what: String,
    },
    /// A factor has no such level.
    #[error("moderator `{moderator}` has no level `{level}` among the studies; its levels are {levels}")]
    UnknownLevel {
        /// The moderator.
        moderator: String,
        /// The level asked for.
        level: String,
        /// The levels that occur.
        levels: String,
    },
    /// No study has the moderator.
    #[error("no study has a value of moderator `{moderator}`; check its name")]
    UnknownModerator {
        /// The moderator.
        moderator: String,
    },
    /// Two settings cannot be used together.
    #[error("{setting}: {reason}")]
    SettingsConflict {
        /// The setting to change.
        setting: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The number of quadrature nodes is out of range.
    #[error(
        "quadrature_nodes = {nodes} must lie between 1 and {most}; leave it out to use as many as it takes"
    )]
    InvalidQuadratureNodes {
        /// The number found.
        nodes: u32,
        /// The largest number possible.
        most: usize,
    },
    /// An increment is negative or not finite.
    #[error("increment {increment} must be a finite number, 0 or above; 0.5 is usual")]
    InvalidIncrement {
        /// The increment found.
        increment: f64,
    },
    /// A likelihood rises without end.
    #[error(
        "{place}: each study has either no events or only events, or nearly so, so that the likelihood has no finite \
         maximum; set model = \"inverse-variance\" or measure = \"arcsine\""
    )]
    NoFiniteMaximum {
        /// The analysis or subgroup, in words.
        place: String,
    },
    /// The data say nothing about a quantity.
    #[error("{what} cannot be estimated: {reason}")]
    NotEstimable {
        /// The quantity.
        what: String,
        /// Why, and what to do.
        reason: String,
    },
    /// A Cox model of all patients as if they came from one trial was asked for.
    #[error(
        "a Cox model of the merged patients without strata is not fitted: trials differ in baseline hazard and in \
         the share of treated patients, so that differences between trials would enter the hazard ratio, up to \
         turning its direction (Simpson's paradox), randomization within trials would be lost, and the clustering \
         of patients in trials would make the interval too narrow; use two-stage, one-stage-common (stratified \
         by trial) or one-stage-random"
    )]
    UnstratifiedModel,
    /// A row of a printed survival table is unusable.
    #[error("trial `{trial}`: row {row} (counted from 1) of its printed survival: {reason}")]
    PublishedSurvival {
        /// The identifier.
        trial: String,
        /// The row, from 1.
        row: usize,
        /// What is wrong and what is expected.
        reason: String,
    },
    /// A stratum cannot be pooled.
    #[error("stratum `{stratum}`: {reason}")]
    Stratum {
        /// Name of the stratum.
        stratum: String,
        /// What is wrong and what is expected.
        reason: String,
    },
    /// A number of an answer would not be finite.
    #[error(
        "{analysis}: {part} would be {value}, because the numbers given are too extreme, or differ by too many orders of \
         magnitude, for double precision; leave out what stands apart, or give it in another unit"
    )]
    NotFinite {
        /// The analysis, in words.
        analysis: String,
        /// The part of the answer, as in `studies.2.estimate.interval.upper` with elements counted from 0.
        part: String,
        /// What it would be.
        value: f64,
    },
    /// A computation failed that cannot fail on valid input.
    #[error("not computed: {what}; please report this with the input")]
    Computation {
        /// What was computed.
        what: String,
    },
}

/// Numeric routines decline arguments only that were checked before, so that this says something is wrong here
/// rather than with the studies.
impl From<NumericsError> for PoolError {
    fn from(error: NumericsError) -> Self {
        Self::Computation { what: error.to_string() }
    }
}
