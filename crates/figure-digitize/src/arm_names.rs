//! Gives arms their names and their rows of numbers at risk.
//!
//! A legend entry shows how its arm is drawn, a label stands beside its curve, a row of numbers at risk has a colour or a
//! name and must agree with the curve. Each of these is turned into a cost of belonging to an arm; entry and row of one
//! name are judged together, and the assignment with the least total cost is taken.

use kmeta_trial_data::{DigitizedArm, RiskRow, RiskTable};

use crate::arms::TracedCurve;
use crate::color::{Srgb, chroma, hue_distance, oklab_distance};
use crate::identity::SAME_COLOR;
use crate::ink::InkPage;
use crate::legend::PlotText;
use crate::swatch::{DashLook, LEAST_CONTRAST, Swatch, dash_look};

/// How much lightness counts beside hue: of a sample and its line, or of letters and a line, one may be diluted.
const LIGHTNESS_WEIGHT: f32 = 0.1;
/// Distance of two colours in Oklab that costs 1.
const COLOR_UNIT: f32 = 0.04;
/// Most that one kind of evidence costs.
const MOST_COST: f64 = 6.0;
/// Cost of a sample that is broken where the line is not, or the other way round.
const DASH_MISMATCH: f64 = 1.5;
/// Fewest patients at risk at the begin of an interval that is held against the drop of the curve, and reading error of its levels.
const FEWEST_AT_RISK: u32 = 10;
const READING_OF_LEVELS: f64 = 0.005;
/// Excess of n(t)/n(0) over S(t), summed over the columns, that costs 1.
const EXCESS_UNIT: f64 = 0.03;
/// What it costs to leave a name, or a row, without an arm.
const UNUSED_ENTRY: f64 = 4.0;
const UNUSED_LABEL: f64 = 2.5;
pub(crate) const UNUSED_ROW: f64 = 9.0;
/// Names are the same from this similarity on.
pub(crate) const SAME_NAME: f64 = 0.75;
/// Cost of giving a row of the table to a curve that may be a confidence limit.
const LIMIT_LIKE: f64 = 1.0;
/// A colour from this chroma on is a hue.
const LEAST_CHROMA: f32 = 0.05;

/// How a row of the risk table looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowLook {
    /// Colour of its name or, without one, of its numbers.
    pub(crate) ink: Option<Srgb>,
    /// The line sample left of its name or numbers.
    pub(crate) swatch: Option<Swatch>,
}

/// An arm as it is drawn.
pub(crate) struct DrawnArm<'a> {
    pub(crate) curve: &'a TracedCurve,
    dashes: Option<DashLook>,
    /// Whether its line has gaps: it was traced as a dashed one, or the legend shows broken and unbroken lines and this one
    /// shows less ink than another of its colour.
    broken: bool,
}

impl<'a> DrawnArm<'a> {
    /// The arms of a plot whose legend has the given texts.
    pub(crate) fn all(page: &InkPage, curves: &[&'a TracedCurve], texts: &[PlotText]) -> Vec<Self> {
        let samples = || texts.iter().filter_map(|text| text.swatch).filter(|swatch| !swatch.is_block);
        let mixed = samples().any(|sample| sample.dashes.is_some())
            && samples().any(|sample| sample.dashes.is_none());
        let drawn = |curve: &&'a TracedCurve| Self {
            curve,
            dashes: if curve.dashed { dashes_of_curve(page, curve) } else { None },
            broken: curve.dashed || (mixed && curves.iter().any(|other| has_gaps_beside(curve, other))),
        };
        curves.iter().map(drawn).collect()
    }
}

/// Less ink along a path, and more of it on bare ground, than along another path of its colour: censor marks can fill most
/// of the gaps of a dashed line, so that it is traced like an unbroken one.
const LESS_INK: f32 = 0.04;
const MORE_GROUND: f32 = 0.005;

