//! Digitized figures as the report shows them.

use kmeta_trial_data::{AxisCalibration, DigitizedArm, Panel};

use crate::report::{ArmSummary, CurvePoint, PanelSummary};

/// What was found in one panel.
pub(crate) fn panel_summary(panel: &Panel) -> PanelSummary {
    PanelSummary {
        name: if panel.letter.is_empty() { panel.title.clone() } else { panel.letter.clone() },
        time_axis: axis_in_words(&panel.axes.x),
        time_residual_px: panel.axes.x.residual_px,
        survival_axis: axis_in_words(&panel.axes.y),
        survival_residual_px: panel.axes.y.residual_px,
        risk_table: panel.risk_table.as_ref().map(|table| (table.rows.len(), table.times.len())),
        arms: panel.arms.iter().map(|arm| arm_summary(panel, arm)).collect(),
    }
}

fn arm_summary(panel: &Panel, arm: &DigitizedArm) -> ArmSummary {
    let corners = arm.curve.times().iter().zip(arm.curve.survival());
    let points = corners.map(|(&time, &survival)| CurvePoint {
        time,
        survival,
        x_px: panel.axes.x.pixel_at(time),
        y_px: panel.axes.y.pixel_at(survival),
    });
    ArmSummary {
        label: arm.label.clone(),
        color: arm.color.clone(),
        corners: arm.curve.times().len(),
        curve_end: arm.curve_end,
        survival_end: arm.curve.survival_at(arm.curve_end),
        censor_marks: arm.censor_times.len(),
        median: arm.curve.median(),
        points: points.collect(),
    }
}

/// "0 to 24 months, 9 ticks".
fn axis_in_words(axis: &AxisCalibration) -> String {
    let values = || axis.ticks.iter().map(|tick| tick.value);
    let lowest = values().fold(f64::INFINITY, f64::min);
    let highest = values().fold(f64::NEG_INFINITY, f64::max);
    if lowest > highest {
        return "no ticks".to_owned();
    }
    let unit = axis.unit.map_or(String::new(), |unit| format!(" {unit}"));
    let number = kmeta_plot_svg::format::shortest;
    format!("{} to {}{unit}, {} ticks", number(lowest), number(highest), axis.ticks.len())
}
