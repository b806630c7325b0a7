//! One row of numbers at risk, read as a whole: numbers at risk never rise, so that a misread one shows among its neighbours.

use kmeta_trial_data::{Finding, RiskCell, RiskRow};

use crate::number::parse_count;
use crate::overrides::advice_on_cell;

/// Cost of a number that does not fit its neighbours in any reading, in units of log probability. What is certain to be
/// wrong costs more than the second reading of all but the clearest print.
const MISREAD: f64 = 7.0;
/// Cost of a second reading. Readings have no certainty of their own for single cells in small print.
const SECOND_READING: f64 = 2.0;
/// By how much it grows with the confidence in the first.
const CERTAINTY: f64 = 7.0;

/// Where a row stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowPlace<'a> {
    pub(crate) panel: usize,
    pub(crate) row: usize,
    pub(crate) label: &'a str,
    /// Time of each column.
    pub(crate) times: &'a [f64],
}

/// A reading of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Reading {
    column: usize,
    count: u32,
    is_second: bool,
    cost: f64,
}

/// The row that the cells make: of their readings those that together never rise and cost least. Readings that do not fit
/// are kept and reported.
pub(crate) fn risk_row(place: &RowPlace<'_>, cells: Vec<RiskCell>, findings: &mut Vec<Finding>) -> RiskRow {
    let mut counts: Vec<Option<u32>> = cells.iter().map(|cell| parse_count(&cell.text)).collect();
    let chosen = falling(&readings_of(&cells));
    let mut before: Option<u32> = None;
    for (column, cell) in cells.iter().enumerate() {
        let fitting = chosen.iter().find(|reading| reading.column == column);
        let at = format!("risk table, row `{}`, column {}", place.label, column + 1);
        match (fitting, counts[column]) {
            (Some(reading), first) if reading.is_second => {
                let text = &cell.text;
                if let Some(count) = first {
                    findings.push(Finding::warning(
                        "risk-cell-second-reading",
                        at,
                        format!(
                            "read as {count}, which does not fit the numbers around it; the second reading {} was taken",
                            reading.count
                        ),
                    ));
                } else {
                    findings.push(Finding::warning(
                        "risk-cell-second-reading",
                        at,
                        format!("read as `{text}`; the second reading {} was taken", reading.count),
                    ));
                }
                counts[column] = Some(reading.count);
            }
            (None, Some(count)) => {
                let advice =
                    advice_on_cell(place.panel, (place.row, place.label), place.times[column], count);
                let neighbour = match before {
                    Some(previous) if count > previous => format!("{count} after {previous}"),
                    _ => format!("{count} before larger numbers"),
                };
                findings.push(Finding::warning(
                    "risk-table-rises",
                    at,
                    format!("{neighbour}: numbers at risk never rise; {advice}"),
                ));
            }
            _ => {}
        }
        before = fitting.map(|reading| reading.count).or(before);
    }
    RiskRow { label: place.label.to_owned(), arm: None, counts, cells }
}

/// How many cells of a row fit those around them as they were read first.
pub(crate) fn fitting_cells(cells: &[RiskCell]) -> usize {
    let mut readings = readings_of(cells);
    readings.retain(|reading| !reading.is_second);
    falling(&readings).len()
}

fn readings_of(cells: &[RiskCell]) -> Vec<Reading> {
    let mut readings = Vec::new();
    for (column, cell) in cells.iter().enumerate() {
        let first = parse_count(&cell.text);
        if let Some(count) = first {
            readings.push(Reading { column, count, is_second: false, cost: 0.0 });
        }
        let second = cell.alternative.as_deref().and_then(parse_count);
        if let Some(count) = second.filter(|&count| first != Some(count)) {
            let certainty = if first.is_some() { CERTAINTY * cell.confidence } else { 0.0 };
            readings.push(Reading { column, count, is_second: true, cost: SECOND_READING + certainty });
        }
    }
    readings
}

/// The cheapest readings, one of a cell at most, that never rise; a cell without one costs [`MISREAD`].
fn falling(readings: &[Reading]) -> Vec<Reading> {
    let mut columns: Vec<usize> = readings.iter().map(|reading| reading.column).collect();
    columns.dedup();
    let rank = |reading: &Reading| columns.iter().position(|&column| column == reading.column).unwrap_or(0);
    // Of each reading the least cost up to it, and the reading before it.
    let mut best: Vec<(f64, Option<usize>)> = Vec::with_capacity(readings.len());
    for (index, reading) in readings.iter().enumerate() {
        let mut least = (MISREAD * rank(reading) as f64, None);
        for (earlier, other) in readings[..index].iter().enumerate() {
            if other.column < reading.column && other.count >= reading.count {
                let skipped = rank(reading) - rank(other) - 1;
                let cost = best[earlier].0 + MISREAD * skipped as f64;
                if cost < least.0 {
                    least = (cost, Some(earlier));
                }
            }
        }
        best.push((least.0 + reading.cost, least.1));
    }
    let total = |index: usize| best[index].0 + MISREAD * (columns.len() - 1 - rank(&readings[index])) as f64;
    let mut last = (0..readings.len()).min_by(|&a, &b| total(a).total_cmp(&total(b)));
    let mut chosen = Vec::new();
    while let Some(index) = last {
        chosen.push(readings[index]);
        last = best[index].1;
    }
    chosen.reverse();
    chosen
}

#[cfg(test)]
mod tests {
    use kmeta_trial_data::Origin;

    use super::*;

    fn row(readings: &[(&str, f64, &str)]) -> (Vec<Option<u32>>, Vec<Finding>) {
        let cell = |&(text, confidence, second): &(&str, f64, &str)| RiskCell {
            text: text.to_owned(),
            confidence,
            alternative: (!second.is_empty()).then(|| second.to_owned()),
            location: None,
            origin: Origin::Automatic,
        };
        let times: Vec<f64> = (0..readings.len()).map(|column| 12.0 * column as f64).collect();
        let place = RowPlace { panel: 0, row: 0, label: "Control", times: &times };
        let mut findings = Vec::new();
        let row = risk_row(&place, readings.iter().map(cell).collect(), &mut findings);
        (row.counts, findings)
    }

    #[test]
    fn one_misread_number_does_not_change_those_behind_it() {
        let (counts, findings) = row(&[
            ("1304", 1.0, ""),
            ("145", 0.9, ""),
            ("983", 1.0, "83"),
            ("815", 1.0, "81"),
            ("679", 1.0, ""),
        ]);
        assert_eq!(counts, [Some(1304), Some(145), Some(983), Some(815), Some(679)]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].code, "risk-table-rises");
        let advice = r#""risk_cells":[{"arm":"Control","time":12.0,"number":145}]"#;
        assert!(findings[0].message.contains(advice), "{}", findings[0].message);
    }

    #[test]
    fn a_second_reading_that_fits_is_taken() {
        let (counts, findings) =
            row(&[("80", 1.0, ""), ("98", 0.6, "68"), ("60", 1.0, ""), ("x", 0.2, "51")]);
        assert_eq!(counts, [Some(80), Some(68), Some(60), Some(51)]);
        assert_eq!(findings.len(), 2);
    }
}
