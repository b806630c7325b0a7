//! Survival curves as they are drawn: level and falling pieces joined to one staircase, whatever pieces the drawing
//! software made of it.

use kmeta_figure_source::vector::{Bounds, Point, VectorPath};

use super::lines::{LEVEL_PX, Line, LineLook, is_seen};

/// Ends that meet are this near, in pixels, whatever the width of the line.
const MEETING_PX: f64 = 0.12;
/// A curve made of dashes by its software has at least this many pieces.
const LEAST_DASHES: usize = 6;
/// A plot of more pieces is no figure of survival.
const MOST_PIECES: usize = 20_000;
/// Lines of more looks are not told apart.
const MOST_LOOKS: usize = 500;
/// Corners of the outline of a line: a staircase of a thousand drops has four thousand.
const MOST_CORNERS: usize = 20_000;
/// Most comparisons of edges in all outlines of a plot.
const MOST_COMPARISONS: usize = 400_000_000;
/// Corners of two copies of a curve lie this near.
const SAME_PX: f64 = 0.08;

/// A line that runs to the right and never turns back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chain {
    /// Corners, from left to right.
    pub(crate) points: Vec<Point>,
    pub(crate) look: LineLook,
    /// Place in the order of painting.
    pub(crate) order: usize,
    /// Whether every piece is level or upright.
    pub(crate) stepped: bool,
    /// Whether dashes were joined that the software drew one by one.
    pub(crate) from_dashes: bool,
}

/// How a chain runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    /// Never upwards on the page.
    Falling,
    /// Never downwards.
    Rising,
    /// Both.
    Mixed,
}

impl Chain {
    pub(crate) fn start(&self) -> Point {
        self.points[0]
    }

    pub(crate) fn end(&self) -> Point {
        self.points[self.points.len() - 1]
    }

    /// Around its corners.
    pub(crate) fn bounds(&self) -> Bounds {
        let (start, end) = (self.start(), self.end());
        let rows = self.points.iter().map(|point| point[1]);
        let (top, bottom) =
            rows.fold((start[1], start[1]), |(top, bottom), row| (row.min(top), row.max(bottom)));
        Bounds { left: start[0], top, right: end[0], bottom }
    }

    pub(crate) fn course(&self) -> Course {
        let falls = self.points.windows(2).any(|pair| pair[1][1] > pair[0][1] + LEVEL_PX);
        let rises = self.points.windows(2).any(|pair| pair[1][1] < pair[0][1] - LEVEL_PX);
        match (falls, rises) {
            (_, false) => Course::Falling,
            (false, true) => Course::Rising,
            (true, true) => Course::Mixed,
        }
    }

    /// Columns at which it steps.
    pub(crate) fn step_columns(&self) -> Vec<f64> {
        let mut columns: Vec<f64> = self
            .points
            .windows(2)
            .filter(|pair| (pair[1][1] - pair[0][1]).abs() > LEVEL_PX)
            .map(|pair| pair[1][0])
            .collect();
        columns.dedup_by(|a, b| (*a - *b).abs() <= LEVEL_PX);
        columns
    }

    /// Lowest and highest row at a column, with `reach` pixels to both sides; nothing beyond its ends.
    pub(crate) fn rows_at(&self, column: f64, reach: f64) -> Option<(f64, f64)> {
        let mut found: Option<(f64, f64)> = None;
        let first = self.points.partition_point(|point| point[0] < column - reach);
        for pair in self.points[first.saturating_sub(1)..].windows(2) {
            if pair[0][0] > column + reach {
                break;
            }
            if pair[1][0] < column - reach {
                continue;
            }
            let row_at = |x: f64| {
                let width = pair[1][0] - pair[0][0];
                if width <= 0.0 {
                    return pair[0][1];
                }
                pair[0][1] + (pair[1][1] - pair[0][1]) * ((x - pair[0][0]) / width).clamp(0.0, 1.0)
            };
            let upright = pair[1][0] - pair[0][0] <= LEVEL_PX;
            let rows = if upright {
                (pair[0][1].min(pair[1][1]), pair[0][1].max(pair[1][1]))
            } else {
                let (a, b) = (row_at(column - reach), row_at(column + reach));
                (a.min(b), a.max(b))
            };
            found = Some(found.map_or(rows, |(low, high)| (low.min(rows.0), high.max(rows.1))));
        }
        found
    }
}

