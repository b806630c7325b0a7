//! Finds the colours in a plot area: those of lines, and those of filled areas such as confidence bands.

use std::collections::BTreeMap;

use crate::color::{Srgb, contrast, dot, length, oklab_distance, subtract};
use crate::ink::InkPage;
use crate::plane::{Plane, Rect};

/// The colours of a plot area.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Palette {
    /// Page background and fills of areas: what lines are drawn on.
    pub(crate) grounds: Vec<Srgb>,
    /// Candidate line colours, those that stand out most from the ground first: a blend of a line with its ground
    /// comes after the line itself.
    pub(crate) lines: Vec<Srgb>,
}

/// A pixel closer than this to a ground (largest channel difference) is ground.
const GROUND_TOLERANCE: f32 = 0.06;
/// Distance at which the sides and corners of a filled area are probed, in pixels: farther than half of any line width.
const FILL_REACH: usize = 7;
/// The same as a share of the plot's shorter side, for scans of high resolution, whose lines are wider.
const FILL_REACH_OF_PLOT: usize = 150;
/// How far a fill stands out from the page: more than the noise of compression, and less than a line or censor
/// marks that touch each other.
const FILL_CONTRAST: std::ops::RangeInclusive<f32> = 0.03..=0.6;
/// A colour fainter than this is always a fill.
const FAINTEST_LINE: f32 = 0.25;
/// Share of the columns in which a line colour is seen as a thin line.
const LINE_COLUMNS: f64 = 0.12;
/// A fill must have this many core pixels.
const SMALLEST_FILL: usize = 60;
/// Colours closer than this in Oklab are one line colour.
const SAME_COLOR: f32 = 0.075;
/// Share of the pixels of a line colour that show it in full.
const FULL_SHARE: f32 = 0.15;
/// More colours than this are noise.
const MOST_COLORS: usize = 10;

/// The colours inside `area`.
pub(crate) fn find_palette(page: &InkPage, area: Rect) -> Palette {
    let mut grounds = vec![page.background];
    grounds.extend(fills(page, area));
    let lines = line_colors(page, area, &grounds);
    Palette { grounds, lines }
}

fn fill_reach(area: Rect) -> usize {
    FILL_REACH.max(area.width().min(area.height()) / FILL_REACH_OF_PLOT)
}

/// Colours of areas that reach at least [`fill_reach`] pixels in all four directions.
fn fills(page: &InkPage, area: Rect) -> Vec<Srgb> {
    let mut core = Vec::new();
    let reach = fill_reach(area);
    for y in area.top + reach..area.bottom.saturating_sub(reach) {
        for x in area.left + reach..area.right.saturating_sub(reach) {
            let color = page.colors.get(x, y);
            if !FILL_CONTRAST.contains(&contrast(color, page.background)) {
                continue;
            }
            let (left, right, up, down) = (x - reach, x + reach, y - reach, y + reach);
            // A plus-shaped censor mark fills the four sides but not the corners.
            let around = [
                (left, y),
                (right, y),
                (x, up),
                (x, down),
                (left, up),
                (right, up),
                (left, down),
                (right, down),
            ];
            if around.iter().all(|&(cx, cy)| contrast(color, page.colors.get(cx, cy)) < 0.03) {
                core.push(color);
            }
        }
    }
    let colors = clusters(&core, 0.02, SMALLEST_FILL).into_iter().map(|cluster| cluster.typical);
    colors.filter(|&color| !is_drawn_as_line(page, area, color) && !is_of_marks(page, area, color)).collect()
}

/// Largest height of a row of filled marks, as a share of the plot's height and in widths of the widest line, and largest share
/// of the plot's columns in which they stand.
const TALLEST_MARKS: f64 = 0.04;
const TALLEST_MARKS_OF_REACH: usize = 4;
const COLUMNS_OF_MARKS: f64 = 0.5;

