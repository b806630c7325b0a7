//! What differs between two output folders: inputs, settings, trials, figures and every pooled number.

mod drawn;
mod values;
mod words;

use kmeta_trial_data::{Finding, sha256_hex};
use serde::Serialize;
use serde_json::{Value, json};

use crate::manifest::Manifest;
use crate::quantities::{Quantity, quantities};
use crate::results::{AnalysisResult, Results};
pub(crate) use drawn::figure;
use values::{ValueChange, compare};
pub(crate) use words::in_words;

/// What two runs were made from and what they gave.
pub(crate) struct Run {
    pub(crate) manifest: Manifest,
    pub(crate) results: Results,
}

/// Everything that differs.
#[derive(Debug, Serialize)]
pub(crate) struct Difference {
    /// Whether nothing does.
    pub(crate) same: bool,
    /// Programs and files that went in.
    pub(crate) inputs: Vec<ValueChange>,
    /// How patients were reconstructed and results pooled.
    pub(crate) settings: Vec<ValueChange>,
    /// What the project files state of trials.
    pub(crate) trials: Vec<ValueChange>,
    /// How figures were read and arms reconstructed.
    pub(crate) figures: Vec<ValueChange>,
    /// Every analysis of either run.
    pub(crate) analyses: Vec<AnalysisDifference>,
    /// Findings of the old run alone.
    pub(crate) findings_gone: Vec<Finding>,
    /// Findings of the new run alone.
    pub(crate) findings_new: Vec<Finding>,
}

/// One analysis in both runs.
#[derive(Debug, Serialize)]
pub(crate) struct AnalysisDifference {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) in_old: bool,
    pub(crate) in_new: bool,
    /// Whether its first number is a ratio.
    pub(crate) is_ratio: bool,
    /// Its pooled numbers, those that are the same too.
    pub(crate) quantities: Vec<QuantityChange>,
    /// Every number of its result that differs, in full.
    pub(crate) numbers: Vec<ValueChange>,
}

/// One pooled number in both runs.
#[derive(Debug, Serialize)]
pub(crate) struct QuantityChange {
    pub(crate) name: String,
    pub(crate) old: Option<Quantity>,
    pub(crate) new: Option<Quantity>,
}

impl QuantityChange {
    /// Whether it is the same number with the same limits.
    pub(crate) fn is_same(&self) -> bool {
        self.old == self.new
    }
}

/// Compares two runs.
///
/// # Errors
/// When results cannot be written as JSON.
pub(crate) fn difference(old: &Run, new: &Run) -> Result<Difference, serde_json::Error> {
    let changes = |of: &dyn Fn(&Run) -> Result<Value, serde_json::Error>| -> Result<_, serde_json::Error> {
        Ok(compare(&of(old)?, &of(new)?))
    };
    let without = |one: &Run, other: &Run| -> Vec<Finding> {
        let known = &other.results.findings;
        one.results.findings.iter().filter(|finding| !known.contains(finding)).cloned().collect()
    };
    let mut found = Difference {
        same: false,
        inputs: changes(&inputs)?,
        settings: changes(&settings)?,
        trials: changes(&|run| serde_json::to_value(&run.results.trials))?,
        figures: changes(&figures)?,
        analyses: analyses(&old.results, &new.results)?,
        findings_gone: without(old, new),
        findings_new: without(new, old),
    };
    let analyses_same = found.analyses.iter().all(|analysis| {
        analysis.in_old
            && analysis.in_new
            && analysis.numbers.is_empty()
            && analysis.quantities.iter().all(QuantityChange::is_same)
    });
    found.same = analyses_same
        && [&found.inputs, &found.settings, &found.trials, &found.figures].iter().all(|of| of.is_empty())
        && found.findings_gone.is_empty()
        && found.findings_new.is_empty();
    Ok(found)
}

