//! One self-contained HTML report of a meta-analysis.
//!
//! The caller computes and draws; it hands over a [`Report`], a plain value that can also be read from JSON.
//! [`render`] composes the text that follows from the settings (methods, references, captions), sets the
//! tables, and puts figures and pictures inside, so that the file opens offline, on a phone and on paper.
//! There are no scripts. Every text is escaped; the SVG of [`Figure`](kmeta_plot_svg::Figure)s is the only
//! markup that is taken over, and is refused when it holds a script.

mod base64_bytes;
mod figures;
mod page;
mod report;
mod sections;

use page::{Block, Page, Section, TablesPage, number_figures};

pub use report::{
    AdverseEventCount, AdverseEvents, ArmSummary, CaptionedFigure, ComparisonSection, CurvePoint,
    CurveReference, EffectSection, FailedAnalysis, FigureSection, FurtherSection, InputFile, PanelSummary,
    ReconstructionSection, Report, ReportProvenance, SurvivalSection, TabulatedSection, TextColumn,
    TextTable, TrialCharacteristics,
};

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A figure holds a script or is no SVG: it was not drawn by `kmeta-plot-svg`, or was changed.
    #[error("the figure \"{figure}\" is not a plain SVG drawing: draw it again")]
    UnsafeFigure {
        /// The figure's description.
        figure: String,
    },
    /// A template is faulty: a bug of this crate.
    #[error("the report's template failed (please report this): {0}")]
    Template(#[from] minijinja::Error),
}

/// The report as one HTML file that needs nothing else: styles, figures and pictures are inside, no scripts.
/// The same input gives the same bytes.
///
/// # Errors
/// [`ReportError::UnsafeFigure`] when a figure holds more than a drawing; [`ReportError::Template`] when a
/// template fails, which no input should bring about.
pub fn render(report: &Report) -> Result<String, ReportError> {
    for figure in all_figures(report) {
        if !is_plain_drawing(&figure.svg) {
            return Err(ReportError::UnsafeFigure { figure: figure.alt_text.clone() });
        }
    }
    let page = Page {
        title: report.title.clone(),
        subtitle: report.subtitle.clone(),
        generator: report.provenance.generator.clone(),
        date: report.provenance.date.clone(),
        notices: report.notices.clone(),
        style: include_str!("../templates/report.css"),
        sections: sections(report),
    };
    let mut environment = minijinja::Environment::new();
    environment.add_template("report.html", include_str!("../templates/report.html"))?;
    environment.add_template("block.html", include_str!("../templates/block.html"))?;
    environment.add_template("table.html", include_str!("../templates/table.html"))?;
    Ok(environment.get_template("report.html")?.render(minijinja::value::Serde(page))?)
}

/// The report's tables alone, as one HTML file whose styles stand in the cells, so that they can be pasted into a word
/// processor.
///
/// # Errors
/// [`ReportError::Template`] when the template fails, which no input should bring about.
pub fn render_tables(report: &Report) -> Result<String, ReportError> {
    let blocks = sections(report).into_iter().flat_map(|section| section.blocks);
    let tables = blocks.filter_map(|block| match block {
        Block::Table { table } | Block::Details { table, .. } => Some(table),
        _ => None,
    });
    let page = TablesPage {
        title: report.title.clone(),
        generator: report.provenance.generator.clone(),
        tables: tables.collect(),
    };
    let mut environment = minijinja::Environment::new();
    environment.add_template("word.html", include_str!("../templates/word.html"))?;
    Ok(environment.get_template("word.html")?.render(minijinja::value::Serde(page))?)
}

/// The sections in order; those without content are left out.
fn sections(report: &Report) -> Vec<Section> {
    let further = sections::further::sections(report);
    let results = [
        sections::summary::section(report),
        sections::methods::section(report),
        sections::trials::section(report),
        sections::effects::responses(report),
        sections::survival::section(report),
        sections::effects::hazard_ratios(report),
        sections::effects::effects(report),
        sections::tabulated::section(report),
        sections::comparisons::section(report),
    ];
    let behind = [
        sections::effects::failures(report),
        sections::adverse_events::section(report),
        sections::digitized::section(report),
        sections::fidelity::section(report),
        sections::sources::section(report),
        sections::warnings::section(report),
        sections::prisma::section(report),
        sections::references::section(report),
        sections::provenance::section(report),
    ];
    let all = results.into_iter().chain(further).chain(behind);
    let mut sections: Vec<Section> = all.filter(|section| !section.blocks.is_empty()).collect();
    number_figures(&mut sections);
    sections
}

fn all_figures(report: &Report) -> impl Iterator<Item = &kmeta_plot_svg::Figure> {
    report
        .effect_sections()
        .flat_map(|section| std::iter::once(&section.forest).chain(&section.funnel))
        .chain(report.survival.iter().map(|section| &section.figure))
        .chain(report.comparisons.iter().filter_map(|section| section.figure.as_ref()))
        .chain(report.reconstructions.iter().filter_map(|section| section.figure.as_ref()))
        .chain(captioned(report).map(|captioned| &captioned.figure))
}

fn captioned(report: &Report) -> impl Iterator<Item = &CaptionedFigure> {
    let of_effects = report.effect_sections().flat_map(|section| &section.figures);
    let of_survival = report.survival.iter().flat_map(|section| &section.figures);
    of_effects.chain(of_survival).chain(report.further.iter().flat_map(|section| &section.figures))
}

/// Whether the text is an SVG element made of shapes and text only. `kmeta-plot-svg` escapes every text, so
/// that none of these can come from a label.
fn is_plain_drawing(svg: &str) -> bool {
    const ELEMENTS: [&str; 10] =
        ["svg", "title", "rect", "text", "line", "polyline", "polygon", "circle", "path", "g"];
    let handler = |tag: &str| {
        tag.split_whitespace().skip(1).any(|attribute| {
            let name = attribute.to_ascii_lowercase();
            name.starts_with("on") || name.contains("href") || name.contains("url(")
        })
    };
    let mut tags = svg.split('<').skip(1);
    svg.starts_with("<svg")
        && tags.all(|tag| {
            let tag = tag.split('>').next().unwrap_or_default();
            let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().unwrap_or_default();
            // Only the drawing's own description may hold free text among its attributes.
            ELEMENTS.contains(&name) && (name == "svg" || !handler(tag))
        })
}
