//! Trials to pooled results. A trial that does not take part is always named, with the reason.

use kmeta_evidence_pool::{
    HazardRatioRouteOptions, HazardRatioRoutes, MedianSource, ModelOptions, PoolError, ProportionCount,
    ProportionTrial, TrialMedian, TrialPatients, TwoArmCount, TwoArmModel, TwoArmSurvivalOptions,
    TwoArmTrial, hazard_ratio_routes, pool_effects, pool_proportions, pool_two_arm_counts,
    pool_two_arm_survival,
};
use kmeta_trial_data::{
    EffectEstimate, Finding, PatientRecord, PooledEffect, Provenance, Severity, StudyRow,
};

use super::compare;
use super::draws::DrawnArm;
use super::reading::{self, Estimates};
use super::reconstruct::ArmPatients;
use super::views::views;
use crate::further::{self, FurtherOptions, FurtherResults, Studied, chosen};
use crate::project::{
    Analysis, ArmView, HazardRatioAnalysis, HazardRatioSource, Project, ProportionAnalysis, SurvivalAnalysis,
    Trial, TwoArmCountAnalysis, TwoArmSurvivalAnalysis,
};
use crate::results::{
    AnalysisOutcome, AnalysisResult, Comparison, LeftOut, ReadingResult, SurvivalViews, TwoArmCountTests,
};
use crate::single_arm_survival::{
    self, SurvivalArm, SurvivalEvidence, SurvivalMethod, SurvivalMethodOptions, SurvivalSource,
};

/// What the analyses draw on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence<'a> {
    pub(crate) project: &'a Project,
    pub(crate) arms: &'a [ArmPatients],
    pub(crate) comparisons: &'a [Comparison],
    /// Draws of the arms, where the uncertainty of reading is asked for.
    pub(crate) draws: Option<&'a [DrawnArm]>,
}

/// Runs one analysis.
pub(crate) fn analyse(evidence: Evidence<'_>, analysis: &Analysis) -> (AnalysisResult, Vec<Finding>) {
    let mut selection = Selection::of(evidence, analysis);
    let outcome = match analysis {
        Analysis::Proportion(options) => selection.proportion(options),
        Analysis::Survival(options) => selection.survival(options),
        Analysis::HazardRatio(options) => selection.hazard_ratio(options),
        Analysis::TwoArmCounts(options) => selection.two_arm_counts(options),
        Analysis::TwoArmSurvival(options) => selection.two_arm_survival(options),
    };
    let outcome = outcome.unwrap_or_else(|error| {
        let reason = error.to_string();
        selection.findings.push(Finding::error("not-pooled", analysis.id(), reason.clone()));
        AnalysisOutcome::Failed { reason }
    });
    let own = outcome.findings();
    // Unchanged, so that the report knows them for those of the result.
    selection.findings.extend(own.into_iter().flatten().cloned());
    let result = AnalysisResult {
        id: analysis.id().to_owned(),
        title: analysis.title().to_owned(),
        figure_notice: evidence.project.figure_notice.clone().filter(|_| analysis.uses_figures()),
        left_out: selection.left_out,
        reading: selection.reading,
        views: selection.views,
        outcome,
    };
    (result, selection.findings)
}

/// The trials of a proportion, with all patients of each arm beside those assessed.
pub(crate) fn proportion_trials(
    evidence: Evidence<'_>,
    analysis: &Analysis,
    options: &ProportionAnalysis,
) -> Vec<ProportionTrial> {
    let selection = Selection::of(evidence, analysis);
    let counted = selection.wanted_arms().into_iter().filter_map(|arm| {
        let count = arm.facts.responses.get(&options.outcome)?;
        Some(ProportionTrial {
            trial: arm.key(),
            subgroup: arm.trial.group.clone(),
            events: count.events,
            evaluable: count.total,
            patients: arm.facts.n,
        })
    });
    counted.collect()
}

/// The arms of a survival analysis, each with its group.
pub(crate) fn survival_arms(
    evidence: Evidence<'_>,
    analysis: &Analysis,
    options: &SurvivalAnalysis,
) -> Vec<SurvivalArm> {
    Selection::of(evidence, analysis).survival_arms(options).0
}

