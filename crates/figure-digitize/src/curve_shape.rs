//! Tells curves from other ink that a monotone path can follow: texts, grids, edges of bands, rows of marks.

use crate::arms::{TracedCurve, same_hue};
use crate::color::{Srgb, contrast, dot, length, oklab, subtract};
use crate::coverage::Coverage;
use crate::ink::InkPage;
use crate::mark_ink::{is_hue, runs_on_marks};
use crate::palette::is_blend;
use crate::trace::Path;

/// Ink weaker than this is none.
pub(crate) const FAINT: f32 = 0.3;
/// Contrast up to which two neighbouring pixels are one ground.
const FLAT: f32 = 0.035;
/// Contrast from which two grounds differ.
const DIFFERENT_GROUND: f32 = 0.03;
/// A path with less of its own ink than this, where nothing hides it, may be a row of marks.
const SPARSE_INK: f32 = 0.65;

/// A line that shows less of its own ink than this is mostly hidden.
const MOSTLY_HIDDEN: f32 = 0.5;

/// The stretches of a path that run on bare ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BareStretches {
    /// Longest run of columns without any ink.
    pub(crate) longest_run: usize,
    /// Columns of the runs without any ink that are longer than a limit.
    pub(crate) in_long_runs: usize,
    /// Rows of all drops together.
    pub(crate) drop_rows: usize,
    /// Those of them without any ink.
    pub(crate) bare_drop_rows: usize,
    /// Longest run of them.
    pub(crate) longest_bare_drop: usize,
}

/// Measures where a path leaves all ink.
/// `limit` is the longest run that a line's own gaps make.
pub(crate) fn bare_stretches(
    coverage: &Coverage,
    path: &Path,
    line_width: f64,
    limit: usize,
) -> BareStretches {
    let half = (line_width / 2.0).ceil() as usize;
    let any_ink = |x: usize, y: usize| coverage.own.get(x, y).max(coverage.other.get(x, y)) >= FAINT;
    let mut found = BareStretches {
        longest_run: 0,
        in_long_runs: 0,
        drop_rows: 0,
        bare_drop_rows: 0,
        longest_bare_drop: 0,
    };
    let mut run = 0;
    for (index, &row) in path.rows.iter().enumerate() {
        let x = path.start + index;
        let rows = row.saturating_sub(half)..(row + half + 1).min(coverage.height());
        run = if rows.into_iter().any(|y| any_ink(x, y)) { 0 } else { run + 1 };
        found.longest_run = found.longest_run.max(run);
        if run == limit + 1 {
            found.in_long_runs += run;
        } else if run > limit {
            found.in_long_runs += 1;
        }
        let before = index.checked_sub(1).map_or(row, |previous| path.rows[previous]);
        let columns = x.saturating_sub(1)..(x + 2).min(coverage.width());
        let mut bare_drop = 0;
        for y in before..row {
            found.drop_rows += 1;
            if columns.clone().any(|column| any_ink(column, y)) {
                bare_drop = 0;
            } else {
                bare_drop += 1;
                found.bare_drop_rows += 1;
            }
            found.longest_bare_drop = found.longest_bare_drop.max(bare_drop);
        }
    }
    found
}

/// Share of a broken line's columns that longer gaps than its own may take.
const LOST_SHARE: f64 = 0.06;

/// True when a path's gaps are those of a drawn line: short against its width, and few where it drops.
/// The `bare_share` of the rows of its drops may show no ink.
pub(crate) fn has_gaps_of_a_line(
    coverage: &Coverage,
    path: &Path,
    dashed: bool,
    line_width: f64,
    bare_share: f64,
) -> bool {
    let longest = if dashed { (9.0 * line_width).max(16.0) } else { (4.0 * line_width).max(8.0) };
    let bare = bare_stretches(coverage, path, line_width, longest as usize);
    // Dots are lost where another line's gaps hide them.
    let lost = if dashed { LOST_SHARE * path.rows.len() as f64 } else { 0.0 };
    bare.in_long_runs as f64 <= lost
        && bare.longest_bare_drop as f64 <= longest.max(12.0)
        && bare.bare_drop_rows as f64 <= bare_share * bare.drop_rows as f64 + 4.0
}

