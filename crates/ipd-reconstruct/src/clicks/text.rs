//! Bytes to text.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};
use kmeta_trial_data::Finding;

use crate::clicks::ClicksError;

/// The text of a file: by its byte order mark, else UTF-8, else UTF-16 when every other byte is zero, else
/// Windows-1252, which holds Latin-1.
pub(crate) fn decode(bytes: &[u8]) -> Result<(String, Vec<Finding>), ClicksError> {
    let mut findings = Vec::new();
    let text = if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned()
    } else if let Some(encoding) = utf16_without_mark(bytes) {
        encoding.decode_without_bom_handling(bytes).0.into_owned()
    } else if let Ok(text) = std::str::from_utf8(bytes) {
        text.to_owned()
    } else {
        findings.push(Finding::note(
            "text-not-utf-8",
            "text",
            "the text is not UTF-8 and was read as Windows-1252; look at the names of the data sets",
        ));
        WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()
    };
    if text.contains('\0') {
        return Err(ClicksError::NotText);
    }
    Ok((text, findings))
}

/// Digits in UTF-16 have a zero byte beside them. Three quarters of the bytes on one side suffice, as names may
/// be in another alphabet.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let zeros = |side: usize| bytes.iter().skip(side).step_by(2).filter(|&&byte| byte == 0).count();
    let pairs = bytes.len() / 2;
    match (pairs >= 2 && bytes.len().is_multiple_of(2), zeros(0), zeros(1)) {
        (true, 0, odd) if odd * 4 >= pairs * 3 => Some(UTF_16LE),
        (true, even, 0) if even * 4 >= pairs * 3 => Some(UTF_16BE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart() {
        let wide: Vec<u8> = "1;2\n3;4".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut marked = vec![0xff, 0xfe];
        marked.extend(&wide);
        for bytes in [b"1;2\n3;4".to_vec(), b"\xef\xbb\xbf1;2\n3;4".to_vec(), wide, marked] {
            assert_eq!(decode(&bytes).unwrap(), ("1;2\n3;4".to_owned(), vec![]));
        }
        let (text, findings) = decode(b"Plac\xe9bo").unwrap();
        assert_eq!((text.as_str(), findings.len()), ("Placébo", 1));
        assert_eq!(decode(b"PNG\0\0\0\x01\xff"), Err(ClicksError::NotText));
    }
}
