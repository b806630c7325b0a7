//! A JSON Schema as a Markdown page: one section per table of the file, then the choices of words, in the order in which
//! they are met.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The page of `schema`, for files that call a nested table `[[key]]` or `[key]`.
pub(crate) fn page(schema: &Value, title: &str) -> String {
    let mut page = Page { root: schema, text: String::new(), queue: Vec::new(), seen: BTreeSet::new() };
    page.line(&format!("# {title}\n"));
    page.line("Written by `kmeta schema --markdown` from the types that read the file. Fields in **bold** must be given.\n");
    page.table(schema, "The file itself");
    let mut next = 0;
    while let Some(name) = page.queue.get(next).cloned() {
        next += 1;
        page.definition(&name);
    }
    page.text
}

struct Page<'a> {
    root: &'a Value,
    text: String,
    /// Definitions in the order in which they are met.
    queue: Vec<String>,
    seen: BTreeSet<String>,
}

impl<'a> Page<'a> {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn definition(&mut self, name: &str) {
        let Some(schema) = self.root.pointer(&format!("/$defs/{name}")) else { return };
        let heading = format!("\n## {}\n", words(name));
        match schema.get("oneOf").and_then(Value::as_array) {
            Some(variants) => {
                self.line(&heading);
                self.described(schema);
                if variants
                    .iter()
                    .all(|variant| variant.get("const").is_some() || variant.get("enum").is_some())
                {
                    self.choices(variants);
                } else {
                    self.variants(variants);
                }
            }
            None if schema.get("properties").is_some() => {
                self.line(&heading);
                self.described(schema);
                self.fields(schema);
            }
            None => {
                self.line(&heading);
                self.described(schema);
            }
        }
    }

    fn described(&mut self, schema: &Value) {
        let text = description(schema);
        if !text.is_empty() {
            self.line(&format!("{text}\n"));
        }
    }

    fn table(&mut self, schema: &'a Value, heading: &str) {
        self.line(&format!("## {heading}\n"));
        self.described(schema);
        self.fields(schema);
    }

    /// The words that a choice has.
    fn choices(&mut self, variants: &[Value]) {
        self.line("| Word | Meaning |\n|---|---|");
        for variant in variants {
            let listed = variant.get("enum").and_then(Value::as_array).into_iter().flatten();
            for word in variant.get("const").into_iter().chain(listed) {
                self.line(&format!("| `{}` | {} |", plain(word), cell(&description(variant))));
            }
        }
    }

    /// The tables that a field which says its kind can be.
    fn variants(&mut self, variants: &'a [Value]) {
        for variant in variants {
            let properties = variant.get("properties").and_then(Value::as_object);
            let tag =
                properties.into_iter().flatten().find_map(|(key, field)| Some((key, field.get("const")?)));
            if let Some((key, word)) = tag {
                self.line(&format!("\n### `{key} = \"{}\"`\n", plain(word)));
            }
            self.described(variant);
            self.fields(variant);
        }
    }

    fn fields(&mut self, schema: &'a Value) {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
        let required: BTreeSet<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let fields = |wanted: bool| {
            properties.iter().filter(move |(_, field)| field.get("const").is_none()).filter({
                let required = required.clone();
                move |(key, _)| required.contains(key.as_str()) == wanted
            })
        };
        if fields(true).chain(fields(false)).next().is_none() {
            return;
        }
        self.line("| Field | Kind | Default | Meaning |\n|---|---|---|---|");
        let all: Vec<(&String, &'a Value, bool)> = fields(true)
            .map(|(key, field)| (key, field, true))
            .chain(fields(false).map(|(key, field)| (key, field, false)))
            .collect();
        for (key, field, is_required) in all {
            let name = if is_required { format!("**`{key}`**") } else { format!("`{key}`") };
            let kind = self.kind(field);
            let default = field.get("default").filter(|default| !default.is_null() && !is_empty(default));
            let default = default.map_or(String::new(), |default| format!("`{}`", plain(default)));
            self.line(&format!("| {name} | {kind} | {} | {} |", cell(&default), cell(&description(field))));
        }
    }

    /// What a field holds, in words, with a link where it has a section of its own.
    fn kind(&mut self, field: &Value) -> String {
        if let Some(reference) = field.get("$ref").and_then(Value::as_str) {
            return self.link(reference);
        }
        if let Some(options) = field.get("anyOf").and_then(Value::as_array) {
            let kinds: Vec<String> = options
                .iter()
                .filter(|option| option.get("type") != Some(&Value::from("null")))
                .map(|option| self.kind(option))
                .collect();
            return kinds.join(" or ");
        }
        let kinds: Vec<&str> = match field.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => {
                kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect()
            }
            _ => Vec::new(),
        };
        let mut named: Vec<String> = Vec::new();
        for kind in kinds {
            named.push(match kind {
                "string" => "text".to_owned(),
                "integer" => "whole number".to_owned(),
                "boolean" => "true or false".to_owned(),
                "array" => match field.get("items") {
                    Some(items) => format!("list of: {}", self.kind(items)),
                    None => "list".to_owned(),
                },
                "object" => match field.get("additionalProperties").filter(|values| values.is_object()) {
                    Some(values) => format!("table of names with: {}", self.kind(values)),
                    None => "table".to_owned(),
                },
                other => other.to_owned(),
            });
        }
        named.join(" or ")
    }

    fn link(&mut self, reference: &str) -> String {
        let name = reference.rsplit('/').next().unwrap_or(reference).to_owned();
        if self.seen.insert(name.clone()) {
            self.queue.push(name.clone());
        }
        let heading = words(&name);
        format!("[{heading}](#{})", heading.to_lowercase().replace(' ', "-"))
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_str().is_some_and(str::is_empty)
        || value.as_array().is_some_and(Vec::is_empty)
        || value.as_object().is_some_and(Map::is_empty)
}

fn description(schema: &Value) -> String {
    schema.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " ")
}

/// A text as a cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// "TauSquaredEstimator" as "Tau squared estimator".
fn words(name: &str) -> String {
    let mut words = String::new();
    for (index, character) in name.chars().enumerate() {
        if index > 0 && character.is_uppercase() {
            words.push(' ');
            words.extend(character.to_lowercase());
        } else {
            words.push(character);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_choices_and_links_are_written() {
        let schema = json!({
            "properties": {
                "unit": { "$ref": "#/$defs/TimeUnit", "description": "Unit a|b.", "default": "months" },
                "title": { "type": "string" }
            },
            "required": ["title"],
            "$defs": { "TimeUnit": { "oneOf": [{ "const": "days", "description": "Days." }] } }
        });
        let page = page(&schema, "study.toml");
        assert!(page.contains("| **`title`** | text |  |  |"));
        assert!(page.contains("| `unit` | [Time unit](#time-unit) | `months` | Unit a\\|b. |"));
        assert!(page.contains("## Time unit\n\n| Word | Meaning |\n|---|---|\n| `days` | Days. |"));
    }
}
