//! The stages of a run. Each is a function of its input; none prints.

pub(crate) mod assign;
pub(crate) mod compare;
pub(crate) mod digitize;
mod draws;
pub(crate) mod examine;
pub(crate) mod figures;
pub(crate) mod names;
pub(crate) mod overrides;
pub(crate) mod patients;
pub(crate) mod pool;
mod reading;
pub(crate) mod reconstruct;
pub(crate) mod reconstruct_files;
pub(crate) mod repeat_in_r;
pub(crate) mod report;
pub(crate) mod report_content;
pub(crate) mod study_run;
pub(crate) mod summary;
pub(crate) mod table_files;
mod views;
pub(crate) mod write_output;
pub(crate) mod write_tables;
