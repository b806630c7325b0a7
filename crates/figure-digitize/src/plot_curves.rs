//! Traces the curves of a plot area, falling or rising.
//!
//! A cumulative incidence is the survival curve upside down: its plot area is mirrored, traced as survival is, and
//! the axis is turned to `1 - incidence`.

use std::borrow::Cow;

use kmeta_trial_data::AxisCalibration;

use crate::arms::TracedCurve;
use crate::curve_search::trace_curves;
use crate::ink::InkPage;
use crate::missing::{NamedLook, search_named};
use crate::overrides::PanelStatements;
use crate::palette::find_palette;
use crate::plane::{Plane, Rect};
use crate::steps::{Plateau, plateaus};
use crate::trace::TraceStart;

/// How much of the page beyond S = 1 and S = 0 is looked at, in pixels: a line is up to a dozen pixels wide.
const MARGIN: f64 = 8.0;
/// A share by which the printed numbers of an axis must fall short of 0 or 1 for the axis not to reach it.
const SHORT_OF: f64 = 0.08;
/// Falling curves that run over less of the plot's width may be something else: rising ones are tried as well.
const CONVINCING_LENGTH: f64 = 0.6;
/// By how much the ink along rising curves must exceed that along falling ones.
const RISING_EXCESS: f64 = 1.3;
/// Words of an axis title or heading that announce a rising curve.
const RISING_WORDS: [&str; 5] = ["incidence", "1-", "1 -", "cumulative event", "cumulative mortality"];

/// The curves of one plot as they were traced.
pub(crate) struct PlotCurves {
    /// The curves, in coordinates of the page or, where they rise, of the mirrored plot area.
    pub(crate) curves: Vec<TracedCurve>,
    /// Maps the rows of `curves` to survival.
    pub(crate) survival_axis: AxisCalibration,
    /// The part of the page that was traced.
    pub(crate) area: Rect,
    /// Whether the printed curves rise.
    pub(crate) rising: bool,
}

impl PlotCurves {
    /// The curves in coordinates of the page.
    pub(crate) fn on_page(&self) -> Vec<TracedCurve> {
        if !self.rising {
            return self.curves.clone();
        }
        let last = self.area.height() - 1;
        let mirrored = |curve: &TracedCurve| {
            let mut curve = curve.clone();
            curve.path.rows.iter_mut().for_each(|row| *row = last - *row);
            curve.coverage.mirror();
            curve
        };
        self.curves.iter().map(mirrored).collect()
    }

    /// The plateaus of each curve, their levels in rows of the page (or of the mirrored one).
    pub(crate) fn levels(&self) -> Vec<Vec<Plateau>> {
        let top = self.area.top as f64;
        let on_page = |plateau: Plateau| Plateau { level: plateau.level + top, ..plateau };
        let of_curve = |curve: &TracedCurve| {
            plateaus(&curve.coverage, &curve.path, curve.line_width).into_iter().map(on_page).collect()
        };
        self.curves.iter().map(of_curve).collect()
    }

    /// The axis of the page in survival: `1 - incidence` where incidence is printed.
    pub(crate) fn printed_axis_as_survival(&self, printed: &AxisCalibration) -> AxisCalibration {
        if self.rising { complement(printed) } else { printed.clone() }
    }
}

/// Traces the plot inside the axes. `y` is the printed axis, `texts` are boxes of words, legends and insets, which are no curves.
pub(crate) fn trace_plot(
    page: &InkPage,
    inside: Rect,
    x: &AxisCalibration,
    y: &AxisCalibration,
    statements: PanelStatements<'_>,
    texts: &[Rect],
) -> PlotCurves {
    let reach = printed_reach(y, inside);
    let may_fall = reach.is_none_or(|(_, highest)| highest > 1.0 - SHORT_OF);
    let may_rise = reach.is_none_or(|(lowest, _)| lowest < SHORT_OF);
    let title = y.title.to_lowercase();
    let announced = RISING_WORDS.iter().any(|word| title.contains(word));
    let falling = may_fall.then(|| trace_falling(page, inside, x, y, statements, texts));
    let convincing = falling
        .as_ref()
        .is_some_and(|plot| longest(&plot.curves) >= CONVINCING_LENGTH * plot.area.width() as f64);
    let rising =
        (may_rise && (announced || !convincing)).then(|| trace_rising(page, inside, x, y, statements, texts));
    match (falling, rising) {
        (Some(falling), Some(rising)) => {
            let needed = if announced { 1.0 } else { RISING_EXCESS };
            if ink_along(&rising.curves) > needed * ink_along(&falling.curves) { rising } else { falling }
        }
        (Some(plot), None) | (None, Some(plot)) => plot,
        (None, None) => trace_falling(page, inside, x, y, statements, texts),
    }
}

/// Adds the curves that are drawn as `named` ones are and that the first search did not find.
pub(crate) fn trace_named(
    page: &InkPage,
    x: &AxisCalibration,
    statements: PanelStatements<'_>,
    texts: &[Rect],
    named: &[NamedLook],
    plot: &mut PlotCurves,
) {
    let start = trace_start(plot.area, x, &plot.survival_axis);
    let (page, texts) = if plot.rising {
        (Cow::Owned(mirrored_rows(page, plot.area)), mirrored_texts(texts, plot.area))
    } else {
        (Cow::Borrowed(page), texts.to_vec())
    };
    let palette = statements.limit_palette(find_palette(&page, plot.area));
    let more = search_named(&page, plot.area, &palette, start, &texts, &plot.curves, named);
    plot.curves.extend(more);
}

fn mirrored_texts(texts: &[Rect], area: Rect) -> Vec<Rect> {
    let mirrored = |text: &Rect| Rect {
        top: (area.top + area.bottom).saturating_sub(text.bottom),
        bottom: (area.top + area.bottom).saturating_sub(text.top),
        ..*text
    };
    texts.iter().map(mirrored).collect()
}

