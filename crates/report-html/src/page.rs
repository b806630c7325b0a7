//! The page as the templates see it: sections made of a few kinds of blocks.

use kmeta_plot_svg::Figure;
use serde::Serialize;

use crate::report::{TextColumn, TextTable};

/// What `report.html` is rendered from.
#[derive(Debug, Serialize)]
pub(crate) struct Page {
    pub(crate) title: String,
    pub(crate) subtitle: String,
    pub(crate) generator: String,
    pub(crate) date: String,
    pub(crate) notices: Vec<String>,
    pub(crate) style: &'static str,
    pub(crate) sections: Vec<Section>,
}

/// What `word.html` is rendered from.
#[derive(Debug, Serialize)]
pub(crate) struct TablesPage {
    pub(crate) title: String,
    pub(crate) generator: String,
    pub(crate) tables: Vec<Table>,
}

/// A section with its heading.
#[derive(Debug, Serialize)]
pub(crate) struct Section {
    pub(crate) id: String,
    pub(crate) title: String,
    /// The headings inside, for the contents list.
    pub(crate) entries: Vec<Entry>,
    pub(crate) blocks: Vec<Block>,
}

/// A line of the contents list.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) title: String,
}

impl Section {
    /// A section; its inner headings become entries of the contents list.
    pub(crate) fn new(id: impl Into<String>, title: impl Into<String>, blocks: Vec<Block>) -> Self {
        let entry = |block: &Block| match block {
            Block::Heading { id, text, .. } => Some(Entry { id: id.clone(), title: text.clone() }),
            _ => None,
        };
        let entries = blocks.iter().filter_map(entry).collect();
        Self { id: id.into(), title: title.into(), entries, blocks }
    }
}

/// A part of a section.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Block {
    /// A heading inside the section, perhaps with a badge.
    Heading { id: String, text: String, badge: Option<Badge> },
    /// Running text.
    Paragraph { text: String },
    /// Text that must not be overlooked.
    Notice { text: String },
    /// Bullet points.
    List { items: Vec<String> },
    /// Numbered references.
    References { items: Vec<String> },
    /// Bullet points that lead somewhere else in the report.
    Links { items: Vec<Link> },
    /// A drawn figure; [`number_figures`] gives the number.
    Figure { number: usize, svg: String, caption: String },
    /// A PNG picture.
    Picture { number: usize, base64: String, alt: String, caption: String },
    /// A table.
    Table { table: Table },
    /// A table that can be folded away.
    Details { summary: String, open: bool, table: Table },
    /// Many rows of bare numbers, folded away: one line of text per row, cells divided by `,`.
    Points { id: String, summary: String, caption: String, headings: Vec<String>, rows: Vec<Vec<String>> },
}

/// A sentence with a link in it.
#[derive(Debug, Serialize)]
pub(crate) struct Link {
    /// Text before the link.
    pub(crate) before: String,
    /// Text of the link; empty for a line without one.
    pub(crate) text: String,
    /// Anchor that it leads to, without `#`.
    pub(crate) target: String,
    /// Text after the link.
    pub(crate) after: String,
}

impl Link {
    /// A line without a link.
    pub(crate) fn none(text: impl Into<String>) -> Self {
        Self { before: text.into(), text: String::new(), target: String::new(), after: String::new() }
    }
}

/// Numbers the figures in the order of the page, from 1.
pub(crate) fn number_figures(sections: &mut [Section]) {
    let blocks = sections.iter_mut().flat_map(|section| &mut section.blocks);
    let numbers = blocks.filter_map(|block| match block {
        Block::Figure { number, .. } | Block::Picture { number, .. } => Some(number),
        _ => None,
    });
    for (index, number) in numbers.enumerate() {
        *number = index + 1;
    }
}

/// A word with a coloured ground.
#[derive(Debug, Serialize)]
pub(crate) struct Badge {
    pub(crate) class: &'static str,
    pub(crate) text: &'static str,
}

impl Section {
    /// The section without entries in the contents list.
    pub(crate) fn without_entries(self) -> Self {
        Self { entries: Vec::new(), ..self }
    }
}

impl Block {
    pub(crate) fn heading(id: String, text: &str) -> Self {
        Self::Heading { id, text: text.to_owned(), badge: None }
    }

    pub(crate) fn paragraph(text: impl Into<String>) -> Self {
        Self::Paragraph { text: text.into() }
    }

