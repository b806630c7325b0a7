//! The adverse-event table.

use kmeta_plot_svg::format::percent;

use crate::page::{Block, Section, Table};
use crate::report::Report;

pub(crate) fn section(report: &Report) -> Section {
    let caption = if report.adverse_events_title.is_empty() {
        "Adverse events as printed"
    } else {
        report.adverse_events_title.as_str()
    };
    let mut table = Table::new(caption, &["Trial", "Treatment", "Event", "#Patients", "#Part"]);
    for trial in &report.adverse_events {
        for (index, count) in trial.events.iter().enumerate() {
            let part = match count.total {
                0 => String::new(),
                total => percent(f64::from(count.events) / f64::from(total), 1),
            };
            let texts = vec![
                trial.label.clone(),
                trial.treatment.clone(),
                count.name.clone(),
                format!("{}/{}", count.events, count.total),
                part,
            ];
            table.push_spanned(texts, if index == 0 { Some(trial.events.len()) } else { None });
        }
    }
    let blocks = if table.rows.is_empty() { Vec::new() } else { vec![Block::Table { table }] };
    Section::new("adverse-events", "Adverse events", blocks)
}
