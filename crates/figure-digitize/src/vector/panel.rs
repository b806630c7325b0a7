//! Puts a panel together: axes, arms, marks, names and numbers at risk.

use kmeta_figure_source::vector::{Bounds, VectorPage};
use kmeta_trial_data::{
    Axes, AxisCalibration, DigitizedArm, Finding, LineStyle, Panel, PlottedQuantity, ReadText, RiskTable,
    StepCurve, TextRole,
};

use super::arms::find_arms;
use super::axes::FoundAxes;
use super::chains::{Chain, Course, chains_in};
use super::legend::{named_looks, names_of};
use super::level_arms::level_arms;
use super::lines::{LEVEL_PX, Line, is_hued, is_seen, same_color};
use super::marks::{FoundMarks, find_marks};
use super::risk_table::{FoundTable, is_heading, pixel_box, read_table};
use super::text::TextRun;
use super::titles::find_titles;
use super::whole_events::whole_events_cost;
use crate::arm_names::{SAME_NAME, UNUSED_ROW, cheapest, fit_cost, similarity};
use crate::axis_labels::time_unit_in;
use crate::intervals::{Corner, Intervals, intervals};
use crate::plot_curves::complement;
use crate::printed_statistics::statistics_in;

/// Standard deviation of a coordinate of a path, in pixels: files hold hundredths of a point, three to the pixel.
const COORDINATE_SIGMA_PX: f64 = 0.01;

/// Middles of labels are off their ticks by at most this share of the font's height.
const LABEL_OFFSET: f64 = 0.4;

/// A page with what was read of it so far.
pub(crate) struct PanelPage<'p> {
    pub(crate) page: &'p VectorPage,
    pub(crate) lines: &'p [Line],
    pub(crate) words: &'p [TextRun],
    pub(crate) phrases: &'p [TextRun],
    /// The part that belongs to the panel.
    pub(crate) territory: Bounds,
}

/// A panel with what the verdict needs beside it.
pub(crate) struct ReadPanel {
    pub(crate) panel: Panel,
    pub(crate) first_levels: Vec<f64>,
    pub(crate) findings: Vec<Finding>,
}

