//! Runs the models on checked studies and puts the result together.

use kmeta_numerics::distributions::chi_squared_upper;
use kmeta_trial_data::{
    BackTransformSize, BetweenSubgroups, EffectMeasure, Estimand, Estimate, Finding, Interval,
    IntervalMethod, PooledEffect, PoolingModel, Provenance, StudyIntervalMethod, StudyRow, SubgroupResult,
    TauSquaredEstimator,
};

use crate::egger::egger;
use crate::heterogeneity::heterogeneity;
use crate::measure::{Scale, back_transform_size};
use crate::model::{Effects, Fit, Mean, fit, two_sided_normal};
use crate::notes;
use crate::study_interval::{agresti_coull, clopper_pearson, wilson};
use crate::{PoolError, ProportionCount};

/// One study on the analysis scale.
#[derive(Debug, Clone)]
pub(crate) struct Study {
    pub(crate) trial: String,
    pub(crate) label: String,
    pub(crate) subgroup: Option<String>,
    /// The counts behind a proportion.
    pub(crate) count: Option<ProportionCount>,
    pub(crate) value: f64,
    pub(crate) variance: f64,
    pub(crate) provenance: Provenance,
}

/// The options of both kinds of analysis in one form.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) measure: EffectMeasure,
    pub(crate) tau_squared: TauSquaredEstimator,
    pub(crate) scoring_threshold: f64,
    pub(crate) interval: IntervalMethod,
    pub(crate) study_interval: StudyIntervalMethod,
    /// Present for Freeman-Tukey values only.
    pub(crate) back_transform: Option<BackTransformSize>,
    pub(crate) level: f64,
    pub(crate) subgroups: bool,
}

/// Studies that are pooled together, with both models fitted.
pub(crate) struct Pool {
    pub(crate) effects: Effects,
    /// Patients per study; empty when the effects are no proportions.
    pub(crate) totals: Vec<f64>,
    pub(crate) fit: Fit,
}

impl Pool {
    fn of(studies: &[&Study], settings: &Settings) -> Result<Self, PoolError> {
        let effects = Effects {
            values: studies.iter().map(|study| study.value).collect(),
            variances: studies.iter().map(|study| study.variance).collect(),
        };
        let totals =
            studies.iter().filter_map(|study| study.count.as_ref()).map(|count| f64::from(count.total));
        let fit = fit(&effects, settings)?;
        Ok(Self { effects, totals: totals.collect(), fit })
    }

    /// The sample size at which this pool's mean is transformed back.
    fn size(&self, settings: &Settings, mean: &Mean) -> Option<f64> {
        let rule = settings.back_transform?;
        Some(back_transform_size(rule, &self.totals, mean.standard_error.powi(2)))
    }

    pub(crate) fn scale(&self, settings: &Settings, mean: &Mean) -> Scale {
        Scale { measure: settings.measure, size: self.size(settings, mean).unwrap_or(1.0) }
    }

    fn estimate(&self, settings: &Settings, mean: &Mean) -> Estimate {
        estimate(mean, self.scale(settings, mean))
    }
}

/// A mean of differences or of untransformed proportions is the mean over studies; on any other scale its
/// back-transform is that of the study in the middle.
fn estimand(measure: EffectMeasure) -> Estimand {
    match measure {
        EffectMeasure::Raw | EffectMeasure::RiskDifference | EffectMeasure::Generic => Estimand::AverageStudy,
        EffectMeasure::FreemanTukey
        | EffectMeasure::Logit
        | EffectMeasure::Arcsine
        | EffectMeasure::Log
        | EffectMeasure::LogHazardRatio
        | EffectMeasure::LogOddsRatio
        | EffectMeasure::LogRiskRatio
        | EffectMeasure::ArcsineDifference => Estimand::TypicalStudy,
    }
}

/// A mean on both scales.
fn estimate(mean: &Mean, scale: Scale) -> Estimate {
    Estimate {
        value: mean.value,
        standard_error: mean.standard_error,
        interval: Interval { lower: mean.lower, upper: mean.upper },
        shown: scale.shown(mean.value),
        shown_interval: Interval { lower: scale.shown(mean.lower), upper: scale.shown(mean.upper) },
    }
}

/// Pools everything, then each subgroup, and collects what is worth knowing.
pub(crate) fn assemble(studies: Vec<Study>, settings: Settings) -> Result<PooledEffect, PoolError> {
    let pool = Pool::of(&studies.iter().collect::<Vec<_>>(), &settings)?;
    let mut subgroup_findings = Vec::new();
    let subgroups = match settings.subgroups {
        true => subgroups(&studies, &settings, &mut subgroup_findings)?,
        false => Vec::new(),
    };
    let heterogeneity = heterogeneity(&pool.effects, &pool.fit, settings.level)?;
    let egger = egger(&pool.effects);
    let scale = pool.scale(&settings, &pool.fit.random);
    let prediction = pool.fit.prediction(settings.level)?;
    let mut findings = notes::findings(&studies, &settings, &pool, &heterogeneity, egger.as_ref());
    findings.extend(subgroup_findings);
    let result = PooledEffect {
        common: pool.estimate(&settings, &pool.fit.common),
        random: pool.estimate(&settings, &pool.fit.random),
        prediction: prediction
            .map(|(lower, upper)| Interval { lower: scale.shown(lower), upper: scale.shown(upper) }),
        studies: study_rows(&studies, &settings, &pool.fit)?,
        between_subgroups: between_subgroups(&subgroups)?,
        back_transform_size: pool.size(&settings, &pool.fit.random),
        findings,
        heterogeneity,
        subgroups,
        egger,
        id: settings.id,
        title: settings.title,
        estimand: estimand(settings.measure),
        measure: settings.measure,
        model: PoolingModel::InverseVariance,
        marginal_mean: None,
        likelihood: None,
        two_arm: None,
        tau_squared_estimator: settings.tau_squared,
        interval_method: settings.interval,
        study_interval_method: settings.study_interval,
        back_transform: settings.back_transform,
        confidence_level: settings.level,
    };
    finite(result)
}

