//! Pools counts of two arms.

use kmeta_trial_data::{
    EffectMeasure, Finding, Heterogeneity, PooledEffect, PoolingModel, StudyIntervalMethod, StudyRow,
    SubgroupResult, TauSquaredEstimator,
};

use super::effect::{Cells, StudyEffect, check_count, correction_applies, study_effect};
use super::mantel_haenszel::mantel_haenszel;
use super::options::{TwoArmCount, TwoArmCountOptions, TwoArmPooling};
use crate::assemble::{
    Pool, Settings, Study, between_subgroups, estimand, finite, shared_tau_squared, study_row,
};
use crate::model::{Effects, Mean, fit, fit_statistics, two_sided_normal};
use crate::pool::check_studies;
use crate::small_study::egger::egger;
use crate::{PoolError, notes};

/// Pools counts of two arms as R `meta::metabin` does: the common effect by inverse variance, Mantel-Haenszel or
/// Peto, random effects by inverse variance about each study's effect, heterogeneity, subgroups, prediction interval.
///
/// Trials that say nothing about the effect, as without any event in both arms under a ratio, are left out and named
/// by a finding. Formulas are those of [`super::compare_two_arms`] and `docs/methods/two-arm-counts.md`.
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault: no studies, duplicate ids, an arm without patients, more events
/// than patients, a measure that compares no counts, settings that cannot be used together, no study that says
/// anything about the effect, no events in one arm of all studies under exact Mantel-Haenszel.
///
/// ```
/// use kmeta_evidence_pool::{TwoArmCount, TwoArmCountOptions, pool_two_arm_counts};
/// use kmeta_trial_data::{EffectMeasure, Provenance};
/// // Deaths after myocardial infarction, aspirin against placebo (Fleiss 1993, table 1).
/// let trials = [("MRC-1", 49, 615, 67, 624), ("CDP", 44, 758, 64, 771), ("MRC-2", 102, 832, 126, 850)];
/// let counts = trials.map(|(trial, events, total, control_events, control_total)| TwoArmCount {
///     trial: trial.into(),
///     label: trial.into(),
///     subgroup: None,
///     events,
///     total,
///     control_events,
///     control_total,
///     provenance: Provenance::printed("deaths"),
/// });
/// let options = TwoArmCountOptions { measure: EffectMeasure::LogOddsRatio, ..Default::default() };
/// let pooled = pool_two_arm_counts(&counts, &options)?;
/// assert_eq!(format!("{:.4}", pooled.common.shown), "0.7491");
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
pub fn pool_two_arm_counts(
    counts: &[TwoArmCount],
    options: &TwoArmCountOptions,
) -> Result<PooledEffect, PoolError> {
    options.model().check()?;
    let pooling = options.pooling()?;
    counts.iter().try_for_each(check_count)?;
    let settings = Settings {
        id: options.id.clone(),
        title: options.title.clone(),
        measure: options.measure,
        model: options.model(),
        study_interval: StudyIntervalMethod::Wald,
        back_transform: None,
        subgroups: options.subgroups,
        subgroup_tau_squared: options.subgroup_tau_squared,
    };
    let corrected = correction_applies(counts, options, pooling);
    let all: Vec<Option<StudyEffect>> = counts
        .iter()
        .zip(&corrected)
        .map(|(count, &corrected)| study_effect(count, options, pooling, corrected))
        .collect();
    if pooling == TwoArmPooling::MantelHaenszel {
        check_mantel_haenszel(counts, &all)?;
    }
    check_studies(&counts.iter().map(study_of_nothing).collect::<Vec<_>>(), &settings)?;
    let place = notes::place(&settings.id);
    let findings = [left_out(counts, &all, &place), corrections(counts, &corrected, &all, options, &place)];
    let tables = Tables::new(counts, &all, options, pooling);
    if tables.tables.is_empty() {
        return Err(PoolError::NotEstimable {
            what: "the pooled effect".to_owned(),
            reason:
                "no trial has events in one arm and patients without in another, so that none says anything \
                     about the effect; use another measure or continuity correction"
                    .to_owned(),
        });
    }
    tables.pool(settings, findings.into_iter().flatten().collect())
}

