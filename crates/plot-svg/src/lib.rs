//! Forest, funnel and survival figures as SVG and PNG.
//!
//! Results in, figures out: [`forest_plot`] and [`funnel_plot`] draw a [`PooledEffect`], [`survival_figure`]
//! a [`PooledSurvival`], [`kaplan_meier_figure`] reconstructed arms, and [`reconstructed_over_digitized`] how
//! well one arm was reconstructed. Each takes options whose defaults suit a journal, chooses its own height,
//! and gives a [`Figure`] with a description for screen readers; [`Figure::to_png`] draws it as a picture.
//!
//! Texts are measured with Liberation Sans, which this crate carries (SIL Open Font License) and which is as
//! wide as Arial and Helvetica; no system font is ever asked. Scripts that these fonts lack, for example
//! Chinese, are given room and shown by viewers that have such a font, but stay blank in [`Figure::to_png`].
//!
//! Own figures can be made from the same parts: [`Svg`], [`Scale`], [`TextMetrics`], [`format`](mod@format).
//!
//! ```
//! use kmeta_plot_svg::{ArmCurve, KaplanMeierOptions, kaplan_meier_figure};
//! use kmeta_trial_data::{PatientRecord, StepCurve};
//! let arm = ArmCurve {
//!     label: "Lenvatinib".to_owned(),
//!     curve: StepCurve::new(vec![0.0, 2.0], vec![1.0, 0.5])?,
//!     patients: vec![PatientRecord { time: 2.0, event: true }, PatientRecord { time: 5.0, event: false }],
//! };
//! let figure = kaplan_meier_figure(&[arm], &KaplanMeierOptions::default());
//! assert!(figure.svg.starts_with("<svg"));
//! # Ok::<(), kmeta_trial_data::CurveError>(())
//! ```
//!
//! [`PooledEffect`]: kmeta_trial_data::PooledEffect
//! [`PooledSurvival`]: kmeta_trial_data::PooledSurvival

mod figure;
mod footer;
mod forest;
pub mod format;
mod funnel;
mod kaplan_meier;
mod number_at_risk;
mod options;
mod palette;
mod pooled_survival;
mod reconstruction;
mod scale;
pub mod sentences;
mod survival_axes;
mod svg;
#[cfg(test)]
mod test_data;
mod text_metrics;

pub use figure::{Figure, PlotError};
pub use forest::forest_plot;
pub use funnel::funnel_plot;
pub use kaplan_meier::{ArmCurve, kaplan_meier_figure};
pub use options::{ForestOptions, FunnelOptions, KaplanMeierOptions, SurvivalFigureOptions};
pub use pooled_survival::survival_figure;
pub use reconstruction::reconstructed_over_digitized;
pub use scale::{Scale, ScaleKind, linear_ticks, log_ticks, nice_step, time_step};
pub use svg::{Anchor, Stroke, Svg, TextBox, TextStyle};
pub use text_metrics::{FontWeight, TextMetrics};
