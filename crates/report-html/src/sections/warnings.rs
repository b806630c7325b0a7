//! Everything that any stage noticed, the gravest first.

use kmeta_trial_data::{Finding, Severity};

use crate::page::{Block, Section, Table};
use crate::report::Report;

pub(crate) fn section(report: &Report) -> Section {
    let findings = all_findings(report);
    let mut blocks = Vec::new();
    let groups = [(Severity::Error, "Errors"), (Severity::Warning, "Warnings"), (Severity::Note, "Notes")];
    for (severity, title) in groups {
        let group: Vec<&&Finding> = findings.iter().filter(|finding| finding.severity == severity).collect();
        if group.is_empty() {
            continue;
        }
        blocks.push(Block::heading(format!("findings-{}", title.to_lowercase()), title));
        let mut table = Table::new(format!("{title} ({})", group.len()), &["Where", "What", "~Code"]);
        for finding in group {
            table.push(vec![finding.place.clone(), finding.message.clone(), finding.code.clone()]);
        }
        blocks.push(Block::Table { table });
    }
    if blocks.is_empty() {
        blocks.push(Block::paragraph("No stage noticed anything that a person should look at."));
    }
    Section::new("findings", "Warnings and notes", blocks).without_entries()
}

/// The report's findings and those inside its results, each once, in order.
pub(crate) fn all_findings(report: &Report) -> Vec<&Finding> {
    let inside = report
        .effect_sections()
        .flat_map(|section| &section.result.findings)
        .chain(report.survival.iter().flat_map(|section| &section.result.findings));
    let mut findings: Vec<&Finding> = Vec::new();
    for finding in report.findings.iter().chain(inside) {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    findings
}
