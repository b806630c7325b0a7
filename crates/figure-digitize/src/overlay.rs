//! Draws what was read over the figure, for a person to check at a glance.

use image::{Rgb, RgbImage};
use kmeta_figure_source::FigurePage;
use kmeta_trial_data::{DigitizedArm, DigitizedFigure, Panel, PixelBox};

/// Trace colours, alternating by arm; all stand out on a faded figure.
const TRACES: [[u8; 3]; 6] =
    [[214, 0, 120], [0, 130, 60], [0, 80, 200], [200, 90, 0], [120, 0, 200], [0, 140, 150]];
const AXIS: [u8; 3] = [0, 90, 220];
const GOOD: [u8; 3] = [0, 150, 60];
const DOUBTFUL: [u8; 3] = [220, 30, 0];
/// Readings less certain than this are boxed as doubtful.
const DOUBTFUL_CONFIDENCE: f64 = 0.6;

/// Draws the plot area, ticks, traced curves, censor marks, risk cells and read texts over a faded copy of the
/// page. Green boxes were read with confidence, red ones were not.
pub fn draw_overlay(page: &FigurePage, figure: &DigitizedFigure) -> RgbImage {
    let mut image = page.image.clone();
    for pixel in image.pixels_mut() {
        pixel.0 = pixel.0.map(|channel| (u16::from(channel) / 2 + 127) as u8);
    }
    let mut canvas = Canvas { image, figure };
    for panel in &figure.panels {
        draw_axes(&mut canvas, panel);
        for (index, arm) in panel.arms.iter().enumerate() {
            draw_arm(&mut canvas, panel, arm, TRACES[index % TRACES.len()]);
        }
        for cell in panel.risk_table.iter().flat_map(|table| &table.rows).flat_map(|row| &row.cells) {
            if let Some(location) = cell.location {
                draw_box(&mut canvas, location, color_of(cell.confidence));
            }
        }
        for text in &panel.texts {
            draw_box(&mut canvas, text.location, color_of(text.confidence));
        }
    }
    canvas.image
}

/// The picture, with the figure whose coordinates are drawn into it.
struct Canvas<'a> {
    image: RgbImage,
    figure: &'a DigitizedFigure,
}

fn color_of(confidence: f64) -> [u8; 3] {
    if confidence >= DOUBTFUL_CONFIDENCE { GOOD } else { DOUBTFUL }
}

fn draw_axes(canvas: &mut Canvas<'_>, panel: &Panel) {
    draw_box(canvas, panel.plot_area, AXIS);
    let (x, y) = (&panel.axes.x, &panel.axes.y);
    for tick in &x.ticks {
        line(
            canvas,
            (x.pixel_at(tick.value), x.line_px - 5.0),
            (x.pixel_at(tick.value), x.line_px + 14.0),
            AXIS,
        );
    }
    for tick in &y.ticks {
        line(
            canvas,
            (y.line_px - 14.0, y.pixel_at(tick.value)),
            (y.line_px + 5.0, y.pixel_at(tick.value)),
            AXIS,
        );
    }
}

fn draw_arm(canvas: &mut Canvas<'_>, panel: &Panel, arm: &DigitizedArm, color: [u8; 3]) {
    let (x, y) = (&panel.axes.x, &panel.axes.y);
    let mut last = (x.pixel_at(0.0), y.pixel_at(1.0));
    for (time, survival) in arm.curve.corners() {
        let corner = (x.pixel_at(time), y.pixel_at(survival));
        line(canvas, last, (corner.0, last.1), color);
        line(canvas, (corner.0, last.1), corner, color);
        last = corner;
    }
    line(canvas, last, (x.pixel_at(arm.curve_end), last.1), color);
    for &time in &arm.censor_times {
        let center = (x.pixel_at(time), y.pixel_at(arm.curve.survival_at(time)));
        let around = PixelBox {
            left: center.0 - 4.0,
            top: center.1 - 9.0,
            right: center.0 + 4.0,
            bottom: center.1 + 9.0,
        };
        draw_box(canvas, around, color);
    }
}

fn draw_box(canvas: &mut Canvas<'_>, area: PixelBox, color: [u8; 3]) {
    let corners = [
        (area.left, area.top),
        (area.right, area.top),
        (area.right, area.bottom),
        (area.left, area.bottom),
        (area.left, area.top),
    ];
    for pair in corners.windows(2) {
        line(canvas, pair[0], pair[1], color);
    }
}

/// A straight line one pixel wide between two points in the figure's coordinates.
fn line(canvas: &mut Canvas<'_>, from: (f64, f64), to: (f64, f64), color: [u8; 3]) {
    let (from, to) = (canvas.figure.page_point(from), canvas.figure.page_point(to));
    let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).ceil().clamp(1.0, 100_000.0);
    for step in 0..=steps as usize {
        let share = step as f64 / steps;
        let (x, y) = (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1));
        let within = x < f64::from(canvas.image.width()) && y < f64::from(canvas.image.height());
        if x >= 0.0 && y >= 0.0 && within {
            canvas.image.put_pixel(x as u32, y as u32, Rgb(color));
        }
    }
}
