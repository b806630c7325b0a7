//! Rendered crops whose file names hold the truth: `TEXT_FONT_SIZEpx_TREATMENT.png`.
//!
//! Texts in eleven fonts at 9 to 20 px per em: as a screen draws them (`clean`), smoothed like a scaled figure
//! (`soft`), through JPEG at quality 40 (`jpeg`), in grey ink (`grey`).

use std::path::Path;

use image::GrayImage;
use kmeta_label_reader::{CharacterSet, LabelReader, ReadLabel};

/// The crops with their true texts, in the order of their names.
fn crops() -> Vec<(String, GrayImage)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crops");
    let mut crops: Vec<_> = std::fs::read_dir(folder)
        .expect("folder of crops")
        .map(|entry| {
            let path = entry.expect("entry").path();
            let name = path.file_name().expect("name").to_string_lossy().into_owned();
            (name, image::open(&path).expect("crop").to_luma8())
        })
        .collect();
    crops.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(crops.len() >= 60, "{} crops", crops.len());
    crops
}

fn truth(name: &str) -> &str {
    name.split('_').next().unwrap_or_default()
}

fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

fn is_number(name: &str) -> bool {
    truth(name).chars().all(|c| "0123456789.-%".contains(c))
}

/// The chosen crops read as `set`, each with its name.
fn read(set: CharacterSet, chosen: impl Fn(&str) -> bool) -> Vec<(String, ReadLabel)> {
    let (names, images): (Vec<_>, Vec<_>) = crops().into_iter().filter(|(name, _)| chosen(name)).unzip();
    let labels = LabelReader::new().and_then(|reader| reader.read_as(&images, set)).expect("reads");
    names.into_iter().zip(labels).collect()
}

#[test]
fn every_number_is_read_right_as_a_number() {
    let wrong: Vec<_> = read(CharacterSet::Number, is_number)
        .into_iter()
        .filter(|(name, label)| label.text != truth(name))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_word_is_read_right_as_text() {
    let words = read(CharacterSet::Any, |name| !is_number(name));
    // Blanks in narrow 9 px print are not reliable and not compared.
    let wrong: Vec<_> = words
        .into_iter()
        .filter(|(name, label)| without_blanks(&label.text) != without_blanks(truth(name)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_word_read_as_a_number_has_a_low_confidence() {
    for (name, label) in read(CharacterSet::Number, |name| !is_number(name)) {
        assert!(label.confidence < 0.5, "{name}: {label:?}");
    }
}

#[test]
fn probabilities_are_shares_and_the_alternative_is_another_less_likely_text() {
    for (name, label) in read(CharacterSet::Number, is_number) {
        let (text, probability) = label.alternative.clone().unwrap_or_default();
        assert!(label.confidence > 0.0 && label.confidence + probability <= 1.001, "{name}: {label:?}");
        assert!(probability <= label.confidence && text != label.text, "{name}: {label:?}");
    }
}

#[test]
fn company_and_order_do_not_change_a_reading() {
    let reader = LabelReader::new().expect("loads");
    let images = every_fourth_number();
    let together = reader.read_numeric(&images).expect("reads");
    let reversed: Vec<_> = images.iter().rev().cloned().collect();
    let mut other = reader.read_numeric(&reversed).expect("reads");
    other.reverse();
    assert_eq!(together, other);
    let alone: Vec<_> = images
        .iter()
        .flat_map(|crop| reader.read_numeric(std::slice::from_ref(crop)).expect("reads"))
        .collect();
    assert_eq!(together, alone);
}

#[test]
fn ground_around_the_text_does_not_change_what_is_read() {
    let reader = LabelReader::new().expect("loads");
    let tight = every_fourth_number();
    let wide: Vec<_> = tight.iter().map(framed).collect();
    let texts = |crops: &[GrayImage]| -> Vec<String> {
        reader.read_numeric(crops).expect("reads").into_iter().map(|label| label.text).collect()
    };
    assert_eq!(texts(&tight), texts(&wide));
}

fn every_fourth_number() -> Vec<GrayImage> {
    crops().into_iter().filter(|(name, _)| is_number(name)).step_by(4).map(|(_, image)| image).collect()
}

/// The crop with five more pixels of its own ground on each side.
fn framed(crop: &GrayImage) -> GrayImage {
    let mut wide = GrayImage::from_pixel(crop.width() + 10, crop.height() + 10, *crop.get_pixel(0, 0));
    image::imageops::replace(&mut wide, crop, 5, 5);
    wide
}

#[test]
fn one_reader_serves_several_threads_with_equal_results() {
    let reader = LabelReader::new().expect("loads");
    let images: Vec<_> =
        crops().into_iter().filter(|(name, _)| is_number(name)).step_by(6).map(|(_, i)| i).collect();
    let expected = reader.read_numeric(&images).expect("reads");
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..3).map(|_| scope.spawn(|| reader.read_numeric(&images))).collect();
        for handle in handles {
            assert_eq!(handle.join().expect("joins").expect("reads"), expected);
        }
    });
}

#[test]
fn a_crop_without_ink_is_empty_between_others() {
    let reader = LabelReader::new().expect("loads");
    let (_, first) = crops().into_iter().find(|(name, _)| truth(name) == "7").expect("a seven");
    let images = [GrayImage::new(0, 0), first, GrayImage::new(30, 12)];
    let texts: Vec<_> =
        reader.read_numeric(&images).expect("reads").into_iter().map(|label| label.text).collect();
    assert_eq!(texts, ["", "7", ""]);
}
