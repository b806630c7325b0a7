//! The JSON Schemas describe the files: the examples are valid, a wrong key is not.

use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use serde_json::Value;

fn schema(of: &str) -> Value {
    let output = Command::cargo_bin("kmeta").unwrap().args(["schema", "--of", of]).output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn errors(schema: &Value, instance: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).unwrap();
    validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn study(path: &Path) -> Value {
    let table: toml::Table = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    serde_json::to_value(table).unwrap()
}

#[test]
fn example_studies_are_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = schema("study");
    for file in [
        "template/study.toml",
        "../../fixtures/atc-tki/study.toml",
        "../../fixtures/antiangiogenic-two-arm/study.toml",
    ] {
        assert_eq!(errors(&schema, &study(&root.join(file))), [""; 0], "{file}");
    }
}

#[test]
fn unknown_keys_are_invalid_at_every_level() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = schema("study");
    let good = study(&root.join("../../fixtures/antiangiogenic-two-arm/study.toml"));
    for place in ["", "/trial/0", "/trial/0/arm/0", "/figure/0", "/analysis/0", "/trial/0/hazard_ratios/pfs"]
    {
        let mut bad = good.clone();
        bad.pointer_mut(place).unwrap()["nonsense"] = Value::from(1);
        assert!(!errors(&schema, &bad).is_empty(), "a wrong key in `{place}` must not pass");
    }
}

#[test]
fn every_field_of_the_project_file_is_documented() {
    let schema = schema("study");
    let mut undocumented = Vec::new();
    let mut tables: Vec<(String, &Value)> = vec![("study".to_owned(), &schema)];
    for (name, table) in schema["$defs"].as_object().unwrap() {
        tables.push((name.clone(), table));
        for variant in table["oneOf"].as_array().into_iter().flatten() {
            tables.push((name.clone(), variant));
        }
    }
    for (name, table) in tables {
        for (field, schema) in table["properties"].as_object().into_iter().flatten() {
            if schema.get("description").is_none() && schema.get("const").is_none() {
                undocumented.push(format!("{name}.{field}"));
            }
        }
    }
    assert_eq!(undocumented, [""; 0]);
}
