//! Finds the pairs of axis lines on a page: a long horizontal line whose left end is near the lower end of a
//! long vertical line.

use crate::ink::{INK_CONTRAST, InkPage};
use crate::plane::Rect;

/// A straight run of ink along one direction. `from..to` runs along it, `first..last` across it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InkLine {
    /// First pixel along the line.
    pub(crate) from: usize,
    /// One past the last pixel along the line.
    pub(crate) to: usize,
    /// First pixel across the line.
    pub(crate) first: usize,
    /// One past the last pixel across the line.
    pub(crate) last: usize,
}

impl InkLine {
    pub(crate) fn length(&self) -> usize {
        self.to - self.from
    }

    /// Middle of the line across its direction, continuous.
    pub(crate) fn middle(&self) -> f64 {
        (self.first + self.last) as f64 / 2.0
    }
}

/// The axes of one panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AxisPair {
    /// The time axis: `from..to` are columns, `first..last` rows.
    pub(crate) horizontal: InkLine,
    /// The survival axis: `from..to` are rows, `first..last` columns.
    pub(crate) vertical: InkLine,
}

impl AxisPair {
    /// The pixels between the axes, without the axis lines.
    pub(crate) fn inside(&self) -> Rect {
        Rect {
            left: self.vertical.last,
            top: self.vertical.from,
            right: self.horizontal.to.max(self.vertical.last + 1),
            bottom: self.horizontal.first,
        }
    }

    /// The rectangle that the two lines span.
    pub(crate) fn outline(&self) -> Rect {
        Rect {
            left: self.vertical.first.min(self.horizontal.from),
            top: self.vertical.from,
            right: self.horizontal.to,
            bottom: self.horizontal.last.max(self.vertical.to),
        }
    }

    fn area(&self) -> usize {
        self.horizontal.length() * self.vertical.length()
    }
}

/// Share of the page that an axis line spans at least.
const SHORTEST_AXIS: f64 = 0.2;
/// Share of the page that the ends of two axes may lie apart (axes drawn without a joint).
const JOINT_GAP: f64 = 0.06;
/// Lines that end this near to each other meet, in pixels.
const JOINT_PX: f64 = 4.0;
/// A thicker line is a filled area.
const THICKEST_LINE: usize = 12;
/// Height and width that a further panel must have, as a share of the largest panel's.
const PANEL_LIKENESS: f64 = 0.5;

/// All long horizontal (or vertical) lines of the page.
fn long_lines(page: &InkPage, horizontal: bool, shortest: usize, least_contrast: f32) -> Vec<InkLine> {
    let (along, across) =
        if horizontal { (page.width(), page.height()) } else { (page.height(), page.width()) };
    let ink = |i: usize, j: usize| {
        let contrast = if horizontal { page.contrast.get(i, j) } else { page.contrast.get(j, i) };
        contrast >= least_contrast
    };
    let mut lines: Vec<InkLine> = Vec::new();
    for j in 0..across {
        for (from, to) in runs(along, |i| ink(i, j)) {
            if to - from < shortest {
                continue;
            }
            let touching =
                lines.iter_mut().rev().find(|line| line.last == j && from < line.to && line.from < to);
            match touching {
                Some(line) => {
                    line.last = j + 1;
                    line.from = line.from.min(from);
                    line.to = line.to.max(to);
                }
                None => lines.push(InkLine { from, to, first: j, last: j + 1 }),
            }
        }
    }
    lines.retain(|line| line.last - line.first <= THICKEST_LINE);
    join_pieces(lines)
}

/// Joins lines that follow each other in the same rows: what crosses a line can blur it for a pixel or two.
fn join_pieces(lines: Vec<InkLine>) -> Vec<InkLine> {
    let mut joined: Vec<InkLine> = Vec::new();
    for line in lines {
        let follows = |before: &&mut InkLine| {
            let gap = line.from as f64 - before.to as f64;
            before.first.abs_diff(line.first) <= 1
                && before.last.abs_diff(line.last) <= 1
                && (0.0..=JOINT_PX).contains(&gap)
        };
        match joined.iter_mut().rev().find(follows) {
            Some(before) => before.to = line.to,
            None => joined.push(line),
        }
    }
    joined
}

/// Runs of true, a gap of one pixel allowed.
fn runs(length: usize, ink: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for i in (0..length).filter(|&i| ink(i)) {
        match found.last_mut() {
            Some(run) if i <= run.1 + 1 => run.1 = i + 1,
            _ => found.push((i, i + 1)),
        }
    }
    found
}

/// Contrast of pale frames and grid lines, which stand for the axes of a figure without dark ones.
const PALE_CONTRAST: f32 = 0.05;

/// More pale lines than this in one direction are the noise of a tinted plot: four panels have less than half as many grid lines.
const MOST_PALE_LINES: usize = 150;

/// The axes of every panel, in reading order. A figure without dark axis lines is taken at its pale frame or
/// its outermost grid lines.
pub(crate) fn find_axis_pairs(page: &InkPage) -> Vec<AxisPair> {
    let dark = axis_pairs_among(page, &lines_of_contrast(page, INK_CONTRAST));
    if !dark.is_empty() {
        return dark;
    }
    let pale = lines_of_contrast(page, PALE_CONTRAST);
    let is_noise = pale.iter().any(|lines| lines.len() > MOST_PALE_LINES);
    if is_noise { Vec::new() } else { axis_pairs_among(page, &pale) }
}

