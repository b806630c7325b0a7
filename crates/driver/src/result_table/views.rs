//! Pooled survival without each trial in turn, and as trials are added, as tables.

use super::{Cell, ResultTable};
use crate::quantities::Quantity;
use crate::results::{SurvivalView, SurvivalViews};

/// A table for each view that was asked for, with every number.
pub(crate) fn tables(views: &SurvivalViews) -> Vec<ResultTable> {
    both(views, &|_| true)
}

/// The same with the numbers that sum a curve up: median, restricted mean and I², or survival where there are none.
pub(crate) fn short_tables(views: &SurvivalViews) -> Vec<ResultTable> {
    let sums_up = |quantity: &Quantity| {
        ["median", "I²"].contains(&quantity.name.as_str()) || quantity.name.starts_with("restricted mean")
    };
    let all = views.leave_one_out.iter().chain(&views.cumulative);
    if all.flat_map(|view| &view.quantities).any(|quantity| quantity.value.is_some() && sums_up(quantity)) {
        both(views, &sums_up)
    } else {
        tables(views)
    }
}

fn both(views: &SurvivalViews, shown: &dyn Fn(&Quantity) -> bool) -> Vec<ResultTable> {
    let without = (!views.leave_one_out.is_empty())
        .then(|| table("leave-one-out", "Leave one out", "Left out", &views.leave_one_out, shown));
    let added = (!views.cumulative.is_empty())
        .then(|| table("cumulative", "Cumulative meta-analysis", "Added", &views.cumulative, shown));
    without.into_iter().chain(added).collect()
}

fn table(
    name: &'static str,
    title: &str,
    first: &'static str,
    rows: &[SurvivalView],
    shown: &dyn Fn(&Quantity) -> bool,
) -> ResultTable {
    let columns = [first, "Trials", "Quantity", "Value", "Lower", "Upper", "Remark"];
    let mut table = ResultTable::new(name, title, &columns);
    for view in rows {
        let count = || Cell::count(view.trials);
        if view.quantities.is_empty() {
            let mut row = vec![Cell::text(&view.label), count(), Cell::text("")];
            row.extend([Cell::Effect(None), Cell::Effect(None), Cell::Effect(None)]);
            row.push(Cell::text(view.reason.clone().unwrap_or_default()));
            table.push(row);
        }
        for quantity in view.quantities.iter().filter(|quantity| shown(quantity)) {
            table.push(vec![
                Cell::text(&view.label),
                count(),
                Cell::text(&quantity.name),
                Cell::Effect(quantity.value),
                Cell::Effect(quantity.lower),
                Cell::Effect(quantity.upper),
                Cell::text(if quantity.value.is_none() { "not reached" } else { "" }),
            ]);
        }
    }
    table
}