/// True when a strong colour fills only low strips here and there: filled censor marks beside each other. Bands and shaded areas
/// are paler, grow taller or follow their arm all the way.
fn is_of_marks(page: &InkPage, area: Rect, color: Srgb) -> bool {
    if contrast(color, page.background) < FAINTEST_LINE {
        return false;
    }
    let same = |x: usize, y: usize| contrast(page.colors.get(x, y), color) < GROUND_TOLERANCE;
    let tallest =
        ((TALLEST_MARKS * area.height() as f64) as usize).max(TALLEST_MARKS_OF_REACH * fill_reach(area));
    let mut filled = 0;
    for x in area.left..area.right {
        let (mut run, mut longest) = (0, 0);
        for y in area.top..area.bottom {
            run = if same(x, y) { run + 1 } else { 0 };
            longest = longest.max(run);
        }
        if longest > tallest {
            return false;
        }
        filled += usize::from(longest > fill_reach(area));
    }
    filled as f64 <= COLUMNS_OF_MARKS * area.width() as f64
}

/// True when thin lines of a colour, with nothing darker beside them, are frequent: then its filled areas are
/// censor marks that touch each other.
fn is_drawn_as_line(page: &InkPage, area: Rect, color: Srgb) -> bool {
    let strength = contrast(color, page.background);
    if strength < FAINTEST_LINE {
        return false;
    }
    let same = |x: usize, y: usize| contrast(page.colors.get(x, y), color) < GROUND_TOLERANCE;
    let lighter = |x: usize, y: usize| contrast(page.colors.get(x, y), page.background) < 0.5 * strength;
    let widest = fill_reach(area);
    // Up to two rows of antialiasing lie between a line and its ground, more in a scan of high resolution.
    let soft = (widest / 4).max(2);
    let is_thin_line_at = |x: usize, y: usize| {
        let length = (y..area.bottom).take_while(|&row| same(x, row)).count();
        (1..=widest).contains(&length)
            && lighter(x, y.saturating_sub(soft).max(area.top))
            && lighter(x, (y + length + soft - 1).min(area.bottom - 1))
    };
    let columns = (area.left..area.right)
        .filter(|&x| {
            (area.top + 1..area.bottom).any(|y| same(x, y) && !same(x, y - 1) && is_thin_line_at(x, y))
        })
        .count();
    columns as f64 > LINE_COLUMNS * area.width() as f64
}

/// Colours of the crests of lines: ink pixels at least as strong as both neighbours across a line.
fn line_colors(page: &InkPage, area: Rect, grounds: &[Srgb]) -> Vec<Srgb> {
    let strength = Plane::from_fn(page.width(), page.height(), |x, y| {
        if x < area.left || x >= area.right || y < area.top || y >= area.bottom {
            return 0.0;
        }
        let color = page.colors.get(x, y);
        grounds.iter().map(|&ground| contrast(color, ground)).fold(f32::INFINITY, f32::min)
    });
    let mut crest = Vec::new();
    for y in area.top + 1..area.bottom.saturating_sub(1) {
        for x in area.left + 1..area.right.saturating_sub(1) {
            let here = strength.get(x, y);
            if here < GROUND_TOLERANCE * 2.0 {
                continue;
            }
            let across_horizontal = here >= strength.get(x, y - 1) && here >= strength.get(x, y + 1);
            let across_vertical = here >= strength.get(x - 1, y) && here >= strength.get(x + 1, y);
            if across_horizontal || across_vertical {
                crest.push(page.colors.get(x, y));
            }
        }
    }
    let smallest = (area.width() / 25).max(12);
    let mut colors = clusters(&crest, SAME_COLOR, smallest);
    colors.truncate(MOST_COLORS);
    let mut lines: Vec<Srgb> = colors.iter().map(|cluster| full_color(cluster, page.background)).collect();
    let standing_out = |color: Srgb| contrast(color, page.background);
    lines.sort_by(|&a, &b| standing_out(b).total_cmp(&standing_out(a)));
    lines
}

