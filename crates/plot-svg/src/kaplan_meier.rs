//! Kaplan-Meier figures of one or several arms.

use kmeta_trial_data::{PatientRecord, StepCurve};

use crate::format::shortest;
use crate::number_at_risk::{self, RiskLine};
use crate::palette::{ARMS, GUIDE};
use crate::survival_axes::{AXIS_ROOM, FONT, LegendEntry, MARGIN, SurvivalAxes, draw_legend, thin};
use crate::svg::{Stroke, Svg, TextStyle};
use crate::text_metrics::TextMetrics;
use crate::{Figure, KaplanMeierOptions, footer, time_step};

/// One arm of a [`kaplan_meier_figure`]. Censor marks, numbers at risk and the end of the curve follow from
/// the patients.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmCurve {
    /// Name for legend and risk table.
    pub label: String,
    /// Its Kaplan-Meier curve.
    pub curve: StepCurve,
    /// Its patients; the curve alone is drawn when there are none.
    pub patients: Vec<PatientRecord>,
}

impl ArmCurve {
    /// The last follow-up, or the last step where there are no patients.
    pub(crate) fn end(&self) -> f64 {
        self.patients.iter().map(|patient| patient.time).fold(self.curve.last_time(), f64::max)
    }

    /// Patients whose follow-up is at least `time`.
    fn number_at_risk(&self, time: f64) -> u32 {
        let count = self.patients.iter().filter(|patient| patient.time >= time).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

/// A curve to draw.
pub(crate) struct Line<'a> {
    pub(crate) curve: &'a StepCurve,
    pub(crate) end: f64,
    pub(crate) stroke: Stroke,
}

/// A figure with its curves and numbers at risk, to which more can be added below.
pub(crate) struct Drawn {
    pub(crate) svg: Svg,
    pub(crate) axes: SurvivalAxes,
    pub(crate) width: f64,
    pub(crate) bottom: f64,
}

/// The Kaplan-Meier figure of the arms of a trial: step curves in colours that people with colour blindness
/// can tell apart, censor marks, medians, numbers at risk aligned with the ticks, and the given statistics
/// where the curves leave room (below the figure where they leave none).
pub fn kaplan_meier_figure(arms: &[ArmCurve], options: &KaplanMeierOptions) -> Figure {
    let (svg, width, height) = draw_arms(arms, options);
    svg.finish(width, height, &options.title, arms_alt_text(arms, options))
}

/// The footer below a figure, and its size.
pub(crate) fn with_footer(drawn: Drawn, outside: &[String], note: &str) -> (Svg, f64, f64) {
    let Drawn { mut svg, width, bottom, .. } = drawn;
    let lines: Vec<(String, &'static str)> =
        outside.iter().map(|line| (line.clone(), crate::palette::INK)).collect();
    let bottom = footer::draw(&mut svg, MARGIN, bottom + 6.0, width - 2.0 * MARGIN, &lines, note);
    (svg, width, bottom + MARGIN)
}

fn arm_stroke(index: usize) -> Stroke {
    let color = ARMS[index % ARMS.len()];
    if index < ARMS.len() { Stroke::solid(color, 1.8) } else { Stroke::dashed(color, 1.8) }
}

fn draw_arms(arms: &[ArmCurve], options: &KaplanMeierOptions) -> (Svg, f64, f64) {
    let lines: Vec<Line<'_>> = arms
        .iter()
        .enumerate()
        .map(|(index, arm)| Line { curve: &arm.curve, end: arm.end(), stroke: arm_stroke(index) })
        .collect();
    let legend: Vec<LegendEntry> = arms
        .iter()
        .enumerate()
        .map(|(index, arm)| LegendEntry { label: arm.label.clone(), stroke: arm_stroke(index), band: None })
        .collect();
    let marks: Vec<(&ArmCurve, &'static str)> =
        arms.iter().enumerate().map(|(index, arm)| (arm, ARMS[index % ARMS.len()])).collect();
    let (drawn, outside) = draw(&lines, &legend, &marks, options);
    with_footer(drawn, outside, &options.note)
}

/// Draws lines, and the censor marks, medians and numbers at risk of `arms`. Gives back the statistics that found no
/// room.
pub(crate) fn draw<'a>(
    lines: &[Line<'_>],
    legend: &[LegendEntry],
    arms: &[(&ArmCurve, &'static str)],
    options: &'a KaplanMeierOptions,
) -> (Drawn, &'a [String]) {
    let width = options.width.clamp(280.0, 3000.0);
    let mut svg = Svg::new();
    let title = TextStyle::new(14.0).bold();
    let mut top = MARGIN - 4.0;
    if !options.title.is_empty() {
        let wrapped = TextMetrics::wrap(&options.title, width - 2.0 * MARGIN, title.size, title.weight);
        top = svg.lines(MARGIN, MARGIN + 12.0, &wrapped, 18.0, &title) - 10.0;
    }
    top = draw_legend(&mut svg, legend, MARGIN, width - MARGIN, top) + 10.0;
    let end = lines.iter().map(|line| line.end).fold(0.0, f64::max);
    let usable = |value: &f64| value.is_finite() && *value > 0.0;
    let end = options.time_end.filter(usable).unwrap_or(end * 1.02).max(f64::MIN_POSITIVE);
    let step = options.time_step.filter(usable).unwrap_or_else(|| time_step(end, options.time_unit, 8));
    let ticks = crate::scale::multiples(0.0, end, step);
    let risk = risk_lines(arms, &ticks, options);
    let left = number_at_risk::room_for_names(&risk).max(AXIS_ROOM);
    let right = width - MARGIN - 6.0;
    let ticks = thin(ticks, (right - left) / end, number_at_risk::tick_distance(&risk));
    let height = options.plot_height.clamp(120.0, 3000.0);
    let axes = SurvivalAxes::new(end, (left, right), (top, top + height), ticks);
    draw_curves(&mut svg, &axes, lines, arms, options);
    let bottom = axes.draw(&mut svg, &options.survival_title, &time_title(options), options.percent);
    let outside = draw_statistics(&mut svg, &axes, lines, &options.statistics);
    let bottom = number_at_risk::draw(&mut svg, &axes, &risk, bottom + 4.0);
    (Drawn { svg, axes, width, bottom }, outside)
}

fn time_title(options: &KaplanMeierOptions) -> String {
    match options.time_unit {
        _ if !options.time_title.is_empty() => options.time_title.clone(),
        Some(unit) => format!("Time ({unit})"),
        None => "Time".to_owned(),
    }
}

fn risk_lines(
    arms: &[(&ArmCurve, &'static str)],
    ticks: &[f64],
    options: &KaplanMeierOptions,
) -> Vec<RiskLine> {
    if !options.show_number_at_risk {
        return Vec::new();
    }
    arms.iter()
        .filter(|(arm, _)| !arm.patients.is_empty())
        .map(|(arm, color)| RiskLine {
            name: arm.label.clone(),
            color,
            counts: ticks.iter().map(|&tick| (tick, arm.number_at_risk(tick))).collect(),
        })
        .collect()
}

fn draw_curves(
    svg: &mut Svg,
    axes: &SurvivalAxes,
    lines: &[Line<'_>],
    arms: &[(&ArmCurve, &'static str)],
    options: &KaplanMeierOptions,
) {
    if options.show_medians {
        for median in arms.iter().filter_map(|(arm, _)| arm.curve.median()) {
            axes.draw_median(svg, median, &Stroke::dashed(GUIDE, 1.0));
        }
    }
    for line in lines {
        svg.polyline(&axes.steps(line.curve, line.end), &line.stroke);
    }
    if !options.show_censor_marks {
        return;
    }
    for (arm, color) in arms {
        let mut times: Vec<f64> =
            arm.patients.iter().filter(|patient| !patient.event).map(|patient| patient.time).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        for time in times.into_iter().filter(|&time| time <= axes.end()) {
            let (x, y) = axes.point(time, arm.curve.survival_at(time));
            svg.line((x, y - 4.0), (x, y + 4.0), &Stroke::solid(color, 1.2));
        }
    }
}

/// Writes the statistics at the top right or the bottom left when no curve runs there; else gives them back.
fn draw_statistics<'a>(
    svg: &mut Svg,
    axes: &SurvivalAxes,
    lines: &[Line<'_>],
    statistics: &'a [String],
) -> &'a [String] {
    const LINE: f64 = 16.0;
    let style = TextStyle::new(FONT);
    let width = statistics.iter().map(|text| style.width(text)).fold(0.0, f64::max);
    #[allow(clippy::cast_precision_loss, reason = "a handful of lines")]
    let height = statistics.len() as f64 * LINE;
    let ((left, right), (bottom, top)) = (axes.x.range(), axes.y.range());
    if statistics.is_empty() || width > right - left - 16.0 {
        return statistics;
    }
    let time_at = |x: f64| axes.end() * (x - left) / (right - left);
    let survival_y = |line: &Line<'_>, x: f64| axes.y.position(line.curve.survival_at(time_at(x)));
    let block_left = right - width - 4.0;
    // Curves never rise: at the top right the left edge decides, at the bottom left the right edge.
    let right_is_free = lines.iter().all(|line| survival_y(line, block_left - 8.0) > top + height + 10.0);
    let left_is_free =
        lines.iter().all(|line| survival_y(line, left + width + 16.0) < bottom - height - 12.0);
    if right_is_free {
        svg.lines(block_left, top + FONT, statistics, LINE, &style);
    } else if left_is_free {
        svg.lines(left + 8.0, bottom - height + FONT - 6.0, statistics, LINE, &style);
    } else {
        return statistics;
    }
    &[]
}

fn arms_alt_text(arms: &[ArmCurve], options: &KaplanMeierOptions) -> String {
    let arms: Vec<String> = arms
        .iter()
        .map(|arm| {
            let median = arm.curve.median().map_or("not reached".to_owned(), shortest_to_hundredth);
            format!("{}: {} patients, median {median}", arm.label, arm.patients.len())
        })
        .collect();
    let title =
        if options.title.is_empty() { options.survival_title.as_str() } else { options.title.as_str() };
    let statistics = options.statistics.join(" ");
    format!("{title}: Kaplan-Meier curves. {}. {statistics}", arms.join("; ")).trim_end().to_owned()
}

fn shortest_to_hundredth(value: f64) -> String {
    shortest((value * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_data::{assert_texts_are_apart, kaplan_meier, patients};

    fn arm(label: &str, count: u32, median: f64) -> ArmCurve {
        let patients = patients(count, median);
        ArmCurve { label: label.to_owned(), curve: kaplan_meier(&patients), patients }
    }

    #[test]
    fn texts_are_apart() {
        let long = "Association d'un inhibiteur de tyrosine kinase et d'un anticorps anti-PD-1";
        let arms = [arm(long, 110, 3.0), arm("Placebo", 55, 1.4), arm("Third", 20, 9.0)];
        let statistics = vec!["HR 0.46 (95% CI 0.32 to 0.66)".to_owned(), "Log-rank p < 0.0001".to_owned()];
        for width in [280.0, 420.0, 620.0] {
            for count in 1..=3 {
                let options = KaplanMeierOptions {
                    title: "Progression-free survival".to_owned(),
                    statistics: statistics.clone(),
                    width,
                    ..KaplanMeierOptions::default()
                };
                let (svg, width, height) = draw_arms(&arms[..count], &options);
                assert_texts_are_apart(&svg, width, height);
                assert!(svg.texts().iter().any(|text| text.text.contains("Log-rank")));
            }
        }
    }

    #[test]
    fn numbers_at_risk_and_censor_marks_follow_the_patients() {
        let arm = arm("A", 10, 5.0);
        assert_eq!(arm.number_at_risk(0.0), 10);
        assert_eq!(arm.number_at_risk(arm.end() + 0.1), 0);
        let plain = KaplanMeierOptions { show_censor_marks: false, ..KaplanMeierOptions::default() };
        let marks = |options: &KaplanMeierOptions| {
            kaplan_meier_figure(std::slice::from_ref(&arm), options).svg.matches("<line").count()
        };
        assert_eq!(marks(&KaplanMeierOptions::default()) - marks(&plain), 2);
    }

    #[test]
    fn figure_without_arms_or_patients_is_drawn() {
        let options = KaplanMeierOptions::default();
        assert!(!kaplan_meier_figure(&[], &options).svg.contains("NaN"));
        let bare = ArmCurve { patients: Vec::new(), ..arm("A", 10, 5.0) };
        assert!(!kaplan_meier_figure(&[bare], &options).svg.contains("Number at risk"));
    }

    #[test]
    fn small_two_arm_snapshot() {
        let options = KaplanMeierOptions {
            statistics: vec!["HR 0.46 [0.32, 0.66]".to_owned()],
            ..KaplanMeierOptions::default()
        };
        insta::assert_snapshot!(kaplan_meier_figure(&[arm("A", 8, 6.0), arm("B", 6, 3.0)], &options).svg);
    }
}
