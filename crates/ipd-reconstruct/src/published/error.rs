//! Where the published algorithms have no answer.

/// Why a published algorithm gives no patients. Where the original stops with a message of R, the variant says
/// which step failed; nothing is repaired, because the point of these algorithms is to behave as published.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishedError {
    /// Neither a risk table nor a number of patients was given.
    #[error("the number of patients is not known: give the numbers at risk or the number of patients")]
    PatientsUnknown,
    /// The arm has no patients.
    #[error("the number at risk at the start is 0: an arm needs at least one patient")]
    NoPatients,
    /// There are fewer clicks than the algorithm takes.
    #[error("{found} clicks are left, at least {needed} are needed: click more points along the curve")]
    TooFewClicks {
        /// Clicks found.
        found: usize,
        /// Clicks needed.
        needed: usize,
    },
    /// A time is smaller than the one before it.
    #[error(
        "click {click}: time {time} comes after {previous}: the algorithm of Guyot 2012 takes clicks sorted by \
         time; sort them"
    )]
    TimeDecreases {
        /// Number of the click, from 1.
        click: usize,
        /// The time found.
        time: f64,
        /// The time before it.
        previous: f64,
    },
    /// A survival value is far outside 0 to 1 (above 1.5 or below −0.5), or a time is negative.
    #[error(
        "click {click}: time {time}, survival {survival}: the algorithm of Guyot 2012 takes times from 0 on and \
         fractions from 0 to 1 (percentages must be divided by 100)"
    )]
    OutOfRange {
        /// Number of the click, from 1.
        click: usize,
        /// The time found.
        time: f64,
        /// The survival found.
        survival: f64,
    },
    /// The risk table does not begin at time 0.
    #[error(
        "the first number at risk is at time {time}: the published algorithms start from the number at time 0; \
         add that column"
    )]
    RiskTableStartsLate {
        /// Time of the first column.
        time: f64,
    },
    /// A division of zero by zero, on which the original stops with "missing value where TRUE/FALSE needed".
    #[error(
        "click {click} (time {time}): {step} divides zero by zero, and the published algorithm ends without an \
         answer; this happens when the curve or the number at risk reaches 0 before its last point"
    )]
    NotANumber {
        /// Number of the click, from 1.
        click: usize,
        /// Time of the click.
        time: f64,
        /// The quantity that is undefined.
        step: &'static str,
    },
    /// A count of patients is negative, on which the original stops with "invalid 'times' argument".
    #[error(
        "click {click} (time {time}): {count} {what}: the published algorithm ends without an answer; this \
         happens when survival rises or the risk table contradicts the curve"
    )]
    NegativeCount {
        /// Number of the click, from 1.
        click: usize,
        /// Time of the click.
        time: f64,
        /// `events` or `censored patients`.
        what: &'static str,
        /// The count.
        count: f64,
    },
    /// More patients were placed than the arm has.
    #[error(
        "{placed} patients were placed in an arm of {patients}: the risk table contradicts the curve, and the \
         published algorithm has no answer"
    )]
    TooManyPatients {
        /// Events and censored patients placed.
        placed: f64,
        /// Patients of the arm.
        patients: u32,
    },
    /// The total of events asks for censoring in a last interval that has no length.
    #[error(
        "the last interval of the risk table (from time {time}) holds a single click, so no patient can be \
         censored in it to meet the total of events; leave out its column or the total of events"
    )]
    LastIntervalSingleClick {
        /// Time of the click.
        time: f64,
    },
}