/// A study without its effect, for the checks that need names only.
fn study_of_nothing(count: &TwoArmCount) -> Study {
    Study {
        trial: count.trial.clone(),
        label: count.label.clone(),
        subgroup: count.subgroup.clone(),
        count: None,
        value: 0.0,
        variance: 1.0,
        provenance: count.provenance.clone(),
    }
}

/// Mantel-Haenszel sums would need the trials whose own effect is not finite for want of a correction.
fn check_mantel_haenszel(counts: &[TwoArmCount], effects: &[Option<StudyEffect>]) -> Result<(), PoolError> {
    let dropped = counts
        .iter()
        .zip(effects)
        .find(|(count, effect)| effect.is_none() && !count.says_nothing_of_ratios());
    match dropped {
        None => Ok(()),
        Some((count, _)) => Err(PoolError::SettingsConflict {
            setting: "continuity_correction".to_owned(),
            reason: format!(
                "trial `{}` has a cell of 0 and no finite effect without a correction; for Mantel-Haenszel sums without \
                 correction set exact_mantel_haenszel = true and continuity_correction = \"affected-studies\", which \
                 then concerns the studies' own effects and the random-effects model only",
                count.trial
            ),
        }),
    }
}

/// Trials that say nothing about the effect.
fn left_out(counts: &[TwoArmCount], effects: &[Option<StudyEffect>], place: &str) -> Option<Finding> {
    let names: Vec<&str> = counts
        .iter()
        .zip(effects)
        .filter(|(_, effect)| effect.is_none())
        .map(|(count, _)| count.trial.as_str())
        .collect();
    (!names.is_empty()).then(|| {
        Finding::warning(
            "studies-without-information",
            place,
            format!(
                "left out, because without events, or with events only, they say nothing about this effect: {}; a \
                 risk difference can use them",
                names.join(", ")
            ),
        )
    })
}

fn corrections(
    counts: &[TwoArmCount],
    corrected: &[bool],
    effects: &[Option<StudyEffect>],
    options: &TwoArmCountOptions,
    place: &str,
) -> Option<Finding> {
    let names: Vec<&str> = counts
        .iter()
        .zip(corrected)
        .zip(effects)
        .filter(|((_, corrected), effect)| **corrected && effect.is_some())
        .map(|((count, _), _)| count.trial.as_str())
        .collect();
    (!names.is_empty()).then(|| {
        Finding::note(
            "continuity-correction",
            place,
            format!("{} was added to the cells of trials: {}", options.increment, names.join(", ")),
        )
    })
}

/// A study that is pooled.
struct Table<'a> {
    count: &'a TwoArmCount,
    /// On the analysis scale.
    study: Study,
    /// The cells of Mantel-Haenszel sums.
    cells: Cells,
}

/// The studies that are pooled, with all that pooling needs.
struct Tables<'a> {
    tables: Vec<Table<'a>>,
    options: &'a TwoArmCountOptions,
    pooling: TwoArmPooling,
}

impl<'a> Tables<'a> {
    fn new(
        counts: &'a [TwoArmCount],
        effects: &[Option<StudyEffect>],
        options: &'a TwoArmCountOptions,
        pooling: TwoArmPooling,
    ) -> Self {
        let table = |(count, effect): (&'a TwoArmCount, &Option<StudyEffect>)| {
            let effect = (*effect)?;
            let study = Study { value: effect.value, variance: effect.variance, ..study_of_nothing(count) };
            let cells = if options.exact_mantel_haenszel { Cells::plain(count) } else { effect.cells };
            Some(Table { count, study, cells })
        };
        Self { tables: counts.iter().zip(effects).filter_map(table).collect(), options, pooling }
    }

