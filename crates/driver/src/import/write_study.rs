//! What was imported as the text of a project file that a person goes on with.

use kmeta_trial_data::{EffectMeasure, TimeUnit};
use serde::Serialize;

use super::names::quoted;
use super::{EffectTable, Import, Outcome, OutcomeKind, ReviewSettings};
use crate::project::{Figure, Trial};

/// The parts of a project that are written as they are.
#[derive(Serialize)]
struct Parts<'a> {
    #[serde(skip_serializing_if = "<[Trial]>::is_empty")]
    trial: &'a [Trial],
    #[serde(skip_serializing_if = "<[Figure]>::is_empty")]
    figure: &'a [Figure],
}

/// The project file.
///
/// # Errors
/// When the trials cannot be written as TOML.
pub fn study_toml(
    import: &Import,
    title: &str,
    time_unit: TimeUnit,
    sources: &[String],
) -> Result<String, toml::ser::Error> {
    let mut text = format!(
        "# Imported by kmeta from {}.\n# `kmeta doctor` says what is missing, `kmeta schema` documents every field.\n\n",
        sources.join(", ").replace(['\n', '\r'], " ")
    );
    text.push_str(&format!("title = {}\ntime_unit = \"{time_unit}\"\n\n", quoted(title)));
    text.push_str(&toml::to_string(&Parts { trial: &import.trials, figure: &import.figures })?);
    for outcome in &import.outcomes {
        text.push('\n');
        text.push_str(&analysis(outcome));
    }
    Ok(text)
}

fn analysis(outcome: &Outcome) -> String {
    let mut lines = vec!["[[analysis]]".to_owned()];
    let (kind, field) = match outcome.kind {
        OutcomeKind::Proportion => ("proportion", "outcome"),
        OutcomeKind::TwoArmCounts(_) => ("two-arm-counts", "outcome"),
        OutcomeKind::HazardRatio(_) => ("hazard-ratio", "endpoint"),
        OutcomeKind::Survival => ("survival", "endpoint"),
    };
    let id = match outcome.kind {
        OutcomeKind::HazardRatio(_) => format!("{}-hr", outcome.name),
        _ => outcome.name.clone(),
    };
    lines.push(format!("kind = \"{kind}\""));
    lines.push(format!("id = {}", quoted(&id)));
    lines.push(format!("title = {}", quoted(&outcome.title)));
    lines.push(format!("{field} = {}", quoted(&outcome.name)));
    match &outcome.kind {
        OutcomeKind::Proportion => {}
        OutcomeKind::TwoArmCounts(settings) => lines.extend(settings_of_counts(*settings)),
        OutcomeKind::HazardRatio(settings) => {
            lines.push("source = \"printed\"".to_owned());
            lines.extend(estimator(*settings));
        }
        OutcomeKind::Survival => {
            lines.push("times = [3, 6, 9, 12]               # fix these in the protocol".to_owned());
        }
    }
    if outcome.subgroups {
        lines.push("subgroups = true".to_owned());
    }
    lines.join("\n") + "\n"
}

fn settings_of_counts(settings: ReviewSettings) -> Vec<String> {
    let measure = match settings.measure {
        Some(EffectMeasure::LogOddsRatio) => "log-odds-ratio",
        Some(EffectMeasure::RiskDifference) => "risk-difference",
        _ => "log-risk-ratio",
    };
    let mut lines = vec![format!("measure = \"{measure}\"")];
    lines.extend(settings.pooling.map(|pooling| format!("pooling = \"{pooling}\"")));
    lines.extend(estimator(settings));
    lines
}

/// DerSimonian and Laird where the review was pooled with it, so that its numbers come out again.
fn estimator(settings: ReviewSettings) -> Option<String> {
    settings
        .dersimonian_laird
        .then(|| "tau_squared = \"DL\"               # as RevMan pools; REML is the default".to_owned())
}

/// A table for `kmeta pool effects`.
pub fn effect_csv(table: &EffectTable) -> String {
    let cell = |text: &str| {
        if text.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    let has_subgroups = table.rows.iter().all(|row| !row.subgroup.is_empty());
    let mut text = String::from("trial,label,effect,standard_error");
    text.push_str(if has_subgroups { ",subgroup\n" } else { "\n" });
    for row in &table.rows {
        text.push_str(&format!(
            "{},{},{},{}",
            cell(&row.trial),
            cell(&row.label),
            row.effect,
            row.standard_error
        ));
        if has_subgroups {
            text.push_str(&format!(",{}", cell(&row.subgroup)));
        }
        text.push('\n');
    }
    text
}
