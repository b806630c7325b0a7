//! A few lines for the terminal.

use comfy_table::{Table, TableStyle};
use kmeta_evidence_pool::PooledTwoArmSurvival;
use kmeta_trial_data::{Interval, PooledEffect, PooledSurvival};

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
