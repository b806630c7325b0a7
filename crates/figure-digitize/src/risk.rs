//! Finds and reads the numbers at risk below a plot.

use kmeta_label_reader::CharacterSet;
use kmeta_label_reader::{LabelReader, ReadLabel};
use kmeta_trial_data::{AxisCalibration, Finding, Origin, RiskCell, RiskTable};

use crate::arm_names::RowLook;
use crate::color::{Srgb, chroma};
use crate::ink::InkPage;
use crate::number::parse_count;
use crate::plane::Rect;
use crate::reading::read_words;
use crate::risk_row::{RowPlace, fitting_cells, risk_row};
use crate::rules::without_rules;
use crate::swatch::swatch_left_of;
use crate::words::{Word, phrases, tallest_letter, words_in};

/// A risk table with the look of each row.
#[derive(Debug, Clone)]
pub(crate) struct FoundRiskTable {
    pub(crate) table: RiskTable,
    pub(crate) looks: Vec<RowLook>,
    pub(crate) findings: Vec<Finding>,
}

/// A number in a column of the table.
#[derive(Debug, Clone)]
struct Cell {
    column: usize,
    /// How far its middle is from the column's, in pixels.
    distance: f64,
    area: Rect,
    letter_height: usize,
    reading: ReadLabel,
}

/// Share of the tick distance by which a number may stand off its tick.
const COLUMN_TOLERANCE: f64 = 0.35;
/// The same in letter heights: numbers may begin or end at their tick, names stand farther off.
const COLUMN_REACH: f64 = 3.5;
/// Most columns that are looked for beyond the labelled ticks, on either side.
const MOST_ADDED_COLUMNS: usize = 4;

/// Where a column of numbers may stand.
#[derive(Debug, Clone, Copy)]
struct Column {
    time: f64,
    pixel: f64,
}

/// Reads the table of a panel in `region`, the page below the tick labels, which have letters of `label_height`. Columns are
/// where the ticks are. Ruled lines are taken out before: numbers may stand on the frame of the table or the plot.
pub(crate) fn read_risk_table(
    page: &InkPage,
    reader: &LabelReader,
    x_axis: &AxisCalibration,
    words: &[Word],
    region: Rect,
    (panel, label_height): (usize, usize),
) -> Option<FoundRiskTable> {
    let Some(part) = without_rules(&page.part(region), label_height) else {
        return read_table(page, reader, x_axis, words, region, panel);
    };
    let (left, top) = (region.left as f64, region.top as f64);
    let mut axis = x_axis.clone();
    axis.intercept += axis.slope * left;
    for tick in &mut axis.ticks {
        tick.pixel -= left;
    }
    let whole = Rect { left: 0, top: 0, right: part.width(), bottom: part.height() };
    let words = words_in(&part, whole, tallest_letter(page.height()));
    let mut found = read_table(&part, reader, &axis, &words, whole, panel)?;
    let cells = found.table.rows.iter_mut().flat_map(|row| &mut row.cells);
    for location in cells.filter_map(|cell| cell.location.as_mut()) {
        location.left += left;
        location.right += left;
        location.top += top;
        location.bottom += top;
    }
    for swatch in found.looks.iter_mut().filter_map(|look| look.swatch.as_mut()) {
        swatch.area = Rect {
            left: swatch.area.left + region.left,
            right: swatch.area.right + region.left,
            top: swatch.area.top + region.top,
            bottom: swatch.area.bottom + region.top,
        };
    }
    Some(found)
}

