//! What went in, and how the report can be made again.

use crate::page::{Block, Section, Table};
use crate::report::Report;

pub(crate) fn section(report: &Report) -> Section {
    let provenance = &report.provenance;
    let mut blocks = vec![Block::paragraph(format!(
        "Made by {}. The same input files and settings give the same report, byte for byte.",
        provenance.generator
    ))];
    if !provenance.command.is_empty() {
        blocks.push(Block::paragraph(format!("Command: {}", provenance.command)));
    }
    if !provenance.inputs.is_empty() {
        let mut table = Table::new("Input files", &["File", "Role", "~SHA-256"]);
        for input in &provenance.inputs {
            table.push(vec![input.file.clone(), input.role.clone(), input.sha256.clone()]);
        }
        blocks.push(Block::Table { table });
    }
    let seed = provenance.seed.map(|seed| ("Seed".to_owned(), seed.to_string()));
    let settings: Vec<(String, String)> =
        seed.into_iter().chain(provenance.settings.iter().cloned()).collect();
    if !settings.is_empty() {
        let mut table = Table::new("Settings", &["Setting", "Value"]);
        for (name, value) in settings {
            table.push(vec![name, value]);
        }
        blocks.push(Block::Table { table });
    }
    Section::new("provenance", "Provenance", blocks)
}
