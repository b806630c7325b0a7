//! Numbers at risk from the text of the file.

use kmeta_figure_source::vector::Bounds;
use kmeta_trial_data::{AxisCalibration, Origin, PixelBox, RiskCell, RiskRow, RiskTable};

use super::text::{TextDirection, TextRun};
use crate::number::parse_count;

/// Share of the distance of columns by which a number may stand off its column.
const COLUMN_TOLERANCE: f64 = 0.4;
/// Rows of one table are at most this many heights of the font apart.
const ROW_GAP: f64 = 4.5;
/// Numbers that are given to ticks in order: at least this many, whose steps differ by at most one share from each other and
/// by more than the other from those of the ticks.
const FEWEST_BY_ORDER: usize = 5;
const UNEVEN: f64 = 0.05;
const OTHER_STEP: f64 = 0.06;
/// Most columns beyond the labelled ticks on either side.
const MOST_ADDED: usize = 4;

/// A table with what is needed to give its rows to arms.
#[derive(Debug, Clone)]
pub(crate) struct FoundTable {
    pub(crate) table: RiskTable,
    /// Colour of each row's name, or of its numbers where it has none.
    pub(crate) colors: Vec<[u8; 3]>,
    /// Around its cells and names.
    pub(crate) area: Bounds,
    /// Texts of cells that were misread and left out.
    pub(crate) left_out: Vec<String>,
    /// Whether the numbers stand under no ticks and were given to them in order.
    pub(crate) by_order: bool,
}

/// Where numbers may stand.
#[derive(Debug, Clone, Copy)]
struct Column {
    time: f64,
    pixel: f64,
}

/// One row while it is put together.
struct Row<'t> {
    cells: Vec<(usize, &'t TextRun)>,
    baseline: f64,
    size: f64,
}

/// Reads the table in a part of the page. `phrases` are used for the names of rows.
pub(crate) fn read_table(
    x_axis: &AxisCalibration,
    words: &[TextRun],
    phrases: &[TextRun],
    region: &Bounds,
) -> Option<FoundTable> {
    let columns = columns_of(x_axis, region);
    let gap = columns.windows(2).map(|pair| pair[1].pixel - pair[0].pixel).fold(f64::INFINITY, f64::min);
    let inside: Vec<&TextRun> = words
        .iter()
        .filter(|word| word.visible && word.direction == TextDirection::Right)
        .filter(|word| region.contains([word.bounds.center_x(), word.bounds.center_y()]))
        .filter(|word| parse_cell(&word.text).is_some())
        .collect();
    let mut rows = rows_of(&inside);
    let mut left_out = Vec::new();
    let mut by_order = false;
    for row in &mut rows {
        if !place_by_order(row, x_axis, &columns, phrases) {
            place(row, &columns, gap);
        } else {
            by_order = true;
        }
        left_out.extend(leave_out_misread(row));
    }
    rows.retain(|row| is_risk_row(row, &columns) && !is_of_words(row, phrases));
    let rows = rows_at_risk(rows, phrases, region);
    if rows.is_empty() {
        return None;
    }
    let mut found = table_of(&rows, &columns, words, phrases, region);
    take_first_counts_from_names(&mut found.table, &columns);
    // Of rows that are none, what was left out does not matter.
    left_out.retain(|word: &&TextRun| rows.iter().any(|row| row.baseline == word.baseline));
    found.by_order = by_order;
    found.left_out = left_out.into_iter().map(|word| word.text.clone()).collect();
    Some(found)
}

/// Numbers read from outlines may be misread: where a few of them break the fall of a row, the longest part that falls stays.
/// Returns what was left out. A row of the file's own text is kept as it is.
fn leave_out_misread<'t>(row: &mut Row<'t>) -> Vec<&'t TextRun> {
    let counts: Vec<u32> =
        row.cells.iter().map(|(_, word)| parse_cell(&word.text).unwrap_or(u32::MAX)).collect();
    let was_read = row.cells.iter().any(|(_, word)| word.confidence < 1.0);
    let falls = counts.windows(2).all(|pair| pair[1] <= pair[0]);
    if !was_read || falls || counts.len() > 100 {
        return Vec::new();
    }
    // For each cell the longest falling part that ends there, and the cell before it.
    let mut longest: Vec<(usize, Option<usize>)> = Vec::with_capacity(counts.len());
    for (index, &count) in counts.iter().enumerate() {
        let before = (0..index).filter(|&other| counts[other] >= count).max_by_key(|&other| longest[other].0);
        longest.push((before.map_or(1, |other| longest[other].0 + 1), before));
    }
    let mut next = (0..counts.len()).max_by_key(|&index| longest[index].0);
    let mut kept = vec![false; counts.len()];
    while let Some(index) = next {
        kept[index] = true;
        next = longest[index].1;
    }
    if kept.iter().filter(|&&kept| kept).count() * 4 < counts.len() * 3 {
        return Vec::new();
    }
    let (cells, out): (Vec<_>, Vec<_>) = row.cells.iter().copied().zip(kept).partition(|(_, kept)| *kept);
    row.cells = cells.into_iter().map(|(cell, _)| cell).collect();
    out.into_iter().map(|((_, word), _)| word).collect()
}