/// Whether a curve that was traced as unbroken has gaps where another one of its colour has none.
fn has_gaps_beside(curve: &TracedCurve, other: &TracedCurve) -> bool {
    oklab_distance(curve.color, other.color) < SAME_COLOR
        && !other.dashed
        && curve.path.on_ink + LESS_INK <= other.path.on_ink
        && curve.path.on_bare >= other.path.on_bare + MORE_GROUND
}

/// Level stretches of a curve from which its dashes are taken: at least so many line widths long, with so many dashes.
const STRETCH_WIDTHS: f64 = 12.0;
const FEWEST_DASHES: usize = 3;
/// Of the contrasts along a stretch, the share below that of a dash: more than the gaps of a dotted line.
const BELOW_INK: f64 = 0.85;

/// The dashes along a curve: those of the level stretch with the widest gaps, since marks and other lines only fill gaps.
fn dashes_of_curve(page: &InkPage, curve: &TracedCurve) -> Option<DashLook> {
    let (area, path) = (curve.coverage.area, &curve.path);
    let first = area.left + path.start;
    let look = |(from, to): (usize, usize)| {
        let row = area.top + path.rows[from];
        let rows = row.saturating_sub(1)..(row + 2).min(page.height());
        let strongest = |x: usize| rows.clone().map(|y| page.contrast.get(x, y)).fold(0.0, f32::max);
        let (from, to) = (first + from, (first + to).min(page.width()));
        let mut contrasts: Vec<f32> = (from..to).map(strongest).collect();
        contrasts.sort_by(f32::total_cmp);
        let ink = *contrasts.get((BELOW_INK * contrasts.len() as f64) as usize)?;
        let inked = |x: usize| strongest(x) >= (0.5 * ink).max(LEAST_CONTRAST);
        dash_look(from, to, FEWEST_DASHES, inked)
    };
    let is_long = |(from, to): &(usize, usize)| (to - from) as f64 >= STRETCH_WIDTHS * curve.line_width;
    let looks = level_stretches(&path.rows).into_iter().filter(is_long).filter_map(look);
    looks.min_by(|a, b| a.duty.total_cmp(&b.duty))
}

/// The runs of rows that differ by one at most.
fn level_stretches(rows: &[usize]) -> Vec<(usize, usize)> {
    let mut stretches = Vec::new();
    let mut start = 0;
    for index in 1..=rows.len() {
        if index == rows.len() || rows[index].abs_diff(rows[start]) > 1 {
            stretches.push((start, index));
            start = index;
        }
    }
    stretches
}

/// For each arm the index of its text; for each row of the table its arm.
pub(crate) struct Assignment {
    pub(crate) text_of_arm: Vec<Option<usize>>,
    pub(crate) arm_of_row: Vec<Option<usize>>,
}

