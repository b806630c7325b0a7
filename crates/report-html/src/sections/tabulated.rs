//! Analyses whose result is a set of tables.

use super::{left_out, notes};
use crate::page::{Block, Section, Table, anchor};
use crate::report::Report;

pub(crate) fn section(report: &Report) -> Section {
    let mut blocks = Vec::new();
    for (index, analysis) in report.tabulated.iter().enumerate() {
        blocks.push(Block::heading(anchor("analysis", &analysis.id, index), &analysis.title));
        blocks.extend(notes(&analysis.notes));
        blocks.extend(analysis.paragraphs.iter().map(Block::paragraph));
        blocks.extend(left_out(&analysis.left_out));
        blocks.extend(analysis.tables.iter().map(|table| Block::Table { table: Table::of_texts(table) }));
    }
    Section::new("analyses", "Further analyses", blocks)
}
