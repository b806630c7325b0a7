//! A few lines for the terminal.

use comfy_table::{Table, TableStyle};
use kmeta_evidence_pool::PooledTwoArmSurvival;
use kmeta_trial_data::{Interval, PooledEffect, PooledSurvival, ReconstructionStatus, Severity, Verdict};

use super::write_tables;

use crate::results::{AnalysisOutcome, AnalysisResult, Results};

/// Every pooled result in one table, with the notice that belongs to it.
pub(crate) fn table(results: &Results) -> String {
    let mut text = analyses(&results.analyses);
    if let Some(notice) = &results.figure_notice {
        text.push_str(&format!("\n{notice}"));
    }
    text
}

/// Where things are and what needs a look, for the end of a run.
pub(crate) fn where_to_look(results: &Results, folder: &std::path::Path) -> String {
    let place = |name: &str| folder.join(name).display().to_string();
    let mut rows = vec![
        ["report".to_owned(), place("report.html")],
        ["numbers".to_owned(), format!("{}, {}", place("tables/tables.xlsx"), place("results.json"))],
        ["again in R".to_owned(), format!("cd {} && Rscript repeat.R", folder.display())],
    ];
    let look = to_look_at(results);
    rows.push([
        "to look at".to_owned(),
        if look.is_empty() { "nothing".to_owned() } else { look.join("; ") },
    ]);
    let width = rows.iter().map(|row| row[0].len()).max().unwrap_or(0);
    rows.iter().map(|[name, text]| format!("{name:width$}  {text}\n")).collect()
}

/// What a person should look at before using the results.
fn to_look_at(results: &Results) -> Vec<String> {
    let mut look = Vec::new();
    let named = |verdict: Verdict| -> Vec<&str> {
        results
            .figures
            .iter()
            .filter(|figure| figure.verdict == verdict)
            .map(|figure| figure.name.as_str())
            .collect()
    };
    for (verdict, word) in [(Verdict::Refused, "refused"), (Verdict::Review, "to review")] {
        let names = named(verdict);
        if !names.is_empty() {
            look.push(format!("{} {word} ({})", count(names.len(), "figure"), names.join(", ")));
        }
    }
    let compromises =
        results.arms.iter().filter(|arm| arm.fidelity.status != ReconstructionStatus::Converged).count();
    if compromises > 0 {
        look.push(format!("{} that could not meet every printed number", count(compromises, "arm")));
    }
    for (severity, word) in [(Severity::Error, "error"), (Severity::Warning, "warning")] {
        let found = results.findings.iter().filter(|finding| finding.severity == severity).count();
        if found > 0 {
            look.push(count(found, word));
        }
    }
    look
}

/// "1 figure", "2 figures".
fn count(number: usize, singular: &str) -> String {
    if number == 1 { format!("1 {singular}") } else { format!("{number} {singular}s") }
}

/// Pooled results, one line each; a survival curve has a line per time.
pub(crate) fn analyses(analyses: &[AnalysisResult]) -> String {
    let mut rows = vec![["Analysis", "Trials", "Pooled", "Interval", "I²", "tau²"].map(str::to_owned)];
    for analysis in analyses {
        match &analysis.outcome {
            AnalysisOutcome::Proportion { result, .. }
            | AnalysisOutcome::HazardRatio { result, .. }
            | AnalysisOutcome::TwoArmCounts { result, .. }
            | AnalysisOutcome::Effect { result, .. } => {
                rows.push(effect_row(&analysis.title, result));
            }
            AnalysisOutcome::Survival { result, .. } => rows.extend(survival_rows(&analysis.title, result)),
            AnalysisOutcome::TwoArmSurvival { result, .. } => {
                rows.extend(two_arm_rows(&analysis.title, result));
            }
            AnalysisOutcome::LandmarkSurvival { result, .. } => {
                rows.extend(result.times.iter().map(|time| {
                    let name = format!("{}, {} {}", analysis.title, time.time, result.time_unit);
                    pooled_row(
                        name,
                        time.rows.len(),
                        time.survival,
                        time.interval,
                        time.i_squared,
                        Some(time.tau_squared),
                    )
                }));
            }
            AnalysisOutcome::SurvivalTime { result, .. } => {
                let tau_squared = Some(result.tau_squared);
                let studies = result.rows.len();
                let name = analysis.title.clone();
                rows.push(pooled_row(
                    name,
                    studies,
                    result.time,
                    result.interval,
                    result.i_squared,
                    tau_squared,
                ));
            }
            AnalysisOutcome::ParametricSurvival { result, .. } => {
                let mut row: [String; 6] = Default::default();
                (row[0], row[1]) = (analysis.title.clone(), result.trials.to_string());
                row[2] = format!("best: {}", write_tables::serde_name(&result.best));
                rows.push(row);
            }
            AnalysisOutcome::FrailtySurvival { result, .. } => {
                let mut row: [String; 6] = Default::default();
                (row[0], row[1]) = (analysis.title.clone(), result.trials.to_string());
                row[5] = format!("{:.6}", result.theta);
                rows.push(row);
            }
            AnalysisOutcome::Failed { reason } => {
                let mut row: [String; 6] = Default::default();
                (row[0], row[2]) = (analysis.title.clone(), format!("failed: {reason}"));
                rows.push(row);
            }
        }
    }
    plain(rows)
}