fn read_table(
    page: &InkPage,
    reader: &LabelReader,
    x_axis: &AxisCalibration,
    words: &[Word],
    region: Rect,
    panel: usize,
) -> Option<FoundRiskTable> {
    let within: Vec<&Word> =
        words.iter().filter(|word| region.contains(word.area.center_x(), word.area.center_y())).collect();
    let columns = columns_of(x_axis, region);
    let cells = read_cells(page, reader, &columns, &within);
    let mut rows: Vec<Vec<Cell>> = rows_of(cells);
    rows.retain(|row| is_risk_row(row, &columns));
    // The numbers of a table have one size: smaller ones are the ticks of an axis that is drawn below it.
    let tallest = rows.iter().map(|row| height_of(row)).max().unwrap_or(0);
    rows.retain(|row| 2 * height_of(row) >= tallest);
    if rows.is_empty() {
        return None;
    }
    let mut findings = Vec::new();
    let mut labels: Vec<Option<Rect>> = rows.iter().map(|row| label_area(row, &within)).collect();
    if labels.iter().all(Option::is_none) {
        let is_cell = |word: &&Word| rows.iter().flatten().any(|cell| cell.area == word.area);
        let others: Vec<&Word> = within.iter().copied().filter(|word| !is_cell(word)).collect();
        labels = rows.iter().map(|row| label_above(row, &others)).collect();
    }
    let areas: Vec<Rect> = labels.iter().flatten().copied().collect();
    let mut texts = read_words(page, reader, &areas, CharacterSet::Any).into_iter();
    let looks = rows.iter().zip(&labels).map(|(row, label)| row_look(page, row, *label)).collect();
    let times: Vec<f64> = columns.iter().map(|column| column.time).collect();
    let mut table = RiskTable { times: times.clone(), rows: Vec::new() };
    for (index, (row, label)) in rows.iter().zip(&labels).enumerate() {
        let text = if label.is_some() {
            texts.next().map_or(String::new(), |reading| reading.text)
        } else {
            String::new()
        };
        let cells = cells_of(row, columns.len());
        let place = RowPlace { panel, row: index, label: text.trim(), times: &times };
        table.rows.push(risk_row(&place, cells, &mut findings));
    }
    drop_unused_columns(&mut table);
    Some(FoundRiskTable { table, looks, findings })
}

/// Median height of the cells of a row.
fn height_of(row: &[Cell]) -> usize {
    let mut heights: Vec<usize> = row.iter().map(|cell| cell.area.height()).collect();
    heights.sort_unstable();
    heights.get(heights.len() / 2).copied().unwrap_or(0)
}

/// Where numbers may stand: below the ticks, below time 0 (whose tick may be hidden by the survival axis), and
/// below what would be the next ticks to the right.
fn columns_of(x_axis: &AxisCalibration, region: Rect) -> Vec<Column> {
    let mut columns: Vec<Column> =
        x_axis.ticks.iter().map(|tick| Column { time: tick.value, pixel: tick.pixel }).collect();
    columns.sort_by(|a, b| a.pixel.total_cmp(&b.pixel));
    let step = columns.windows(2).map(|pair| pair[1].time - pair[0].time).fold(f64::INFINITY, f64::min);
    let (Some(first), Some(last)) = (columns.first().copied(), columns.last().copied()) else {
        return columns;
    };
    if !(step.is_finite() && step > 0.0) {
        return columns;
    }
    let at = |time: f64| Column { time, pixel: x_axis.pixel_at(time) };
    // A tick whose label was not read leaves a gap of several steps.
    let between: Vec<Column> = columns
        .windows(2)
        .flat_map(|pair| {
            let steps = (pair[1].time - pair[0].time) / step;
            let whole = (steps - steps.round()).abs() < 0.02 && steps < 20.0;
            let count = if whole { steps.round() as usize } else { 1 };
            (1..count).map(move |index| pair[0].time + index as f64 * step)
        })
        .map(at)
        .collect();
    columns.extend(between);
    columns.sort_by(|a, b| a.pixel.total_cmp(&b.pixel));
    let before: Vec<Column> = (1..=MOST_ADDED_COLUMNS)
        .map(|count| first.time - count as f64 * step)
        .take_while(|&time| time > -1e-6 * step)
        .map(|time| at(if time.abs() < 1e-6 * step { 0.0 } else { time }))
        .collect();
    columns.splice(0..0, before.into_iter().rev());
    let after = (1..=MOST_ADDED_COLUMNS).map(|count| at(last.time + count as f64 * step));
    columns.extend(after.take_while(|column| column.pixel < region.right as f64));
    columns
}

