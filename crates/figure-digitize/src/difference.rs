//! Pictures for a person to compare: the difference between a figure and what was read of it, and the doubtful places.

use image::{Rgb, RgbImage};
use kmeta_figure_source::FigurePage;
use kmeta_trial_data::{DigitizedArm, DigitizedFigure, LineStyle, Panel, PixelBox};

use crate::ink::{INK_CONTRAST, InkPage};
use crate::plane::{Plane, Rect};
use crate::skew::upright;

/// Ink that was read.
const EXPLAINED: [u8; 3] = [120, 120, 120];
/// Ink inside a plot that no arm and no text explains.
const MISSED: [u8; 3] = [220, 30, 0];
/// An arm where the picture has no ink.
const WITHOUT_INK: [u8; 3] = [0, 90, 220];
/// All other ink.
const OTHER: [u8; 3] = [205, 205, 205];
/// Ink that carries a pale line.
const PALE_INK: f32 = 0.1;

/// What the re-drawing says about a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drawn {
    Nothing,
    /// Part of a plot in which ink needs an explanation.
    Plot,
    /// A text, a number or the surroundings of a mark.
    Known,
    /// A stroke of an arm; true for an unbroken one.
    Arm(bool),
}

/// The picture against what was read of it, on the upright page: grey where an arm lies on ink, red where ink in a plot is
/// explained by no arm, mark or text (confidence limits and arrows are red as well), blue where an unbroken arm has no ink
/// below it.
pub fn draw_difference(page: &FigurePage, figure: &DigitizedFigure) -> RgbImage {
    let image = match &figure.rotation {
        Some(rotation) => upright(&page.image, rotation.degrees).0,
        None => page.image.clone(),
    };
    let ink = InkPage::new(&image);
    let mut drawn = Plane::filled(ink.width(), ink.height(), Drawn::Nothing);
    for panel in &figure.panels {
        draw_panel(&mut drawn, panel);
    }
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let (x, y) = (x as usize, y as usize);
        let contrast = ink.contrast.get(x, y);
        let color = match drawn.get(x, y) {
            Drawn::Arm(_) if contrast >= PALE_INK => EXPLAINED,
            Drawn::Arm(true) => WITHOUT_INK,
            Drawn::Plot if contrast >= INK_CONTRAST => MISSED,
            _ if contrast >= INK_CONTRAST => OTHER,
            _ => [255; 3],
        };
        Rgb(color)
    })
}

fn draw_panel(drawn: &mut Plane<Drawn>, panel: &Panel) {
    let area = panel.plot_area;
    // The frame and its ticks need no explanation.
    let inner = PixelBox {
        left: area.left + 6.0,
        top: area.top + 6.0,
        right: area.right - 6.0,
        bottom: area.bottom - 6.0,
    };
    fill(drawn, inner, Drawn::Plot);
    for text in &panel.texts {
        let height = text.location.bottom - text.location.top;
        let sample = PixelBox { left: text.location.left - 9.0 * height, ..text.location };
        let legend = text.role == kmeta_trial_data::TextRole::Legend;
        fill(drawn, if legend { sample } else { text.location }, Drawn::Known);
    }
    let cells = panel.risk_table.iter().flat_map(|table| &table.rows).flat_map(|row| &row.cells);
    cells.filter_map(|cell| cell.location).for_each(|location| fill(drawn, location, Drawn::Known));
    let (x, y) = (&panel.axes.x, &panel.axes.y);
    for arm in &panel.arms {
        for &time in &arm.censor_times {
            let (column, row) = (x.pixel_at(time), y.pixel_at(arm.curve.survival_at(time)));
            let (wide, high) = (2.0 * arm.line_width_px + 3.0, 3.0 * arm.line_width_px + 5.0);
            let around =
                PixelBox { left: column - wide, top: row - high, right: column + wide, bottom: row + high };
            fill(drawn, around, Drawn::Known);
        }
    }
    for arm in &panel.arms {
        draw_strokes(drawn, panel, arm);
    }
}