/// Fewest gaps by which dots are told from other ink.
const FEWEST_GAPS: usize = 8;
/// Shorter gaps than this, in pixels, are what antialiasing leaves of other ink.
const SHORTEST_GAP: usize = 2;
/// Mean coverage of the dots: less is the fringe of another line.
const DOT_INK: f32 = 0.55;
/// Share of the gaps that must be about as long as their median.
const REGULAR_SHARE: f64 = 0.7;

/// True when the gaps along the level stretches of a path are about equally long, as a pen's dots and dashes leave them;
/// letters, marks and noise leave gaps of all lengths.
pub(crate) fn has_regular_gaps(coverage: &Coverage, path: &Path, line_width: f64) -> bool {
    let half = (line_width / 2.0).ceil() as usize;
    let mut gaps = Vec::new();
    let (mut dots, mut ink_of_dots) = (0, 0.0);
    // Length of the gap since the last ink of the same level stretch.
    let mut gap: Option<usize> = None;
    for (index, &row) in path.rows.iter().enumerate() {
        let x = path.start + index;
        let rows = row.saturating_sub(half)..(row + half + 1).min(coverage.height());
        let strongest = rows.clone().map(|y| coverage.own.get(x, y)).fold(0.0, f32::max);
        let own = strongest >= FAINT;
        if own {
            dots += 1;
            ink_of_dots += strongest;
        }
        let hidden = !own && rows.into_iter().any(|y| coverage.other.get(x, y) >= FAINT);
        let drops = index.checked_sub(1).is_some_and(|before| path.rows[before].abs_diff(row) > 1);
        gap = match gap {
            _ if own => {
                gaps.extend(gap.filter(|&length| length > 0 && !drops));
                Some(0)
            }
            Some(length) if !hidden && !drops => Some(length + 1),
            _ => None,
        };
    }
    gaps.sort_unstable();
    let Some(&median) = gaps.get(gaps.len() / 2).filter(|&&median| median >= SHORTEST_GAP) else {
        return false;
    };
    if ink_of_dots < DOT_INK * dots as f32 {
        return false;
    }
    let alike = gaps.iter().filter(|&&length| length >= median / 2 && length <= median + median / 2 + 1);
    gaps.len() >= FEWEST_GAPS && alike.count() as f64 >= REGULAR_SHARE * gaps.len() as f64
}

/// True when most of a path separates two different grounds: it is the edge of a band.
pub(crate) fn is_band_edge(page: &InkPage, curve: &TracedCurve) -> bool {
    let steps: Vec<f32> = ground_steps(page, curve).into_iter().flatten().collect();
    let lighter = steps.iter().filter(|&&step| step < -DIFFERENT_GROUND).count();
    let darker = steps.iter().filter(|&&step| step > DIFFERENT_GROUND).count();
    steps.len() * 10 >= curve.path.rows.len() * 3
        && (lighter.max(darker) * 10 >= steps.len() * 6 || (lighter + darker) * 10 >= steps.len() * 7)
}

/// By how much more an arm stands out than the bands on both sides of it do: where two bands overlap, their edges are no darker
/// than they. The outline of a band has the page on its other side.
const DARKER_THAN_EDGE: f32 = 0.3;

