//! Plots and the report, from the results alone.

use crate::error::CommandError;
use crate::results::{AnalysisResult, Results};

/// The plots (SVG and PNG) and the report as named files. `overlays` are the figures' overlays as PNG.
pub(crate) fn plots_and_report(
    results: &Results,
    overlays: Vec<Vec<u8>>,
) -> Result<Vec<(String, Vec<u8>)>, CommandError> {
    let _ = (results, overlays);
    Ok(Vec::new())
}

/// The plots of one analysis as named files.
pub(crate) fn plot_files(analysis: &AnalysisResult) -> Result<Vec<(String, Vec<u8>)>, CommandError> {
    let _ = analysis;
    Ok(Vec::new())
}