    /// Everything together, then each subgroup.
    fn pool(self, settings: Settings, mut findings: Vec<Finding>) -> Result<PooledEffect, PoolError> {
        let all: Vec<&Table<'_>> = self.tables.iter().collect();
        let pool = self.fitted(&all, &settings, None)?;
        let groups = if settings.subgroups { self.by_subgroup() } else { Vec::new() };
        let shared = shared_tau_squared(&studies_of(&groups), &settings)?;
        let subgroups = groups
            .iter()
            .map(|(name, members)| self.subgroup(name, members, &settings, shared))
            .collect::<Result<Vec<_>, _>>()?;
        let heterogeneity = self.heterogeneity(&pool, &settings)?;
        let egger = egger(&pool.effects);
        let prediction = pool.prediction(&settings)?;
        let studies: Vec<Study> = all.iter().map(|table| table.study.clone()).collect();
        findings.splice(
            0..0,
            notes::findings(&studies, &settings, &pool, &heterogeneity, prediction.as_ref(), egger.as_ref()),
        );
        findings.extend(notes::degenerate_prediction(&settings, studies.len(), prediction.as_ref()));
        let rows = all.iter().enumerate().map(|(index, table)| {
            let shares = (pool.fit.common_shares[index], pool.fit.random_shares[index]);
            Ok(table.with_counts(study_row(&table.study, &settings, Some(shares))?))
        });
        let result = PooledEffect {
            model: match self.pooling {
                TwoArmPooling::InverseVariance => PoolingModel::InverseVariance,
                TwoArmPooling::MantelHaenszel => PoolingModel::MantelHaenszel,
                TwoArmPooling::Peto => PoolingModel::Peto,
            },
            estimand: estimand(settings.measure),
            studies: rows.collect::<Result<Vec<StudyRow>, PoolError>>()?,
            common: pool.estimate(&settings, &pool.fit.common)?,
            random: pool.estimate(&settings, &pool.fit.random)?,
            marginal_mean: None,
            likelihood: None,
            two_arm: Some(self.options.settings()),
            prediction: prediction.as_ref().map(|prediction| prediction.shown_interval),
            prediction_details: prediction,
            fit_statistics: fit_statistics(&pool.effects, settings.model.tau_squared, pool.fit.tau_squared),
            between_subgroups: between_subgroups(&subgroups, &settings, shared)?,
            heterogeneity,
            subgroups,
            egger,
            findings,
            tau_squared_estimator: settings.model.tau_squared,
            interval_method: settings.model.interval,
            study_interval_method: settings.study_interval,
            back_transform: None,
            back_transform_size: None,
            confidence_level: settings.model.confidence_level,
            measure: settings.measure,
            id: settings.id,
            title: settings.title,
        };
        finite(result)
    }

