//! Outcomes of a review with two arms, whichever RevMan file they come from, as trials and analyses.

use std::collections::HashMap;

use kmeta_trial_data::EffectMeasure;

use super::{
    EffectRow, EffectTable, Import, Outcome, OutcomeKind, ReviewSettings, names, new_arm, new_trial,
};
use crate::project::{Counts, PrintedHazardRatio, Trial};

/// Id of the arm whose effect is in the numerator.
const EXPERIMENTAL: &str = "experimental";
/// Id of the arm that is compared with.
const CONTROL: &str = "control";

/// One outcome of one comparison.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ReviewOutcome {
    /// Where it stands in the file, for messages: "comparison 1, outcome 2".
    pub(super) place: String,
    /// Name of the outcome.
    pub(super) title: String,
    /// Names of the experimental and the control arm; may be empty.
    pub(super) arms: [String; 2],
    /// How the review pooled it.
    pub(super) settings: ReviewSettings,
    /// The effect measure in the file's words.
    pub(super) measure_name: String,
    /// Its studies.
    pub(super) rows: Vec<ReviewRow>,
}

/// One study of an outcome.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ReviewRow {
    /// What tells the study from others in the file.
    pub(super) study: String,
    /// Its name.
    pub(super) label: String,
    /// Year of publication.
    pub(super) year: Option<u16>,
    /// Subgroup; empty for none.
    pub(super) subgroup: String,
    /// The numbers.
    pub(super) numbers: ReviewNumbers,
}

/// What a review states of one study.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum ReviewNumbers {
    /// Patients with the event and all patients, of the experimental and the control arm.
    Counts([Counts; 2]),
    /// Mean, standard deviation and number of patients of both arms.
    Means([[f64; 3]; 2]),
    /// An effect and its standard error on the scale of the analysis, with the patients of both arms where known.
    Effect { effect: f64, standard_error: f64, patients: Option<[u32; 2]> },
    /// Observed minus expected events and their variance, with events and patients of both arms where known.
    LogRank { observed_minus_expected: f64, variance: f64, counts: Option<[Counts; 2]> },
    /// Nothing that can be pooled.
    #[default]
    Nothing,
}

/// Adds outcomes to what is imported.
pub(super) fn add(import: &mut Import, outcomes: Vec<ReviewOutcome>) {
    let mut trials = Trials::default();
    for outcome in outcomes {
        let kind =
            outcome.rows.iter().find(|row| row.numbers != ReviewNumbers::Nothing).map(|row| row.numbers);
        match kind {
            Some(ReviewNumbers::Counts(_)) => counts(import, &mut trials, &outcome),
            Some(ReviewNumbers::LogRank { .. }) => hazard_ratios(import, &mut trials, &outcome),
            Some(ReviewNumbers::Effect { .. }) if is_hazard_ratio(&outcome) => {
                hazard_ratios(import, &mut trials, &outcome);
            }
            Some(_) => effects(import, &outcome),
            None => import.note(
                "outcome-without-data",
                &outcome.place,
                format!("\"{}\" has no numbers", outcome.title),
            ),
        }
    }
    import.trials.extend(trials.list);
}

fn is_hazard_ratio(outcome: &ReviewOutcome) -> bool {
    let name = outcome.measure_name.to_lowercase();
    name.contains("hazard") || name == "hr"
}

/// The trials so far, by the study of the file and, where a study is in several subgroups, by subgroup.
#[derive(Debug, Default)]
struct Trials {
    list: Vec<Trial>,
    index: HashMap<(String, usize), usize>,
}

impl Trials {
    /// The trial of a row in which `is_free` holds: the study's own, or a further one with the subgroup in its name.
    fn of(
        &mut self,
        row: &ReviewRow,
        outcome: &ReviewOutcome,
        is_free: impl Fn(&Trial) -> bool,
    ) -> &mut Trial {
        for copy in 0.. {
            let key = (row.study.clone(), copy);
            let index = match self.index.get(&key) {
                Some(&index) if !is_free(&self.list[index]) => continue,
                Some(&index) => index,
                None => self.make(key, row, outcome),
            };
            return &mut self.list[index];
        }
        unreachable!("a new trial is free")
    }