/// Assigns texts and rows to arms.
pub(crate) fn assign_names(
    texts: &[PlotText],
    table: Option<&RiskTable>,
    looks: &[RowLook],
    drawn: &[DrawnArm<'_>],
    arms: &[DigitizedArm],
    is_statistic: impl Fn(usize) -> bool,
) -> Assignment {
    let rows: &[RiskRow] = table.map_or(&[], |table| &table.rows);
    let may_be_label = |index: usize| !is_statistic(index) && is_name(&texts[index].text.text, rows);
    let entries: Vec<usize> = (0..texts.len())
        .filter(|&index| texts[index].swatch.is_some() || may_be_label(index))
        .filter(|&index| !is_decimal(&texts[index].text.text) && !begins_a_test(&texts[index].text.text))
        .collect();
    let row_of_entry = linked(&entries, texts, rows);
    // With fewer rows than curves, dashed ones beside unbroken ones may be limits.
    let unbroken = drawn.iter().any(|arm| !arm.curve.dashed);
    let is_limit_like = |arm: usize| rows.len() < drawn.len() && unbroken && drawn[arm].curve.dashed;
    let row_cost = |row: usize, arm: usize| {
        table.map_or(0.0, |table| {
            look_cost(&looks[row], &drawn[arm])
                + fit_cost(table, row, &arms[arm])
                + 0.02 * row.abs_diff(arm) as f64
                + if is_limit_like(arm) { LIMIT_LIKE } else { 0.0 }
        })
    };
    let entry_cost = |item: usize, arm: usize| {
        let row = row_of_entry[item];
        text_cost(&texts[entries[item]], &drawn[arm], row.is_some())
            + row.map_or(0.0, |row| row_cost(row, arm))
    };
    let cost = |one: Bearer, arm: usize| match one {
        Bearer::Entry(item) => entry_cost(item, arm),
        Bearer::Row(row) => row_cost(row, arm),
    };
    let unused = |one: Bearer| match one {
        Bearer::Entry(item) => {
            let own = if texts[entries[item]].swatch.is_some() { UNUSED_ENTRY } else { UNUSED_LABEL };
            own + row_of_entry[item].map_or(0.0, |_| UNUSED_ROW)
        }
        Bearer::Row(_) => UNUSED_ROW,
    };
    let (with_row, without): (Vec<usize>, Vec<usize>) =
        (0..entries.len()).partition(|&item| row_of_entry[item].is_some());
    let lone_rows: Vec<Bearer> =
        (0..rows.len()).filter(|&row| !row_of_entry.contains(&Some(row))).map(Bearer::Row).collect();
    let [with_row, without]: [Vec<Bearer>; 2] =
        [with_row, without].map(|items| items.into_iter().map(Bearer::Entry).collect());
    let arm_of = with_least_cost(&with_row, [&without, &lone_rows], arms.len(), (cost, unused));
    let mut text_of_arm = vec![None; arms.len()];
    let mut arm_of_row = vec![None; rows.len()];
    for (one, arm) in arm_of {
        let row = match one {
            Bearer::Entry(item) => {
                text_of_arm[arm] = Some(entries[item]);
                row_of_entry[item]
            }
            Bearer::Row(row) => Some(row),
        };
        if let Some(row) = row {
            arm_of_row[row] = Some(arm);
        }
    }
    Assignment { text_of_arm, arm_of_row }
}

/// What bears the name of an arm: an entry of the legend or a label (with the row of its name, where there is one), or a row of
/// the table without such an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bearer {
    Entry(usize),
    Row(usize),
}

/// Arms for bearers of names. Of `all` and either kind of `others` an arm takes one, but it may take one of each kind of `others`:
/// once one kind is assigned together with `all` and the other kind goes to the arms without it, once the other way round, and
/// the assignment of less cost is taken.
fn with_least_cost(
    all: &[Bearer],
    others: [&[Bearer]; 2],
    arms: usize,
    (cost, unused): (impl Fn(Bearer, usize) -> f64, impl Fn(Bearer) -> f64),
) -> Vec<(Bearer, usize)> {
    let assign = |ones: &[Bearer], free: &[usize]| -> (f64, Vec<(Bearer, usize)>) {
        let items: Vec<(f64, Vec<f64>)> =
            ones.iter().map(|&one| (unused(one), free.iter().map(|&arm| cost(one, arm)).collect())).collect();
        let places = cheapest(&items, free.len());
        let costs =
            items.iter().zip(&places).map(|(item, place)| place.map_or(item.0, |place| item.1[place]));
        let placed = ones.iter().zip(&places).filter_map(|(&one, place)| Some((one, free[(*place)?])));
        (costs.sum(), placed.collect())
    };
    let everywhere: Vec<usize> = (0..arms).collect();
    let in_order = |[first, second]: [&[Bearer]; 2]| {
        let (cost, mut placed) = assign(&[all, first].concat(), &everywhere);
        let takes = |arm: usize| placed.iter().any(|(one, taken)| *taken == arm && !first.contains(one));
        let free: Vec<usize> = (0..arms).filter(|&arm| !takes(arm)).collect();
        let (further, mut rest) = assign(second, &free);
        placed.append(&mut rest);
        (cost + further, placed)
    };
    let [one, other] = [in_order(others), in_order([others[1], others[0]])];
    if other.0 < one.0 - 1e-9 { other.1 } else { one.1 }
}

