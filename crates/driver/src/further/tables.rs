//! The answers as tables.

use kmeta_evidence_pool::MetaRegression;

use super::FurtherResults;
use crate::result_table::{Cell, ResultTable};

/// A table, or several, for each answer.
pub(crate) fn tables(results: &FurtherResults) -> Vec<ResultTable> {
    let mut tables = Vec::new();
    if let Some(model) = &results.meta_regression {
        tables.extend([coefficients(model), explained(model)]);
    }
    tables
}

fn coefficients(model: &MetaRegression) -> ResultTable {
    let columns = ["Coefficient", "Estimate", "Standard error", "Statistic", "p", "Interval"];
    let title = "Meta-regression: coefficients on the analysis scale";
    let mut table = ResultTable::new("meta-regression", title, &columns);
    for coefficient in &model.coefficients {
        table.push(vec![
            Cell::text(&coefficient.name),
            Cell::Effect(Some(coefficient.value)),
            Cell::Effect(Some(coefficient.standard_error)),
            Cell::Statistic(Some(coefficient.statistic)),
            Cell::PValue(Some(coefficient.p_value)),
            Cell::Limits(Some(coefficient.interval)),
        ]);
    }
    table
}

fn explained(model: &MetaRegression) -> ResultTable {
    let columns = [
        "Studies",
        "Test of moderators",
        "Degrees of freedom",
        "p",
        "Residual Q",
        "p of residual Q",
        "Residual τ²",
        "Residual I²",
        "R²",
    ];
    let mut table = ResultTable::new(
        "meta-regression-heterogeneity",
        "Meta-regression: what the moderators explain",
        &columns,
    );
    let test = model.moderator_test.as_ref();
    table.push(vec![
        Cell::count(model.studies),
        Cell::Statistic(test.map(|test| test.statistic)),
        Cell::Number(test.map(|test| f64::from(test.degrees_of_freedom))),
        Cell::PValue(test.map(|test| test.p_value)),
        Cell::Statistic(Some(model.heterogeneity.q)),
        Cell::PValue(Some(model.heterogeneity.p_value)),
        Cell::Variance(Some(model.heterogeneity.tau_squared)),
        Cell::Percent(Some(model.heterogeneity.i_squared)),
        Cell::Percent(model.r_squared),
    ]);
    table
}
