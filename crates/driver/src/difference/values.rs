//! Differences of two JSON values, by the place where they are.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

/// A value that differs, is new, or is gone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ValueChange {
    /// Where it is, for example `analysis[os].times[3]`.
    pub(crate) place: String,
    /// The old value; absent where it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) old: Option<Value>,
    /// The new value; absent where it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) new: Option<Value>,
}

/// What items of a list are told apart by, where they have it.
const NAMES: [&str; 5] = ["id", "trial", "time", "name", "label"];

/// Every difference of two values. Items of lists are compared with those of the same name, wherever they stand.
pub(crate) fn compare(old: &Value, new: &Value) -> Vec<ValueChange> {
    let mut found = Vec::new();
    walk(Some(old), Some(new), "", &mut found);
    found
}

fn walk(old: Option<&Value>, new: Option<&Value>, place: &str, found: &mut Vec<ValueChange>) {
    match (old, new) {
        (Some(old), Some(new)) if old == new => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for name in names {
                let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                walk(before.get(name), after.get(name), &place, found);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) if named(before) && named(after) => {
            let gone = before.iter().filter(|item| find(after, &name_of(item)).is_none());
            for item in after.iter().chain(gone) {
                let name = name_of(item);
                let place = format!("{place}[{}]", name.clone().unwrap_or_default());
                walk(find(before, &name), find(after, &name), &place, found);
            }
        }
        (old, new) => {
            let (old, new) = (old.cloned(), new.cloned());
            found.push(ValueChange { place: place.to_owned(), old, new });
        }
    }
}

fn name_of(item: &Value) -> Option<String> {
    let name = NAMES.iter().find_map(|name| item.get(name))?;
    Some(name.as_str().map_or_else(|| name.to_string(), str::to_owned))
}

/// Whether all items have names and no two the same.
fn named(items: &[Value]) -> bool {
    let names: BTreeSet<Option<String>> = items.iter().map(name_of).collect();
    names.len() == items.len() && !names.contains(&None)
}

fn find<'a>(items: &'a [Value], name: &Option<String>) -> Option<&'a Value> {
    items.iter().find(|item| name_of(item) == *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn items_are_found_by_name_and_lists_of_numbers_are_whole() {
        let old =
            json!({ "analysis": [{ "id": "os", "times": [3, 6] }, { "id": "pfs", "seed": 1 }], "same": 1 });
        let new = json!({ "analysis": [{ "id": "pfs", "seed": 1 }, { "id": "os", "times": [3, 6, 9] }, { "id": "orr" }], "same": 1 });
        let changes = compare(&old, &new);
        let places: Vec<&str> = changes.iter().map(|change| change.place.as_str()).collect();
        assert_eq!(places, ["analysis[os].times", "analysis[orr]"]);
        assert_eq!(changes[0].new, Some(json!([3, 6, 9])));
        assert_eq!(changes[1].old, None);
        let back = compare(&new, &old);
        assert_eq!(back[1].new, None);
        assert!(compare(&old, &old).is_empty());
    }
}
