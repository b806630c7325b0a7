//! Runs the models on checked studies and puts the result together.

use kmeta_numerics::distributions::chi_squared_upper;
use kmeta_trial_data::{
    BackTransformSize, BetweenSubgroups, EffectMeasure, Estimand, Estimate, Finding, Heterogeneity, Interval,
    PooledEffect, PoolingModel, Prediction, Provenance, ResidualHeterogeneity, StudyIntervalMethod, StudyRow,
    SubgroupResult, SubgroupTauSquared,
};

use crate::finite_answer::finite_answer;
use crate::measure::{Scale, back_transform_size};
use crate::model::sums::Group;
use crate::model::{Effects, Fit, Mean, fit, fit_statistics, heterogeneity, two_sided_normal};
use crate::notes;
use crate::small_study::egger::egger;
use crate::study_interval::interval_of_count;
use crate::tau_squared::estimate_in_strata;
use crate::{ModelOptions, PoolError, ProportionCount};

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
    pub(crate) model: ModelOptions,
    pub(crate) study_interval: StudyIntervalMethod,
    /// Present for Freeman-Tukey values only.
    pub(crate) back_transform: Option<BackTransformSize>,
    pub(crate) subgroups: bool,
    pub(crate) subgroup_tau_squared: SubgroupTauSquared,
}

/// Studies that are pooled together, with both models fitted.
pub(crate) struct Pool {
    pub(crate) effects: Effects,
    /// Patients per study; empty when the effects are no proportions.
    pub(crate) totals: Vec<f64>,
    pub(crate) fit: Fit,
}

