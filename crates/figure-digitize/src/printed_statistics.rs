//! Reads the statistics that are printed in a panel: hazard ratio with its interval, p value, medians, numbers of
//! patients and events.

use std::sync::LazyLock;

use kmeta_trial_data::{PrintedStatistic, ReadText, Relation, StatisticKind};
use regex_lite::{Captures, Regex};

/// A number as printed: ".05", "0·36", "1,25", "1.2".
const NUMBER: &str = r"(?:\d+(?:[.,·]\d+)?|[.,·]\d+)";
/// What stands between the limits of an interval.
const BETWEEN: &str = r"\s*(?:-|–|—|−|to|,|;)\s*";

/// Lines of a printed statistic are read without regard to case and blanks, which small print loses.
fn pattern(text: &str) -> Regex {
    let text = text.replace("NUMBER", NUMBER).replace("BETWEEN", BETWEEN);
    // A pattern that does not compile is a mistake in this file, which any test finds.
    Regex::new(&format!("(?i){text}")).unwrap_or_else(|error| unreachable!("pattern {text}: {error}"))
}

static HAZARD_RATIO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:\bHR|hazard\s*ratio)(?:\s*\(HR\))?(?:\s*for\s*[a-z ]+)?(?:\s*(?:was|of|is)\b)?\s*[,:=]?\s*(?P<value>NUMBER)(?P<rest>.*)",
    )
});
static INTERVAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s*[,;]?\s*[\(\[]?\s*(?:9[059]\s*%?\s*(?:CI|confidence\s*interval)?\s*[,:=]?\s*[\(\[]?\s*)?(?P<lower>NUMBER)BETWEEN(?P<upper>NUMBER)\s*[\)\]]?",
    )
});
static P_VALUE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?:^|[^a-z])p\s*(?:-?\s*value)?\s*(?P<relation>[=<>≤:]|\s)\s*(?P<value>NUMBER)")
});
static LOG_RANK: LazyLock<Regex> = LazyLock::new(|| pattern(r"log\s*[‐−–-]?\s*rank"));
static MEDIAN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?P<name>.*?)\s*[,:(]?\s*median(?:\s*(?:OS|PFS|DFS|survival|time))?\s*[,:=]?\s*(?:(?P<value>NUMBER)|(?P<open>NR|NE|not\s*(?:reached|estimable)))(?P<rest>.*)",
    )
});
static PATIENTS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:^|[^a-z])(?:n|no\.)\s*=\s*(?P<value>\d{1,3}(?:[, ]\d{3})+|\d+)"));
static EVENTS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:events\s*(?:/\s*(?:n|patients|total))?\s*[,:=]?\s*(?P<before>\d+)(?:\s*/\s*(?P<total>\d+))?|(?P<after>\d+)(?:\s*/\s*(?P<of>\d+))?\s*events)",
    )
});

/// A median in running text: "median overall survival was 10.6 months (95% CI, 4.0 to 15.2)".
static MEDIAN_IN_TEXT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\bmedian\s+(?:[a-z‐−–-]+\s+){0,4}?(?:OS|PFS|DFS|EFS|RFS|survival|time|duration)\b[a-z ,]{0,40}?(?:was|were|of|is|:|=)?\s*(?:(?P<value>NUMBER)|(?P<open>NR|NE|not\s*(?:yet\s*)?(?:been\s*)?(?:reached|estimable)))(?P<rest>.*)",
    )
});
/// "52 patients", "36 deaths", "36 events".
static COUNTED_IN_TEXT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[^\d.,·])(?P<value>\d{1,3}(?:,\d{3})+|\d+)\s*(?:\(\d+(?:\.\d+)?\s*%\)\s*)?(?:of\s+(?:the\s+)?(?P<of>\d+)\s+)?(?P<what>patients|participants|deaths|events|died|had\s+died)\b",
    )
});

