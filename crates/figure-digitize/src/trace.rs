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
    /// For each drop.
    pub(crate) drop: f32,
}

impl TraceCosts {
    /// For unbroken lines.
    pub(crate) const SOLID: Self = Self { bare: 1.0, hidden: 0.06, bare_drop: 0.7, drop: 0.45 };
    /// For dashed lines.
    pub(crate) const DASHED: Self = Self { bare: 0.4, hidden: 0.06, bare_drop: 0.3, drop: 0.45 };
    /// For dotted lines.
    pub(crate) const DOTTED: Self = Self { bare: 0.15, hidden: 0.06, bare_drop: 0.2, drop: 0.45 };
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
/// Coverage from which ink is part of a run.
const RUN_INK: f32 = 0.4;
/// Rows by which a path may start off S = 1 at no cost, and the cost of each further row. A path must not save the
/// cost of its first drop by starting below it.
const START_TOLERANCE: f64 = 2.0;
const START_AWAY: f32 = 0.5;
/// Cost of skipping a column before the path starts.
const LATE_START: f32 = 0.3;

/// What no path through a coverage can exceed: in each column it gains at most its strongest ink and the bonus of a middle.
pub(crate) fn most_gain(coverage: &Coverage) -> f32 {
    (0..coverage.width())
        .map(|x| coverage.own.column(x).iter().copied().fold(0.0, f32::max))
        .filter(|&strongest| strongest > 0.0)
        .map(|strongest| strongest + if strongest >= RUN_INK { CENTER_GAIN } else { 0.0 })
        .sum()
}

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
    let mut column = Column::of_height(height);
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
        column.fill(coverage, x, half, costs);
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

/// Gains and drop costs of one column, row by row.
struct Column {
    gain: Vec<f32>,
    /// Cost of a drop from row 0 to each row.
    drop_cost: Vec<f32>,
    /// Sums of the colour's ink and of other ink over the stroke centred at each row.
    own_sum: Vec<f32>,
    other_sum: Vec<f32>,
}

impl Column {
    fn of_height(height: usize) -> Self {
        let zeros = || vec![0.0; height];
        Self { gain: zeros(), drop_cost: zeros(), own_sum: zeros(), other_sum: zeros() }
    }

    /// Computes all of it for column `x`.
    fn fill(&mut self, coverage: &Coverage, x: usize, half: usize, costs: TraceCosts) {
        let (own, other) = (coverage.own.column(x), coverage.other.column(x));
        sum_over_stroke(own, half, &mut self.own_sum);
        sum_over_stroke(other, half, &mut self.other_sum);
        let size = (2 * half + 1) as f32;
        for ((gain, own), other) in self.gain.iter_mut().zip(&self.own_sum).zip(&self.other_sum) {
            let share = (own / size).min(1.0);
            let hidden = (other / size).min(1.0 - share);
            *gain = share - hidden * costs.hidden - (1.0 - share - hidden) * costs.bare;
        }
        let mut total = 0.0;
        for ((cost, ink), hiding) in self.drop_cost.iter_mut().zip(own).zip(other) {
            *cost = total;
            total += costs.bare_drop * (1.0 - ink - 0.8 * hiding).max(0.0);
        }
        prefer_centers(coverage, x, half, &mut self.gain);
    }
}

/// For each row, the sum of `ink` over the rows up to `half` above and below it.
fn sum_over_stroke(ink: &[f32], half: usize, sums: &mut [f32]) {
    sums.copy_from_slice(ink);
    for shift in 1..=half.min(ink.len().saturating_sub(1)) {
        let rest = ink.len() - shift;
        for (sum, below) in sums[..rest].iter_mut().zip(&ink[shift..]) {
            *sum += below;
        }
        for (sum, above) in sums[shift..].iter_mut().zip(&ink[..rest]) {
            *sum += above;
        }
    }
}

/// Adds a little to the middle of each vertical run of ink that lies on a line. In a row of censor marks that touch
/// each other, every row is ink, and the line that they stand on runs along the middle.
fn prefer_centers(coverage: &Coverage, x: usize, half: usize, gain: &mut [f32]) {
    let ink = |x: usize, y: usize| coverage.own.get(x, y) >= RUN_INK;
    let here = coverage.own.column(x);
    let reach = 6 * (half + 1);
    let mut y = 0;
    while y < here.len() {
        let length = here[y..].iter().take_while(|&&ink| ink >= RUN_INK).count();
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
        if coverage.own.strongest_near(x, y, half) >= RUN_INK {
            ink += 1.0;
        } else if coverage.other.strongest_near(x, y, half) < RUN_INK {
            bare += 1.0;
        }
    }
    let count = rows.len() as f32;
    Path { start, rows, score, on_ink: ink / count, on_bare: bare / count }
}