/// All chains within a plot, longest first, each once.
pub(crate) fn chains_in(lines: &[Line], paths: &[VectorPath], plot: &Bounds) -> Vec<Chain> {
    let area = plot.grown(0.04 * plot.width().max(plot.height()));
    let mut whole: Vec<Chain> = lines
        .iter()
        .filter(|line| !line.closed && area.contains(line.points[0]) && line.bounds.overlaps(plot))
        .filter_map(chain_of_line)
        .collect();
    whole.extend(outline_chains(paths, &area));
    if whole.len() > MOST_PIECES {
        return Vec::new();
    }
    let mut joined = join_pieces(whole, plot);
    joined.sort_by_key(|chain| chain.order);
    without_copies(joined)
}

/// A line that runs one way, from left to right.
fn chain_of_line(line: &Line) -> Option<Chain> {
    let mut points = line.points.clone();
    if points.len() < 2 || line.curved && points.len() < 40 {
        return None;
    }
    let (first, last) = (points[0], points[points.len() - 1]);
    let upright = (last[0] - first[0]).abs() <= LEVEL_PX;
    if last[0] < first[0] || (upright && last[1] < first[1]) {
        points.reverse();
    }
    let runs_right = points.windows(2).all(|pair| pair[1][0] >= pair[0][0] - LEVEL_PX);
    let stepped = is_stepped(&points);
    runs_right.then(|| Chain {
        points,
        look: line.look.clone(),
        order: line.order,
        stepped,
        from_dashes: false,
    })
}

fn is_stepped(points: &[Point]) -> bool {
    points.windows(2).all(|pair| {
        (pair[1][0] - pair[0][0]).abs() <= LEVEL_PX || (pair[1][1] - pair[0][1]).abs() <= LEVEL_PX
    })
}

/// Joins pieces of one look whose ends meet, then dashes over their gaps.
fn join_pieces(chains: Vec<Chain>, plot: &Bounds) -> Vec<Chain> {
    let mut groups: Vec<Vec<Chain>> = Vec::new();
    for chain in chains {
        let many = groups.len() >= MOST_LOOKS;
        match groups.iter_mut().find(|group| group[0].look.is_like(&chain.look)) {
            Some(group) => group.push(chain),
            None if !many => groups.push(vec![chain]),
            None => {}
        }
    }
    let meeting = |one: &Chain, other: &Chain| {
        let (end, start) = (one.end(), other.start());
        let distance = (start[0] - end[0]).abs().max((start[1] - end[1]).abs());
        (distance <= MEETING_PX).then_some(distance)
    };
    let joined: Vec<Vec<Chain>> = groups.iter().map(|group| join(group.clone(), meeting, false)).collect();
    let curves: Vec<Chain> = joined
        .iter()
        .flatten()
        .filter(|chain| chain.points.len() >= 4 && chain.end()[0] - chain.start()[0] >= 0.15 * plot.width())
        .cloned()
        .collect();
    groups
        .into_iter()
        .zip(joined)
        .flat_map(|(pieces, joined)| {
            let is_other = |curve: &&Chain| !curve.look.is_like(&pieces[0].look);
            let of_others: Vec<Chain> = curves.iter().filter(is_other).cloned().collect();
            // Strokes of marks that stand close may meet, and are no curve for that.
            if pieces.len() >= LEAST_DASHES && !of_others.is_empty() && are_marks(&pieces, &of_others) {
                pieces
            } else if are_marks(&joined, &curves) {
                joined
            } else {
                join_dashes(joined)
            }
        })
        .collect()
}

/// Whether most short pieces of a look sit on curves: then they are their censor marks and no dashes.
fn are_marks(group: &[Chain], curves: &[Chain]) -> bool {
    let on_curve = |piece: &Chain| {
        let middle = [(piece.start()[0] + piece.end()[0]) / 2.0, (piece.start()[1] + piece.end()[1]) / 2.0];
        let reach = ((piece.end()[1] - piece.start()[1]).abs() / 2.0 + 0.5).min(12.0);
        curves.iter().any(|curve| {
            curve.points.len() > piece.points.len()
                && curve
                    .rows_at(middle[0], 0.05)
                    .is_some_and(|(low, high)| middle[1] >= low - reach && middle[1] <= high + reach)
        })
    };
    let short: Vec<&Chain> = group.iter().filter(|chain| chain.points.len() <= 3).collect();
    let sitting = short.iter().filter(|chain| on_curve(chain)).count();
    sitting * 10 >= short.len() * 6
}