/// For each column of a curve, by how much the ground above it is darker than the one below, where it may be an edge between
/// them; nothing where the picture is not flat on both sides.
fn ground_steps(page: &InkPage, curve: &TracedCurve) -> Vec<Option<f32>> {
    let area = curve.coverage.area;
    let away = (curve.line_width / 2.0).ceil() as usize + 3;
    let color = |x: usize, y: usize| page.colors.get(area.left + x, area.top + y);
    let ground_at = |x: usize, near: usize, far: usize| {
        let (here, there) = (color(x, near), color(x, far));
        // Ink of the same colour is the curve's own: censor marks.
        (contrast(here, there) <= FLAT && curve.coverage.own.get(x, near) < FAINT).then_some(here)
    };
    let step_at = |(index, &row): (usize, &usize)| {
        let x = curve.path.start + index;
        if row < away + 2 || row + away + 2 >= area.height() {
            return None;
        }
        let above = contrast(ground_at(x, row - away, row - away - 2)?, page.background);
        let below = contrast(ground_at(x, row + away, row + away + 2)?, page.background);
        let within_bands = above.min(below) > DIFFERENT_GROUND;
        let stands_out = contrast(curve.color, page.background) > above.max(below) + DARKER_THAN_EDGE;
        Some(if within_bands && stands_out { 0.0 } else { above - below })
    };
    curve.path.rows.iter().enumerate().map(step_at).collect()
}

/// For each column of a curve, whether it lies on the edge of a band.
pub(crate) fn band_edge_columns(page: &InkPage, curve: &TracedCurve) -> Vec<bool> {
    let is_edge = |step: Option<f32>| step.is_some_and(|step| step.abs() > DIFFERENT_GROUND);
    ground_steps(page, curve).into_iter().map(is_edge).collect()
}

/// True when most of a curve's visible ink lies beside curves found before: antialiasing, compression noise or
/// rows of marks. `related` says whether a curve's colour can turn into this one's; ink of an unrelated colour is
/// a remnant only when there is little of it.
pub(crate) fn is_remnant_of(
    curve: &TracedCurve,
    found: &[TracedCurve],
    ground: Srgb,
    related: impl Fn(&TracedCurve) -> bool,
) -> bool {
    // Where another curve hides it, a line shows nothing, but no ground either.
    let seen = curve.path.on_ink / (curve.path.on_ink + curve.path.on_bare).max(f32::EPSILON);
    let sparse = seen < SPARSE_INK;
    // Of a line that is hidden for the most part, what is seen must stand alone.
    let mostly_hidden = !curve.dashed && curve.path.on_ink < MOSTLY_HIDDEN;
    let mixed = |other: &TracedCurve| found.iter().any(|third| is_mixture(curve, other, third, ground));
    let sources: Vec<&TracedCurve> =
        found.iter().filter(|other| sparse || related(other) || mixed(other)).collect();
    let half = (curve.line_width / 2.0).ceil() as usize;
    let (mut inked, mut beside) = (0, 0);
    for (index, &row) in curve.path.rows.iter().enumerate() {
        let x = curve.path.start + index;
        let rows = row.saturating_sub(half)..(row + half + 1).min(curve.coverage.height());
        if !rows.into_iter().any(|y| curve.coverage.own.get(x, y) >= FAINT) {
            continue;
        }
        inked += 1;
        beside += usize::from(sources.iter().any(|other| is_beside(other, curve.line_width, x, row)));
    }
    if is_halo(curve, found, half) || (mostly_hidden && runs_along_one(curve, found)) {
        return true;
    }
    // What antialiasing leaves of several curves can be joined by a path with gaps.
    let fainter = sources.iter().any(|other| related(other) && is_fainter(curve.color, other.color));
    let mixture = found.iter().any(mixed);
    let share = if mostly_hidden || curve.dashed && (fainter || mixture) { 35 } else { 60 };
    beside * 100 >= inked * share
}

/// Share of the seen columns of a halo, or of all columns of a mostly hidden curve, that lie beside another line.
const HALO_SHARE: usize = 85;

/// Least contrast of a line that is mostly hidden: grid lines are paler.
const HIDDEN_CONTRAST: f32 = 0.25;

/// True when what is seen of a mostly hidden curve is no line: marks on other curves, or a grid below them.
pub(crate) fn is_hidden_remnant(page: &InkPage, curve: &TracedCurve) -> bool {
    curve.path.on_ink < MOSTLY_HIDDEN
        && !curve.dashed
        && (contrast(curve.color, page.background) < HIDDEN_CONTRAST
            || runs_on_marks(&curve.coverage, &curve.path, curve.line_width))
}

