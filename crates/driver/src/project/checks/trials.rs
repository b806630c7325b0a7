//! Checks of the trials.

use std::collections::HashSet;

use kmeta_evidence_pool::{HazardRatioRouteOptions, PoolError, hazard_ratio_routes};

use crate::project::{
    ArmFacts, ArmView, Counts, FieldPath, PrintedHazardRatio, PrintedMedian, PrintedSurvival, Trial,
};

use super::Checker;

impl<'a> Checker<'a> {
    pub(super) fn check_trials(&mut self) {
        let mut ids = HashSet::new();
        for (index, trial) in self.study.project.trials.iter().enumerate() {
            let path = FieldPath::root().key("trial").index(index);
            self.check_id(&path.key("id"), &trial.id, &mut ids);
            self.check_facts(&path, &trial.facts);
            self.check_arms(&path, trial);
            for (endpoint, printed) in &trial.hazard_ratios {
                let path = path.key("hazard_ratios").key(endpoint);
                self.check_hazard_ratio(&path, trial, endpoint, printed);
            }
            for (index, arm) in trial.arm_views().into_iter().enumerate() {
                let path = if trial.arms.is_empty() { path.clone() } else { path.key("arm").index(index) };
                for endpoint in arm.facts.survival.keys() {
                    self.check_printed_survival(&path.key("survival").key(endpoint), arm, endpoint);
                }
            }
        }
    }

    fn check_arms(&mut self, path: &FieldPath, trial: &'a Trial) {
        if trial.arms.is_empty() {
            if let Some(reference) = &trial.reference_arm {
                self.unknown(&path.key("reference_arm"), "arm", reference, &[]);
            }
            return;
        }
        let facts = &trial.facts;
        let stated = [
            ("responses", !facts.responses.is_empty()),
            ("percentages", !facts.percentages.is_empty()),
            ("adverse_events", !facts.adverse_events.is_empty()),
            ("events", !facts.events.is_empty()),
            ("medians", !facts.medians.is_empty()),
            ("survival", !facts.survival.is_empty()),
        ];
        for (field, _) in stated.into_iter().filter(|&(_, stated)| stated) {
            self.report_with_help(
                &path.key(field),
                format!("`{field}` of a trial with several arms"),
                "state it in the `[[trial.arm]]` that it belongs to",
            );
        }
        let mut ids = HashSet::new();
        for (index, arm) in trial.arms.iter().enumerate() {
            let path = path.key("arm").index(index);
            self.check_id(&path.key("id"), &arm.id, &mut ids);
            self.check_facts(&path, &arm.facts);
        }
        let sum: Option<u32> = trial.arms.iter().map(|arm| arm.facts.n).sum();
        if let (Some(n), Some(sum)) = (facts.n, sum)
            && n != sum
        {
            self.report(&path.key("n"), format!("{n} patients, but the arms have {sum} together"));
        }
        if let Some(reference) = trial.reference_arm.as_deref()
            && trial.arm(reference).is_none()
        {
            let known: Vec<&str> = trial.arms.iter().map(|arm| arm.id.as_str()).collect();
            self.unknown(&path.key("reference_arm"), "arm", reference, &known);
        }
    }

    fn check_facts(&mut self, path: &FieldPath, facts: &ArmFacts) {
        for (outcome, &counts) in &facts.responses {
            let path = path.key("responses").key(outcome);
            self.check_counts(&path, counts);
            if let Some(n) = facts.n.filter(|&n| counts.total > n) {
                self.report_with_help(
                    &path,
                    format!("{} patients assessed, but the arm has n = {n}", counts.total),
                    "write [patients with the outcome, patients assessed]",
                );
            }
        }
        for (outcome, printed) in facts.percentages.iter().filter(|(_, printed)| printed.value().is_none()) {
            let message = format!("\"{}\" is no percentage: expected a number from 0 to 100", printed.text());
            self.report(&path.key("percentages").key(outcome), message);
        }
        for (event, &counts) in &facts.adverse_events {
            self.check_counts(&path.key("adverse_events").key(event), counts);
        }
        for (endpoint, &events) in &facts.events {
            if let Some(n) = facts.n.filter(|&n| events > n) {
                let path = path.key("events").key(endpoint);
                self.report(&path, format!("{events} events among n = {n} patients"));
            }
        }
        for (endpoint, median) in &facts.medians {
            self.check_median(&path.key("medians").key(endpoint), median);
        }
    }