fn read_cells(page: &InkPage, reader: &LabelReader, columns: &[Column], words: &[&Word]) -> Vec<Cell> {
    let gap = columns.windows(2).map(|pair| pair[1].pixel - pair[0].pixel).fold(f64::INFINITY, f64::min);
    let placed: Vec<(usize, &Word)> = words
        .iter()
        .filter_map(|word| {
            let distance = |column: &Column| (word.area.center_x() - column.pixel).abs();
            let column = (0..columns.len())
                .min_by(|&a, &b| distance(&columns[a]).total_cmp(&distance(&columns[b])))?;
            let reach = (COLUMN_TOLERANCE * gap).min(COLUMN_REACH * word.letter_height as f64);
            (distance(&columns[column]) <= reach).then_some((column, *word))
        })
        .collect();
    let areas: Vec<Rect> = placed.iter().map(|(_, word)| word.area).collect();
    let readings = read_words(page, reader, &areas, CharacterSet::Number);
    placed
        .into_iter()
        .zip(readings)
        .map(|((column, word), reading)| Cell {
            column,
            distance: (word.area.center_x() - columns[column].pixel).abs(),
            area: word.area,
            letter_height: word.letter_height,
            reading,
        })
        .collect()
}

/// Groups cells by line, top to bottom, each by column.
fn rows_of(mut cells: Vec<Cell>) -> Vec<Vec<Cell>> {
    cells.sort_by(|a, b| a.area.center_y().total_cmp(&b.area.center_y()));
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for cell in cells {
        let same_line = rows.last().is_some_and(|row| {
            let first = &row[0];
            (first.area.center_y() - cell.area.center_y()).abs() <= 0.5 * first.letter_height as f64
        });
        match rows.last_mut() {
            Some(row) if same_line => row.push(cell),
            _ => rows.push(vec![cell]),
        }
    }
    for row in &mut rows {
        // Of two numbers in one column the nearer to its middle is the cell.
        row.sort_by(|a, b| {
            let unread = |cell: &Cell| parse_count(&cell.reading.text).is_none();
            (a.column, unread(a)).cmp(&(b.column, unread(b))).then(a.distance.total_cmp(&b.distance))
        });
        row.dedup_by_key(|cell| cell.column);
    }
    rows
}

/// A row of numbers at risk has counts in at least half of its columns and two of them, starts under the first
/// tick or second tick and falls, but for one number in five, or one of four, that may be misread; a repeated axis rises.
fn is_risk_row(row: &[Cell], columns: &[Column]) -> bool {
    let counts: Vec<(usize, u32)> = row
        .iter()
        .filter_map(|cell| parse_count(&cell.reading.text).map(|count| (cell.column, count)))
        .collect();
    let repeats_axis = counts
        .iter()
        .filter(|(column, count)| (columns[*column].time - f64::from(*count)).abs() < 1e-9)
        .count()
        >= counts.len().max(2) - 1;
    let most_misread = (counts.len() / 5).max(usize::from(counts.len() >= 4));
    let fitting = fitting_cells(&cells_of(row, columns.len()));
    let starts_early = counts.first().is_some_and(|(column, _)| *column <= 1);
    counts.len() >= 2
        && counts.len() * 2 >= row.len()
        && starts_early
        && !repeats_axis
        && fitting + most_misread >= counts.len()
}

/// The arm's name: the phrase left of the first cell on its line.
fn label_area(row: &[Cell], words: &[&Word]) -> Option<Rect> {
    let first = row.first()?;
    let left: Vec<Word> = words
        .iter()
        .filter(|word| word.area.right < first.area.left)
        .filter(|word| {
            let overlap =
                word.area.bottom.min(first.area.bottom) as f64 - word.area.top.max(first.area.top) as f64;
            overlap >= 0.4 * word.area.height().min(first.area.height()) as f64
        })
        .filter(|word| word.area.height() <= 2 * first.letter_height)
        .map(|word| (*word).clone())
        .collect();
    let is_name = |phrase: &Word| phrase.area.width() as f64 >= NARROWEST_NAME * phrase.letter_height as f64;
    phrases(&left)
        .into_iter()
        .filter(is_name)
        .max_by_key(|phrase| phrase.area.right)
        .map(|phrase| phrase.area)
}