/// A count, perhaps with a number of censored or of events in brackets behind it.
fn parse_cell(text: &str) -> Option<u32> {
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit() || c == ',' || c == '.');
    let (count, rest) = text.split_once('(').unwrap_or((text, ""));
    let plain = digits(count.trim()) && (rest.is_empty() || digits(rest.trim_end_matches([')', ' '])));
    if plain { parse_count(text) } else { None }
}

/// The ticks, time 0, and what would be further ticks.
fn columns_of(x_axis: &AxisCalibration, region: &Bounds) -> Vec<Column> {
    let mut times: Vec<f64> = x_axis.ticks.iter().map(|tick| tick.value).collect();
    times.sort_by(f64::total_cmp);
    let step = times.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
    let (Some(&first), Some(&last)) = (times.first(), times.last()) else { return Vec::new() };
    if step.is_finite() && step > 0.0 {
        let before =
            (1..=MOST_ADDED).map(|count| first - count as f64 * step).take_while(|&time| time > -1e-6 * step);
        times.extend(before.map(|time| if time.abs() < 1e-6 * step { 0.0 } else { time }));
        times.extend((1..=MOST_ADDED).map(|count| last + count as f64 * step));
        let known = times.clone();
        // A tick without a label leaves a gap of several steps.
        let inner = known.windows(2).flat_map(|pair| {
            let steps = ((pair[1] - pair[0]) / step).round();
            let count = if steps > 1.0 && steps < 20.0 { steps as usize } else { 1 };
            (1..count).map(move |index| pair[0] + index as f64 * step)
        });
        times.extend(inner.collect::<Vec<f64>>());
        times.sort_by(f64::total_cmp);
        times.dedup_by(|a, b| (*a - *b).abs() < 1e-6 * step);
    }
    times
        .into_iter()
        .map(|time| Column { time, pixel: x_axis.pixel_at(time) })
        .filter(|column| column.pixel >= region.left && column.pixel <= region.right)
        .collect()
}

fn rows_of<'t>(words: &[&'t TextRun]) -> Vec<Row<'t>> {
    let mut sorted = words.to_vec();
    sorted.sort_by(|a, b| a.baseline.total_cmp(&b.baseline));
    let mut rows: Vec<Row<'t>> = Vec::new();
    for word in sorted {
        match rows.last_mut() {
            Some(row) if word.baseline - row.baseline <= 0.3 * row.size => row.cells.push((usize::MAX, word)),
            _ => rows.push(Row { cells: vec![(usize::MAX, word)], baseline: word.baseline, size: word.size }),
        }
    }
    rows
}

/// Where a legend stands beside the plot but not beside the table, some software spreads the numbers over the whole width:
/// evenly, one for each tick, but under none. Gives them to the ticks in order and says whether it did.
fn place_by_order(
    row: &mut Row<'_>,
    x_axis: &AxisCalibration,
    columns: &[Column],
    phrases: &[TextRun],
) -> bool {
    let mut ticks: Vec<f64> = x_axis.ticks.iter().map(|tick| tick.pixel).collect();
    ticks.sort_by(f64::total_cmp);
    row.cells.sort_by(|a, b| a.1.center_x().total_cmp(&b.1.center_x()));
    // The name of an arm may have a number in it.
    let cells: Vec<&TextRun> =
        row.cells.iter().map(|cell| cell.1).filter(|cell| !is_within_words(cell, phrases)).collect();
    if ticks.len() < FEWEST_BY_ORDER || cells.len() != ticks.len() {
        return false;
    }
    // The first and the last number may be moved inwards to stay on the page.
    let middles: Vec<f64> = cells[1..cells.len() - 1].iter().map(|cell| cell.center_x()).collect();
    let (Some(own), Some(theirs)) = (even_step(&middles), even_step(&ticks)) else { return false };
    if (own / theirs - 1.0).abs() <= OTHER_STEP {
        return false;
    }
    let column_at = |pixel: f64| {
        (0..columns.len())
            .min_by(|&a, &b| (columns[a].pixel - pixel).abs().total_cmp(&(columns[b].pixel - pixel).abs()))
    };
    row.cells =
        cells.into_iter().zip(ticks).map(|(cell, tick)| (column_at(tick).unwrap_or(0), cell)).collect();
    true
}

