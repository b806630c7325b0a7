//! Reads one panel: axes, curves, names, censor marks and numbers at risk.

use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{
    Axes, AxisCalibration, DigitizedArm, Finding, LineStyle, Panel, PixelBox, PlottedQuantity, ReadText,
    RiskTable, StepCurve, TextRole,
};

use crate::arm_names::{DrawnArm, RowLook, assign_names};
use crate::arms::{TracedCurve, confidence_limits};
use crate::axis_labels::{CalibratedAxes, read_titles, survival_axis, time_axis};
use crate::axis_lines::{AxisPair, frames_within};
use crate::color::hex;
use crate::curve_search::hide_curve;
use crate::dash_pattern::dash_pattern;
use crate::evidence::Evidence;
use crate::ink::InkPage;
use crate::intervals::{Corner, Intervals, SNAPPING_PX, intervals};
use crate::legend::{PlotText, pixels_of_curves, read_plot_texts, read_printed};
use crate::marks::find_marks;
use crate::overrides::{PanelStatements, correct_panel, with_stated_points};
use crate::panel_title::{Plot, read_panel_title};
use crate::plane::Rect;
use crate::plot_curves::{PlotCurves, trace_plot};
use crate::printed_statistics::{is_statistic, name_without_counts, statistics_in};
use crate::redrawing::compare;
use crate::risk::{FoundRiskTable, read_risk_table};
use crate::snapping::{shift_of_curve, unsnap};
use crate::steps::{Plateau, final_drop, plateaus, rises_to};
use crate::stretches::{flagged_stretches, stretches_of};
use crate::surplus::FoundArms;
use crate::ticks::{survival_ticks, time_ticks};
use crate::words::Word;

/// A panel with what the verdict needs beside it.
pub(crate) struct ReadPanel {
    pub(crate) panel: Panel,
    /// Level of each arm's first plateau as measured.
    pub(crate) first_levels: Vec<f64>,
    /// What else the panel shows of them.
    pub(crate) evidence: Evidence,
    pub(crate) findings: Vec<Finding>,
}

/// Calibrates a pair of axis lines by the labels in its territory, or says why that cannot be done.
pub(crate) fn calibrated_axes(
    page: &InkPage,
    reader: &LabelReader,
    words: &[Word],
    lines: AxisPair,
    territory: Rect,
    statements: PanelStatements<'_>,
) -> Result<CalibratedAxes, String> {
    let words = words_within(words, territory);
    with_stated_points(
        lines,
        statements,
        Rect { left: 0, top: 0, right: page.width(), bottom: page.height() },
        || time_axis(page, reader, &lines, &time_ticks(page, &lines), &words),
        || survival_axis(page, reader, &lines, &survival_ticks(page, &lines), &words),
    )
}

fn words_within(words: &[Word], territory: Rect) -> Vec<Word> {
    let inside = |word: &&Word| territory.contains(word.area.center_x(), word.area.center_y());
    words.iter().filter(inside).cloned().collect()
}

