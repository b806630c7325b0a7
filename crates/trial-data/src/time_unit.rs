//! Units of follow-up time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Unit of a time axis. Conversions use the Julian year of 365.25 days and months of a twelfth of it
/// (30.4375 days), as R `survival` examples and most trial reports do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TimeUnit {
    /// Days.
    Days,
    /// Weeks of seven days.
    Weeks,
    /// Months of 30.4375 days.
    Months,
    /// Years of 365.25 days.
    Years,
}

impl TimeUnit {
    /// Length of one unit in days.
    pub fn in_days(self) -> f64 {
        match self {
            Self::Days => 1.0,
            Self::Weeks => 7.0,
            Self::Months => 365.25 / 12.0,
            Self::Years => 365.25,
        }
    }

    /// The factor by which a time in `self` is multiplied to be in `other`.
    ///
    /// ```
    /// use kmeta_trial_data::TimeUnit;
    /// assert_eq!(TimeUnit::Years.factor_to(TimeUnit::Months), 12.0);
    /// ```
    pub fn factor_to(self, other: Self) -> f64 {
        if self == other { 1.0 } else { self.in_days() / other.in_days() }
    }

    /// The plural word, `months`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Days => "days",
            Self::Weeks => "weeks",
            Self::Months => "months",
            Self::Years => "years",
        }
    }
}

impl std::fmt::Display for TimeUnit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}