    fn check_counts(&mut self, path: &FieldPath, Counts { events, total }: Counts) {
        if total == 0 {
            self.report_with_help(path, "0 patients in all", "leave the entry out if nobody was assessed");
        } else if events > total {
            self.report_with_help(
                path,
                format!("{events} patients with the event among {total}"),
                "write [patients with the event, patients in all]",
            );
        }
    }

    fn check_median(&mut self, path: &FieldPath, median: &PrintedMedian) {
        let lower = median.lower.unwrap_or(median.value);
        let upper = median.upper.unwrap_or(median.value);
        let ordered = lower <= median.value && median.value <= upper;
        if !(median.value > 0.0 && lower >= 0.0 && upper.is_finite() && ordered) {
            self.report(
                path,
                format!(
                    "median {} with limits {lower} and {upper}: expected 0 <= lower <= value <= upper",
                    median.value
                ),
            );
        }
    }

    fn check_hazard_ratio(
        &mut self,
        path: &FieldPath,
        trial: &Trial,
        endpoint: &str,
        printed: &PrintedHazardRatio,
    ) {
        let known: Vec<&str> = trial.arms.iter().map(|arm| arm.id.as_str()).collect();
        if let Some(arm) = printed.better_arm.as_deref().filter(|arm| !known.contains(arm)) {
            self.unknown(&path.key("better_arm"), "arm", arm, &known);
        }
        for arm in printed.expected_events.keys().filter(|arm| !known.contains(&arm.as_str())) {
            self.unknown(&path.key("expected_events").key(arm), "arm", arm, &known);
        }
        let numbers = printed.of_trial(trial, endpoint);
        match hazard_ratio_routes(&numbers, &HazardRatioRouteOptions::default()) {
            // A hazard ratio without a route to its standard error can still be compared with reconstructed patients.
            Ok(_) | Err(PoolError::NoHazardRatioRoute { .. }) => {}
            Err(error) => self.report(path, error.to_string()),
        }
    }

    fn check_printed_survival(&mut self, path: &FieldPath, arm: ArmView<'_>, endpoint: &str) {
        let rows = &arm.facts.survival[endpoint];
        let mut before: Option<&PrintedSurvival> = None;
        for (index, row) in rows.iter().enumerate() {
            let path = path.index(index);
            let later = before.is_none_or(|before| row.time > before.time);
            if !(row.time.is_finite() && row.time >= 0.0 && later) {
                self.report(
                    &path.key("time"),
                    format!("time {}: times must be at least 0 and increase", row.time),
                );
            }
            let falls = before.is_none_or(|before| row.survival <= before.survival);
            if !((0.0..=1.0).contains(&row.survival) && falls) {
                let message =
                    format!("survival {}: expected fractions from 1 to 0 that do not rise", row.survival);
                self.report(&path.key("survival"), message);
            }
            before = Some(row);
        }
        if let Some(Err(missing)) = arm.published_survival(endpoint, 1.0) {
            self.report_with_help(
                path,
                missing,
                "give number_at_risk in the row of that time, or n of the arm",
            );
        }
    }

    pub(super) fn check_level(&mut self, path: &FieldPath, level: f64) {
        if !(level > 0.0 && level < 1.0) {
            self.report(path, format!("confidence level {level}: expected a fraction such as 0.95"));
        }
    }
}