/// The counts of two arms, each with its trial's group.
pub(crate) fn counts_of_two_arms(
    evidence: Evidence<'_>,
    analysis: &Analysis,
    options: &TwoArmCountAnalysis,
) -> Vec<TwoArmCount> {
    Selection::of(evidence, analysis).counts_of_two_arms(options)
}

/// The hazard ratios of an analysis from one source, each with its trial's group.
pub(crate) fn hazard_ratio_effects(
    evidence: Evidence<'_>,
    analysis: &Analysis,
    options: &HazardRatioAnalysis,
    source: HazardRatioSource,
) -> Vec<EffectEstimate> {
    Selection::of(evidence, analysis).hazard_ratio_effects(options, source).0
}

/// Chooses the trials of one analysis and keeps record of those left out.
struct Selection<'a> {
    evidence: Evidence<'a>,
    analysis: &'a Analysis,
    left_out: Vec<LeftOut>,
    reading: Vec<ReadingResult>,
    views: SurvivalViews,
    findings: Vec<Finding>,
}

impl<'a> Selection<'a> {
    fn of(evidence: Evidence<'a>, analysis: &'a Analysis) -> Self {
        Self {
            evidence,
            analysis,
            left_out: Vec::new(),
            reading: Vec::new(),
            views: SurvivalViews::default(),
            findings: Vec::new(),
        }
    }

    /// Whether the project file wants the arm in this analysis.
    fn wants_arm(&self, arm: ArmView<'_>) -> bool {
        self.analysis
            .trials()
            .is_none_or(|listed| listed.iter().any(|listed| *listed == arm.trial.id || *listed == arm.key()))
    }

    fn wants_trial(&self, trial: &Trial) -> bool {
        self.analysis.trials().is_none_or(|listed| listed.contains(&trial.id))
    }

