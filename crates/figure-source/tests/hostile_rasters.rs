//! Raster files that state a huge size, unpack to far more than they are, or hold an animation: each is refused before
//! memory is taken for it, or read as the small picture that it shows.

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::{Frame, Rgb, RgbImage, RgbaImage};
use kmeta_figure_source::{FigureSourceError, read_figure};

/// Bytes that a small chunk unpacks to in the bombs below.
const UNPACKED: usize = 256 << 20;

/// The CRC-32 that ends a PNG chunk.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}

fn png_chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [name.as_slice(), data].concat();
    [&(data.len() as u32).to_be_bytes(), body.as_slice(), &crc(&body).to_be_bytes()].concat()
}

/// A greyscale PNG of 1 bit a pixel with further chunks before the picture and with `rows` as its packed rows.
fn png(width: u32, height: u32, further: &[u8], rows: &[u8]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes()[..], &[1, 0, 0, 0, 0]].concat();
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        png_chunk(b"IHDR", &header),
        further.to_vec(),
        png_chunk(b"IDAT", rows),
        png_chunk(b"IEND", &[]),
    ]
    .concat()
}

fn deflate_zeros(count: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let block = vec![0; 1 << 20];
    for start in (0..count).step_by(block.len()) {
        encoder.write_all(&block[..block.len().min(count - start)]).expect("packs");
    }
    encoder.finish().expect("packs")
}

/// A TIFF with one strip of 8-bit grey.
fn tiff(width: u32, height: u32, compression: u32, strip: &[u8]) -> Vec<u8> {
    let strip_at = 8_u32;
    let directory_at = strip_at + strip.len() as u32;
    let entries = [
        (256, width),
        (257, height),
        (258, 8),
        (259, compression),
        (262, 1),
        (273, strip_at),
        (277, 1),
        (278, height),
        (279, strip.len() as u32),
    ];
    let mut bytes = [b"II*\0".as_slice(), &directory_at.to_le_bytes(), strip].concat();
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, value) in entries {
        bytes.extend((tag as u16).to_le_bytes());
        bytes.extend([4, 0, 1, 0, 0, 0]);
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes
}

/// A GIF of the given logical size with frames of one pixel.
fn gif(width: u16, height: u16, frames: usize) -> Vec<u8> {
    let size = [width.to_le_bytes(), height.to_le_bytes()].concat();
    let header = [b"GIF89a".as_slice(), &size, b"\x80\0\0\xff\xff\xff\0\0\0"].concat();
    let frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0".repeat(frames);
    [header, frame, b"\x3b".to_vec()].concat()
}

fn bmp_header(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"BM".to_vec();
    for number in [54_u32, 0, 54, 40, width, height, (24 << 16) | 1, 0, 0, 0, 0, 0, 0] {
        bytes.extend(number.to_le_bytes());
    }
    bytes
}

/// A small JPEG whose frame header states another size.
fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let picture = RgbImage::from_pixel(16, 16, Rgb([255; 3]));
    JpegEncoder::new(&mut bytes).encode_image(&picture).expect("encodes");
    let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).expect("a frame header");
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

/// A lossless WebP that states a size and holds nothing more.
fn webp(width: u32, height: u32) -> Vec<u8> {
    let size = (width - 1) | ((height - 1) << 14);
    let chunk = [b"VP8L\x06\0\0\0\x2f".as_slice(), &size.to_le_bytes(), &[0]].concat();
    [b"RIFF".to_vec(), (4 + chunk.len() as u32).to_le_bytes().to_vec(), b"WEBP".to_vec(), chunk].concat()
}

fn error_of(bytes: &[u8]) -> FigureSourceError {
    read_figure(bytes).expect_err("refused")
}