/// Fewest letters and digits of a name that stands beside a curve without a sample of its line.
const LEAST_NAME: usize = 2;

/// Whether a text without a line sample may be a name: words and parts of words, no numbers. One letter is a name only where
/// a row of the table bears it.
fn is_name(text: &str, rows: &[RiskRow]) -> bool {
    let signs = text.chars().filter(|c| c.is_alphanumeric()).count();
    let has_letter = text.chars().any(char::is_alphabetic);
    (signs >= LEAST_NAME && has_letter) || rows.iter().any(|row| similarity(&row.label, text) >= SAME_NAME)
}

/// Whether a text begins as the line of a test does, whatever looks like a sample beside it.
pub(crate) fn begins_a_test(text: &str) -> bool {
    let lower = text.trim_start().to_lowercase();
    ["log-rank", "logrank", "log rank", "hazard ratio"].iter().any(|test| lower.starts_with(test))
}

/// Whether a text is a decimal number: a p value, whose equals sign looks like the sample of a line.
pub(crate) fn is_decimal(text: &str) -> bool {
    text.contains(['.', ',', '\u{b7}'])
        && text.chars().any(|c| c.is_ascii_digit())
        && !text.chars().any(char::is_alphabetic)
}

/// The assignment of items to places (each taken once at most) with the least sum of costs; an item may also stay
/// without a place at its own cost. Exact, by dynamic programming over the sets of taken places.
pub(crate) fn cheapest(items: &[(f64, Vec<f64>)], places: usize) -> Vec<Option<usize>> {
    // More curves than this are no figure that names could help.
    let places = places.min(10);
    let sets = 1_usize << places;
    let mut best = vec![f64::INFINITY; sets];
    best[0] = 0.0;
    let mut choices: Vec<Vec<Option<usize>>> = Vec::with_capacity(items.len());
    for (unused, costs) in items {
        let mut next = vec![f64::INFINITY; sets];
        let mut choice = vec![None; sets];
        for set in 0..sets {
            if best[set] + unused < next[set] {
                next[set] = best[set] + unused;
                choice[set] = None;
            }
            for place in (0..places).filter(|place| set & (1 << place) == 0) {
                let (with, cost) = (set | (1 << place), best[set] + costs[place]);
                if cost < next[with] {
                    next[with] = cost;
                    choice[with] = Some(place);
                }
            }
        }
        best = next;
        choices.push(choice);
    }
    let mut set = (0..sets).min_by(|&a, &b| best[a].total_cmp(&best[b])).unwrap_or(0);
    let mut taken = vec![None; items.len()];
    for (item, choice) in choices.iter().enumerate().rev() {
        taken[item] = choice[set];
        if let Some(place) = choice[set] {
            set &= !(1 << place);
        }
    }
    taken
}

