//! Influence of each study, all diagnostics beside each other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chart::{MARGIN, SMALL, draw_title, extent, write_if_free};
use crate::format::shortest;
use crate::palette::{BLUE, GREY_TEXT, GUIDE, INK, VERMILION};
use crate::scale::linear_ticks;
use crate::svg::{Anchor, Stroke, Svg, TextStyle};
use crate::text_metrics::{FontWeight, TextMetrics};
use crate::{ChartOptions, Figure, Scale, ScaleKind, footer};

/// Deletion diagnostics of one study (Viechtbauer & Cheung 2010).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InfluenceStudy {
    /// Name to print.
    pub label: String,
    /// Externally standardized residual.
    pub studentized_residual: f64,
    /// Standard deviations by which the study's fitted value moves without it.
    pub dffits: f64,
    /// Cook's distance.
    pub cooks_distance: f64,
    /// Variance of the mean without the study over that with it.
    pub covariance_ratio: f64,
    /// tau-squared without the study.
    pub tau_squared_deleted: f64,
    /// Cochran's Q without the study.
    pub q_deleted: f64,
    /// Weight in the random-effects model, a fraction.
    pub weight: f64,
    /// Whether a rule calls the study influential.
    pub influential: bool,
}

/// One diagnostic: its heading, its values, and what they are held against.
struct Panel {
    heading: &'static str,
    values: Vec<f64>,
    /// Limits beyond which a study stands out (dashed).
    limits: Vec<f64>,
    /// The value that all studies together have, or that means no influence (solid).
    center: Option<f64>,
}

/// Height of a row.
const ROW: f64 = 17.0;
/// Widest that names may become before they are wrapped.
const WIDEST_NAME: f64 = 200.0;
/// Distance of panels.
const GAP: f64 = 12.0;

/// The influence figure: a row for each study and a column for each diagnostic, with the limits that Viechtbauer & Cheung
/// (2010) give as dashed lines; studies that a limit calls influential are vermilion. Rows rather than numbered ticks
/// (as R `plot(influence())`), so that every point has its name.
pub fn influence_plot(title: &str, studies: &[InfluenceStudy], options: &ChartOptions) -> Figure {
    let panels = panels(studies);
    let style = TextStyle::new(SMALL);
    let widest = studies.iter().map(|study| style.width(&study.label)).fold(40.0, f64::max).min(WIDEST_NAME);
    // Panels are at least as wide as the longest word of their headings.
    let words = panels.iter().flat_map(|panel| panel.heading.split(' '));
    let narrowest = words.map(|word| style.bold().width(word)).fold(48.0, f64::max) + 1.0;
    let least = MARGIN + widest + 12.0 + (narrowest + GAP) * panels.len() as f64 - GAP + MARGIN;
    let width = options.width.clamp(320.0, 3000.0).max(least.ceil());
    let left = MARGIN + widest + 12.0;
    let panel_width = (width - MARGIN - left - GAP * (panels.len() as f64 - 1.0)) / panels.len() as f64;
    let mut svg = Svg::new();
    let top = draw_title(&mut svg, title, width) + 8.0;
    let (heights, bottom) = draw_names(&mut svg, studies, widest, top + 34.0);
    for (index, panel) in panels.iter().enumerate() {
        let from = left + index as f64 * (panel_width + GAP);
        draw_panel(&mut svg, panel, studies, &heights, (from, from + panel_width), (top, bottom));
    }
    let named: Vec<&str> =
        studies.iter().filter(|study| study.influential).map(|study| study.label.as_str()).collect();
    let text = if named.is_empty() {
        "No study is influential by the rules of Viechtbauer & Cheung (2010).".to_owned()
    } else {
        format!("Influential by the rules of Viechtbauer & Cheung (2010): {}.", named.join(", "))
    };
    let rules = "Dashed: |studentized residual| of 1.96, |DFFITS| of 3√(1/(k − 1)), Cook's distance of 0.455 (the median \
                 of χ²₁), a weight of 3/k. Solid: no influence, or the value with all studies.";
    let lines = [(text.clone(), INK), (rules.to_owned(), GREY_TEXT)];
    let bottom = footer::draw(&mut svg, MARGIN, bottom + 30.0, width - 2.0 * MARGIN, &lines, &options.note);
    let alt = format!("Influence of {} studies on {title}. {text}", studies.len());
    svg.finish(width, bottom + MARGIN - 4.0, &format!("Influence: {title}"), alt)
}

fn panels(studies: &[InfluenceStudy]) -> Vec<Panel> {
    let values = |part: fn(&InfluenceStudy) -> f64| studies.iter().map(part).collect::<Vec<f64>>();
    let count = studies.len().max(2) as f64;
    let dffits = 3.0 * (1.0 / (count - 1.0)).sqrt();
    let panel =
        |heading, values, limits: &[f64], center| Panel { heading, values, limits: limits.to_vec(), center };
    vec![
        panel("Studentized residual", values(|study| study.studentized_residual), &[-1.96, 1.96], Some(0.0)),
        panel("DFFITS", values(|study| study.dffits), &[-dffits, dffits], Some(0.0)),
        panel("Cook's distance", values(|study| study.cooks_distance), &[0.455], Some(0.0)),
        panel("Covariance ratio", values(|study| study.covariance_ratio), &[], Some(1.0)),
        panel("τ² without", values(|study| study.tau_squared_deleted), &[], None),
        panel("Q without", values(|study| study.q_deleted), &[], None),
        panel("Weight (%)", values(|study| 100.0 * study.weight), &[300.0 / count], None),
    ]
}