/// The statistics that a sentence of running text states, in its order. A number belongs to an arm where the sentence
/// names that arm alone.
pub(crate) fn statistics_of_sentence(text: &ReadText, names: &[&str]) -> Vec<PrintedStatistic> {
    let sentence = bare(&text.text);
    let named: Vec<usize> = (0..names.len())
        .filter(|&arm| !bare(names[arm]).is_empty() && sentence.contains(&bare(names[arm])))
        .collect();
    let arm = if let [only] = named.as_slice() { Some(*only) } else { None };
    let mut found: Vec<(usize, PrintedStatistic)> = Vec::new();
    let line = text.text.as_str();
    for hit in each(&HAZARD_RATIO, line) {
        let mut ratio = blank(text, StatisticKind::HazardRatio, number(&hit, "value"), None);
        (ratio.lower, ratio.upper) = interval(&hit["rest"]);
        found.push((place(&hit, "value"), ratio));
    }
    for hit in each(&P_VALUE, line) {
        found.extend(p_value(text, &hit, LOG_RANK.is_match(line)).map(|p| (place(&hit, "value"), p)));
    }
    for hit in each(&MEDIAN_IN_TEXT, line) {
        let mut median = blank(text, StatisticKind::Median, number(&hit, "value"), arm);
        (median.lower, median.upper) = interval(without_unit(&hit["rest"]));
        let at = if median.value.is_some() { place(&hit, "value") } else { place(&hit, "open") };
        found.push((at, median));
    }
    for hit in each(&PATIENTS, line) {
        let patients = blank(text, StatisticKind::Patients, count(&hit, "value"), arm);
        found.push((place(&hit, "value"), patients));
    }
    for hit in each(&COUNTED_IN_TEXT, line) {
        let dead = !matches!(hit["what"].to_lowercase().as_str(), "patients" | "participants");
        let of_them = count(&hit, "of");
        let kind = if dead || of_them.is_some() { StatisticKind::Events } else { StatisticKind::Patients };
        // "30 of 52 patients" counts what the sentence is about, which only "died" names.
        if dead || of_them.is_none() {
            found.push((place(&hit, "value"), blank(text, kind, count(&hit, "value"), arm)));
        }
        if of_them.is_some() {
            found.push((place(&hit, "of"), blank(text, StatisticKind::Patients, of_them, arm)));
        }
    }
    found.sort_by_key(|(at, _)| *at);
    // "36 of 52 patients" and "52 patients" are one statement.
    found.dedup_by(|(later, one), (at, other)| later == at && one.kind == other.kind);
    found.into_iter().map(|(_, statistic)| statistic).collect()
}

/// All matches of a pattern that takes in the rest of the line: the next begins behind the number of the last.
fn each<'t>(pattern: &Regex, line: &'t str) -> Vec<Captures<'t>> {
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(hit) = pattern.captures_at(line, from) {
        let end =
            ["value", "open"].iter().find_map(|name| hit.name(name)).map_or(line.len(), |part| part.end());
        from = end.max(from + 1);
        found.push(hit);
        if from >= line.len() || !line.is_char_boundary(from) {
            break;
        }
    }
    found
}

fn place(hit: &Captures<'_>, name: &str) -> usize {
    hit.name(name).map_or(usize::MAX, |part| part.start())
}

fn blank(text: &ReadText, kind: StatisticKind, value: Option<f64>, arm: Option<usize>) -> PrintedStatistic {
    PrintedStatistic {
        kind,
        value,
        relation: Relation::Equal,
        lower: None,
        upper: None,
        arm,
        quotation: text.text.clone(),
        location: text.location,
        confidence: text.confidence,
    }
}

fn p_value(text: &ReadText, hit: &Captures<'_>, log_rank: bool) -> Option<PrintedStatistic> {
    let kind = if log_rank { StatisticKind::LogRankPValue } else { StatisticKind::PValue };
    let mut p = blank(text, kind, number(hit, "value"), None);
    p.relation = match &hit["relation"] {
        "<" | "≤" => Relation::Below,
        ">" => Relation::Above,
        _ => Relation::Equal,
    };
    p.value.is_some_and(|value| (0.0..=1.0).contains(&value)).then_some(p)
}

/// Events and patients behind a name: "D1 (222/290)", "Placebo 26/34".
static EVENTS_OF_PATIENTS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[a-z\)]\S*\s*(?:[\(\[]\s*(?P<events>\d+)\s*/\s*(?P<total>\d+)\s*[\)\]]|\s(?P<bare>\d+)\s*/\s*(?P<of>\d+))\s*$",
    )
});
/// Counts that follow a name: "(n=120)", ", n = 120", "(222/290)", "(n=120, 45 events)".
static COUNTS_BEHIND_NAME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?P<name>.*\S)(?:\s*[,;:]?\s*[\(\[]\s*(?:n|no\.)\s*[=:\-]\s*\d[^\)\]]*[\)\]]?|\s*[,;:]\s*(?:n|no\.)\s*=\s*\d[\d, ]*|\s+n\s*=\s*\d[\d, ]*|\s*[\(\[]\s*\d+\s*/\s*\d+\s*[\)\]]|\s+\d+\s*/\s*\d+)\s*$",
    )
});

/// A name without the numbers of patients and events that are printed behind it; as it is where nothing else is left.
pub(crate) fn name_without_counts(text: &str) -> &str {
    let name = COUNTS_BEHIND_NAME.captures(text).and_then(|hit| hit.name("name"));
    let name = name.map_or(text, |name| name.as_str().trim().trim_end_matches([',', ';', ':']));
    // A bracket that does not close holds what is left of the numbers: "Low risk (n".
    match name.rfind(['(', '[']) {
        Some(bracket) if bracket > 0 && !name[bracket..].contains([')', ']']) => name[..bracket].trim_end(),
        _ => name,
    }
}

