//! Measures one traced curve: levels and times of its drops with their errors, its censor marks, its end.

use kmeta_trial_data::{AxisCalibration, DigitizedArm, LineStyle, StepCurve};

use crate::arms::TracedCurve;
use crate::color::hex;
use crate::dash_pattern::dash_pattern;
use crate::hiding::hide_curve;
use crate::intervals::{Corner, Intervals, SNAPPING_PX, intervals};
use crate::marks::find_marks;
use crate::median::median;
use crate::plot_curves::PlotCurves;
use crate::snapping::shift_of_curve;
use crate::steps::{Plateau, final_drop, plateaus, rises_to};

/// The arm that a curve of a plot is, and the level of its first plateau as measured.
pub(crate) fn digitized_arm(
    curve: &TracedCurve,
    x: &AxisCalibration,
    plot: &PlotCurves,
    snapped: bool,
) -> Result<(DigitizedArm, f64), String> {
    let y = &plot.survival_axis;
    let area = curve.coverage.area;
    let (left, top) = (area.left as f64, area.top as f64);
    let mut levels = plateaus(&curve.coverage, &curve.path, curve.line_width);
    let zero_row = y.pixel_at(0.0) - top;
    let shift = if snapped { shift_of_curve(&levels) } else { 0.0 };
    finish(curve, &mut levels, zero_row + shift);
    // Back to where the program was asked to draw it.
    for plateau in &mut levels {
        plateau.begins -= shift;
        plateau.ends -= shift;
        plateau.level -= shift;
    }
    let marks = find_marks(&mark_coverage(curve, &plot.curves), &curve.path, curve.line_width);
    let time_at = |column: f64| x.value_at(left + column).max(0.0);
    let survival_at = |level: f64| y.value_at(top + level).clamp(0.0, 1.0);
    let one_row = y.pixel_at(1.0) - top;
    let first_row = if rises_to(&curve.coverage, &curve.path, curve.line_width, one_row) {
        // Patients died at once: the line falls from S = 1 before it runs level.
        Some(one_row)
    } else {
        levels.first().map(|plateau| plateau.level)
    };
    let first_level = first_row.map_or(0.0, |row| y.value_at(top + row));
    let mut corners = vec![first_corner(x, y, levels.first().filter(|plateau| is_first(plateau, one_row)))];
    for (index, plateau) in levels.iter().enumerate() {
        // S(0) is 1 by definition; the check `starts-at-one` says how far the picture is from it.
        if index == 0 && is_first(plateau, one_row) {
            continue;
        }
        let last = corners[corners.len() - 1];
        corners.push(Corner {
            time: time_at(plateau.begins).max(last.time),
            survival: survival_at(plateau.level).min(last.survival),
            column: left + plateau.begins,
            column_error: plateau.begins_error,
            row: top + plateau.level,
            row_error: plateau.level_error,
            seen: plateau.seen > 0,
        });
    }
    let Intervals { lower, upper, time_errors } = intervals(&corners, x, y, SNAPPING_PX);
    let (times, survival) = corners.iter().map(|corner| (corner.time, corner.survival)).unzip();
    let step_curve = StepCurve::new(times, survival).map_err(|error| error.to_string())?;
    let line_end = levels.last().map_or(0.0, |plateau| plateau.ends);
    let end = marks.last().map_or(line_end, |mark| {
        // A mark on the last patient reaches beyond the end of the line.
        if (line_end - mark.column).abs() <= mark.reach + curve.line_width { mark.column } else { line_end }
    });
    let arm = DigitizedArm {
        label: String::new(),
        color: hex(curve.color),
        line_style: if curve.dashed { LineStyle::Dashed } else { LineStyle::Solid },
        line_width_px: curve.line_width,
        curve_end: time_at(end).max(step_curve.last_time()),
        curve: step_curve,
        censor_times: marks.iter().map(|mark| time_at(mark.column)).collect(),
        survival_uncertainty: y.slope.abs()
            * axis_error(y).hypot(median(levels.iter().map(|level| level.level_error))),
        time_uncertainty: x.slope.abs()
            * axis_error(x).hypot(median(levels.iter().skip(1).map(|level| level.begins_error))),
        survival_lower: lower,
        survival_upper: upper,
        time_errors,
        stretches: Vec::new(),
        dash_pattern: dash_pattern(curve),
        counts: None,
    };
    Ok((arm, first_level))
}

/// Whether a first plateau is that of S = 1.
fn is_first(plateau: &Plateau, one_row: f64) -> bool {
    (plateau.level - one_row).abs() < 2.5
}

/// Time 0, where survival is 1, with the reading error of the plateau that shows it.
fn first_corner(x: &AxisCalibration, y: &AxisCalibration, plateau: Option<&Plateau>) -> Corner {
    Corner {
        time: 0.0,
        survival: 1.0,
        column: x.pixel_at(0.0),
        column_error: 0.0,
        row: y.pixel_at(1.0),
        row_error: plateau.map_or(0.5, |plateau| plateau.level_error),
        seen: true,
    }
}

/// Standard deviation in pixels of one place against an axis: half a pixel of snapping (uniform, 0.29 px) and the
/// axis' own residual.
fn axis_error(axis: &AxisCalibration) -> f64 {
    SNAPPING_PX.hypot(axis.residual_px)
}

/// Adds the drop at the end of a curve, and removes a last "plateau" that is only the foot of a censor mark.
fn finish(curve: &TracedCurve, levels: &mut Vec<Plateau>, zero_row: f64) {
    let width = curve.line_width;
    let snap = |row: f64| if (row - zero_row).abs() <= width + 2.0 { zero_row } else { row };
    if let [.., before, last] = levels.as_slice() {
        let short = last.ends - last.begins <= width + 2.0;
        if short && is_mark_foot(curve, before, last) {
            let ends = last.ends;
            levels.pop();
            if let Some(plateau) = levels.last_mut() {
                plateau.ends = ends;
            }
        } else if short && let Some(plateau) = levels.last_mut() {
            plateau.level = snap(plateau.level);
            plateau.ends = plateau.begins;
        }
    }
    if let Some((column, bottom)) = final_drop(&curve.coverage, &curve.path, width) {
        if let Some(plateau) = levels.last_mut() {
            plateau.ends = column;
        }
        levels.push(Plateau {
            begins: column,
            begins_error: width / 4.0,
            ends: column,
            level: snap(bottom),
            level_error: width / 4.0,
            seen: 0,
        });
    }
}

/// True when the ink at a last short drop reaches as far above the plateau before it as below: a censor mark.
fn is_mark_foot(curve: &TracedCurve, before: &Plateau, last: &Plateau) -> bool {
    let column = (last.begins.round() as usize).min(curve.coverage.width() - 1);
    let half = (curve.line_width / 2.0).ceil() as usize;
    let row = before.level as usize;
    let ink = |y: usize| curve.coverage.own.get(column, y) >= 0.4;
    let up = (0..row.saturating_sub(half)).rev().take_while(|&y| ink(y)).count();
    let down = last.level - before.level;
    up as f64 + 3.0 >= down - half as f64 && up >= 2
}

/// The arm's ink without that of other curves, where its censor marks are sought.
fn mark_coverage(curve: &TracedCurve, curves: &[TracedCurve]) -> crate::coverage::Coverage {
    let mut coverage = curve.coverage.clone();
    if let Some(marks) = &curve.marks {
        coverage.add(&marks.own);
    }
    for other in curves.iter().filter(|other| other.path != curve.path) {
        hide_curve(&mut coverage, other, false);
    }
    coverage
}
