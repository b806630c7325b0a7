//! Places ticks at the lines of the plot that run through them: grid lines and the sides of the frame. The middle of a label is
//! off by a pixel or two, a drawn line is not.

use kmeta_trial_data::{AxisCalibration, AxisTick, Origin};

use crate::axis_lines::AxisPair;
use crate::calibrate::{add_unlabelled_ticks, label_tolerance, line_through, refit};
use crate::grid::{MOST_CONTRAST, StraightLine, line_near};
use crate::ink::InkPage;
use crate::median::median;
use crate::ticks::TickMark;

/// Fewest lines that make an axis, and their least share of its labels.
const FEWEST_LINES: usize = 3;
const LEAST_SHARE: f64 = 0.6;
/// Both sides of the frame make an axis as well.
const SIDES: usize = 2;
/// What the edge of the plot cuts off a grid line that stands at it, at least, as a share of the line: half of it, as a rule.
const LEAST_CUT: f64 = 0.25;
/// A line this many times as wide as the others is something else.
const MOST_WIDTH: f64 = 2.0;
/// How far inside a cut line stands at least, in pixels: programs that set lines on whole pixels move them by half of one.
const LEAST_INSIDE_PX: f64 = 0.6;
/// Share of its length along which a side of the frame is drawn.
const DRAWN_SHARE: f64 = 0.85;
/// How far from where its axis line was found a side of the frame is looked for, in pixels.
const SIDE_REACH_PX: f64 = 3.0;

/// The lines that run across an axis.
struct Across<'a> {
    page: &'a InkPage,
    /// Whether the axis is that of time, whose lines run upwards.
    of_time: bool,
    /// The pixels along the lines.
    length: (usize, usize),
    /// Where the sides of the frame should be.
    sides: [f64; 2],
}

impl Across<'_> {
    fn line_near(&self, near: f64, reach: f64) -> Option<StraightLine> {
        let contrast = &self.page.contrast;
        if self.of_time {
            line_near(near, reach, self.length, self.page.width(), |x, y| contrast.get(x, y))
        } else {
            line_near(near, reach, self.length, self.page.height(), |y, x| contrast.get(x, y))
        }
    }

    /// The middles of the drawn sides of the frame.
    fn drawn_sides(&self) -> Vec<f64> {
        let is_drawn = |line: &StraightLine| line.excess >= DRAWN_SHARE * f64::from(MOST_CONTRAST);
        let side = |&near: &f64| self.line_near(near, SIDE_REACH_PX).filter(is_drawn);
        self.sides.iter().filter_map(side).map(|line| line.middle).collect()
    }
}

/// Places the ticks of both axes whose labels stand for tick marks at grid lines or sides of the frame, and adds the sides as
/// ticks where the scale has a value there. Gives the places of all lines that are ticks now.
pub(crate) fn place_at_strokes(
    page: &InkPage,
    lines: &AxisPair,
    (x, x_marks): (&mut AxisCalibration, &[TickMark]),
    (y, y_marks): (&mut AxisCalibration, &[TickMark]),
    letter_height: usize,
) -> [Vec<f64>; 2] {
    let inside = lines.inside();
    let across_x = Across {
        page,
        of_time: true,
        length: (inside.top, inside.bottom),
        sides: [lines.vertical.middle(), lines.horizontal.to as f64 - 0.5],
    };
    let across_y = Across {
        page,
        of_time: false,
        length: (inside.left, inside.right.min(page.width())),
        sides: [lines.horizontal.middle(), lines.vertical.from as f64 + 0.5],
    };
    let reach = label_tolerance(letter_height as f64);
    [place_axis(x, x_marks, &across_x, reach), place_axis(y, y_marks, &across_y, reach)]
}

