//! A figure that was read wrongly, or shows something else than survival, must not come back as `ok`.

mod support;

use image::{Rgb, RgbImage};
use kmeta_figure_digitize::{draw_difference, draw_doubt, draw_overlay};
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{DigitizedFigure, StretchFlag, Verdict};

use support::{paint, picture, read};

fn failed(figure: &DigitizedFigure) -> Vec<&str> {
    figure.checks.iter().filter(|check| !check.passed).map(|check| check.name.as_str()).collect()
}

/// A line of the given row (of the page) per column, antialiased, three pixels wide.
fn draw_line(image: &mut RgbImage, columns: std::ops::Range<u32>, row: impl Fn(f64) -> f64, color: [u8; 3]) {
    for x in columns {
        let (from, to) = (row(f64::from(x)), row(f64::from(x) + 1.0));
        let (top, bottom) = (from.min(to) - 1.5, from.max(to) + 1.5);
        for y in top.floor() as u32..=bottom.ceil() as u32 {
            let share = ((f64::from(y) + 1.0).min(bottom) - f64::from(y).max(top)).clamp(0.0, 1.0);
            let pixel = image.get_pixel_mut(x, y);
            for (channel, ink) in pixel.0.iter_mut().zip(color) {
                *channel = (f64::from(*channel) * (1.0 - share) + f64::from(ink) * share).round() as u8;
            }
        }
    }
}

#[test]
fn a_concentration_that_decays_is_no_survival() {
    let mut page = picture("atc-tki/figures/wirth2021-os.png");
    let (width, height) = page.image.dimensions();
    // Axes and tick labels stay; curve, titles, legend and numbers at risk go.
    paint(&mut page.image, 120..width, 0..818, [255; 3]);
    paint(&mut page.image, 0..45, 0..height, [255; 3]);
    paint(&mut page.image, 0..width, 865..height, [255; 3]);
    // From (0, 1) down: pixel rows of 1 and 0 are 156 and 791, of months 0 and 18 the columns 172 and 1327.
    draw_line(&mut page.image, 172..1320, |x| 791.0 - 635.0 * (-(x - 172.0) / 260.0).exp(), [30, 60, 190]);
    let figure = read(&page, &LabelReader::new().unwrap());
    assert_ne!(figure.verdict, Verdict::Ok);
    if !figure.panels.is_empty() {
        assert!(failed(&figure).contains(&"is-a-staircase"), "{:?}", figure.checks);
    }
}

#[test]
fn a_bar_chart_and_a_photograph_are_refused() {
    let mut page = picture("atc-tki/figures/wirth2021-os.png");
    let (width, height) = page.image.dimensions();
    paint(&mut page.image, 120..width, 0..818, [255; 3]);
    paint(&mut page.image, 0..45, 0..height, [255; 3]);
    paint(&mut page.image, 0..width, 865..height, [255; 3]);
    for bar in 0..6 {
        let left = 190 + 185 * bar;
        paint(&mut page.image, left..left + 120, 156 + 90 * bar..791, [30, 90, 200]);
    }
    let figure = read(&page, &LabelReader::new().unwrap());
    assert_eq!(figure.verdict, Verdict::Refused, "{:?}", figure.checks);
    // Soft shades without an edge, as of a photograph.
    page.image = RgbImage::from_fn(600, 400, |x, y| {
        let (x, y) = (f64::from(x), f64::from(y));
        let shade = |phase: f64| 128.0 + 60.0 * (x / 41.0 + phase).sin() + 60.0 * (y / 29.0 - phase).cos();
        Rgb([shade(0.0), shade(1.0), shade(2.0)].map(|value| value as u8))
    });
    let figure = read(&page, &LabelReader::new().unwrap());
    assert_eq!(figure.verdict, Verdict::Refused, "{:?}", figure.checks);
    assert!(figure.panels.is_empty());
}

#[test]
fn ink_that_nothing_explains_is_named_and_drawn() {
    let mut page = picture("atc-tki/figures/wirth2021-os.png");
    // A falling line without a beginning: no curve is traced along it.
    draw_line(&mut page.image, 440..1200, |x| 166.0 + 0.4 * (x - 440.0), [30, 60, 190]);
    let figure = read(&page, &LabelReader::new().unwrap());
    assert_eq!(figure.verdict, Verdict::Review);
    assert!(failed(&figure).contains(&"ink-explained"), "{:?}", figure.checks);
    let number = figure.findings.iter().position(|finding| finding.code == "doubtful-ink").unwrap();
    assert!(figure.findings[number].place.ends_with("doubt-1"), "{:?}", figure.findings);
    let place = figure.doubts[0];
    assert!(place.left < 700.0 && place.right > 1100.0, "{place:?}");
    let difference = draw_difference(&page, &figure);
    assert_eq!(difference.dimensions(), page.image.dimensions());
    assert_eq!(difference.get_pixel(960, 374).0, [220, 30, 0], "the ink is marked as missed");
    let doubt = draw_doubt(&page, &draw_overlay(&page, &figure), &figure, place);
    assert!(doubt.width() > 600);
}

#[test]
fn points_have_intervals_and_stretches() {
    let figure =
        read(&picture("antiangiogenic-two-arm/figures/gao2025-os.png"), &LabelReader::new().unwrap());
    for arm in &figure.panels[0].arms {
        let points = arm.curve.times().len();
        assert_eq!(
            (arm.survival_lower.len(), arm.survival_upper.len(), arm.time_errors.len()),
            (points, points, points)
        );
        for (index, (_, survival)) in arm.curve.corners().enumerate() {
            let (lower, upper) = (arm.survival_lower[index], arm.survival_upper[index]);
            assert!(
                lower <= survival && survival <= upper && upper - lower < 0.2,
                "{lower} {survival} {upper}"
            );
        }
        let seen: f64 =
            arm.stretches.iter().filter(|s| s.flag == StretchFlag::Seen).map(|s| s.to - s.from).sum();
        assert!(seen > 0.5 * arm.curve_end, "{:?}", arm.stretches);
        assert!(arm.stretches.windows(2).all(|pair| pair[0].to <= pair[1].from + 1e-9));
    }
}
