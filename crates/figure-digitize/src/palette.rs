//! Finds the colours in a plot area: those of lines, and those of filled areas such as confidence bands.

use std::collections::BTreeMap;

use crate::color::{Srgb, contrast, oklab_distance};
use crate::ink::InkPage;
use crate::plane::{Plane, Rect};

/// The colours of a plot area.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Palette {
    /// Page background and fills of areas: what lines are drawn on.
    pub(crate) grounds: Vec<Srgb>,
    /// Candidate line colours, most frequent first.
    pub(crate) lines: Vec<Srgb>,
}

/// A pixel closer than this to a ground (largest channel difference) is ground.
const GROUND_TOLERANCE: f32 = 0.06;
/// Distance at which the corners of a filled area are probed, in pixels: farther than half of any line width.
const FILL_REACH: usize = 7;
/// A fill must have this many core pixels.
const SMALLEST_FILL: usize = 60;
/// Colours closer than this in Oklab are one line colour.
const SAME_COLOR: f32 = 0.075;
/// More colours than this are noise.
const MOST_COLORS: usize = 10;

/// The colours inside `area`.
pub(crate) fn find_palette(page: &InkPage, area: Rect) -> Palette {
    let mut grounds = vec![page.background];
    grounds.extend(fills(page, area));
    let lines = line_colors(page, area, &grounds);
    Palette { grounds, lines }
}

/// Colours of areas that reach at least [`FILL_REACH`] pixels in all four directions.
fn fills(page: &InkPage, area: Rect) -> Vec<Srgb> {
    let mut core = Vec::new();
    let reach = FILL_REACH;
    for y in area.top + reach..area.bottom.saturating_sub(reach) {
        for x in area.left + reach..area.right.saturating_sub(reach) {
            let color = page.colors.get(x, y);
            if contrast(color, page.background) < 0.02 {
                continue;
            }
            let corners = [(x - reach, y), (x + reach, y), (x, y - reach), (x, y + reach)];
            if corners.iter().all(|&(cx, cy)| contrast(color, page.colors.get(cx, cy)) < 0.03) {
                core.push(color);
            }
        }
    }
    clusters(&core, 0.02, SMALLEST_FILL).into_iter().map(|(color, _)| color).collect()
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
    colors.into_iter().map(|(color, _)| color).collect()
}

/// Groups colours around the fullest bins of a histogram; every group has at least `smallest` members.
/// Ordered by descending size.
fn clusters(colors: &[Srgb], reach: f32, smallest: usize) -> Vec<(Srgb, usize)> {
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
    while let Some(&(seed, _)) = means.first() {
        let (near, far): (Vec<_>, Vec<_>) =
            means.into_iter().partition(|(color, _)| oklab_distance(*color, seed) < reach);
        let size = near.iter().map(|(_, count)| count).sum();
        if size >= smallest {
            found.push((seed, size));
        }
        means = far;
    }
    found.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    found
}
