//! Changes what was read of a panel as a person states it: names, numbers at risk, censor marks, arms that are none.

use kmeta_trial_data::{
    ArmReference, CensorOverride, DigitizedArm, Finding, Origin, Panel, RiskCell, RiskCellOverride, RiskRow,
    RiskTable,
};

use super::hints::same_name;
use super::{PanelStatements, parse_color};
use crate::color::oklab_distance;

/// Colours as close as this in Oklab are one arm's.
const SAME_COLOR: f32 = 0.12;
/// A stated time belongs to a column of the table or to a mark within this share of the distance of two columns.
const COLUMN_TOLERANCE: f64 = 0.1;

/// Applies the statements of a person about a panel that was read, and says what each of them changed.
pub(crate) fn correct_panel(panel: &mut Panel, statements: PanelStatements<'_>, findings: &mut Vec<Finding>) {
    let Some(stated) = statements.stated else { return };
    let place = format!("overrides, panel {}", panel.panel);
    let unknown = |reference: &ArmReference| {
        let message =
            format!("no arm {reference} was read: name it by its position from 0, its name or its colour");
        Finding::error("override-of-unknown-arm", place.clone(), message)
    };
    for arm in &stated.arms {
        let Some(name) = &arm.name else { continue };
        let by_color = arm.color.as_ref().map(|color| ArmReference::Name(color.clone()));
        let reference = arm.arm.clone().or(by_color);
        match reference.as_ref().and_then(|reference| find_arm(panel, statements, reference)) {
            Some(index) => name_arm(panel, index, name),
            None => findings.extend(reference.as_ref().map(unknown)),
        }
    }
    for cell in &stated.risk_cells {
        match find_arm(panel, statements, &cell.arm) {
            Some(index) => findings.push(set_risk_cell(panel, index, cell)),
            None => findings.push(unknown(&cell.arm)),
        }
    }
    for marks in &stated.censor_marks {
        match find_arm(panel, statements, &marks.arm) {
            Some(index) => findings.extend(set_censor_marks(panel, index, marks)),
            None => findings.push(unknown(&marks.arm)),
        }
    }
    let mut dropped: Vec<usize> = Vec::new();
    for reference in &stated.drop_arms {
        match find_arm(panel, statements, reference) {
            Some(index) => dropped.push(index),
            None => findings.push(unknown(reference)),
        }
    }
    dropped.sort_unstable();
    dropped.dedup();
    for &index in dropped.iter().rev() {
        drop_arm(panel, index);
    }
}

/// The arm that is meant.
fn find_arm(panel: &Panel, statements: PanelStatements<'_>, reference: &ArmReference) -> Option<usize> {
    let name = match reference {
        ArmReference::Position(position) => return (*position < panel.arms.len()).then_some(*position),
        ArmReference::Name(name) => name,
    };
    let by_name = panel.arms.iter().position(|arm| same_name(&arm.label, name));
    by_name.or_else(|| {
        let color = statements.color_of(name)?;
        let distance = |arm: &DigitizedArm| parse_color(&arm.color).map(|own| oklab_distance(own, color));
        let near = panel.arms.iter().enumerate().filter_map(|(index, arm)| Some((distance(arm)?, index)));
        near.filter(|(distance, _)| *distance < SAME_COLOR)
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, index)| index)
    })
}

fn name_arm(panel: &mut Panel, index: usize, name: &str) {
    // A name belongs to one arm.
    for (other, arm) in panel.arms.iter_mut().enumerate() {
        if other == index {
            name.clone_into(&mut arm.label);
        } else if same_name(&arm.label, name) {
            arm.label.clear();
        }
    }
}

