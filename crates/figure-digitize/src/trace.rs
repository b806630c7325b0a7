//! Traces one curve: the best monotone path through the ink of a colour, found exactly by dynamic programming.
//!
//! A path has one row per column and never goes up the page. It gains where it runs on its own ink, loses a
//! little where other ink may hide it and more on bare ground; a drop must be paid for where no ink connects
//! its ends. The inner maximum over all rows above is a running prefix maximum, so the cost is one step per
//! pixel, and no greedy choice is ever made.

use crate::coverage::Coverage;
use crate::plane::ColumnPlane;

/// What a path pays and gains, per pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TraceCosts {
    /// For a column on bare ground. Small values let dashed lines pass.
    pub(crate) bare: f32,
    /// For a column where other ink hides the line.
    pub(crate) hidden: f32,
    /// For each row of a drop without ink.
    pub(crate) bare_drop: f32,
    /// Gain of each row of a drop on its own ink. A broken line shows no more of itself where it drops than where it
    /// runs level: its drops must not cost more than that.
    pub(crate) inked_drop: f32,
    /// For each drop.
    pub(crate) drop: f32,
    /// Coverage below this is no ink of the line: a long path with gaps would gain by what a grid or the edges of other
    /// ink have of its colour.
    pub(crate) faintest: f32,
}

impl TraceCosts {
    /// For unbroken lines.
    pub(crate) const SOLID: Self =
        Self { bare: 1.0, hidden: 0.06, bare_drop: 0.7, inked_drop: 0.0, drop: 0.45, faintest: 0.0 };
    /// For dashed lines.
    pub(crate) const DASHED: Self =
        Self { bare: 0.4, hidden: 0.06, bare_drop: 0.3, inked_drop: 0.2, drop: 0.45, faintest: 0.25 };
    /// For dotted lines.
    pub(crate) const DOTTED: Self =
        Self { bare: 0.15, hidden: 0.06, bare_drop: 0.15, inked_drop: 0.5, drop: 0.45, faintest: 0.25 };
}

/// Where paths may start, relative to the coverage's area.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TraceStart {
    /// Column of time 0.
    pub(crate) column: usize,
    /// Columns after it in which a path may still start.
    pub(crate) latest_column: usize,
    /// Rows in which a path may start.
    pub(crate) rows: (usize, usize),
    /// Row of S = 1.
    pub(crate) one_row: f64,
    /// Row of S = 0.5, where a reference line may be drawn.
    pub(crate) median_row: f64,
}

/// A traced path, in coordinates of the coverage's area.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path {
    /// First column.
    pub(crate) start: usize,
    /// The row in each column from `start` on; never decreasing.
    pub(crate) rows: Vec<usize>,
    /// Gain of the path.
    pub(crate) score: f32,
    /// Share of its columns that lie on its own ink.
    pub(crate) on_ink: f32,
    /// Share of its columns that lie on bare ground.
    pub(crate) on_bare: f32,
}

impl Path {
    /// One past the last column.
    pub(crate) fn end(&self) -> usize {
        self.start + self.rows.len()
    }

    /// The row at a column of the path.
    pub(crate) fn row_at(&self, column: usize) -> Option<usize> {
        column.checked_sub(self.start).and_then(|index| self.rows.get(index)).copied()
    }
}

/// What the middle of a run of ink gains over its ends.
const CENTER_GAIN: f32 = 0.12;
/// Rows by which a path may start off S = 1 at no cost, and the cost of each further row. A path must not save the
/// cost of its first drop by starting below it.
const START_TOLERANCE: f64 = 2.0;
const START_AWAY: f32 = 0.5;
/// Cost of skipping a column before the path starts.
const LATE_START: f32 = 0.3;

/// The best path so far that ends in one row of the current column.
#[derive(Debug, Clone, Copy)]
struct State {
    score: f32,
    /// Column in which it started.
    started: usize,
}

