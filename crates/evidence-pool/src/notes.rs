//! What a pooled effect's reader should know beside the numbers.

use kmeta_trial_data::{
    BackTransformSize, EffectMeasure, EggerTest, Finding, Heterogeneity, Prediction, PredictionMethod,
};

use crate::assemble::{Pool, Settings, Study};
use crate::measure::{Scale, back_transform_size, freeman_tukey_range, needs_correction};
use crate::model::{MIN_PREDICTION_STUDIES, higher_maximum, two_sided_normal};
use crate::tau_squared::estimate_tau_squared;

/// Below this number of studies intervals of τ² and prediction intervals support no conclusion (Mátrai 2026).
const FEW_STUDIES: usize = 5;

/// Below this number of studies Egger's test has little power (Sterne et al. 2011, recommendation 1).
const EGGER_MIN_STUDIES: usize = 10;

/// A pooled proportion that moves by more than this with the sample size of the back-transformation is not
/// settled by the data.
const BACK_TRANSFORM_SPREAD: f64 = 0.01;

/// Everything worth knowing, most important first.
pub(crate) fn findings(
    studies: &[Study],
    settings: &Settings,
    pool: &Pool,
    heterogeneity: &Heterogeneity,
    prediction: Option<&Prediction>,
    egger: Option<&EggerTest>,
) -> Vec<Finding> {
    let place = place(&settings.id);
    let mut findings = Vec::new();
    findings.extend(number_of_studies(studies.len(), &place));
    findings.extend(several_maxima(settings, pool, &place));
    findings.extend(early_end_of_scoring(settings, pool, &place));
    findings.extend(hartung_knapp(settings, pool, &place));
    findings.extend(back_transform(settings, pool, &place));
    findings.extend(corrected(studies, settings, &place));
    findings.extend(outside_range(settings, pool, &place));
    findings.extend(ratios_beyond_doubles(studies, settings, pool, prediction, &place));
    if studies.len() > 1 && heterogeneity.tau_squared_interval.is_none() {
        findings.push(Finding::note(
            "tau-squared-interval-empty",
            place.clone(),
            "no between-study variance fits: the studies are more alike than their variances suggest, so that the \
             Q-profile interval is empty (R prints 0 to 0)",
        ));
    }
    if egger.is_some() && studies.len() < EGGER_MIN_STUDIES {
        findings.push(Finding::note(
            "egger-low-power",
            place,
            format!(
                "Egger's test of {} studies has little power; with fewer than {EGGER_MIN_STUDIES} a large p \
                 value does not speak against funnel asymmetry",
                studies.len()
            ),
        ));
    }
    findings
}

/// Where the findings of an analysis are.
pub(crate) fn place(id: &str) -> String {
    if id.is_empty() { "analysis".to_owned() } else { format!("analysis `{id}`") }
}

pub(crate) fn number_of_studies(k: usize, place: &str) -> Option<Finding> {
    match k {
        1 => Some(Finding::warning(
            "single-study",
            place,
            "there is one study only: nothing is pooled, both models show the study itself",
        )),
        k if k < FEW_STUDIES => Some(Finding::note(
            "few-studies",
            place,
            format!(
                "{k} studies cannot tell how much studies differ: tau-squared, I-squared and the prediction \
                 interval are uncertain, and a Wald interval of the random-effects mean is too narrow"
            ),
        )),
        _ => None,
    }
}

/// Scoring that was asked to end early: the exact value is told beside it.
pub(crate) fn early_end_of_scoring(settings: &Settings, pool: &Pool, place: &str) -> Option<Finding> {
    if settings.model.scoring_threshold == 0.0 || pool.effects.len() < 2 {
        return None;
    }
    let exact = estimate_tau_squared(&pool.effects, settings.model.tau_squared, 0.0).ok()?;
    let found = pool.fit.tau_squared;
    (found != exact).then(|| {
        Finding::note(
            "scoring-threshold",
            place,
            format!(
                "tau-squared {found:.6} is where scoring ends at steps of {:e}, as asked; the exact value is {exact:.6}",
                settings.model.scoring_threshold
            ),
        )
    })
}

/// A likelihood with several maxima, of which not the highest was found.
pub(crate) fn several_maxima(settings: &Settings, pool: &Pool, place: &str) -> Option<Finding> {
    if pool.effects.len() < 2 {
        return None;
    }
    let found = pool.fit.tau_squared;
    higher_maximum(pool.effects.group(), settings.model.tau_squared, found).map(|higher| {
        Finding::warning(
            "likelihood-several-maxima",
            place,
            format!(
                "the likelihood of tau-squared has several maxima: {found:.4e} is the one that scoring finds (as in \
                 R), but {higher:.4e} is higher; compare with another estimator"
            ),
        )
    })
}

/// A bootstrap prediction interval that was asked for and has no width.
pub(crate) fn degenerate_prediction(
    settings: &Settings,
    studies: usize,
    prediction: Option<&Prediction>,
) -> Option<Finding> {
    let asked = settings.model.prediction == PredictionMethod::NagashimaBootstrap;
    (asked && studies >= MIN_PREDICTION_STUDIES && prediction.is_none()).then(|| {
        Finding::warning(
            "prediction-degenerate",
            place(&settings.id),
            "all effects are equal, so that the bootstrap prediction interval would have no width: use another method",
        )
    })
}