/// Puts a number into the table, which gets a row or a column where there was none.
fn set_risk_cell(panel: &mut Panel, arm: usize, stated: &RiskCellOverride) -> Finding {
    let label = panel.arms[arm].label.clone();
    let table = panel.risk_table.get_or_insert_with(|| RiskTable { times: Vec::new(), rows: Vec::new() });
    let ticks: Vec<f64> = panel.axes.x.ticks.iter().map(|tick| tick.value).collect();
    let column = column_of(table, stated.time, &ticks);
    let row = table
        .row_of_arm(arm)
        .or_else(|| table.rows.iter().position(|row| row.arm.is_none() && same_name(&row.label, &label)));
    let row = row.unwrap_or_else(|| {
        let columns = table.times.len();
        table.rows.push(RiskRow {
            label: label.clone(),
            arm: None,
            counts: vec![None; columns],
            cells: vec![blank(); columns],
        });
        table.rows.len() - 1
    });
    let row = &mut table.rows[row];
    row.arm = Some(arm);
    let before = row.counts[column];
    row.counts[column] = stated.number;
    if let Some(cell) = row.cells.get_mut(column) {
        // The text stays as it was read.
        cell.origin = Origin::Human;
        cell.confidence = 1.0;
    }
    let word = |number: Option<u32>| number.map_or("blank".to_owned(), |number| number.to_string());
    Finding::note(
        "override-of-risk-cell",
        format!("row `{label}`, time {}", stated.time),
        format!("read: {}; a person states: {}", word(before), word(stated.number)),
    )
}

fn blank() -> RiskCell {
    RiskCell {
        text: String::new(),
        confidence: 1.0,
        alternative: None,
        location: None,
        origin: Origin::Automatic,
    }
}

/// The column of a time; a new one where there is none.
fn column_of(table: &mut RiskTable, time: f64, ticks: &[f64]) -> usize {
    let gap = |times: &[f64]| {
        times
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).abs())
            .filter(|gap| *gap > 0.0)
            .fold(f64::INFINITY, f64::min)
    };
    let tolerance = COLUMN_TOLERANCE * gap(&table.times).min(gap(ticks));
    let tolerance = if tolerance.is_finite() { tolerance } else { 1e-9 };
    if let Some(column) = table.times.iter().position(|other| (other - time).abs() <= tolerance) {
        return column;
    }
    let column = table.times.iter().take_while(|other| **other < time).count();
    table.times.insert(column, time);
    for row in &mut table.rows {
        row.counts.insert(column.min(row.counts.len()), None);
        row.cells.insert(column.min(row.cells.len()), blank());
    }
    column
}

fn set_censor_marks(panel: &mut Panel, index: usize, stated: &CensorOverride) -> Vec<Finding> {
    let span = panel.axes.x.ticks.iter().map(|tick| tick.value).fold(0.0, f64::max);
    let arm = &mut panel.arms[index];
    let mut findings = Vec::new();
    // Half a percent of the axis, or a few standard errors of a mark's place.
    let tolerance = (0.005 * span).max(4.0 * arm.time_uncertainty);
    for &time in &stated.removed {
        let distance = |index: &usize| (arm.censor_times[*index] - time).abs();
        let nearest = (0..arm.censor_times.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)));
        match nearest.filter(|index| distance(index) <= tolerance) {
            Some(mark) => {
                arm.censor_times.remove(mark);
            }
            None => findings.push(Finding::warning(
                "override-of-unknown-mark",
                format!("arm {}", stated.arm),
                format!(
                    "no censor mark was read within {tolerance:.3} of time {time}: nothing to remove there"
                ),
            )),
        }
    }
    arm.censor_times.extend(stated.added.iter().copied().filter(|time| time.is_finite() && *time >= 0.0));
    arm.censor_times.sort_by(f64::total_cmp);
    findings
}

/// Takes an arm out of a panel, with its row of numbers at risk.
fn drop_arm(panel: &mut Panel, index: usize) {
    panel.arms.remove(index);
    let shifted = |arm: Option<usize>| {
        arm.filter(|&arm| arm != index).map(|arm| if arm > index { arm - 1 } else { arm })
    };
    if let Some(table) = &mut panel.risk_table {
        table.rows.retain(|row| row.arm != Some(index));
        for row in &mut table.rows {
            row.arm = shifted(row.arm);
        }
    }
    for statistic in &mut panel.statistics {
        statistic.arm = shifted(statistic.arm);
    }
}
