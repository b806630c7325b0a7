//! The uncertainty of reading figures as a table.

use kmeta_plot_svg::format::{fixed, interval, percent};

use super::{Cell, EFFECT_DIGITS, ResultTable};
use crate::results::ReadingResult;

/// One row per pooled quantity.
pub(crate) fn table(title: &str, results: &[ReadingResult]) -> ResultTable {
    let columns = [
        "Quantity",
        "Estimate",
        "Lower",
        "Upper",
        "Without reading uncertainty",
        "Lower without",
        "Upper without",
        "Share of variance due to reading",
        "Figure that contributes most",
        "Its share",
    ];
    let mut table = ResultTable::new("reading", title, &columns);
    for result in results {
        table.push(vec![
            Cell::text(&result.quantity),
            Cell::Effect(result.estimate),
            Cell::Effect(result.lower),
            Cell::Effect(result.upper),
            Cell::Effect(result.estimate_without),
            Cell::Effect(result.lower_without),
            Cell::Effect(result.upper_without),
            Cell::Percent(Some(result.reading_share)),
            Cell::text(result.largest.as_ref().map(|part| part.figure.clone()).unwrap_or_default()),
            Cell::Percent(result.largest.as_ref().map(|part| part.share)),
        ]);
    }
    table
}

/// The result with the largest share, in a sentence.
pub(crate) fn in_words(results: &[ReadingResult]) -> Option<String> {
    let most = results.iter().max_by(|one, other| one.reading_share.total_cmp(&other.reading_share))?;
    let limits = most.lower.zip(most.upper).map(|(lower, upper)| interval(lower, upper, EFFECT_DIGITS));
    let part = most
        .largest
        .as_ref()
        .map(|part| format!(", most of it to {} ({} of the variance)", part.figure, percent(part.share, 1)));
    Some(format!(
        "Reading figures makes at most {} of the variance of a pooled result here: of the {}, {} {}{}.",
        percent(most.reading_share, 1),
        most.quantity,
        most.estimate.map_or_else(|| "not reached".to_owned(), |value| fixed(value, EFFECT_DIGITS)),
        limits.unwrap_or_default(),
        part.unwrap_or_default()
    ))
}
