//! Checks a document against the JSON Schema of the project file: unknown and missing keys, values of the
//! wrong kind. The schema is made from the types that are read, so nothing is declared twice; and unlike
//! reading, which stops at the first mistake, this finds all of them.

use serde_json::Value;

use super::document::{Document, Entry, FieldPath, Node, NodeValue};
use super::{Problem, suggest};

/// All mistakes in the shape of `document`.
pub(crate) fn check(document: &Document, schema: &Value) -> Vec<Problem> {
    let mut check = ShapeCheck { document, root: schema, problems: Vec::new() };
    check.node(&document.root, schema, &FieldPath::root());
    check.problems
}

struct ShapeCheck<'a> {
    document: &'a Document,
    root: &'a Value,
    problems: Vec<Problem>,
}

impl<'a> ShapeCheck<'a> {
    fn node(&mut self, node: &Node, schema: &'a Value, path: &FieldPath) {
        let schema = self.resolve(schema);
        if let Some(choices) = text_choices(schema) {
            return self.choice(node, &choices, path);
        }
        if let Some(variants) = schema.get("oneOf").and_then(Value::as_array) {
            return self.tagged(node, variants, path);
        }
        let expected = expected_types(schema);
        let is = |kinds: &[&str]| expected.iter().any(|kind| kinds.contains(kind));
        match &node.value {
            _ if expected.is_empty() => {}
            NodeValue::Table(entries) if is(&["object"]) => self.table(node, entries, schema, path),
            NodeValue::Array(items) if is(&["array"]) => self.array(node, items, schema, path),
            NodeValue::Integer(Some(number)) if is(&["integer", "number"]) => {
                self.limits(node, *number, schema, path);
            }
            NodeValue::Float if is(&["number"]) => {}
            NodeValue::Text(_) if is(&["string"]) => {}
            NodeValue::Boolean if is(&["boolean"]) => {}
            _ => {
                let words: Vec<&str> = expected.iter().map(|kind| in_words(kind)).collect();
                let message = format!("expected {}, found {}", words.join(" or "), node.describe());
                self.report(node, path, message);
            }
        }
    }

    fn report(&mut self, node: &Node, path: &FieldPath, message: String) {
        self.problems.push(self.document.problem_at(node.span.clone(), path, message));
    }

    /// Follows references, and takes the something of "something or nothing" (but not one of several somethings).
    fn resolve(&self, mut schema: &'a Value) -> &'a Value {
        loop {
            if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
                match self.root.pointer(reference.trim_start_matches('#')) {
                    Some(target) => schema = target,
                    None => return schema,
                }
            } else if let Some(some) = schema.get("anyOf").and_then(Value::as_array).and_then(|options| {
                let mut some =
                    options.iter().filter(|option| option.get("type") != Some(&Value::from("null")));
                some.next().filter(|_| some.next().is_none())
            }) {
                schema = some;
            } else {
                return schema;
            }
        }
    }

    fn choice(&mut self, node: &Node, choices: &[&str], path: &FieldPath) {
        let NodeValue::Text(text) = &node.value else {
            let message = format!("expected one of {}, found {}", quoted(choices), node.describe());
            return self.report(node, path, message);
        };
        if !choices.contains(&text.as_str()) {
            let message = format!("\"{text}\" is not a choice here: expected one of {}", quoted(choices));
            let problem = self.document.problem_at(node.span.clone(), path, message);
            self.problems.push(match suggest::closest(text, choices.iter().copied()) {
                Some(choice) => problem.with_help(format!("did you mean \"{choice}\"?")),
                None => problem,
            });
        }
    }

