//! Checks of the figures.

use std::collections::HashMap;

use kmeta_trial_data::NumberAtRisk;

use kmeta_ipd_reconstruct::ReconstructionMethod;

use crate::project::{ArmView, FieldPath, Figure, TracedArm, Trial, TypedRiskTable};

use super::Checker;

impl<'a> Checker<'a> {
    pub(super) fn check_figures(&mut self) {
        let mut names: HashMap<String, &str> = HashMap::new();
        let mut shown: HashMap<(&str, &str, &str), &str> = HashMap::new();
        for (index, figure) in self.study.project.figures.iter().enumerate() {
            let path = FieldPath::root().key("figure").index(index);
            self.check_file(&path, figure, &mut names);
            let Some(trial) = self.study.project.trial(&figure.trial) else {
                let known: Vec<&str> =
                    self.study.project.trials.iter().map(|trial| trial.id.as_str()).collect();
                self.unknown(&path.key("trial"), "trial", &figure.trial, &known);
                continue;
            };
            self.check_assignments(&path, figure, trial);
            for (_, arm) in figure.arm_assignments(trial) {
                let key = (figure.trial.as_str(), arm, figure.endpoint.as_str());
                if let Some(other) = shown.insert(key, &figure.file) {
                    let (trial, arm, endpoint) = key;
                    self.report(
                        &path,
                        format!("`{trial}` arm `{arm}` has a figure of `{endpoint}` already: {other}"),
                    );
                }
            }
            if figure.meet_hazard_ratio {
                self.check_printed_comparison(&path.key("meet_hazard_ratio"), figure, trial);
            }
            if let Some(table) = &figure.risk_table {
                self.check_risk_table(&path.key("risk_table"), table, trial);
            }
        }
    }

    /// A hazard ratio can be met where there are two arms and something is printed of them.
    fn check_printed_comparison(&mut self, path: &FieldPath, figure: &Figure, trial: &Trial) {
        if !trial.hazard_ratios.contains_key(&figure.endpoint) {
            let message = format!("`{}` prints no hazard ratio of {}", figure.trial, figure.endpoint);
            self.report_with_help(path, message, "state it in `hazard_ratios` of the trial");
        } else if figure.arm_assignments(trial).len() != 2 {
            self.report(path, "a hazard ratio compares two arms; this figure has another number");
        } else if self.study.project.reconstruction.method != ReconstructionMethod::Constrained {
            self.report(path, "only the reconstruction method `constrained` meets a hazard ratio");
        }
    }

    fn check_file(&mut self, path: &FieldPath, figure: &'a Figure, names: &mut HashMap<String, &'a str>) {
        let path = path.key("file");
        let file = self.study.figure_path(&figure.file);
        if !file.is_file() {
            self.report_with_help(
                &path,
                format!("there is no file {}", file.display()),
                "paths are relative to the project file",
            );
        }
        if figure.endpoint.is_empty() || figure.endpoint.contains(['/', '\\', ' ']) {
            self.report(
                &FieldPath::clone(&path),
                format!(
                    "the endpoint \"{}\" of this figure cannot be used: give a short name",
                    figure.endpoint
                ),
            );
        }
        if let Some(other) = names.insert(figure.name(), &figure.file)
            && other != figure.file
        {
            self.report_with_help(
                &path,
                format!("{} and {other} have the same name", figure.file),
                "output files carry the figure's name: rename one of the two",
            );
        }
    }

    fn check_assignments(&mut self, path: &FieldPath, figure: &Figure, trial: &Trial) {
        let path = path.key("arms");
        let known: Vec<&str> = trial.arm_views().iter().map(|arm| arm.id).collect();
        if figure.arms.is_empty() && !trial.arms.is_empty() {
            self.report(
                &path,
                format!(
                    "`arms` is missing: say which curve is which arm of `{}` ({})",
                    trial.id,
                    known.join(", ")
                ),
            );
        }
        let mut given: Vec<&str> = Vec::new();
        for (traced, arm) in &figure.arms {
            let path = path.key(traced);
            if TracedArm::parse(traced).is_none() {
                self.report(
                    &path,
                    format!("\"{traced}\" names no curve: use its printed name, `#rrggbb`, or 1, 2, ..."),
                );
            }
            if !known.contains(&arm.as_str()) {
                self.unknown(&path, &format!("arm of `{}`", trial.id), arm, &known);
            } else if given.contains(&arm.as_str()) {
                self.report(&path, format!("two curves are said to be arm `{arm}`"));
            }
            given.push(arm);
        }
    }

    fn check_risk_table(&mut self, path: &FieldPath, table: &TypedRiskTable, trial: &Trial) {
        let known: Vec<&str> = trial.arm_views().iter().map(|arm| arm.id).collect();
        for (arm, counts) in &table.counts {
            let path = path.key("counts").key(arm);
            let Some(ArmView { facts, .. }) = trial.arm(arm) else {
                self.unknown(&path, &format!("arm of `{}`", trial.id), arm, &known);
                continue;
            };
            if let Err(error) = NumberAtRisk::new(table.times.clone(), counts.clone()) {
                self.report(&path, error.to_string());
            } else if let Some(n) = facts.n.filter(|&n| counts[0] > n) {
                self.report(&path, format!("{} at risk, but the arm has n = {n}", counts[0]));
            }
        }
    }
}