impl Pool {
    /// Fits both models; a τ² that is given takes the place of the estimate.
    fn of(
        studies: &[&Study],
        settings: &Settings,
        given_tau_squared: Option<f64>,
    ) -> Result<Self, PoolError> {
        let effects = Effects {
            values: studies.iter().map(|study| study.value).collect(),
            variances: studies.iter().map(|study| study.variance).collect(),
        };
        let totals =
            studies.iter().filter_map(|study| study.count.as_ref()).map(|count| f64::from(count.total));
        let fit = fit(&effects, &settings.model, given_tau_squared)?;
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

    pub(crate) fn estimate(&self, settings: &Settings, mean: &Mean) -> Result<Estimate, PoolError> {
        tested_estimate(mean, self.scale(settings, mean))
    }

    pub(crate) fn heterogeneity(&self, settings: &Settings) -> Result<Heterogeneity, PoolError> {
        heterogeneity(&self.effects, &self.fit, &settings.model)
    }

    pub(crate) fn prediction(&self, settings: &Settings) -> Result<Option<Prediction>, PoolError> {
        let scale = self.scale(settings, &self.fit.random);
        let limits = self.fit.prediction(&self.effects, &settings.model)?;
        Ok(limits.map(|limits| Prediction {
            method: settings.model.prediction,
            standard_error: limits.standard_error,
            degrees_of_freedom: limits.degrees_of_freedom,
            interval: limits.interval,
            shown_interval: Interval {
                lower: scale.shown(limits.interval.lower),
                upper: scale.shown(limits.interval.upper),
            },
        }))
    }
}

/// A mean of differences or of untransformed proportions is the mean over studies; on any other scale its
/// back-transform is that of the study in the middle.
pub(crate) fn estimand(measure: EffectMeasure) -> Estimand {
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

/// A mean on both scales, with the test of no effect.
pub(crate) fn tested_estimate(mean: &Mean, scale: Scale) -> Result<Estimate, PoolError> {
    Ok(Estimate {
        statistic: Some(mean.statistic()),
        p_value: Some(mean.p_value()?),
        ..estimate(mean, scale)
    })
}

/// A mean on both scales, without a test.
pub(crate) fn estimate(mean: &Mean, scale: Scale) -> Estimate {
    Estimate {
        statistic: None,
        degrees_of_freedom: mean.degrees_of_freedom,
        p_value: None,
        value: mean.value,
        standard_error: mean.standard_error,
        interval: Interval { lower: mean.lower, upper: mean.upper },
        shown: scale.shown(mean.value),
        shown_interval: Interval { lower: scale.shown(mean.lower), upper: scale.shown(mean.upper) },
    }
}

/// Pools everything, then each subgroup, and collects what is worth knowing.
pub(crate) fn assemble(studies: Vec<Study>, settings: Settings) -> Result<PooledEffect, PoolError> {
    let pool = Pool::of(&studies.iter().collect::<Vec<_>>(), &settings, None)?;
    let mut findings = Vec::new();
    let groups = match settings.subgroups {
        true => members_by_subgroup(&studies),
        false => Vec::new(),
    };
    let shared = shared_tau_squared(&groups, &settings)?;
    let subgroups = groups
        .iter()
        .map(|(name, members)| subgroup(name, members, &settings, shared, &mut findings))
        .collect::<Result<Vec<_>, _>>()?;
    let heterogeneity = pool.heterogeneity(&settings)?;
    let egger = egger(&pool.effects);
    let prediction = pool.prediction(&settings)?;
    let own_findings =
        notes::findings(&studies, &settings, &pool, &heterogeneity, prediction.as_ref(), egger.as_ref());
    findings.splice(0..0, own_findings);
    findings.extend(notes::degenerate_prediction(&settings, studies.len(), prediction.as_ref()));
    let result = PooledEffect {
        common: pool.estimate(&settings, &pool.fit.common)?,
        random: pool.estimate(&settings, &pool.fit.random)?,
        prediction: prediction.as_ref().map(|prediction| prediction.shown_interval),
        prediction_details: prediction,
        fit_statistics: fit_statistics(&pool.effects, settings.model.tau_squared, pool.fit.tau_squared),
        studies: study_rows(&studies, &settings, &pool.fit)?,
        between_subgroups: between_subgroups(&subgroups, &settings, shared)?,
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
        tau_squared_estimator: settings.model.tau_squared,
        interval_method: settings.model.interval,
        study_interval_method: settings.study_interval,
        back_transform: settings.back_transform,
        confidence_level: settings.model.confidence_level,
    };
    finite(result)
}

/// The line of each study, with its weights.
fn study_rows(studies: &[Study], settings: &Settings, fit: &Fit) -> Result<Vec<StudyRow>, PoolError> {
    let shares = fit.common_shares.iter().copied().zip(fit.random_shares.iter().copied());
    studies.iter().zip(shares).map(|(study, shares)| study_row(study, settings, Some(shares))).collect()
}

/// The line of a study, with its weights in the common-effect and the random-effects model where these have any. A
/// Freeman-Tukey value is transformed back at the study's own size.
pub(crate) fn study_row(
    study: &Study,
    settings: &Settings,
    shares: Option<(f64, f64)>,
) -> Result<StudyRow, PoolError> {
    let level = settings.model.confidence_level;
    let size = study.count.as_ref().map_or(1.0, |count| f64::from(count.total));
    let scale = Scale { measure: settings.measure, size };
    let mean = Mean::new(study.value, study.variance.sqrt(), two_sided_normal(level)?);
    let mut estimate = estimate(&mean, scale);
    if let Some(count) = &study.count {
        estimate.shown = f64::from(count.events) / f64::from(count.total);
        if let Some(limits) = interval_of_count(settings.study_interval, count.events, count.total, level)? {
            estimate.shown_interval = limits;
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
        weight_common: shares.map(|(common, _)| common),
        weight_random: shares.map(|(_, random)| random),
        provenance: study.provenance.clone(),
    })
}

/// The studies of each subgroup, in order of first appearance.
pub(crate) fn members_by_subgroup(studies: &[Study]) -> Vec<(&str, Vec<&Study>)> {
    let mut groups: Vec<(&str, Vec<&Study>)> = Vec::new();
    for study in studies {
        let Some(name) = study.subgroup.as_deref() else { continue };
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, members)) => members.push(study),
            None => groups.push((name, vec![study])),
        }
    }
    groups
}

