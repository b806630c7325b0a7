//! Pooled survival: the figure, the table at the asked times, heterogeneity, and the trials.

use kmeta_plot_svg::format::{fixed, percent, shortest};
use kmeta_plot_svg::sentences;
use kmeta_trial_data::{Origin, PooledSurvival, SurvivalCurveMethod};

use super::{count, figures, left_out, median_with_limits, notes, trial_anchor, with_interval};
use crate::page::{Block, Section, Table, anchor};
use crate::report::Report;

pub(crate) fn section(report: &Report) -> Section {
    let mut blocks = Vec::new();
    for (index, section) in report.survival.iter().enumerate() {
        let result = &section.result;
        blocks.push(Block::heading(anchor("survival", &result.id, index), &result.title));
        blocks.extend(notes(&section.notes));
        blocks.push(Block::paragraph(in_words(result, &section.endpoint)));
        blocks.extend(left_out(&section.left_out));
        blocks.push(Block::figure(&section.figure, caption(result, &section.endpoint)));
        blocks.push(Block::Table { table: times(result) });
        blocks.push(Block::Table { table: trials(report, result) });
        blocks.extend(figures(&section.figures));
        blocks.extend(section.further.iter().map(|table| Block::Table { table: Table::of_texts(table) }));
    }
    Section::new("survival", "Survival", blocks)
}

fn in_words(result: &PooledSurvival, endpoint: &str) -> String {
    let patients: u64 = result.trials.iter().map(|trial| u64::from(trial.patients)).sum();
    let printed = result.trials.iter().all(|trial| trial.provenance.origin == Origin::Printed);
    let limits = [result.median_lower, result.median_upper];
    let mut text = format!(
        "{endpoint} of {patients} {} of {}: pooled median {}.",
        if printed { "patients" } else { "reconstructed patients" },
        count(result.trials.len(), "trial"),
        median_with_limits(result.median, limits, result.time_unit)
    );
    if let Some(value) = &result.heterogeneity {
        text.push_str(&format!(
            " Heterogeneity: Q = {}, df = {}, H² = {}, I² = {}.",
            fixed(value.q, 2),
            value.degrees_of_freedom,
            fixed(value.h_squared, 2),
            percent(value.i_squared, 1)
        ));
    }
    text
}

fn caption(result: &PooledSurvival, endpoint: &str) -> String {
    let level = sentences::level(result.confidence_level);
    let curve = match result.method {
        SurvivalCurveMethod::SummaryCurve => {
            format!(
                "random-effects summary curve (Combescure 2014) with {level} confidence band at the asked times"
            )
        }
        SurvivalCurveMethod::GridFree => {
            format!(
                "random-effects means of log cumulative hazards with {level} confidence and prediction bands"
            )
        }
    };
    format!(
        "{endpoint}: {curve}, curves of the trials in grey. Below: patients at risk and trials that contribute, at the \
         start of each interval."
    )
}

/// S(t) at the asked times.
fn times(result: &PooledSurvival) -> Table {
    let level = sentences::level(result.confidence_level);
    let time = format!("Time ({})", result.time_unit);
    let (random, common) =
        (format!("#Survival, random effects [{level} CI]"), format!("#Survival, common effect [{level} CI]"));
    let headings = [time.as_str(), &random, &common, "#At risk at start of interval", "#Trials in interval"];
    let mut table = Table::new(format!("{} at the asked times", result.title), &headings);
    for (index, point) in result.random.iter().enumerate() {
        table.push(vec![
            shortest(point.time),
            with_interval(point.survival, point.interval),
            result
                .common
                .get(index)
                .map_or(String::new(), |common| with_interval(common.survival, common.interval)),
            point.number_at_risk.to_string(),
            point.trials.to_string(),
        ]);
    }
    table
}

/// What each trial brings.
fn trials(report: &Report, result: &PooledSurvival) -> Table {
    let unit = result.time_unit;
    let (median, end) = (format!("#Median ({unit})"), format!("#Longest follow-up ({unit})"));
    let headings = ["Trial", "#Patients", "#Events", median.as_str(), end.as_str(), "Source"];
    let mut table = Table::new(format!("Trials in: {}", result.title), &headings);
    for trial in &result.trials {
        table.push(vec![
            trial.label.clone(),
            trial.patients.to_string(),
            trial.events.to_string(),
            trial.median.map_or("not reached".to_owned(), |median| fixed(median, 2)),
            fixed(trial.follow_up_end, 2),
            source(&trial.provenance),
        ]);
        table.link(0, &trial_anchor(report, &trial.trial));
    }
    table
}

/// "bible2012-os.png, panel 1".
fn source(provenance: &kmeta_trial_data::Provenance) -> String {
    let mut text =
        if provenance.file.is_empty() { provenance.method.clone() } else { provenance.file.clone() };
    if let Some(page) = provenance.page {
        text.push_str(&format!(", page {page}"));
    }
    if let Some(panel) = provenance.panel.filter(|&panel| panel > 0) {
        text.push_str(&format!(", panel {}", panel + 1));
    }
    text
}
