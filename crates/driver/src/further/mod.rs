//! What can be asked of a pooled effect beyond its mean: what makes studies differ, what one study does to the
//! result, whether small studies tell another story. The words are the same in the project file and on the
//! command line, and every answer repeats the settings of the analysis it belongs to.

mod options;
mod results;
mod run;
mod sensitivity_tables;
mod tables;

pub use options::{BayesianPriors, CumulativeOrder, FurtherOptions};
pub use results::{FurtherResults, Unanswered};
pub(crate) use run::{Studied, chosen, run};
pub(crate) use tables::tables;