/// The lowest and the highest number that an axis shows: printed, or at the ends of the plot.
fn printed_reach(axis: &AxisCalibration, inside: Rect) -> Option<(f64, f64)> {
    let ends = [axis.value_at(inside.top as f64), axis.value_at(inside.bottom as f64)];
    let values = || axis.ticks.iter().map(|tick| tick.value).chain(ends);
    (axis.ticks.len() >= 2)
        .then(|| (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max)))
}

fn longest(curves: &[TracedCurve]) -> f64 {
    curves.iter().map(|curve| curve.path.rows.len()).max().unwrap_or(0) as f64
}

/// Columns of all curves that lie on their own ink.
fn ink_along(curves: &[TracedCurve]) -> f64 {
    curves.iter().map(|curve| f64::from(curve.path.on_ink) * curve.path.rows.len() as f64).sum()
}

fn trace_falling(
    page: &InkPage,
    inside: Rect,
    x: &AxisCalibration,
    y: &AxisCalibration,
    statements: PanelStatements<'_>,
    texts: &[Rect],
) -> PlotCurves {
    let area = tracing_area(page, inside, y);
    let palette = statements.limit_palette(find_palette(page, area));
    let curves = trace_curves(page, area, &palette, trace_start(area, x, y), texts);
    PlotCurves { curves, survival_axis: y.clone(), area, rising: false }
}

fn trace_rising(
    page: &InkPage,
    inside: Rect,
    x: &AxisCalibration,
    y: &AxisCalibration,
    statements: PanelStatements<'_>,
    texts: &[Rect],
) -> PlotCurves {
    let zero = y.pixel_at(0.0) + MARGIN;
    let bottom = (inside.bottom as f64).max(zero).min(page.height() as f64) as usize;
    let area = Rect { right: inside.right.min(page.width()), bottom, ..inside };
    let mirrored = mirrored_rows(page, area);
    let edges = (area.top + area.bottom) as f64;
    let complement = complement(y);
    // Row r of the page is row `edges - r` of the mirrored one.
    let [[intercept, mixed], [_, slope]] = complement.covariance;
    let mirrored_mixed = -(mixed + edges * slope);
    let survival_axis = AxisCalibration {
        intercept: complement.intercept + complement.slope * edges,
        slope: -complement.slope,
        covariance: [
            [intercept + 2.0 * edges * mixed + edges * edges * slope, mirrored_mixed],
            [mirrored_mixed, slope],
        ],
        ..complement
    };
    let start = trace_start(area, x, &survival_axis);
    let texts = mirrored_texts(texts, area);
    let palette = statements.limit_palette(find_palette(&mirrored, area));
    let curves = trace_curves(&mirrored, area, &palette, start, &texts);
    PlotCurves { curves, survival_axis, area, rising: true }
}

/// The axis that shows one minus what `axis` shows.
pub(crate) fn complement(axis: &AxisCalibration) -> AxisCalibration {
    let mut complement = axis.clone();
    complement.intercept = 1.0 - axis.intercept;
    complement.slope = -axis.slope;
    complement.ticks.iter_mut().for_each(|tick| tick.value = 1.0 - tick.value);
    complement
}

/// A page whose rows inside `area` stand upside down.
pub(crate) fn mirrored_rows(page: &InkPage, area: Rect) -> InkPage {
    let row_of = |x: usize, y: usize| {
        let inside = x >= area.left && x < area.right && y >= area.top && y < area.bottom;
        if inside { area.top + area.bottom - 1 - y } else { y }
    };
    InkPage {
        colors: Plane::from_fn(page.width(), page.height(), |x, y| page.colors.get(x, row_of(x, y))),
        contrast: Plane::from_fn(page.width(), page.height(), |x, y| page.contrast.get(x, row_of(x, y))),
        background: page.background,
        masks: page
            .masks
            .iter()
            .map(|mask| {
                let edges = area.top + area.bottom;
                let (top, bottom) =
                    (mask.top.clamp(area.top, area.bottom), mask.bottom.clamp(area.top, area.bottom));
                Rect { top: edges - bottom, bottom: edges - top, ..*mask }
            })
            .collect(),
    }
}

/// The inside of the axes, extended upwards when S = 1 lies above the end of the survival axis, and cut below
/// S = 0, where numbers at risk may stand.
fn tracing_area(page: &InkPage, inside: Rect, y: &AxisCalibration) -> Rect {
    let one = y.pixel_at(1.0);
    let top = if one > 0.0 { (inside.top as f64).min(one - MARGIN).max(0.0) as usize } else { inside.top };
    let zero = (y.pixel_at(0.0) + MARGIN).max(top as f64 + 1.0);
    let bottom = if zero < inside.bottom as f64 { zero as usize } else { inside.bottom };
    Rect { top, right: inside.right.min(page.width()), bottom, ..inside }
}

/// Where curves of a plot may start.
pub(crate) fn trace_start(area: Rect, x: &AxisCalibration, y: &AxisCalibration) -> TraceStart {
    let zero = (x.pixel_at(0.0) - area.left as f64 - 2.0).clamp(0.0, area.width() as f64 - 1.0) as usize;
    let one = (y.pixel_at(1.0) - area.top as f64).clamp(0.0, area.height() as f64);
    let reach = (0.02 * area.height() as f64).max(5.0);
    TraceStart {
        column: zero,
        latest_column: zero + area.width() / 8,
        rows: ((one - reach).max(0.0) as usize, (one + reach).ceil() as usize),
        one_row: y.pixel_at(1.0) - area.top as f64,
        median_row: y.pixel_at(0.5) - area.top as f64,
    }
}
