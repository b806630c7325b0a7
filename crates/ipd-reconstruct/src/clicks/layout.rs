//! What the columns of a table mean.

use kmeta_trial_data::Finding;

use crate::clicks::table::{Cell, Row};
use crate::clicks::{ClicksError, ParsedCurve};

/// The curves of a table: blocks of rows, each with its headers above it.
pub(crate) fn curves(rows: &[Row], findings: &mut Vec<Finding>) -> Result<Vec<ParsedCurve>, ClicksError> {
    let mut curves = Vec::new();
    let mut at = 0;
    while at < rows.len() {
        // Data sets may be called `2019`: a row above X and Y is one of names, whatever it holds.
        let is_header =
            |index: usize| rows[index].is_text() || rows.get(index + 1).is_some_and(is_row_of_x_and_y);
        let headers_end = (at..rows.len()).find(|&index| !is_header(index)).unwrap_or(rows.len());
        let block_end = (headers_end..rows.len()).find(|&index| is_header(index)).unwrap_or(rows.len());
        let (headers, block) = (&rows[at..headers_end], &rows[headers_end..block_end]);
        if block.is_empty() {
            findings.push(Finding::note(
                "text-left-out",
                format!("row {}", headers[0].line),
                "text without clicks below it was left out",
            ));
        } else {
            read_block(headers, block, &mut curves, findings)?;
        }
        at = block_end;
    }
    Ok(curves)
}

/// Where the clicks of one curve stand.
struct Columns {
    name: String,
    time: usize,
    value: usize,
}

fn read_block(
    headers: &[Row],
    block: &[Row],
    curves: &mut Vec<ParsedCurve>,
    findings: &mut Vec<Finding>,
) -> Result<(), ClicksError> {
    let width = block.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let columns = columns(headers, block, width, findings)?;
    let shared_times = columns.len() > 1 && columns.iter().all(|curve| curve.time == columns[0].time);
    for Columns { name, time, value } in columns {
        let mut curve = ParsedCurve { name, times: Vec::new(), values: Vec::new() };
        for row in block {
            match (number(row, time)?, number(row, value)?) {
                (Some(time), Some(value)) => {
                    curve.times.push(time);
                    curve.values.push(value);
                }
                (None, None) => {}
                (Some(_), None) if shared_times => {}
                (one, _) => {
                    let column = if one.is_none() { time } else { value };
                    return Err(ClicksError::Cell {
                        row: row.line,
                        column: column + 1,
                        found: row.name(column),
                        expected: "a number, as the other coordinate of the click is there; enter it or delete \
                                   the row",
                    });
                }
            }
        }
        curves.push(curve);
    }
    Ok(())
}

fn number(row: &Row, column: usize) -> Result<Option<f64>, ClicksError> {
    match row.cells.get(column) {
        Some(Cell::Number(number)) => Ok(Some(*number)),
        None | Some(Cell::Missing) => Ok(None),
        Some(Cell::Text(text)) => Err(ClicksError::Cell {
            row: row.line,
            column: column + 1,
            found: text.clone(),
            expected: "a number with the decimal sign of the other numbers and no unit",
        }),
    }
}