/// The full colour of a line: thin or blurred lines reach it only here and there, and their most frequent colour is
/// a blend with the ground. It is the mean of the strongest [`FULL_SHARE`] of the colours in a cluster.
fn full_color(cluster: &Cluster, background: Srgb) -> Srgb {
    let strength = |color: Srgb| length(subtract(color, background));
    let mut members = cluster.members.clone();
    members.sort_by(|a, b| strength(b.0).total_cmp(&strength(a.0)));
    let wanted = cluster.size as f32 * FULL_SHARE;
    let (mut taken, mut sum) = (0.0_f32, [0.0_f32; 3]);
    for (color, count) in members {
        let part = (count as f32).min(wanted - taken);
        if part <= 0.0 {
            break;
        }
        taken += part;
        for (total, channel) in sum.iter_mut().zip(color) {
            *total += part * channel;
        }
    }
    sum.map(|total| total / taken.max(1e-6))
}

/// True when `color` is what antialiasing makes of `line` on one of the grounds.
pub(crate) fn is_blend(color: Srgb, line: Srgb, grounds: &[Srgb]) -> bool {
    grounds.iter().any(|&ground| {
        let axis = subtract(line, ground);
        let offset = subtract(color, ground);
        let share = dot(offset, axis) / dot(axis, axis).max(1e-6);
        let foot = [axis[0] * share, axis[1] * share, axis[2] * share];
        share > 0.0 && share < 1.05 && length(subtract(offset, foot)) < 0.09
    })
}

/// Colours that lie close together.
#[derive(Debug, Clone, PartialEq)]
struct Cluster {
    /// The most frequent colour.
    typical: Srgb,
    /// Number of pixels.
    size: usize,
    /// The colours with their numbers of pixels.
    members: Vec<(Srgb, usize)>,
}

/// Groups colours around the fullest bins of a histogram; every group has at least `smallest` members.
/// Ordered by descending size.
fn clusters(colors: &[Srgb], reach: f32, smallest: usize) -> Vec<Cluster> {
    let mut bins: BTreeMap<[u8; 3], (usize, [f64; 3])> = BTreeMap::new();
    for color in colors {
        let bin = bins.entry(color.map(|channel| (channel * 31.99) as u8)).or_default();
        bin.0 += 1;
        for (sum, channel) in bin.1.iter_mut().zip(color) {
            *sum += f64::from(*channel);
        }
    }
    let mut means: Vec<(Srgb, usize)> = bins
        .values()
        .map(|(count, sum)| (sum.map(|channel| (channel / *count as f64) as f32), *count))
        .collect();
    means.sort_by_key(|mean| std::cmp::Reverse(mean.1));
    let mut found = Vec::new();
    while let Some(&(typical, _)) = means.first() {
        let (members, far): (Vec<_>, Vec<_>) =
            means.into_iter().partition(|(color, _)| oklab_distance(*color, typical) < reach);
        let size = members.iter().map(|(_, count)| count).sum();
        if size >= smallest {
            found.push(Cluster { typical, size, members });
        }
        means = far;
    }
    found.sort_by_key(|cluster| std::cmp::Reverse(cluster.size));
    found
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    const AREA: Rect = Rect { left: 0, top: 0, right: 400, bottom: 400 };
    const ORANGE: [u8; 3] = [240, 145, 112];

    /// A page with rectangles in one colour: columns and rows of each.
    fn page_with(rectangles: &[(std::ops::Range<u32>, std::ops::Range<u32>)]) -> InkPage {
        let mut image = RgbImage::from_pixel(400, 400, Rgb([255; 3]));
        for (columns, rows) in rectangles {
            for x in columns.clone() {
                rows.clone().for_each(|y| image.put_pixel(x, y, Rgb(ORANGE)));
            }
        }
        InkPage::new(&image)
    }

    #[test]
    fn filled_marks_beside_each_other_are_no_ground() {
        let marks = page_with(&[(300..390, 200..216), (200..260, 150..166)]);
        assert_eq!(find_palette(&marks, AREA).grounds.len(), 1);
    }

    #[test]
    fn a_narrow_band_along_its_arm_is_a_ground() {
        let band = page_with(&[(10..200, 100..118), (200..390, 110..128)]);
        assert_eq!(find_palette(&band, AREA).grounds.len(), 2);
    }
}
