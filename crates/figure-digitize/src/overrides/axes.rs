//! Which panel a person speaks of, and axes calibrated by stated points.

use kmeta_trial_data::{AxisPoint, FigureOverrides, Finding, Panel};

use super::PanelStatements;
use crate::axis_labels::{CalibratedAxes, LabelledAxis};
use crate::axis_lines::{AxisPair, InkLine};
use crate::calibrate::{Direction, calibrate_by_points};
use crate::plane::Rect;

/// A stated plot area must be as wide and high as this, in pixels.
const SMALLEST_PLOT: usize = 20;
/// Height of the row of tick labels below axes that a person stated, as a share of the page.
const LABEL_ROW: usize = 25;

/// What a person states about a figure, with what was read without it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statements<'a> {
    pub(crate) overrides: &'a FigureOverrides,
    pub(crate) automatic: &'a [Panel],
}

impl<'a> Statements<'a> {
    /// What is stated about each pair of axis lines.
    pub(crate) fn of_lines(&self, lines: &[AxisPair]) -> Vec<PanelStatements<'a>> {
        let mut of_lines: Vec<PanelStatements<'a>> = lines
            .iter()
            .map(|pair| {
                let automatic = self.automatic.iter().find(|panel| lies_in(&panel.plot_area, pair.outline()));
                let by_area = self
                    .overrides
                    .panels
                    .iter()
                    .find(|stated| stated.plot_area.is_some_and(|area| lies_in(&area, pair.outline())));
                let by_index = || automatic.and_then(|panel| self.overrides.of_panel(panel.panel));
                PanelStatements { stated: by_area.or_else(by_index), automatic }
            })
            .collect();
        // What is said of a panel that was not read belongs to the next axes without one.
        let free: Vec<_> = self
            .overrides
            .panels
            .iter()
            .filter(|stated| stated.plot_area.is_none() && stated.panel >= self.automatic.len())
            .collect();
        let unread = of_lines.iter_mut().filter(|of| of.automatic.is_none() && of.stated.is_none());
        for (of, stated) in unread.zip(free) {
            of.stated = Some(stated);
        }
        of_lines
    }

    /// The axes of panels that only a person sees: those stated whose axis lines were not found among `known`.
    pub(crate) fn unseen(
        &self,
        known: &[PanelStatements<'_>],
        page: Rect,
        findings: &mut Vec<Finding>,
    ) -> Vec<(CalibratedAxes, PanelStatements<'a>)> {
        let is_known =
            |panel: usize| known.iter().any(|of| of.stated.is_some_and(|stated| stated.panel == panel));
        let mut unseen = Vec::new();
        for stated in self.overrides.panels.iter().filter(|stated| !is_known(stated.panel)) {
            let place = format!("overrides, panel {}", stated.panel);
            let statements = PanelStatements { stated: Some(stated), automatic: None };
            match axes_of_points(statements, page) {
                Ok(axes) => unseen.push((axes, statements)),
                Err(reason) => findings.push(Finding::error("overrides-unused", place, reason)),
            }
        }
        unseen
    }
}

/// Whether the middle of an area lies in a rectangle.
fn lies_in(area: &kmeta_trial_data::PixelBox, outline: Rect) -> bool {
    outline.contains((area.left + area.right) / 2.0, (area.top + area.bottom) / 2.0)
}

/// The axis through stated points, or why they make none; nothing where no point is stated.
fn stated_axis(
    points: &[AxisPoint],
    direction: Direction,
    line_px: f64,
) -> Option<Result<kmeta_trial_data::AxisCalibration, String>> {
    (!points.is_empty()).then(|| {
        let points: Vec<(f64, f64)> = points.iter().map(|point| (point.pixel, point.value)).collect();
        calibrate_by_points(&points, direction, line_px)
    })
}