/// The meaning of the columns, from the row of headers next to the numbers and the one above it.
fn columns(
    headers: &[Row],
    block: &[Row],
    width: usize,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Columns>, ClicksError> {
    let unknown = ClicksError::Columns { row: block[0].line, columns: width };
    if width < 2 {
        return Err(unknown);
    }
    let header = headers.last();
    let above = headers.len().checked_sub(2).map(|index| &headers[index]);
    let skipped = usize::from(numbers_the_rows(header, block, width));
    if skipped == 1 {
        let message = "the first column numbers the rows and was left out";
        findings.push(Finding::note("row-numbers-left-out", format!("row {}", block[0].line), message));
    }
    let cell = |column: usize| header.map(|row| row.name(column + skipped)).unwrap_or_default();
    let width = width - skipped;
    let pair = |index: usize, name: String| Columns {
        name,
        time: 2 * index + skipped,
        value: 2 * index + 1 + skipped,
    };
    let numbered = |index: usize| if width == 2 { String::new() } else { format!("curve {}", index + 1) };

    if let Some(header) = header.filter(|header| is_row_of_x_and_y(header)) {
        let names = above.filter(|above| width == 2 || above.cells.len() > 1);
        // A name stands above its X, with nothing above its Y.
        let misplaced = |names: &&Row| {
            let above_y = (1..names.cells.len()).step_by(2).any(|column| !names.name(column).is_empty());
            width > 2 && (above_y || names.cells.len() > header.cells.len().max(width))
        };
        if let Some(names) = names.filter(misplaced) {
            let (names_found, row) = (names.cells.len(), names.line);
            return Err(ClicksError::Names { row, names: names_found, columns: header.cells.len() });
        }
        if width % 2 == 1 {
            return Err(unknown);
        }
        let name =
            |index: usize| names.map(|names| names.name(2 * index + skipped)).filter(|name| !name.is_empty());
        return Ok((0..width / 2)
            .map(|index| pair(index, name(index).unwrap_or_else(|| numbered(index))))
            .collect());
    }
    if width == 2 {
        let title = above.map(|above| above.name(0)).unwrap_or_default();
        let whole_header = header.is_none_or(|header| header.cells.len() <= width + skipped);
        let name = match (cell(0), cell(1)) {
            _ if !whole_header => String::new(),
            (first, second) if second.is_empty() && !is_time(&first) => first,
            (_, second) if !is_survival(&second) => second,
            _ => title,
        };
        return Ok(vec![pair(0, name)]);
    }
    let pairs = 0..width / 2;
    let even = width.is_multiple_of(2);
    let named = |index: usize, name: String| {
        pair(index, if name.is_empty() || is_survival(&name) { numbered(index) } else { name })
    };
    if header.is_none() && even {
        return Ok(pairs.map(|index| pair(index, numbered(index))).collect());
    }
    if even && pairs.clone().all(|index| is_time(&cell(2 * index))) {
        return Ok(pairs.map(|index| named(index, cell(2 * index + 1))).collect());
    }
    if even && pairs.clone().all(|index| !cell(2 * index).is_empty() && cell(2 * index + 1).is_empty()) {
        return Ok(pairs.map(|index| named(index, cell(2 * index))).collect());
    }
    if is_time(&cell(0)) && (1..width).all(|column| !cell(column).is_empty() && !is_time(&cell(column))) {
        let curve = |column| Columns { name: cell(column), time: skipped, value: column + skipped };
        return Ok((1..width).map(curve).collect());
    }
    Err(unknown)
}

/// True when the first column is a number for each row: by its header, or without one when it counts 1, 2, 3 …
/// beside two others.
fn numbers_the_rows(header: Option<&Row>, block: &[Row], width: usize) -> bool {
    const NAMES: [&str; 9] = ["id", "k", "n", "no", "no.", "nr", "#", "row", "index"];
    let counts =
        || block.iter().zip(1_u32..).all(|(row, number)| row.cells[0] == Cell::Number(f64::from(number)));
    match header {
        _ if width < 3 => false,
        Some(header) => {
            let name = header.name(0).to_lowercase();
            NAMES.contains(&name.as_str()) || (name.is_empty() && width % 2 == 1 && counts())
        }
        None => width == 3 && counts(),
    }
}

/// True for a row like `X,Y,X,Y` or `time,survival`.
fn is_row_of_x_and_y(row: &Row) -> bool {
    !row.cells.is_empty()
        && row.is_text()
        && row.cells.len().is_multiple_of(2)
        && (0..row.cells.len())
            .step_by(2)
            .all(|column| is_time(&row.name(column)) && is_survival(&row.name(column + 1)))
}

fn is_time(name: &str) -> bool {
    let name = name.to_lowercase();
    name == "t"
        || ["x", "time", "month", "day", "year", "week"].iter().any(|word| {
            name.strip_prefix(word)
                .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphabetic() && next != 's'))
        })
}

fn is_survival(name: &str) -> bool {
    let name = name.to_lowercase();
    ["s", "s(t)", "km", "cif"].contains(&name.as_str())
        || ["y", "surv", "prob", "percent", "incidence"].iter().any(|word| name.starts_with(word))
            && !name.contains(" arm")
}

#[cfg(test)]
mod tests {
    use crate::clicks::parse_table;

    fn names(text: &str) -> Vec<(String, usize)> {
        let curves = parse_table(text.as_bytes()).unwrap().curves;
        curves.into_iter().map(|curve| (curve.name, curve.times.len())).collect()
    }

    fn expected(names: &[(&str, usize)]) -> Vec<(String, usize)> {
        names.iter().map(|&(name, clicks)| (name.to_owned(), clicks)).collect()
    }

    #[test]
    fn columns_and_names_are_recognized() {
        for (text, curves) in [
            ("A,,B,\nX,Y,X,Y\n0,1,0,1\n1,.9,2,.8\n,,3,.7\n", &[("A", 2), ("B", 3)][..]),
            ("2019,,2020,\nX,Y,X,Y\n0,1,0,1\n1,.9,2,.8\n", &[("2019", 2), ("2020", 2)]),
            ("0,1,0,1\n1,.9,2,.8\n", &[("curve 1", 2), ("curve 2", 2)]),
            ("x;drug;x;placebo\n0;1;0;1\n1;0,9;2;0,8\n", &[("drug", 2), ("placebo", 2)]),
            ("x\tdrug\tplacebo\n0\t1\t1\n1\t0.9\t\n2\t\t0.8\n", &[("drug", 2), ("placebo", 2)]),
            ("id time survival\n1 0 1\n2 1 0.9\n", &[("", 2)]),
            ("1\t0\t1\n2\t1.5\t0.9\n", &[("", 2)]),
            ("drug\n0,1\n1,0.9\n\nplacebo\n0,1\n2,0.8\n3,.7\n", &[("drug", 2), ("placebo", 3)]),
            ("A,\nX,Y\n0,1\n1,.9\n", &[("A", 2)]),
            ("time,drug\n0,1\n1,.9\n", &[("drug", 2)]),
            ("\"a, b\",,c,\nX,Y,X,Y\n0,1,0,1\n", &[("a, b", 1), ("c", 1)]),
            ("A,,A,\nX,Y,X,Y\n0,1,0,1\n", &[("A", 1), ("A (2)", 1)]),
        ] {
            assert_eq!(names(text), expected(curves), "{text:?}");
        }
    }

    #[test]
    fn columns_without_meaning_are_refused() {
        for text in ["a,b,c\n0.5,1,1\n", "0.5,1,1\n1.5,.9,.8\n", "a,b,,c,\nX,Y,X,Y\n1,2,3,4\n"] {
            assert!(parse_table(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