/// One axis; gives the places of the lines that are ticks of it now.
fn place_axis(axis: &mut AxisCalibration, marks: &[TickMark], across: &Across<'_>, reach: f64) -> Vec<f64> {
    if axis.origin != Origin::Automatic {
        return Vec::new();
    }
    let is_mark = |pixel: f64| marks.iter().any(|mark| mark.position == pixel);
    axis.ticks.sort_by(|a, b| a.pixel.total_cmp(&b.pixel));
    let sides = across.drawn_sides();
    let side_near = |near: f64| nearest(&sides, near, reach);
    let fitted = if axis.ticks.iter().any(|tick| is_mark(tick.pixel)) {
        let fewest = axis.ticks.iter().filter(|tick| is_mark(tick.pixel)).count();
        let stroke =
            |tick: &AxisTick| if is_mark(tick.pixel) { Some(tick.pixel) } else { side_near(tick.pixel) };
        fit_to(axis, axis.ticks.iter().map(stroke).collect(), fewest)
    } else {
        let fewest = FEWEST_LINES.max((LEAST_SHARE * axis.ticks.len() as f64).ceil() as usize);
        let values: Vec<f64> = axis.ticks.iter().map(|tick| tick.value).collect();
        let places: Vec<f64> = axis.ticks.iter().map(|tick| axis.pixel_at(tick.value)).collect();
        let grid = places.iter().map(|&place| across.line_near(place, reach)).collect();
        let grid = without_cut_ends(whole_lines(grid), &values);
        let of_frame: Vec<Option<f64>> = places.iter().map(|&place| side_near(place)).collect();
        let marks: Vec<f64> = marks.iter().map(|mark| mark.position).collect();
        let marked = places.iter().map(|&place| nearest(&marks, place, reach).or_else(|| side_near(place)));
        fit_to(axis, marked.collect(), fewest)
            .or_else(|| fit_to(axis, grid, fewest))
            .or_else(|| fit_to(axis, of_frame.clone(), SIDES))
            .or_else(|| move_to(axis, &of_frame))
    };
    let Some(fitted) = fitted else { return Vec::new() };
    let (drawn, labels) = axis.ticks.drain(..).partition(|tick| fitted.contains(&tick.value));
    axis.ticks = drawn;
    add_unlabelled_ticks(axis, &sides);
    let is_new = |label: &AxisTick| axis.ticks.iter().all(|tick| tick.value != label.value);
    let labels: Vec<AxisTick> = Vec::into_iter(labels).filter(is_new).collect();
    let strokes = axis.ticks.iter().map(|tick| tick.pixel).filter(|&pixel| !is_mark(pixel)).collect();
    axis.ticks.extend(labels);
    axis.ticks.sort_by(|a, b| a.pixel.total_cmp(&b.pixel));
    strokes
}

/// The nearest of some places, within `reach`.
pub(crate) fn nearest(places: &[f64], near: f64, reach: f64) -> Option<f64> {
    let distance = |place: &f64| (place - near).abs();
    let nearest = places.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    (distance(&nearest) <= reach).then_some(nearest)
}

/// Fits the scale to the strokes of the ticks, when enough have one and agree, and moves the ticks there. Gives the values that
/// it is fitted to.
fn fit_to(axis: &mut AxisCalibration, strokes: Vec<Option<f64>>, fewest: usize) -> Option<Vec<f64>> {
    let drawn: Vec<(usize, f64)> =
        strokes.into_iter().enumerate().filter_map(|(index, stroke)| Some((index, stroke?))).collect();
    refit(axis, &drawn, fewest)
}

/// Moves the whole scale so that the tick of the only stroke stands at it: the middles of labels are all off by as much where
/// they are set in one line.
fn move_to(axis: &mut AxisCalibration, strokes: &[Option<f64>]) -> Option<Vec<f64>> {
    let (index, stroke) = strokes.iter().enumerate().find_map(|(index, stroke)| Some((index, (*stroke)?)))?;
    let moved = stroke - axis.pixel_at(axis.ticks[index].value);
    axis.intercept -= axis.slope * moved;
    for tick in &mut axis.ticks {
        tick.pixel += moved;
    }
    axis.ticks[index].pixel = stroke;
    Some(vec![axis.ticks[index].value])
}

/// Where the middles of grid lines would be, had the edge of the plot not cut off the outer part of the first and the last.
fn whole_lines(lines: Vec<Option<StraightLine>>) -> Vec<Option<f64>> {
    let drawn: Vec<usize> = (0..lines.len()).filter(|&index| lines[index].is_some()).collect();
    let ink = |line: &StraightLine| line.excess * line.width;
    let (usual_ink, usual_width) =
        (median(lines.iter().flatten().map(ink)), median(lines.iter().flatten().map(|line| line.width)));
    let whole = |index: usize, line: StraightLine| {
        let cut = 1.0 - ink(&line) / usual_ink;
        let outward = match Some(&index) {
            first if first == drawn.first() => -1.0,
            last if last == drawn.last() => 1.0,
            _ => 0.0,
        };
        if cut > LEAST_CUT { line.middle + outward * cut * usual_width / 2.0 } else { line.middle }
    };
    let is_thin = |line: &StraightLine| line.width <= MOST_WIDTH * usual_width;
    let all = lines.into_iter().enumerate();
    all.map(|(index, line)| line.filter(is_thin).map(|line| whole(index, line))).collect()
}

