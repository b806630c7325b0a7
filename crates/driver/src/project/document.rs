//! A TOML file that knows where each of its fields stands.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Problem;

/// One step down into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// The way to a field, printed as `trial[2].responses.orr`. Positions are counted from 1 when printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldPath(Vec<Step>);

impl FieldPath {
    /// The document itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// The entry `key` of the table here.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        let mut path = self.clone();
        path.0.push(Step::Key(key.into()));
        path
    }

    /// The entry `index`, counted from 0, of the array here.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut path = self.clone();
        path.0.push(Step::Index(index));
        path
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if index == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(position) => write!(f, "[{}]", position + 1)?,
            }
        }
        Ok(())
    }
}

/// A value with the bytes it stands in.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) value: NodeValue,
}

/// A TOML value; integers and floats keep their meaning only as far as checks need it.
#[derive(Debug, Clone)]
pub(crate) enum NodeValue {
    Text(String),
    Integer(Option<i64>),
    Float,
    Boolean,
    Date,
    Array(Vec<Node>),
    Table(Vec<Entry>),
}

/// One entry of a table.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) node: Node,
}

impl Node {
    fn from_table(table: &DeTable<'_>, span: Range<usize>) -> Self {
        let entries = table.iter().map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_span: key.span(),
            node: Self::from_value(value),
        });
        Self { span, value: NodeValue::Table(entries.collect()) }
    }

    fn from_value(value: &Spanned<DeValue<'_>>) -> Self {
        let node_value = match value.get_ref() {
            DeValue::String(text) => NodeValue::Text(text.to_string()),
            DeValue::Integer(number) => {
                NodeValue::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok())
            }
            DeValue::Float(_) => NodeValue::Float,
            DeValue::Boolean(_) => NodeValue::Boolean,
            DeValue::Datetime(_) => NodeValue::Date,
            DeValue::Array(array) => NodeValue::Array(array.iter().map(Self::from_value).collect()),
            DeValue::Table(table) => return Self::from_table(table, value.span()),
        };
        Self { span: value.span(), value: node_value }
    }

    /// The entry `key`, if this is a table that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            NodeValue::Table(entries) => {
                entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
            }
            _ => None,
        }
    }

    /// What kind of value this is, for messages.
    pub(crate) fn describe(&self) -> String {
        match &self.value {
            NodeValue::Text(text) => format!("the text \"{text}\""),
            NodeValue::Integer(Some(number)) => format!("the whole number {number}"),
            NodeValue::Integer(None) => "a whole number that is too large".to_owned(),
            NodeValue::Float => "a decimal number".to_owned(),
            NodeValue::Boolean => "true or false".to_owned(),
            NodeValue::Date => "a date".to_owned(),
            NodeValue::Array(_) => "a list".to_owned(),
            NodeValue::Table(_) => "a table".to_owned(),
        }
    }
}

/// A parsed TOML file with the place of every key and value.
#[derive(Debug, Clone)]
pub struct Document {
    /// Name of the file, as the person gave it.
    pub file: String,
    /// Its text.
    pub text: String,
    pub(crate) root: Node,
}

impl Document {
    /// Parses `text`.
    ///
    /// # Errors
    /// The first place where the text is not TOML. What a reader finds after a missing bracket is noise.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        if let Some(first) = errors.first() {
            return Err(vec![Self::syntax_problem(file, text, first)]);
        }
        let root = Node::from_table(table.get_ref(), 0..0);
        Ok(Self { file: file.to_owned(), text: text.to_owned(), root })
    }

    /// Turns an error of the TOML reader into a problem.
    pub(crate) fn syntax_problem(file: &str, text: &str, error: &toml::de::Error) -> Problem {
        let message = error.message().to_owned();
        match error.span() {
            Some(span) => Problem::at(file, text, span, "", message),
            None => Problem::in_file(file, message),
        }
    }

    /// A problem with the field at `path`; at the nearest enclosing table when the field is missing.
    pub fn problem(&self, path: &FieldPath, message: impl Into<String>) -> Problem {
        self.problem_at(self.span_of(path), path, message)
    }

    /// A problem with the field at `path`, shown at `span`.
    pub(crate) fn problem_at(
        &self,
        span: Range<usize>,
        path: &FieldPath,
        message: impl Into<String>,
    ) -> Problem {
        Problem::at(&self.file, &self.text, span, path.to_string(), message)
    }

    /// The bytes of the value at `path`, or of the longest part of the path that exists.
    fn span_of(&self, path: &FieldPath) -> Range<usize> {
        let mut node = &self.root;
        for step in &path.0 {
            let next = match (step, &node.value) {
                (Step::Key(key), _) => node.get(key),
                (Step::Index(index), NodeValue::Array(items)) => items.get(*index),
                (Step::Index(_), _) => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node.span.clone()
    }
}