    fn make(&mut self, key: (String, usize), row: &ReviewRow, outcome: &ReviewOutcome) -> usize {
        let label = match key.1 {
            0 => row.label.clone(),
            copy if row.subgroup.is_empty() => format!("{} ({})", row.label, copy + 1),
            _ => format!("{} ({})", row.label, row.subgroup),
        };
        let id = names::identifier(&label, "trial");
        let id = names::unique(id, |id| self.list.iter().any(|trial| trial.id == id));
        let mut trial = new_trial(id, label);
        trial.year = row.year;
        let name = |index: usize, otherwise: &str| match outcome.arms[index].as_str() {
            "" => otherwise.to_owned(),
            name => name.to_owned(),
        };
        trial.arms =
            vec![new_arm(EXPERIMENTAL, &name(0, "Experimental")), new_arm(CONTROL, &name(1, "Control"))];
        trial.reference_arm = Some(CONTROL.to_owned());
        self.list.push(trial);
        self.index.insert(key, self.list.len() - 1);
        self.list.len() - 1
    }
}

/// The name of an outcome, new among those that are imported.
fn outcome_name(import: &Import, title: &str) -> String {
    let known = |name: &str| {
        import.outcomes.iter().any(|outcome| outcome.name == name)
            || import.effects.iter().any(|table| table.name == name)
    };
    names::unique(names::identifier(title, "outcome"), known)
}

/// The trial's group is the subgroup of the first outcome that has some. Says whether all rows agree with it.
fn take_group(trial: &mut Trial, subgroup: &str) -> bool {
    if subgroup.is_empty() {
        return false;
    }
    trial.group.get_or_insert_with(|| subgroup.to_owned()) == subgroup
}

/// Whether the outcome is pooled by subgroups; a finding where its subgroups are not the trials' groups.
fn subgroups(import: &mut Import, outcome: &ReviewOutcome, agree: &[bool]) -> bool {
    let has = outcome.rows.iter().any(|row| !row.subgroup.is_empty());
    let agrees = agree.iter().all(|agrees| *agrees);
    if has && !agrees {
        let message = format!(
            "\"{}\": its subgroups are not those of an outcome before it; a trial has one `group`, so it is pooled without",
            outcome.title
        );
        import.note("subgroups-differ", &outcome.place, message);
    }
    has && agrees
}

fn raise_patients(trial: &mut Trial, patients: [u32; 2]) {
    for (arm, patients) in trial.arms.iter_mut().zip(patients).filter(|(_, patients)| *patients > 0) {
        arm.facts.n = Some(arm.facts.n.unwrap_or(0).max(patients));
    }
}

fn counts(import: &mut Import, trials: &mut Trials, outcome: &ReviewOutcome) {
    let name = outcome_name(import, &outcome.title);
    let mut agree = Vec::new();
    for row in &outcome.rows {
        let ReviewNumbers::Counts(counts) = row.numbers else { continue };
        let trial = trials
            .of(row, outcome, |trial| trial.arms.iter().all(|arm| !arm.facts.responses.contains_key(&name)));
        raise_patients(trial, counts.map(|counts| counts.total));
        for (arm, counts) in trial.arms.iter_mut().zip(counts) {
            arm.facts.responses.insert(name.clone(), counts);
        }
        agree.push(take_group(trial, &row.subgroup));
    }
    let subgroups = subgroups(import, outcome, &agree);
    let kind = OutcomeKind::TwoArmCounts(outcome.settings);
    import.outcomes.push(Outcome { name, title: outcome.title.clone(), subgroups, kind });
}

