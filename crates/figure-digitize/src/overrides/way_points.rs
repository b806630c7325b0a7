//! Traces curves through points that a person states.

use kmeta_trial_data::{ArmReference, AxisCalibration, Finding, WayPoints};

use super::PanelStatements;
use crate::arms::TracedCurve;
use crate::color::Srgb;
use crate::coverage::PlotInk;
use crate::ink::InkPage;
use crate::palette::find_palette;
use crate::plane::Rect;
use crate::plot_curves::{PlotCurves, mirrored_rows, trace_start};
use crate::trace::{TraceCosts, trace_through};

/// Pixels around a way-point in which the colour of a curve that was not found is looked for.
const COLOR_REACH: usize = 2;

impl PanelStatements<'_> {
    /// Traces again the curves for which way-points are stated. `arms` are indices of the plot's curves, the highest
    /// first; an arm that was not found is added at the end.
    pub(crate) fn trace_way_points(
        &self,
        page: &InkPage,
        x: &AxisCalibration,
        plot: &mut PlotCurves,
        arms: &mut Vec<usize>,
        findings: &mut Vec<Finding>,
    ) {
        let Some(stated) = self.stated.filter(|stated| !stated.way_points.is_empty()) else { return };
        let mirrored;
        let page = if plot.rising {
            mirrored = mirrored_rows(page, plot.area);
            &mirrored
        } else {
            page
        };
        for way in &stated.way_points {
            let found: Vec<&TracedCurve> = arms.iter().map(|&arm| &plot.curves[arm]).collect();
            let known = self.position_of(&way.arm, &found).map(|position| arms[position]);
            let points = points_in(way, plot);
            let look = match known {
                Some(index) => Look::of(&plot.curves[index]),
                None => {
                    Look { color: self.new_color(way, page, plot.area, &points), dashed: false, width: None }
                }
            };
            match traced(page, x, plot, look, &points) {
                Some(curve) => match known {
                    Some(index) => plot.curves[index] = curve,
                    None => {
                        arms.push(plot.curves.len());
                        plot.curves.push(curve);
                    }
                },
                None => findings.push(Finding::error(
                    "way-points-missed",
                    format!("overrides, arm {}", way.arm),
                    "no falling path leads through the way-points that are stated: they must lie in the plot, to the right of time 0, and go down from left to right. The automatic trace is kept",
                )),
            }
        }
    }

    /// The colour of an arm that was not found: the stated one, or that of the strongest ink at its first way-point.
    fn new_color(&self, way: &WayPoints, page: &InkPage, area: Rect, points: &[(usize, usize)]) -> Srgb {
        let stated = match &way.arm {
            ArmReference::Name(name) => self.color_of(name),
            ArmReference::Position(_) => None,
        };
        let (column, row) = points.first().copied().unwrap_or((0, 0));
        let (column, row) = (area.left + column, area.top + row);
        let near = |middle: usize, end: usize| {
            middle.saturating_sub(COLOR_REACH)..(middle + COLOR_REACH + 1).min(end)
        };
        let strongest = near(row, page.height())
            .flat_map(|y| near(column, page.width()).map(move |x| (x, y)))
            .max_by(|a, b| page.contrast.get(a.0, a.1).total_cmp(&page.contrast.get(b.0, b.1)));
        stated.or(strongest.map(|(x, y)| page.colors.get(x, y))).unwrap_or([0.0; 3])
    }
}

/// How the curve to be traced is drawn.
#[derive(Debug, Clone, Copy)]
struct Look {
    color: Srgb,
    dashed: bool,
    /// Width of the line; measured where it is not known.
    width: Option<f64>,
}

impl Look {
    fn of(curve: &TracedCurve) -> Self {
        Self { color: curve.color, dashed: curve.dashed, width: Some(curve.line_width) }
    }
}

/// The way-points inside the plot in coordinates of its coverage, from left to right.
fn points_in(way: &WayPoints, plot: &PlotCurves) -> Vec<(usize, usize)> {
    let area = plot.area;
    let mut points: Vec<(usize, usize)> = way
        .points
        .iter()
        .filter(|[column, row]| area.contains(*column, *row))
        .map(|&[column, row]| (column as usize - area.left, row as usize - area.top))
        .map(|(column, row)| (column, if plot.rising { area.height() - 1 - row } else { row }))
        .collect();
    points.sort_unstable();
    points.dedup();
    points
}

fn traced(
    page: &InkPage,
    x: &AxisCalibration,
    plot: &PlotCurves,
    look: Look,
    points: &[(usize, usize)],
) -> Option<TracedCurve> {
    if points.is_empty() {
        return None;
    }
    let palette = find_palette(page, plot.area);
    let coverage =
        PlotInk::of(page, plot.area, &palette.grounds, &[]).coverage_by(look.color, &palette.grounds);
    let line_width = look.width.unwrap_or_else(|| coverage.line_width());
    let costs = if look.dashed { TraceCosts::DASHED } else { TraceCosts::SOLID };
    let start = trace_start(plot.area, x, &plot.survival_axis);
    let path = trace_through(&coverage, line_width, costs, start, points)?;
    Some(TracedCurve { color: look.color, dashed: look.dashed, line_width, path, coverage, marks: None })
}