/// The arm as it would be printed: level strokes and drops of its line width, and a pixel of antialiasing around.
fn draw_strokes(drawn: &mut Plane<Drawn>, panel: &Panel, arm: &DigitizedArm) {
    let (x, y) = (&panel.axes.x, &panel.axes.y);
    let stroke = Drawn::Arm(arm.line_style == LineStyle::Solid);
    let half = arm.line_width_px / 2.0;
    let mut strokes: Vec<PixelBox> = Vec::new();
    let mut last = (x.pixel_at(0.0), y.pixel_at(1.0));
    let ends = arm.curve.survival_at(arm.curve_end);
    for (time, survival) in arm.curve.corners().chain([(arm.curve_end, ends)]) {
        let corner = (x.pixel_at(time), y.pixel_at(survival));
        let (upper, lower) = (last.1.min(corner.1), last.1.max(corner.1));
        strokes.push(PixelBox { left: last.0, top: last.1 - half, right: corner.0, bottom: last.1 + half });
        strokes.push(PixelBox {
            left: corner.0 - half,
            top: upper - half,
            right: corner.0 + half,
            bottom: lower + half,
        });
        last = corner;
    }
    // Antialiasing first, so that it does not hide the stroke of a neighbour.
    for stroke in &strokes {
        let around = PixelBox {
            left: stroke.left - 1.5,
            top: stroke.top - 1.5,
            right: stroke.right + 1.5,
            bottom: stroke.bottom + 1.5,
        };
        fill_where(drawn, around, Drawn::Known, |before| !matches!(before, Drawn::Arm(_)));
    }
    strokes.iter().for_each(|area| fill(drawn, *area, stroke));
}

fn fill(drawn: &mut Plane<Drawn>, area: PixelBox, with: Drawn) {
    fill_where(drawn, area, with, |_| true);
}

fn fill_where(drawn: &mut Plane<Drawn>, area: PixelBox, with: Drawn, may: impl Fn(Drawn) -> bool) {
    let area = Rect::of_pixel_box(area, drawn.width(), drawn.height());
    for y in area.top..area.bottom {
        for x in area.left..area.right {
            if may(drawn.get(x, y)) {
                drawn.set(x, y, with);
            }
        }
    }
}

/// Side by side and enlarged: a place of the figure, and the same place of its overlay, each with some of its surroundings.
/// The overlay is on the page as the file has it.
pub fn draw_doubt(
    page: &FigurePage,
    overlay: &RgbImage,
    figure: &DigitizedFigure,
    place: PixelBox,
) -> RgbImage {
    let corners = [
        (place.left, place.top),
        (place.right, place.top),
        (place.left, place.bottom),
        (place.right, place.bottom),
    ]
    .map(|corner| figure.page_point(corner));
    let extreme = |of: &dyn Fn(&(f64, f64)) -> f64, largest: bool| {
        let values = corners.iter().map(of);
        if largest { values.fold(f64::NEG_INFINITY, f64::max) } else { values.fold(f64::INFINITY, f64::min) }
    };
    let (width, height) = (page.image.width() as usize, page.image.height() as usize);
    let margin = (width.min(height) / 25).max(12) as f64;
    let area = Rect::of_pixel_box(
        PixelBox {
            left: extreme(&|corner| corner.0, false) - margin,
            top: extreme(&|corner| corner.1, false) - margin,
            right: extreme(&|corner| corner.0, true) + margin,
            bottom: extreme(&|corner| corner.1, true) + margin,
        },
        width,
        height,
    );
    let (wide, high) = (area.width().max(1), area.height().max(1));
    let scale = (600 / wide).clamp(1, 4);
    let gap = 6;
    RgbImage::from_fn((2 * wide * scale + gap) as u32, (high * scale) as u32, |x, y| {
        let (x, y) = (x as usize, y as usize);
        let row = (area.top + y / scale).min(height - 1) as u32;
        let of =
            |image: &RgbImage, x: usize| *image.get_pixel((area.left + x / scale).min(width - 1) as u32, row);
        if x < wide * scale {
            of(&page.image, x)
        } else if x < wide * scale + gap {
            Rgb([255; 3])
        } else {
            of(overlay, x - wide * scale - gap)
        }
    })
}