/// Reads the panel with the given axes; nothing when no survival curve runs between them.
pub(crate) fn read_panel(content: &PanelPage<'_>, found: &FoundAxes, index: usize) -> Option<ReadPanel> {
    let mut axes = Axes { x: found.x.calibration.clone(), y: found.y.calibration.clone() };
    let plot = plot_with_curves(found, &axes);
    let mut chains = chains_in(content.lines, &content.page.paths, &plot);
    chains.retain(|chain| !found.insets.iter().any(|inset| inset.grown(2.0).contains(chain.start())));
    let off = if found.y.has_marks { 0.0 } else { LABEL_OFFSET * found.y.size };
    let level_error = off * axes.y.slope.abs();
    let named = named_looks(content, &found.area);
    let mut arms = find_arms(&chains, &axes, &plot, Course::Falling, level_error, &named).arms;
    let mut quantity = PlottedQuantity::Survival;
    if arms.is_empty() {
        let complements = Axes { x: axes.x.clone(), y: complement(&axes.y) };
        let rising = find_arms(&chains, &complements, &plot, Course::Rising, level_error, &named).arms;
        if !rising.is_empty() || level_arms(&[], content, &axes, &plot).is_empty() {
            (arms, axes, quantity) = (rising, complements, PlottedQuantity::Incidence);
        }
    }
    let level = level_arms(&arms, content, &axes, &plot);
    if arms.is_empty() && level.is_empty() {
        return None;
    }
    arms.splice(0..0, level);
    let anchored = anchor_at_starts(&mut axes, found, &arms);
    // Where axis lines end at the last tick, curves and marks go on.
    let drawn = arms.iter().map(Chain::bounds).fold(plot, |area, arm| area.union(&arm));
    let marks = find_marks(&content.page.paths, &content.page.glyphs, content.lines, &arms, &drawn);
    let table = risk_table(content, found, &axes);
    let outside_table: Vec<TextRun> = content
        .phrases
        .iter()
        .filter(|phrase| !table.as_ref().is_some_and(|table| phrase.bounds.overlaps(&table.area)))
        .cloned()
        .collect();
    let filled = filled_shapes(content.page);
    let names = names_of(&arms, content.lines, &filled, &outside_table, &content.territory);
    let used: Vec<usize> = names.iter().flatten().copied().collect();
    let titles = find_titles(found, &outside_table, &content.territory, &used);
    let mut texts: Vec<ReadText> =
        used.iter().map(|&index| read_text(&outside_table[index], TextRole::Legend)).collect();
    if let Some(title) = titles.x.map(|index| &outside_table[index]) {
        axes.x.unit = time_unit_in(&title.text);
        axes.x.title = title.text.clone();
        texts.push(read_text(title, TextRole::AxisTitle));
    }
    if let Some(title) = titles.y.map(|index| &outside_table[index]) {
        axes.y.title = title.text.clone();
        texts.push(read_text(title, TextRole::AxisTitle));
    }
    texts.extend(further_texts(content, found, &outside_table, &texts));
    let mut digitized = Vec::new();
    let mut first_levels = Vec::new();
    for (arm, chain) in arms.iter().enumerate() {
        let label = names[arm].map_or(String::new(), |index| outside_table[index].text.clone());
        let (read, first_level) = digitized_arm(chain, label, &axes, &marks.columns[arm])?;
        digitized.push(read);
        first_levels.push(first_level);
    }
    let mut findings = findings_of(&marks, &titles.title, index);
    findings.extend(anchored.then(|| {
        Finding::note(
            "axes-set-by-curve-start",
            format!("panel {index}"),
            "an axis has no tick marks: its labels give the scale, and the common start of the curves its place at S = 1 and time 0",
        )
    }));
    if quantity == PlottedQuantity::Incidence {
        findings.push(Finding::note(
            "incidence-printed",
            format!("panel {index}, survival axis"),
            "the curves rise: what was printed is an incidence, and 1 - incidence is given as survival",
        ));
    }
    findings.extend(table.as_ref().is_some_and(|table| table.by_order).then(|| {
        Finding::warning(
            "risk-columns-by-order",
            format!("panel {index}, numbers at risk"),
            "the numbers are spread evenly but not below the ticks; there is one for each tick, and they were taken in order",
        )
    }));
    let misread = table.as_ref().map_or(&[][..], |table| &table.left_out);
    findings.extend((!misread.is_empty()).then(|| {
        Finding::warning(
            "risk-cells-left-out",
            format!("panel {index}, numbers at risk"),
            format!(
                "the text is drawn as outlines and was read like a picture; numbers that rise within their row were left blank: {}",
                misread.join(", ")
            ),
        )
    }));
    let looks: Vec<[u8; 3]> = arms.iter().map(|arm| arm.look.color).collect();
    let risk_table = table.map(|table| assigned(table, &mut digitized, &looks));
    let arm_names: Vec<String> = digitized.iter().map(|arm| arm.label.clone()).collect();
    let arm_of =
        |index: usize| arm_names.iter().position(|name| !name.is_empty() && texts[index].text == *name);
    let statistics = statistics_in(&texts, &arm_names, arm_of);
    let panel = Panel {
        panel: index,
        quantity,
        letter: titles.letter,
        title: titles.title,
        plot_area: pixel_box(&found.area),
        axes,
        risk_table,
        arms: digitized,
        texts,
        statistics,
    };
    Some(ReadPanel { panel, first_levels, findings })
}

/// The plot, extended to S = 1, S = 0 and time 0 where those lie on the page beyond the last ticks.
fn plot_with_curves(found: &FoundAxes, axes: &Axes) -> Bounds {
    let mut plot = found.area;
    let start = axes.x.pixel_at(0.0);
    if start < plot.left && start > found.y.labels.right.min(plot.left) {
        plot.left = start;
    }
    let (one, zero) = (axes.y.pixel_at(1.0), axes.y.pixel_at(0.0));
    plot.top = plot.top.min(one.max(plot.top - 0.3 * plot.height()));
    if zero > plot.bottom && zero < found.x.labels.top {
        plot.bottom = zero;
    }
    plot
}

