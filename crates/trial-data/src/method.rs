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
    /// Natural logarithm of an odds ratio (R meta `OR`).
    LogOddsRatio,
    /// Natural logarithm of a risk ratio (R meta `RR`).
    LogRiskRatio,
    /// Difference of two proportions (R meta `RD`).
    RiskDifference,
    /// Difference of the arcsines of the square roots of two proportions (R meta `ASD`; Rücker 2009).
    ArcsineDifference,
    /// An effect as given, of whatever kind; it is not transformed back.
    Generic,
}

impl EffectMeasure {
    /// True for the measures of a single proportion.
    pub fn is_proportion(self) -> bool {
        matches!(self, Self::FreemanTukey | Self::Logit | Self::Arcsine | Self::Raw | Self::Log)
    }

    /// True for logarithms of ratios: read as ratios on a logarithmic axis, with no effect at 1.
    pub fn is_log_ratio(self) -> bool {
        matches!(self, Self::LogHazardRatio | Self::LogOddsRatio | Self::LogRiskRatio)
    }

    /// True for the measures that compare the counts of two arms.
    pub fn compares_two_arms(self) -> bool {
        matches!(
            self,
            Self::LogOddsRatio | Self::LogRiskRatio | Self::RiskDifference | Self::ArcsineDifference
        )
    }

    /// The value on the reading scale that means no effect: 1 for ratios, 0 for differences and effects as
    /// given, none for a single proportion.
    pub fn no_effect(self) -> Option<f64> {
        match self {
            Self::FreemanTukey | Self::Logit | Self::Arcsine | Self::Raw | Self::Log => None,
            Self::LogHazardRatio | Self::LogOddsRatio | Self::LogRiskRatio => Some(1.0),
            Self::RiskDifference | Self::ArcsineDifference | Self::Generic => Some(0.0),
        }
    }
}

/// How the studies were put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PoolingModel {
    /// Each study's effect weighted by the reciprocal of its variance.
    InverseVariance,
    /// Logistic regression of the counts with a random intercept per study (Stijnen 2010).
    Glmm,
    /// Beta-binomial distribution of the counts.
    BetaBinomial,
    /// Mantel & Haenszel 1959 for the common effect, inverse variance for random effects.
    MantelHaenszel,
    /// Peto: Yusuf 1985 for the common effect, inverse variance for random effects.
    Peto,
}

/// The study that a random-effects mean speaks of, on the scale people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Estimand {
    /// The study in the middle: half of all studies lie above. A mean on a curved scale, transformed back.
    TypicalStudy,
    /// The mean over studies.
    AverageStudy,
}

/// Which cells of two-arm counts a continuity correction is added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContinuityCorrection {
    /// All four cells of the studies that have a cell of 0 (R meta `method.incr = "only0"`).
    AffectedStudies,
    /// All four cells of every study, when any study has a cell of 0 (R meta `method.incr = "if0all"`).
    AllIfAnyAffected,
    /// All four cells of every study (R meta `method.incr = "all"`).
    AllStudies,
    /// Affected studies, each arm in proportion to its size; both arms together get 1 (R meta `incr = "TACC"`;
    /// Sweeting 2004).
    TreatmentArm,
    /// None. Studies whose effect or variance is then not finite are left out.
    None,
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
    /// Agresti & Coull 1998: Wald interval about the centre of the score interval.
    AgrestiCoull,
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