/// Joins each chain to the nearest that can follow it.
fn join(
    mut chains: Vec<Chain>,
    distance: impl Fn(&Chain, &Chain) -> Option<f64>,
    over_gaps: bool,
) -> Vec<Chain> {
    chains.sort_by(|a, b| a.start()[0].total_cmp(&b.start()[0]).then(a.start()[1].total_cmp(&b.start()[1])));
    let starts: Vec<f64> = chains.iter().map(|chain| chain.start()[0]).collect();
    let mut used = vec![false; chains.len()];
    let mut joined = Vec::new();
    for index in 0..chains.len() {
        if used[index] {
            continue;
        }
        used[index] = true;
        let mut whole = chains[index].clone();
        loop {
            let from = starts.partition_point(|&start| start < whole.end()[0] - 1.0);
            let reach = if over_gaps { f64::INFINITY } else { whole.end()[0] + 1.0 };
            let next = (from..chains.len())
                .take_while(|&other| starts[other] <= reach)
                .filter(|&other| !used[other])
                .filter_map(|other| distance(&whole, &chains[other]).map(|gap| (gap, other)))
                .min_by(|a, b| a.0.total_cmp(&b.0));
            let Some((_, other)) = next else { break };
            used[other] = true;
            append(&mut whole, &chains[other], over_gaps);
        }
        joined.push(whole);
    }
    joined
}

fn append(whole: &mut Chain, next: &Chain, over_gap: bool) {
    let (end, start) = (whole.end(), next.start());
    if over_gap && (start[1] - end[1]).abs() > LEVEL_PX && (start[0] - end[0]).abs() > LEVEL_PX {
        // The corner lies in the gap: level to its middle, then down.
        let middle = (start[0] + end[0]) / 2.0;
        whole.points.extend([[middle, end[1]], [middle, start[1]]]);
    }
    whole.points.extend(next.points.iter().copied());
    whole.order = whole.order.max(next.order);
    whole.stepped = is_stepped(&whole.points);
    whole.from_dashes |= over_gap;
}

/// Joins short pieces that follow each other at even gaps. What does not become a line of many dashes stays apart.
fn join_dashes(chains: Vec<Chain>) -> Vec<Chain> {
    let mut lengths: Vec<f64> = chains.iter().map(length_of).collect();
    lengths.sort_by(f64::total_cmp);
    let typical = lengths.get(lengths.len() / 2).copied().unwrap_or(0.0);
    let has_own_dashes = chains.first().is_some_and(|chain| chain.look.is_dashed());
    if has_own_dashes || chains.len() < LEAST_DASHES || typical <= 0.0 {
        return chains;
    }
    let (dashes, mut others): (Vec<Chain>, Vec<Chain>) =
        chains.into_iter().partition(|chain| length_of(chain) <= 3.0 * typical);
    let reach = 2.5 * typical + 2.0;
    let following = move |one: &Chain, other: &Chain| {
        let (end, start) = (one.end(), other.start());
        let (across, down) = (start[0] - end[0], start[1] - end[1]);
        let near = across >= -MEETING_PX && down >= -MEETING_PX && across + down <= reach;
        near.then_some(across + down)
    };
    for line in join(dashes, following, true) {
        // A line of six dashes is at least as long as nine dashes and gaps.
        if line.from_dashes && length_of(&line) >= 1.5 * LEAST_DASHES as f64 * typical.max(1.0) {
            others.push(line);
        }
    }
    others
}

/// Length along a chain.
fn length_of(chain: &Chain) -> f64 {
    chain.points.windows(2).map(|pair| (pair[1][0] - pair[0][0]).hypot(pair[1][1] - pair[0][1])).sum()
}

