//! From Kaplan-Meier figures to a pooled report: the project file and the stages behind the command `kmeta`.
//!
//! The binary reads files, calls the libraries and writes files; all science is in the libraries. This library
//! part holds what others may want to script against: the project file ([`project`]), the content of
//! `results.json` ([`results`]) and of `manifest.json` ([`manifest`]), and the readers of CSV tables
//! ([`tables`]).

pub mod command_line;
pub mod further;
pub mod import;
pub mod manifest;
pub mod project;
pub mod quantities;
pub mod results;
pub mod sensitivity;
pub mod single_arm_survival;
pub mod tables;

mod choices;
mod commands;
mod consistency;
mod console;
mod difference;
mod error;
mod output_folder;
mod rerun;
mod result_table;
mod schema_page;
mod stages;
mod workbook;
