//! How to read the report, and the key results.

use kmeta_plot_svg::format::{fixed, p_value, percent, shortest};
use kmeta_plot_svg::sentences;
use kmeta_trial_data::{PooledEffect, PooledSurvival, Severity, SurvivalPoint, Verdict};

use super::{count, median_with_limits, with_interval};
use crate::page::{Block, Section, Table};
use crate::report::Report;

pub(crate) fn section(report: &Report) -> Section {
    let mut blocks = vec![Block::paragraph(how_to_read(report))];
    let table = key_results(report);
    if !table.rows.is_empty() {
        blocks.push(Block::Table { table });
        blocks.push(Block::paragraph(
            "Brackets hold intervals of the stated level. The prediction interval is where the true effect of \
             a new study is expected; the confidence interval is about the mean of studies.",
        ));
    }
    Section::new("summary", "Summary", blocks)
}

fn how_to_read(report: &Report) -> String {
    let mut text = String::from(
        "Every pooled number is shown with its figure and the table behind it; methods are written from the \
         settings that were used.",
    );
    if !report.figures.is_empty() {
        let review = report.figures.iter().filter(|figure| figure.verdict != Verdict::Ok).count();
        text.push_str(&format!(
            " Survival comes from {} that {} digitized; look at each overlay before trusting its curve",
            count(report.figures.len(), "figure"),
            if report.figures.len() == 1 { "was" } else { "were" },
        ));
        text.push_str(&match review {
            0 => ". All passed every check.".to_owned(),
            1 => ". One did not pass every check.".to_owned(),
            several => format!(". {several} did not pass every check."),
        });
    }
    let findings = super::warnings::all_findings(report);
    let serious = findings.iter().filter(|finding| finding.severity != Severity::Note).count();
    if serious > 0 {
        text.push_str(&format!(" Read the {} at the end.", count(serious, "warning")));
    }
    text
}

fn key_results(report: &Report) -> Table {
    let headings =
        ["Analysis", "#Trials", "#Patients", "Pooled result", "Prediction interval", "Heterogeneity"];
    let mut table = Table::new("Key results (random effects)", &headings);
    for section in &report.responses {
        table.push(effect_row(&section.result));
    }
    for section in &report.survival {
        table.push(survival_row(&section.result));
    }
    for section in report.hazard_ratios.iter().chain(&report.effects) {
        table.push(effect_row(&section.result));
    }
    table
}

fn effect_row(result: &PooledEffect) -> Vec<String> {
    let patients: Option<u64> = result.studies.iter().map(|study| study.total.map(u64::from)).sum();
    let random = &result.random;
    let level = sentences::level(result.confidence_level);
    vec![
        result.title.clone(),
        result.studies.len().to_string(),
        patients.map_or(String::new(), |patients| patients.to_string()),
        format!(
            "{} {} ({level} CI)",
            sentences::effect_name(result.measure),
            with_interval(random.shown, random.shown_interval)
        ),
        result.prediction.map_or(String::new(), |limits| {
            kmeta_plot_svg::format::interval(limits.lower, limits.upper, super::DIGITS)
        }),
        heterogeneity(result),
    ]
}

/// "I² = 46.0%, p = 0.0994".
fn heterogeneity(result: &PooledEffect) -> String {
    match (result.heterogeneity.i_squared, result.heterogeneity.p_value) {
        (Some(i_squared), Some(p)) => format!("I² = {}, p {}", percent(i_squared, 1), p_value(p, 4)),
        _ => String::new(),
    }
}

fn survival_row(result: &PooledSurvival) -> Vec<String> {
    let patients: u64 = result.trials.iter().map(|trial| u64::from(trial.patients)).sum();
    let limits = [result.median_lower, result.median_upper];
    let level = sentences::level(result.confidence_level);
    let mut text = format!("Median {}", median_with_limits(result.median, limits, result.time_unit));
    if let Some(point) = landmark(result) {
        text.push_str(&format!(
            "; survival at {} {}: {} [{}, {}] ({level} CI)",
            shortest(point.time),
            result.time_unit,
            percent(point.survival, 1),
            percent(point.interval.lower, 1),
            percent(point.interval.upper, 1)
        ));
    }
    vec![
        result.title.clone(),
        result.trials.len().to_string(),
        patients.to_string(),
        text,
        String::new(),
        result.heterogeneity.as_ref().map_or(String::new(), |value| {
            format!("I² = {}, H² = {}", percent(value.i_squared, 1), fixed(value.h_squared, 2))
        }),
    ]
}

/// The asked time nearest to one year.
fn landmark(result: &PooledSurvival) -> Option<&SurvivalPoint> {
    let year = kmeta_trial_data::TimeUnit::Years.factor_to(result.time_unit);
    result.random.iter().min_by(|one, two| (one.time - year).abs().total_cmp(&(two.time - year).abs()))
}
