//! "Did you mean ...?"

/// The candidate most like `found`, if any is close enough to be a slip of the keyboard.
pub(crate) fn closest<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = found.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase()), candidate))
        .filter(|&(likeness, _)| likeness >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Help for an unknown name: the closest candidate, or all of them.
pub(crate) fn help<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    match closest(found, candidates.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None if candidates.is_empty() => "there are none in this file".to_owned(),
        None => format!("known are: {}", candidates.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognized_and_strangers_are_not() {
        assert_eq!(closest("responces", ["responses", "medians"]), Some("responses"));
        assert_eq!(closest("Wirth2012", ["wirth2021", "tahara2017"]), Some("wirth2021"));
        assert_eq!(closest("zebra", ["responses", "medians"]), None);
        assert_eq!(help("zebra", ["a", "b"]), "known are: a, b");
    }
}
