//! Looks again for arms that the legend or the numbers at risk name and that the first search did not find: what other curves
//! cover almost everywhere, or what looked like a confidence limit. What is known of such an arm, its colour and its dashes,
//! allows less of it to be seen than a search without a name must ask for.

use crate::arms::TracedCurve;
use crate::color::{Srgb, hue_distance};
use crate::coverage::PlotInk;
use crate::curve_search::{Ink, LINE_STYLES, LineStyle, has_gaps, least_gain, runs_at_one, seen_fall};
use crate::curve_shape::{is_band_edge, is_hidden_remnant};
use crate::ink::{INK_CONTRAST, InkPage};
use crate::mark_ink::is_hue;
use crate::palette::Palette;
use crate::plane::Rect;
use crate::trace::{Path, TraceStart, trace};

/// How an arm that is named is drawn, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct NamedLook {
    pub(crate) color: Option<Srgb>,
    pub(crate) dashed: Option<bool>,
}

/// How far a line's colour may lie from that of its sample in Oklab, lightness counted less, of greys least: thin lines are
/// paler.
const SAME_LINE: f32 = 0.06;
const LIGHTNESS_WEIGHT: f32 = 0.3;
const LIGHTNESS_WEIGHT_OF_GREYS: f32 = 0.1;
/// Share of the plot's width in which the line's full colour must be seen.
const LEAST_SEEN: f64 = 0.06;
/// Coverage of the full colour.
const FULL_INK: f32 = 0.6;
/// Of the columns in which no other ink may hide it, the share in which an unbroken line must be seen, and a broken one.
const LEAST_UNBROKEN: f32 = 0.8;
const LEAST_BROKEN: f32 = 0.3;
/// Share of the columns of a dashed line that show the ground: little where others cover it, more along S = 1, where a frame
/// may be.
const LEAST_GAPS: f32 = 0.02;
const LEAST_GAPS_AT_ONE: f32 = 0.1;
/// Least fall of a line, in pixels.
const LEAST_FALL: f64 = 4.0;
/// Share of the least gain of a search without a name that is asked for.
const LESS_GAIN: f32 = 0.5;

/// Whether a line may be the one that a sample shows.
pub(crate) fn is_drawn_like(color: Srgb, dashed: bool, look: &NamedLook) -> bool {
    look.color.is_none_or(|wanted| distance(color, wanted) < SAME_LINE)
        && look.dashed.is_none_or(|wanted| wanted == dashed)
}

fn distance(one: Srgb, other: Srgb) -> f32 {
    let weight = if is_hue(one) || is_hue(other) { LIGHTNESS_WEIGHT } else { LIGHTNESS_WEIGHT_OF_GREYS };
    hue_distance(one, other, weight)
}

/// The curves that are drawn as the named ones are, each held against `found` and those before it.
pub(crate) fn search_named(
    page: &InkPage,
    area: Rect,
    palette: &Palette,
    start: TraceStart,
    texts: &[Rect],
    found: &[TracedCurve],
    named: &[NamedLook],
) -> Vec<TracedCurve> {
    let plot = PlotInk::of(page, area, &palette.grounds, texts);
    let mut curves = found.to_vec();
    for look in named {
        let best_of = |may_stay_at_one: bool| {
            let found = colors_of(palette, look).into_iter().flat_map(|color| {
                let mut ink = Ink::new(&plot, palette, color, start, may_stay_at_one);
                curves.iter().for_each(|curve| ink.hide(curve, palette));
                let styles = LINE_STYLES.iter().filter(|style| is_drawn_like(color, style.dashed, look));
                styles.filter_map(|style| curve_in(page, &ink, style, area, start)).collect::<Vec<_>>()
            });
            found.max_by(|a, b| strength(a).total_cmp(&strength(b)))
        };
        // A line along S = 1 may be that of a frame: others first.
        let best = best_of(false).or_else(|| best_of(true));
        curves.extend(best);
    }
    curves.split_off(found.len())
}

fn strength(curve: &TracedCurve) -> f64 {
    f64::from(curve.path.score) * curve.line_width
}

