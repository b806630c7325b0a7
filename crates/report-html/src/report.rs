//! What the caller hands over: everything that a report shows.

use kmeta_plot_svg::Figure;
use kmeta_trial_data::{
    Check, DigitizedFigure, Fidelity, FigureSource, Finding, Interval, PooledEffect, PooledSurvival,
    TimeUnit, Verdict,
};
use serde::{Deserialize, Serialize};

/// The content of a report. Plain values: the caller computes and draws, this crate composes text and tables.
/// Sections whose list is empty are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Title of the study.
    pub title: String,
    /// Line below the title, for example the publication that the study follows; empty for none.
    pub subtitle: String,
    /// Notices in a box at the top, for example that figures are stand-ins.
    pub notices: Vec<String>,
    /// Unit of every time outside [`PooledSurvival`] (which states its own).
    pub time_unit: TimeUnit,
    /// Paragraphs added to the methods that are composed from the results' settings, for example remarks of
    /// the project file.
    pub methods: Vec<String>,
    /// Table 1, in order.
    pub trials: Vec<TrialCharacteristics>,
    /// Pooled proportions.
    pub responses: Vec<EffectSection>,
    /// Pooled survival.
    pub survival: Vec<SurvivalSection>,
    /// Pooled hazard ratios.
    pub hazard_ratios: Vec<EffectSection>,
    /// Pooled effects that are neither proportions nor hazard ratios, for example odds ratios.
    pub effects: Vec<EffectSection>,
    /// Analyses whose result is a set of tables.
    pub tabulated: Vec<TabulatedSection>,
    /// Two arms of a trial compared from reconstructed patients.
    pub comparisons: Vec<ComparisonSection>,
    /// Sections of any content, for example sensitivity analyses, in order.
    #[serde(default)]
    pub further: Vec<FurtherSection>,
    /// Analyses that gave no result.
    pub failures: Vec<FailedAnalysis>,
    /// Caption of the adverse-event table; empty for a general one.
    pub adverse_events_title: String,
    /// The adverse-event table, in order.
    pub adverse_events: Vec<AdverseEvents>,
    /// Every figure that was read.
    pub figures: Vec<FigureSection>,
    /// Every arm that was reconstructed.
    pub reconstructions: Vec<ReconstructionSection>,
    /// Findings of all stages. Those inside the pooled results above are added, each once.
    pub findings: Vec<Finding>,
    /// How the report can be made again.
    pub provenance: ReportProvenance,
}

impl Report {
    /// Every pooled effect, in the order of the sections.
    pub(crate) fn effect_sections(&self) -> impl Iterator<Item = &EffectSection> {
        self.responses.iter().chain(&self.hazard_ratios).chain(&self.effects)
    }
}

/// One trial (or one arm of it) in Table 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialCharacteristics {
    /// Identifier, the one that the rows of pooled results carry; empty for none, and rows then lead nowhere.
    #[serde(default)]
    pub id: String,
    /// Name to print; with the arm's where there are several.
    pub label: String,
    /// What the paper prints of it, one sentence per kind of number.
    #[serde(default)]
    pub printed: Vec<String>,
    /// Further columns as `(heading, text)`, for example `("Drug", "Lenvatinib")`. The table has every heading
    /// that any trial has, in order of first appearance; a trial without it shows a dash.
    pub columns: Vec<(String, String)>,
    /// The publication, for the references; empty for none.
    pub source: String,
}

/// A pooled effect with its figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EffectSection {
    /// The result; its `id` becomes the anchor, its `title` the heading.
    pub result: PooledEffect,
    /// The forest plot.
    pub forest: Figure,
    /// The funnel plot, where one is drawn.
    pub funnel: Option<Figure>,
    /// Further figures of the same studies.
    #[serde(default)]
    pub figures: Vec<CaptionedFigure>,
    /// Further analyses of the same studies: leave-one-out, small-study effects and so on.
    pub further: Vec<TextTable>,
    /// Sentences shown with the result, for example a stand-in notice.
    pub notes: Vec<String>,
    /// Trials that do not take part, as `(trial, reason)`.
    pub left_out: Vec<(String, String)>,
}

