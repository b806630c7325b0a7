//! What all survival figures share: axes, step curves, legend.

use kmeta_trial_data::StepCurve;

use crate::format::{fixed, shortest};
use crate::palette::INK;
use crate::svg::{Anchor, Stroke, Svg, TextStyle};
use crate::{Scale, ScaleKind};

/// Room at the edges of the figure.
pub(crate) const MARGIN: f64 = 14.0;
/// Least room left of the survival axis, for its labels and title.
pub(crate) const AXIS_ROOM: f64 = 60.0;
/// Font size of axis titles, legend and numbers at risk.
pub(crate) const FONT: f64 = 12.0;

/// A line or a line with a band, with its name.
pub(crate) struct LegendEntry {
    pub(crate) label: String,
    pub(crate) stroke: Stroke,
    pub(crate) band: Option<&'static str>,
}

/// The axes of a survival figure.
pub(crate) struct SurvivalAxes {
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    /// Where the time axis has ticks and the risk table columns.
    pub(crate) ticks: Vec<f64>,
}

impl SurvivalAxes {
    /// Axes from time 0 to `end` and survival 0 to 1 inside `left..right` and `top..bottom`.
    pub(crate) fn new(end: f64, x_range: (f64, f64), y_range: (f64, f64), ticks: Vec<f64>) -> Self {
        let end = if end.is_finite() && end > 0.0 { end } else { 1.0 };
        Self {
            x: Scale::new(ScaleKind::Linear, (0.0, end), x_range),
            y: Scale::new(ScaleKind::Linear, (0.0, 1.0), (y_range.1, y_range.0)),
            ticks: ticks.into_iter().filter(|&tick| tick >= 0.0 && tick <= end * (1.0 + 1e-9)).collect(),
        }
    }

    /// The pixel of a time and a survival.
    pub(crate) fn point(&self, time: f64, survival: f64) -> (f64, f64) {
        (self.x.position(time), self.y.position(survival.clamp(0.0, 1.0)))
    }

    /// End of the time axis.
    pub(crate) fn end(&self) -> f64 {
        self.x.domain().1
    }

    /// Draws both axes with ticks and titles; returns the lower edge.
    pub(crate) fn draw(&self, svg: &mut Svg, survival_title: &str, time_title: &str, percent: bool) -> f64 {
        let ((left, right), (bottom, top)) = (self.x.range(), self.y.range());
        let line = Stroke::solid(INK, 1.0);
        svg.line((left, top), (left, bottom), &line);
        svg.line((left, bottom), (right, bottom), &line);
        let small = TextStyle::new(11.0);
        for fifth in 0..=5 {
            let survival = f64::from(fifth) / 5.0;
            let y = self.y.position(survival);
            svg.line((left - 4.0, y), (left, y), &line);
            let label = if percent { fixed(100.0 * survival, 0) } else { fixed(survival, 1) };
            svg.text(left - 7.0, y + 4.0, &label, &small.anchor(Anchor::End));
        }
        for &tick in &self.ticks {
            let x = self.x.position(tick);
            svg.line((x, bottom), (x, bottom + 4.0), &line);
            let style = small.anchor(Anchor::Middle);
            if !svg.is_taken(&style.text_box(x, bottom + 16.0, &shortest(tick))) {
                svg.text(x, bottom + 16.0, &shortest(tick), &style);
            }
        }
        let style = TextStyle::new(FONT);
        svg.text((left + right) / 2.0, bottom + 34.0, time_title, &style.anchor(Anchor::Middle));
        let title = if percent { format!("{survival_title} (%)") } else { survival_title.to_owned() };
        // Long titles shrink to the axis rather than run into what stands above and below.
        let size = (FONT * (bottom - top) / style.width(&title).max(1.0)).min(FONT);
        svg.vertical_text(left - 38.0, (top + bottom) / 2.0, &title, &TextStyle { size, ..style });
        bottom + 40.0
    }

    /// The corners of a step curve from time 0 to `curve_end` or the end of the axis, in pixels.
    pub(crate) fn steps(&self, curve: &StepCurve, curve_end: f64) -> Vec<(f64, f64)> {
        let end = curve_end.max(curve.last_time()).min(self.end());
        let mut level = 1.0;
        let mut points = vec![self.point(0.0, 1.0)];
        for (time, survival) in curve.corners().filter(|&(time, _)| time <= end) {
            if survival < level {
                points.extend([self.point(time, level), self.point(time, survival)]);
                level = survival;
            }
        }
        points.push(self.point(end, level));
        points
    }

    /// Dashed lines from the survival axis at one half to `time` and down to the time axis.
    pub(crate) fn draw_median(&self, svg: &mut Svg, time: f64, stroke: &Stroke) {
        if time <= self.end() {
            svg.polyline(&[self.point(0.0, 0.5), self.point(time, 0.5), self.point(time, 0.0)], stroke);
        }
    }
}

/// Every `n`-th of the ticks, the first included, so that neighbours are at least `distance` pixels apart.
pub(crate) fn thin(ticks: Vec<f64>, pixels_per_unit: f64, distance: f64) -> Vec<f64> {
    let stride = (1..=ticks.len()).find(|&stride| {
        let kept: Vec<f64> = ticks.iter().copied().step_by(stride).collect();
        kept.windows(2).all(|pair| (pair[1] - pair[0]) * pixels_per_unit >= distance)
    });
    ticks.into_iter().step_by(stride.unwrap_or(1)).collect()
}

/// Draws legend entries beside each other, in as many lines as they need; returns the lower edge.
pub(crate) fn draw_legend(svg: &mut Svg, entries: &[LegendEntry], left: f64, right: f64, top: f64) -> f64 {
    const SWATCH: f64 = 26.0;
    let style = TextStyle::new(FONT);
    let (mut x, mut y) = (left, top + FONT);
    for entry in entries {
        let room = right - left - SWATCH - 6.0;
        let lines = crate::TextMetrics::wrap(&entry.label, room, FONT, style.weight);
        let widest = lines.iter().map(|line| style.width(line)).fold(0.0, f64::max);
        let width = SWATCH + 6.0 + widest;
        if x > left && x + width > right {
            (x, y) = (left, y + 18.0);
        }
        if let Some(fill) = entry.band {
            svg.rectangle(x, y - 9.0, SWATCH, 10.0, fill);
        }
        svg.line((x, y - 4.0), (x + SWATCH, y - 4.0), &entry.stroke);
        let after = svg.lines(x + SWATCH + 6.0, y, &lines, 16.0, &style);
        y = y.max(after - 16.0);
        x += width + 20.0;
    }
    if entries.is_empty() { top } else { y + 6.0 }
}