/// The statistics in the texts of a panel. `names` are the arms' names: a line that begins with one is about that
/// arm. `arm_of_text` says which arm a text is the legend entry of.
pub(crate) fn statistics_in(
    texts: &[ReadText],
    names: &[String],
    arm_of_text: impl Fn(usize) -> Option<usize>,
) -> Vec<PrintedStatistic> {
    let mut found = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let arm = arm_of_text(index).or_else(|| arm_named_in(&text.text, names));
        found.extend(statistics_of(text, arm));
    }
    found
}

/// Whether a text is about the comparison or the medians, and so no arm's name.
pub(crate) fn is_statistic(text: &ReadText) -> bool {
    let named = |statistic: &PrintedStatistic| {
        !matches!(statistic.kind, StatisticKind::Patients | StatisticKind::Events)
    };
    LOG_RANK.is_match(&text.text) || statistics_of(text, None).iter().any(named)
}

/// The arm whose name a text begins with.
fn arm_named_in(text: &str, names: &[String]) -> Option<usize> {
    let text = bare(text);
    let begins = |name: &String| {
        let name = bare(name);
        !name.is_empty() && text.starts_with(&name)
    };
    // The longest name wins: "Drug" also begins a line about "Drug 10 mg".
    (0..names.len()).filter(|&arm| begins(&names[arm])).max_by_key(|&arm| bare(&names[arm]).len())
}

fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn statistics_of(text: &ReadText, arm: Option<usize>) -> Vec<PrintedStatistic> {
    let of = |kind, value, arm| blank(text, kind, value, arm);
    let line = text.text.as_str();
    let mut found = Vec::new();
    if let Some(hit) = HAZARD_RATIO.captures(line) {
        let mut ratio = of(StatisticKind::HazardRatio, number(&hit, "value"), None);
        (ratio.lower, ratio.upper) = interval(&hit["rest"]);
        found.push(ratio);
    }
    if let Some(hit) = P_VALUE.captures(line) {
        found.extend(p_value(text, &hit, LOG_RANK.is_match(line)));
    }
    if let Some(hit) = MEDIAN.captures(line) {
        let mut median = of(StatisticKind::Median, number(&hit, "value"), arm);
        (median.lower, median.upper) = interval(without_unit(&hit["rest"]));
        found.push(median);
    }
    if let Some(value) = PATIENTS.captures(line).and_then(|hit| count(&hit, "value")) {
        found.push(of(StatisticKind::Patients, Some(value), arm));
    }
    if let Some(hit) = EVENTS_OF_PATIENTS.captures(line).filter(|_| arm.is_some()) {
        let events = count(&hit, "events").or_else(|| count(&hit, "bare"));
        let total = count(&hit, "total").or_else(|| count(&hit, "of"));
        if let (Some(events), Some(total)) = (events, total)
            && events <= total
        {
            found.push(of(StatisticKind::Events, Some(events), arm));
            found.push(of(StatisticKind::Patients, Some(total), arm));
        }
    } else if let Some(hit) = EVENTS.captures(line) {
        let value = count(&hit, "before").or_else(|| count(&hit, "after"));
        found.push(of(StatisticKind::Events, value, arm));
        if let Some(total) = count(&hit, "total").or_else(|| count(&hit, "of")) {
            found.push(of(StatisticKind::Patients, Some(total), arm));
        }
    }
    found
}

/// What follows the unit of a median.
fn without_unit(rest: &str) -> &str {
    rest.trim_start().trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '.')
}

/// The limits of the interval that a text begins with.
fn interval(text: &str) -> (Option<f64>, Option<f64>) {
    let limits = INTERVAL.captures(text).map(|hit| (number(&hit, "lower"), number(&hit, "upper")));
    match limits {
        Some((Some(lower), Some(upper))) if lower <= upper => (Some(lower), Some(upper)),
        _ => (None, None),
    }
}

fn number(hit: &Captures<'_>, name: &str) -> Option<f64> {
    let text = hit.name(name)?.as_str().replace([',', '·'], ".");
    let text = if text.starts_with('.') { format!("0{text}") } else { text };
    text.parse().ok()
}

fn count(hit: &Captures<'_>, name: &str) -> Option<f64> {
    let digits: String = hit.name(name)?.as_str().chars().filter(char::is_ascii_digit).collect();
    digits.parse::<u32>().ok().map(f64::from)
}

#[cfg(test)]
mod tests {
    use kmeta_trial_data::{PixelBox, TextRole};

    use super::*;

    /// What was read, its value and its limits.
    type Read = (StatisticKind, Option<f64>, Option<f64>, Option<f64>);

