//! Where every number comes from: for each trial what its paper prints, which traced curve its patients were
//! reconstructed from, and which pooled results it is part of. Rows of pooled results lead here; from here a link leads
//! to the corners of the curve with their pixels.

use super::fidelity;
use crate::page::{Block, Link, Section, anchor};
use crate::report::{CurveReference, EffectSection, ReconstructionSection, Report, TrialCharacteristics};

pub(crate) fn section(report: &Report) -> Section {
    let mut blocks = Vec::new();
    for trial in report.trials.iter().filter(|trial| !trial.id.is_empty()) {
        let items = items(report, trial);
        if items.is_empty() {
            continue;
        }
        blocks.push(Block::heading(format!("trial-{}", trial.id), &trial.label));
        blocks.push(Block::Links { items });
    }
    if !blocks.is_empty() {
        let how = "The trail of each pooled number: from its row to the trial here, on to the traced curve, and to each \
                   corner of the curve with its pixel in the picture.";
        blocks.insert(0, Block::paragraph(how));
    }
    Section::new("sources", "Where the numbers come from", blocks)
}

/// Anchor of the corners of a traced curve.
pub(crate) fn curve_anchor(curve: CurveReference) -> String {
    format!("curve-{}-{}-{}", curve.figure + 1, curve.panel + 1, curve.arm + 1)
}

fn items(report: &Report, trial: &TrialCharacteristics) -> Vec<Link> {
    let mut items: Vec<Link> =
        trial.printed.iter().map(|text| Link::none(format!("Printed: {text}"))).collect();
    for (index, arm) in report.reconstructions.iter().enumerate() {
        if arm.trial == trial.id {
            items.extend(reconstructed(report, arm, index));
        }
    }
    items.extend(pooled(report, &trial.id));
    items
}

/// The curve behind reconstructed patients, and how faithful they are.
fn reconstructed(report: &Report, arm: &ReconstructionSection, index: usize) -> Vec<Link> {
    let mut items = Vec::new();
    let figure = arm.curve.and_then(|curve| Some((curve, report.figures.get(curve.figure)?)));
    if let Some((curve, figure)) = figure {
        let corners = figure
            .panels
            .get(curve.panel)
            .and_then(|panel| panel.arms.get(curve.arm))
            .map_or(0, |traced| traced.points.len());
        let text = format!("{corners} corners of the traced curve in {}", figure.source.file);
        let (target, text) = if corners == 0 {
            (anchor("figure", &figure.source.file, curve.figure), figure.source.file.clone())
        } else {
            (curve_anchor(curve), text)
        };
        let before = format!("{}, {}: ", arm.label, arm.endpoint);
        items.push(Link { before, text, target, after: String::new() });
    }
    let (target, text) = if arm.figure.is_some() {
        (anchor("reconstruction", &arm.label, index), "how well they fit")
    } else {
        ("reconstruction".to_owned(), "how well they fit")
    };
    let file = if arm.patients_file.is_empty() { String::new() } else { format!(" ({})", arm.patients_file) };
    let fidelity = &arm.fidelity;
    let before = format!(
        "{}, {}: {} patients with {} events reconstructed{file}, {}; ",
        arm.label,
        arm.endpoint,
        fidelity.patients,
        fidelity.events,
        fidelity::status(fidelity.status)
    );
    items.push(Link { before, text: text.to_owned(), target, after: String::new() });
    items
}

/// The pooled results that the trial is part of.
fn pooled(report: &Report, trial: &str) -> Vec<Link> {
    let is_this = |key: &str| key.split('/').next() == Some(trial);
    let mut items = Vec::new();
    let mut add = |title: &str, target: String| {
        items.push(Link {
            before: "Part of: ".to_owned(),
            text: title.to_owned(),
            target,
            after: String::new(),
        });
    };
    let mut effects = |prefix: &str, sections: &[EffectSection]| {
        for (index, section) in sections.iter().enumerate() {
            if section.result.studies.iter().any(|study| is_this(&study.trial)) {
                add(&section.result.title, anchor(prefix, &section.result.id, index));
            }
        }
    };
    effects("response", &report.responses);
    effects("hazard-ratio", &report.hazard_ratios);
    effects("effect", &report.effects);
    for (index, section) in report.survival.iter().enumerate() {
        if section.result.trials.iter().any(|row| is_this(&row.trial)) {
            add(&section.result.title, anchor("survival", &section.result.id, index));
        }
    }
    items
}