/// True when nearly all of a curve runs beside one curve of its hue that is darker: compression and resampling spread the
/// colour of a thin line around it.
fn is_halo(curve: &TracedCurve, found: &[TracedCurve], half: usize) -> bool {
    found
        .iter()
        .filter(|_| is_hue(curve.color))
        .filter(|other| is_fainter(curve.color, other.color) && same_hue(curve.color, other.color))
        .any(|other| {
            let (mut inked, mut beside) = (0, 0);
            for (index, &row) in curve.path.rows.iter().enumerate() {
                let x = curve.path.start + index;
                let mut rows = row.saturating_sub(half)..(row + half + 1).min(curve.coverage.height());
                if rows.any(|y| curve.coverage.own.get(x, y) >= FAINT) {
                    inked += 1;
                    beside += usize::from(is_beside(other, curve.line_width, x, row));
                }
            }
            beside * 100 >= inked * HALO_SHARE
        })
}

/// True when a curve runs beside one curve of its hue, seen or not: what is seen of it are marks on that one.
fn runs_along_one(curve: &TracedCurve, found: &[TracedCurve]) -> bool {
    let of_hue = |other: &&TracedCurve| is_hue(curve.color) && same_hue(curve.color, other.color);
    found.iter().filter(of_hue).any(|other| {
        let columns = curve.path.rows.iter().enumerate();
        let beside = columns
            .filter(|(index, row)| is_beside(other, curve.line_width, curve.path.start + index, **row))
            .count();
        beside * 100 >= curve.path.rows.len() * HALO_SHARE
    })
}

/// True when a colour is clearly lighter than another.
fn is_fainter(color: Srgb, than: Srgb) -> bool {
    oklab(color)[0] > oklab(than)[0] + 0.15
}

/// Least share of either line in a colour that they mix to, and how far the colour may be from their mixtures.
const LEAST_SHARE: f32 = 0.15;
const MIXTURE_REACH: f32 = 0.08;

/// True when a curve's colour is what two crossing or translucent lines mix to, on a ground or by themselves.
pub(crate) fn is_mixture(curve: &TracedCurve, one: &TracedCurve, other: &TracedCurve, ground: Srgb) -> bool {
    if is_blend(curve.color, one.color, &[other.color]) {
        return true;
    }
    // Least squares of the colour over the two lines' distances from the ground.
    let [color, a, b] = [curve.color, one.color, other.color].map(|color| subtract(color, ground));
    let (aa, ab, bb) = (dot(a, a), dot(a, b), dot(b, b));
    let determinant = aa * bb - ab * ab;
    if determinant < 0.02 * aa * bb {
        return false;
    }
    let (share, other_share) = (
        (dot(color, a) * bb - dot(color, b) * ab) / determinant,
        (dot(color, b) * aa - dot(color, a) * ab) / determinant,
    );
    let mixed = [0, 1, 2].map(|channel| share * a[channel] + other_share * b[channel]);
    share >= LEAST_SHARE
        && other_share >= LEAST_SHARE
        && share + other_share <= 1.05
        && length(subtract(color, mixed)) < MIXTURE_REACH
}

/// True when a pixel touches the stroke of a curve, drops included.
pub(crate) fn is_beside(curve: &TracedCurve, line_width: f64, x: usize, row: usize) -> bool {
    let reach = ((curve.line_width + line_width) / 2.0).ceil() as usize + 2;
    let path = &curve.path;
    if x + reach < path.start || x >= path.end() + reach {
        return false;
    }
    let at = |column: usize| path.rows[column.clamp(path.start, path.end() - 1) - path.start];
    let (top, bottom) = (at(x.saturating_sub(reach)), at(x + reach));
    row + reach >= top && row <= bottom + reach
}