/// Leaves out the first and the last line where they stand farther inside than the lines between them say: the edge of the plot
/// has cut them off, or a frame lies over them that is cut off itself.
fn without_cut_ends(mut lines: Vec<Option<f64>>, values: &[f64]) -> Vec<Option<f64>> {
    let drawn: Vec<(f64, f64)> =
        lines.iter().zip(values).filter_map(|(line, &value)| Some(((*line)?, value))).collect();
    let [first, inner @ .., last] = drawn.as_slice() else { return lines };
    if inner.len() < FEWEST_LINES {
        return lines;
    }
    let places = line_through(inner);
    let inside = |&(place, value): &(f64, f64)| place - places(value);
    let scatter = inner.iter().map(|point| inside(point).abs()).fold(0.0, f64::max);
    let most = LEAST_INSIDE_PX.max(2.0 * scatter);
    let (cut_first, cut_last) = (inside(first) > most, inside(last) < -most);
    lines.iter_mut().filter(|line| cut_first && **line == Some(first.0)).for_each(|line| *line = None);
    lines.iter_mut().filter(|line| cut_last && **line == Some(last.0)).for_each(|line| *line = None);
    lines
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;
    use crate::axis_lines::InkLine;
    use kmeta_trial_data::AxisScale;

    fn axis(ticks: &[(f64, f64)]) -> AxisCalibration {
        let tick = |&(pixel, value): &(f64, f64)| AxisTick {
            pixel,
            value,
            label: value.to_string(),
            confidence: 1.0,
        };
        let (first, last) = (ticks[0], ticks[ticks.len() - 1]);
        let slope = (last.1 - first.1) / (last.0 - first.0);
        AxisCalibration {
            title: String::new(),
            unit: None,
            scale: AxisScale::Time,
            intercept: first.1 - slope * first.0,
            slope,
            covariance: [[0.0; 2]; 2],
            residual_px: 0.0,
            line_px: 0.0,
            ticks: ticks.iter().map(tick).collect(),
            origin: Origin::Automatic,
        }
    }

    /// A page of 320 x 220 pixels with lines of a grey in some columns between rows 20 and 200.
    fn page(columns: &[(u32, u32)], grey: u8) -> InkPage {
        let mut image = RgbImage::from_pixel(320, 220, Rgb([255; 3]));
        for x in columns.iter().flat_map(|&(from, to)| from..to) {
            (20..200).for_each(|y| image.put_pixel(x, y, Rgb([grey; 3])));
        }
        InkPage::new(&image)
    }

    const LINES: AxisPair = AxisPair {
        horizontal: InkLine { from: 49, to: 300, first: 200, last: 201 },
        vertical: InkLine { from: 20, to: 201, first: 49, last: 50 },
    };

    fn placed(page: &InkPage, ticks: &[(f64, f64)]) -> AxisCalibration {
        let (mut x, mut y) = (axis(ticks), axis(&[(20.0, 1.0), (200.0, 0.0)]));
        y.origin = Origin::Human;
        place_at_strokes(page, &LINES, (&mut x, &[]), (&mut y, &[]), 12);
        x
    }

    #[test]
    fn labels_are_moved_to_grid_lines() {
        let page = page(&[(100, 102), (150, 152), (200, 202), (250, 252)], 215);
        let x = placed(&page, &[(102.5, 10.0), (152.0, 20.0), (202.0, 30.0), (253.0, 40.0)]);
        assert!((x.pixel_at(10.0) - 101.0).abs() < 0.05, "{}", x.pixel_at(10.0));
        assert!((x.pixel_at(40.0) - 251.0).abs() < 0.05, "{}", x.pixel_at(40.0));
    }

    #[test]
    fn the_halves_of_lines_at_the_edges_of_the_plot_say_where_the_whole_ones_are() {
        let page = page(&[(100, 102), (148, 152), (198, 202), (248, 252), (298, 300)], 215);
        let ticks = [(101.0, 10.0), (150.5, 20.0), (200.5, 30.0), (250.5, 40.0), (299.0, 50.0)];
        let x = placed(&page, &ticks);
        assert!((x.pixel_at(10.0) - 100.0).abs() < 0.1, "{}", x.pixel_at(10.0));
        assert!((x.pixel_at(50.0) - 300.0).abs() < 0.1, "{}", x.pixel_at(50.0));
    }

    #[test]
    fn the_sides_of_the_frame_are_the_ends_of_an_axis_without_ticks_and_grid() {
        let page = page(&[(49, 50), (299, 300)], 0);
        let x = placed(
            &page,
            &[(50.5, 0.0), (101.0, 10.0), (152.5, 20.0), (202.0, 30.0), (252.0, 40.0), (301.0, 50.0)],
        );
        assert!((x.pixel_at(0.0) - 49.5).abs() < 0.05, "{}", x.pixel_at(0.0));
        assert!((x.pixel_at(50.0) - 299.5).abs() < 0.05, "{}", x.pixel_at(50.0));
    }

    #[test]
    fn one_side_moves_the_whole_scale() {
        let page = page(&[(49, 50)], 0);
        let x = placed(&page, &[(51.5, 0.0), (101.5, 10.0), (151.5, 20.0)]);
        assert!((x.pixel_at(20.0) - 149.5).abs() < 0.05, "{}", x.pixel_at(20.0));
    }
}
