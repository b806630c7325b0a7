//! Reads one panel: axes, curves, names, censor marks and numbers at risk.

use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{
    Axes, AxisCalibration, Finding, Panel, PixelBox, PlottedQuantity, ReadText, TextRole,
};

use crate::arms::{TracedCurve, confidence_limits};
use crate::axis_labels::{CalibratedAxes, LabelledAxis, read_titles, survival_axis, time_axis};
use crate::axis_lines::{AxisPair, frames_within};
use crate::axis_strokes::place_at_strokes;
use crate::calibrate::{label_tolerance, with_lost_points};
use crate::evidence::Evidence;
use crate::ink::InkPage;
use crate::legend::{pixels_of_curves, read_plot_texts, read_printed, without_marks};
use crate::named_arms::{NamedArms, Surroundings};
use crate::overrides::{PanelStatements, correct_panel, with_stated_points};
use crate::panel_title::{Plot, read_panel_title};
use crate::plane::Rect;
use crate::plot_curves::trace_plot;
use crate::printed_statistics::statistics_in;
use crate::redrawing::compare;
use crate::risk::{FoundRiskTable, read_risk_table};
use crate::snapping::Strokes;
use crate::ticks::{TickMark, survival_ticks, time_ticks};
use crate::words::{Word, tallest_letter, words_in};

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
    let below = Rect { top: lines.horizontal.last.max(territory.top), ..territory };
    let beside = Rect { right: lines.vertical.first.min(territory.right), ..territory };
    with_stated_points(
        lines,
        statements,
        Rect { left: 0, top: 0, right: page.width(), bottom: page.height() },
        || {
            let ticks = time_ticks(page, &lines);
            by_whole_or_cut_words(page, &words, below, |words| time_axis(page, reader, &lines, &ticks, words))
        },
        || {
            let ticks = survival_ticks(page, &lines);
            by_whole_or_cut_words(page, &words, beside, |words| {
                survival_axis(page, reader, &lines, &ticks, words)
            })
        },
    )
}

/// Two numbers that agree may be parts of cut letters.
const FEWEST_CUT_LABELS: usize = 3;