/// The line colours of the plot that may be an arm's, or the one of its sample.
fn colors_of(palette: &Palette, look: &NamedLook) -> Vec<Srgb> {
    let Some(wanted) = look.color else { return palette.lines.clone() };
    let near = palette.lines.iter().copied().filter(|&line| distance(line, wanted) < SAME_LINE);
    let mut colors: Vec<Srgb> = near.collect();
    colors.push(wanted);
    colors
}

fn curve_in(
    page: &InkPage,
    ink: &Ink,
    style: &LineStyle,
    area: Rect,
    start: TraceStart,
) -> Option<TracedCurve> {
    let path = trace(&ink.coverage, ink.line_width, style.costs, start)?;
    let seen = path.on_ink / (path.on_ink + path.on_bare).max(f32::EPSILON);
    let is_line = path.score >= LESS_GAIN * least_gain(area)
        && seen >= if style.dashed { LEAST_BROKEN } else { LEAST_UNBROKEN }
        && full_columns(ink, &path) as f64 >= LEAST_SEEN * area.width() as f64
        && (!style.dashed || path.on_bare >= LEAST_GAPS)
        && (seen_fall(ink, &path) as f64 >= ink.line_width.max(LEAST_FALL)
            || has_upright(page, &path, area, ink.line_width)
            || stays_at_one(ink, &path, style, area, start))
        && has_gaps(ink, &path, *style);
    let curve = TracedCurve {
        color: ink.color,
        dashed: style.dashed,
        line_width: ink.line_width,
        path,
        coverage: ink.coverage.clone(),
        marks: None,
    };
    // Marks in a hue are an arm's own; black ones stand on arms of all colours.
    let is_remnant = !is_hue(curve.color) && is_hidden_remnant(page, &curve);
    (is_line && !is_band_edge(page, &curve) && !is_remnant).then_some(curve)
}

/// Whether a path is an arm without events: in a hue, or dashed where a frame is not.
fn stays_at_one(ink: &Ink, path: &Path, style: &LineStyle, area: Rect, start: TraceStart) -> bool {
    let has_gaps = style.dashed && path.on_bare >= LEAST_GAPS_AT_ONE;
    (is_hue(ink.color) || has_gaps) && runs_at_one(path, ink.line_width, area, start)
}

/// Share of a drop's rows in which its upright stroke must be drawn.
const DRAWN_UPRIGHT: f64 = 0.9;

/// Whether a path drops once, along an upright stroke: an arm with one event may begin below another curve and be level in all
/// of what is seen of its colour.
fn has_upright(page: &InkPage, path: &Path, area: Rect, line_width: f64) -> bool {
    let Some(drop) = path.rows.windows(2).position(|pair| pair[0] < pair[1]) else { return false };
    let (from, to) = (path.rows[drop], path.rows[drop + 1]);
    let reach = (line_width / 2.0).ceil() as usize + 1;
    let column = area.left + path.start + drop;
    let is_drawn = |row: &usize| {
        let y = area.top + row;
        let contrast = |x: usize| if x < page.width() { page.contrast.get(x, y) } else { 1.0 };
        let beside = [column.saturating_sub(3 * reach), column + 3 * reach];
        (column.saturating_sub(reach)..=column + reach).any(|x| contrast(x) >= INK_CONTRAST)
            && beside.into_iter().all(|x| contrast(x) < INK_CONTRAST)
    };
    let rows = from + reach..to.saturating_sub(reach);
    let drawn = rows.clone().filter(is_drawn).count() as f64;
    rows.len() as f64 >= LEAST_FALL && drawn >= DRAWN_UPRIGHT * rows.len() as f64
}

