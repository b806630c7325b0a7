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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Estimand {
    /// The study in the middle: half of all studies lie above. A mean on a curved scale, transformed back.
    #[default]
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
    /// Hedges & Olkin 1985: variance of the effects less the mean sampling variance.
    #[serde(rename = "HE")]
    Hedges,
    /// Hunter & Schmidt 2004.
    #[serde(rename = "HS")]
    HunterSchmidt,
    /// Sidik & Jonkman 2005; never 0 unless all effects are equal.
    #[serde(rename = "SJ")]
    SidikJonkman,
    /// Empirical Bayes (Morris 1983); the same number as Paule & Mandel.
    #[serde(rename = "EB")]
    EmpiricalBayes,
    /// Hunter & Schmidt with the small-sample correction of Brannick et al. 2019 (metafor `HSk`).
    #[serde(rename = "HSk")]
    HunterSchmidtCorrected,
    /// The median-unbiased form of Paule & Mandel (Viechtbauer 2021; metafor `PMM`).
    #[serde(rename = "PMM")]
    MedianUnbiasedPauleMandel,
}

impl TauSquaredEstimator {
    /// The abbreviation of the literature, `REML`.
    pub fn abbreviation(self) -> &'static str {
        match self {
            Self::DerSimonianLaird => "DL",
            Self::PauleMandel => "PM",
            Self::RestrictedMaximumLikelihood => "REML",
            Self::MaximumLikelihood => "ML",
            Self::Hedges => "HE",
            Self::HunterSchmidt => "HS",
            Self::SidikJonkman => "SJ",
            Self::EmpiricalBayes => "EB",
            Self::HunterSchmidtCorrected => "HSk",
            Self::MedianUnbiasedPauleMandel => "PMM",
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
    /// Hartung-Knapp with a standard error not below the inverse-variance one (Knapp & Hartung 2003; R meta
    /// `adhoc.hakn.ci = "se"`, metafor `test = "adhoc"`).
    HartungKnappLargerError,
    /// The wider of the Hartung-Knapp and the Wald interval (Jackson et al. 2017; R meta `"ci"`).
    HartungKnappWiderInterval,
    /// Hartung-Knapp with a standard error not below the inverse-variance one where its interval is narrower than
    /// the Wald interval with the DerSimonian-Laird estimate (IQWiG General Methods 6; R meta `"IQWiG6"`).
    HartungKnappIqwig6,
    /// Kenward & Roger 1997 by way of Partlett & Riley 2017; needs the REML estimator.
    KenwardRoger,
}

impl IntervalMethod {
    /// True for Hartung-Knapp with and without a correction.
    pub fn is_hartung_knapp(self) -> bool {
        !matches!(self, Self::Wald | Self::KenwardRoger)
    }
}

/// How the prediction interval of a new study's effect is made: mean ± quantile · √(SE² + τ²).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PredictionMethod {
    /// t with k − 1 degrees of freedom, inverse-variance standard error (Veroniki et al. 2019; R meta `"V"`, its
    /// default since 8.0).
    #[default]
    Veroniki,
    /// t with k − 2 degrees of freedom, inverse-variance standard error (Higgins, Thompson & Spiegelhalter 2009; R
    /// meta `"HTS"`, its default before 8.0).
    HigginsThompsonSpiegelhalter,
    /// t with k − 1 degrees of freedom and the Hartung-Knapp standard error (R meta `"HK"`; metafor with
    /// `test = "knha"`).
    HartungKnapp,
    /// t with k − 2 degrees of freedom and the Hartung-Knapp standard error (Partlett & Riley 2017; R meta
    /// `"HK-PR"`).
    HartungKnappPartlettRiley,
    /// t with Kenward and Roger's degrees of freedom and standard error; needs the REML estimator (R meta `"KR"`).
    KenwardRoger,
    /// As `kenward-roger` with one degree of freedom less (Partlett & Riley 2017; R meta `"KR-PR"`).
    KenwardRogerPartlettRiley,
    /// Normal quantile and the inverse-variance standard error (Skipka 2006; R meta `"S"`; metafor with
    /// `test = "z"`).
    Skipka,
    /// Quantiles of a parametric bootstrap that draws τ² from its confidence distribution (Nagashima, Noma & Furukawa
    /// 2019; R `pimeta::pima(method = "boot")`). It holds its level with few studies; τ² is that of DerSimonian and
    /// Laird, whatever the estimator of the analysis.
    NagashimaBootstrap,
}

/// How the interval of the between-study variance is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TauSquaredIntervalMethod {
    /// The generalized Q at chi-squared quantiles (Viechtbauer 2007; R meta and metafor).
    #[default]
    QProfile,
    /// Jackson 2013 with weights 1/SE (R meta `method.tau.ci = "J"`, which it prints with DerSimonian-Laird).
    Jackson,
    /// Biggerstaff & Jackson 2008, the exact distribution of Cochran's Q (R meta `"BJ"`).
    BiggerstaffJackson,
    /// Values of τ² that a likelihood-ratio test does not reject (Hardy & Thompson 1996); for ML and REML.
    ProfileLikelihood,
}

/// Whether subgroups share a between-study variance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SubgroupTauSquared {
    /// Each subgroup has its own (R meta `tau.common = FALSE`).
    #[default]
    Separate,
    /// One for all, estimated from the differences within subgroups (R meta `tau.common = TRUE`).
    Common,
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