fn hartung_knapp(settings: &Settings, pool: &Pool, place: &str) -> Option<Finding> {
    if !settings.model.interval.is_hartung_knapp() {
        return None;
    }
    if pool.fit.hartung_knapp_degenerate {
        return Some(Finding::warning(
            "hartung-knapp-zero",
            place,
            "all effects are equal, so that the Hartung-Knapp standard error is 0; the Wald interval is shown",
        ));
    }
    (pool.fit.random.standard_error < pool.fit.random_inverse_variance_error).then(|| {
        Finding::note(
            "hartung-knapp-smaller-error",
            place,
            "the Hartung-Knapp standard error is smaller than that of the inverse-variance method, because the \
             effects differ less than their variances suggest; compare with the Wald interval",
        )
    })
}

/// Miller's inverse where it is unsafe: outside the range of values that the sample size allows, and where the
/// choice of the sample size matters (Schwarzer et al. 2019; Röver & Friede 2022).
fn back_transform(settings: &Settings, pool: &Pool, place: &str) -> Vec<Finding> {
    if settings.back_transform.is_none() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mean = &pool.fit.random;
    let size = pool.scale(settings, mean).size;
    let (lowest, highest) = freeman_tukey_range(size);
    let outside = |value: f64| value < lowest || value > highest;
    if outside(mean.value) {
        findings.push(Finding::warning(
            "freeman-tukey-outside-range",
            place,
            format!(
                "the pooled double arcsine {:.4} lies outside {lowest:.4} to {highest:.4}, the range that a sample \
                 of {size:.1} allows; it is shown as 0 or 1: use another measure",
                mean.value
            ),
        ));
    } else if outside(mean.lower) || outside(mean.upper) {
        findings.push(Finding::note(
            "freeman-tukey-limit-clipped",
            place,
            format!("a limit of the pooled interval lies outside the range that a sample of {size:.1} allows and is shown as 0 or 1"),
        ));
    }
    let shown = |rule| {
        let size = back_transform_size(rule, &pool.totals, mean.standard_error.powi(2));
        Scale { measure: settings.measure, size }.shown(mean.value)
    };
    let (harmonic, arithmetic, inverse) = (
        shown(BackTransformSize::HarmonicMean),
        shown(BackTransformSize::ArithmeticMean),
        shown(BackTransformSize::InverseVariance),
    );
    let all = [harmonic, arithmetic, inverse];
    let spread = all.iter().copied().fold(0.0, f64::max) - all.iter().copied().fold(1.0, f64::min);
    if spread > BACK_TRANSFORM_SPREAD {
        findings.push(Finding::warning(
            "freeman-tukey-size-matters",
            place,
            format!(
                "the pooled proportion depends on the sample size at which it is transformed back: {harmonic:.4} at \
                 the harmonic mean, {arithmetic:.4} at the arithmetic mean, {inverse:.4} at the reciprocal of the \
                 variance; {size:.1} was used; compare with the logit"
            ),
        ));
    }
    findings
}

fn corrected(studies: &[Study], settings: &Settings, place: &str) -> Option<Finding> {
    let corrected: Vec<&str> = studies
        .iter()
        .filter(|study| study.count.as_ref().is_some_and(|count| needs_correction(settings.measure, count)))
        .map(|study| study.trial.as_str())
        .collect();
    (!corrected.is_empty()).then(|| {
        Finding::note(
            "continuity-correction",
            place,
            format!("0.5 was added to the cells of trials with 0 or only events: {}", corrected.join(", ")),
        )
    })
}

/// Raw and log proportions can leave 0 to 1.
fn outside_range(settings: &Settings, pool: &Pool, place: &str) -> Option<Finding> {
    if !matches!(settings.measure, EffectMeasure::Raw | EffectMeasure::Log) {
        return None;
    }
    let mean = &pool.fit.random;
    let scale = pool.scale(settings, mean);
    let leaves = scale.shown(mean.lower) < 0.0 || scale.shown(mean.upper) > 1.0;
    leaves.then(|| {
        Finding::warning(
            "interval-outside-proportions",
            place,
            "the interval of the pooled proportion leaves 0 to 1: use the logit or an arcsine measure",
        )
    })
}

/// Ratios too large for a double are shown as the largest one.
fn ratios_beyond_doubles(
    studies: &[Study],
    settings: &Settings,
    pool: &Pool,
    prediction: Option<&Prediction>,
    place: &str,
) -> Option<Finding> {
    let scale = Scale { measure: settings.measure, size: 1.0 };
    let z = two_sided_normal(settings.model.confidence_level).ok()?;
    let held = |upper: f64| settings.back_transform.is_none() && scale.shown(upper) == f64::MAX;
    let mut held_at: Vec<&str> = studies
        .iter()
        .filter(|study| held(study.value + z * study.variance.sqrt()))
        .map(|study| study.trial.as_str())
        .collect();
    if held(pool.fit.common.upper) || held(pool.fit.random.upper) {
        held_at.push("the pooled effect");
    }
    if prediction.is_some_and(|prediction| held(prediction.interval.upper)) {
        held_at.push("the prediction interval");
    }
    (!held_at.is_empty()).then(|| {
        Finding::warning(
            "ratio-beyond-double",
            place,
            format!(
                "upper limits above 1.8e308 are shown as that number: {}; effects on the logarithmic scale are as they \
                 should be, but nothing is known of such a study",
                held_at.join(", ")
            ),
        )
    })
}