/// The step of evenly spaced places.
fn even_step(places: &[f64]) -> Option<f64> {
    let steps: Vec<f64> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mean = steps.iter().sum::<f64>() / steps.len() as f64;
    let even = mean > 0.0 && steps.iter().all(|step| (step / mean - 1.0).abs() <= UNEVEN);
    even.then_some(mean)
}

/// Gives each number of a row its column. Numbers may be centred at their tick or begin or end there, all alike.
fn place(row: &mut Row<'_>, columns: &[Column], gap: f64) {
    let anchors: [fn(&TextRun) -> f64; 3] =
        [|word| word.center_x(), |word| word.bounds.left, |word| word.bounds.right];
    let nearest = |pixel: f64| {
        (0..columns.len())
            .min_by(|&a, &b| (columns[a].pixel - pixel).abs().total_cmp(&(columns[b].pixel - pixel).abs()))
    };
    let off = |anchor: &fn(&TextRun) -> f64| {
        let mut distances: Vec<f64> = row
            .cells
            .iter()
            .filter_map(|(_, word)| {
                nearest(anchor(word)).map(|column| (columns[column].pixel - anchor(word)).abs())
            })
            .filter(|distance| *distance <= COLUMN_TOLERANCE * gap)
            .collect();
        distances.sort_by(f64::total_cmp);
        distances.get(distances.len() / 2).copied().unwrap_or(f64::INFINITY)
    };
    let centred = off(&anchors[0]);
    let best = anchors
        .iter()
        .copied()
        .min_by(|a, b| off(a).total_cmp(&off(b)))
        .filter(|anchor| off(anchor) < 0.5 * centred)
        .unwrap_or(anchors[0]);
    let reach = COLUMN_TOLERANCE * gap;
    let placed = row
        .cells
        .iter()
        .filter_map(|&(_, word)| {
            let column = nearest(best(word))?;
            let distance = (columns[column].pixel - best(word)).abs();
            (distance <= reach).then_some((column, distance, word))
        })
        .collect::<Vec<_>>();
    let mut placed = placed;
    // Of two numbers below one tick the one that the later numbers fall from, then the nearer: rows may be numbered.
    let later = |column: usize| {
        let counts = placed.iter().filter(|cell| cell.0 > column).filter_map(|cell| parse_cell(&cell.2.text));
        counts.max().unwrap_or(0)
    };
    let rises: Vec<bool> = placed.iter().map(|cell| parse_cell(&cell.2.text) < Some(later(cell.0))).collect();
    let mut ordered: Vec<_> = placed.drain(..).zip(rises).collect();
    ordered.sort_by(|(a, a_rises), (b, b_rises)| {
        a.0.cmp(&b.0).then(a_rises.cmp(b_rises)).then(a.1.total_cmp(&b.1))
    });
    ordered.dedup_by_key(|(cell, _)| cell.0);
    let placed = ordered.into_iter().map(|(cell, _)| cell);
    row.cells = placed.map(|(column, _, word)| (column, word)).collect();
}

/// Numbers at risk begin under one of the first two columns, never rise, and do not repeat the axis.
fn is_risk_row(row: &Row<'_>, columns: &[Column]) -> bool {
    let counts: Vec<(usize, u32)> = row
        .cells
        .iter()
        .filter_map(|(column, word)| parse_cell(&word.text).map(|count| (*column, count)))
        .collect();
    let first_time = columns.iter().position(|column| column.time >= -1e-9).unwrap_or(0);
    let repeats_axis = counts
        .iter()
        .filter(|(column, count)| (columns[*column].time - f64::from(*count)).abs() < 1e-9)
        .count()
        >= counts.len().max(2) - 1;
    counts.len() >= 2
        && counts[0].0 <= first_time + 1
        && !repeats_axis
        && counts.windows(2).all(|pair| pair[1].1 <= pair[0].1)
}