    /// Every arm of every trial that the project file wants.
    fn wanted_arms(&self) -> Vec<ArmView<'a>> {
        let arms = self.evidence.project.trials.iter().flat_map(Trial::arm_views);
        arms.filter(|&arm| self.wants_arm(arm)).collect()
    }

    /// Records that a trial or arm takes no part. It is an error when data were promised but could not be
    /// had, else a note.
    fn leave_out(&mut self, key: String, reason: &str, severity: Severity) {
        let message = format!("{key} takes no part: {reason}");
        self.findings.push(match severity {
            Severity::Error => Finding::error("trial-missing", self.analysis.id(), message),
            Severity::Warning => Finding::warning("trial-left-out", self.analysis.id(), message),
            Severity::Note => Finding::note("trial-left-out", self.analysis.id(), message),
        });
        self.left_out.push(LeftOut { trial: key, reason: reason.to_owned() });
    }

    fn proportion(&mut self, analysis: &ProportionAnalysis) -> Result<AnalysisOutcome, PoolError> {
        let mut counts = Vec::new();
        for arm in self.wanted_arms() {
            match arm.facts.responses.get(&analysis.outcome) {
                Some(count) => counts.push(ProportionCount {
                    trial: arm.key(),
                    label: arm.full_label(),
                    subgroup: arm.trial.group.clone().filter(|_| analysis.options.subgroups),
                    events: count.events,
                    total: count.total,
                    provenance: Provenance::printed("printed counts"),
                }),
                None => {
                    let reason = without_outcome(&analysis.outcome, arm.facts.responses.keys());
                    // Counts of other outcomes make a mistyped name likely.
                    let severity =
                        if arm.facts.responses.is_empty() { Severity::Note } else { Severity::Warning };
                    self.leave_out(arm.key(), &reason, severity);
                }
            }
        }
        let pool = |counts: &[ProportionCount]| pool_proportions(counts, &analysis.options);
        let result = Box::new(pool(&counts)?);
        let pool_again = |trials: &[String]| pool(&chosen(&counts, |count| &count.trial, trials));
        let further = self.further(&result, &analysis.further, &analysis.options.model(), &pool_again);
        Ok(AnalysisOutcome::Proportion { outcome: analysis.outcome.clone(), result, further })
    }

    fn two_arm_counts(&mut self, analysis: &TwoArmCountAnalysis) -> Result<AnalysisOutcome, PoolError> {
        let mut counts = self.counts_of_two_arms(analysis);
        if !analysis.options.subgroups {
            counts.iter_mut().for_each(|count| count.subgroup = None);
        }
        let pool = |counts: &[TwoArmCount]| pool_two_arm_counts(counts, &analysis.options);
        let result = Box::new(pool(&counts)?);
        let pool_again = |trials: &[String]| pool(&chosen(&counts, |count| &count.trial, trials));
        let tests = TwoArmCountTests::of(&counts, analysis.options.confidence_level)?;
        let further = self.further(&result, &analysis.further, &analysis.options.model(), &pool_again);
        Ok(AnalysisOutcome::TwoArmCounts { outcome: analysis.outcome.clone(), result, tests, further })
    }

    /// The counts of the trials, each with its group.
    fn counts_of_two_arms(&mut self, analysis: &TwoArmCountAnalysis) -> Vec<TwoArmCount> {
        let mut counts = Vec::new();
        for trial in &self.evidence.project.trials {
            if !self.wants_trial(trial) {
                continue;
            }
            let of = |arm: Option<&str>| trial.arm(arm?)?.facts.counts(&analysis.outcome);
            match (of(trial.treated()), of(trial.reference())) {
                (Some(treated), Some(control)) => counts.push(TwoArmCount {
                    trial: trial.id.clone(),
                    label: trial.label.clone(),
                    subgroup: trial.group.clone(),
                    events: treated.events,
                    total: treated.total,
                    control_events: control.events,
                    control_total: control.total,
                    provenance: Provenance::printed("printed counts"),
                }),
                (None, None) => self.leave_out(
                    trial.id.clone(),
                    &format!("no counts of {} are stated by arm", analysis.outcome),
                    Severity::Note,
                ),
                _ => self.leave_out(
                    trial.id.clone(),
                    &format!("counts of {} are stated for one arm only", analysis.outcome),
                    Severity::Warning,
                ),
            }
        }
        counts
    }

    fn two_arm_survival(&mut self, analysis: &TwoArmSurvivalAnalysis) -> Result<AnalysisOutcome, PoolError> {
        let endpoint = analysis.endpoint.as_str();
        let mut trials = Vec::new();
        for trial in self.evidence.project.trials.iter().filter(|trial| trial.arms.len() > 1) {
            if !self.wants_trial(trial) {
                continue;
            }
            let of = |arm: Option<&str>| self.reconstructed(trial.arm(arm?)?, endpoint);
            match (of(trial.treated()), of(trial.reference())) {
                (Some(treated), Some(control)) => trials.push(TwoArmTrial {
                    trial: trial.id.clone(),
                    label: trial.label.clone(),
                    subgroup: trial.group.clone().filter(|_| analysis.options.subgroups),
                    treated: treated.patients.clone(),
                    control: control.patients.clone(),
                    provenance: treated.result.provenance.clone(),
                }),
                _ => self.leave_out_without_two_arms(trial, endpoint),
            }
        }
        let options = analysis.model.options(analysis.options.clone());
        let result = Box::new(pool_two_arm_survival(&trials, &options)?);
        let studies = result.two_stage.iter().flat_map(|pooled| &pooled.studies);
        self.read_hazard_ratios(studies, endpoint, &analysis.options.model());
        let pool_again =
            |names: &[String]| two_stage(&chosen(&trials, |trial| &trial.trial, names), &options);
        let further = match &result.two_stage {
            Some(pooled) => self.further(pooled, &analysis.further, &analysis.options.model(), &pool_again),
            None => Box::default(),
        };
        Ok(AnalysisOutcome::TwoArmSurvival { endpoint: analysis.endpoint.clone(), result, further })
    }

    fn survival(&mut self, analysis: &SurvivalAnalysis) -> Result<AnalysisOutcome, PoolError> {
        let factor = self.evidence.project.time_unit.factor_to(analysis.options.time_unit);
        let (arms, years) = self.survival_arms(analysis);
        if let Some(draws) = self.evidence.draws {
            let settings = (&analysis.options, &analysis.method);
            match reading::of_survival(&arms, draws, &analysis.endpoint, settings, factor) {
                Some(reading) => self.set_reading(reading),
                None => self.findings.push(Finding::note(
                    "reading-not-carried",
                    self.analysis.id(),
                    "this method of pooling cannot carry the uncertainty of reading figures; grid-free, landmark, \
                     median, restricted-mean and summary-curve can",
                )),
            }
        }
        // Subgroups are of all trials.
        let together = SurvivalMethodOptions { subgroups: false, ..analysis.method.clone() };
        let pool_some = |arms: &[SurvivalArm]| {
            single_arm_survival::pool(arms, analysis.endpoint.clone(), &analysis.options, &together)
        };
        match views(&arms, &years, &analysis.views, &pool_some) {
            Ok(views) => self.views = views,
            Err(reason) => self.findings.push(Finding::warning(
                "further-analysis-unanswered",
                self.analysis.id(),
                format!("no cumulative analysis: {reason}"),
            )),
        }
        single_arm_survival::pool(&arms, analysis.endpoint.clone(), &analysis.options, &analysis.method)
    }

    /// The arms with their trials' years.
    fn survival_arms(&mut self, analysis: &SurvivalAnalysis) -> (Vec<SurvivalArm>, Vec<Option<f64>>) {
        let factor = self.evidence.project.time_unit.factor_to(analysis.options.time_unit);
        let mut arms = Vec::new();
        let (mut keys, mut years) = (Vec::new(), Vec::new());
        for arm in self.wanted_arms() {
            let patients = (analysis.method.source != SurvivalSource::Printed)
                .then(|| self.patients(arm, &analysis.endpoint, factor))
                .flatten()
                .map(SurvivalEvidence::Patients);
            let printed = || {
                (analysis.method.source != SurvivalSource::Reconstructed)
                    .then(|| printed_evidence(arm, analysis, factor))
                    .flatten()
            };
            match patients.or_else(printed) {
                Some(evidence) => {
                    keys.push(arm.key());
                    years.push(arm.trial.year.map(f64::from));
                    arms.push(SurvivalArm { subgroup: arm.trial.group.clone(), evidence });
                }
                None if analysis.method.source == SurvivalSource::Printed => {
                    let reason = format!("nothing is printed of its {}", analysis.endpoint);
                    self.leave_out(arm.key(), &reason, Severity::Note);
                }
                None => self.leave_out_without_patients(arm, &analysis.endpoint),
            }
        }
        self.warn_of_several_arms(&keys);
        (arms, years)
    }

    /// The reconstructed patients of an arm, times multiplied by `factor`.
    fn patients(&self, arm: ArmView<'_>, endpoint: &str, factor: f64) -> Option<TrialPatients> {
        let found = self.reconstructed(arm, endpoint)?;
        let in_unit = |patient: &PatientRecord| PatientRecord { time: patient.time * factor, ..*patient };
        Some(TrialPatients {
            trial: arm.key(),
            label: arm.full_label(),
            patients: found.patients.iter().map(in_unit).collect(),
            provenance: found.result.provenance.clone(),
        })
    }

    /// The summary curve is of single arms: two arms of one trial are not independent groups of the same kind.
    fn warn_of_several_arms(&mut self, keys: &[String]) {
        for trial in &self.evidence.project.trials {
            let prefix = format!("{}/", trial.id);
            let arms: Vec<&str> =
                keys.iter().map(String::as_str).filter(|key| key.starts_with(&prefix)).collect();
            if arms.len() > 1 {
                self.findings.push(Finding::warning(
                    "several-arms-of-a-trial",
                    self.analysis.id(),
                    format!(
                        "{} are pooled into one curve as if they were separate trials of the same treatment; \
                         choose the arms to pool with `trials = [\"{}\", ...]`",
                        arms.join(" and "),
                        arms[0]
                    ),
                ));
            }
        }
    }

    fn reconstructed(&self, arm: ArmView<'_>, endpoint: &str) -> Option<&'a ArmPatients> {
        self.evidence.arms.iter().find(|found| {
            found.result.trial == arm.trial.id
                && found.result.arm == arm.id
                && found.result.endpoint == endpoint
        })
    }

    fn leave_out_without_patients(&mut self, arm: ArmView<'_>, endpoint: &str) {
        let has_figure = self.evidence.project.figures.iter().any(|figure| {
            figure.endpoint == endpoint
                && figure.trial == arm.trial.id
                && figure.arm_assignments(arm.trial).iter().any(|&(_, id)| id == arm.id)
        });
        if has_figure {
            self.leave_out(arm.key(), &format!("its figure of {endpoint} gave no patients"), Severity::Error);
        } else {
            self.leave_out(arm.key(), &format!("there is no figure of {endpoint}"), Severity::Note);
        }
    }

    fn hazard_ratio(&mut self, analysis: &HazardRatioAnalysis) -> Result<AnalysisOutcome, PoolError> {
        let (mut effects, routes) = self.hazard_ratio_effects(analysis, analysis.source);
        if !analysis.options.subgroups {
            effects.iter_mut().for_each(|effect| effect.subgroup = None);
        }
        let pool = |effects: &[EffectEstimate]| pool_effects(effects, &analysis.options);
        let result = Box::new(pool(&effects)?);
        if analysis.source == HazardRatioSource::Reconstructed {
            self.read_hazard_ratios(result.studies.iter(), &analysis.endpoint, &analysis.options.model());
        }
        let pool_again = |trials: &[String]| pool(&chosen(&effects, |effect| &effect.trial, trials));
        let further = self.further(&result, &analysis.further, &analysis.options.model(), &pool_again);
        Ok(AnalysisOutcome::HazardRatio {
            endpoint: analysis.endpoint.clone(),
            source: analysis.source,
            result,
            routes,
            further,
        })
    }

    /// The uncertainty of reading in a pooled hazard ratio of these studies.
    fn read_hazard_ratios<'s>(
        &mut self,
        studies: impl Iterator<Item = &'s StudyRow>,
        endpoint: &str,
        model: &ModelOptions,
    ) {
        let Some(draws) = self.evidence.draws else { return };
        let estimates: Vec<Estimates> = studies
            .filter_map(|study| {
                let trial = self.evidence.project.trial(&study.trial)?;
                let of = |arm: Option<&str>| reading::drawn(draws, &trial.arm(arm?)?.key(), endpoint);
                let (reference, treated) = (of(trial.reference())?, of(trial.treated())?);
                Some(Estimates {
                    trial: study.trial.clone(),
                    label: study.label.clone(),
                    figure: treated.figure.clone(),
                    alone: (study.estimate.value, study.estimate.standard_error.powi(2)),
                    draws: reading::log_hazard_ratios(reference, treated),
                })
            })
            .collect();
        let reading = reading::pooled("hazard ratio".to_owned(), &estimates, model, f64::exp);
        self.set_reading(reading.into_iter().collect());
    }

    fn set_reading(&mut self, reading: Result<Vec<ReadingResult>, PoolError>) {
        match reading {
            Ok(reading) => self.reading = reading,
            Err(error) => self.findings.push(Finding::warning(
                "reading-not-carried",
                self.analysis.id(),
                format!("the uncertainty of reading figures could not be carried into the result: {error}"),
            )),
        }
    }

    /// The hazard ratios of the trials, each with its group, and the routes to those that are printed.
    fn hazard_ratio_effects(
        &mut self,
        analysis: &HazardRatioAnalysis,
        source: HazardRatioSource,
    ) -> (Vec<EffectEstimate>, Vec<HazardRatioRoutes>) {
        let (mut effects, mut routes) = (Vec::new(), Vec::new());
        for trial in &self.evidence.project.trials {
            if !self.wants_trial(trial) {
                continue;
            }
            let subgroup = trial.group.clone();
            match source {
                HazardRatioSource::Printed => {
                    if let Some((effect, found)) = self.printed_effect(trial, &analysis.endpoint) {
                        effects.push(EffectEstimate { subgroup, ..effect });
                        routes.push(found);
                    }
                }
                HazardRatioSource::Reconstructed => {
                    effects.extend(self.reconstructed_effect(trial, &analysis.endpoint, subgroup));
                }
            }
        }
        (effects, routes)
    }

    /// What else was asked of the pooled studies, with the moderators of their trials.
    fn further(
        &mut self,
        pooled: &PooledEffect,
        options: &FurtherOptions,
        model: &ModelOptions,
        pool_again: &dyn Fn(&[String]) -> Result<PooledEffect, PoolError>,
    ) -> Box<FurtherResults> {
        let names = options.moderators.iter().map(String::as_str).chain(["year"]);
        let moderators: Vec<_> = pooled
            .studies
            .iter()
            .map(|study| {
                let id = study.trial.split('/').next().unwrap_or(&study.trial);
                let trial = self.evidence.project.trial(id);
                let value = |name: &str| Some((name.to_owned(), trial?.moderator(name)?));
                names.clone().filter_map(value).collect()
            })
            .collect();
        let studied = Studied { pooled, moderators: &moderators, model, pool_again };
        let results = further::run(studied, options);
        self.findings.extend(results.findings(self.analysis.id()));
        Box::new(results)
    }

    /// The hazard ratio by the preferred route from what the trial prints, with all routes.
    fn printed_effect(
        &mut self,
        trial: &Trial,
        endpoint: &str,
    ) -> Option<(EffectEstimate, HazardRatioRoutes)> {
        let Some(printed) = trial.hazard_ratios.get(endpoint) else {
            let reason = format!("no hazard ratio of {endpoint} is stated");
            self.leave_out(trial.id.clone(), &reason, Severity::Note);
            return None;
        };
        let options = HazardRatioRouteOptions {
            confidence_level: self.analysis.confidence_level(),
            ..Default::default()
        };
        let found = hazard_ratio_routes(&printed.of_trial(trial, endpoint), &options);
        let found = found.and_then(|found| match printed.route {
            Some(route) => found.choose(route),
            None => Ok(found),
        });
        match found {
            Ok(found) => {
                let place = format!("{}, {endpoint}", trial.id);
                let own = found.findings.iter().cloned();
                self.findings.extend(own.map(|finding| Finding { place: place.clone(), ..finding }));
                Some((found.effect_estimate(), found))
            }
            Err(error) => {
                self.leave_out(trial.id.clone(), &error.to_string(), Severity::Warning);
                None
            }
        }
    }

    fn reconstructed_effect(
        &mut self,
        trial: &Trial,
        endpoint: &str,
        subgroup: Option<String>,
    ) -> Option<EffectEstimate> {
        let found = self
            .evidence
            .comparisons
            .iter()
            .find(|comparison| comparison.trial == trial.id && comparison.endpoint == endpoint);
        if let Some(comparison) = found {
            return Some(compare::effect(comparison, subgroup));
        }
        self.leave_out_without_two_arms(trial, endpoint);
        None
    }

    fn leave_out_without_two_arms(&mut self, trial: &Trial, endpoint: &str) {
        let has_figure = self
            .evidence
            .project
            .figures
            .iter()
            .any(|figure| figure.trial == trial.id && figure.endpoint == endpoint);
        if has_figure {
            let reason = format!("its figure of {endpoint} gave no two arms to compare");
            self.leave_out(trial.id.clone(), &reason, Severity::Error);
        } else {
            self.leave_out(trial.id.clone(), &format!("there is no figure of {endpoint}"), Severity::Note);
        }
    }
}

