//! The file of one piece of kept work: a header line, then the parts one after the other.
//!
//! ```text
//! kmeta-kept-work 1 figure-5e0f….kept SHA256-OF-THE-PARTS LENGTH LENGTH …
//! ```

use kmeta_trial_data::sha256_hex;

const MARK: &str = "kmeta-kept-work";
const FORMAT: &str = "1";

/// The parts as the content of the file `name`.
pub(super) fn to_bytes(name: &str, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let lengths: Vec<String> = parts.iter().map(|part| part.len().to_string()).collect();
    let header = format!("{MARK} {FORMAT} {name} {} {}\n", sha256_hex(&body), lengths.join(" "));
    [header.into_bytes(), body].concat()
}

/// The parts of the file `name`.
///
/// # Errors
/// A sentence on what is wrong with it.
pub(super) fn from_bytes(name: &str, bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let end = bytes.iter().position(|&byte| byte == b'\n').ok_or("it has no header")?;
    let header = std::str::from_utf8(&bytes[..end]).map_err(|_| "its header is no text")?;
    let mut body = &bytes[end + 1..];
    let mut words = header.split(' ');
    if words.next() != Some(MARK) || words.next() != Some(FORMAT) {
        return Err("it was not written by this version of kmeta".to_owned());
    }
    if words.next() != Some(name) {
        return Err("it belongs to other work: the file was renamed".to_owned());
    }
    if words.next() != Some(sha256_hex(body).as_str()) {
        return Err("its content does not have the hash that it states: it is damaged".to_owned());
    }
    let mut parts = Vec::new();
    for word in words {
        let length: usize = word.parse().map_err(|_| format!("`{word}` is no length"))?;
        let (part, rest) = body.split_at_checked(length).ok_or("it is shorter than it states")?;
        parts.push(part.to_vec());
        body = rest;
    }
    if body.is_empty() { Ok(parts) } else { Err("it is longer than it states".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_and_damage_is_seen() {
        let bytes = to_bytes("figure-1.kept", &[b"{}", b"", b"\x89PNG\n\0"]);
        assert_eq!(from_bytes("figure-1.kept", &bytes).unwrap(), [&b"{}"[..], b"", b"\x89PNG\n\0"]);
        assert!(from_bytes("figure-2.kept", &bytes).unwrap_err().contains("other work"));
        for index in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[index] ^= 0x20;
            assert!(from_bytes("figure-1.kept", &damaged).is_err(), "byte {index}");
            assert!(from_bytes("figure-1.kept", &bytes[..index]).is_err(), "cut at {index}");
        }
    }
}
