//! Input from which no patients can be reconstructed.

/// Why an arm cannot be reconstructed. Every message names the arm and says what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReconstructionError {
    /// Neither a number of patients nor a risk table that starts at time 0 was given.
    #[error(
        "{arm}: the number of patients is not known: there is no number at risk at time 0; state the arm's \
         number of patients"
    )]
    PatientsUnknown {
        /// Trial and arm.
        arm: String,
    },
    /// The arm has no patients.
    #[error("{arm}: the number of patients is 0: an arm needs at least one patient")]
    NoPatients {
        /// Trial and arm.
        arm: String,
    },
    /// A number at risk is above the number of patients.
    #[error(
        "{arm}: {at_risk} at risk at time {time}, but the arm has only {patients} patients: correct the cell or \
         the number of patients"
    )]
    MoreAtRiskThanPatients {
        /// Trial and arm.
        arm: String,
        /// Time of the column.
        time: f64,
        /// The number at risk.
        at_risk: u32,
        /// The number of patients.
        patients: u32,
    },
    /// More events than patients were stated.
    #[error("{arm}: {events} events among {patients} patients: correct the total of events")]
    MoreEventsThanPatients {
        /// Trial and arm.
        arm: String,
        /// The stated events.
        events: u32,
        /// The patients.
        patients: u32,
    },
    /// No whole numbers of patients make the curve, whatever else is given up.
    #[error(
        "{arm}: no whole numbers of events and censored patients make this curve: check the number of patients \
         and the points of the curve"
    )]
    CurveImpossible {
        /// Trial and arm.
        arm: String,
    },
    /// The end of the curve or a censoring time is not a usable time.
    #[error("{arm}: {what} is {value}: give a finite time of at least 0")]
    TimeInvalid {
        /// Trial and arm.
        arm: String,
        /// Which time.
        what: &'static str,
        /// The value found.
        value: f64,
    },
    /// A published algorithm has no answer, as where a curve reaches 0.
    #[error("{arm}: the published algorithm fails: {reason}; the method `constrained` has an answer")]
    PublishedAlgorithmFailed {
        /// Trial and arm.
        arm: String,
        /// Why.
        reason: String,
    },
}
