//! How large the packed parts of a PDF become, before any of them is unpacked for use. A file of one megabyte can hold a
//! stream of one gigabyte (DEFLATE packs up to 1032 : 1, LZW up to 1365 : 1, each again when packed twice).

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Read, Write};

use flate2::read::{DeflateDecoder, ZlibDecoder};
use hayro::hayro_syntax::object::{Array, Object, ObjectIdentifier, Stream};
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::{Filter, Pdf};

use crate::FigureSourceError;

/// Most bytes of one stream: a picture of 40 million pixels in colour.
const MAXIMUM_STREAM: usize = 128 * 1024 * 1024;

/// Most bytes of all streams that are unpacked to look at their size.
const MAXIMUM_TOTAL: u64 = 1024 * 1024 * 1024;

/// Most bytes of drawing operators of one page. A figure of a hundred thousand marks has five million.
const MAXIMUM_CONTENT: u64 = 48 * 1024 * 1024;

/// Checks the streams of a file before it is opened: lists of objects are unpacked on opening. What looks like a
/// DEFLATE stream behind the word `stream` is taken for one.
pub(crate) fn check_before_opening(bytes: &[u8]) -> Result<(), FigureSourceError> {
    let mut total = 0;
    let mut rest = bytes;
    while let Some(found) = rest.windows(6).position(|window| window == b"stream") {
        rest = &rest[found + 6..];
        let data = rest.strip_prefix(b"\r").unwrap_or(rest);
        let data = data.strip_prefix(b"\n").unwrap_or(data);
        if is_deflate(data) {
            add(&mut total, unpacked(data, &[Filter::FlateDecode]))?;
        }
    }
    Ok(())
}

/// Checks the streams that [`check_before_opening`] cannot see: those that are encrypted or packed in other ways.
pub(crate) fn check_opened(pdf: &Pdf) -> Result<(), FigureSourceError> {
    let mut total = 0;
    for object in pdf.objects() {
        let Object::Stream(stream) = object else { continue };
        let filters = stream.filters();
        let data = stream.raw_data();
        let seen_before = filters.as_slice() == [Filter::FlateDecode]
            && is_deflate(&data)
            && matches!(data, Cow::Borrowed(_));
        if !seen_before {
            add(&mut total, unpacked(&data, &filters))?;
        }
    }
    Ok(())
}

/// Refuses the operators of a page when they are too many to be read. A page may name one stream many times.
pub(crate) fn check_operators(page: &Page<'_>) -> Result<(), FigureSourceError> {
    let too_many = || Err(too_large("the drawing operators of one page", MAXIMUM_CONTENT));
    if let Some(parts) = page.raw().get::<Array<'_>>(b"Contents") {
        let mut sizes: HashMap<ObjectIdentifier, u64> = HashMap::new();
        let mut total = 0;
        for part in parts.iter::<Stream<'_>>() {
            let size = *sizes.entry(part.obj_id()).or_insert_with(|| {
                unpacked(&part.raw_data(), &part.filters())
                    .map_or(u64::MAX, |size| size.max(part.raw_data().len() as u64))
            });
            total += size.min(MAXIMUM_CONTENT) + 1;
            if total > MAXIMUM_CONTENT {
                return too_many();
            }
        }
    }
    if page.page_stream().is_some_and(|operators| operators.len() as u64 > MAXIMUM_CONTENT) {
        too_many()
    } else {
        Ok(())
    }
}

fn add(total: &mut u64, size: Option<u64>) -> Result<(), FigureSourceError> {
    let size = size.ok_or_else(|| too_large("a stream", MAXIMUM_STREAM as u64))?;
    *total += size;
    if *total > MAXIMUM_TOTAL {
        return Err(too_large("all streams together", MAXIMUM_TOTAL));
    }
    Ok(())
}

fn too_large(what: &str, limit: u64) -> FigureSourceError {
    let limit = format!("{} MB", limit / (1024 * 1024));
    FigureSourceError::TooLarge {
        format: "pdf",
        found: format!("{what} of more than {limit} when unpacked"),
        limit,
    }
}

/// Whether bytes begin like DEFLATE in the wrapping of zlib (RFC 1950, section 2.2).
fn is_deflate(data: &[u8]) -> bool {
    let [method, flags, ..] = data else { return false };
    method & 0x0f == 8
        && method >> 4 <= 7
        && (u16::from(*method) * 256 + u16::from(*flags)).is_multiple_of(31)
}

