//! The lines of a page as they are seen: clipped, without repeated corners, level or upright where they are meant to be.

use kmeta_figure_source::vector::{Bounds, PaintColor, Point, StrokeStyle, VectorPath};

use super::sheets::Sheets;

/// Lines fainter than this on white are not seen.
const LEAST_CONTRAST: i32 = 8;

/// A line along the edge of its clip may lie outside by this share of its width, at most by this many pixels, and is
/// seen: half of its width is inside, and coordinates are rounded.
const OUTSIDE_CLIP: f64 = 0.1;
const OUTSIDE_CLIP_PX: (f64, f64) = (0.03, 0.4);

/// How a line looks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LineLook {
    /// Colour on white.
    pub(crate) color: [u8; 3],
    /// Width in pixels.
    pub(crate) width: f64,
    /// Dashes and gaps in pixels.
    pub(crate) dashes: Vec<f64>,
}

impl LineLook {
    pub(crate) fn of(stroke: &StrokeStyle) -> Self {
        Self { color: stroke.color.on_white(), width: stroke.width, dashes: stroke.dashes.clone() }
    }

    /// Whether a reader sees the same line.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        same_color(self.color, other.color) && self.is_as_wide_as(other) && self.same_dashes(other)
    }

    pub(crate) fn is_as_wide_as(&self, other: &Self) -> bool {
        (self.width - other.width).abs() <= 0.1 * self.width.max(other.width) + 0.05
    }

    pub(crate) fn same_dashes(&self, other: &Self) -> bool {
        self.dashes.len() == other.dashes.len()
            && self.dashes.iter().zip(&other.dashes).all(|(a, b)| (a - b).abs() <= 0.15 * a.max(*b) + 0.1)
    }

    pub(crate) fn is_dashed(&self) -> bool {
        !self.dashes.is_empty()
    }
}

/// Rounding to eight bits may differ by one from shape to shape.
pub(crate) fn same_color(a: [u8; 3], b: [u8; 3]) -> bool {
    a.iter().zip(&b).all(|(a, b)| a.abs_diff(*b) <= 2)
}

/// True for a colour that is neither black nor grey nor white.
pub(crate) fn is_hued([red, green, blue]: [u8; 3]) -> bool {
    let most = red.max(green).max(blue);
    let least = red.min(green).min(blue);
    most - least > 24
}

/// Whether something painted in this colour can be seen on white paper.
pub(crate) fn is_seen(color: &PaintColor) -> bool {
    color.on_white().iter().any(|&channel| 255 - i32::from(channel) >= LEAST_CONTRAST)
}

/// One unbroken line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) points: Vec<Point>,
    pub(crate) look: LineLook,
    pub(crate) closed: bool,
    pub(crate) curved: bool,
    /// Place in the order of painting.
    pub(crate) order: usize,
    pub(crate) bounds: Bounds,
    /// Around the line before it was clipped: a mark at the edge of a plot is cut, its middle is not.
    pub(crate) whole: Bounds,
}

/// All stroked lines of the page that are seen on what they are painted on.
pub(crate) fn stroked_lines(paths: &[VectorPath], sheets: &Sheets) -> Vec<Line> {
    let mut lines = Vec::new();
    for (order, path) in paths.iter().enumerate() {
        let Some(stroke) = &path.stroke else { continue };
        let look = LineLook::of(stroke);
        let outside = (OUTSIDE_CLIP * look.width).clamp(OUTSIDE_CLIP_PX.0, OUTSIDE_CLIP_PX.1);
        for subpath in &path.subpaths {
            let mut points = subpath.points.clone();
            if subpath.closed && points.first() != points.last() {
                points.extend(points.first().copied());
            }
            let Some(whole) = Bounds::around(&points) else { continue };
            if !sheets.shows(&stroke.color, order, &whole) {
                continue;
            }
            let parts = clipped(&points, &path.clip.grown(outside));
            let was_cut = parts.len() != 1 || parts[0].len() != points.len();
            for part in parts {
                let points = without_repeats(part);
                if let Some(bounds) = Bounds::around(&points) {
                    let closed = subpath.closed && !was_cut;
                    let (look, curved) = (look.clone(), subpath.curved);
                    lines.push(Line { points, look, closed, curved, order, bounds, whole });
                }
            }
        }
    }
    lines
}

/// The parts of a line within a rectangle.
fn clipped(points: &[Point], clip: &Bounds) -> Vec<Vec<Point>> {
    if points.iter().all(|&point| clip.contains(point)) {
        return vec![points.to_vec()];
    }
    let mut parts: Vec<Vec<Point>> = Vec::new();
    let mut current: Vec<Point> = Vec::new();
    for pair in points.windows(2) {
        match clipped_piece(pair[0], pair[1], clip) {
            Some((from, to)) => {
                if current.last() != Some(&from) {
                    parts.extend((current.len() > 1).then(|| std::mem::take(&mut current)));
                    current = vec![from];
                }
                current.push(to);
            }
            None => parts.extend((current.len() > 1).then(|| std::mem::take(&mut current))),
        }
    }
    parts.extend((current.len() > 1).then_some(current));
    parts
}