/// The best path, or nothing when no path can start.
pub(crate) fn trace(
    coverage: &Coverage,
    line_width: f64,
    costs: TraceCosts,
    start: TraceStart,
) -> Option<Path> {
    trace_through(coverage, line_width, costs, start, &[])
}

/// Rows by which a path may pass a way-point, on either side of its line's half width.
const WAY_POINT_REACH: usize = 1;

/// The best path that passes through way-points (column, row), given from left to right.
pub(crate) fn trace_through(
    coverage: &Coverage,
    line_width: f64,
    costs: TraceCosts,
    start: TraceStart,
    way_points: &[(usize, usize)],
) -> Option<Path> {
    let (width, height) = (coverage.width(), coverage.height());
    if width == 0 || height == 0 || height > usize::from(u16::MAX) || start.column >= width {
        return None;
    }
    let half = half_width(line_width);
    let mut states = vec![State { score: f32::NEG_INFINITY, started: start.column }; height];
    let mut origin = ColumnPlane::filled(width, height, 0_u16);
    let mut best = (f32::NEG_INFINITY, (0, 0), 0);
    for x in start.column..width {
        // No path begins behind a point that it must pass.
        if x <= start.latest_column && way_points.iter().all(|point| point.0 >= x) {
            let late = -LATE_START * (x - start.column) as f32;
            for (y, state) in states.iter_mut().enumerate().take(start.rows.1).skip(start.rows.0) {
                let away = ((y as f64 + 0.5 - start.one_row).abs() - START_TOLERANCE).max(0.0);
                let score = late - START_AWAY * away as f32;
                if state.score < score {
                    *state = State { score, started: x };
                }
            }
        }
        let column = Column::of(coverage, x, half, costs);
        advance(&column, costs, &mut states, origin.column_mut(x));
        for &(_, row) in way_points.iter().filter(|point| point.0 == x) {
            let reach = half + WAY_POINT_REACH;
            let missed = |y: usize| y + reach < row || y > row + reach;
            states.iter_mut().enumerate().filter(|(y, _)| missed(*y)).for_each(|(_, state)| {
                state.score = f32::NEG_INFINITY;
            });
            best.0 = f32::NEG_INFINITY;
        }
        for (y, state) in states.iter().enumerate() {
            if state.score > best.0 {
                best = (state.score, (x, y), state.started);
            }
        }
    }
    let (score, end, started) = best;
    score.is_finite().then(|| follow_back(coverage, &origin, end, started, score, half))
}

/// Rows of a stroke above and below its centre row.
fn half_width(line_width: f64) -> usize {
    ((line_width - 1.0) / 2.0).round().max(0.0) as usize
}

/// Gains and drop costs of one column.
struct Column {
    gain: Vec<f32>,
    /// Cost of a drop from row 0 to each row.
    drop_cost: Vec<f32>,
}

impl Column {
    fn of(coverage: &Coverage, x: usize, half: usize, costs: TraceCosts) -> Self {
        let other = coverage.other.column(x);
        let mut own = coverage.own.column(x).to_vec();
        own.iter_mut().filter(|ink| **ink < costs.faintest).for_each(|ink| *ink = 0.0);
        let mut gain = gains_of_column(&own, other, half, costs);
        let mut drop_cost = Vec::with_capacity(own.len());
        let mut total = 0.0;
        for (ink, hiding) in own.iter().zip(other) {
            drop_cost.push(total);
            total += costs.bare_drop * (1.0 - ink - 0.8 * hiding).max(0.0) - costs.inked_drop * ink;
        }
        prefer_centers(coverage, x, half, &mut gain);
        Self { gain, drop_cost }
    }
}