/// An analysis whose result is a set of tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TabulatedSection {
    /// Becomes the anchor.
    pub id: String,
    /// The heading.
    pub title: String,
    /// What was done, in words.
    pub paragraphs: Vec<String>,
    /// The numbers.
    pub tables: Vec<TextTable>,
    /// Sentences shown with the result.
    pub notes: Vec<String>,
    /// Trials that do not take part, as `(trial, reason)`.
    pub left_out: Vec<(String, String)>,
}

/// A section of any content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FurtherSection {
    /// Becomes the anchor; unique among the report's sections.
    pub id: String,
    /// The heading.
    pub title: String,
    /// Sentences that must not be overlooked.
    pub notes: Vec<String>,
    /// What was done and found, in words.
    pub paragraphs: Vec<String>,
    /// Figures, each with the table behind it.
    pub figures: Vec<CaptionedFigure>,
    /// Further tables.
    pub tables: Vec<TextTable>,
}

/// A figure with its caption.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaptionedFigure {
    /// The drawing.
    pub figure: Figure,
    /// What it shows and how it was made.
    pub caption: String,
    /// The numbers that are drawn, where they stand nowhere else; folded away below the figure.
    #[serde(default)]
    pub table: Option<TextTable>,
}

/// A table of texts, ready to be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextTable {
    /// What the table shows.
    pub caption: String,
    /// Its columns; every row has a text for each.
    pub columns: Vec<TextColumn>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

/// A column of a [`TextTable`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextColumn {
    /// The heading.
    pub heading: String,
    /// Whether it holds numbers, which are set flush right.
    pub is_number: bool,
}

/// A pooled survival curve with its figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SurvivalSection {
    /// The result; its `id` becomes the anchor, its `title` the heading.
    pub result: PooledSurvival,
    /// Name of the endpoint to print, for example "Overall survival".
    pub endpoint: String,
    /// The pooled curve.
    pub figure: Figure,
    /// Further figures of the same trials.
    #[serde(default)]
    pub figures: Vec<CaptionedFigure>,
    /// Further tables, for example the curves of subgroups.
    pub further: Vec<TextTable>,
    /// Sentences shown with the result.
    pub notes: Vec<String>,
    /// Trials that do not take part, as `(trial, reason)`.
    pub left_out: Vec<(String, String)>,
}

/// Two arms of one trial, from reconstructed patients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparisonSection {
    /// Name of the trial to print.
    pub label: String,
    /// Name of the endpoint to print.
    pub endpoint: String,
    /// Name of the arm whose hazard is in the numerator.
    pub treated: String,
    /// Name of the arm whose hazard is in the denominator.
    pub reference: String,
    /// Hazard ratio of the Cox model.
    pub hazard_ratio: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// p value of Wald's test.
    pub p_value: f64,
    /// p value of the log-rank test.
    pub log_rank_p_value: f64,
    /// The hazard ratio as printed with its interval, where it is.
    pub printed: Option<(f64, Interval)>,
    /// The Kaplan-Meier figure of both arms, where one is drawn.
    pub figure: Option<Figure>,
    /// Sentences shown with the comparison.
    pub notes: Vec<String>,
}

/// An analysis without a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailedAnalysis {
    /// Its title.
    pub title: String,
    /// Why there is no result.
    pub reason: String,
    /// Trials that do not take part, as `(trial, reason)`.
    pub left_out: Vec<(String, String)>,
}

/// The adverse events of one trial or arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdverseEvents {
    /// Name of the trial or arm to print.
    pub label: String,
    /// Treatment; empty when not stated.
    pub treatment: String,
    /// The events as printed.
    pub events: Vec<AdverseEventCount>,
}

/// How many patients had one adverse event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdverseEventCount {
    /// Name of the event.
    pub name: String,
    /// Patients with the event.
    pub events: u32,
    /// Patients assessed.
    pub total: u32,
}