/// Leaves out chains drawn before in the same place: copies make heavy lines or halos. The last one painted is seen.
fn without_copies(chains: Vec<Chain>) -> Vec<Chain> {
    let mut kept: Vec<Chain> = Vec::new();
    for chain in chains {
        match kept.iter_mut().find(|other| is_copy(other, &chain)) {
            Some(other) => *other = chain,
            None => kept.push(chain),
        }
    }
    kept
}

fn is_copy(one: &Chain, other: &Chain) -> bool {
    one.points.len() == other.points.len()
        && one
            .points
            .iter()
            .zip(&other.points)
            .all(|(a, b)| (a[0] - b[0]).abs() <= SAME_PX && (a[1] - b[1]).abs() <= SAME_PX)
}

/// Centre lines of thin filled staircases: software that turns strokes into outlines draws curves so.
fn outline_chains(paths: &[VectorPath], area: &Bounds) -> Vec<Chain> {
    let mut chains = Vec::new();
    let mut comparisons = 0_usize;
    for (order, path) in paths.iter().enumerate() {
        let Some(fill) = path.fill.filter(is_seen) else { continue };
        if path.stroke.as_ref().is_some_and(|stroke| is_seen(&stroke.color)) {
            continue;
        }
        for subpath in &path.subpaths {
            let Some(bounds) = Bounds::around(&subpath.points) else { continue };
            let corners = subpath.points.len();
            if !area.contains(subpath.points[0]) || bounds.width() < 3.0 || corners > MOST_CORNERS {
                continue;
            }
            comparisons += corners * corners;
            if comparisons > MOST_COMPARISONS {
                return chains;
            }
            if let Some((points, width)) = centre_line(&subpath.points, &bounds) {
                let look = LineLook { color: fill.on_white(), width, dashes: Vec::new() };
                let stepped = is_stepped(&points);
                chains.push(Chain { points, look, order, stepped, from_dashes: false });
            }
        }
    }
    chains
}

/// The centre line of an outline whose level and upright edges keep one distance from each other, and that distance.
/// Upper and lower edge of the outline are shifted against each other by the width of the line, to the right and down.
fn centre_line(points: &[Point], bounds: &Bounds) -> Option<(Vec<Point>, f64)> {
    let edges = edges_of(points);
    if edges.len() < 4 {
        // A single level piece.
        let width = bounds.height();
        let thin = width <= 8.0 && bounds.width() >= 2.0 * width && points.len() <= 5;
        return thin
            .then(|| (vec![[bounds.left, bounds.center_y()], [bounds.right, bounds.center_y()]], width));
    }
    let width = line_width(&edges)?;
    if width > 0.08 * bounds.width().max(bounds.height()) {
        return None;
    }
    let upper = boundary(&edges, true);
    let lower = boundary(&edges, false);
    // Upper edges lie half a width above their level and end half a width behind their drop; lower ones below and before.
    let half = width / 2.0;
    let from_upper: Vec<Step> = upper.iter().map(|step| step.moved(-half, half)).collect();
    let from_lower: Vec<Step> = lower.iter().map(|step| step.moved(half, -half)).collect();
    let is_upper = from_upper.len() >= from_lower.len();
    let levels = if is_upper { from_upper } else { from_lower };
    if levels.len() < 2 {
        return None;
    }
    let mut line = Vec::with_capacity(2 * levels.len());
    let begin = bounds.left;
    line.push([begin, levels[0].row]);
    for pair in levels.windows(2) {
        // The inner corner of a bend is where the lines' edges meet; the outer one may be rounded off.
        let column = if is_upper { pair[1].from } else { pair[0].to };
        line.extend([[column, pair[0].row], [column, pair[1].row]]);
    }
    let last = levels[levels.len() - 1];
    line.push([bounds.right.max(last.from), last.row]);
    Some((line, width))
}

/// A level edge: its row, and where it begins and ends.
#[derive(Debug, Clone, Copy)]
struct Step {
    row: f64,
    from: f64,
    to: f64,
}

impl Step {
    /// Moved in columns and rows.
    fn moved(&self, across: f64, down: f64) -> Self {
        Self { row: self.row + down, from: self.from + across, to: self.to + across }
    }
}

