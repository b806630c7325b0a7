//! From the counts of two arms to an effect with its variance.

use kmeta_trial_data::{ContinuityCorrection, EffectMeasure, Interval};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TwoArmCountOptions;
use super::options::{TwoArmCount, TwoArmPooling};
use crate::PoolError;
use crate::finite_answer::finite_answer;
use crate::measure::Scale;
use crate::model::{Mean, two_sided_normal};

/// The effect of one study, treatment against control.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TwoArmEffect {
    /// Analysis scale.
    pub measure: EffectMeasure,
    /// The effect on the analysis scale, for example a log odds ratio.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// value ± z · standard error.
    pub interval: Interval,
    /// The effect on the reading scale, for example an odds ratio.
    pub shown: f64,
    /// The interval on the reading scale.
    pub shown_interval: Interval,
    /// What was added to both counts of the treatment arm.
    pub increment: f64,
    /// What was added to both counts of the control arm.
    pub control_increment: f64,
}

/// The effect of one study by the measure and the continuity correction of the options. `None` where the study says
/// nothing about the effect: odds and risk ratios with no events, or with events only, in both arms (unless
/// `include_double_zero`), and any study whose effect or variance is not finite without a correction.
///
/// | measure | effect | variance |
/// |---|---|---|
/// | log odds ratio | ln(ad/bc) | 1/a + 1/b + 1/c + 1/d |
/// | log odds ratio, Peto | (a − E)/V, E = n₁m/N | 1/V, V = n₁n₂m(N − m)/(N²(N − 1)) |
/// | log risk ratio | ln(a/n₁) − ln(c/n₂) | 1/a − 1/n₁ + 1/c − 1/n₂ |
/// | risk difference | a/n₁ − c/n₂ | ab/n₁³ + cd/n₂³ |
/// | arcsine difference | asin √(a/n₁) − asin √(c/n₂) | 1/(4n₁) + 1/(4n₂) |
///
/// with a of n₁ patients with the event in the treatment arm and b without, c of n₂ and d in the control arm, m = a +
/// c, N = n₁ + n₂. A correction is added to a, b, c and d, and once to the n of a risk ratio; a risk difference uses
/// it in the variance only; Peto and arcsine need none (all as R `meta::metabin`).
///
/// # Errors
/// [`PoolError`] for impossible counts, levels, measures and increments.
///
/// ```
/// use kmeta_evidence_pool::{TwoArmCount, TwoArmCountOptions, compare_two_arms};
/// use kmeta_trial_data::{EffectMeasure, Provenance};
/// let count = TwoArmCount {
///     trial: "mrc-1974".into(),
///     label: "MRC 1974".into(),
///     subgroup: None,
///     events: 49,
///     total: 615,
///     control_events: 67,
///     control_total: 624,
///     provenance: Provenance::printed("deaths"),
/// };
/// let options = TwoArmCountOptions { measure: EffectMeasure::LogOddsRatio, ..Default::default() };
/// let effect = compare_two_arms(&count, &options)?.unwrap();
/// assert_eq!(format!("{:.4}", effect.shown), "0.7197");
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
pub fn compare_two_arms(
    count: &TwoArmCount,
    options: &TwoArmCountOptions,
) -> Result<Option<TwoArmEffect>, PoolError> {
    let pooling = options.pooling()?;
    check_count(count)?;
    let z = two_sided_normal(options.confidence_level)?;
    let corrected = correction_applies(std::slice::from_ref(count), options, pooling)[0];
    let Some(study) = study_effect(count, options, pooling, corrected) else { return Ok(None) };
    let mean = Mean::new(study.value, study.variance.sqrt(), z);
    let scale = Scale { measure: options.measure, size: 1.0 };
    finite_answer(
        &format!("trial `{}`", count.trial),
        Some(TwoArmEffect {
            measure: options.measure,
            value: mean.value,
            standard_error: mean.standard_error,
            interval: Interval { lower: mean.lower, upper: mean.upper },
            shown: scale.shown(mean.value),
            shown_interval: Interval { lower: scale.shown(mean.lower), upper: scale.shown(mean.upper) },
            increment: study.cells.increment,
            control_increment: study.cells.control_increment,
        }),
    )
}

pub(super) fn check_count(count: &TwoArmCount) -> Result<(), PoolError> {
    for (events, total) in [(count.events, count.total), (count.control_events, count.control_total)] {
        if total == 0 {
            return Err(PoolError::ZeroTotal { trial: count.trial.clone() });
        }
        if events > total {
            return Err(PoolError::EventsAboveTotal { trial: count.trial.clone(), events, total });
        }
    }
    Ok(())
}

/// The counts of a study with what is added to them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cells {
    /// Events of the treatment arm.
    pub(super) a: f64,
    /// Others of the treatment arm.
    pub(super) b: f64,
    /// Events of the control arm.
    pub(super) c: f64,
    /// Others of the control arm.
    pub(super) d: f64,
    pub(super) increment: f64,
    pub(super) control_increment: f64,
}

impl Cells {
    /// The counts as they are.
    pub(super) fn plain(count: &TwoArmCount) -> Self {
        let (a, total) = (f64::from(count.events), f64::from(count.total));
        let (c, control_total) = (f64::from(count.control_events), f64::from(count.control_total));
        Self { a, b: total - a, c, d: control_total - c, increment: 0.0, control_increment: 0.0 }
    }

