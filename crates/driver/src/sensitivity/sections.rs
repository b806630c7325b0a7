//! Other choices in the report.

use kmeta_evidence_pool::Multiverse;
use kmeta_plot_svg::Figure;
use kmeta_report_html::TabulatedSection;

use super::{AnalysisSensitivity, curve_figure, file_stem, gosh_table, subsets_figure, tables};
use crate::result_table::ResultTable;

/// What plausible means, in a sentence.
const RULE: &str = "A choice is plausible when the protocol made it, when the project file states its axis, or when the \
                    page of the method recommends it; a specification is plausible when all its choices are.";

/// A section for each analysis that was repeated.
pub(crate) fn sections(analyses: &[AnalysisSensitivity]) -> Vec<TabulatedSection> {
    let repeated =
        analyses.iter().filter(|found| !found.multiverses.is_empty() || found.all_subsets.is_some());
    repeated
        .map(|found| {
            let mut paragraphs: Vec<String> = found.multiverses.iter().map(how_many).collect();
            paragraphs.push(RULE.to_owned());
            let mut shown: Vec<ResultTable> = found.multiverses.iter().flat_map(tables).collect();
            shown.extend(found.all_subsets.as_ref().map(gosh_table));
            TabulatedSection {
                id: format!("sensitivity-{}", found.id),
                title: format!("{} under other choices", found.title),
                paragraphs,
                tables: shown.iter().map(ResultTable::to_report).collect(),
                notes: found.figure_notice.iter().cloned().collect(),
                left_out: Vec::new(),
            }
        })
        .collect()
}

/// How many specifications were computed, of how many.
pub(crate) fn how_many(multiverse: &Multiverse) -> String {
    let computed = multiverse.all.specifications;
    let how = match (multiverse.sample_seed, multiverse.possible) {
        (None, _) => format!("all {computed} specifications"),
        (Some(seed), Some(possible)) => {
            format!("{computed} of {possible} specifications, a sample with seed {seed}")
        }
        (Some(seed), None) => format!("{computed} specifications, a sample with seed {seed}"),
    };
    format!("{}: {how}", multiverse.quantity)
}

/// Every figure with the name of its files.
pub(crate) fn figures(analyses: &[AnalysisSensitivity]) -> Vec<(String, Figure)> {
    let mut figures = Vec::new();
    for analysis in analyses {
        let (title, notice) = (analysis.title.as_str(), analysis.figure_notice.as_deref());
        for multiverse in &analysis.multiverses {
            let name = format!("{}.specification-curve", file_stem(multiverse));
            figures.push((name, curve_figure(title, notice, multiverse)));
        }
        if let Some(subsets) = &analysis.all_subsets {
            figures.push((format!("{}.all-subsets", analysis.id), subsets_figure(title, notice, subsets)));
        }
    }
    figures
}