fn hazard_ratios(import: &mut Import, trials: &mut Trials, outcome: &ReviewOutcome) {
    let name = outcome_name(import, &outcome.title);
    let mut agree = Vec::new();
    for row in &outcome.rows {
        let printed = match row.numbers {
            ReviewNumbers::Effect { effect, standard_error, .. } => {
                let half = NORMAL_QUANTILE * standard_error;
                PrintedHazardRatio {
                    value: Some(effect.exp()),
                    lower: Some((effect - half).exp()),
                    upper: Some((effect + half).exp()),
                    ..PrintedHazardRatio::default()
                }
            }
            ReviewNumbers::LogRank { observed_minus_expected, variance, .. } => PrintedHazardRatio {
                observed_minus_expected: Some(observed_minus_expected),
                log_rank_variance: Some(variance),
                ..PrintedHazardRatio::default()
            },
            _ => continue,
        };
        let trial = trials.of(row, outcome, |trial| !trial.hazard_ratios.contains_key(&name));
        match row.numbers {
            ReviewNumbers::LogRank { counts: Some(counts), .. } => {
                raise_patients(trial, counts.map(|counts| counts.total));
                for (arm, counts) in trial.arms.iter_mut().zip(counts).filter(|(_, counts)| counts.total > 0)
                {
                    arm.facts.events.insert(name.clone(), counts.events);
                }
            }
            ReviewNumbers::Effect { patients: Some(patients), .. } => raise_patients(trial, patients),
            _ => {}
        }
        trial.hazard_ratios.insert(name.clone(), printed);
        agree.push(take_group(trial, &row.subgroup));
    }
    let subgroups = subgroups(import, outcome, &agree);
    let kind = OutcomeKind::HazardRatio(outcome.settings);
    import.outcomes.push(Outcome { name, title: outcome.title.clone(), subgroups, kind });
}

/// 97.5 % quantile of the normal distribution.
const NORMAL_QUANTILE: f64 = 1.959_963_984_540_054;

/// Effects that a project file has no place for. Mean differences are m₁ − m₂ with variance s₁²/n₁ + s₂²/n₂ (Cochrane
/// Handbook 6.5.1).
fn effects(import: &mut Import, outcome: &ReviewOutcome) {
    let name = outcome_name(import, &outcome.title);
    let standardized = outcome.measure_name.to_lowercase().contains("std") || outcome.measure_name == "SMD";
    let mut rows: Vec<EffectRow> = Vec::new();
    for row in &outcome.rows {
        let (effect, standard_error) = match row.numbers {
            ReviewNumbers::Effect { effect, standard_error, .. } => (effect, standard_error),
            ReviewNumbers::Means([one, other]) if !standardized => {
                let variance = |[_, deviation, patients]: [f64; 3]| deviation * deviation / patients;
                (one[0] - other[0], (variance(one) + variance(other)).sqrt())
            }
            _ => continue,
        };
        if !(effect.is_finite() && standard_error.is_finite() && standard_error > 0.0) {
            continue;
        }
        let base = names::identifier(&row.label, "trial");
        let trial = names::unique(base, |id| rows.iter().any(|known| known.trial == id));
        let (label, subgroup) = (row.label.clone(), row.subgroup.clone());
        rows.push(EffectRow { trial, label, subgroup, effect, standard_error });
    }
    if rows.is_empty() {
        let what = if standardized { "standardized mean differences are" } else { "these numbers are" };
        import.note(
            "outcome-not-imported",
            &outcome.place,
            format!("\"{}\": {what} not imported", outcome.title),
        );
        return;
    }
    let message = format!(
        "\"{}\" is a table for `kmeta pool effects`: a project file holds counts, hazard ratios and survival",
        outcome.title
    );
    import.note("outcome-as-table", &outcome.place, message);
    import.effects.push(EffectTable { name, title: outcome.title.clone(), rows });
}

/// The effect measure of a name as RevMan writes it.
pub(super) fn measure(name: &str) -> Option<EffectMeasure> {
    let name = name.to_lowercase().replace('_', " ");
    match name.as_str() {
        "or" | "odds ratio" | "peto or" | "peto odds ratio" => Some(EffectMeasure::LogOddsRatio),
        "rr" | "risk ratio" => Some(EffectMeasure::LogRiskRatio),
        "rd" | "risk difference" => Some(EffectMeasure::RiskDifference),
        _ => None,
    }
}

/// The pooling of a name as RevMan writes it.
pub(super) fn pooling(method: &str, measure: &str) -> Option<&'static str> {
    let method = method.to_lowercase();
    if measure.to_lowercase().starts_with("peto") || method.contains("peto") {
        Some("peto")
    } else if method == "mh" || method.contains("mantel") {
        Some("mantel-haenszel")
    } else if method == "iv" || method.contains("inverse") {
        Some("inverse-variance")
    } else {
        None
    }
}