    /// With the correction of the options.
    pub(super) fn corrected(count: &TwoArmCount, options: &TwoArmCountOptions) -> Self {
        let plain = Self::plain(count);
        let (increment, control_increment) = match options.continuity_correction {
            ContinuityCorrection::None => (0.0, 0.0),
            ContinuityCorrection::TreatmentArm => {
                let patients = plain.total() + plain.control_total();
                let both = 2.0 * options.increment / patients;
                (both * plain.total(), both * plain.control_total())
            }
            ContinuityCorrection::AffectedStudies
            | ContinuityCorrection::AllIfAnyAffected
            | ContinuityCorrection::AllStudies => (options.increment, options.increment),
        };
        Self {
            a: plain.a + increment,
            b: plain.b + increment,
            c: plain.c + control_increment,
            d: plain.d + control_increment,
            increment,
            control_increment,
        }
    }

    /// Patients of the treatment arm, with the increment of both of its cells.
    pub(super) fn total(&self) -> f64 {
        self.a + self.b
    }

    /// Patients of the control arm, with the increment of both of its cells.
    pub(super) fn control_total(&self) -> f64 {
        self.c + self.d
    }
}

/// Whether the measure makes use of a continuity correction at all.
fn corrects(measure: EffectMeasure, pooling: TwoArmPooling) -> bool {
    pooling != TwoArmPooling::Peto && measure != EffectMeasure::ArcsineDifference
}

/// Which studies are corrected.
pub(super) fn correction_applies(
    counts: &[TwoArmCount],
    options: &TwoArmCountOptions,
    pooling: TwoArmPooling,
) -> Vec<bool> {
    let any = counts.iter().any(TwoArmCount::has_zero_cell);
    counts
        .iter()
        .map(|count| {
            corrects(options.measure, pooling)
                && match options.continuity_correction {
                    ContinuityCorrection::None => false,
                    ContinuityCorrection::AllStudies => true,
                    ContinuityCorrection::AllIfAnyAffected => any,
                    ContinuityCorrection::AffectedStudies | ContinuityCorrection::TreatmentArm => {
                        count.has_zero_cell()
                    }
                }
        })
        .collect()
}

/// A study on the analysis scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct StudyEffect {
    pub(super) value: f64,
    pub(super) variance: f64,
    /// The counts behind it, corrected where that was asked for.
    pub(super) cells: Cells,
}

/// Effect and variance; `None` for a study that says nothing about the effect.
pub(super) fn study_effect(
    count: &TwoArmCount,
    options: &TwoArmCountOptions,
    pooling: TwoArmPooling,
    corrected: bool,
) -> Option<StudyEffect> {
    let ratio = matches!(options.measure, EffectMeasure::LogOddsRatio | EffectMeasure::LogRiskRatio);
    if ratio && count.says_nothing_of_ratios() && !(options.include_double_zero && corrected) {
        return None;
    }
    let plain = Cells::plain(count);
    let cells = if corrected { Cells::corrected(count, options) } else { plain };
    let (value, variance) = match (options.measure, pooling) {
        (_, TwoArmPooling::Peto) => peto(&plain),
        (EffectMeasure::LogRiskRatio, _) => log_risk_ratio(&plain, &cells),
        (EffectMeasure::RiskDifference, _) => risk_difference(&plain, &cells),
        (EffectMeasure::ArcsineDifference, _) => arcsine_difference(&plain),
        // Other measures are refused before.
        _ => log_odds_ratio(&cells),
    };
    let usable = value.is_finite() && variance.is_finite() && variance >= f64::MIN_POSITIVE;
    usable.then_some(StudyEffect { value, variance, cells })
}

fn log_odds_ratio(cells: &Cells) -> (f64, f64) {
    let Cells { a, b, c, d, .. } = *cells;
    ((a * d / (b * c)).ln(), 1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d)
}

fn log_risk_ratio(plain: &Cells, cells: &Cells) -> (f64, f64) {
    let total = plain.total() + cells.increment;
    let control_total = plain.control_total() + cells.control_increment;
    let value = (cells.a / total / (cells.c / control_total)).ln();
    (value, 1.0 / cells.a - 1.0 / total + 1.0 / cells.c - 1.0 / control_total)
}

fn risk_difference(plain: &Cells, cells: &Cells) -> (f64, f64) {
    let value = plain.a / plain.total() - plain.c / plain.control_total();
    let part = |events: f64, others: f64| events * others / (events + others).powi(3);
    (value, part(cells.a, cells.b) + part(cells.c, cells.d))
}

fn arcsine_difference(plain: &Cells) -> (f64, f64) {
    let arcsine = |events: f64, total: f64| (events / total).sqrt().asin();
    let value = arcsine(plain.a, plain.total()) - arcsine(plain.c, plain.control_total());
    (value, 0.25 / plain.total() + 0.25 / plain.control_total())
}

fn peto(plain: &Cells) -> (f64, f64) {
    let (total, control_total) = (plain.total(), plain.control_total());
    let (patients, events) = (total + control_total, plain.a + plain.c);
    let expected = total * events / patients;
    let variance =
        total * control_total * events * (patients - events) / (patients * patients * (patients - 1.0));
    ((plain.a - expected) / variance, 1.0 / variance)
}
