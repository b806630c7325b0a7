//! Tests of the counts of two arms as tables.

use kmeta_evidence_pool::MantelHaenszelTests;
use kmeta_trial_data::Interval;

use super::{Cell, ResultTable};
use crate::results::TwoArmCountTests;

pub(crate) fn tables(tests: &TwoArmCountTests) -> Vec<ResultTable> {
    let columns = [
        "Trial",
        "Fisher's p",
        "Conditional odds ratio",
        "Exact interval",
        "χ²",
        "p of χ²",
        "χ² with Yates' correction",
        "p with Yates' correction",
    ];
    let mut table = ResultTable::new("two-arm-tests", "Tests of each trial alone", &columns);
    for trial in &tests.trials {
        let found = &trial.tests;
        let exact = Interval {
            lower: found.conditional_lower,
            upper: found.conditional_upper.unwrap_or(f64::INFINITY),
        };
        table.push(vec![
            Cell::text(&trial.label),
            Cell::PValue(Some(found.fisher_p_value)),
            Cell::Effect(found.conditional_odds_ratio),
            Cell::Limits(Some(exact)),
            Cell::Statistic(found.chi_squared),
            Cell::PValue(found.chi_squared_p_value),
            Cell::Statistic(found.yates_chi_squared),
            Cell::PValue(found.yates_p_value),
        ]);
    }
    std::iter::once(table).chain(tests.together.as_ref().map(together)).collect()
}

fn together(tests: &MantelHaenszelTests) -> ResultTable {
    let columns = ["Test", "χ²", "Degrees of freedom", "p"];
    let title = "Tests of all trials together (odds ratios)";
    let mut table = ResultTable::new("mantel-haenszel-tests", title, &columns);
    let mut row = |name: &str, statistic, degrees_of_freedom: u32, p_value| {
        table.push(vec![
            Cell::text(name),
            Cell::Statistic(statistic),
            Cell::count(degrees_of_freedom),
            Cell::PValue(p_value),
        ]);
    };
    let p_value = Some(tests.cochran_mantel_haenszel_p_value);
    row("Cochran-Mantel-Haenszel: all are 1", Some(tests.cochran_mantel_haenszel), 1, p_value);
    let df = tests.degrees_of_freedom;
    row("Breslow-Day: all are equal", tests.breslow_day, df, tests.breslow_day_p_value);
    row("Breslow-Day-Tarone: all are equal", tests.tarone, df, tests.tarone_p_value);
    table
}
