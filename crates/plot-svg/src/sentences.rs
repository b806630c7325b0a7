//! Methods and statistics in words: the same in figures and report.

use kmeta_trial_data::{
    BackTransformSize, BetweenSubgroups, EffectMeasure, EggerTest, Heterogeneity, IntervalMethod,
    PooledEffect, PoolingModel, StudyIntervalMethod, TauSquaredEstimator,
};

use crate::format::{fixed, interval, p_value, percent, variance};

/// Decimals of tau² and its interval.
const TAU_DIGITS: usize = 4;

/// Name of the effect as people read it.
pub fn effect_name(measure: EffectMeasure) -> &'static str {
    match measure {
        EffectMeasure::FreemanTukey
        | EffectMeasure::Logit
        | EffectMeasure::Arcsine
        | EffectMeasure::Raw
        | EffectMeasure::Log => "Proportion",
        EffectMeasure::LogHazardRatio => "Hazard ratio",
        EffectMeasure::LogOddsRatio => "Odds ratio",
        EffectMeasure::LogRiskRatio => "Risk ratio",
        EffectMeasure::RiskDifference => "Risk difference",
        EffectMeasure::ArcsineDifference => "Arcsine difference",
        EffectMeasure::Generic => "Effect",
    }
}

/// Name of the analysis scale, as the title of an axis.
pub fn scale_name(measure: EffectMeasure) -> &'static str {
    match measure {
        EffectMeasure::FreemanTukey => "Freeman-Tukey double arcsine transformed proportion",
        EffectMeasure::Logit => "Logit transformed proportion",
        EffectMeasure::Arcsine => "Arcsine transformed proportion",
        EffectMeasure::Raw => "Proportion",
        EffectMeasure::Log => "Log transformed proportion",
        EffectMeasure::LogHazardRatio => "Hazard ratio (log scale)",
        EffectMeasure::LogOddsRatio => "Odds ratio (log scale)",
        EffectMeasure::LogRiskRatio => "Risk ratio (log scale)",
        EffectMeasure::RiskDifference => "Risk difference",
        EffectMeasure::ArcsineDifference => "Arcsine difference",
        EffectMeasure::Generic => "Effect",
    }
}

/// What was pooled, as part of a sentence: "Freeman-Tukey double arcsine transformed proportions".
pub fn pooled_quantity(measure: EffectMeasure) -> &'static str {
    match measure {
        EffectMeasure::FreemanTukey => "Freeman-Tukey double arcsine transformed proportions",
        EffectMeasure::Logit => "logit transformed proportions",
        EffectMeasure::Arcsine => "arcsine transformed proportions",
        EffectMeasure::Raw => "untransformed proportions",
        EffectMeasure::Log => "log transformed proportions",
        EffectMeasure::LogHazardRatio => "log hazard ratios",
        EffectMeasure::LogOddsRatio => "log odds ratios",
        EffectMeasure::LogRiskRatio => "log risk ratios",
        EffectMeasure::RiskDifference => "risk differences",
        EffectMeasure::ArcsineDifference => "arcsine differences",
        EffectMeasure::Generic => "effects",
    }
}

/// "restricted maximum likelihood (REML)".
pub fn tau_squared_name(estimator: TauSquaredEstimator) -> &'static str {
    match estimator {
        TauSquaredEstimator::DerSimonianLaird => "the method of DerSimonian and Laird (DL)",
        TauSquaredEstimator::PauleMandel => "the method of Paule and Mandel (PM)",
        TauSquaredEstimator::RestrictedMaximumLikelihood => "restricted maximum likelihood (REML)",
        TauSquaredEstimator::MaximumLikelihood => "maximum likelihood (ML)",
        TauSquaredEstimator::Hedges => "the method of Hedges and Olkin (HE)",
        TauSquaredEstimator::HunterSchmidt => "the method of Hunter and Schmidt (HS)",
        TauSquaredEstimator::SidikJonkman => "the method of Sidik and Jonkman (SJ)",
        TauSquaredEstimator::EmpiricalBayes => "empirical Bayes (EB)",
        TauSquaredEstimator::HunterSchmidtCorrected => {
            "the method of Hunter and Schmidt with small-sample correction (HSk)"
        }
        TauSquaredEstimator::MedianUnbiasedPauleMandel => {
            "the median-unbiased method of Paule and Mandel (PMM)"
        }
    }
}

/// "normal quantile (Wald)".
pub fn interval_name(method: IntervalMethod) -> &'static str {
    match method {
        IntervalMethod::Wald => "normal quantile (Wald)",
        IntervalMethod::HartungKnapp => "Hartung-Knapp (t quantile)",
        IntervalMethod::HartungKnappLargerError => {
            "Hartung-Knapp (t quantile, standard error at least the inverse-variance one)"
        }
        IntervalMethod::HartungKnappWiderInterval => "the wider of Hartung-Knapp and Wald",
        IntervalMethod::HartungKnappIqwig6 => "Hartung-Knapp (t quantile, corrected as IQWiG 6.0 says)",
        IntervalMethod::KenwardRoger => "Kenward-Roger (t quantile)",
    }
}

/// What follows the name of a random-effects model whose interval is not Wald's: " (Hartung-Knapp)".
pub(crate) fn interval_suffix(method: IntervalMethod) -> &'static str {
    match method {
        IntervalMethod::Wald => "",
        IntervalMethod::KenwardRoger => " (Kenward-Roger)",
        IntervalMethod::HartungKnapp
        | IntervalMethod::HartungKnappLargerError
        | IntervalMethod::HartungKnappWiderInterval
        | IntervalMethod::HartungKnappIqwig6 => " (Hartung-Knapp)",
    }
}