/// Adds a little to the middle of each vertical run of ink that lies on a line. In a row of censor marks that touch
/// each other, every row is ink, and the line that they stand on runs along the middle.
fn prefer_centers(coverage: &Coverage, x: usize, half: usize, gain: &mut [f32]) {
    let ink = |x: usize, y: usize| coverage.own.get(x, y) >= 0.4;
    let here = coverage.own.column(x);
    let reach = 6 * (half + 1);
    let mut y = 0;
    while y < here.len() {
        let length = here[y..].iter().take_while(|&&ink| ink >= 0.4).count();
        let middle = (length as f32 - 1.0) / 2.0;
        let row = y + length / 2;
        // The stroke of a drop has no line through its middle.
        let on_line = length > 0
            && ((x.saturating_sub(reach)..x).all(|column| ink(column, row))
                || (x..(x + reach).min(coverage.width())).all(|column| ink(column, row)));
        for offset in 0..if on_line { length } else { 0 } {
            gain[y + offset] += CENTER_GAIN * (1.0 - (offset as f32 - middle).abs() / (middle + 1.0));
        }
        y += length.max(1);
    }
}

/// Gain of the stroke centred at each row of a column.
fn gains_of_column(own: &[f32], other: &[f32], half: usize, costs: TraceCosts) -> Vec<f32> {
    let size = (2 * half + 1) as f32;
    let mut gains = Vec::with_capacity(own.len());
    let (mut own_sum, mut other_sum) = (0.0_f32, 0.0_f32);
    for y in 0..own.len() + half {
        if let (Some(own), Some(other)) = (own.get(y), other.get(y)) {
            own_sum += own;
            other_sum += other;
        }
        if y < half {
            continue;
        }
        let share = (own_sum / size).clamp(0.0, 1.0);
        let hidden = (other_sum / size).clamp(0.0, 1.0 - share);
        gains.push(share - hidden * costs.hidden - (1.0 - share - hidden) * costs.bare);
        if let Some(leaving) = y.checked_sub(2 * half) {
            own_sum -= own[leaving];
            other_sum -= other[leaving];
        }
    }
    gains
}

/// One column of the recursion: stay on the row, or drop from the best row above.
fn advance(column: &Column, costs: TraceCosts, states: &mut [State], origin: &mut [u16]) {
    let mut best_above = (State { score: f32::NEG_INFINITY, started: 0 }, 0);
    for (y, state) in states.iter_mut().enumerate() {
        let stay = *state;
        let fall = best_above.0.score - column.drop_cost[y] - costs.drop;
        let raised = stay.score + column.drop_cost[y];
        let above = best_above;
        if raised > best_above.0.score {
            best_above = (State { score: raised, started: stay.started }, y);
        }
        let (score, started, from) =
            if fall > stay.score { (fall, above.0.started, above.1) } else { (stay.score, stay.started, y) };
        *state = State { score: score + column.gain[y], started };
        origin[y] = from as u16;
    }
}

fn follow_back(
    coverage: &Coverage,
    origin: &ColumnPlane<u16>,
    end: (usize, usize),
    started: usize,
    score: f32,
    half: usize,
) -> Path {
    let (mut x, mut y) = end;
    let mut rows = vec![y];
    while x > started {
        y = usize::from(origin.get(x, y));
        x -= 1;
        rows.push(y);
    }
    rows.reverse();
    summarize(coverage, started, rows, score, half)
}

fn summarize(coverage: &Coverage, start: usize, rows: Vec<usize>, score: f32, half: usize) -> Path {
    let (mut ink, mut bare) = (0.0, 0.0);
    for (index, &y) in rows.iter().enumerate() {
        let x = start + index;
        let near = y.saturating_sub(half)..(y + half + 1).min(coverage.height());
        let own = near.clone().map(|row| coverage.own.get(x, row)).fold(0.0, f32::max);
        let other = near.map(|row| coverage.other.get(x, row)).fold(0.0, f32::max);
        if own >= 0.4 {
            ink += 1.0;
        } else if other < 0.4 {
            bare += 1.0;
        }
    }
    let count = rows.len() as f32;
    Path { start, rows, score, on_ink: ink / count, on_bare: bare / count }
}
