//! Hands words to the label reader: cuts them out of the page as dark text on white.

use image::{GrayImage, Luma};
use kmeta_label_reader::{CharacterSet, LabelReader, ReadLabel};

use crate::ink::InkPage;
use crate::plane::Rect;

/// White border around a word, as a share of its height: what the recognizer was trained with.
const BORDER: f64 = 0.2;

/// The word as dark ink on white, stretched to full contrast so that light grey print reads like black.
fn crop(page: &InkPage, area: Rect) -> GrayImage {
    let letter_height = area.height().min(area.width());
    let margin = ((letter_height as f64 * BORDER).round() as usize).max(2);
    let cut = area.grown(margin, page.width(), page.height());
    let darkest = (area.top..area.bottom)
        .flat_map(|y| (area.left..area.right).map(move |x| (x, y)))
        .map(|(x, y)| page.contrast.get(x, y))
        .fold(0.2_f32, f32::max);
    GrayImage::from_fn(cut.width() as u32, cut.height() as u32, |x, y| {
        let contrast = page.contrast.get(cut.left + x as usize, cut.top + y as usize);
        Luma([(255.0 * (1.0 - (contrast / darkest).min(1.0))).round() as u8])
    })
}

/// Reads horizontal words.
pub(crate) fn read_words(
    page: &InkPage,
    reader: &LabelReader,
    areas: &[Rect],
    characters: CharacterSet,
) -> Vec<ReadLabel> {
    let crops: Vec<GrayImage> = areas.iter().map(|&area| crop(page, area)).collect();
    read_crops(reader, &crops, characters)
}

/// Reads words that run upwards, as titles of vertical axes do.
pub(crate) fn read_upward(page: &InkPage, reader: &LabelReader, areas: &[Rect]) -> Vec<ReadLabel> {
    let crops: Vec<GrayImage> =
        areas.iter().map(|&area| image::imageops::rotate90(&crop(page, area))).collect();
    read_crops(reader, &crops, CharacterSet::Any)
}

/// A reader that fails reads nothing: the missing labels are reported where they are needed.
fn read_crops(reader: &LabelReader, crops: &[GrayImage], characters: CharacterSet) -> Vec<ReadLabel> {
    let unread = || ReadLabel { text: String::new(), confidence: 0.0, alternative: None };
    reader.read_as(crops, characters).unwrap_or_else(|_| crops.iter().map(|_| unread()).collect())
}