/// Writes the names; gives the middle of each row and the lower edge.
fn draw_names(svg: &mut Svg, studies: &[InfluenceStudy], widest: f64, top: f64) -> (Vec<f64>, f64) {
    let mut y = top;
    let mut middles = Vec::new();
    for study in studies {
        let lines = TextMetrics::wrap(&study.label, widest + 0.01, SMALL, FontWeight::Regular);
        let style = TextStyle::new(SMALL).color(if study.influential { VERMILION } else { "#000000" });
        svg.lines(MARGIN, y + ROW / 2.0 + 4.0, &lines, 13.0, &style);
        middles.push(y + ROW / 2.0);
        y += ROW + 13.0 * (lines.len() as f64 - 1.0);
    }
    (middles, y + 2.0)
}

fn draw_panel(
    svg: &mut Svg,
    panel: &Panel,
    studies: &[InfluenceStudy],
    heights: &[f64],
    (left, right): (f64, f64),
    (top, bottom): (f64, f64),
) {
    // A limit far from all values would press them together; it is drawn only where it is near.
    let (lowest, highest) = extent(panel.values.iter().copied().chain(panel.center));
    let reach = (highest - lowest).max(1e-9);
    let near = |limit: &f64| *limit >= lowest - reach && *limit <= highest + reach;
    let limits: Vec<f64> = panel.limits.iter().copied().filter(near).collect();
    let (lowest, highest) =
        extent(panel.values.iter().copied().chain(panel.center).chain(limits.iter().copied()));
    // Values that are all alike stand in the middle.
    let alike = highest - lowest <= 1e-9 * highest.abs().max(1e-9);
    let room = if alike { 0.1 * highest.abs().max(0.1) } else { 0.08 * (highest - lowest) };
    let scale = Scale::new(ScaleKind::Linear, (lowest - room, highest + room), (left, right));
    let heading = TextStyle::new(SMALL).bold().anchor(Anchor::Middle);
    let lines = TextMetrics::wrap(panel.heading, right - left, SMALL, FontWeight::Bold);
    svg.lines((left + right) / 2.0, top + if lines.len() > 1 { 12.0 } else { 25.0 }, &lines, 13.0, &heading);
    let top = top + 32.0;
    for limit in limits {
        let x = scale.position(limit);
        svg.line((x, top), (x, bottom), &Stroke::dashed(GUIDE, 0.9));
    }
    if let Some(center) = panel.center {
        let x = scale.position(center);
        svg.line((x, top), (x, bottom), &Stroke::solid(GUIDE, 0.9));
    }
    let points: Vec<(f64, f64)> = panel
        .values
        .iter()
        .zip(heights)
        .filter(|(value, _)| value.is_finite())
        .map(|(value, y)| (scale.position(*value), *y))
        .collect();
    svg.polyline(&points, &Stroke::solid("#c8d3de", 1.0));
    for ((value, &y), study) in panel.values.iter().zip(heights).zip(studies) {
        if value.is_finite() {
            let color = if study.influential { VERMILION } else { BLUE };
            svg.disc((scale.position(*value), y), 2.8, color, 1.0);
        }
    }
    svg.line((left, bottom), (right, bottom), &Stroke::solid(INK, 1.0));
    let style = TextStyle::new(10.0).anchor(Anchor::Middle);
    for tick in linear_ticks(lowest - room, highest + room, 3) {
        let x = scale.position(tick);
        svg.line((x, bottom), (x, bottom + 3.0), &Stroke::solid(INK, 1.0));
        // The labels of neighbouring panels may not meet.
        let half = style.width(&shortest(tick)) / 2.0;
        if x - half >= left - GAP / 2.0 && x + half <= right + GAP / 2.0 {
            write_if_free(svg, (x, bottom + 14.0), &shortest(tick), &style, 2.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_data::assert_figure_is_readable;

    fn studies(count: u32) -> Vec<InfluenceStudy> {
        let study = |index: u32| InfluenceStudy {
            label: format!("Groupe coopérateur multidisciplinaire en oncologie, étude {index} 试验"),
            studentized_residual: f64::from(index % 7) - 3.0,
            dffits: 0.2 * f64::from(index % 5) - 0.4,
            cooks_distance: 0.01 * f64::from(index % 9),
            covariance_ratio: 1.0 + 0.02 * f64::from(index % 4),
            tau_squared_deleted: 0.3 + 0.001 * f64::from(index),
            q_deleted: 140.0 - f64::from(index),
            weight: 1.0 / f64::from(count),
            influential: index == 3,
        };
        (0..count).map(study).collect()
    }

    #[test]
    fn figure_is_readable_with_any_number_of_studies() {
        for count in [0, 1, 2, 13, 120] {
            let figure = influence_plot("Étude", &studies(count), &ChartOptions::default());
            assert_figure_is_readable(&figure);
            assert_eq!(figure.alt_text.contains("étude 3 试验."), count > 3);
        }
    }

    #[test]
    fn values_that_are_none_are_left_out() {
        let mut some = studies(4);
        some[1].studentized_residual = f64::NAN;
        some[2].dffits = f64::INFINITY;
        assert_figure_is_readable(&influence_plot("t", &some, &ChartOptions::default()));
    }
}
