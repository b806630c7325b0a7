//! The difference of two runs as a figure.

use kmeta_plot_svg::{BeforeAfterGroup, BeforeAfterRow, Figure, NumberWithLimits, before_after_figure};

use super::{Difference, QuantityChange};
use crate::quantities::Quantity;

/// Old and new estimate of every pooled number that has an interval, side by side.
pub(crate) fn figure(difference: &Difference, old: &str, new: &str, note: &str) -> Figure {
    let groups: Vec<BeforeAfterGroup> = difference
        .analyses
        .iter()
        .map(|analysis| BeforeAfterGroup {
            title: analysis.title.clone(),
            is_ratio: analysis.is_ratio,
            rows: analysis.quantities.iter().filter(|change| has_interval(change)).map(row).collect(),
        })
        .flat_map(on_one_axis)
        .filter(|group| !group.rows.is_empty())
        .collect();
    before_after_figure(&groups, old, new, note)
}

fn has_interval(change: &QuantityChange) -> bool {
    let has = |quantity: &Option<Quantity>| {
        quantity.as_ref().is_some_and(|quantity| quantity.lower.is_some() || quantity.upper.is_some())
    };
    has(&change.old) || has(&change.new)
}

fn row(change: &QuantityChange) -> BeforeAfterRow {
    let number = |quantity: &Option<Quantity>| {
        quantity.as_ref().map(|quantity| NumberWithLimits {
            value: quantity.value,
            lower: quantity.lower,
            upper: quantity.upper,
        })
    };
    BeforeAfterRow { label: change.name.clone(), before: number(&change.old), after: number(&change.new) }
}

/// Fractions and times do not share an axis.
fn on_one_axis(group: BeforeAfterGroup) -> Vec<BeforeAfterGroup> {
    let is_time = |row: &BeforeAfterRow| row.label == "median" || row.label.starts_with("restricted mean");
    let (times, others): (Vec<_>, Vec<_>) = group.rows.into_iter().partition(is_time);
    let part = |title: String, rows| BeforeAfterGroup { title, is_ratio: group.is_ratio, rows };
    vec![part(group.title.clone(), others), part(format!("{}, time", group.title), times)]
}