/// "IV" or "M-H": how Review Manager abbreviates a way of pooling.
pub(crate) fn pooling_abbreviation(model: PoolingModel) -> &'static str {
    match model {
        PoolingModel::InverseVariance => "IV",
        PoolingModel::MantelHaenszel => "M-H",
        PoolingModel::Peto => "Peto",
        PoolingModel::Glmm => "GLMM",
        PoolingModel::BetaBinomial => "Beta-binomial",
    }
}

/// A name with a capital at the start of each word.
pub(crate) fn title_case(name: &str) -> String {
    let words = name.split(' ').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
    });
    words.collect::<Vec<String>>().join(" ")
}

/// "Clopper-Pearson (exact)".
pub fn study_interval_name(method: StudyIntervalMethod) -> &'static str {
    match method {
        StudyIntervalMethod::ClopperPearson => "Clopper-Pearson (exact)",
        StudyIntervalMethod::Wilson => "Wilson score",
        StudyIntervalMethod::AgrestiCoull => "Agresti-Coull",
        StudyIntervalMethod::Wald => "normal quantile (Wald)",
    }
}

/// "Inverse-variance pooling": how studies were put together, as the start of a sentence.
pub fn model_name(model: PoolingModel) -> &'static str {
    match model {
        PoolingModel::InverseVariance => "Inverse-variance pooling",
        PoolingModel::Glmm => "Random-intercept logistic regression (GLMM)",
        PoolingModel::BetaBinomial => "Beta-binomial model",
        PoolingModel::MantelHaenszel => "Mantel-Haenszel pooling (random effects by inverse variance)",
        PoolingModel::Peto => "Peto pooling (random effects by inverse variance)",
    }
}

/// "the harmonic mean of the sample sizes".
pub fn back_transform_name(size: BackTransformSize) -> &'static str {
    match size {
        BackTransformSize::HarmonicMean => "the harmonic mean of the sample sizes",
        BackTransformSize::ArithmeticMean => "the arithmetic mean of the sample sizes",
        BackTransformSize::InverseVariance => "the inverse of the pooled variance",
    }
}

/// The confidence level as "95%".
pub fn level(confidence_level: f64) -> String {
    let percent = 100.0 * confidence_level;
    format!("{}%", crate::format::shortest((percent * 1e6).round() / 1e6))
}

/// One line of methods below a forest plot.
pub fn method_line(result: &PooledEffect) -> String {
    let mut line = format!("{} of {}", model_name(result.model), pooled_quantity(result.measure));
    if let Some(size) = result.back_transform.filter(|_| result.measure == EffectMeasure::FreemanTukey) {
        line.push_str(&format!(", transformed back at {}", back_transform_name(size)));
    }
    line.push_str(&format!(
        "; τ² by {}; interval of the random-effects mean: {}; intervals of single studies: {}.",
        tau_squared_name(result.tau_squared_estimator),
        interval_name(result.interval_method),
        study_interval_name(result.study_interval_method)
    ));
    line
}

/// "I² = 46.0% [0.0%, 78.6%], τ² = 0.0092 [0.0000, 0.1533], χ² = 9.25, df = 5, p = 0.0994"; `None` with one
/// study.
pub fn heterogeneity(value: &Heterogeneity, p_digits: usize) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(i_squared) = value.i_squared {
        let limits = value.i_squared_interval.map_or(String::new(), |limits| {
            format!(" [{}, {}]", percent(limits.lower, 1), percent(limits.upper, 1))
        });
        parts.push(format!("I² = {}{limits}", percent(i_squared, 1)));
    }
    if let Some(tau_squared) = value.tau_squared {
        let limits = value
            .tau_squared_interval
            .map_or(String::new(), |limits| format!(" {}", interval(limits.lower, limits.upper, TAU_DIGITS)));
        parts.push(format!("τ² {}{limits}", relation(&variance(tau_squared, TAU_DIGITS))));
    }
    let p = value.p_value?;
    parts.push(format!("χ² = {}, df = {}", fixed(value.q, 2), value.degrees_of_freedom));
    parts.push(format!("p {}", p_value(p, p_digits)));
    Some(parts.join(", "))
}

/// "I² = 60.1%, τ² = 0.0130, p = 0.0821": the short form below a subgroup; `None` with one study.
pub fn heterogeneity_short(value: &Heterogeneity, p_digits: usize) -> Option<String> {
    let (i_squared, p) = (value.i_squared?, value.p_value?);
    let tau_squared = value
        .tau_squared
        .map_or(String::new(), |tau| format!(", τ² {}", relation(&variance(tau, TAU_DIGITS))));
    Some(format!("I² = {}{tau_squared}, p {}", percent(i_squared, 1), p_value(p, p_digits)))
}

/// "χ² = 4.36, df = 3, p = 0.2255" of the random-effects model or the common-effect model.
pub fn subgroup_test(test: &BetweenSubgroups, random: bool, p_digits: usize) -> String {
    let (q, p) =
        if random { (test.q_random, test.p_value_random) } else { (test.q_common, test.p_value_common) };
    format!("χ² = {}, df = {}, p {}", fixed(q, 2), test.degrees_of_freedom, p_value(p, p_digits))
}

/// "intercept 0.61 (SE 1.20), t = 0.51, df = 4, p = 0.6372".
pub fn egger(test: &EggerTest, p_digits: usize) -> String {
    format!(
        "intercept {} (SE {}), t = {}, df = {}, p {}",
        fixed(test.intercept, 2),
        fixed(test.standard_error, 2),
        fixed(test.t, 2),
        test.degrees_of_freedom,
        p_value(test.p_value, p_digits)
    )
}

/// "= 0.0092" or "< 0.0001": an equals sign unless the text brings its own relation.
fn relation(text: &str) -> String {
    if text.starts_with('<') { text.to_owned() } else { format!("= {text}") }
}