/// The axis that the words of the page give or, where their numbers do not agree, the words of a strip beside the axis line:
/// cut off from the line and its ticks, which may touch them.
fn by_whole_or_cut_words(
    page: &InkPage,
    words: &[Word],
    strip: Rect,
    axis_of: impl Fn(&[Word]) -> Result<LabelledAxis, String>,
) -> Result<LabelledAxis, String> {
    let whole = axis_of(words);
    if whole.as_ref().is_ok_and(|axis| axis.agreed) {
        return whole;
    }
    match axis_of(&words_in(page, strip, tallest_letter(page.height()))) {
        Ok(axis) if axis.agreed && axis.calibration.ticks.len() >= FEWEST_CUT_LABELS => Ok(axis),
        _ => whole,
    }
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
    let labels_agree = x.agreed && y.agreed;
    let label_height = letter_height(&words, x.labels);
    let strokes = place_axes(page, &axes, &mut x, &mut y, label_height);
    let mut snapped = strokes.unsnap(&mut x.calibration, &mut y.calibration);
    let inside = axes.inside();
    let mut texts = read_titles(page, reader, &words, &mut x, &mut y, inside);
    let mut findings: Vec<Finding> = Vec::new();
    let printed = read_printed(page, reader, &words, inside);
    let no_curves = [printed.words(), frames_within(page, inside)].concat();
    let trace = |y: &AxisCalibration| trace_plot(page, inside, &x.calibration, y, statements, &no_curves);
    let mut traced = trace(&y.calibration);
    if traced.curves.is_empty()
        && let Some(tenths) = with_lost_points(&y.calibration)
    {
        traced = trace(&tenths);
        y.calibration = tenths;
        findings.push(points_restored(index));
    }
    let limits = confidence_limits(&traced.curves, page.background);
    if !snapped && !traced.rising {
        snapped = strokes.unsnap_by_curves(&mut x.calibration, &mut y.calibration, &traced);
        strokes.place_by_curves(&mut y.calibration, &traced, label_tolerance(label_height as f64));
        traced.survival_axis = y.calibration.clone();
    }
    y.calibration = traced.printed_axis_as_survival(&y.calibration);
    let mut order = statements.arms_among(&traced.curves, &limits);
    statements.trace_way_points(page, &x.calibration, &mut traced, &mut order, &mut findings);
    statements.note_missing_arms(&order, &mut findings);
    let (area, curves) = (traced.area, traced.on_page());
    if order.is_empty() {
        return Err("no survival curve was found between the axes".to_owned());
    }
    let below = Rect { top: x.labels.bottom, ..territory };
    // Some software prints the numbers between S = 0 and the time axis; the last may reach over the frame.
    let within =
        Rect { left: territory.left, right: territory.right, top: area.bottom, bottom: inside.bottom };
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
    let risk_table = risk.map(|mut found| {
        findings.append(&mut found.findings);
        (found.table, found.looks)
    });
    let rows = risk_table.as_ref().map_or(&[] as &[_], |(table, _)| table.rows.as_slice());
    let plot_texts = without_marks(plot_texts, rows);
    if traced.rising {
        findings.push(Finding::note(
            "incidence-printed",
            format!("panel {index}, survival axis"),
            "the curves rise: what was printed is an incidence, and 1 - incidence is given as survival",
        ));
    }
    let quantity = if traced.rising { PlottedQuantity::Incidence } else { PlottedQuantity::Survival };
    let place = format!("panel {index}");
    let around =
        Surroundings { page, x: &x.calibration, snapped, texts: &plot_texts, table: risk_table.as_ref() };
    let mut named = NamedArms::of(around, &traced, order)?;
    if statements.stated.is_none() {
        let noted = (place.as_str(), &mut findings);
        named = named.with_missing(around, statements, &no_curves, &mut traced, noted)?;
    }
    let curves = traced.on_page();
    let of_order =
        |order: &[usize]| -> Vec<&TracedCurve> { order.iter().map(|&curve| &curves[curve]).collect() };
    if statements.stated.is_none() {
        let drawn = of_order(&named.order);
        let axes = (&x.calibration, &y.calibration);
        named = named.without_surplus(&drawn, &plot_texts, axes, (&place, &mut findings));
    }
    let NamedArms { order, arms: digitized, first_levels, text_of_arm, table: risk_table } = named;
    let arms = of_order(&order);
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
        risk_table,
        arms: digitized,
        texts,
        statistics,
    };
    correct_panel(&mut panel, statements, &mut findings);
    let redrawing = compare(page, &panel, &traced, &curves, &words);
    let evidence = Evidence::of(redrawing, &plot_texts, |index| named(index).is_some(), &arms, labels_agree);
    Ok(ReadPanel { panel, first_levels, evidence, findings })
}

/// Says that the labels of a survival axis are taken for tenths.
fn points_restored(panel: usize) -> Finding {
    Finding::note(
        "decimal-points-restored",
        format!("panel {panel}, survival axis"),
        "the labels read as single digits, and a scale of a few percent shows no curve: they are taken for tenths whose decimal points are too faint to be seen",
    )
}

/// Fits both axes to all lines that show where their values are; gives these lines.
fn place_axes<'a>(
    page: &'a InkPage,
    lines: &AxisPair,
    x: &mut LabelledAxis,
    y: &mut LabelledAxis,
    letter_height: usize,
) -> Strokes<'a> {
    let print = [x.labels, y.labels];
    let (x, y) = (&mut x.calibration, &mut y.calibration);
    let (mut of_x, mut of_y) = (time_ticks(page, lines), survival_ticks(page, lines));
    let [across_x, across_y] = place_at_strokes(page, lines, (x, &of_x), (y, &of_y), letter_height);
    let stroke = |position: f64| TickMark { position, length: 0 };
    of_x.extend(across_x.into_iter().map(stroke));
    of_y.extend(across_y.into_iter().map(stroke));
    Strokes { page, lines: *lines, of_x, of_y, print }
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