fn inputs(run: &Run) -> Result<Value, serde_json::Error> {
    let Manifest { program, version, study, inputs, .. } = &run.manifest;
    Ok(json!({
        "program": format!("{program} {version}"),
        "project file": study.sha256,
        "figure": inputs.iter().map(|input| json!({ "id": input.file, "sha256": input.sha256 })).collect::<Vec<_>>(),
    }))
}

fn settings(run: &Run) -> Result<Value, serde_json::Error> {
    let Manifest { reconstruction, checks, uncertainty, analyses, .. } = &run.manifest;
    Ok(json!({
        "reconstruction": reconstruction,
        "checks": checks,
        "uncertainty": uncertainty,
        "analysis": analyses,
        "time_unit": run.results.time_unit,
    }))
}

fn figures(run: &Run) -> Result<Value, serde_json::Error> {
    let read = run
        .results
        .figures
        .iter()
        .map(|figure| json!({ "id": figure.file, "verdict": figure.verdict, "curves": figure.curves }));
    let arms = run.results.arms.iter().map(|arm| {
        // The curve in full is long: that it changed is what matters.
        let curve = serde_json::to_vec(&arm.curve).unwrap_or_default();
        json!({
            "id": format!("{}/{} {}", arm.trial, arm.arm, arm.endpoint),
            "patients": arm.fidelity.patients,
            "events": arm.fidelity.events,
            "median": arm.fidelity.median_reconstructed,
            "curve": &sha256_hex(&curve)[..12],
        })
    });
    Ok(json!({ "figure": read.collect::<Vec<_>>(), "arm": arms.collect::<Vec<_>>() }))
}

fn analyses(old: &Results, new: &Results) -> Result<Vec<AnalysisDifference>, serde_json::Error> {
    let find = |results: &'_ Results, id: &str| results.analyses.iter().position(|found| found.id == id);
    let gone = old.analyses.iter().filter(|analysis| find(new, &analysis.id).is_none());
    let mut all = Vec::new();
    for analysis in new.analyses.iter().chain(gone) {
        let of = |results| find(results, &analysis.id);
        let before = of(old).map(|index| &old.analyses[index]);
        let after = of(new).map(|index| &new.analyses[index]);
        all.push(AnalysisDifference {
            id: analysis.id.clone(),
            title: analysis.title.clone(),
            in_old: before.is_some(),
            in_new: after.is_some(),
            is_ratio: analysis.outcome.effect().is_some_and(|effect| effect.measure.is_log_ratio()),
            quantities: quantity_changes(before, after),
            numbers: match (before, after) {
                (Some(before), Some(after)) => compare(&numbers(before)?, &numbers(after)?),
                _ => Vec::new(),
            },
        });
    }
    Ok(all)
}

fn quantity_changes(old: Option<&AnalysisResult>, new: Option<&AnalysisResult>) -> Vec<QuantityChange> {
    let of = |analysis: Option<&AnalysisResult>| {
        analysis.map(|analysis| quantities(&analysis.outcome)).unwrap_or_default()
    };
    let (old, new) = (of(old), of(new));
    let find = |all: &[Quantity], name: &str| all.iter().find(|quantity| quantity.name == name).cloned();
    let gone = old.iter().filter(|quantity| find(&new, &quantity.name).is_none());
    new.iter()
        .chain(gone)
        .map(|quantity| QuantityChange {
            name: quantity.name.clone(),
            old: find(&old, &quantity.name),
            new: find(&new, &quantity.name),
        })
        .collect()
}

/// Parts of a result that are long or no numbers of it.
const LEFT_ASIDE: [&str; 5] = ["curve", "findings", "baseline", "provenance", "left_out"];

/// The numbers of a result.
fn numbers(analysis: &AnalysisResult) -> Result<Value, serde_json::Error> {
    fn prune(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|name, _| !LEFT_ASIDE.contains(&name.as_str()));
                fields.values_mut().for_each(prune);
            }
            Value::Array(items) => items.iter_mut().for_each(prune),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(analysis)?;
    prune(&mut value);
    Ok(value)
}
