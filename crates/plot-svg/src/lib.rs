//! Forest, funnel and survival figures as SVG and PNG.

mod figure;
pub mod format;
mod kaplan_meier;
mod options;
mod text_metrics;

use kmeta_trial_data::{PooledEffect, PooledSurvival};

pub use figure::{Figure, PlotError};
pub use kaplan_meier::{ArmCurve, kaplan_meier_figure, reconstructed_over_digitized};
pub use options::{ForestOptions, FunnelOptions, KaplanMeierOptions, SurvivalFigureOptions};
pub use text_metrics::{FontWeight, TextMetrics};

/// The forest plot of a pooled effect.
pub fn forest_plot(result: &PooledEffect, options: &ForestOptions) -> Figure {
    empty(&result.title, options.drawing_width)
}

/// The funnel plot of a pooled effect.
pub fn funnel_plot(result: &PooledEffect, options: &FunnelOptions) -> Figure {
    empty(&result.title, options.width)
}

/// The figure of a pooled survival curve.
pub fn survival_figure(result: &PooledSurvival, options: &SurvivalFigureOptions) -> Figure {
    empty(&result.title, options.width)
}

pub(crate) fn empty(title: &str, width: f64) -> Figure {
    let svg = format!(r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{width}"/>"#);
    Figure { svg, alt_text: title.to_owned(), width, height: width }
}
