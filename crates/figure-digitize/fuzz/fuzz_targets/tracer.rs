//! The whole way from pixels to curves on small figures that were painted over: a real figure brings the search past
//! its axes, and the strokes, erased boxes, copies and noise meet every later step. It ends without a panic, every
//! curve is a survival curve, and the overlay can be drawn.

#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use kmeta_figure_digitize::{DigitizeOptions, digitize, draw_overlay};
use kmeta_figure_source::{FigurePage, read_figure};
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{FigureSource, Verdict};
use libfuzzer_sys::fuzz_target;

static READER: LazyLock<LabelReader> = LazyLock::new(|| LabelReader::new().expect("the embedded model"));

/// Small figures of the generator: two arms with a risk table, dash patterns without colour, a band, two panels.
static FIGURES: LazyLock<Vec<FigurePage>> = LazyLock::new(|| {
    [
        include_bytes!("../figures/two-arms.png").as_slice(),
        include_bytes!("../figures/dashes.png"),
        include_bytes!("../figures/band.png"),
        include_bytes!("../figures/two-panels.png"),
    ]
    .into_iter()
    .map(|bytes| read_figure(bytes).expect("a PNG file").remove(0))
    .collect()
});

/// One change of the picture; places and lengths in shares of 1/255 of the page.
#[derive(Debug, Arbitrary)]
enum Edit {
    Fill { x: u8, y: u8, width: u8, height: u8, color: [u8; 3] },
    Line { x: u8, y: u8, across: i8, down: i8, color: [u8; 3] },
    Copy { x: u8, y: u8, width: u8, height: u8, to_x: u8, to_y: u8 },
    Noise { seed: u8, spread: u8 },
    Threshold { level: u8 },
    Invert,
    Crop { left: u8, top: u8, width: u8, height: u8 },
}

#[derive(Debug, Arbitrary)]
struct Input {
    figure: u8,
    edits: Vec<Edit>,
}

fn edit(page: &mut FigurePage, change: &Edit) {
    let (width, height) = page.image.dimensions();
    let column = |share: u8| u32::from(share) * (width - 1) / 255;
    let row = |share: u8| u32::from(share) * (height - 1) / 255;
    match *change {
        Edit::Fill { x, y, width: w, height: h, color } => {
            for py in row(y)..=(row(y) + row(h)).min(height - 1) {
                for px in column(x)..=(column(x) + column(w)).min(width - 1) {
                    page.image.get_pixel_mut(px, py).0 = color;
                }
            }
        }
        Edit::Line { x, y, across, down, color } => {
            for step in 0..128 {
                let px = i64::from(column(x)) + i64::from(across) * step / 64;
                let py = i64::from(row(y)) + i64::from(down) * step / 64;
                if (0..i64::from(width)).contains(&px) && (0..i64::from(height)).contains(&py) {
                    page.image.get_pixel_mut(px as u32, py as u32).0 = color;
                }
            }
        }
        Edit::Copy { x, y, width: w, height: h, to_x, to_y } => {
            let before = page.image.clone();
            for dy in 0..=row(h) {
                for dx in 0..=column(w) {
                    let (from, to) = ((column(x) + dx, row(y) + dy), (column(to_x) + dx, row(to_y) + dy));
                    if from.0.max(to.0) < width && from.1.max(to.1) < height {
                        *page.image.get_pixel_mut(to.0, to.1) = *before.get_pixel(from.0, from.1);
                    }
                }
            }
        }
        Edit::Noise { seed, spread } => {
            let mut state = u32::from(seed) + 1;
            for value in page.image.iter_mut() {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let shift = (state >> 16) as i32 % (i32::from(spread) + 1) - i32::from(spread) / 2;
                *value = (i32::from(*value) + shift).clamp(0, 255) as u8;
            }
        }
        Edit::Threshold { level } => {
            for value in page.image.iter_mut() {
                *value = if *value > level { 255 } else { 0 };
            }
        }
        Edit::Invert => page.image.iter_mut().for_each(|value| *value = 255 - *value),
        Edit::Crop { left, top, width: w, height: h } => {
            let (x, y) = (column(left), row(top));
            let (w, h) = ((column(w) + 1).min(width - x), (row(h) + 1).min(height - y));
            page.image = image::imageops::crop_imm(&page.image, x, y, w, h).to_image();
        }
    }
}

fuzz_target!(|input: Input| {
    let mut page = FIGURES[usize::from(input.figure) % FIGURES.len()].clone();
    for change in input.edits.iter().take(24) {
        edit(&mut page, change);
    }
    let (width, height) = page.image.dimensions();
    let source = FigureSource {
        file: "fuzz.png".to_owned(),
        sha256: String::new(),
        format: "png".to_owned(),
        page: None,
        width,
        height,
        pixels_per_inch: None,
        picture: None,
    };
    let figure = digitize(&page, source, &READER, &DigitizeOptions::default());
    assert_eq!(figure.panels.is_empty(), figure.verdict == Verdict::Refused);
    for panel in &figure.panels {
        assert!(panel.axes.x.slope > 0.0 && panel.axes.y.slope < 0.0);
        for arm in &panel.arms {
            assert!(arm.curve.times().iter().all(|time| time.is_finite()));
            assert!(arm.curve.survival().iter().all(|level| (0.0..=1.0).contains(level)));
            assert!(arm.censor_times.is_sorted());
        }
    }
    assert_eq!(draw_overlay(&page, &figure).dimensions(), (width, height));
});