/// The part of one straight piece within a rectangle (Liang and Barsky 1984).
fn clipped_piece(from: Point, to: Point, clip: &Bounds) -> Option<(Point, Point)> {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let (mut start, mut end) = (0.0_f64, 1.0_f64);
    let sides = [
        (-dx, from[0] - clip.left),
        (dx, clip.right - from[0]),
        (-dy, from[1] - clip.top),
        (dy, clip.bottom - from[1]),
    ];
    for (direction, distance) in sides {
        if direction == 0.0 {
            if distance < 0.0 {
                return None;
            }
            continue;
        }
        let share = distance / direction;
        if direction < 0.0 {
            start = start.max(share);
        } else {
            end = end.min(share);
        }
    }
    if start > end {
        return None;
    }
    // Ends that are not cut keep their exact coordinates, so that neighbours still meet.
    let at = |share: f64| [from[0] + share * dx, from[1] + share * dy];
    let first = if start == 0.0 { from } else { at(start) };
    let last = if end == 1.0 { to } else { at(end) };
    Some((first, last))
}

/// Leaves out corners that repeat the one before.
fn without_repeats(points: Vec<Point>) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::with_capacity(points.len());
    for point in points {
        if kept.last().is_none_or(|last| last != &point) {
            kept.push(point);
        }
    }
    kept
}

/// A level or upright straight piece.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Straight {
    /// Row of a level piece, column of an upright one.
    pub(crate) at: f64,
    /// Where it begins.
    pub(crate) from: f64,
    /// Where it ends.
    pub(crate) to: f64,
}

impl Straight {
    pub(crate) fn length(&self) -> f64 {
        self.to - self.from
    }
}

/// How far from level a piece may be, in pixels: less than any reader sees.
pub(crate) const LEVEL_PX: f64 = 0.06;

/// Level and upright pieces of all lines, and of thin filled rectangles, which some software draws for lines.
pub(crate) fn straights(lines: &[Line], paths: &[VectorPath]) -> (Vec<Straight>, Vec<Straight>) {
    let (mut level, mut upright) = (Vec::new(), Vec::new());
    let mut add = |from: Point, to: Point| {
        let (dx, dy) = ((to[0] - from[0]).abs(), (to[1] - from[1]).abs());
        if dy <= LEVEL_PX && dx > 0.0 {
            level.push(Straight {
                at: (from[1] + to[1]) / 2.0,
                from: from[0].min(to[0]),
                to: from[0].max(to[0]),
            });
        } else if dx <= LEVEL_PX && dy > 0.0 {
            upright.push(Straight {
                at: (from[0] + to[0]) / 2.0,
                from: from[1].min(to[1]),
                to: from[1].max(to[1]),
            });
        }
    };
    for line in lines {
        for pair in line.points.windows(2) {
            add(pair[0], pair[1]);
        }
    }
    for path in paths {
        if !path.fill.as_ref().is_some_and(is_seen) || path.subpaths.len() > 64 {
            continue;
        }
        for subpath in &path.subpaths {
            let Some(bounds) = Bounds::around(&subpath.points).filter(|_| !subpath.curved) else { continue };
            let bounds = bounds.intersection(&path.clip);
            let thin = bounds.width().min(bounds.height());
            if subpath.points.len() > 5 || thin > 8.0 || thin * 3.0 > bounds.width().max(bounds.height()) {
                continue;
            }
            if bounds.width() > bounds.height() {
                add([bounds.left, bounds.center_y()], [bounds.right, bounds.center_y()]);
            } else {
                add([bounds.center_x(), bounds.top], [bounds.center_x(), bounds.bottom]);
            }
        }
    }
    (level, upright)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_where_their_clip_does() {
        let clip = Bounds { left: 0.0, top: 0.0, right: 10.0, bottom: 10.0 };
        let parts = clipped(&[[-5.0, 5.0], [5.0, 5.0], [5.0, 20.0]], &clip);
        assert_eq!(parts, vec![vec![[0.0, 5.0], [5.0, 5.0], [5.0, 10.0]]]);
        assert!(clipped(&[[20.0, 20.0], [30.0, 30.0]], &clip).is_empty());
        let twice = clipped(&[[1.0, 5.0], [1.0, 50.0], [4.0, 50.0], [4.0, 5.0]], &clip);
        assert_eq!(twice.len(), 2);
    }
}
