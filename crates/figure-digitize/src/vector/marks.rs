//! Censor marks: small shapes or single glyphs that repeat along a curve.

use kmeta_figure_source::vector::{Bounds, Point, VectorGlyph, VectorPath};

use super::chains::Chain;
use super::lines::{LEVEL_PX, Line, is_hued, is_seen, same_color};

/// A mark is at most this share of the plot's height or width high and wide.
const LARGEST: f64 = 0.09;
/// Larger ones are marks where as many of one form or more sit on curves, up to this many times that size: nothing else that
/// large repeats there.
const FEWEST_LARGE: usize = 3;
const LARGER: f64 = 2.5;
/// Shapes of one kind have sizes that differ by less, in pixels.
const SAME_SIZE_PX: f64 = 0.25;
/// Parts of one mark have middles this near, in pixels: coordinates are rounded to hundredths of a point.
const SAME_MIDDLE_PX: f64 = 0.06;
/// A mark sits this near to its place on the curve, in pixels.
const ON_CURVE_PX: f64 = 0.35;
/// Where most of a kind sit on curves, the others may stand this far off: matplotlib leaves out corners that move its lines
/// by less than a ninth of a point, which moves drops and levels away from their marks.
const NEAR_CURVE_PX: f64 = 0.7;
/// A sign of a font may stand this far beside its time, in pixels: the digits of files tell no more.
const SIGN_PX: f64 = 0.06;
/// Share of a kind of shapes that must sit on curves.
const LEAST_SHARE: f64 = 0.6;
/// Marks of one arm within this many pixels stand for one time, unless times are told apart by less than the file's digits:
/// then about as many marks stand within the second number of pixels.
const SAME_TIME_PX: f64 = 0.02;
const NEXT_TIME_PX: f64 = 0.2;
/// Marks that are painted one after the other belong to the arm to which this share of those belongs whose arm is known.
const RUN_SHARE: f64 = 0.9;
/// Above this share of shapes on steps, and of steps with a shape, the shapes mark events.
const EVENT_SHARE: f64 = 0.9;

/// Marks of more forms and colours are not told apart.
const MOST_KINDS: usize = 1000;

/// A shape that may be a mark.
#[derive(Debug, Clone)]
struct Shape {
    middle: Point,
    width: f64,
    height: f64,
    color: [u8; 3],
    order: usize,
    is_glyph: bool,
    curved: bool,
    filled: bool,
    /// Width and height of the strokes or fillings it is made of, and whether they are fillings.
    parts: Vec<(f64, f64, bool)>,
}

/// The columns of each arm's censor marks, ascending.
pub(crate) struct FoundMarks {
    pub(crate) columns: Vec<Vec<f64>>,
    /// Around each mark that was used.
    pub(crate) areas: Vec<Bounds>,
    /// How many marks stand where several arms run and were given to the arm of their neighbours.
    pub(crate) shared: usize,
    /// How many shapes mark events rather than censorings.
    pub(crate) events: usize,
}

/// Finds the marks of the arms of a plot.
pub(crate) fn find_marks(
    paths: &[VectorPath],
    glyphs: &[VectorGlyph],
    lines: &[Line],
    arms: &[Chain],
    plot: &Bounds,
) -> FoundMarks {
    let mut found =
        FoundMarks { columns: vec![Vec::new(); arms.len()], areas: Vec::new(), shared: 0, events: 0 };
    let shapes = shapes_in(paths, glyphs, lines, arms, plot);
    let largest = largest_mark(plot);
    let steps: Vec<Vec<f64>> = arms.iter().map(Chain::step_columns).collect();
    for kind in kinds_of(shapes) {
        if kind[0].width.max(kind[0].height) > largest && kind.len() < FEWEST_LARGE {
            continue;
        }
        let Some(offset) = common_offset(&kind, arms) else { continue };
        let on_curve = |reach| -> Vec<(&Shape, Vec<usize>)> {
            kind.iter()
                .map(|shape| (shape, arms_under(shape, offset, arms, reach)))
                .filter(|(_, under)| !under.is_empty())
                .collect()
        };
        let mut placed = on_curve(ON_CURVE_PX);
        if (placed.len() as f64) < LEAST_SHARE * kind.len() as f64 {
            continue;
        }
        if placed.len() < kind.len() {
            placed = with_near_ones(placed, on_curve(NEAR_CURVE_PX));
        }
        let owners = owners_of(&placed, arms, &mut found.shared);
        let mut columns = vec![Vec::new(); arms.len()];
        for ((shape, _), owner) in placed.iter().zip(owners) {
            let column = shape.middle[0];
            columns[owner].push(if shape.is_glyph { at_step(column, &steps[owner]) } else { column });
            let (half_width, half_height) = (shape.width / 2.0, shape.height / 2.0);
            found.areas.push(Bounds {
                left: shape.middle[0] - half_width,
                top: shape.middle[1] - half_height,
                right: shape.middle[0] + half_width,
                bottom: shape.middle[1] + half_height,
            });
        }
        for (arm, own) in columns.into_iter().enumerate() {
            if marks_events(&own, &arms[arm]) {
                found.events += own.len();
            } else {
                add_columns(&mut found.columns[arm], own);
            }
        }
    }
    found
}

