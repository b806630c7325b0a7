//! Sections of any content, as the caller hands them over.

use super::{figures, notes};
use crate::page::{Block, Section, Table};
use crate::report::{FurtherSection, Report};

/// One section each, in order.
pub(crate) fn sections(report: &Report) -> Vec<Section> {
    report.further.iter().map(section).collect()
}

fn section(further: &FurtherSection) -> Section {
    let mut blocks = notes(&further.notes);
    blocks.extend(further.paragraphs.iter().map(Block::paragraph));
    blocks.extend(figures(&further.figures));
    blocks.extend(further.tables.iter().map(|table| Block::Table { table: Table::of_texts(table) }));
    Section::new(further.id.as_str(), further.title.as_str(), blocks)
}
