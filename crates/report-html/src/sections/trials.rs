//! Table 1.

use super::trial_anchor;
use crate::page::{Block, Section, Table};
use crate::report::Report;

pub(crate) fn section(report: &Report) -> Section {
    let mut headings: Vec<&str> = vec!["Trial"];
    for (heading, _) in report.trials.iter().flat_map(|trial| &trial.columns) {
        if !headings.contains(&heading.as_str()) {
            headings.push(heading);
        }
    }
    let mut table = Table::new("Table 1. Characteristics of the trials", &headings);
    for trial in &report.trials {
        let find = |heading: &&str| trial.columns.iter().find(|(known, _)| known == heading);
        let texts = headings
            .iter()
            .skip(1)
            .map(|heading| find(heading).map_or(String::new(), |(_, text)| text.clone()));
        table.push(std::iter::once(trial.label.clone()).chain(texts).collect());
        table.link(0, &trial_anchor(report, &trial.id));
    }
    let blocks = if table.rows.is_empty() { Vec::new() } else { vec![Block::Table { table }] };
    Section::new("trials", "Trials", blocks)
}
