//! The routes from what trials print to their hazard ratios.

use kmeta_evidence_pool::HazardRatioRoutes;

use super::{Cell, ResultTable};

/// Every route of every trial, the one used first.
pub(crate) fn table(trials: &[HazardRatioRoutes]) -> ResultTable {
    let columns = [
        "Trial",
        "Route",
        "Used",
        "Hazard ratio",
        "Interval",
        "Log hazard ratio",
        "Standard error",
        "O − E",
        "V",
        "From",
    ];
    let title = "Routes from printed numbers to the hazard ratio".to_owned();
    let mut table = ResultTable::new("hazard-ratio-routes", title, &columns);
    for trial in trials {
        for route in &trial.routes {
            table.push(vec![
                Cell::text(&trial.label),
                Cell::text(route.route.words()),
                Cell::text(if route.route == trial.recommended.route { "yes" } else { "" }),
                Cell::Effect(Some(route.hazard_ratio)),
                Cell::Limits(Some(route.interval)),
                Cell::Effect(Some(route.log_hazard_ratio)),
                Cell::Effect(Some(route.standard_error)),
                Cell::Statistic(Some(route.observed_minus_expected)),
                Cell::Statistic(Some(route.log_rank_variance)),
                Cell::text(&route.source),
            ]);
        }
    }
    table
}
