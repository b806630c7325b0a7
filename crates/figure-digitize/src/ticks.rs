//! Finds the tick marks of an axis: short strokes that start at the axis line.

use crate::axis_lines::AxisPair;
use crate::ink::InkPage;

/// A tick mark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TickMark {
    /// Its centre along the axis, continuous pixels.
    pub(crate) position: f64,
    /// Its length in pixels.
    pub(crate) length: usize,
}

/// Which side of the axis line to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Outward,
    Inward,
}

/// Ticks of the time axis. Outward ticks are preferred; inward ones are taken when there are none.
pub(crate) fn time_ticks(page: &InkPage, axes: &AxisPair) -> Vec<TickMark> {
    let line = axes.horizontal;
    let along = (line.from.saturating_sub(3), (line.to + 3).min(page.width()));
    let longest = page.height() / 25 + 3;
    ticks_on_either_side(along, longest, |position, depth, side| {
        let row = match side {
            Side::Outward => line.last.checked_add(depth)?,
            Side::Inward => line.first.checked_sub(depth + 1)?,
        };
        (row < page.height() && position < page.width()).then(|| page.contrast.get(position, row))
    })
}

/// Ticks of the survival axis.
pub(crate) fn survival_ticks(page: &InkPage, axes: &AxisPair) -> Vec<TickMark> {
    let line = axes.vertical;
    let along = (line.from.saturating_sub(3), (line.to + 3).min(page.height()));
    let longest = page.width() / 25 + 3;
    ticks_on_either_side(along, longest, |position, depth, side| {
        let column = match side {
            Side::Outward => line.first.checked_sub(depth + 1)?,
            Side::Inward => line.last.checked_add(depth)?,
        };
        (column < page.width() && position < page.height()).then(|| page.contrast.get(column, position))
    })
}

fn ticks_on_either_side(
    along: (usize, usize),
    longest: usize,
    contrast: impl Fn(usize, usize, Side) -> Option<f32>,
) -> Vec<TickMark> {
    let outward = ticks_on_side(along, longest, |position, depth| contrast(position, depth, Side::Outward));
    if outward.len() >= 2 {
        return outward;
    }
    let inward = ticks_on_side(along, longest, |position, depth| contrast(position, depth, Side::Inward));
    if inward.len() >= 2 { inward } else { outward }
}

/// Contrast of a tick stroke. Lower than for text: the flank of an antialiased one-pixel tick must count.
pub(crate) const TICK_CONTRAST: f32 = 0.18;

/// Strokes of 2 to `longest` pixels that start at depth 0 and are not wider than a stroke.
fn ticks_on_side(
    (from, to): (usize, usize),
    longest: usize,
    contrast: impl Fn(usize, usize) -> Option<f32>,
) -> Vec<TickMark> {
    let depth_at = |position: usize| {
        (0..=longest)
            .take_while(|&depth| contrast(position, depth).is_some_and(|c| c >= TICK_CONTRAST))
            .count()
    };
    let depths: Vec<usize> = (from..to).map(depth_at).collect();
    let mut ticks = Vec::new();
    let mut start = None;
    for index in 0..=depths.len() {
        let in_tick = depths.get(index).is_some_and(|&depth| depth >= 2);
        match (in_tick, start) {
            (true, None) => start = Some(index),
            (false, Some(first)) => {
                ticks.extend(tick_of_run(from, first, &depths[first..index], longest, &contrast));
                start = None;
            }
            _ => {}
        }
    }
    ticks
}

/// The tick made by the neighbouring columns `from + first ..`, if it has the shape of one.
fn tick_of_run(
    from: usize,
    first: usize,
    depths: &[usize],
    longest: usize,
    contrast: &impl Fn(usize, usize) -> Option<f32>,
) -> Option<TickMark> {
    let length = depths.iter().copied().max()?;
    if length > longest || depths.len() > length.max(4) {
        return None;
    }
    let (mut mass, mut moment) = (0.0_f64, 0.0_f64);
    for offset in 0..depths.len() + 2 {
        let Some(position) = (from + first + offset).checked_sub(1) else { continue };
        // The first pixel may belong to a blurred axis line.
        for depth in 1..length {
            let weight = f64::from(contrast(position, depth).unwrap_or(0.0));
            mass += weight;
            moment += weight * (position as f64 + 0.5);
        }
    }
    (mass > 0.0).then(|| TickMark { position: moment / mass, length })
}
