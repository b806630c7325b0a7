//! Pictures that hold no Kaplan-Meier figure are refused with a reason, whatever they hold.

use image::{Rgb, RgbImage};
use kmeta_figure_digitize::{DigitizeOptions, digitize, draw_overlay};
use kmeta_figure_source::FigurePage;
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{DigitizedFigure, FigureSource, Verdict};
use proptest::prelude::*;

fn digitize_image(image: RgbImage) -> DigitizedFigure {
    let page = FigurePage { image, format: "png".to_owned(), page: None, pixels_per_inch: None };
    let source = FigureSource {
        file: "made-up.png".to_owned(),
        sha256: String::new(),
        format: "png".to_owned(),
        page: None,
        width: page.image.width(),
        height: page.image.height(),
        pixels_per_inch: None,
        picture: None,
    };
    let figure = digitize(&page, source, &LabelReader::new().unwrap(), &DigitizeOptions::default());
    assert_eq!(draw_overlay(&page, &figure).dimensions(), page.image.dimensions());
    figure
}

fn assert_refused(image: RgbImage) {
    let figure = digitize_image(image);
    assert_eq!(figure.verdict, Verdict::Refused);
    assert!(figure.panels.is_empty());
    assert!(!figure.findings.is_empty(), "a refusal says why");
}

#[test]
fn blank_and_tiny_pages() {
    assert_refused(RgbImage::from_pixel(1, 1, Rgb([0, 0, 0])));
    assert_refused(RgbImage::from_pixel(1, 300, Rgb([9, 9, 9])));
    assert_refused(RgbImage::from_pixel(600, 400, Rgb([255, 255, 255])));
}

#[test]
fn a_bar_chart() {
    let mut image = RgbImage::from_pixel(600, 400, Rgb([255, 255, 255]));
    for x in 60..580 {
        image.put_pixel(x, 350, Rgb([0, 0, 0]));
    }
    for y in 20..350 {
        image.put_pixel(60, y, Rgb([0, 0, 0]));
        for bar in 0..5 {
            for x in 80 + bar * 90..140 + bar * 90 {
                if y > 60 + bar * 40 {
                    image.put_pixel(x, y, Rgb([30, 90, 200]));
                }
            }
        }
    }
    assert_refused(image);
}

/// A run of ink that ends with the last column is measured within the picture.
#[test]
fn strokes_at_the_edge_of_the_picture() {
    let mut image = RgbImage::from_pixel(210, 132, Rgb([255, 255, 255]));
    (122..207).for_each(|x| image.put_pixel(x, 124, Rgb([0, 0, 19])));
    (49..132).for_each(|y| image.put_pixel(134, y, Rgb([123, 85, 185])));
    (115..132).for_each(|y| image.put_pixel(209, y, Rgb([120, 187, 107])));
    assert_refused(image);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Axes with random strokes instead of a figure: no panic, and no curve without a calibrated axis.
    #[test]
    fn random_strokes_never_panic(
        width in 30_u32..220,
        height in 30_u32..220,
        strokes in prop::collection::vec((0_u32..220, 0_u32..220, 1_u32..200, any::<bool>(), any::<[u8; 3]>()), 0..40),
    ) {
        let mut image = RgbImage::from_pixel(width, height, Rgb([255, 255, 255]));
        for (x, y, length, horizontal, color) in strokes {
            for step in 0..length {
                let (px, py) = if horizontal { (x + step, y) } else { (x, y + step) };
                if px < width && py < height {
                    image.put_pixel(px, py, Rgb(color));
                }
            }
        }
        let figure = digitize_image(image);
        for panel in &figure.panels {
            prop_assert!(panel.axes.x.slope > 0.0 && panel.axes.y.slope < 0.0);
        }
    }
}