/// A table without frames; the first row is the header.
pub(crate) fn plain<const COLUMNS: usize>(rows: Vec<[String; COLUMNS]>) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    let mut rows = rows.into_iter();
    if let Some(header) = rows.next() {
        table.set_header(header);
    }
    table.add_rows(rows);
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn effect_row(title: &str, effect: &PooledEffect) -> [String; 6] {
    let pooled = &effect.random;
    [
        title.to_owned(),
        effect.studies.len().to_string(),
        format!("{:.4}", pooled.shown),
        format!("{:.4} to {:.4}", pooled.shown_interval.lower, pooled.shown_interval.upper),
        effect.heterogeneity.i_squared.map(|i| format!("{:.1} %", 100.0 * i)).unwrap_or_default(),
        effect.heterogeneity.tau_squared.map(|tau| format!("{tau:.6}")).unwrap_or_default(),
    ]
}

fn pooled_row(
    name: String,
    studies: usize,
    value: f64,
    limits: Interval,
    i_squared: Option<f64>,
    tau_squared: Option<f64>,
) -> [String; 6] {
    [
        name,
        studies.to_string(),
        format!("{value:.4}"),
        format!("{:.4} to {:.4}", limits.lower, limits.upper),
        i_squared.map(|i| format!("{:.1} %", 100.0 * i)).unwrap_or_default(),
        tau_squared.map(|tau| format!("{tau:.6}")).unwrap_or_default(),
    ]
}

/// The two-stage hazard ratio, and the one-stage one where it was asked for.
fn two_arm_rows(title: &str, result: &PooledTwoArmSurvival) -> Vec<[String; 6]> {
    let one_stage = result.one_stage.as_ref().map(|pooled| {
        let tau_squared = pooled.random_effects.as_ref().map(|random| format!("{:.6}", random.tau_squared));
        let ratio = &pooled.hazard_ratio;
        [
            format!("{title}, one stage"),
            pooled.trials.to_string(),
            format!("{:.4}", ratio.shown),
            format!("{:.4} to {:.4}", ratio.shown_interval.lower, ratio.shown_interval.upper),
            String::new(),
            tau_squared.unwrap_or_default(),
        ]
    });
    let two_stage = result.two_stage.as_ref().map(|pooled| effect_row(title, pooled));
    two_stage.into_iter().chain(one_stage).collect()
}

fn survival_rows(title: &str, curve: &PooledSurvival) -> Vec<[String; 6]> {
    let unit = curve.time_unit;
    let limit = |time: Option<f64>| time.map_or("not reached".to_owned(), |time| format!("{time:.2}"));
    let i_squared = curve.heterogeneity.as_ref().map(|spread| format!("{:.1} %", 100.0 * spread.i_squared));
    let mut rows = vec![[
        format!("{title}, median"),
        curve.trials.len().to_string(),
        curve.median.map_or("not reached".to_owned(), |median| format!("{median:.2} {unit}")),
        format!("{} to {}", limit(curve.median_lower), limit(curve.median_upper)),
        i_squared.unwrap_or_default(),
        String::new(),
    ]];
    rows.extend(curve.random.iter().map(|point| {
        [
            format!("{title}, {} {unit}", point.time),
            point.trials.to_string(),
            format!("{:.4}", point.survival),
            format!("{:.4} to {:.4}", point.interval.lower, point.interval.upper),
            String::new(),
            String::new(),
        ]
    }));
    rows
}
