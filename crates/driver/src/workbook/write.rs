//! Writes workbooks.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{WorkbookError, column_letters};

/// A sheet: rows of texts, the first of them headings. A text that is a number becomes one.
#[derive(Debug, Clone)]
pub(crate) struct Sheet {
    /// Name of the sheet, at most 31 characters.
    pub(crate) name: String,
    /// The rows.
    pub(crate) rows: Vec<Vec<String>>,
    /// Widths of the first columns in characters; those left out follow their contents.
    pub(crate) widths: Vec<usize>,
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

/// Style 0 is plain, style 1 bold.
const STYLES: &str = "<fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font><font><b/><sz val=\"11\"/><name \
    val=\"Calibri\"/></font></fonts><fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill \
    patternType=\"gray125\"/></fill></fills><borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border>\
    </borders><cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs><cellXfs \
    count=\"2\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/><xf numFmtId=\"0\" fontId=\"1\" \
    fillId=\"0\" borderId=\"0\" xfId=\"0\" applyFont=\"1\"/></cellXfs><cellStyles count=\"1\"><cellStyle \
    name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles>";

/// The workbook. The same sheets give the same bytes.
///
/// # Errors
/// When the archive cannot be written.
pub(crate) fn write_workbook(title: &str, sheets: &[Sheet]) -> Result<Vec<u8>, WorkbookError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // Without a time of day, so that the bytes do not depend on it.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    let mut part = |name: &str, content: &str| -> Result<(), WorkbookError> {
        archive.start_file(name, options)?;
        archive.write_all(XML.as_bytes())?;
        archive.write_all(content.as_bytes())?;
        Ok(())
    };
    part("[Content_Types].xml", &content_types(sheets.len()))?;
    let office = format!("{RELATIONS}/officeDocument");
    let core = format!("{PACKAGE}/relationships/metadata/core-properties");
    part(
        "_rels/.rels",
        &relations(&[("rId1", &office, "xl/workbook.xml"), ("rId2", &core, "docProps/core.xml")]),
    )?;
    part(
        "docProps/core.xml",
        &format!(
            "<cp:coreProperties xmlns:cp=\"{PACKAGE}/metadata/core-properties\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\
             <dc:title>{}</dc:title><dc:creator>kmeta</dc:creator></cp:coreProperties>",
            escaped(title)
        ),
    )?;
    part("xl/workbook.xml", &workbook(sheets))?;
    let sheet_type = format!("{RELATIONS}/worksheet");
    let targets: Vec<(String, String)> = (1..=sheets.len())
        .map(|number| (format!("rId{number}"), format!("worksheets/sheet{number}.xml")))
        .collect();
    let mut listed: Vec<(&str, &str, &str)> =
        targets.iter().map(|(id, target)| (id.as_str(), sheet_type.as_str(), target.as_str())).collect();
    let style_type = format!("{RELATIONS}/styles");
    listed.push(("rIdStyles", &style_type, "styles.xml"));
    part("xl/_rels/workbook.xml.rels", &relations(&listed))?;
    part("xl/styles.xml", &format!("<styleSheet xmlns=\"{MAIN}\">{STYLES}</styleSheet>"))?;
    for (index, sheet) in sheets.iter().enumerate() {
        part(&format!("xl/worksheets/sheet{}.xml", index + 1), &worksheet(sheet))?;
    }
    Ok(archive.finish()?.into_inner())
}

fn content_types(sheets: usize) -> String {
    let spreadsheet = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    let mut text = format!(
        "<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" \
         ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" \
         ContentType=\"application/xml\"/><Override PartName=\"/docProps/core.xml\" \
         ContentType=\"application/vnd.openxmlformats-package.core-properties+xml\"/><Override PartName=\"/xl/workbook.xml\" \
         ContentType=\"{spreadsheet}.sheet.main+xml\"/><Override PartName=\"/xl/styles.xml\" \
         ContentType=\"{spreadsheet}.styles+xml\"/>"
    );
    for number in 1..=sheets {
        text.push_str(&format!(
            "<Override PartName=\"/xl/worksheets/sheet{number}.xml\" ContentType=\"{spreadsheet}.worksheet+xml\"/>"
        ));
    }
    text + "</Types>"
}

fn relations(listed: &[(&str, &str, &str)]) -> String {
    let mut text = format!("<Relationships xmlns=\"{PACKAGE}/relationships\">");
    for (id, kind, target) in listed {
        text.push_str(&format!("<Relationship Id=\"{id}\" Type=\"{kind}\" Target=\"{target}\"/>"));
    }
    text + "</Relationships>"
}

fn workbook(sheets: &[Sheet]) -> String {
    let mut text = format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><sheets>");
    for (index, sheet) in sheets.iter().enumerate() {
        let number = index + 1;
        text.push_str(&format!(
            "<sheet name=\"{}\" sheetId=\"{number}\" r:id=\"rId{number}\"/>",
            escaped(&sheet.name)
        ));
    }
    text + "</sheets></workbook>"
}

/// Widest column that is made as wide as its contents.
const WIDEST: usize = 60;

fn worksheet(sheet: &Sheet) -> String {
    let mut text = format!(
        "<worksheet xmlns=\"{MAIN}\"><sheetViews><sheetView workbookViewId=\"0\"><pane ySplit=\"1\" topLeftCell=\"A2\" \
         activePane=\"bottomLeft\" state=\"frozen\"/></sheetView></sheetViews>"
    );
    let columns = sheet.rows.iter().map(Vec::len).max().unwrap_or(0);
    if columns > 0 {
        text.push_str("<cols>");
        for column in 0..columns {
            let cells = sheet.rows.iter().filter_map(|row| row.get(column));
            let longest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
            let width = sheet.widths.get(column).copied().unwrap_or((longest + 2).clamp(8, WIDEST));
            let number = column + 1;
            text.push_str(&format!(
                "<col min=\"{number}\" max=\"{number}\" width=\"{width}\" customWidth=\"1\"/>"
            ));
        }
        text.push_str("</cols>");
    }
    text.push_str("<sheetData>");
    for (index, row) in sheet.rows.iter().enumerate() {
        let number = index + 1;
        text.push_str(&format!("<row r=\"{number}\">"));
        for (column, value) in row.iter().enumerate().filter(|(_, value)| !value.is_empty()) {
            let reference = format!("{}{number}", column_letters(column));
            text.push_str(&cell(&reference, value, index == 0));
        }
        text.push_str("</row>");
    }
    text + "</sheetData></worksheet>"
}

fn cell(reference: &str, value: &str, is_heading: bool) -> String {
    let number = value.parse::<f64>().ok().filter(|number| number.is_finite() && !is_heading);
    match number {
        Some(number) => format!("<c r=\"{reference}\"><v>{number}</v></c>"),
        None => format!(
            "<c r=\"{reference}\" s=\"{}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>",
            u8::from(is_heading),
            escaped(value)
        ),
    }
}

/// A text inside XML; control characters, which XML cannot hold, become blanks.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