/// The two-stage hazard ratio of some trials.
pub(crate) fn two_stage(
    trials: &[TwoArmTrial],
    options: &TwoArmSurvivalOptions,
) -> Result<PooledEffect, PoolError> {
    let options = TwoArmSurvivalOptions { model: TwoArmModel::TwoStage, ..options.clone() };
    pool_two_arm_survival(trials, &options)?.two_stage.ok_or(PoolError::NoStudies)
}

/// What is printed of an arm's survival, as the method wants it; times multiplied by `factor`. A table that cannot be
/// used was reported when the file was read.
fn printed_evidence(arm: ArmView<'_>, analysis: &SurvivalAnalysis, factor: f64) -> Option<SurvivalEvidence> {
    let endpoint = analysis.endpoint.as_str();
    if analysis.method.method != SurvivalMethod::Median {
        return arm.published_survival(endpoint, factor)?.ok().map(SurvivalEvidence::Table);
    }
    let printed = arm.facts.medians.get(endpoint)?;
    let factor = printed.unit.map_or(factor, |unit| unit.factor_to(analysis.options.time_unit));
    Some(SurvivalEvidence::Median(TrialMedian {
        trial: arm.key(),
        label: arm.full_label(),
        source: MedianSource::Printed {
            median: Some(printed.value * factor),
            lower: printed.lower.map(|limit| limit * factor),
            upper: printed.upper.map(|limit| limit * factor),
            confidence_level: 0.95,
        },
        provenance: Provenance::printed("printed median"),
    }))
}

fn without_outcome<'k>(outcome: &str, stated: impl Iterator<Item = &'k String>) -> String {
    let stated: Vec<&str> = stated.map(String::as_str).collect();
    if stated.is_empty() {
        format!("no counts of {outcome} are stated")
    } else {
        format!("no counts of `{outcome}` are stated (stated: {})", stated.join(", "))
    }
}