/// Level edges of an outline with the way they run (true to the right).
fn edges_of(points: &[Point]) -> Vec<(Step, bool)> {
    (0..points.len())
        .map(|index| (points[index], points[(index + 1) % points.len()]))
        .filter(|(a, b)| (a[1] - b[1]).abs() <= LEVEL_PX && (a[0] - b[0]).abs() > LEVEL_PX)
        .map(|(a, b)| {
            (Step { row: (a[1] + b[1]) / 2.0, from: a[0].min(b[0]), to: a[0].max(b[0]) }, b[0] > a[0])
        })
        .collect()
}

/// The distance at which most level edges have one that runs back below them.
fn line_width(edges: &[(Step, bool)]) -> Option<f64> {
    let mut distances: Vec<f64> = edges
        .iter()
        .filter_map(|(edge, way)| {
            edges
                .iter()
                .filter(|(other, other_way)| other_way != way && other.from < edge.to && edge.from < other.to)
                .map(|(other, _)| (other.row - edge.row).abs())
                .filter(|&distance| distance > 0.05)
                .min_by(f64::total_cmp)
        })
        .collect();
    if distances.len() * 10 < edges.len() * 9 {
        return None;
    }
    distances.sort_by(f64::total_cmp);
    let width = distances[distances.len() / 2];
    let alike = distances.iter().filter(|&&distance| (distance - width).abs() <= 0.05 * width + 0.05).count();
    (alike * 10 >= distances.len() * 8).then_some(width)
}

/// The level edges of one side, from left to right. The upper side is the one that runs like the topmost edge.
fn boundary(edges: &[(Step, bool)], upper: bool) -> Vec<Step> {
    let topmost = edges.iter().min_by(|a, b| a.0.row.total_cmp(&b.0.row)).is_some_and(|(_, way)| *way);
    let mut side: Vec<Step> =
        edges.iter().filter(|(_, way)| (*way == topmost) == upper).map(|(step, _)| *step).collect();
    side.sort_by(|a, b| a.from.total_cmp(&b.from));
    side
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look() -> LineLook {
        LineLook { color: [200, 0, 0], width: 2.0, dashes: Vec::new() }
    }

    fn piece(points: &[Point]) -> Chain {
        Chain { points: points.to_vec(), look: look(), order: 0, stepped: true, from_dashes: false }
    }

    #[test]
    fn single_pieces_join_to_a_staircase() {
        let pieces = vec![
            piece(&[[10.0, 5.0], [10.0, 8.0]]),
            piece(&[[0.0, 5.0], [10.0, 5.0]]),
            piece(&[[10.0, 8.0], [20.0, 8.0]]),
        ];
        let plot = Bounds { left: 0.0, top: 0.0, right: 100.0, bottom: 100.0 };
        let joined = join_pieces(pieces, &plot);
        assert_eq!(joined.len(), 1);
        assert_eq!(joined[0].end(), [20.0, 8.0]);
        assert_eq!(joined[0].step_columns(), vec![10.0]);
    }

    #[test]
    fn an_outline_gives_its_centre_line() {
        // A line two pixels wide that falls from row 10 to row 30 at column 50.
        let outline = [
            [0.0, 9.0],
            [51.0, 9.0],
            [51.0, 29.0],
            [100.0, 29.0],
            [100.0, 31.0],
            [49.0, 31.0],
            [49.0, 11.0],
            [0.0, 11.0],
        ];
        let bounds = Bounds::around(&outline).unwrap();
        let (line, width) = centre_line(&outline, &bounds).unwrap();
        assert!((width - 2.0).abs() < 1e-9);
        assert_eq!(line, vec![[0.0, 10.0], [50.0, 10.0], [50.0, 30.0], [100.0, 30.0]]);
    }

    #[test]
    fn dashes_drawn_one_by_one_become_one_curve() {
        let pieces: Vec<Chain> =
            (0..10).map(|i| piece(&[[10.0 * f64::from(i), 5.0], [10.0 * f64::from(i) + 6.0, 5.0]])).collect();
        let plot = Bounds { left: 0.0, top: 0.0, right: 100.0, bottom: 100.0 };
        let joined = join_pieces(pieces, &plot);
        assert_eq!(joined.len(), 1);
        assert!(joined[0].from_dashes);
        assert_eq!(joined[0].end(), [96.0, 5.0]);
    }
}
