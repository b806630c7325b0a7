//! How to read the report, and the key results.

use kmeta_plot_svg::format::{fixed, p_value, percent, shortest};
use kmeta_plot_svg::sentences;
use kmeta_trial_data::{
    EffectMeasure, Finding, PooledEffect, PooledSurvival, Severity, StudyRow, SurvivalPoint, Verdict,
};

use super::{count, median_with_limits, with_interval};
use crate::page::{Block, Section, Table, anchor};
use crate::report::Report;

pub(crate) fn section(report: &Report) -> Section {
    let mut blocks = vec![Block::paragraph(how_to_read(report))];
    let table = findings(report);
    if !table.rows.is_empty() {
        blocks.push(Block::Table { table });
        blocks.push(Block::paragraph(
            "Brackets hold intervals of the stated level. The prediction interval is where the true effect of \
             a new study is expected; the confidence interval is about the mean of studies. Per 1000 patients: the pooled \
             effect applied to the control risk of all trials together where two arms are compared. The certainty of the \
             evidence (GRADE) is a judgement of the reviewers and not made here.",
        ));
    }
    Section::new("summary", "Summary of findings", blocks)
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

fn findings(report: &Report) -> Table {
    let headings = [
        "Outcome",
        "#Trials",
        "#Patients",
        "Pooled result",
        "Per 1000 patients",
        "Prediction interval",
        "Heterogeneity",
        "To look at",
    ];
    let mut table = Table::new("Summary of findings (random effects)", &headings);
    let effects = [
        ("response", &report.responses),
        ("hazard-ratio", &report.hazard_ratios),
        ("effect", &report.effects),
    ];
    let mut add = |row: Vec<String>, findings: &[Finding], target: String| {
        let serious = findings.iter().filter(|finding| finding.severity != Severity::Note).count();
        let look = if serious > 0 { count(serious, "warning") } else { String::new() };
        table.push(row.into_iter().chain([look]).collect());
        table.link(0, &target);
        if serious > 0 {
            table.link(LAST, "findings");
        }
    };
    for (place, (prefix, sections)) in effects.into_iter().enumerate() {
        for (index, section) in sections.iter().enumerate() {
            let result = &section.result;
            add(effect_row(result), &result.findings, anchor(prefix, &result.id, index));
        }
        if place == 0 {
            for (index, section) in report.survival.iter().enumerate() {
                let result = &section.result;
                add(survival_row(result), &result.findings, anchor("survival", &result.id, index));
            }
        }
    }
    table
}

/// The last column of the summary of findings.
const LAST: usize = 7;

fn effect_row(result: &PooledEffect) -> Vec<String> {
    let patients: Option<u64> = result
        .studies
        .iter()
        .map(|study| Some(u64::from(study.total?) + u64::from(study.control_total.unwrap_or(0))))
        .sum();
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
        per_thousand(result).unwrap_or_default(),
        result.prediction.map_or(String::new(), |limits| {
            kmeta_plot_svg::format::interval(limits.lower, limits.upper, super::DIGITS)
        }),
        heterogeneity(result),
    ]
}

/// Patients with the event of 1000: "87 [25, 174]"; of two arms "120 in the control arm, 84 [60, 115] in the other".
/// The risk of the other arm follows from the control risk p: odds ratio pθ/(1 − p + pθ), risk ratio pθ, difference p + θ
/// (Cochrane Handbook 6.4, 14.1.5).
fn per_thousand(result: &PooledEffect) -> Option<String> {
    let of_thousand = |risk: f64| fixed(1000.0 * risk.clamp(0.0, 1.0), 0);
    let (shown, limits) = (result.random.shown, result.random.shown_interval);
    if result.measure.is_proportion() {
        return Some(format!(
            "{} [{}, {}]",
            of_thousand(shown),
            of_thousand(limits.lower),
            of_thousand(limits.upper)
        ));
    }
    let sum = |part: fn(&StudyRow) -> Option<u32>| {
        result.studies.iter().map(|study| part(study).map(f64::from)).sum::<Option<f64>>()
    };
    let control = sum(|study| study.control_events)? / sum(|study| study.control_total)?;
    let other = |effect: f64| match result.measure {
        EffectMeasure::LogOddsRatio => Some(control * effect / (1.0 - control + control * effect)),
        EffectMeasure::LogRiskRatio => Some(control * effect),
        EffectMeasure::RiskDifference => Some(control + effect),
        _ => None,
    };
    Some(format!(
        "{} in the control arm, {} [{}, {}] in the other",
        of_thousand(control),
        of_thousand(other(shown)?),
        of_thousand(other(limits.lower)?),
        of_thousand(other(limits.upper)?)
    ))
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
