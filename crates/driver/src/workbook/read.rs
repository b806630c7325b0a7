//! Reads workbooks.

use std::io::{Cursor, Read};

use roxmltree::{Document, Node};
use zip::ZipArchive;

use super::{LARGEST_PART, WorkbookError, column_of};

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// The cells of the first sheet that has any, as texts; rows as long as their last cell.
///
/// # Errors
/// [`WorkbookError`] when the bytes are no workbook, or no sheet has cells.
pub(crate) fn first_table(bytes: &[u8]) -> Result<Vec<Vec<String>>, WorkbookError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    let shared = match part(&mut archive, "xl/sharedStrings.xml")? {
        Some(text) => shared_strings(&text)?,
        None => Vec::new(),
    };
    let sheets = sheet_parts(&mut archive)?;
    for name in sheets {
        let Some(text) = part(&mut archive, &name)? else { continue };
        let rows = rows(&name, &text, &shared)?;
        if rows.iter().flatten().any(|cell| !cell.trim().is_empty()) {
            return Ok(rows);
        }
    }
    Err(WorkbookError::Content("no sheet has cells".to_owned()))
}

/// The text of a part; nothing when the archive has none of that name.
fn part(archive: &mut Archive<'_>, name: &str) -> Result<Option<String>, WorkbookError> {
    let file = match archive.by_name(name) {
        Ok(file) => file,
        Err(zip::result::ZipError::FileNotFound) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut content = Vec::new();
    file.take(LARGEST_PART + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LARGEST_PART {
        return Err(WorkbookError::Content(format!("{name} is larger than 64 MB")));
    }
    String::from_utf8(content)
        .map(|text| Some(text.trim_start_matches('\u{feff}').to_owned()))
        .map_err(|_| WorkbookError::Content(format!("{name} is not UTF-8")))
}

fn parse<'a>(name: &str, text: &'a str) -> Result<Document<'a>, WorkbookError> {
    Document::parse(text).map_err(|source| WorkbookError::Xml { part: name.to_owned(), source })
}

/// Names of the sheets' parts in the order of the workbook.
fn sheet_parts(archive: &mut Archive<'_>) -> Result<Vec<String>, WorkbookError> {
    let missing =
        |name: &str| WorkbookError::Content(format!("there is no {name}: this is no .xlsx workbook"));
    let book = part(archive, "xl/workbook.xml")?.ok_or_else(|| missing("xl/workbook.xml"))?;
    let links =
        part(archive, "xl/_rels/workbook.xml.rels")?.ok_or_else(|| missing("xl/_rels/workbook.xml.rels"))?;
    let (book, links) = (parse("xl/workbook.xml", &book)?, parse("xl/_rels/workbook.xml.rels", &links)?);
    let target = |id: &str| {
        let link = links.descendants().find(|node| node.attribute("Id") == Some(id))?;
        let target = link.attribute("Target")?;
        Some(match target.strip_prefix('/') {
            Some(absolute) => absolute.to_owned(),
            None => format!("xl/{target}"),
        })
    };
    let id = |sheet: Node<'_, '_>| {
        let found =
            sheet.attributes().find(|attribute| attribute.name() == "id" && attribute.namespace().is_some());
        found.map(|attribute| attribute.value().to_owned())
    };
    let sheets = book.descendants().filter(|node| node.tag_name().name() == "sheet");
    Ok(sheets.filter_map(id).filter_map(|id| target(&id)).collect())
}

/// All texts inside a node, without those of phonetic hints.
fn text_of(node: Node<'_, '_>) -> String {
    let runs = node.descendants().filter(|part| {
        part.tag_name().name() == "t" && !part.ancestors().any(|above| above.tag_name().name() == "rPh")
    });
    runs.filter_map(|run| run.text()).collect()
}

fn shared_strings(text: &str) -> Result<Vec<String>, WorkbookError> {
    let document = parse("xl/sharedStrings.xml", text)?;
    let items = document.root_element().children().filter(|node| node.tag_name().name() == "si");
    Ok(items.map(text_of).collect())
}

fn rows(name: &str, text: &str, shared: &[String]) -> Result<Vec<Vec<String>>, WorkbookError> {
    let document = parse(name, text)?;
    let mut rows = Vec::new();
    for row in document.descendants().filter(|node| node.tag_name().name() == "row") {
        let mut cells: Vec<String> = Vec::new();
        for cell in row.children().filter(|node| node.tag_name().name() == "c") {
            let column = cell.attribute("r").and_then(column_of).unwrap_or(cells.len());
            cells.resize(cells.len().max(column), String::new());
            let value = value(cell, shared);
            if column < cells.len() { cells[column] = value } else { cells.push(value) }
        }
        rows.push(cells);
    }
    Ok(rows)
}

/// A cell as text; whole numbers without a decimal point.
fn value(cell: Node<'_, '_>, shared: &[String]) -> String {
    let child = |name: &str| cell.children().find(|node| node.tag_name().name() == name);
    let raw = child("v").and_then(|node| node.text()).unwrap_or_default();
    match cell.attribute("t") {
        Some("s") => {
            raw.parse::<usize>().ok().and_then(|index| shared.get(index).cloned()).unwrap_or_default()
        }
        Some("inlineStr") => child("is").map(text_of).unwrap_or_default(),
        Some("b") => if raw == "1" { "true" } else { "false" }.to_owned(),
        Some("str" | "e" | "d") => raw.to_owned(),
        // Spreadsheets store 0.1 + 0.2 as 0.30000000000000004; the shortest text of the number is what people typed.
        _ => raw
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map_or(raw.to_owned(), |number| number.to_string()),
    }
}