/// A figure that was read, with the trace drawn over it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FigureSection {
    /// Heading, for example "Wirth 2021, overall survival".
    pub title: String,
    /// What must be said beside the picture, for example that it is a stand-in.
    pub notes: Vec<String>,
    /// The file and its hash.
    pub source: FigureSource,
    /// Whether it can be used.
    pub verdict: Verdict,
    /// The checks behind the verdict.
    pub checks: Vec<Check>,
    /// What was found in each panel; may be empty when the sidecar is not at hand. [`Self::panels_of`] makes it.
    pub panels: Vec<PanelSummary>,
    /// Number of curves that were traced.
    pub curves: usize,
    /// The picture with the trace over it, PNG; empty when there is none. In JSON as base64.
    #[serde(with = "crate::base64_bytes")]
    pub overlay_png: Vec<u8>,
}

/// What was found in one panel of a figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PanelSummary {
    /// Letter or title as printed; empty when there is none.
    pub name: String,
    /// The time axis in words, for example "0 to 24 months, 9 ticks".
    pub time_axis: String,
    /// Distance of the time ticks from their line, root mean square, in pixels.
    pub time_residual_px: f64,
    /// The survival axis in words.
    pub survival_axis: String,
    /// Distance of the survival ticks from their line, in pixels.
    pub survival_residual_px: f64,
    /// Rows and columns of the risk table, where there is one.
    pub risk_table: Option<(usize, usize)>,
    /// The arms.
    pub arms: Vec<ArmSummary>,
}

/// One traced curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmSummary {
    /// Name that was read; empty when none was found.
    pub label: String,
    /// Colour of the line, `#rrggbb`.
    pub color: String,
    /// Corners of the curve.
    pub corners: usize,
    /// Where the line ends.
    pub curve_end: f64,
    /// Survival at its end.
    pub survival_end: f64,
    /// Censor marks.
    pub censor_marks: usize,
    /// Median of the digitized curve.
    pub median: Option<f64>,
    /// The corners of the curve.
    #[serde(default)]
    pub points: Vec<CurvePoint>,
}

/// A corner of a traced curve: where survival drops.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Time, in the unit of the picture's axis.
    pub time: f64,
    /// Survival from this time on, a fraction.
    pub survival: f64,
    /// Column of the picture, in pixels from the left edge.
    pub x_px: f64,
    /// Row of the picture, in pixels from the upper edge.
    pub y_px: f64,
}

impl FigureSection {
    /// Summaries of the panels of a digitized figure.
    pub fn panels_of(figure: &DigitizedFigure) -> Vec<PanelSummary> {
        figure.panels.iter().map(crate::figures::panel_summary).collect()
    }
}

/// How well the patients of one arm reproduce what is printed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReconstructionSection {
    /// Identifier of the trial, as in Table 1; empty when not known.
    #[serde(default)]
    pub trial: String,
    /// The traced curve that the patients come from, where it is in the report.
    #[serde(default)]
    pub curve: Option<CurveReference>,
    /// File of the patients in the output folder; empty for none.
    #[serde(default)]
    pub patients_file: String,
    /// Name of the trial and arm to print.
    pub label: String,
    /// Name of the endpoint to print.
    pub endpoint: String,
    /// The measures of agreement; times in the report's unit.
    pub fidelity: Fidelity,
    /// Reconstructed over digitized curve, where it is drawn.
    pub figure: Option<Figure>,
}

/// A traced curve among the report's figures, each position counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurveReference {
    /// Position in [`Report::figures`].
    pub figure: usize,
    /// Position in [`FigureSection::panels`].
    pub panel: usize,
    /// Position in [`PanelSummary::arms`].
    pub arm: usize,
}

/// How the report can be made again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportProvenance {
    /// Program and version, for example "kmeta 0.1.0".
    pub generator: String,
    /// Command that makes it again; empty for none.
    pub command: String,
    /// Every file that went in.
    pub inputs: Vec<InputFile>,
    /// Seed of random numbers, where they were used.
    pub seed: Option<u64>,
    /// Settings as `(name, value)`, in order.
    pub settings: Vec<(String, String)>,
    /// When the report was made, as text; empty (no date) keeps the report the same for the same input.
    pub date: String,
}

/// A file that went in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// What it is, for example "project file" or "figure".
    pub role: String,
    /// Its path as the project file names it.
    pub file: String,
    /// SHA-256 as lower-case hexadecimal.
    pub sha256: String,
}