    pub(crate) fn figure(figure: &Figure, caption: impl Into<String>) -> Self {
        Self::Figure { number: 0, svg: figure.svg.clone(), caption: caption.into() }
    }

    /// The table behind the figure before it, folded away.
    pub(crate) fn behind_figure(table: Table) -> Self {
        Self::Details { summary: "Table behind the figure".to_owned(), open: false, table }
    }
}

/// A table with a caption and headings.
#[derive(Debug, Serialize)]
pub(crate) struct Table {
    pub(crate) caption: String,
    pub(crate) columns: Vec<Column>,
    /// More columns than a phone has room for: scrolls sideways there.
    pub(crate) is_wide: bool,
    pub(crate) rows: Vec<Row>,
}

/// A column: its heading, and how it is set: `number` (flush right), `code` (broken anywhere) or as text.
#[derive(Debug, Serialize)]
pub(crate) struct Column {
    pub(crate) heading: String,
    pub(crate) class: &'static str,
}

/// A row.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) cells: Vec<Cell>,
    /// Set in bold: totals.
    pub(crate) is_strong: bool,
}

/// A cell.
#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) column: usize,
    pub(crate) row_span: usize,
    pub(crate) is_header: bool,
    /// Anchor that the text leads to, without `#`; empty for none.
    pub(crate) target: String,
}

impl Table {
    /// An empty table. Headings that begin with `#` are those of number columns, with `~` those of hashes and
    /// the like (the sign is not shown).
    pub(crate) fn new(caption: impl Into<String>, headings: &[&str]) -> Self {
        let column = |heading: &&str| {
            let class = match heading.chars().next() {
                Some('#') => "number",
                Some('~') => "code",
                _ => "",
            };
            Column { heading: heading.trim_start_matches(['#', '~']).to_owned(), class }
        };
        Self {
            caption: caption.into(),
            columns: headings.iter().map(column).collect(),
            is_wide: headings.len() > 4,
            rows: Vec::new(),
        }
    }

    /// The table of the caller's texts.
    pub(crate) fn of_texts(texts: &TextTable) -> Self {
        let column = |column: &TextColumn| Column {
            heading: column.heading.clone(),
            class: if column.is_number { "number" } else { "" },
        };
        let mut table = Self {
            caption: texts.caption.clone(),
            columns: texts.columns.iter().map(column).collect(),
            is_wide: texts.columns.len() > 4,
            rows: Vec::new(),
        };
        for row in &texts.rows {
            table.push(row.clone());
        }
        table
    }

    /// Adds a row; its first cell heads it.
    pub(crate) fn push(&mut self, texts: Vec<String>) {
        self.push_spanned(texts, Some(1));
    }

    /// Makes the cell of `column` in the last row lead to an anchor; nothing happens for an empty one.
    pub(crate) fn link(&mut self, column: usize, target: &str) {
        let row = self.rows.last_mut();
        if let Some(cell) = row.and_then(|row| row.cells.iter_mut().find(|cell| cell.column == column)) {
            target.clone_into(&mut cell.target);
        }
    }

    /// Adds a row in bold.
    pub(crate) fn push_strong(&mut self, texts: Vec<String>) {
        self.push(texts);
        if let Some(row) = self.rows.last_mut() {
            row.is_strong = true;
        }
    }

    /// Adds a row whose first cell spans `first_span` rows, or lies under the span of one before (`None`).
    pub(crate) fn push_spanned(&mut self, texts: Vec<String>, first_span: Option<usize>) {
        let skipped = usize::from(first_span.is_none());
        let cells = texts.into_iter().enumerate().skip(skipped).map(|(column, text)| Cell {
            text: if text.is_empty() { "–".to_owned() } else { text },
            column,
            row_span: if column == 0 { first_span.unwrap_or(1) } else { 1 },
            is_header: column == 0,
            target: String::new(),
        });
        self.rows.push(Row { cells: cells.collect(), is_strong: false });
    }
}

/// An anchor from words: small letters, digits and hyphens.
pub(crate) fn anchor(prefix: &str, name: &str, index: usize) -> String {
    let mut id = format!("{prefix}-{}-", index + 1);
    for character in name.chars().filter(char::is_ascii) {
        if character.is_ascii_alphanumeric() {
            id.push(character.to_ascii_lowercase());
        } else if !id.ends_with('-') {
            id.push('-');
        }
    }
    id.trim_end_matches('-').to_owned()
}