/// An axis without tick marks is known by its labels, whose middles are all off by the same unknown bit of the font. Where
/// every curve starts at one point near S = 1 and time 0, that point sets the axis. Returns whether an axis was set.
fn anchor_at_starts(axes: &mut Axes, found: &FoundAxes, arms: &[Chain]) -> bool {
    let start = arms[0].start();
    let in_common =
        |index: usize| arms.iter().all(|arm| (arm.start()[index] - start[index]).abs() <= LEVEL_PX);
    let mut was_set = false;
    for (axis, origin, value, index) in [(&mut axes.x, &found.x, 0.0, 0), (&mut axes.y, &found.y, 1.0, 1)] {
        let off = start[index] - axis.pixel_at(value);
        if !origin.has_marks && in_common(index) && off.abs() <= LABEL_OFFSET * origin.size {
            axis.intercept -= off * axis.slope;
            for tick in &mut axis.ticks {
                tick.pixel += off;
            }
            was_set |= off != 0.0;
        }
    }
    was_set
}

fn risk_table(content: &PanelPage<'_>, found: &FoundAxes, axes: &Axes) -> Option<FoundTable> {
    let territory = content.territory;
    let below = Bounds { top: found.x.labels.bottom, ..territory };
    let (words, phrases) = (content.words, content.phrases);
    read_table(&axes.x, words, phrases, &below).or_else(|| {
        // Some software prints the numbers between S = 0 and the time axis.
        let zero = axes.y.pixel_at(0.0);
        let within = Bounds { top: zero, bottom: found.x.labels.top, ..territory };
        (within.bottom - within.top > found.x.size)
            .then(|| read_table(&axes.x, words, phrases, &within))
            .flatten()
    })
}

/// Gives each row its arm: by its name and colour, and by how well its numbers fit the curve. Arms without a name take
/// that of their row.
fn assigned(found: FoundTable, arms: &mut [DigitizedArm], colors: &[[u8; 3]]) -> RiskTable {
    let mut table = found.table;
    let cost = |row: usize, arm: usize| {
        let alike = similarity(&table.rows[row].label, &arms[arm].label);
        let has_names = !table.rows[row].label.is_empty() && !arms[arm].label.is_empty();
        let name = if has_names { 4.0 * (1.0 - alike) } else { 0.0 };
        // A row printed in a colour belongs to the arm of that colour.
        let color = match (is_hued(found.colors[row]), same_color(found.colors[row], colors[arm])) {
            (true, true) => -2.0,
            (true, false) => 2.0,
            (false, _) => 0.0,
        };
        let bonus = if alike >= SAME_NAME { -4.0 } else { 0.0 };
        let fit = fit_cost(&table, row, &arms[arm]) + whole_events_cost(&table, row, &arms[arm]);
        10.0 + name + bonus + color + fit + 0.02 * row.abs_diff(arm) as f64
    };
    let items: Vec<(f64, Vec<f64>)> = (0..table.rows.len())
        .map(|row| (10.0 + UNUSED_ROW, (0..arms.len()).map(|arm| cost(row, arm)).collect()))
        .collect();
    for (row, arm) in cheapest(&items, arms.len()).into_iter().enumerate() {
        table.rows[row].arm = arm;
        if let Some(arm) = arm.and_then(|arm| arms.get_mut(arm)).filter(|arm| arm.label.is_empty()) {
            arm.label.clone_from(&table.rows[row].label);
        }
    }
    table
}

fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Small filled shapes, which may be keys of a legend.
fn filled_shapes(page: &VectorPage) -> Vec<(Bounds, [u8; 3])> {
    page.paths
        .iter()
        .filter(|path| path.subpaths.len() == 1)
        .filter_map(|path| {
            let fill = path.fill.filter(is_seen)?;
            Some((Bounds::around(&path.subpaths[0].points)?, fill.on_white()))
        })
        .collect()
}

fn read_text(run: &TextRun, role: TextRole) -> ReadText {
    ReadText { text: run.text.clone(), confidence: run.confidence, location: pixel_box(&run.bounds), role }
}

