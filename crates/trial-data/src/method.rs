//! Names of the statistical choices: the same words in the project file, the results and the report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The scale on which studies are pooled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EffectMeasure {
    /// Freeman-Tukey double arcsine of a proportion (R meta `PFT`; Freeman & Tukey 1950, Miller 1978).
    FreemanTukey,
    /// Logit of a proportion (R meta `PLOGIT`).
    Logit,
    /// Arcsine of the square root of a proportion (R meta `PAS`).
    Arcsine,
    /// The proportion itself (R meta `PRAW`).
    Raw,
    /// Natural logarithm of a proportion (R meta `PLN`).
    Log,
    /// Natural logarithm of a hazard ratio.
    LogHazardRatio,
}

impl EffectMeasure {
    /// True for the measures of a single proportion.
    pub fn is_proportion(self) -> bool {
        self != Self::LogHazardRatio
    }
}

/// Estimator of the between-study variance (Viechtbauer 2005; Veroniki 2016).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum TauSquaredEstimator {
    /// DerSimonian & Laird 1986.
    #[serde(rename = "DL")]
    DerSimonianLaird,
    /// Paule & Mandel 1982.
    #[serde(rename = "PM")]
    PauleMandel,
    /// Restricted maximum likelihood.
    #[serde(rename = "REML")]
    RestrictedMaximumLikelihood,
    /// Maximum likelihood.
    #[serde(rename = "ML")]
    MaximumLikelihood,
}

impl TauSquaredEstimator {
    /// The abbreviation of the literature, `REML`.
    pub fn abbreviation(self) -> &'static str {
        match self {
            Self::DerSimonianLaird => "DL",
            Self::PauleMandel => "PM",
            Self::RestrictedMaximumLikelihood => "REML",
            Self::MaximumLikelihood => "ML",
        }
    }
}

/// How the interval of a random-effects mean is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IntervalMethod {
    /// Normal quantile and the inverse-variance standard error.
    Wald,
    /// Hartung & Knapp 2001, Sidik & Jonkman 2002: t quantile with k − 1 degrees of freedom.
    HartungKnapp,
}

/// How the interval of a single study's proportion is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StudyIntervalMethod {
    /// Clopper & Pearson 1934, exact.
    ClopperPearson,
    /// Wilson 1927, score interval.
    Wilson,
    /// From the effect's own standard error.
    Wald,
}

/// The sample size at which a pooled Freeman-Tukey value is transformed back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BackTransformSize {
    /// Harmonic mean of the sample sizes (Miller 1978; R meta and metafor).
    HarmonicMean,
    /// Arithmetic mean of the sample sizes.
    ArithmeticMean,
    /// Reciprocal of the pooled variance (Barendregt & Doi 2013).
    InverseVariance,
}