    /// The tables of each subgroup, in order of first appearance.
    fn by_subgroup(&self) -> Vec<(&str, Vec<&Table<'a>>)> {
        let mut groups: Vec<(&str, Vec<&Table<'a>>)> = Vec::new();
        for table in &self.tables {
            let Some(name) = table.count.subgroup.as_deref() else { continue };
            match groups.iter_mut().find(|(known, _)| *known == name) {
                Some((_, members)) => members.push(table),
                None => groups.push((name, vec![table])),
            }
        }
        groups
    }

    /// Both models of some of the studies. The common effect is Mantel-Haenszel's where that was asked for; Q and the
    /// moment estimator of τ² are then about it, if that was asked for too.
    fn fitted(
        &self,
        members: &[&Table<'_>],
        settings: &Settings,
        shared_tau_squared: Option<f64>,
    ) -> Result<Pool, PoolError> {
        let effects = Effects {
            values: members.iter().map(|table| table.study.value).collect(),
            variances: members.iter().map(|table| table.study.variance).collect(),
        };
        if self.pooling != TwoArmPooling::MantelHaenszel {
            let fit = fit(&effects, &settings.model, shared_tau_squared)?;
            return Ok(Pool { effects, totals: Vec::new(), fit });
        }
        let cells: Vec<Cells> = members.iter().map(|table| table.cells).collect();
        let mean = mantel_haenszel(self.options.measure, &cells)
            .ok_or_else(|| not_estimable(self.options.measure))?;
        let about_mean = self.is_about_mantel_haenszel(settings) && members.len() > 1;
        let q = about_mean.then(|| squares_about(&effects, mean.value));
        let own = q.map(|q| moment_estimate(&effects, q));
        let mut fit = fit(&effects, &settings.model, shared_tau_squared.or(own))?;
        fit.tau_squared_is_own = shared_tau_squared.is_none();
        fit.q = q.unwrap_or(fit.q);
        let z = two_sided_normal(settings.model.confidence_level)?;
        let total: f64 = mean.weights.iter().sum();
        fit.common = Mean::new(mean.value, mean.standard_error, z);
        fit.common_shares = mean.weights.iter().map(|weight| weight / total).collect();
        Ok(Pool { effects, totals: Vec::new(), fit })
    }

    /// Whether Q and τ² are about the Mantel-Haenszel mean.
    fn is_about_mantel_haenszel(&self, settings: &Settings) -> bool {
        self.pooling == TwoArmPooling::MantelHaenszel
            && self.options.heterogeneity_about_mantel_haenszel
            && settings.model.tau_squared == TauSquaredEstimator::DerSimonianLaird
    }

    /// The intervals of τ² are all about the inverse-variance mean: there is none for a τ² about another one (as in R
    /// meta).
    fn heterogeneity(&self, pool: &Pool, settings: &Settings) -> Result<Heterogeneity, PoolError> {
        let heterogeneity = pool.heterogeneity(settings)?;
        if !self.is_about_mantel_haenszel(settings) {
            return Ok(heterogeneity);
        }
        Ok(Heterogeneity {
            tau_squared_interval: None,
            i_squared_from_tau_squared_interval: None,
            h_squared_from_tau_squared_interval: None,
            ..heterogeneity
        })
    }

    fn subgroup(
        &self,
        name: &str,
        members: &[&Table<'_>],
        settings: &Settings,
        shared_tau_squared: Option<f64>,
    ) -> Result<SubgroupResult, PoolError> {
        let pool = self.fitted(members, settings, shared_tau_squared)?;
        let sum = |part: fn(&TwoArmCount) -> u32| {
            members.iter().map(|table| part(table.count)).try_fold(0_u32, u32::checked_add)
        };
        let heterogeneity = self.heterogeneity(&pool, settings)?;
        Ok(SubgroupResult {
            name: name.to_owned(),
            studies: members.len() as u32,
            events: sum(|count| count.events),
            total: sum(|count| count.total),
            control_events: sum(|count| count.control_events),
            control_total: sum(|count| count.control_total),
            common: pool.estimate(settings, &pool.fit.common)?,
            random: pool.estimate(settings, &pool.fit.random)?,
            heterogeneity: match shared_tau_squared {
                Some(_) => Heterogeneity {
                    tau_squared: shared_tau_squared,
                    tau_squared_interval: None,
                    ..heterogeneity
                },
                None => heterogeneity,
            },
            back_transform_size: None,
            marginal_mean: None,
        })
    }
}

impl Table<'_> {
    /// The row with the counts of both arms.
    fn with_counts(&self, row: StudyRow) -> StudyRow {
        StudyRow {
            events: Some(self.count.events),
            total: Some(self.count.total),
            control_events: Some(self.count.control_events),
            control_total: Some(self.count.control_total),
            ..row
        }
    }
}

fn studies_of<'a>(groups: &[(&'a str, Vec<&'a Table<'_>>)]) -> Vec<(&'a str, Vec<&'a Study>)> {
    groups.iter().map(|(name, members)| (*name, members.iter().map(|table| &table.study).collect())).collect()
}

fn not_estimable(measure: EffectMeasure) -> PoolError {
    let reason = match measure {
        EffectMeasure::RiskDifference => "no arm has both patients with the event and patients without",
        _ => {
            "an arm has no events, or events only, in all trials together, so that the ratio is 0 or infinite: use a \
             continuity correction, or a risk difference"
        }
    };
    PoolError::NotEstimable { what: "the Mantel-Haenszel mean".to_owned(), reason: reason.to_owned() }
}

/// Σ w (y − centre)² with inverse-variance weights.
fn squares_about(effects: &Effects, centre: f64) -> f64 {
    effects
        .values
        .iter()
        .zip(&effects.variances)
        .map(|(value, variance)| (value - centre).powi(2) / variance)
        .sum()
}

/// (Q − (k − 1))/(S₁ − S₂/S₁), not below 0.
fn moment_estimate(effects: &Effects, q: f64) -> f64 {
    let power =
        |exponent: i32| effects.variances.iter().map(|variance| variance.powi(-exponent)).sum::<f64>();
    let (s1, s2) = (power(1), power(2));
    ((q - (effects.len() - 1) as f64) / (s1 - s2 / s1)).max(0.0)
}