    fn read(text: &str) -> Vec<Read> {
        let text = ReadText {
            text: text.to_owned(),
            confidence: 0.9,
            location: PixelBox { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 },
            role: TextRole::Other,
        };
        statistics_of(&text, Some(1)).into_iter().map(|s| (s.kind, s.value, s.lower, s.upper)).collect()
    }

    #[test]
    fn hazard_ratios_with_every_kind_of_interval() {
        let wanted = vec![(StatisticKind::HazardRatio, Some(0.73), Some(0.61), Some(0.86))];
        for text in [
            "HR 0.73 (0.61 to 0.86)",
            "HR = 0.73 (95% CI: 0.61-0.86)",
            "Hazard ratio, 0.73 (95% CI, 0.61, 0.86)",
            "Hazardratio,0.73(95%CI,0.61to0.86)",
            "HR 0·73 (95% CI 0·61–0·86)",
            "HR 0.73 [0.61; 0.86]",
            "hazard ratio .73, 95% CI .61 to .86",
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
    }

    #[test]
    fn names_lose_the_counts_behind_them() {
        for (text, name) in [
            ("B (n=255)", "B"),
            ("Placebo(n = 1,207)", "Placebo"),
            ("Arm A, n=12", "Arm A"),
            ("Nivolumab (191/292)", "Nivolumab"),
            ("Treated 26/34", "Treated"),
            ("Stage (I)", "Stage (I)"),
            ("10 mg", "10 mg"),
            ("(n=12)", "(n=12)"),
        ] {
            assert_eq!(name_without_counts(text), name, "{text}");
        }
    }

    #[test]
    fn p_values_medians_and_counts() {
        assert_eq!(read("Log-rank P < .001"), [(StatisticKind::LogRankPValue, Some(0.001), None, None)]);
        assert_eq!(read("p=0.24"), [(StatisticKind::PValue, Some(0.24), None, None)]);
        assert_eq!(
            read("Standard: median 12.7 months (95% CI 10.1-15.2)"),
            [(StatisticKind::Median, Some(12.7), Some(10.1), Some(15.2))]
        );
        assert_eq!(read("Median OS: not reached"), [(StatisticKind::Median, None, None, None)]);
        assert_eq!(read("ADT (n=1,207)"), [(StatisticKind::Patients, Some(1207.0), None, None)]);
        assert_eq!(
            read("Events/N: 45/120"),
            [
                (StatisticKind::Events, Some(45.0), None, None),
                (StatisticKind::Patients, Some(120.0), None, None)
            ]
        );
        assert_eq!(
            read("D1 (222/290)"),
            [
                (StatisticKind::Events, Some(222.0), None, None),
                (StatisticKind::Patients, Some(290.0), None, None)
            ]
        );
        assert_eq!(read("Overall survival"), []);
        assert_eq!(read("Group 0.5"), []);
    }

    /// What was stated, its value, its upper limit and its arm.
    type Stated = (StatisticKind, Option<f64>, Option<f64>, Option<usize>);

    #[test]
    fn sentences_state_several_statistics() {
        let sentence = |text: &str, names: &[&str]| -> Vec<Stated> {
            let text = ReadText {
                text: text.to_owned(),
                confidence: 1.0,
                location: PixelBox { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 },
                role: TextRole::Other,
            };
            statistics_of_sentence(&text, names)
                .into_iter()
                .map(|s| (s.kind, s.value, s.upper, s.arm))
                .collect()
        };
        assert_eq!(
            sentence(
                "The median overall survival was 10.6 months (95% CI, 4.0 to 15.2) with Verulimab (n = 52), hazard \
                 ratio 0.70 (95% CI 0.51-0.96; log-rank P = 0.02).",
                &["Placebo", "Verulimab"],
            ),
            [
                (StatisticKind::Median, Some(10.6), Some(15.2), Some(1)),
                (StatisticKind::Patients, Some(52.0), None, Some(1)),
                (StatisticKind::HazardRatio, Some(0.7), Some(0.96), None),
                (StatisticKind::LogRankPValue, Some(0.02), None, None),
            ]
        );
        assert_eq!(
            sentence(
                "At the data cut-off 36 of 52 patients had died, and 1,204 patients were screened.",
                &[]
            ),
            [
                (StatisticKind::Patients, Some(52.0), None, None),
                (StatisticKind::Patients, Some(1204.0), None, None),
            ]
        );
        assert_eq!(
            sentence("There were 36 deaths; median PFS was not reached.", &[]),
            [(StatisticKind::Events, Some(36.0), None, None), (StatisticKind::Median, None, None, None)]
        );
        assert_eq!(sentence("The trial ran from 2012 to 2016.", &[]), []);
    }
}
