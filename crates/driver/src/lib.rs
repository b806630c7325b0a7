//! From Kaplan-Meier figures to a pooled report: the project file and the stages behind the command `kmeta`.
//!
//! The binary reads files, calls the libraries and writes files; all science is in the libraries. This library
//! part holds what others may want to script against: the project file ([`project`]), the content of
//! `results.json` ([`results`]) and the readers of the CSV tables ([`tables`]).

pub mod project;
