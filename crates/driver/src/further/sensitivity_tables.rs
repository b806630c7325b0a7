//! What single studies do to the result, and the Bayesian model, as tables.

use kmeta_evidence_pool::{BayesianResult, Cumulative, EffectPosterior, LeaveOneOut, PooledSummary};
use kmeta_plot_svg::format::fixed;

use super::FurtherResults;
use crate::result_table::{Cell, ResultTable};

/// A table, or several, for each answer.
pub(super) fn tables(results: &FurtherResults) -> Vec<ResultTable> {
    let mut tables = Vec::new();
    tables.extend(results.leave_one_out.as_ref().map(leave_one_out));
    tables.extend(results.cumulative.as_ref().map(cumulative));
    tables.extend(influence(results));
    tables.extend(results.bayesian.as_ref().map(bayesian));
    tables.extend(results.bayesian.as_ref().map(shrunken));
    tables
}

const SUMMARY: [&str; 8] =
    ["Studies", "Random effects", "Interval", "p", "Common effect", "I²", "τ²", "Remark"];

fn summary(first: &'static str, name: &'static str, title: &str) -> ResultTable {
    let columns: Vec<&'static str> = std::iter::once(first).chain(SUMMARY).collect();
    ResultTable::new(name, title, &columns)
}

fn summary_row(name: String, pooled: Option<&PooledSummary>, reason: Option<&String>) -> Vec<Cell> {
    let spread = pooled.map(|pooled| &pooled.heterogeneity);
    vec![
        Cell::text(name),
        Cell::Number(pooled.map(|pooled| f64::from(pooled.studies))),
        Cell::Effect(pooled.map(|pooled| pooled.random.shown)),
        Cell::Limits(pooled.map(|pooled| pooled.random.shown_interval)),
        Cell::PValue(pooled.and_then(|pooled| pooled.random.p_value)),
        Cell::Effect(pooled.map(|pooled| pooled.common.shown)),
        Cell::Percent(spread.and_then(|spread| spread.i_squared)),
        Cell::Variance(spread.and_then(|spread| spread.tau_squared)),
        Cell::text(reason.cloned().unwrap_or_default()),
    ]
}

fn leave_one_out(result: &LeaveOneOut) -> ResultTable {
    let mut table = summary("Left out", "leave-one-out", "Leave one out");
    for row in &result.rows {
        table.push(summary_row(row.label.clone(), row.pooled.as_ref(), row.reason.as_ref()));
    }
    table.push(summary_row("none".to_owned(), Some(&result.all), None));
    table
}

fn cumulative(result: &Cumulative) -> ResultTable {
    let mut table = summary("Added", "cumulative", "Cumulative meta-analysis");
    for row in &result.rows {
        table.push(summary_row(row.label.clone(), row.pooled.as_ref(), row.reason.as_ref()));
    }
    table
}

fn influence(results: &FurtherResults) -> Option<ResultTable> {
    let diagnostics = results.influence.as_ref()?;
    let columns = [
        "Study",
        "Studentized residual",
        "DFFITS",
        "Cook's distance",
        "Covariance ratio",
        "τ² without it",
        "Q without it",
        "Leverage",
        "DFBETAS",
        "Baujat, heterogeneity",
        "Baujat, influence",
        "Influential",
    ];
    let title = "Influence of each study, random effects by inverse variance";
    let mut table = ResultTable::new("influence", title, &columns);
    for row in &diagnostics.rows {
        let point = results.baujat.iter().find(|point| point.study == row.study);
        table.push(vec![
            Cell::text(results.trials.get(row.study).cloned().unwrap_or_default()),
            Cell::Effect(Some(row.studentized_residual)),
            Cell::Effect(Some(row.dffits)),
            Cell::Effect(Some(row.cooks_distance)),
            Cell::Effect(Some(row.covariance_ratio)),
            Cell::Variance(Some(row.tau_squared_deleted)),
            Cell::Effect(Some(row.q_deleted)),
            Cell::Effect(Some(row.weight)),
            Cell::Effect(Some(row.dfbetas)),
            Cell::Effect(point.map(|point| point.heterogeneity)),
            Cell::Effect(point.map(|point| point.influence)),
            Cell::text(if row.influential { "yes" } else { "" }),
        ]);
    }
    Some(table)
}

fn bayesian(result: &BayesianResult) -> ResultTable {
    let columns =
        ["Quantity", "Median", "Shortest interval", "Central interval", "Mean", "Standard deviation"];
    let factor = |name: &str, factor: &Option<kmeta_evidence_pool::BayesFactor>| {
        factor
            .as_ref()
            .and_then(|factor| factor.value)
            .map(|value| format!("; Bayes factor of {name} {}", fixed(value, 2)))
    };
    let title = format!(
        "Bayesian model, analysis scale{}{}",
        factor("tau = 0", &result.tau_zero).unwrap_or_default(),
        factor("no effect", &result.mean_zero).unwrap_or_default()
    );
    let mut table = ResultTable::new("bayesian", title, &columns);
    let rows = [
        ("mean", &result.mean.posterior),
        ("tau", &result.tau),
        ("effect of a new study", &result.prediction.posterior),
    ];
    for (name, posterior) in rows {
        table.push(vec![
            Cell::text(name),
            Cell::Effect(Some(posterior.median)),
            Cell::Limits(Some(posterior.shortest)),
            Cell::Limits(Some(posterior.central)),
            Cell::Effect(posterior.mean),
            Cell::Effect(posterior.standard_deviation),
        ]);
    }
    table
}

fn shrunken(result: &BayesianResult) -> ResultTable {
    let columns = ["Effect", "Median", "Interval"];
    let mut table = ResultTable::new(
        "bayesian-effects",
        "Bayesian model, as effects are read: posterior medians",
        &columns,
    );
    let mut row = |name: String, effect: &EffectPosterior| {
        table.push(vec![
            Cell::text(name),
            Cell::Effect(Some(effect.shown_median)),
            Cell::Limits(Some(effect.shown_interval)),
        ]);
    };
    for study in &result.studies {
        row(study.label.clone(), &study.shrunken);
    }
    row("mean".to_owned(), &result.mean);
    row("a new study".to_owned(), &result.prediction);
    table
}
