//! `kmeta schema`: the JSON Schemas of the file formats.

use std::process::ExitCode;

use kmeta_trial_data::DigitizedFigure;
use schemars::schema_for;

use crate::command_line::{SchemaArgs, SchemaOf};
use crate::console::Console;
use crate::error::CommandError;
use crate::manifest::Manifest;
use crate::output_folder::to_json;
use crate::project::Project;
use crate::results::Results;
use crate::schema_page::page;

pub(crate) fn run(args: &SchemaArgs, console: &mut Console) -> Result<ExitCode, CommandError> {
    let (schema, file) = match args.of {
        SchemaOf::Study => (schema_for!(Project), "study.toml"),
        SchemaOf::Sidecar => (schema_for!(DigitizedFigure), "NAME.kmfig.json"),
        SchemaOf::Results => (schema_for!(Results), "results.json"),
        SchemaOf::Manifest => (schema_for!(Manifest), "manifest.json"),
    };
    if args.markdown {
        console.document(&page(schema.as_value(), &format!("Reference of {file}")));
    } else {
        console.document(&to_json(&schema)?);
    }
    Ok(ExitCode::SUCCESS)
}