/// Adds the shapes that only a wider reach places, in the order of painting.
fn with_near_ones<'k>(
    placed: Vec<(&'k Shape, Vec<usize>)>,
    wider: Vec<(&'k Shape, Vec<usize>)>,
) -> Vec<(&'k Shape, Vec<usize>)> {
    let mut sure = placed.into_iter().peekable();
    wider
        .into_iter()
        .map(|near| sure.next_if(|(shape, _)| std::ptr::eq(*shape, near.0)).unwrap_or(near))
        .collect()
}

/// The step of a curve at which a sign of a font stands, or its own column: fonts centre their signs by their own measure, and
/// a patient who is censored at the time of an event was at risk in it.
fn at_step(column: f64, steps: &[f64]) -> f64 {
    let next = steps.partition_point(|&step| step < column - SIGN_PX);
    steps.get(next).copied().filter(|step| *step <= column + SIGN_PX).unwrap_or(column)
}

/// Adds the marks of one kind to those of an arm. Filling and edge of a mark are two kinds in one place.
fn add_columns(known: &mut Vec<f64>, mut own: Vec<f64>) {
    own.sort_by(f64::total_cmp);
    let gaps: Vec<f64> = own.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let equal = gaps.iter().filter(|&&gap| gap <= SAME_TIME_PX).count();
    let near = gaps.iter().filter(|&&gap| gap > SAME_TIME_PX && gap <= NEXT_TIME_PX).count();
    if near < equal {
        own.dedup_by(|a, b| (*a - *b).abs() <= SAME_TIME_PX);
    }
    let is_new = |column: &f64| {
        let next = known.partition_point(|other| other < &(column - SAME_TIME_PX));
        known.get(next).is_none_or(|other| *other > column + SAME_TIME_PX)
    };
    let new: Vec<f64> = own.into_iter().filter(is_new).collect();
    known.extend(new);
    known.sort_by(f64::total_cmp);
}

/// Width or height of a mark that stands by itself, at most: no more than a few letters, on pages of poster size too.
fn largest_mark(plot: &Bounds) -> f64 {
    let side = plot.width().max(plot.height());
    (LARGEST * side).min(60.0_f64.max(0.06 * side))
}

/// Small shapes and single glyphs within the plot.
fn shapes_in(
    paths: &[VectorPath],
    glyphs: &[VectorGlyph],
    lines: &[Line],
    arms: &[Chain],
    plot: &Bounds,
) -> Vec<Shape> {
    let area = plot.grown(0.03 * plot.height());
    let largest = LARGER * largest_mark(plot);
    let fits = |bounds: &Bounds| {
        bounds.width() <= largest
            && bounds.height() <= largest
            && bounds.width().max(bounds.height()) >= 1.5
            && area.contains([bounds.center_x(), bounds.center_y()])
    };
    let mut shapes: Vec<Shape> = Vec::new();
    let mut last: Option<(usize, Bounds)> = None;
    for line in lines.iter().filter(|line| fits(&line.whole) && !is_step(line)) {
        // A line that its clip cuts to parts is one shape; one that is cut in its middle or beyond is not seen.
        if last == Some((line.order, line.whole))
            || !line.bounds.grown(beyond_clip(&line.whole)).contains(middle_of(&line.whole))
        {
            continue;
        }
        last = Some((line.order, line.whole));
        if is_piece(line, arms) {
            continue;
        }
        shapes.push(Shape {
            middle: middle_of(&line.whole),
            width: line.whole.width(),
            height: line.whole.height(),
            color: line.look.color,
            order: line.order,
            is_glyph: false,
            curved: line.curved,
            filled: false,
            parts: vec![(line.whole.width(), line.whole.height(), false)],
        });
    }
    for (order, path) in paths.iter().enumerate() {
        let Some(fill) = path.fill.filter(is_seen) else { continue };
        if path.stroke.as_ref().is_some_and(|stroke| is_seen(&stroke.color)) {
            continue;
        }
        for subpath in &path.subpaths {
            let seen = |bounds: &Bounds| path.clip.grown(beyond_clip(bounds)).contains(middle_of(bounds));
            if let Some(bounds) = Bounds::around(&subpath.points).filter(&fits).filter(seen) {
                shapes.push(Shape {
                    middle: [bounds.center_x(), bounds.center_y()],
                    width: bounds.width(),
                    height: bounds.height(),
                    color: fill.on_white(),
                    order,
                    is_glyph: false,
                    curved: subpath.curved,
                    filled: true,
                    parts: vec![(bounds.width(), bounds.height(), true)],
                });
            }
        }
    }
    shapes = with_parts_joined(shapes);
    let base = paths.len();
    for (order, glyph) in glyphs.iter().enumerate().filter(|(_, glyph)| glyph.visible && is_mark(glyph)) {
        if fits(&glyph.bounds) {
            shapes.push(Shape {
                middle: [glyph.bounds.center_x(), glyph.bounds.center_y()],
                width: glyph.bounds.width(),
                height: glyph.bounds.height(),
                color: glyph.color.on_white(),
                order: base + order,
                is_glyph: true,
                curved: false,
                filled: true,
                parts: Vec::new(),
            });
        }
    }
    shapes
}

/// How far the middle of a mark may lie outside its clip. A triangle stands with its centre of gravity on the curve, its
/// middle a sixth of its height above.
fn beyond_clip(mark: &Bounds) -> f64 {
    (0.2 * mark.height()).max(0.5)
}

fn middle_of(bounds: &Bounds) -> Point {
    [bounds.center_x(), bounds.center_y()]
}

/// A piece of a staircase drawn piece by piece is no mark; a bar, a plus, a cross and a circle are.
fn is_step(line: &Line) -> bool {
    let turns = line.points.len() > 2 && !line.closed && !line.curved;
    let level_first = turns && (line.points[0][1] - line.points[1][1]).abs() < 0.05;
    turns && level_first && line.points.len() == 3
}

/// A line that lies within a curve of its look is a piece of it: some software draws curves piece by piece. A mark
/// stands out on either side.
fn is_piece(line: &Line, arms: &[Chain]) -> bool {
    let mut alike = arms.iter().filter(|arm| !line.closed && !line.curved && arm.look.is_like(&line.look));
    alike.any(|arm| {
        line.points.iter().all(|point| {
            arm.rows_at(point[0], LEVEL_PX)
                .is_some_and(|(low, high)| point[1] >= low - LEVEL_PX && point[1] <= high + LEVEL_PX)
        })
    })
}

/// Glyphs that software uses for marks. Letters of the symbol fonts have no text or stand for themselves.
fn is_mark(glyph: &VectorGlyph) -> bool {
    const MARKS: &str = "+|x×Xo○●◦•lI¦∣❘△▲▵▴□■◇◆⬦✕✖*∗†‡'´❍n";
    match &glyph.text {
        None => true,
        Some(text) => text.chars().count() == 1 && text.chars().all(|letter| MARKS.contains(letter)),
    }
}

/// Strokes with one middle are one mark: a plus may be two lines, and a disc is filled and stroked.
fn with_parts_joined(mut shapes: Vec<Shape>) -> Vec<Shape> {
    shapes.sort_by(|a, b| a.middle[0].total_cmp(&b.middle[0]).then(a.order.cmp(&b.order)));
    let mut joined: Vec<Shape> = Vec::with_capacity(shapes.len());
    for shape in shapes {
        let partner = joined
            .iter_mut()
            .rev()
            .take_while(|other| shape.middle[0] - other.middle[0] <= SAME_MIDDLE_PX)
            .find(|other| {
                // Two of one form are two marks side by side.
                let has_such_part = other.parts.iter().any(|part| {
                    (part.0 - shape.width).abs() <= SAME_SIZE_PX
                        && (part.1 - shape.height).abs() <= SAME_SIZE_PX
                        && part.2 == shape.filled
                });
                !has_such_part
                    && (other.middle[1] - shape.middle[1]).abs() <= SAME_MIDDLE_PX
                    && same_color(other.color, shape.color)
                    && shape.order.abs_diff(other.order) <= 2
            });
        match partner {
            Some(other) => {
                other.width = other.width.max(shape.width);
                other.height = other.height.max(shape.height);
                other.curved |= shape.curved;
                other.parts.extend(shape.parts);
            }
            None => joined.push(shape),
        }
    }
    joined.sort_by_key(|shape| shape.order);
    joined
}

/// Groups shapes of one form and colour.
fn kinds_of(shapes: Vec<Shape>) -> Vec<Vec<Shape>> {
    let mut kinds: Vec<Vec<Shape>> = Vec::new();
    for shape in shapes {
        let many = kinds.len() >= MOST_KINDS;
        let partner = kinds.iter_mut().find(|kind| {
            let first = &kind[0];
            (first.width - shape.width).abs() <= SAME_SIZE_PX
                && (first.height - shape.height).abs() <= SAME_SIZE_PX
                && first.is_glyph == shape.is_glyph
                && first.curved == shape.curved
                && same_color(first.color, shape.color)
        });
        match partner {
            Some(kind) => kind.push(shape),
            None if !many => kinds.push(vec![shape]),
            None => {}
        }
    }
    kinds
}

/// How far below the curve most middles of a kind lie: marks may stand on the line rather than across it. Shapes that
/// reach over no curve have no offset.
fn common_offset(kind: &[Shape], arms: &[Chain]) -> Option<f64> {
    let mut offsets: Vec<f64> = Vec::new();
    for shape in kind {
        for arm in arms {
            if let Some((low, high)) = arm.rows_at(shape.middle[0], 0.0) {
                offsets.extend([shape.middle[1] - low, shape.middle[1] - high]);
            }
        }
    }
    let limit = kind[0].height / 2.0 + 1.5;
    offsets.retain(|offset| offset.abs() <= limit);
    // A glyph may sit a little off the line: fonts centre their signs by their own measure.
    let count = |center: f64| offsets.iter().filter(|&&other| (other - center).abs() <= ON_CURVE_PX).count();
    let zero = (count(0.0), 0.0_f64);
    let best = offsets
        .iter()
        .map(|&offset| (count(offset), offset))
        .fold(zero, |best, next| if next.0 > best.0 + best.0 / 4 { next } else { best });
    (best.0 > 0).then_some(best.1)
}

/// The arms whose line runs through a mark's place.
fn arms_under(shape: &Shape, offset: f64, arms: &[Chain], reach: f64) -> Vec<usize> {
    let row = shape.middle[1] - offset;
    (0..arms.len())
        .filter(|&arm| {
            let chain = &arms[arm];
            // The last mark may stand at the very end of its curve.
            let column = shape.middle[0].clamp(chain.start()[0], chain.end()[0]);
            // A mark at a drop is on the curve all along the drop.
            let beside = if reach > ON_CURVE_PX { reach } else { 0.05 };
            (column - shape.middle[0]).abs() <= ON_CURVE_PX
                && chain
                    .rows_at(column, beside)
                    .is_some_and(|(low, high)| row >= low - reach && row <= high + reach)
        })
        .collect()
}

/// One arm for each mark: the only one there, the one of its colour, or the one of the marks painted beside it.
fn owners_of(placed: &[(&Shape, Vec<usize>)], arms: &[Chain], shared: &mut usize) -> Vec<usize> {
    let sure: Vec<Option<usize>> = placed
        .iter()
        .map(|(shape, under)| {
            if let [only] = under.as_slice() {
                return Some(*only);
            }
            let of_color: Vec<usize> = under
                .iter()
                .copied()
                .filter(|&arm| is_hued(shape.color) && same_color(arms[arm].look.color, shape.color))
                .collect();
            if let [only] = of_color.as_slice() { Some(*only) } else { None }
        })
        .collect();
    let of_runs = owners_of_runs(placed, &sure);
    let mut owners: Vec<usize> = Vec::with_capacity(placed.len());
    for (index, (shape, under)) in placed.iter().enumerate() {
        let owner = sure[index].unwrap_or_else(|| {
            *shared += 1;
            if let Some(owner) = of_runs[index].filter(|owner| under.contains(owner)) {
                return owner;
            }
            // Two marks in one place are one of each arm.
            let taken: Vec<usize> = (0..index)
                .rev()
                .take_while(|&other| placed[other].0.order.abs_diff(shape.order) <= placed.len() * 2)
                .filter(|&other| is_same_place(placed[other].0, shape))
                .map(|other| owners[other])
                .collect();
            if let Some(free) = under.iter().find(|arm| !taken.contains(arm)).filter(|_| !taken.is_empty()) {
                return *free;
            }
            // Software paints the marks of one arm before those of the next.
            let nearest = (0..placed.len())
                .filter(|&other| sure[other].is_some_and(|owner| under.contains(&owner)))
                .min_by_key(|&other| (placed[other].0.order.abs_diff(shape.order), other));
            nearest.and_then(|other| sure[other]).unwrap_or(under[0])
        });
        owners.push(owner);
    }
    owners
}

/// Software paints the marks of one arm from left to right and begins again for the next: of each run the arm to which nearly
/// all of it belong whose arm is known.
fn owners_of_runs(placed: &[(&Shape, Vec<usize>)], sure: &[Option<usize>]) -> Vec<Option<usize>> {
    let mut owners = Vec::with_capacity(placed.len());
    let mut begin = 0;
    while begin < placed.len() {
        let turns_back = |at: &usize| placed[*at].0.middle[0] < placed[*at - 1].0.middle[0] - SAME_MIDDLE_PX;
        let end = (begin + 1..placed.len()).find(turns_back).unwrap_or(placed.len());
        let known: Vec<usize> = sure[begin..end].iter().flatten().copied().collect();
        let mut votes = vec![0_usize; known.iter().max().map_or(0, |most| most + 1)];
        for &owner in &known {
            votes[owner] += 1;
        }
        let owner = (0..votes.len())
            .max_by_key(|&owner| votes[owner])
            .filter(|&owner| votes[owner] as f64 >= RUN_SHARE * known.len() as f64);
        owners.extend(std::iter::repeat_n(owner, end - begin));
        begin = end;
    }
    owners
}

fn is_same_place(one: &Shape, other: &Shape) -> bool {
    (one.middle[0] - other.middle[0]).abs() <= SAME_TIME_PX
        && (one.middle[1] - other.middle[1]).abs() <= SAME_TIME_PX
}

/// Shapes at every step mark the events.
fn marks_events(columns: &[f64], arm: &Chain) -> bool {
    let steps = arm.step_columns();
    if columns.len() < 3 || steps.is_empty() {
        return false;
    }
    let near = |column: f64, others: &[f64]| others.iter().any(|other| (other - column).abs() <= 0.1);
    let on_steps = columns.iter().filter(|&&column| near(column, &steps)).count() as f64;
    let covered = steps.iter().filter(|&&step| near(step, columns)).count() as f64;
    on_steps >= EVENT_SHARE * columns.len() as f64 && covered >= EVENT_SHARE * steps.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_beside_a_step_stands_at_the_step() {
        let steps = [10.0, 20.0];
        assert_eq!(
            [9.95, 10.05, 15.0, 19.86].map(|column| at_step(column, &steps)),
            [10.0, 10.0, 15.0, 19.86]
        );
    }
}
