//! The difference of two runs as text.

use kmeta_plot_svg::format::fixed;
use kmeta_trial_data::Finding;
use serde_json::Value;

use super::values::ValueChange;
use super::{AnalysisDifference, Difference};
use crate::quantities::Quantity;
use crate::stages::summary::plain;

/// A longer value is not shown in a line.
const LONGEST_VALUE: usize = 60;

/// What differs, one line each; what is the same is left out.
pub(crate) fn in_words(difference: &Difference) -> String {
    if difference.same {
        return "nothing differs\n".to_owned();
    }
    let mut text = String::new();
    let parts = [
        ("Inputs", &difference.inputs),
        ("Settings", &difference.settings),
        ("Trials", &difference.trials),
        ("Figures", &difference.figures),
    ];
    for (title, changes) in parts {
        section(&mut text, title, changes.iter().map(change_in_words).collect());
    }
    section(&mut text, "Pooled numbers", numbers(&difference.analyses));
    let said = |finding: &Finding| format!("{}: {} [{}]", finding.place, finding.message, finding.code);
    section(&mut text, "Findings that are new", difference.findings_new.iter().map(said).collect());
    section(&mut text, "Findings that are gone", difference.findings_gone.iter().map(said).collect());
    text
}

fn section(text: &mut String, title: &str, lines: Vec<String>) {
    if lines.is_empty() {
        return;
    }
    text.push_str(title);
    text.push('\n');
    for line in lines {
        text.push_str(&format!("  {line}\n"));
    }
}

fn change_in_words(change: &ValueChange) -> String {
    match (&change.old, &change.new) {
        (Some(old), Some(new)) => format!("{}: {} -> {}", change.place, short(old), short(new)),
        (None, Some(new)) => format!("{}: new, {}", change.place, short(new)),
        (Some(old), None) => format!("{}: gone, was {}", change.place, short(old)),
        (None, None) => change.place.clone(),
    }
}

fn short(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text.chars().count() <= LONGEST_VALUE {
        return text;
    }
    let start: String = text.chars().take(LONGEST_VALUE).collect();
    format!("{start}…")
}

/// The table of pooled numbers that differ; an analysis without such has no line.
fn numbers(analyses: &[AnalysisDifference]) -> Vec<String> {
    let mut rows = vec![["Analysis", "", "Old", "", "New", ""].map(str::to_owned)];
    for analysis in analyses {
        for change in analysis.quantities.iter().filter(|change| !change.is_same()) {
            let [old, old_limits] = shown(change.old.as_ref());
            let [new, new_limits] = shown(change.new.as_ref());
            rows.push([analysis.title.clone(), change.name.clone(), old, old_limits, new, new_limits]);
        }
    }
    if rows.len() == 1 { Vec::new() } else { plain(rows).lines().map(str::to_owned).collect() }
}

/// Number and limits; dashes where there are none.
fn shown(quantity: Option<&Quantity>) -> [String; 2] {
    let Some(quantity) = quantity else { return ["-".to_owned(), String::new()] };
    let number = |value: Option<f64>| value.map_or_else(|| "not reached".to_owned(), |value| fixed(value, 4));
    let limits = match (quantity.lower, quantity.upper) {
        (None, None) => String::new(),
        (lower, upper) => format!("{} to {}", number(lower), number(upper)),
    };
    let value = if quantity.value.is_none() && quantity.name == "prediction interval" {
        String::new()
    } else {
        number(quantity.value)
    };
    [value, limits]
}
