//! How faithfully patients were reconstructed.

use kmeta_plot_svg::format::{fixed, shortest};
use kmeta_trial_data::{Fidelity, FidelityVerdict, ReconstructionStatus, TimeUnit};

use super::trial_anchor;
use crate::page::{Block, Section, Table, anchor};
use crate::report::Report;

pub(crate) fn section(report: &Report) -> Section {
    let mut blocks = Vec::new();
    if !report.reconstructions.is_empty() {
        blocks.push(Block::Table { table: table(report) });
        blocks.push(Block::paragraph(
            "Curve error: difference between the reconstructed Kaplan-Meier curve and the digitized one, in \
             survival (0 to 1). Risk-table error: largest difference from the printed numbers at risk, in patients.",
        ));
    }
    for (index, arm) in report.reconstructions.iter().enumerate() {
        if let Some(figure) = &arm.figure {
            let title = format!("{}: {}", arm.label, arm.endpoint);
            blocks.push(Block::heading(anchor("reconstruction", &arm.label, index), &title));
            let caption = format!(
                "{title}. Reconstructed (thin) over digitized (broad) curve; below, their difference."
            );
            blocks.push(Block::figure(figure, caption));
            if !arm.fidelity.number_at_risk.is_empty() {
                blocks.push(Block::behind_figure(at_risk(&title, &arm.fidelity, report.time_unit)));
            }
            if let Some(assessment) = &arm.fidelity.assessment {
                let text = format!("Verdict: {}. Rule: {}.", verdict(assessment.verdict), assessment.rule);
                blocks.push(Block::paragraph(text));
            }
        }
    }
    Section::new("reconstruction", "Fidelity of the reconstruction", blocks)
}

/// Numbers at risk as printed and as reconstructed.
fn at_risk(title: &str, fidelity: &Fidelity, unit: TimeUnit) -> Table {
    let time = format!("Time ({unit})");
    let mut table = Table::new(format!("{title}: numbers at risk"), &[&time, "#Printed", "#Reconstructed"]);
    for column in &fidelity.number_at_risk {
        table.push(vec![shortest(column.time), column.stated.to_string(), column.reconstructed.to_string()]);
    }
    table
}

fn table(report: &Report) -> Table {
    let unit = report.time_unit;
    let medians = ["printed", "digitized", "reconstructed"].map(|kind| format!("#Median {kind} ({unit})"));
    let mut headings = vec![
        "Arm",
        "Endpoint",
        "Verdict",
        "Status",
        "#Patients",
        "#Events stated",
        "#Events reconstructed",
        "#Curve error, mean",
        "#RMS",
        "#largest",
        "#Risk-table error",
    ];
    headings.extend(medians.iter().map(String::as_str));
    let mut table = Table::new("Reconstructed patients against what is printed", &headings);
    for arm in &report.reconstructions {
        let mut texts = vec![arm.label.clone(), arm.endpoint.clone()];
        texts.extend(numbers(&arm.fidelity));
        table.push(texts);
        table.link(0, &trial_anchor(report, &arm.trial));
    }
    table
}

fn numbers(fidelity: &Fidelity) -> Vec<String> {
    let time = |time: Option<f64>, otherwise: &str| time.map_or(otherwise.to_owned(), |time| fixed(time, 2));
    let risk_error = if fidelity.number_at_risk.is_empty() {
        "no table".to_owned()
    } else {
        fidelity.number_at_risk_error_max.to_string()
    };
    vec![
        fidelity.assessment.as_ref().map_or("", |assessment| verdict(assessment.verdict)).to_owned(),
        status(fidelity.status).to_owned(),
        fidelity.patients.to_string(),
        fidelity.events_stated.map_or(String::new(), |events| events.to_string()),
        fidelity.events.to_string(),
        fixed(fidelity.curve_error_mean, 4),
        fixed(fidelity.curve_error_rms, 4),
        fixed(fidelity.curve_error_max, 4),
        risk_error,
        time(fidelity.median_printed, ""),
        time(fidelity.median_digitized, "not reached"),
        time(fidelity.median_reconstructed, "not reached"),
    ]
}

fn verdict(verdict: FidelityVerdict) -> &'static str {
    match verdict {
        FidelityVerdict::Good => "good",
        FidelityVerdict::Usable => "usable",
        FidelityVerdict::Poor => "poor",
    }
}

pub(crate) fn status(status: ReconstructionStatus) -> &'static str {
    match status {
        ReconstructionStatus::Converged => "converged",
        ReconstructionStatus::Compromise => "compromise",
        ReconstructionStatus::Stopped => "stopped",
    }
}