/// Whether most numbers of a row stand within words: a legend below the plot ("Group 4 (n = 103)") has numbers too.
fn is_of_words(row: &Row<'_>, phrases: &[TextRun]) -> bool {
    row.cells.iter().filter(|(_, word)| is_within_words(word, phrases)).count() * 2 > row.cells.len()
}

/// Whether a number is part of a phrase that has letters.
fn is_within_words(number: &TextRun, phrases: &[TextRun]) -> bool {
    phrases.iter().any(|phrase| {
        phrase.bounds.contains([number.bounds.center_x(), number.bounds.center_y()])
            && phrase.direction == number.direction
            && phrase.text.chars().any(char::is_alphabetic)
    })
}

/// The rows of numbers at risk: those that follow each other closely or, where a block for each arm holds those censored
/// and with the event too, the rows that say that they are at risk.
fn rows_at_risk<'t>(rows: Vec<Row<'t>>, phrases: &[TextRun], region: &Bounds) -> Vec<Row<'t>> {
    let says_so = |row: &Row<'_>| name_of(row, phrases, region).is_some_and(|name| is_heading(&name.0));
    if rows.iter().filter(|row| says_so(row)).count() < 2 {
        return adjacent(rows);
    }
    rows.into_iter().filter(|row| says_so(row)).collect()
}

/// Where no number stands at time 0 and every name ends with one, no smaller than the numbers that follow, it is printed
/// as part of the name: `Placebo 100`.
fn take_first_counts_from_names(table: &mut RiskTable, columns: &[Column]) {
    let has_zero = table.times.iter().any(|time| time.abs() < 1e-9);
    let split: Option<Vec<(String, u32)>> = table
        .rows
        .iter()
        .map(|row| {
            let (name, count) = row.label.rsplit_once(' ')?;
            let count: u32 = count.parse().ok()?;
            let next = row.counts.iter().flatten().copied().max()?;
            (count >= next).then(|| (name.trim().to_owned(), count))
        })
        .collect();
    let Some(split) = split.filter(|_| !has_zero && columns.iter().any(|column| column.time.abs() < 1e-9))
    else {
        return;
    };
    table.times.insert(0, 0.0);
    for (row, (name, count)) in table.rows.iter_mut().zip(split) {
        row.label = name;
        row.counts.insert(0, Some(count));
        row.cells.insert(0, RiskCell { text: count.to_string(), ..cell_of(None) });
    }
}