    /// A table whose `kind` says which of the variants it is.
    fn tagged(&mut self, node: &Node, variants: &'a [Value], path: &FieldPath) {
        let tag_of = |variant: &'a Value| {
            let properties = variant.get("properties")?.as_object()?;
            properties.iter().find_map(|(key, schema)| Some((key.as_str(), schema.get("const")?.as_str()?)))
        };
        let Some(tag) = variants.iter().find_map(tag_of).map(|(key, _)| key) else { return };
        let kinds: Vec<&str> = variants.iter().filter_map(tag_of).map(|(_, kind)| kind).collect();
        let Some(kind) = node.get(tag) else {
            let message = format!("`{tag}` is missing: give one of {}", quoted(&kinds));
            return self.report(node, path, message);
        };
        let found = if let NodeValue::Text(text) = &kind.value { text.as_str() } else { "" };
        match variants.iter().find(|&variant| tag_of(variant).is_some_and(|(_, kind)| kind == found)) {
            Some(variant) => self.node(node, variant, path),
            None => self.choice(kind, &kinds, &path.key(tag)),
        }
    }

    fn table(&mut self, node: &Node, entries: &[Entry], schema: &'a Value, path: &FieldPath) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties").or(schema.get("unevaluatedProperties"));
        for entry in entries {
            let entry_path = path.key(&entry.key);
            if let Some(field) = properties.and_then(|properties| properties.get(&entry.key)) {
                self.node(&entry.node, field, &entry_path);
            } else if others == Some(&Value::Bool(false)) {
                let known = properties.into_iter().flatten().map(|(key, _)| key.as_str());
                let problem = self.document.problem_at(entry.key_span.clone(), &entry_path, "unknown key");
                self.problems.push(problem.with_help(suggest::help(&entry.key, known)));
            } else if let Some(others) = others {
                self.node(&entry.node, others, &entry_path);
            }
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        for key in required.filter_map(Value::as_str) {
            if node.get(key).is_none() {
                let message = match self.described(properties.and_then(|properties| properties.get(key))) {
                    Some(description) => format!("`{key}` is missing: {description}"),
                    None => format!("`{key}` is missing"),
                };
                self.report(node, &path.key(key), message);
            }
        }
    }

    /// First sentence of a field's description.
    fn described(&self, schema: Option<&'a Value>) -> Option<String> {
        let schema = schema?;
        let description =
            schema.get("description").or_else(|| self.resolve(schema).get("description"))?.as_str()?;
        let line = description.replace('\n', " ");
        Some(line.split_inclusive(". ").next().unwrap_or(&line).trim().trim_end_matches('.').to_owned())
    }

    fn array(&mut self, node: &Node, items: &[Node], schema: &'a Value, path: &FieldPath) {
        let bound =
            |key| schema.get(key).and_then(Value::as_u64).and_then(|bound| usize::try_from(bound).ok());
        if let Some(length) = bound("minItems").filter(|&length| bound("maxItems") == Some(length))
            && items.len() != length
        {
            let message = format!("expected a list of {length}, found {}", items.len());
            return self.report(node, path, message);
        }
        if let Some(of) = schema.get("items") {
            for (index, item) in items.iter().enumerate() {
                self.node(item, of, &path.index(index));
            }
        }
    }

    fn limits(&mut self, node: &Node, number: i64, schema: &Value, path: &FieldPath) {
        let limit = |key| schema.get(key).and_then(Value::as_f64);
        #[allow(clippy::cast_precision_loss, reason = "limits are small whole numbers")]
        let value = number as f64;
        if let Some(minimum) = limit("minimum").filter(|&minimum| value < minimum) {
            self.report(node, path, format!("{number} is too small: expected at least {minimum}"));
        } else if let Some(maximum) = limit("maximum").filter(|&maximum| value > maximum) {
            self.report(node, path, format!("{number} is too large: expected at most {maximum}"));
        }
    }
}

/// The allowed texts, for an enumeration.
fn text_choices(schema: &Value) -> Option<Vec<&str>> {
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        return choices.iter().map(Value::as_str).collect();
    }
    let variants = schema.get("oneOf")?.as_array()?;
    variants.iter().map(|variant| variant.get("const")?.as_str()).collect()
}

/// The JSON types that a schema allows; empty for any.
fn expected_types(schema: &Value) -> Vec<&str> {
    let mut types: Vec<&str> = match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => {
            let options = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
            options.flat_map(expected_types).collect()
        }
    };
    types.retain(|&name| name != "null");
    types
}

fn in_words(json_type: &str) -> &'static str {
    match json_type {
        "object" => "a table",
        "array" => "a list",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        _ => "a text in quotation marks",
    }
}

fn quoted(choices: &[&str]) -> String {
    choices.iter().map(|choice| format!("\"{choice}\"")).collect::<Vec<_>>().join(", ")
}
