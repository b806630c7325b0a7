//! Checks of the analyses.

use std::collections::HashSet;

use crate::project::{
    Analysis, ArmView, FieldPath, HazardRatioAnalysis, HazardRatioSource, ProportionAnalysis,
    SurvivalAnalysis, Trial, TwoArmCountAnalysis,
};
use crate::single_arm_survival::{SurvivalMethod, SurvivalSource};

use super::Checker;

impl Checker<'_> {
    pub(super) fn check_analyses(&mut self) {
        let mut ids = HashSet::new();
        for (index, analysis) in self.study.project.analyses.iter().enumerate() {
            let path = FieldPath::root().key("analysis").index(index);
            self.check_id(&path.key("id"), analysis.id(), &mut ids);
            if analysis.title().is_empty() {
                self.report(&path.key("title"), "`title` is missing: a title to print");
            }
            self.check_level(&path.key("confidence_level"), analysis.confidence_level());
            self.check_listed_trials(&path, analysis);
            match analysis {
                Analysis::Proportion(analysis) => self.check_proportion(&path, analysis),
                Analysis::Survival(analysis) => self.check_survival(&path, analysis),
                Analysis::HazardRatio(analysis) => self.check_hazard_ratios(&path, analysis),
                Analysis::TwoArmCounts(analysis) => self.check_two_arm_counts(&path, analysis),
                Analysis::TwoArmSurvival(analysis) => {
                    self.check_endpoint_has_figure(&path, &analysis.endpoint);
                    if analysis.options.subgroups {
                        self.check_groups(&path, |trial| trial.arms.len() > 1);
                    }
                }
            }
        }
    }

    fn check_listed_trials(&mut self, path: &FieldPath, analysis: &Analysis) {
        let known: Vec<String> = match analysis {
            Analysis::HazardRatio(_) | Analysis::TwoArmCounts(_) | Analysis::TwoArmSurvival(_) => {
                self.study.project.trials.iter().map(|trial| trial.id.clone()).collect()
            }
            _ => self
                .study
                .project
                .trials
                .iter()
                .flat_map(|trial| {
                    std::iter::once(trial.id.clone())
                        .chain(trial.arm_views().into_iter().map(|arm| arm.key()))
                })
                .collect(),
        };
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let mut seen = HashSet::new();
        for (index, trial) in analysis.trials().unwrap_or_default().iter().enumerate() {
            let path = path.key("trials").index(index);
            if !known.contains(&trial.as_str()) {
                self.unknown(&path, "trial", trial, &known);
            } else if !seen.insert(trial) {
                self.report(&path, format!("`{trial}` is listed twice"));
            }
        }
    }

    fn check_proportion(&mut self, path: &FieldPath, analysis: &ProportionAnalysis) {
        let trials = &self.study.project.trials;
        let outcomes: Vec<&str> = unique(
            trials
                .iter()
                .flat_map(Trial::arm_views)
                .flat_map(|arm| arm.facts.responses.keys().map(String::as_str)),
        );
        if !outcomes.contains(&analysis.outcome.as_str()) {
            self.unknown(
                &path.key("outcome"),
                "outcome among the trials' responses",
                &analysis.outcome,
                &outcomes,
            );
        }
        if !analysis.options.measure.is_proportion() {
            self.report(&path.key("measure"), "a log hazard ratio is no measure of a proportion");
        }
        if analysis.options.subgroups {
            self.check_groups(path, |trial| {
                trial.arm_views().iter().any(|arm| arm.facts.responses.contains_key(&analysis.outcome))
            });
        }
    }

    fn check_two_arm_counts(&mut self, path: &FieldPath, analysis: &TwoArmCountAnalysis) {
        let arms = || self.study.project.trials.iter().flat_map(|trial| &trial.arms);
        let outcomes: Vec<&str> = unique(arms().flat_map(|arm| {
            let names = arm.facts.responses.keys().chain(arm.facts.adverse_events.keys());
            names.map(String::as_str)
        }));
        if !outcomes.contains(&analysis.outcome.as_str()) {
            let what = "outcome among the responses and adverse events of the trials' arms";
            self.unknown(&path.key("outcome"), what, &analysis.outcome, &outcomes);
        }
        if !analysis.options.measure.compares_two_arms() {
            self.report(&path.key("measure"), "this measure does not compare two arms");
        }
        if analysis.options.subgroups {
            self.check_groups(path, |trial| {
                trial.arms.iter().any(|arm| arm.facts.counts(&analysis.outcome).is_some())
            });
        }
    }

    fn check_survival(&mut self, path: &FieldPath, analysis: &SurvivalAnalysis) {
        self.check_survival_source(path, analysis);
        let times = &analysis.options.times;
        let increasing = times.windows(2).all(|pair| pair[0] < pair[1]);
        if analysis.method.needs_times() && times.is_empty()
            || !increasing
            || !times.iter().all(|time| time.is_finite() && *time > 0.0)
        {
            self.report(&path.key("times"), "times must be above 0 and increase, at least one");
        }
    }

    fn check_survival_source(&mut self, path: &FieldPath, analysis: &SurvivalAnalysis) {
        let (endpoint, method) = (analysis.endpoint.as_str(), &analysis.method);
        let medians = method.method == SurvivalMethod::Median;
        let has = |arm: &ArmView<'_>| match medians {
            true => arm.facts.medians.contains_key(endpoint),
            false => arm.facts.survival.contains_key(endpoint),
        };
        let arms = || self.study.project.trials.iter().flat_map(Trial::arm_views);
        if method.source != SurvivalSource::Reconstructed {
            if !medians && method.method != SurvivalMethod::SummaryCurve {
                let message =
                    "this source needs the method summary-curve or median: the others need patients";
                self.report(&path.key("source"), message);
            }
            if !arms().any(|arm| has(&arm)) && method.source == SurvivalSource::Printed {
                let known = unique(arms().flat_map(|arm| match medians {
                    true => arm.facts.medians.keys().map(String::as_str).collect::<Vec<_>>(),
                    false => arm.facts.survival.keys().map(String::as_str).collect(),
                }));
                let what = if medians {
                    "printed median of the endpoint"
                } else {
                    "printed survival of the endpoint"
                };
                self.unknown(&path.key("endpoint"), what, endpoint, &known);
            }
        } else {
            self.check_endpoint_has_figure(path, endpoint);
        }
        if method.subgroups {
            if method.method != SurvivalMethod::SummaryCurve {
                self.report(&path.key("subgroups"), "only the method summary-curve compares subgroups");
            }
            self.check_groups(path, |trial| {
                analysis.trials.as_ref().is_none_or(|listed| {
                    listed.iter().any(|listed| listed.split('/').next() == Some(trial.id.as_str()))
                })
            });
        }
    }

    fn check_endpoint_has_figure(&mut self, path: &FieldPath, endpoint: &str) {
        let endpoints = unique(self.study.project.figures.iter().map(|figure| figure.endpoint.as_str()));
        if !endpoints.contains(&endpoint) {
            self.unknown(&path.key("endpoint"), "figure of the endpoint", endpoint, &endpoints);
        }
    }

    fn check_hazard_ratios(&mut self, path: &FieldPath, analysis: &HazardRatioAnalysis) {
        let endpoint = analysis.endpoint.as_str();
        match analysis.source {
            HazardRatioSource::Reconstructed => self.check_endpoint_has_figure(path, endpoint),
            HazardRatioSource::Printed => {
                let trials = &self.study.project.trials;
                let printed =
                    unique(trials.iter().flat_map(|trial| trial.hazard_ratios.keys().map(String::as_str)));
                if !printed.contains(&endpoint) {
                    let what = "hazard ratio printed for the endpoint";
                    self.unknown(&path.key("endpoint"), what, endpoint, &printed);
                }
            }
        }
        if analysis.options.subgroups {
            self.check_groups(path, |trial| trial.hazard_ratios.contains_key(endpoint));
        }
    }

    /// Subgroups need a group in every trial that takes part.
    fn check_groups(&mut self, path: &FieldPath, takes_part: impl Fn(&Trial) -> bool) {
        let without: Vec<&str> = self
            .study
            .project
            .trials
            .iter()
            .filter(|trial| takes_part(trial) && trial.group.is_none())
            .map(|trial| trial.id.as_str())
            .collect();
        if !without.is_empty() {
            self.report_with_help(
                &path.key("subgroups"),
                format!("no `group` in {}", without.join(", ")),
                "subgroups are the trials' `group`: give each trial one",
            );
        }
    }
}

/// Each name once, in order of first appearance.
fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    names.filter(|&name| seen.insert(name)).collect()
}
