//! Studies and subgroups of a model of the counts, put together.

use kmeta_trial_data::{Estimand, Finding, PooledEffect, StudyRow, SubgroupResult, TauSquaredEstimator};

use super::choice::LikelihoodModel;
use super::fitted::{Fitted, fitted};
use super::random_intercept::Count;
use crate::assemble::{Settings, Study, between_subgroups, finite, members_by_subgroup, study_row};
use crate::model::Effects;
use crate::small_study::egger::egger;
use crate::{PoolError, notes};

/// Pools counts by a model of their likelihood, all together and each subgroup alone.
pub(crate) fn pool_by_likelihood(
    studies: Vec<Study>,
    settings: Settings,
    model: LikelihoodModel,
) -> Result<PooledEffect, PoolError> {
    let place = notes::place(&settings.id);
    let all: Vec<&Study> = studies.iter().collect();
    let overall = fitted(&counts(&all), model, &settings, &place)?;
    let mut findings = notes::number_of_studies(studies.len(), &place).into_iter().collect::<Vec<_>>();
    findings.extend(overall.findings);
    let mut subgroups = Vec::new();
    if settings.subgroups {
        for (name, members) in members_by_subgroup(&studies) {
            subgroups.push(subgroup(name, &members, model, &settings, &mut findings)?);
        }
    }
    let effects = Effects {
        values: studies.iter().map(|study| study.value).collect(),
        variances: studies.iter().map(|study| study.variance).collect(),
    };
    let rows = studies.iter().map(|study| study_row(study, &settings, None));
    let result = PooledEffect {
        model: model.name(),
        estimand: match model {
            LikelihoodModel::Glmm { .. } => Estimand::TypicalStudy,
            LikelihoodModel::BetaBinomial => Estimand::AverageStudy,
        },
        tau_squared_estimator: TauSquaredEstimator::MaximumLikelihood,
        studies: rows.collect::<Result<Vec<StudyRow>, _>>()?,
        common: overall.common,
        random: overall.random,
        marginal_mean: overall.marginal_mean,
        likelihood: overall.likelihood,
        two_arm: None,
        prediction: overall.prediction,
        prediction_details: overall.prediction_details,
        fit_statistics: overall.fit_statistics,
        heterogeneity: overall.heterogeneity,
        between_subgroups: between_subgroups(&subgroups, &settings, None)?,
        subgroups,
        egger: egger(&effects),
        findings,
        id: settings.id,
        title: settings.title,
        measure: settings.measure,
        interval_method: settings.model.interval,
        study_interval_method: settings.study_interval,
        back_transform: None,
        back_transform_size: None,
        confidence_level: settings.model.confidence_level,
    };
    finite(result)
}

fn counts(studies: &[&Study]) -> Vec<Count> {
    studies
        .iter()
        .filter_map(|study| study.count.as_ref())
        .map(|count| Count { events: f64::from(count.events), total: f64::from(count.total) })
        .collect()
}

/// One subgroup. Where its likelihood has no finite maximum its common-effect mean stands in, flagged as an error:
/// the other subgroups and the whole are still of use.
fn subgroup(
    name: &str,
    members: &[&Study],
    model: LikelihoodModel,
    settings: &Settings,
    findings: &mut Vec<Finding>,
) -> Result<SubgroupResult, PoolError> {
    let place = format!("subgroup `{name}`");
    let counts = counts(members);
    let fit: Fitted = match fitted(&counts, model, settings, &place) {
        Err(error @ PoolError::NoFiniteMaximum { .. }) => {
            findings.push(Finding::error(
                "no-finite-maximum",
                &place,
                format!("{error}; its common-effect mean is shown in place of the random-effects mean"),
            ));
            common_only(&counts, model, settings, &place)?
        }
        other => other?,
    };
    findings.extend(fit.findings);
    let sum = |part: fn(&Count) -> f64| {
        let sum: f64 = counts.iter().map(part).sum();
        (sum <= f64::from(u32::MAX)).then_some(sum as u32)
    };
    Ok(SubgroupResult {
        name: name.to_owned(),
        studies: members.len() as u32,
        events: sum(|count| count.events),
        total: sum(|count| count.total),
        control_events: None,
        control_total: None,
        common: fit.common,
        random: fit.random,
        heterogeneity: fit.heterogeneity,
        back_transform_size: None,
        marginal_mean: fit.marginal_mean,
    })
}

/// All patients as if of one study.
fn common_only(
    counts: &[Count],
    model: LikelihoodModel,
    settings: &Settings,
    place: &str,
) -> Result<Fitted, PoolError> {
    let together = counts.iter().fold(Count { events: 0.0, total: 0.0 }, |sum, count| Count {
        events: sum.events + count.events,
        total: sum.total + count.total,
    });
    fitted(&[together], model, settings, place)
}