/// The axes of a panel, with stated points in the place of what was read, as far as there are any.
///
/// # Errors
/// A sentence on an axis that neither has points nor could be read, or whose points contradict each other.
pub(crate) fn with_stated_points(
    lines: AxisPair,
    statements: PanelStatements<'_>,
    page: Rect,
    read_x: impl FnOnce() -> Result<LabelledAxis, String>,
    read_y: impl FnOnce() -> Result<LabelledAxis, String>,
) -> Result<CalibratedAxes, String> {
    let Some(stated) = statements.stated else {
        return Ok(CalibratedAxes { lines, x: read_x()?, y: read_y()? });
    };
    let below = label_row(lines.horizontal.last, lines, page);
    let beside =
        Rect { left: 0, right: lines.vertical.first, top: lines.vertical.from, bottom: lines.vertical.to };
    let put =
        |read: Result<LabelledAxis, String>, points: &[AxisPoint], direction, line_px: f64, labels: Rect| {
            match stated_axis(points, direction, line_px) {
                None => read,
                Some(calibration) => {
                    let mut calibration = calibration?;
                    let labels = match read {
                        Ok(read) => {
                            calibration.title = read.calibration.title;
                            calibration.unit = read.calibration.unit;
                            read.labels
                        }
                        Err(_) => labels,
                    };
                    Ok(LabelledAxis { calibration, labels, agreed: true })
                }
            }
        };
    let x = put(read_x(), &stated.x_axis, Direction::Increasing, lines.horizontal.middle(), below)?;
    let y = put(read_y(), &stated.y_axis, Direction::Decreasing, lines.vertical.middle(), beside)?;
    let mut axes = CalibratedAxes { lines, x, y };
    if let Some(area) = stated.plot_area {
        axes.lines = lines_around(Rect::of_pixel_box(area, page.right, page.bottom))?;
    }
    Ok(axes)
}

/// The row of tick labels below an axis line that ends at row `from`.
fn label_row(from: usize, lines: AxisPair, page: Rect) -> Rect {
    Rect {
        left: lines.horizontal.from,
        right: lines.horizontal.to,
        top: from.min(page.bottom),
        bottom: (from + (page.height() / LABEL_ROW).max(12)).min(page.bottom),
    }
}

/// Axis lines along the left and the lower edge of a plot area.
fn lines_around(area: Rect) -> Result<AxisPair, String> {
    if area.width() < SMALLEST_PLOT || area.height() < SMALLEST_PLOT {
        return Err(format!(
            "the plot area that is stated is {} by {} pixels within the picture; at least {SMALLEST_PLOT} by {SMALLEST_PLOT} are needed",
            area.width(),
            area.height()
        ));
    }
    let left = area.left.saturating_sub(1);
    Ok(AxisPair {
        horizontal: InkLine { from: left, to: area.right, first: area.bottom, last: area.bottom + 1 },
        vertical: InkLine { from: area.top, to: area.bottom, first: left, last: area.left },
    })
}

/// Axes from stated points alone. Without a stated plot area it reaches from the first to the last point.
fn axes_of_points(statements: PanelStatements<'_>, page: Rect) -> Result<CalibratedAxes, String> {
    let Some(stated) = statements.stated else { return Err("nothing is stated".to_owned()) };
    let extent = |points: &[AxisPoint]| {
        let pixels = || points.iter().map(|point| point.pixel);
        (pixels().fold(f64::INFINITY, f64::min), pixels().fold(f64::NEG_INFINITY, f64::max))
    };
    let area = stated.plot_area.unwrap_or_else(|| {
        let ((left, right), (top, bottom)) = (extent(&stated.x_axis), extent(&stated.y_axis));
        kmeta_trial_data::PixelBox { left, top, right, bottom }
    });
    if stated.x_axis.is_empty() || stated.y_axis.is_empty() {
        return Err(
            "no axes were found that this could belong to: state `x_axis` and `y_axis` with two points each"
                .to_owned(),
        );
    }
    let lines = lines_around(Rect::of_pixel_box(area, page.right, page.bottom))?;
    let missing = || Err("no points are stated".to_owned());
    with_stated_points(
        lines,
        PanelStatements { stated: Some(stated), automatic: None },
        page,
        missing,
        missing,
    )
}