/// Contrast of the frames of legends and insets.
const FRAME_CONTRAST: f32 = 0.15;
/// Pixels by which the corners of a frame may be off.
const CORNER_PX: usize = 4;
/// Least share of the plot's width, and least height in pixels, of a frame.
const NARROWEST_FRAME: f64 = 0.08;
const LOWEST_FRAME_PX: usize = 12;

/// The boxes inside a plot whose four sides are drawn: legends and insets.
pub(crate) fn frames_within(page: &InkPage, plot: Rect) -> Vec<Rect> {
    let narrowest = (NARROWEST_FRAME * plot.width() as f64) as usize;
    let within = |line: &InkLine, along: (usize, usize), across: (usize, usize)| {
        line.from > along.0 + 2
            && line.to + 2 < along.1
            && line.first > across.0 + 2
            && line.last + 2 < across.1
    };
    let (columns, rows) = ((plot.left, plot.right), (plot.top, plot.bottom));
    let mut horizontal = long_lines(page, true, narrowest.max(20), FRAME_CONTRAST);
    horizontal.retain(|line| within(line, columns, rows));
    let mut vertical = long_lines(page, false, LOWEST_FRAME_PX, FRAME_CONTRAST);
    vertical.retain(|line| within(line, rows, columns));
    let mut frames: Vec<Rect> = Vec::new();
    for (index, top) in horizontal.iter().enumerate() {
        for bottom in &horizontal[index + 1..] {
            let alike =
                top.from.abs_diff(bottom.from) <= CORNER_PX && top.to.abs_diff(bottom.to) <= CORNER_PX;
            let side = |column: usize| {
                vertical.iter().any(|line| {
                    line.first <= column + CORNER_PX
                        && column <= line.last + CORNER_PX
                        && line.from <= top.last + CORNER_PX
                        && line.to + CORNER_PX >= bottom.first
                })
            };
            if alike && bottom.first >= top.last + LOWEST_FRAME_PX && side(top.from) && side(top.to) {
                let frame = Rect { left: top.from, top: top.first, right: top.to, bottom: bottom.last };
                // The sides are as blurred as lines are.
                frames.push(frame.grown(2, page.width(), page.height()));
            }
        }
    }
    frames
}

/// The horizontal and the vertical lines that may be axes.
fn lines_of_contrast(page: &InkPage, least_contrast: f32) -> [Vec<InkLine>; 2] {
    let shortest = |side: usize| ((side as f64 * SHORTEST_AXIS) as usize).max(20);
    [
        long_lines(page, true, shortest(page.width()), least_contrast),
        long_lines(page, false, shortest(page.height()), least_contrast),
    ]
}

fn axis_pairs_among(page: &InkPage, [horizontal, vertical]: &[Vec<InkLine>; 2]) -> Vec<AxisPair> {
    let gap_x = page.width() as f64 * JOINT_GAP;
    let gap_y = page.height() as f64 * JOINT_GAP;
    let mut pairs: Vec<AxisPair> = Vec::new();
    for &h in horizontal {
        // Where the line begins at one vertical line, another one left of it is the frame of a neighbour.
        let joint = vertical
            .iter()
            .filter(|v| {
                (h.from as f64 - v.middle()).abs() <= JOINT_PX && (v.to as f64 - h.middle()).abs() <= gap_y
            })
            .map(|v| v.first)
            .min();
        for &v in vertical.iter().filter(|v| joint.is_none_or(|first| v.first >= first)) {
            let near_x = (h.from as f64 - v.middle()).abs() <= gap_x && h.to as f64 > v.middle() + gap_x;
            let near_y = (v.to as f64 - h.middle()).abs() <= gap_y && (v.from as f64) < h.middle() - gap_y;
            if near_x && near_y {
                pairs.push(AxisPair { horizontal: h, vertical: v });
            }
        }
    }
    // The largest pair is the main panel. Grid lines and frames give pairs that overlap it, risk-table frames
    // and legends pairs that are much smaller. Among pairs of nearly the same size the outermost wins.
    pairs.sort_by_key(|pair| (std::cmp::Reverse(pair.area()), pair.vertical.first, pair.horizontal.first));
    let mut kept: Vec<AxisPair> = Vec::new();
    for pair in pairs {
        let outline = pair.outline();
        let like_first = kept.first().is_none_or(|main: &AxisPair| {
            pair.horizontal.length() as f64 >= PANEL_LIKENESS * main.horizontal.length() as f64
                && pair.vertical.length() as f64 >= PANEL_LIKENESS * main.vertical.length() as f64
        });
        if like_first && kept.iter().all(|other| !other.outline().overlaps(&outline)) {
            kept.push(pair);
        }
    }
    kept.sort_by_key(|pair| (pair.vertical.from / 50, pair.vertical.first));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_one_line_are_joined() {
        let line = |from: usize, to: usize, first: usize| InkLine { from, to, first, last: first + 1 };
        let joined =
            join_pieces(vec![line(10, 100, 50), line(10, 90, 80), line(103, 200, 50), line(96, 300, 81)]);
        assert_eq!(joined, [line(10, 200, 50), line(10, 90, 80), line(96, 300, 81)]);
    }
}
