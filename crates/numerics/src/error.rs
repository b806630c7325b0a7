//! Why a numeric routine has no answer.

/// Why a numeric routine has no answer. Callers that check their input never see one; they turn it into an
/// error about the study or setting behind it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NumericsError {
    /// An argument lies outside the domain of a function.
    #[error("{function}: {argument} = {value} is outside its domain ({expected})")]
    Domain {
        /// Name of the function.
        function: &'static str,
        /// Name of the argument.
        argument: &'static str,
        /// The value found.
        value: f64,
        /// The domain, in words.
        expected: &'static str,
    },
    /// The function has the same sign at both ends of the interval, so that it need not have a root there.
    #[error("no sign change between {lower} (value {at_lower}) and {upper} (value {at_upper})")]
    NoBracket {
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
        /// Value at the lower end.
        at_lower: f64,
        /// Value at the upper end.
        at_upper: f64,
    },
    /// The search ended without meeting its tolerance.
    #[error("{what} did not converge in {iterations} steps")]
    NotConverged {
        /// What was searched for.
        what: &'static str,
        /// Steps made.
        iterations: u64,
    },
    /// A matrix that must be positive definite is not.
    #[error("a matrix of order {order} is not positive definite")]
    NotPositiveDefinite {
        /// Rows of the matrix.
        order: usize,
    },
}

/// Checks that a probability lies strictly between 0 and 1.
pub(crate) fn probability(function: &'static str, value: f64) -> Result<f64, NumericsError> {
    if value > 0.0 && value < 1.0 {
        Ok(value)
    } else {
        Err(NumericsError::Domain {
            function,
            argument: "probability",
            value,
            expected: "strictly between 0 and 1",
        })
    }
}

/// Checks that a shape or degrees of freedom is above 0 and finite.
pub(crate) fn positive(
    function: &'static str,
    argument: &'static str,
    value: f64,
) -> Result<f64, NumericsError> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(NumericsError::Domain { function, argument, value, expected: "above 0 and finite" })
    }
}