/// Width of a name of one letter, in letter heights.
const NARROWEST_NAME: f64 = 0.5;
/// How far above its row a name stands at most, in letter heights.
const NAME_ABOVE: f64 = 1.4;

/// The arm's name on a line of its own: the nearest phrase above the row that begins before its second number.
fn label_above(row: &[Cell], words: &[&Word]) -> Option<Rect> {
    let first = row.first()?;
    let height = first.letter_height as f64;
    let limit = row.get(1).map_or(f64::INFINITY, |second| second.area.left as f64);
    let above: Vec<Word> = words
        .iter()
        .filter(|word| {
            let gap = first.area.top as f64 - word.area.bottom as f64;
            gap >= -0.3 * height && gap <= NAME_ABOVE * height && word.area.height() as f64 <= 2.0 * height
        })
        .map(|word| (*word).clone())
        .collect();
    phrases(&above)
        .into_iter()
        .filter(|phrase| {
            (phrase.area.left as f64) < limit && phrase.area.width() as f64 >= NARROWEST_NAME * height
        })
        .max_by_key(|phrase| (phrase.area.bottom, std::cmp::Reverse(phrase.area.left)))
        .map(|phrase| phrase.area)
}

/// The colour of a row's name, or of its numbers where the name is black or missing, and the sample of a line before it.
fn row_look(page: &InkPage, row: &[Cell], label: Option<Rect>) -> RowLook {
    let first =
        row.first().map(|cell| Word { area: label.unwrap_or(cell.area), letter_height: cell.letter_height });
    let is_colored = |color: &Srgb| chroma(*color) >= 0.05;
    let of_label = label.map(|area| ink_color(page, area));
    let of_cells = row.iter().map(|cell| ink_color(page, cell.area)).find(is_colored);
    RowLook {
        ink: of_label.filter(is_colored).or(of_cells).or(of_label),
        swatch: first.and_then(|first| swatch_left_of(page, &first, None)),
    }
}

/// The colour of a text: that of its most contrasting pixels.
pub(crate) fn ink_color(page: &InkPage, area: Rect) -> Srgb {
    let mut pixels: Vec<(f32, Srgb)> = (area.top..area.bottom)
        .flat_map(|y| (area.left..area.right).map(move |x| (x, y)))
        .map(|(x, y)| (page.contrast.get(x, y), page.colors.get(x, y)))
        .collect();
    pixels.sort_by(|a, b| b.0.total_cmp(&a.0));
    let strongest = &pixels[..(pixels.len() / 12).max(1).min(pixels.len())];
    let mut sum = [0.0_f32; 3];
    for (_, color) in strongest {
        for (total, channel) in sum.iter_mut().zip(color) {
            *total += channel;
        }
    }
    sum.map(|total| total / strongest.len().max(1) as f32)
}

/// The cells of all columns, blank where nothing was read.
fn cells_of(row: &[Cell], columns: usize) -> Vec<RiskCell> {
    let blank = RiskCell {
        text: String::new(),
        confidence: 1.0,
        alternative: None,
        location: None,
        origin: Origin::Automatic,
    };
    let mut cells = vec![blank; columns];
    for cell in row {
        cells[cell.column] = RiskCell {
            text: cell.reading.text.clone(),
            confidence: cell.reading.confidence,
            alternative: cell.reading.alternative.as_ref().map(|(text, _)| text.clone()),
            location: Some(cell.area.to_pixel_box()),
            origin: Origin::Automatic,
        };
    }
    cells
}

fn drop_unused_columns(table: &mut RiskTable) {
    let used: Vec<bool> = (0..table.times.len())
        .map(|column| table.rows.iter().any(|row| row.counts[column].is_some()))
        .collect();
    let keep = |index: &mut usize| {
        let kept = used[*index];
        *index += 1;
        kept
    };
    let mut index = 0;
    table.times.retain(|_| keep(&mut index));
    for row in &mut table.rows {
        let mut index = 0;
        row.counts.retain(|_| keep(&mut index));
        let mut index = 0;
        row.cells.retain(|_| keep(&mut index));
    }
}