/// The line of each study. A Freeman-Tukey value is transformed back at the study's own size.
fn study_rows(studies: &[Study], settings: &Settings, fit: &Fit) -> Result<Vec<StudyRow>, PoolError> {
    let z = two_sided_normal(settings.level)?;
    studies
        .iter()
        .enumerate()
        .map(|(index, study)| {
            let size = study.count.as_ref().map_or(1.0, |count| f64::from(count.total));
            let scale = Scale { measure: settings.measure, size };
            let mut estimate = estimate(&Mean::new(study.value, study.variance.sqrt(), z), scale);
            if let Some(count) = &study.count {
                estimate.shown = f64::from(count.events) / f64::from(count.total);
                match settings.study_interval {
                    StudyIntervalMethod::ClopperPearson => {
                        estimate.shown_interval = clopper_pearson(count.events, count.total, settings.level)?;
                    }
                    StudyIntervalMethod::Wilson => {
                        estimate.shown_interval = wilson(count.events, count.total, settings.level)?;
                    }
                    StudyIntervalMethod::AgrestiCoull => {
                        estimate.shown_interval = agresti_coull(count.events, count.total, settings.level)?;
                    }
                    StudyIntervalMethod::Wald => {}
                }
            }
            Ok(StudyRow {
                trial: study.trial.clone(),
                label: study.label.clone(),
                subgroup: study.subgroup.clone(),
                events: study.count.as_ref().map(|count| count.events),
                total: study.count.as_ref().map(|count| count.total),
                estimate,
                control_events: None,
                control_total: None,
                weight_common: Some(fit.common_shares[index]),
                weight_random: Some(fit.random_shares[index]),
                provenance: study.provenance.clone(),
            })
        })
        .collect()
}

/// Pools each subgroup with a τ² of its own, in order of first appearance.
fn subgroups(
    studies: &[Study],
    settings: &Settings,
    findings: &mut Vec<Finding>,
) -> Result<Vec<SubgroupResult>, PoolError> {
    let mut names: Vec<&str> = Vec::new();
    for name in studies.iter().filter_map(|study| study.subgroup.as_deref()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
        .into_iter()
        .map(|name| {
            let members: Vec<&Study> =
                studies.iter().filter(|study| study.subgroup.as_deref() == Some(name)).collect();
            let pool = Pool::of(&members, settings)?;
            findings.extend(notes::several_maxima(settings, &pool, &format!("subgroup `{name}`")));
            let sum = |part: fn(&ProportionCount) -> u32| {
                members.iter().map(|study| study.count.as_ref().map(part)).sum::<Option<u32>>()
            };
            Ok(SubgroupResult {
                name: name.to_owned(),
                studies: members.len() as u32,
                events: sum(|count| count.events),
                total: sum(|count| count.total),
                control_events: None,
                control_total: None,
                common: pool.estimate(settings, &pool.fit.common),
                random: pool.estimate(settings, &pool.fit.random),
                heterogeneity: heterogeneity(&pool.effects, &pool.fit, settings.level)?,
                back_transform_size: pool.size(settings, &pool.fit.random),
                marginal_mean: None,
            })
        })
        .collect()
}

/// Q_b = Σ (μ_g − μ̄)²/SE_g² over subgroup means, chi-squared with G − 1 degrees of freedom, for both models
/// (Borenstein et al. 2009, chapter 19, separate τ²). `None` with fewer than two subgroups.
fn between_subgroups(subgroups: &[SubgroupResult]) -> Result<Option<BetweenSubgroups>, PoolError> {
    if subgroups.len() < 2 {
        return Ok(None);
    }
    let q = |part: fn(&SubgroupResult) -> &Estimate| {
        let means = Effects {
            values: subgroups.iter().map(|group| part(group).value).collect(),
            variances: subgroups.iter().map(|group| part(group).standard_error.powi(2)).collect(),
        };
        means.weighted(0.0).squares
    };
    let (q_common, q_random) = (q(|group| &group.common), q(|group| &group.random));
    let degrees_of_freedom = subgroups.len() as u32 - 1;
    let df = f64::from(degrees_of_freedom);
    Ok(Some(BetweenSubgroups {
        q_common,
        p_value_common: chi_squared_upper(q_common, df)?,
        q_random,
        p_value_random: chi_squared_upper(q_random, df)?,
        degrees_of_freedom,
    }))
}

/// Refuses a result that is not a number: the input was then so extreme that double precision overflowed.
fn finite(result: PooledEffect) -> Result<PooledEffect, PoolError> {
    let numbers = |estimate: &Estimate| {
        [
            estimate.value,
            estimate.standard_error,
            estimate.interval.lower,
            estimate.interval.upper,
            estimate.shown,
            estimate.shown_interval.lower,
            estimate.shown_interval.upper,
        ]
    };
    let mut estimates: Vec<&Estimate> = vec![&result.common, &result.random];
    estimates.extend(result.subgroups.iter().flat_map(|group| [&group.common, &group.random]));
    estimates.extend(result.studies.iter().map(|row| &row.estimate));
    if estimates.into_iter().flat_map(numbers).all(f64::is_finite) && result.heterogeneity.q.is_finite() {
        Ok(result)
    } else {
        Err(PoolError::Computation {
            what: "a pooled mean (effects or variances are too extreme)".to_owned(),
        })
    }
}