/// The τ² of all subgroups together, where one is asked for. 0 when every subgroup has a single study.
pub(crate) fn shared_tau_squared(
    groups: &[(&str, Vec<&Study>)],
    settings: &Settings,
) -> Result<Option<f64>, PoolError> {
    if groups.is_empty() || settings.subgroup_tau_squared == SubgroupTauSquared::Separate {
        return Ok(None);
    }
    if let Some(preset) = settings.model.preset_tau_squared {
        return Ok(Some(preset));
    }
    let effects: Vec<Effects> = groups
        .iter()
        .map(|(_, members)| Effects {
            values: members.iter().map(|study| study.value).collect(),
            variances: members.iter().map(|study| study.variance).collect(),
        })
        .collect();
    let strata: Vec<Group<'_>> = effects.iter().map(Effects::group).collect();
    if strata.iter().all(|group| group.len() == 1) {
        return Ok(Some(0.0));
    }
    estimate_in_strata(&strata, settings.model.tau_squared, settings.model.scoring_threshold).map(Some)
}

/// Pools one subgroup, with a τ² of its own unless subgroups share one.
fn subgroup(
    name: &str,
    members: &[&Study],
    settings: &Settings,
    shared: Option<f64>,
    findings: &mut Vec<Finding>,
) -> Result<SubgroupResult, PoolError> {
    let pool = Pool::of(members, settings, shared)?;
    if shared.is_none() {
        findings.extend(notes::several_maxima(settings, &pool, &format!("subgroup `{name}`")));
    }
    let sum = |part: fn(&ProportionCount) -> u32| {
        members
            .iter()
            .map(|study| study.count.as_ref().map(part))
            .try_fold(0_u32, |sum, part| sum.checked_add(part?))
    };
    let heterogeneity = pool.heterogeneity(settings)?;
    Ok(SubgroupResult {
        name: name.to_owned(),
        studies: members.len() as u32,
        events: sum(|count| count.events),
        total: sum(|count| count.total),
        control_events: None,
        control_total: None,
        common: pool.estimate(settings, &pool.fit.common)?,
        random: pool.estimate(settings, &pool.fit.random)?,
        heterogeneity: match shared {
            Some(_) => Heterogeneity { tau_squared: shared, tau_squared_interval: None, ..heterogeneity },
            None => heterogeneity,
        },
        back_transform_size: pool.size(settings, &pool.fit.random),
        marginal_mean: None,
    })
}

/// Q_b = Σ (μ_g − μ̄)²/SE_g² over subgroup means, chi-squared with G − 1 degrees of freedom, for both models
/// (Borenstein et al. 2009, chapter 19). `None` with fewer than two subgroups.
pub(crate) fn between_subgroups(
    subgroups: &[SubgroupResult],
    settings: &Settings,
    shared: Option<f64>,
) -> Result<Option<BetweenSubgroups>, PoolError> {
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
        tau_squared: settings.subgroup_tau_squared,
        residual: Some(residual_heterogeneity(subgroups, shared)?),
    }))
}

/// What differs within subgroups: the sum of their Q.
fn residual_heterogeneity(
    subgroups: &[SubgroupResult],
    tau_squared: Option<f64>,
) -> Result<ResidualHeterogeneity, PoolError> {
    let q: f64 = subgroups.iter().map(|group| group.heterogeneity.q).sum();
    let degrees_of_freedom = subgroups.iter().map(|group| group.studies - 1).sum::<u32>();
    let df = f64::from(degrees_of_freedom);
    let tested = degrees_of_freedom > 0;
    Ok(ResidualHeterogeneity {
        q,
        degrees_of_freedom,
        p_value: if tested { Some(chi_squared_upper(q, df)?) } else { None },
        i_squared: tested.then(|| if q > df { (q - df) / q } else { 0.0 }),
        tau_squared,
    })
}

/// Refuses a result that is not a number: the input was then so extreme that double precision overflowed.
pub(crate) fn finite(result: PooledEffect) -> Result<PooledEffect, PoolError> {
    finite_answer(&notes::place(&result.id), result)
}
