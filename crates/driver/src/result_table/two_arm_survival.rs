//! Pooled two-arm survival as tables.

use kmeta_evidence_pool::{
    OneStageHazardRatio, PiecewiseHazardRatios, PooledRestrictedMeanDifference, PooledTwoArmSurvival,
};
use kmeta_plot_svg::format::{fixed, p_value, shortest};
use kmeta_trial_data::PooledEffect;

use super::{Cell, ResultTable};

pub(crate) fn tables(result: &PooledTwoArmSurvival) -> Vec<ResultTable> {
    let mut tables = Vec::new();
    tables.extend(result.one_stage.as_ref().map(one_stage));
    tables.push(by_trial(result));
    tables.extend(result.restricted_mean.as_ref().map(restricted_mean));
    tables.extend(result.piecewise.as_ref().map(piecewise));
    tables
}

fn one_stage(result: &OneStageHazardRatio) -> ResultTable {
    let random = result.random_effects.as_ref();
    let kind = if random.is_some() { "random treatment effects" } else { "common treatment effect" };
    let columns = ["Trials", "Hazard ratio", "Interval", "p", "τ²", "p of heterogeneity", "Prediction"];
    let title = format!("One-stage Cox model stratified by trial, {kind}");
    let mut table = ResultTable::new("one-stage", title, &columns);
    table.push(vec![
        Cell::count(result.trials),
        Cell::Effect(Some(result.hazard_ratio.shown)),
        Cell::Limits(Some(result.hazard_ratio.shown_interval)),
        Cell::PValue(result.hazard_ratio.p_value),
        Cell::Variance(random.map(|random| random.tau_squared)),
        Cell::PValue(result.heterogeneity_test.as_ref().map(|test| test.p_value)),
        Cell::Limits(random.and_then(|random| random.prediction)),
    ]);
    table
}

fn by_trial(result: &PooledTwoArmSurvival) -> ResultTable {
    let columns = [
        "Trial",
        "Events, treated",
        "Patients, treated",
        "Median, treated",
        "Events, control",
        "Patients, control",
        "Median, control",
        "Hazard ratio",
        "Interval",
        "Log-rank p",
        "p of proportional hazards",
        "Remark",
    ];
    let together = result.proportional_hazards.as_ref().map_or(String::new(), |tests| {
        format!(
            "; proportional hazards in all trials together: p {} in any direction, {} in the same direction",
            p_value(tests.any_direction.p_value, 4),
            p_value(tests.same_direction.p_value, 4)
        )
    });
    let mut table = ResultTable::new("two-arm-trials", format!("Hazard ratio by trial{together}"), &columns);
    for row in &result.trials {
        table.push(vec![
            Cell::text(&row.label),
            Cell::count(row.treated.events),
            Cell::count(row.treated.patients),
            Cell::Statistic(row.treated.median),
            Cell::count(row.control.events),
            Cell::count(row.control.patients),
            Cell::Statistic(row.control.median),
            Cell::Effect(row.hazard_ratio.as_ref().map(|ratio| ratio.shown)),
            Cell::Limits(row.hazard_ratio.as_ref().map(|ratio| ratio.shown_interval)),
            Cell::PValue(row.log_rank.map(|log_rank| log_rank.test.p_value)),
            Cell::PValue(row.proportional_hazards.map(|found| found.test.p_value)),
            Cell::text(row.not_estimable.clone().unwrap_or_default()),
        ]);
    }
    table
}

/// A pooled effect in a line: studies, common and random mean with interval, heterogeneity.
const POOLED: [&str; 6] = ["Trials", "Common effect", "Random effects", "Interval", "I²", "τ²"];

pub(super) fn pooled_cells(pooled: Option<&PooledEffect>) -> [Cell; 6] {
    [
        Cell::Number(pooled.map(|pooled| pooled.studies.len() as f64)),
        Cell::Effect(pooled.map(|pooled| pooled.common.shown)),
        Cell::Effect(pooled.map(|pooled| pooled.random.shown)),
        Cell::Limits(pooled.map(|pooled| pooled.random.shown_interval)),
        Cell::Percent(pooled.and_then(|pooled| pooled.heterogeneity.i_squared)),
        Cell::Variance(pooled.and_then(|pooled| pooled.heterogeneity.tau_squared)),
    ]
}

pub(super) fn with_first(first: &'static str) -> Vec<&'static str> {
    std::iter::once(first).chain(POOLED).collect()
}

fn restricted_mean(result: &PooledRestrictedMeanDifference) -> ResultTable {
    let title = format!("Restricted mean survival time to {}", shortest(result.horizon));
    let mut table = ResultTable::new("restricted-mean", title, &with_first("Quantity"));
    let rows = [("difference, treated − control", &result.difference), ("ratio", &result.log_ratio)];
    for (name, pooled) in rows {
        table.push(std::iter::once(Cell::text(name)).chain(pooled_cells(pooled.as_ref())).collect());
    }
    table
}

fn piecewise(result: &PiecewiseHazardRatios) -> ResultTable {
    let test = result.equality.as_ref().map_or(String::new(), |test| {
        format!(
            "; equality of the intervals χ² {}, p {}",
            fixed(test.chi_squared, 2),
            p_value(test.p_value, 4)
        )
    });
    let title = format!("Hazard ratio by interval of follow-up{test}");
    let mut table = ResultTable::new("piecewise", title, &with_first("Follow-up"));
    for interval in &result.intervals {
        let end = interval.end.map_or("on".to_owned(), |end| format!("to {}", shortest(end)));
        let name = Cell::text(format!("{} {end}", shortest(interval.start)));
        table.push(std::iter::once(name).chain(pooled_cells(interval.pooled.as_ref())).collect());
    }
    table
}
