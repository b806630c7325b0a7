//! Each format gives the pixels that its file means.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use kmeta_figure_source::{FigurePage, FigureSourceError, read_figure};

fn fixture(path: &str) -> Vec<u8> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn encode(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.into().write_to(&mut Cursor::new(&mut bytes), format).expect("encodes");
    bytes
}

fn only_page(bytes: &[u8]) -> FigurePage {
    let mut pages = read_figure(bytes).expect("reads");
    assert_eq!(pages.len(), 1);
    pages.remove(0)
}

/// Dark pixels in a box given as left, top, width and height.
fn dark_pixels(image: &RgbImage, [left, top, width, height]: [u32; 4]) -> usize {
    let part = image::imageops::crop_imm(image, left, top, width, height).to_image();
    part.pixels().filter(|p| p.0.iter().all(|&channel| channel < 100)).count()
}

/// A picture in which each corner differs.
fn corners() -> RgbImage {
    let mut picture = RgbImage::from_pixel(24, 16, Rgb([255; 3]));
    for (x, y, color) in [(0, 0, [200, 0, 0]), (16, 0, [0, 200, 0]), (0, 8, [0, 0, 200])] {
        image::imageops::replace(&mut picture, &RgbImage::from_pixel(8, 8, Rgb(color)), x, y);
    }
    picture
}

#[test]
fn lossless_formats_keep_every_pixel() {
    let formats = [
        (ImageFormat::Png, "png"),
        (ImageFormat::Tiff, "tiff"),
        (ImageFormat::Gif, "gif"),
        (ImageFormat::WebP, "webp"),
        (ImageFormat::Bmp, "bmp"),
    ];
    for (format, name) in formats {
        let page = only_page(&encode(corners(), format));
        assert_eq!(page.format, name);
        assert_eq!((page.page, page.pixels_per_inch), (None, None));
        assert_eq!(page.image, corners(), "{name}");
    }
}

#[test]
fn transparency_is_flattened_onto_white() {
    let picture = RgbaImage::from_fn(3, 1, |x, _| {
        [Rgba([10, 20, 30, 255]), Rgba([0, 0, 0, 0]), Rgba([0, 0, 0, 102])][x as usize]
    });
    let page = only_page(&encode(picture, ImageFormat::Png));
    assert_eq!(page.image.into_raw(), [10, 20, 30, 255, 255, 255, 153, 153, 153]);
}

#[test]
fn a_transparent_palette_entry_becomes_white() {
    let page = only_page(&fixture("tests/files/palette-transparent.png"));
    let row: Vec<_> = (0..4).map(|x| page.image.get_pixel(x, 0).0).collect();
    assert_eq!(row, [[255, 0, 0], [0, 0, 255], [255, 255, 255], [255, 0, 0]]);
}

#[test]
fn sixteen_bit_grey_is_scaled_to_eight() {
    let picture: ImageBuffer<Luma<u16>, Vec<u16>> =
        ImageBuffer::from_fn(3, 1, |x, _| Luma([[0, 0x8080, 0xffff][x as usize]]));
    let page = only_page(&encode(picture, ImageFormat::Png));
    assert_eq!(page.image.into_raw(), [0, 0, 0, 128, 128, 128, 255, 255, 255]);
}

#[test]
fn ink_of_a_printing_jpeg_becomes_colour() {
    let page = only_page(&fixture("tests/files/cyan-white-cmyk.jpg"));
    let [red, green, blue] = page.image.get_pixel(2, 8).0;
    assert!(red < 20 && green > 150 && blue > 200, "{red} {green} {blue}");
    assert!(page.image.get_pixel(13, 8).0.iter().all(|&channel| channel > 245));
}

#[test]
fn a_photograph_taken_sideways_is_turned_upright() {
    let plain = encode(corners(), ImageFormat::Jpeg);
    let upright = only_page(&plain).image;
    // An EXIF block with orientation 6: turn by 90 degrees clockwise to see it upright.
    let tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let mut turned = vec![0xff, 0xd8, 0xff, 0xe1, 0, (2 + 6 + tiff.len()) as u8];
    turned.extend(b"Exif\0\0");
    turned.extend(tiff);
    turned.extend(&plain[2..]);
    assert_eq!(only_page(&turned).image, image::imageops::rotate90(&upright));
}