#[test]
fn pictures_of_30000_pixels_a_side_are_too_large_in_every_format() {
    let files = [
        ("png", png(30_000, 30_000, &[], &deflate_zeros(1000))),
        ("tiff", tiff(30_000, 30_000, 8, &deflate_zeros(1000))),
        ("gif", gif(30_000, 30_000, 1)),
        ("bmp", bmp_header(30_000, 30_000)),
        ("jpeg", jpeg(30_000, 30_000)),
        ("webp", webp(16_000, 16_000)),
    ];
    for (name, bytes) in files {
        let error = error_of(&bytes);
        assert!(matches!(error, FigureSourceError::TooLarge { .. }), "{name}: {error}");
        let said = error.to_string();
        assert!(said.contains(" x ") && said.contains("crop it"), "{name}: {said}");
    }
}

#[test]
fn a_stated_size_within_the_limit_without_the_pixels_is_damage() {
    let files = [
        ("png", png(7_000, 7_000, &[], &deflate_zeros(1000))),
        ("tiff", tiff(7_000, 7_000, 1, &[0; 1000])),
        ("bmp", bmp_header(7_000, 7_000)),
    ];
    for (name, bytes) in files {
        let error = error_of(&bytes);
        assert!(matches!(error, FigureSourceError::Damaged { .. }), "{name}: {error}");
    }
}

#[test]
fn text_and_profiles_of_a_png_that_unpack_to_much_more_are_not_unpacked() {
    let packed = deflate_zeros(UNPACKED);
    let texts = [
        (b"zTXt", [b"Comment\0\0".as_slice(), &packed].concat()),
        (b"iTXt", [b"Comment\0\x01\0\0\0".as_slice(), &packed].concat()),
        (b"iCCP", [b"profile\0\0".as_slice(), &packed].concat()),
    ];
    for (name, data) in texts {
        let pages = read_figure(&png(16, 2, &png_chunk(name, &data), &deflate_zeros(6)));
        // Refusing it is as good; taking 256 MB for a comment is not, which the limit of the decoder forbids.
        if let Ok(pages) = pages {
            assert_eq!(pages[0].image.dimensions(), (16, 2));
        }
    }
}

#[test]
fn rows_that_unpack_to_more_than_the_picture_do_no_harm() {
    let packed = deflate_zeros(UNPACKED);
    if let Ok(pages) = read_figure(&png(16, 2, &[], &packed)) {
        assert_eq!(pages[0].image.dimensions(), (16, 2));
    }
    if let Ok(pages) = read_figure(&tiff(16, 2, 8, &packed)) {
        assert_eq!(pages[0].image.dimensions(), (16, 2));
    }
}

#[test]
fn animations_are_refused_and_single_pictures_are_read() {
    let error = error_of(&gif(40, 30, 2));
    assert!(matches!(error, FigureSourceError::Unsupported { format: "gif", .. }), "{error}");
    assert!(error.to_string().contains("animation"), "{error}");
    assert_eq!(read_figure(&gif(40, 30, 1)).map(|pages| pages.len()), Ok(1));

    // As a program writes it, not put together by hand.
    let mut written = Vec::new();
    let mut encoder = GifEncoder::new(&mut written);
    for shade in [0, 128, 255] {
        let picture = RgbaImage::from_pixel(60, 40, image::Rgba([shade, shade, shade, 255]));
        encoder.encode_frame(Frame::new(picture)).expect("encodes");
    }
    drop(encoder);
    assert!(error_of(&written).to_string().contains("animation"));

    // An animated PNG announces its frames before the picture.
    let control = png_chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
    let error = error_of(&png(16, 2, &control, &deflate_zeros(6)));
    assert!(error.to_string().contains("animation"), "{error}");
}

#[test]
fn bytes_that_are_no_picture_are_named() {
    for bytes in [b"hello, no picture".as_slice(), &[0; 5000], b"\x7fELF\x02\x01"] {
        let error = error_of(bytes);
        assert!(matches!(error, FigureSourceError::UnknownFormat { .. }), "{error}");
    }
    assert_eq!(error_of(b""), FigureSourceError::Empty);
    assert_eq!(read_figure(&encoded_pixel()).map(|pages| pages[0].image.dimensions()), Ok((1, 1)));
}

fn encoded_pixel() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(1, 1, Rgb([0; 3])).write_to(&mut bytes, image::ImageFormat::Png).expect("encodes");
    bytes.into_inner()
}
