//! The analyses of a study under other choices than the protocol's (`kmeta sensitivity`, and `kmeta run` where the
//! project file wants it).
//!
//! | part | holds |
//! |---|---|
//! | `variants` | the patients as other reconstructions give them |
//! | `multiverses` | which multiverses an analysis has |
//! | `tables` | their results as tables |
//! | `subsets` | all subsets of the trials |
//! | `figures` | specification curves and subsets as figures |
//! | `sections` | the part of the report |
//! | `thin` | as much of a result as a report shows |

mod figures;
mod multiverses;
mod sections;
mod subsets;
mod tables;
mod thin;
mod variants;

pub(crate) use figures::{curve_figure, subsets_figure};
pub use multiverses::AnalysisSensitivity;
pub(crate) use multiverses::analyse_all;
pub(crate) use sections::{figures, how_many, sections};
pub use subsets::AllSubsets;
pub(crate) use subsets::{all_subsets, gosh_table};
pub(crate) use tables::{file_stem, specifications_csv, tables};
pub(crate) use thin::thinned;
pub(crate) use variants::{LastRun, PatientVariants};