#[test]
fn each_page_of_a_tiff_is_read_and_previews_are_not() {
    let pages = read_figure(&fixture("tests/files/two-pages-and-preview.tif")).expect("reads");
    let found: Vec<_> =
        pages.iter().map(|p| (p.page, p.image.dimensions(), p.image.get_pixel(1, 1).0)).collect();
    assert_eq!(found, [(Some(1), (6, 4), [200, 0, 0]), (Some(2), (5, 7), [0, 0, 200])]);
}

#[test]
fn an_r_pdf_is_drawn_with_its_text() {
    let page = only_page(&fixture("../../fixtures/atc-tki/figures/higashiyama2022-os.pdf"));
    assert_eq!((page.format.as_str(), page.page, page.pixels_per_inch), ("pdf", Some(1), Some(216.0)));
    assert_eq!(page.image.dimensions(), (1512, 1209));
    assert_eq!(page.image.get_pixel(3, 3).0, [255; 3]);
    // Text in Helvetica, which the file names but does not hold: the numbers at risk and the y axis title.
    assert!(dark_pixels(&page.image, [230, 1120, 1200, 60]) > 500);
    assert!(dark_pixels(&page.image, [100, 300, 60, 400]) > 500);
}

#[test]
fn every_figure_of_the_example_study_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/atc-tki/figures");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("fixtures") {
        let path = entry.expect("entry").path();
        let page = only_page(&std::fs::read(&path).expect("file"));
        let (width, height) = page.image.dimensions();
        assert!(width >= 600 && height >= 400, "{}: {width} x {height}", path.display());
        assert!(dark_pixels(&page.image, [0, 0, width, height]) > 1000, "{}", path.display());
        count += 1;
    }
    assert_eq!(count, 9);
}

#[test]
fn svg_text_is_drawn_whatever_font_is_named() {
    for family in ["Helvetica, Arial", "'Times New Roman'", "no such font", "monospace"] {
        let svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="504" height="360"><text x="50" y="200"
            font-family="{family}" font-weight="bold" font-size="40">0.75</text></svg>"#
        );
        let page = only_page(svg.as_bytes());
        assert!(dark_pixels(&page.image, [100, 340, 300, 120]) > 1000, "{family}");
    }
}

#[test]
fn an_svg_shows_embedded_pictures_and_no_files() {
    let black = encode(RgbImage::new(4, 4), ImageFormat::Png);
    let file = std::env::temp_dir().join(format!("kmeta-figure-source-{}.png", std::process::id()));
    std::fs::write(&file, &black).expect("temporary file");
    let data: String = black.iter().map(|byte| format!("%{byte:02x}")).collect();
    let ink = |href: &str| {
        let svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96"><image width="96" height="96" href="{href}"/></svg>"#
        );
        let page = only_page(svg.as_bytes());
        dark_pixels(&page.image, [0, 0, page.image.width(), page.image.height()])
    };
    assert!(ink(&format!("data:image/png,{data}")) > 1_000_000);
    assert_eq!(ink(&file.display().to_string()), 0);
    std::fs::remove_file(file).expect("remove");
}

#[test]
fn a_picture_of_billions_of_pixels_is_refused_before_it_is_decoded() {
    let mut bomb = encode(corners(), ImageFormat::Png);
    for (place, side) in [(16, 60_000_u32), (20, 60_000)] {
        bomb[place..place + 4].copy_from_slice(&side.to_be_bytes());
    }
    let crc = png_checksum(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&crc.to_be_bytes());
    match read_figure(&bomb) {
        Err(FigureSourceError::TooLarge { format: "png", found, .. }) => {
            assert_eq!(found, "60000 x 60000 pixels")
        }
        other => panic!("{other:?}"),
    }
}

/// CRC-32 as PNG uses it.
fn png_checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}