/// Columns in which a path shows its colour in full.
fn full_columns(ink: &Ink, path: &Path) -> usize {
    let half = (ink.line_width / 2.0).ceil() as usize;
    let is_full = |(index, row): (usize, &usize)| {
        ink.coverage.own.strongest_near(path.start + index, *row, half) >= FULL_INK
    };
    path.rows.iter().enumerate().filter(|&column| is_full(column)).count()
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;
    use crate::coverage::Coverage;
    use crate::plane::ColumnPlane;

    const AREA: Rect = Rect { left: 0, top: 0, right: 400, bottom: 300 };
    const START: TraceStart =
        TraceStart { column: 0, latest_column: 40, rows: (15, 26), one_row: 21.5, median_row: 160.0 };
    const DARK: Srgb = [0.0; 3];
    const BLUE: Srgb = [0.1, 0.2, 0.8];

    /// A page with a dark staircase that covers a blue one but for the columns that the blue one drops later, and the dark curve.
    fn covered_arm(later: usize) -> (InkPage, TracedCurve) {
        let staircase = |drops: [usize; 2]| -> Vec<usize> {
            (0..400).map(|x| [21, 61, 101][drops.iter().filter(|&&drop| x >= drop).count()]).collect()
        };
        let mut image = RgbImage::from_pixel(400, 300, Rgb([255; 3]));
        let mut draw = |rows: &[usize], color: [u8; 3]| {
            for (x, &row) in rows.iter().enumerate() {
                let from = rows[x.saturating_sub(1)];
                (from - 1..row + 2).for_each(|y| image.put_pixel(x as u32, y as u32, Rgb(color)));
            }
        };
        let rows = staircase([100, 250]);
        draw(&staircase([100 + later, 250 + later]), [25, 51, 204]);
        draw(&rows, [0; 3]);
        let mut own = ColumnPlane::filled(400, 300, 0.0);
        rows.iter().enumerate().for_each(|(x, &row)| (row - 1..row + 2).for_each(|y| own.set(x, y, 1.0)));
        let other = ColumnPlane::filled(400, 300, 0.0);
        let path = Path { start: 0, rows, score: 400.0, on_ink: 1.0, on_bare: 0.0 };
        let coverage = Coverage { area: AREA, own, other };
        let dark = TracedCurve { color: DARK, dashed: false, line_width: 3.0, path, coverage, marks: None };
        (InkPage::new(&image), dark)
    }

    fn named(page: &InkPage, dark: &TracedCurve, look: NamedLook) -> Vec<TracedCurve> {
        let palette = Palette { grounds: vec![[1.0; 3]], lines: vec![DARK, BLUE] };
        search_named(page, AREA, &palette, START, &[], std::slice::from_ref(dark), &[look])
    }

    #[test]
    fn an_arm_that_another_covers_almost_everywhere_is_found_by_its_colour() {
        let (page, dark) = covered_arm(20);
        let found = named(&page, &dark, NamedLook { color: Some(BLUE), dashed: Some(false) });
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].color, BLUE);
        assert!(found[0].path.row_at(110).is_some_and(|row| row.abs_diff(21) <= 1));
    }

    #[test]
    fn a_name_alone_makes_no_arm() {
        let (page, dark) = covered_arm(5);
        assert!(named(&page, &dark, NamedLook { color: Some(BLUE), dashed: Some(false) }).is_empty());
        let (page, dark) = covered_arm(20);
        let green = NamedLook { color: Some([0.1, 0.7, 0.1]), dashed: None };
        assert!(named(&page, &dark, green).is_empty());
    }

    #[test]
    fn an_arm_with_one_event_below_another_without_any_is_found_by_its_upright_stroke() {
        let mut image = RgbImage::from_pixel(400, 300, Rgb([255; 3]));
        let mut fill = |columns: std::ops::Range<u32>, rows: std::ops::Range<u32>, color: [u8; 3]| {
            columns.for_each(|x| rows.clone().for_each(|y| image.put_pixel(x, y, Rgb(color))));
        };
        fill(179..182, 20..61, [25, 51, 204]);
        fill(179..400, 60..63, [25, 51, 204]);
        fill(0..400, 20..23, [0; 3]);
        let (_, mut level) = covered_arm(0);
        let rows = vec![21; 400];
        let mut own = ColumnPlane::filled(400, 300, 0.0);
        (0..400).for_each(|x| (20..23).for_each(|y| own.set(x, y, 1.0)));
        level.path = Path { start: 0, rows, score: 400.0, on_ink: 1.0, on_bare: 0.0 };
        level.coverage.own = own;
        let look = NamedLook { color: Some(BLUE), dashed: Some(false) };
        let found = named(&InkPage::new(&image), &level, look);
        assert_eq!(found.len(), 1);
        assert!(found[0].path.row_at(300).is_some_and(|row| row.abs_diff(61) <= 1));
    }
}
