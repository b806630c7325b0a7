//! Forest, funnel and survival figures as SVG and PNG.
//!
//! Results in, figures out: [`forest_plot`] and [`funnel_plot`] draw a [`PooledEffect`], [`survival_figure`]
//! a [`PooledSurvival`], [`kaplan_meier_figure`] reconstructed arms, and [`reconstructed_over_digitized`] how
//! well one arm was reconstructed. Each takes options whose defaults suit a journal, chooses its own height,
//! and gives a [`Figure`] with a description for screen readers; [`Figure::to_png`] draws it as a picture.
//!
//! Texts are measured with Liberation Sans, which this crate carries (SIL Open Font License) and which is as
//! wide as Arial and Helvetica; no system font is ever asked. Scripts that these fonts lack, for example
//! Chinese, are given room and shown by viewers that have such a font; in pictures and PDF they are empty boxes unless
//! [`Fonts`] are given that have them ([`Figure::missing_glyphs`] names them).
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

mod before_after;
mod chart;
mod figure;
mod fonts;
mod footer;
mod forest;
pub mod format;
mod funnel;
mod further;
mod gosh;
mod kaplan_meier;
mod number_at_risk;
mod options;
mod palette;
mod pdf;
mod pdf_fonts;
mod pooled_survival;
mod prisma;
mod raster;
mod reconstruction;
mod risk_of_bias;
mod scale;
pub mod sentences;
mod specification_curve;
mod survival_axes;
mod survival_diagnostics;
mod svg;
#[cfg(test)]
mod test_data;
mod text_metrics;
mod theme;

pub use before_after::{BeforeAfterGroup, BeforeAfterRow, NumberWithLimits, before_after_figure};
pub use figure::{Figure, FigureFormat, PlotError};
pub use fonts::Fonts;
pub use forest::{EstimateForest, EstimateMark, EstimateRow, estimate_forest, forest_plot};
pub use funnel::{TrimmedFunnel, funnel_plot, trim_and_fill_funnel};
pub use further::{
    BaujatStudy, BubbleLine, BubblePlot, BubblePoint, InfluenceStudy, baujat_plot, bubble_plot, drapery_plot,
    influence_plot, labbe_plot, radial_plot,
};
pub use gosh::{GoshDensity, GoshHighlight, gosh_plot};
pub use kaplan_meier::{ArmCurve, kaplan_meier_figure};
pub use options::{
    ChartOptions, ForestColumn, ForestOptions, FunnelOptions, FurtherColumn, KaplanMeierOptions,
    SurvivalFigureOptions,
};
pub use pooled_survival::survival_figure;
pub use prisma::{PrismaCount, PrismaFlow, prisma_diagram};
pub use reconstruction::reconstructed_over_digitized;
pub use risk_of_bias::{
    Judgement, RiskOfBias, RiskOfBiasStudy, risk_of_bias_summary, risk_of_bias_traffic_lights,
};
pub use scale::{Scale, ScaleKind, linear_ticks, log_ticks, nice_step, time_step};
pub use specification_curve::{
    ChoiceAxis, Specification, SpecificationCurve, SpecificationCurveOptions, specification_curve,
};
pub use survival_diagnostics::{SchoenfeldPlot, log_log_plot, schoenfeld_plot};
pub use svg::{Anchor, Stroke, Svg, TextBox, TextStyle};
pub use text_metrics::{FontWeight, TextMetrics};
pub use theme::{ForestLayout, Palette, Theme};
