//! The figures beside forest, funnel and survival curve: those that the options of an analysis call for, those of two
//! arms, and those of the review itself. Each file takes results and gives named figures; statistics come from the
//! results, never from here.

mod arms;
mod forests;
mod funnels;
mod regression;
mod review;
mod studies;

pub(crate) use arms::checks_of_hazards;
pub(crate) use forests::outcome_forests;
pub(crate) use review::review_figures;

use std::path::Path;

use kmeta_plot_svg::{
    ChartOptions, Figure, Fonts, ForestLayout, ForestOptions, FunnelOptions, PrismaFlow, Theme,
};
use kmeta_trial_data::{Finding, PooledEffect};

use crate::error::CommandError;
use crate::further::FurtherResults;
use crate::project::Trial;
use crate::results::Results;

/// What the figures of one analysis are made from.
pub(crate) struct AnalysisFigures<'a> {
    pub(crate) theme: &'a Theme,
    /// The trials of the study, for their moderators.
    pub(crate) trials: &'a [Trial],
    pub(crate) result: &'a PooledEffect,
    pub(crate) further: Option<&'a FurtherResults>,
    /// What the project file asks of the forest plot.
    pub(crate) forest: Option<&'a ForestOptions>,
    /// What must be said with every figure.
    pub(crate) note: String,
}

impl AnalysisFigures<'_> {
    /// All further figures of the analysis, under the kind that their file names end with.
    pub(crate) fn all(&self) -> Vec<(&'static str, Figure)> {
        let mut figures = Vec::new();
        figures.extend(forests::further_forests(self));
        figures.extend(funnels::further_funnels(self));
        figures.extend(studies::figures_of_studies(self));
        figures.extend(regression::bubble(self));
        figures
    }

    /// Options of the forest plot: what the project file asks, and for the rest the theme.
    pub(crate) fn forest_options(&self) -> ForestOptions {
        let asked = self.forest.cloned().unwrap_or_default();
        let notes = [asked.note.as_str(), self.note.as_str()];
        let note = notes.into_iter().filter(|note| !note.is_empty()).collect::<Vec<&str>>().join(" ");
        let layout = if asked.layout == ForestLayout::Plain { self.theme.layout } else { asked.layout };
        ForestOptions { layout, width: asked.width.or(self.theme.layout_width()), note, ..asked }
    }

    /// Options of forests of other rows than studies: the columns asked for are those of studies.
    fn further_forest_options(&self) -> ForestOptions {
        ForestOptions {
            study_heading: String::new(),
            columns_left: None,
            columns_right: None,
            further_columns: Vec::new(),
            ..self.forest_options()
        }
    }

    pub(crate) fn funnel_options(&self) -> FunnelOptions {
        let usual = FunnelOptions::default();
        FunnelOptions {
            width: self.theme.layout_width().unwrap_or(usual.width),
            note: self.note.clone(),
            ..usual
        }
    }

    fn chart_options(&self) -> ChartOptions {
        chart_options(self.theme, &self.note)
    }
}

fn chart_options(theme: &Theme, note: &str) -> ChartOptions {
    let usual = ChartOptions::default();
    ChartOptions { width: theme.layout_width().unwrap_or(usual.width), note: note.to_owned(), ..usual }
}

/// The fonts of a theme: those that the program carries, and the files named, which stand in `folder`.
///
/// # Errors
/// When a file cannot be read or holds no font.
pub(crate) fn read_fonts(theme: &Theme, folder: &Path) -> Result<Fonts, CommandError> {
    let read = |name: &String| {
        let path = folder.join(name);
        std::fs::read(&path).map_err(|error| CommandError::failed(path.display().to_string(), error))
    };
    let files: Vec<Vec<u8>> = theme.fonts.iter().map(read).collect::<Result<_, _>>()?;
    Fonts::with_files(files).map_err(|error| CommandError::failed("the fonts of the theme", error))
}

/// A finding when titles or names hold characters that no font has: they stay blank in pictures and PDF files.
pub(crate) fn missing_glyphs(results: &Results, fonts: &Fonts) -> Option<Finding> {
    let names = (results.trials.iter()).flat_map(|trial| {
        let arms = trial.arm_views().into_iter().map(|arm| arm.full_label());
        std::iter::once(trial.label.clone()).chain(trial.group.clone()).chain(arms)
    });
    let titles = results.analyses.iter().map(|analysis| analysis.title.clone());
    let texts = names.chain(titles).chain(results.figure_notice.clone());
    let mut missing: Vec<char> = texts
        .flat_map(|text| text.chars().collect::<Vec<char>>())
        .filter(|character| !character.is_whitespace() && !character.is_control())
        .filter(|&character| !fonts.have(character))
        .collect();
    missing.sort_unstable();
    missing.dedup();
    let shown: String = missing.iter().take(12).collect();
    let message = format!(
        "{} characters of names and titles ({shown}) are in no font: PNG, TIFF and PDF show empty boxes. Name a TrueType \
         font that has them in `[theme] fonts`; SVG and the report show them where the reader has such a font",
        missing.len()
    );
    (!missing.is_empty()).then(|| Finding::warning("figure-glyphs-missing", "figures", message))
}

/// Findings about counts of the flow diagram that contradict each other.
pub(crate) fn prisma_findings(flow: Option<&PrismaFlow>) -> Vec<Finding> {
    let contradictions = flow.map(PrismaFlow::contradictions).unwrap_or_default();
    let finding = |message| Finding::warning("prisma-counts-disagree", "prisma", message);
    contradictions.into_iter().map(finding).collect()
}