/// Bytes of a stream at its largest while it is unpacked; nothing when that is more than is allowed. Damage ends a
/// stream early, as it does when it is read. Filters of pictures are not applied: pictures state their size.
fn unpacked(data: &[u8], filters: &[Filter]) -> Option<u64> {
    let mut bytes: Cow<'_, [u8]> = Cow::Borrowed(data);
    let mut most = 0;
    for filter in filters {
        let mut room = Room::default();
        match filter {
            Filter::FlateDecode if is_deflate(&bytes) => copy(ZlibDecoder::new(&*bytes), &mut room),
            Filter::FlateDecode => copy(DeflateDecoder::new(&*bytes), &mut room),
            Filter::LzwDecode => {
                let mut decoder = weezl::decode::Decoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
                // An error is damage or a full room; which of both, the room says.
                let _ = decoder.into_stream(&mut room).decode_all(&*bytes).status;
            }
            Filter::RunLengthDecode => run_lengths(&bytes, &mut room),
            Filter::AsciiHexDecode => ascii_hex(&bytes, &mut room),
            Filter::Ascii85Decode => ascii_85(&bytes, &mut room),
            _ => break,
        }
        if room.is_full {
            return None;
        }
        most = most.max(room.bytes.len() as u64);
        bytes = Cow::Owned(room.bytes);
    }
    Some(most)
}

/// Takes bytes up to the limit of a stream.
#[derive(Debug, Default)]
struct Room {
    bytes: Vec<u8>,
    is_full: bool,
}

impl Write for Room {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + more.len() > MAXIMUM_STREAM {
            self.is_full = true;
            return Err(io::Error::other("the stream is too long"));
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Copies up to damage or to a full room.
fn copy(mut from: impl Read, room: &mut Room) {
    let _ = io::copy(&mut from, room);
}

/// Runs of one byte and literal bytes (ISO 32000-1, 7.4.5).
fn run_lengths(packed: &[u8], room: &mut Room) {
    let mut rest = packed;
    while let [length, after @ ..] = rest {
        let written = match *length {
            128 => return,
            literal @ 0..128 => {
                let count = (usize::from(literal) + 1).min(after.len());
                rest = &after[count..];
                room.write_all(&after[..count])
            }
            repeated => {
                let Some((byte, next)) = after.split_first() else { return };
                rest = next;
                room.write_all(&vec![*byte; 257 - usize::from(repeated)])
            }
        };
        if written.is_err() {
            return;
        }
    }
}

/// Two digits a byte (ISO 32000-1, 7.4.2).
fn ascii_hex(text: &[u8], room: &mut Room) {
    let digits: Vec<u8> = text
        .iter()
        .take_while(|&&character| character != b'>')
        .filter_map(|&character| char::from(character).to_digit(16).map(|digit| digit as u8))
        .collect();
    room.bytes = digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect();
}

/// Five characters for four bytes, `z` for four zeros (ISO 32000-1, 7.4.3).
fn ascii_85(text: &[u8], room: &mut Room) {
    let mut group: Vec<u32> = Vec::with_capacity(5);
    for &character in text.iter().take_while(|&&character| character != b'~') {
        match character {
            b'z' if group.is_empty() => room.bytes.extend([0; 4]),
            b'!'..=b'u' => group.push(u32::from(character - b'!')),
            _ => {}
        }
        if group.len() == 5 {
            let value = group.iter().fold(0u32, |value, digit| value.wrapping_mul(85).wrapping_add(*digit));
            room.bytes.extend(value.to_be_bytes());
            group.clear();
        }
    }
    if group.len() > 1 {
        let count = group.len() - 1;
        group.resize(5, 84);
        let value = group.iter().fold(0u32, |value, digit| value.wrapping_mul(85).wrapping_add(*digit));
        room.bytes.extend(&value.to_be_bytes()[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn sizes_are_those_after_each_filter() {
        let text = vec![b'a'; 5000];
        let twice = deflated(&deflated(&text));
        assert_eq!(unpacked(&twice, &[Filter::FlateDecode; 2]), Some(5000));
        assert_eq!(unpacked(b"48656C6c 6F>", &[Filter::AsciiHexDecode]), Some(5));
        assert_eq!(unpacked(b"87cURDZ~>", &[Filter::Ascii85Decode]), Some(5));
        assert_eq!(unpacked(&[2, 1, 2, 3, 255, 7, 128, 9], &[Filter::RunLengthDecode]), Some(5));
        let mut encoder = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
        let lzw = encoder.encode(&text).unwrap();
        assert_eq!(unpacked(&lzw, &[Filter::LzwDecode]), Some(5000));
    }

    #[test]
    fn a_stream_beyond_the_limit_is_not_unpacked() {
        let bomb = deflated(&vec![0; MAXIMUM_STREAM + 1]);
        assert_eq!(unpacked(&bomb, &[Filter::FlateDecode]), None);
        assert!(check_before_opening(&[b"<<>> stream\n", &bomb[..]].concat()).is_err());
    }
}