/// The first rows that follow each other closely.
fn adjacent(rows: Vec<Row<'_>>) -> Vec<Row<'_>> {
    let mut kept: Vec<Row<'_>> = Vec::new();
    for row in rows {
        if let Some(last) = kept.last()
            && row.baseline - last.baseline > ROW_GAP * last.size
        {
            break;
        }
        kept.push(row);
    }
    kept
}

fn table_of(
    rows: &[Row<'_>],
    columns: &[Column],
    words: &[TextRun],
    phrases: &[TextRun],
    region: &Bounds,
) -> FoundTable {
    let used: Vec<usize> = (0..columns.len())
        .filter(|&column| rows.iter().any(|row| row.cells.iter().any(|cell| cell.0 == column)))
        .collect();
    let mut table =
        RiskTable { times: used.iter().map(|&column| columns[column].time).collect(), rows: Vec::new() };
    let (mut colors, mut area): (Vec<[u8; 3]>, Option<Bounds>) = (Vec::new(), None);
    let numbers = names_of_digits(rows, words);
    for (index, row) in rows.iter().enumerate() {
        let above = || name_above(rows, index, phrases, region);
        let own = || name_of(row, phrases, region).or_else(|| numbers.get(index).cloned());
        let name = match own() {
            Some(name) if is_heading(&name.0) => above().or(Some(name)),
            Some(name) => Some(name),
            None => above(),
        };
        colors.push(name.as_ref().map_or_else(|| row.cells[0].1.color, |name| name.1));
        let found = |column: &usize| row.cells.iter().find(|cell| cell.0 == *column).map(|cell| cell.1);
        let cells: Vec<RiskCell> = used.iter().map(|column| cell_of(found(column))).collect();
        let counts =
            used.iter().map(|column| found(column).and_then(|word| parse_cell(&word.text))).collect();
        for (_, word) in &row.cells {
            area = Some(area.map_or(word.bounds, |area| area.union(&word.bounds)));
        }
        table.rows.push(RiskRow {
            label: name.map_or(String::new(), |name| name.0),
            arm: None,
            counts,
            cells,
        });
    }
    let area = area.unwrap_or(*region);
    FoundTable { table, colors, area, left_out: Vec::new(), by_order: false }
}

fn cell_of(word: Option<&TextRun>) -> RiskCell {
    RiskCell {
        text: word.map_or(String::new(), |word| word.text.clone()),
        confidence: word.map_or(1.0, |word| word.confidence),
        alternative: None,
        location: word.map(|word| pixel_box(&word.bounds)),
        origin: Origin::Automatic,
    }
}

pub(crate) fn pixel_box(bounds: &Bounds) -> PixelBox {
    PixelBox { left: bounds.left, top: bounds.top, right: bounds.right, bottom: bounds.bottom }
}

/// The text left of the first number on its line, with its colour.
fn name_of(row: &Row<'_>, phrases: &[TextRun], region: &Bounds) -> Option<(String, [u8; 3])> {
    let first = row.cells[0].1;
    // A phrase may reach into the first number where the gap is small: its words before that are the name.
    phrases
        .iter()
        .filter(|phrase| phrase.visible && phrase.direction == TextDirection::Right)
        .filter(|phrase| (phrase.baseline - row.baseline).abs() <= 0.45 * row.size)
        .filter(|phrase| {
            phrase.bounds.left < first.bounds.left - 0.2 * row.size && phrase.bounds.right >= region.left
        })
        .filter(|phrase| phrase.text.chars().any(char::is_alphabetic))
        .max_by(|a, b| a.bounds.right.total_cmp(&b.bounds.right))
        .map(|phrase| {
            let mut text = phrase.text.as_str();
            if phrase.bounds.right > first.bounds.left {
                text = text.split(&first.text).next().unwrap_or(text);
            }
            (text.trim().to_owned(), phrase.color)
        })
        .filter(|(text, _)| !text.is_empty())
}

/// Names without letters, as groups of "0" and "1" or of years have: where every row has a word left of its numbers and no two
/// are the same. Otherwise it may be a number that stands under no column.
fn names_of_digits(rows: &[Row<'_>], words: &[TextRun]) -> Vec<(String, [u8; 3])> {
    let name_of = |row: &Row<'_>| {
        let first = row.cells[0].1;
        words
            .iter()
            .filter(|word| word.visible && word.direction == TextDirection::Right)
            .filter(|word| (word.baseline - row.baseline).abs() <= 0.45 * row.size)
            .filter(|word| word.bounds.right < first.bounds.left - 0.2 * row.size)
            .filter(|word| !row.cells.iter().any(|cell| cell.1.bounds == word.bounds))
            .max_by(|a, b| a.bounds.right.total_cmp(&b.bounds.right))
            .map(|word| (word.text.clone(), word.color))
    };
    let names: Vec<(String, [u8; 3])> = rows.iter().map_while(name_of).collect();
    let differ = (0..names.len()).all(|index| names[..index].iter().all(|other| other.0 != names[index].0));
    if names.len() == rows.len() && names.len() > 1 && differ { names } else { Vec::new() }
}

/// A name on the line above its numbers, where every row has one and no title can be meant.
fn name_above(
    rows: &[Row<'_>],
    index: usize,
    phrases: &[TextRun],
    region: &Bounds,
) -> Option<(String, [u8; 3])> {
    let row = &rows[index];
    let above = if index == 0 { row.baseline - 2.2 * row.size } else { rows[index - 1].baseline };
    phrases
        .iter()
        .filter(|phrase| phrase.visible && phrase.direction == TextDirection::Right)
        .filter(|phrase| {
            phrase.baseline > above + 0.3 * row.size && phrase.baseline < row.baseline - 0.3 * row.size
        })
        .filter(|phrase| {
            phrase.bounds.right >= region.left
                && phrase.bounds.left <= row.cells[0].1.bounds.right + 2.0 * row.size
        })
        .filter(|phrase| phrase.text.chars().any(char::is_alphabetic) && !is_heading(&phrase.text))
        .max_by(|a, b| a.baseline.total_cmp(&b.baseline))
        .map(|phrase| (phrase.text.clone(), phrase.color))
}

/// The heading of a table: "Number at risk", "No. at risk (censored)".
pub(crate) fn is_heading(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.contains("at risk") || lower.contains("number of patients") || lower.contains("numbers at")
}