/// Reads the panel with the given axes, or says why it cannot be read.
pub(crate) fn read_panel(
    page: &InkPage,
    reader: &LabelReader,
    words: &[Word],
    found: CalibratedAxes,
    territory: Rect,
    index: usize,
    statements: PanelStatements<'_>,
) -> Result<ReadPanel, String> {
    let words = words_within(words, territory);
    let CalibratedAxes { lines: axes, mut x, mut y } = found;
    let snapped = unsnap(page, &axes, &mut x.calibration, &mut y.calibration);
    let inside = axes.inside();
    let mut texts = read_titles(page, reader, &words, &mut x, &mut y, inside);
    let mut findings: Vec<Finding> = Vec::new();
    let printed = read_printed(page, reader, &words, inside);
    let no_curves = [printed.words(), frames_within(page, inside)].concat();
    let mut traced = trace_plot(page, inside, &x.calibration, &y.calibration, statements, &no_curves);
    let limits = confidence_limits(&traced.curves);
    y.calibration = traced.printed_axis_as_survival(&y.calibration);
    let mut order = statements.arms_among(&traced.curves, &limits);
    statements.trace_way_points(page, &x.calibration, &mut traced, &mut order, &mut findings);
    statements.note_missing_arms(&order, &mut findings);
    let (area, curves) = (traced.area, traced.on_page());
    let arms: Vec<&TracedCurve> = order.iter().map(|&curve| &curves[curve]).collect();
    if arms.is_empty() {
        return Err("no survival curve was found between the axes".to_owned());
    }
    let below = Rect { top: x.labels.bottom, ..territory };
    // Some software prints the numbers between S = 0 and the time axis; the last may reach over the frame.
    let within =
        Rect { left: territory.left, right: territory.right, top: area.bottom, bottom: inside.bottom };
    let label_height = letter_height(&words, x.labels);
    let read_table =
        |region: Rect| read_risk_table(page, reader, &x.calibration, &words, region, (index, label_height));
    let (risk, below) = match read_table(below) {
        None if within.height() > 0 => (read_table(within), within),
        found => (found, below),
    };
    let title_areas: Vec<Rect> = texts.iter().map(|text| rect_of(text.location)).collect();
    let excluded = [&[x.labels, y.labels, risk_area(&risk, below)], title_areas.as_slice()].concat();
    let plot_texts =
        read_plot_texts(page, reader, &words, inside, &pixels_of_curves(page, &curves), &excluded, &printed);
    let mut digitized = Vec::new();
    let mut first_levels = Vec::new();
    for &curve in &order {
        let (arm, first_level) = digitized_arm(&traced.curves[curve], &x.calibration, &traced, snapped)?;
        first_levels.push(first_level);
        digitized.push(arm);
    }
    for (curve, arm) in arms.iter().zip(&mut digitized) {
        let stretches = stretches_of(curve, &arms);
        arm.stretches = flagged_stretches(curve, &stretches, &x.calibration, area.left as f64);
    }
    let mut risk_table = risk.map(|mut found| {
        findings.append(&mut found.findings);
        (found.table, found.looks)
    });
    if traced.rising {
        findings.push(Finding::note(
            "incidence-printed",
            format!("panel {index}, survival axis"),
            "the curves rise: what was printed is an incidence, and 1 - incidence is given as survival",
        ));
    }
    let quantity = if traced.rising { PlottedQuantity::Incidence } else { PlottedQuantity::Survival };
    let text_of_arm = name_arms(page, &plot_texts, &mut risk_table, &arms, &mut digitized);
    let curve_of_arm = (0..arms.len()).collect();
    let mut found = FoundArms { arms: digitized, first_levels, text_of_arm, curve_of_arm };
    if statements.stated.is_none() {
        let table = risk_table.as_mut().map(|(table, _)| table);
        found = found.without_surplus(&arms, table, &plot_texts, &format!("panel {index}"), &mut findings);
    }
    let FoundArms { arms: digitized, first_levels, text_of_arm, curve_of_arm } = found;
    let arms: Vec<&TracedCurve> = curve_of_arm.iter().map(|&curve| arms[curve]).collect();
    let named = |index: usize| text_of_arm.iter().position(|text| *text == Some(index));
    let names: Vec<String> = digitized.iter().map(|arm| arm.label.clone()).collect();
    let read: Vec<ReadText> = plot_texts.iter().map(|text| text.text.clone()).collect();
    let statistics = statistics_in(&read, &names, named);
    let legend_areas: Vec<Rect> = text_of_arm.iter().flatten().map(|&index| plot_texts[index].area).collect();
    let plot = Plot { inside, label_height };
    let heading = read_panel_title(page, reader, &words, territory, &plot, &legend_areas);
    texts.extend(read.into_iter().enumerate().map(|(index, text)| {
        let role = if named(index).is_some() { TextRole::Legend } else { TextRole::Other };
        ReadText { role, ..text }
    }));
    let mut panel = Panel {
        panel: index,
        quantity,
        letter: heading.letter,
        title: heading.title,
        plot_area: inside.to_pixel_box(),
        axes: Axes { x: x.calibration, y: y.calibration },
        risk_table: risk_table.map(|(table, _)| table),
        arms: digitized,
        texts,
        statistics,
    };
    correct_panel(&mut panel, statements, &mut findings);
    let redrawing = compare(page, &panel, &traced, &curves, &words);
    let evidence = Evidence::of(redrawing, &plot_texts, |index| named(index).is_some(), &arms);
    Ok(ReadPanel { panel, first_levels, evidence, findings })
}

/// Median height of the letters in an area.
fn letter_height(words: &[Word], area: Rect) -> usize {
    let inside = |word: &&Word| area.contains(word.area.center_x(), word.area.center_y());
    let mut heights: Vec<usize> = words.iter().filter(inside).map(|word| word.letter_height).collect();
    heights.sort_unstable();
    heights.get(heights.len() / 2).copied().unwrap_or(0)
}

fn rect_of(area: PixelBox) -> Rect {
    let [left, top, right, bottom] = [area.left, area.top, area.right, area.bottom].map(|edge| edge as usize);
    Rect { left, top, right, bottom }
}

fn risk_area(risk: &Option<FoundRiskTable>, below: Rect) -> Rect {
    let empty = Rect { left: 0, top: 0, right: 0, bottom: 0 };
    let Some(found) = risk else { return empty };
    let boxes = found.table.rows.iter().flat_map(|row| &row.cells).filter_map(|cell| cell.location);
    let (mut top, mut bottom) = (f64::INFINITY, 0.0_f64);
    for location in boxes {
        top = top.min(location.top);
        bottom = bottom.max(location.bottom);
    }
    if top < bottom { Rect { top: top as usize, bottom: bottom as usize, ..below } } else { empty }
}

fn digitized_arm(
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

/// The median; 0 of nothing.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
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

/// Names the arms and gives each row of the risk table its arm; returns for each arm the index of its text.
fn name_arms(
    page: &InkPage,
    texts: &[PlotText],
    risk_table: &mut Option<(RiskTable, Vec<RowLook>)>,
    curves: &[&TracedCurve],
    arms: &mut [DigitizedArm],
) -> Vec<Option<usize>> {
    let drawn: Vec<DrawnArm<'_>> = curves.iter().map(|curve| DrawnArm::new(page, curve)).collect();
    let is_statistic = |index: usize| is_statistic(&texts[index].text);
    let (table, looks) = match risk_table {
        Some((table, looks)) => (Some(&*table), looks.as_slice()),
        None => (None, [].as_slice()),
    };
    let assigned = assign_names(texts, table, looks, &drawn, arms, is_statistic);
    for (arm, text) in arms.iter_mut().zip(&assigned.text_of_arm) {
        if let Some(text) = text {
            name_without_counts(&texts[*text].text.text).clone_into(&mut arm.label);
        }
    }
    if let Some((table, _)) = risk_table {
        for (row, arm) in table.rows.iter_mut().zip(assigned.arm_of_row) {
            row.arm = arm;
            if let Some(arm) = arm.and_then(|arm| arms.get_mut(arm)).filter(|arm| arm.label.is_empty()) {
                name_without_counts(&row.label).clone_into(&mut arm.label);
            }
        }
    }
    assigned.text_of_arm
}
