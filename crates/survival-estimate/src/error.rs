//! Why survival cannot be estimated.

/// Why patients cannot be analysed. Each message says which patient or arm is at fault.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SurvivalError {
    /// There is no patient at all.
    #[error("{group}: no patients; give at least one time and status")]
    NoPatients {
        /// The group that is empty, in words.
        group: String,
    },
    /// A follow-up time is negative, infinite or not a number.
    #[error(
        "{group}, patient {index} (counted from 0): follow-up time {time} is not a finite number of 0 or more"
    )]
    InvalidTime {
        /// The group, in words.
        group: String,
        /// Index of the patient, from 0.
        index: usize,
        /// The time found.
        time: f64,
    },
    /// A confidence level is not strictly between 0 and 1.
    #[error("confidence level {level} must lie between 0 and 1, for example 0.95")]
    InvalidLevel {
        /// The level found.
        level: f64,
    },
    /// A time horizon is not positive and finite.
    #[error("horizon {horizon} must be a finite time above 0")]
    InvalidHorizon {
        /// The horizon found.
        horizon: f64,
    },
    /// The horizon of a restricted mean lies after the last follow-up while survival is still above 0.
    #[error(
        "horizon {horizon} lies after the last follow-up {last}, where survival is still {survival}: \
         choose a horizon of at most {last}"
    )]
    HorizonBeyondFollowUp {
        /// The horizon found.
        horizon: f64,
        /// The longest follow-up.
        last: f64,
        /// Survival there.
        survival: f64,
    },
    /// A comparison needs at least two groups.
    #[error("{groups} group(s): a comparison needs at least two")]
    TooFewGroups {
        /// Groups found.
        groups: usize,
    },
    /// No event happened while both groups were at risk, so that groups cannot be compared.
    #[error("no event happened while more than one group was at risk: the groups cannot be compared")]
    NothingToCompare,
    /// The partial likelihood has no maximum: every informative event falls into one arm, so that the hazard
    /// ratio runs to 0 or to infinity.
    #[error(
        "the hazard ratio has no finite estimate (it runs to {limit}): whenever both arms were at risk, only \
         the {arm} arm had events"
    )]
    MonotoneLikelihood {
        /// The arm that had all informative events, `reference` or `treated`.
        arm: String,
        /// Where the hazard ratio runs, `0` or `infinity`.
        limit: String,
    },
    /// Newton's method did not converge.
    #[error("the Cox model did not converge in {iterations} iterations (last score {score}); please report")]
    NotConverged {
        /// Iterations made.
        iterations: u32,
        /// Score at the last estimate.
        score: f64,
    },
    /// A covariate cannot be used.
    #[error("covariate `{name}`: {reason}")]
    InvalidCovariate {
        /// Name of the column.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A model without covariates has nothing to estimate.
    #[error("the model has no covariate; give at least one")]
    NoCovariates,
    /// A column carries no information of its own.
    #[error(
        "covariate `{name}` is constant among patients at risk at events, or follows from the covariates before \
         it: leave it out"
    )]
    CollinearCovariate {
        /// Name of the column.
        name: String,
    },
    /// The partial likelihood rises without end along a coefficient.
    #[error(
        "the hazard ratio of `{name}` has no finite estimate (it runs to {limit}): the covariate separates \
         patients with events from the others"
    )]
    InfiniteCoefficient {
        /// Name of the column.
        name: String,
        /// Where the hazard ratio runs, `0` or `infinity`.
        limit: String,
    },
    /// The logarithm of an event time is not finite.
    #[error("an event at time {time} has no logarithm: choose another transformation of time")]
    TransformUndefined {
        /// The time.
        time: f64,
    },
    /// The strata of a test differ in their groups.
    #[error("stratum {stratum} (counted from 0) has {groups} groups where {expected} are expected")]
    DifferingGroups {
        /// Index of the stratum.
        stratum: usize,
        /// Groups found.
        groups: usize,
        /// Groups of the first stratum.
        expected: usize,
    },
    /// The probability of a quantile is not strictly between 0 and 1.
    #[error(
        "probability {probability} of a quantile must lie between 0 and 1, for example 0.5 for the median"
    )]
    InvalidProbability {
        /// The probability found.
        probability: f64,
    },
    /// Exponents of a Fleming-Harrington weight are negative or not finite.
    #[error("Fleming-Harrington exponents rho {rho} and gamma {gamma} must be finite and 0 or more")]
    InvalidWeight {
        /// Exponent of survival.
        rho: f64,
        /// Exponent of 1 − survival.
        gamma: f64,
    },
    /// A combination has no weight or more than can be integrated exactly.
    #[error("{weights} weight(s): a combination of weighted log-rank tests takes 1 to {largest}")]
    WeightCount {
        /// Weights found.
        weights: usize,
        /// The most that are taken.
        largest: usize,
    },
    /// A quantity is not defined for the exact partial likelihood.
    #[error("{quantity} is not defined with exact ties: fit the model with Efron's or Breslow's")]
    ExactTies {
        /// What was asked for.
        quantity: String,
    },
    /// Values that come one per patient have another length.
    #[error("{what}: {found} values for {patients} patients; give one per patient")]
    ValueCount {
        /// What the values are.
        what: String,
        /// Values found.
        found: usize,
        /// Patients.
        patients: usize,
    },
    /// A predictor is not a finite number.
    #[error("predictor of patient {index} (counted from 0) is {value}: give a finite number")]
    InvalidPredictor {
        /// Index of the patient, from 0.
        index: usize,
        /// The value found.
        value: f64,
    },
    /// No two patients can be ordered by the time of their events.
    #[error("no two patients can be compared: an event before the end of another follow-up is needed")]
    NoComparablePairs,
    /// The cuts of a piecewise-exponential model do not ascend from above 0.
    #[error("cut {index} (counted from 0) is {cut}: cuts must be finite, above 0 and ascending")]
    InvalidCut {
        /// Index of the cut, from 0.
        index: usize,
        /// The cut found.
        cut: f64,
    },
    /// An interval has events but no follow-up: all happened at time 0.
    #[error("{events} event(s) at time 0 and no follow-up in the first interval: no rate can be estimated")]
    EventsWithoutFollowUp {
        /// Events.
        events: u32,
    },
    /// Two piecewise-exponential models differ in their intervals.
    #[error("the arms have {reference} and {treated} intervals, or other cuts: use the same cuts for both")]
    DifferingIntervals {
        /// Intervals of the reference arm.
        reference: usize,
        /// Intervals of the treated arm.
        treated: usize,
    },
    /// No patient has an event of the cause asked for.
    #[error("no patient has an event of cause {cause}; found: {found}")]
    UnknownCause {
        /// The cause asked for.
        cause: u32,
        /// Causes found, separated by commas.
        found: String,
    },
}
