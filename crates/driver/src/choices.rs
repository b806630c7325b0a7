//! The choices of the libraries as values of flags: the same words as in the project file.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use kmeta_trial_data::EffectMeasure;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A parser of the words that `T` has in files. The words come from its schema, so nothing is declared twice.
pub(crate) fn choice<T>() -> impl TypedValueParser<Value = T>
where
    T: JsonSchema + DeserializeOwned + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words(schemars::schema_for!(T).as_value()))
        .try_map(|word| serde_json::from_value::<T>(Value::String(word)))
}

/// A parser of the measures that `allowed` admits.
pub(crate) fn measure(allowed: fn(EffectMeasure) -> bool) -> impl TypedValueParser<Value = EffectMeasure> {
    let read = |word: String| serde_json::from_value::<EffectMeasure>(Value::String(word));
    let words = words(schemars::schema_for!(EffectMeasure).as_value());
    PossibleValuesParser::new(words.into_iter().filter(|word| read(word.clone()).is_ok_and(allowed)))
        .try_map(read)
}

/// The words of an enumeration, with or without descriptions.
fn words(schema: &Value) -> Vec<String> {
    let plain = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    let described = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let described = described.filter_map(|variant| {
        let listed = variant.get("enum").and_then(Value::as_array).and_then(|listed| listed.first());
        variant.get("const").or(listed)
    });
    plain.chain(described).filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmeta_trial_data::TauSquaredEstimator;

    #[test]
    fn words_are_those_of_the_project_file() {
        let measures = words(schemars::schema_for!(EffectMeasure).as_value());
        assert!(measures.contains(&"freeman-tukey".to_owned()));
        let estimators = words(schemars::schema_for!(TauSquaredEstimator).as_value());
        assert_eq!(estimators, ["DL", "PM", "REML", "ML", "HE", "HS", "SJ", "EB", "HSk", "PMM"]);
    }
}