/// Texts inside the plot and headings of the table that have no other role yet.
fn further_texts(
    content: &PanelPage<'_>,
    found: &FoundAxes,
    phrases: &[TextRun],
    known: &[ReadText],
) -> Vec<ReadText> {
    let plot = found.area;
    phrases
        .iter()
        .filter(|phrase| phrase.visible && phrase.text.chars().filter(|c| c.is_alphanumeric()).count() >= 2)
        .filter(|phrase| {
            let middle = [phrase.bounds.center_x(), phrase.bounds.center_y()];
            plot.contains(middle) || (is_heading(&phrase.text) && content.territory.contains(middle))
        })
        .map(|phrase| {
            let role = if is_heading(&phrase.text) { TextRole::RiskTableTitle } else { TextRole::Other };
            read_text(phrase, role)
        })
        .filter(|text| known.iter().all(|other| other.location != text.location))
        .collect()
}

fn findings_of(marks: &FoundMarks, title: &str, index: usize) -> Vec<Finding> {
    let place = if title.is_empty() { format!("panel {index}") } else { format!("panel {index} ({title})") };
    let mut findings = Vec::new();
    if marks.shared > 0 {
        findings.push(Finding::note(
            "censor-marks-shared",
            place.clone(),
            format!(
                "{} censor marks stand where several arms run; each was given to the arm whose marks were drawn beside it",
                marks.shared
            ),
        ));
    }
    if marks.events > 0 {
        findings.push(Finding::note(
            "marks-of-events",
            place,
            format!(
                "{} symbols stand at every drop of their curve: they mark events and are no censor marks",
                marks.events
            ),
        ));
    }
    findings
}

/// A corner of a path: exact but for the digits of the file.
fn corner_at([column, row]: [f64; 2], time: f64, survival: f64) -> Corner {
    Corner { time, survival, column, column_error: 0.0, row, row_error: 0.0, seen: true }
}

/// The arm of a chain, with the level of its first stretch.
fn digitized_arm(chain: &Chain, label: String, axes: &Axes, marks: &[f64]) -> Option<(DigitizedArm, f64)> {
    let time_at = |column: f64| axes.x.value_at(column).max(0.0);
    let survival_at = |row: f64| axes.y.value_at(row).clamp(0.0, 1.0);
    let one = axes.y.pixel_at(1.0);
    let mut corners = vec![corner_at([axes.x.pixel_at(0.0), one], 0.0, 1.0)];
    for &[column, row] in &chain.points {
        // Rows that are S = 1 within the precision of coordinates.
        let level = if (row - one).abs() <= 2.0 * LEVEL_PX { 1.0 } else { survival_at(row) };
        let last = corners[corners.len() - 1];
        if level >= last.survival - 1e-9 {
            continue;
        }
        let time: f64 = time_at(column).max(last.time);
        if time - last.time <= axes.x.slope.abs() * LEVEL_PX / 2.0 && corners.len() > 1 {
            // Several corners of one drop.
            corners.pop();
            corners.push(corner_at([last.column, row], last.time, level));
        } else {
            corners.push(corner_at([column, row], time, level));
        }
    }
    let first_level = axes.y.value_at(chain.start()[1]);
    let (times, survival) = corners.iter().map(|corner| (corner.time, corner.survival)).unzip();
    let curve = StepCurve::new(times, survival).ok()?;
    let Intervals { lower, upper, time_errors } = intervals(&corners, &axes.x, &axes.y, COORDINATE_SIGMA_PX);
    let uncertainty = |axis: &AxisCalibration| axis.slope.abs() * COORDINATE_SIGMA_PX.hypot(axis.residual_px);
    let arm = DigitizedArm {
        label,
        color: hex(chain.look.color),
        line_style: if chain.look.is_dashed() || chain.from_dashes {
            LineStyle::Dashed
        } else {
            LineStyle::Solid
        },
        line_width_px: chain.look.width,
        curve_end: time_at(chain.end()[0]).max(curve.last_time()),
        curve,
        censor_times: marks.iter().map(|&column| time_at(column)).collect(),
        survival_uncertainty: uncertainty(&axes.y),
        time_uncertainty: uncertainty(&axes.x),
        survival_lower: lower,
        survival_upper: upper,
        time_errors,
        stretches: Vec::new(),
        dash_pattern: None,
        counts: None,
    };
    Some((arm, first_level))
}