/// For each entry the row of the table with the same name, the most similar pairs first.
fn linked(entries: &[usize], texts: &[PlotText], rows: &[RiskRow]) -> Vec<Option<usize>> {
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (item, &entry) in entries.iter().enumerate() {
        for (row, table_row) in rows.iter().enumerate() {
            let alike = similarity(&texts[entry].text.text, &table_row.label);
            if alike >= SAME_NAME {
                pairs.push((alike, item, row));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut row_of_entry = vec![None; entries.len()];
    for (_, item, row) in pairs {
        if row_of_entry[item].is_none() && !row_of_entry.contains(&Some(row)) {
            row_of_entry[item] = Some(row);
        }
    }
    row_of_entry
}

/// Signs that tell names apart.
const SIGNS: [char; 5] = ['+', '<', '>', '\u{2264}', '\u{2265}'];

/// How alike two names are, 0 to 1. Numbers of patients in brackets, case and blanks do not count.
pub(crate) fn similarity(a: &str, b: &str) -> f64 {
    let bare = |name: &str| -> String {
        let name = match name.find(['(', '[']) {
            Some(0) | None => name,
            Some(bracket) => &name[..bracket],
        };
        // "<65" and "65+", "EGFR-" and "EGFR+" differ in nothing else.
        let tells = |c: char| c.is_alphanumeric() || SIGNS.contains(&c);
        let ends_with_minus = name.trim_end().ends_with(['-', '\u{2212}', '\u{2013}']);
        let letters = name.chars().filter(|&c| tells(c)).flat_map(char::to_lowercase);
        letters.chain(ends_with_minus.then_some('-')).collect()
    };
    let (a, b) = (bare(a), bare(b));
    if a.is_empty() || b.is_empty() { 0.0 } else { strsim::normalized_levenshtein(&a, &b) }
}

fn text_cost(text: &PlotText, arm: &DrawnArm<'_>, is_row_name: bool) -> f64 {
    match &text.swatch {
        Some(swatch) => swatch_cost(swatch, arm),
        None => {
            let distance = distance_to_curve(text, arm.curve);
            let cost = match color_cost(text.ink, arm.curve.color) {
                Some(cost) => cost + 0.1 * distance,
                None => distance,
            };
            // A text that repeats a name of the risk table is a label, however far it stands.
            if is_row_name { 0.5 * cost } else { cost }
        }
    }
}

fn swatch_cost(swatch: &Swatch, arm: &DrawnArm<'_>) -> f64 {
    let color =
        f64::from(hue_distance(swatch.color, arm.curve.color, LIGHTNESS_WEIGHT) / COLOR_UNIT).min(MOST_COST);
    let dashes = match (swatch.dashes, arm.dashes) {
        _ if swatch.is_block => 0.0,
        (Some(a), Some(b)) => {
            let duty = (4.0 * (a.duty - b.duty).abs()).min(1.0);
            let period = (a.period / b.period).ln().abs().min(1.0);
            0.7 * (duty + period)
        }
        (dashes, _) if dashes.is_some() != arm.broken => DASH_MISMATCH,
        _ => 0.0,
    };
    color + dashes
}

/// The cost of a coloured text at an arm's colour; nothing when the text is black or grey, as most print is.
fn color_cost(ink: Srgb, arm: Srgb) -> Option<f64> {
    (chroma(ink) >= LEAST_CHROMA)
        .then(|| f64::from(hue_distance(ink, arm, LIGHTNESS_WEIGHT) / COLOR_UNIT).min(MOST_COST))
}

fn look_cost(look: &RowLook, arm: &DrawnArm<'_>) -> f64 {
    match (look.swatch, look.ink) {
        (Some(swatch), _) => swatch_cost(&swatch, arm),
        (None, Some(ink)) => color_cost(ink, arm.curve.color).unwrap_or(0.0),
        (None, None) => 0.0,
    }
}

/// Distance of a text from a curve in letter heights: above or below it, or behind its end.
fn distance_to_curve(text: &PlotText, curve: &TracedCurve) -> f64 {
    let area = curve.coverage.area;
    let first = area.left + curve.path.start;
    let end = first + curve.path.rows.len();
    let row_at = |x: usize| curve.path.rows.get(x.checked_sub(first)?).map(|row| (area.top + row) as f64);
    let gap = |row: f64| (text.area.top as f64 - row).max(row - text.area.bottom as f64).max(0.0);
    let beside = (text.area.left.max(first)..text.area.right.min(end))
        .filter_map(row_at)
        .map(gap)
        .fold(f64::INFINITY, f64::min);
    let behind = curve.path.rows.last().map_or(f64::INFINITY, |row| {
        let down = ((area.top + row) as f64 - text.area.center_y()).abs();
        let across = text.area.left as f64 - end as f64;
        if across >= 0.0 { down.hypot(0.5 * across) } else { f64::INFINITY }
    });
    (beside.min(behind) / text.letter_height.max(1) as f64).min(MOST_COST)
}

/// How badly a row fits a curve: n(t)/n(0) above S(t), patients at risk behind the end of the line, or none while it
/// goes on.
pub(crate) fn fit_cost(table: &RiskTable, row: usize, arm: &DigitizedArm) -> f64 {
    let counts = &table.rows[row].counts;
    let seen: Vec<(f64, u32)> = table
        .times
        .iter()
        .zip(counts)
        .filter_map(|(&time, count)| count.map(|count| (time, count)))
        .collect();
    let Some(first) = seen.first().map(|cell| cell.1).filter(|&count| count > 0) else { return 0.0 };
    let share_before = |time: f64| arm.curve.survival_at((time - 2.0 * arm.time_uncertainty).max(0.0));
    let of_all: f64 = seen
        .iter()
        .map(|&(time, count)| (f64::from(count) / f64::from(first) - share_before(time)).max(0.0))
        .sum();
    // Between two columns at least those leave who have the event.
    let of_intervals: f64 = seen
        .windows(2)
        .filter(|pair| pair[0].1 >= FEWEST_AT_RISK)
        .map(|pair| {
            let [(from, before), (to, after)] = [pair[0], pair[1]];
            let start = arm.curve.survival_at(from + 2.0 * arm.time_uncertainty);
            let stay = if start > 0.0 { share_before(to) / start } else { 1.0 };
            // One patient more may be at risk by the convention of the program, and levels are read to half a percent.
            let reach = (1.0 + READING_OF_LEVELS * f64::from(before)) / f64::from(before);
            (f64::from(after) / f64::from(before) - stay - reach).max(0.0)
        })
        .sum();
    let excess = of_all + of_intervals;
    let slack = 4.0 * arm.time_uncertainty;
    let last = table.times.last().copied().unwrap_or(0.0);
    let ended: f64 = seen
        .iter()
        .map(|&(time, count)| {
            let behind = count > 0 && time > arm.curve_end + slack;
            let open = count == 0 && time + slack < arm.curve_end && time <= last;
            f64::from(u8::from(behind || open))
        })
        .sum();
    (excess / EXCESS_UNIT).min(MOST_COST) + (1.5 * ended).min(4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_numbers_and_blanks() {
        assert!(similarity("5 mg (n=374)", "5mg") > 0.99);
        assert!(similarity("Stage I", "Stage II") < similarity("Stage II", "Stage II"));
        assert!(similarity("Placebo", "Control") < SAME_NAME);
        assert!(similarity("", "") < SAME_NAME);
        assert!(similarity("Age < 60", "Age 60+") < similarity("Age 60+", "Age 60+ (n=90)"));
        assert!(similarity("EGFR-", "EGFR+") < SAME_NAME + 0.1);
    }

    #[test]
    fn the_cheapest_assignment_uses_each_place_once() {
        let items = [(9.0, vec![1.0, 2.0]), (9.0, vec![1.1, 8.0]), (0.5, vec![1.0, 1.0])];
        assert_eq!(cheapest(&items, 2), [Some(1), Some(0), None]);
        assert_eq!(cheapest(&items, 0), [None, None, None]);
    }

    #[test]
    fn a_row_in_the_colour_of_an_arm_is_not_driven_off_by_a_label_far_from_its_arm() {
        // A label with a row (entry 0) lies a little nearer to the first arm, to which only the other row belongs.
        let cost = |one: Bearer, arm: usize| match (one, arm) {
            (Bearer::Entry(_), 0) => 1.0,
            (Bearer::Entry(_), _) => 1.5,
            (Bearer::Row(_), 0) => 0.0,
            (Bearer::Row(_), _) => 6.0,
        };
        let placed = with_least_cost(&[Bearer::Entry(0)], [&[], &[Bearer::Row(0)]], 2, (cost, |_| 9.0));
        assert_eq!(placed, [(Bearer::Entry(0), 1), (Bearer::Row(0), 0)]);
    }
}
