//! What the digitizer returns and the sidecar file holds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    AutomaticReading, CurveCounts, FigureOverrides, Finding, Origin, PaperText, PrintedStatistic, RiskTable,
    StepCurve, TimeUnit,
};

/// A rectangle in pixels, edges continuous (a pixel at column 3 spans 3.0 to 4.0).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PixelBox {
    /// Left edge.
    pub left: f64,
    /// Top edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Bottom edge.
    pub bottom: f64,
}

/// Whether a figure can be used as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every check passed.
    Ok,
    /// Curves were read, but a named check failed: a person should look at the overlay.
    Review,
    /// No curve is offered; the findings say what a person should supply.
    Refused,
}

/// One named check behind a [`Verdict`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Name of the check, for example `tick-residual`.
    pub name: String,
    /// Whether it passed.
    pub passed: bool,
    /// What was measured, with unit and limit, in a sentence.
    pub message: String,
}

/// The file that a figure was read from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FigureSource {
    /// File name, without folders.
    pub file: String,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: String,
    /// File format, for example `png` or `pdf`.
    pub format: String,
    /// Page, counted from 1, where pages exist.
    pub page: Option<u32>,
    /// Width in pixels of the page as it was read.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// For a vector file, the resolution it was drawn at, in pixels per inch.
    pub pixels_per_inch: Option<f64>,
    /// Set when the figure is a picture embedded in a page: where it stands there, in pixels of the page drawn at 216
    /// per inch. Width, height and all other coordinates are then those of the picture's own samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<PixelBox>,
}

/// The content of a `NAME.kmfig.json` sidecar: all that was read from one figure file. It is the truth of the
/// figure for every later stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DigitizedFigure {
    /// Version of this file format; 1.
    pub format_version: u32,
    /// The program and version that wrote it.
    pub generator: String,
    /// The file it was read from.
    pub source: FigureSource,
    /// Set when the page was turned upright before it was read: all pixel coordinates below are then those of
    /// the upright page, and [`DigitizedFigure::page_point`] leads back to the file's own pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<PageRotation>,
    /// Whether it can be used as it is.
    pub verdict: Verdict,
    /// The checks behind the verdict.
    pub checks: Vec<Check>,
    /// The panels, left to right and top to bottom.
    pub panels: Vec<Panel>,
    /// What the text of the page says beside the figure, where the file holds it as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<PaperText>,
    /// Everything a person should know.
    pub findings: Vec<Finding>,
    /// What a person stated about the figure. It was applied to everything above, and is kept and applied again
    /// whenever the same file is digitized anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overrides: Option<Box<FigureOverrides>>,
    /// Where a person stated something: what was read without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic: Option<Box<AutomaticReading>>,
    /// The places to look at first, in pixels of the sidecar. Entry `k` (from 1) is drawn enlarged in `NAME.doubt-k.png`, and
    /// the finding whose place ends in `doubt-k` says what is doubtful there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<PixelBox>,
}

impl DigitizedFigure {
    /// The pixel coordinates in the source file of a point `(column, row)` in this figure's coordinates; the same
    /// point where the page was not turned.
    pub fn page_point(&self, point: (f64, f64)) -> (f64, f64) {
        match &self.rotation {
            Some(rotation) => rotation.to_page((self.source.width, self.source.height), point),
            None => point,
        }
    }
}

/// How a page was turned upright before it was read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PageRotation {
    /// Angle in degrees by which the horizontal lines of the page run downwards to the right.
    pub degrees: f64,
    /// Width in pixels of the upright page.
    pub width: u32,
    /// Height in pixels of the upright page.
    pub height: u32,
}

impl PageRotation {
    /// The pixel coordinates on a page of the given width and height of a point on the upright page. Both pages
    /// have their centres in common.
    ///
    /// ```
    /// use kmeta_trial_data::PageRotation;
    /// let rotation = PageRotation { degrees: 90.0, width: 100, height: 200 };
    /// let (x, y) = rotation.to_page((200, 100), (100.0, 100.0));
    /// assert!((x - 100.0).abs() < 1e-9 && (y - 100.0).abs() < 1e-9);
    /// ```
    pub fn to_page(&self, (width, height): (u32, u32), (x, y): (f64, f64)) -> (f64, f64) {
        let (sine, cosine) = self.degrees.to_radians().sin_cos();
        let across = x - f64::from(self.width) / 2.0;
        let down = y - f64::from(self.height) / 2.0;
        (
            f64::from(width) / 2.0 + across * cosine - down * sine,
            f64::from(height) / 2.0 + across * sine + down * cosine,
        )
    }
}

/// One pair of axes with its curves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Panel {
    /// Index of the panel in the figure, from 0.
    pub panel: usize,
    /// Panel letter as printed; empty when there is none.
    pub letter: String,
    /// Title as printed; empty when there is none.
    pub title: String,
    /// What its curves show as printed. Curves and the survival axis of this file are always of survival.
    #[serde(default, skip_serializing_if = "PlottedQuantity::is_survival")]
    pub quantity: PlottedQuantity,
    /// The plot area: the inside of the axes.
    pub plot_area: PixelBox,
    /// Both axes.
    pub axes: Axes,
    /// Numbers at risk, where printed.
    pub risk_table: Option<RiskTable>,
    /// The arms, by descending area under their curves.
    pub arms: Vec<DigitizedArm>,
    /// Other texts that were read.
    pub texts: Vec<ReadText>,
    /// Statistics printed in the panel: for checks, never used in place of what was traced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statistics: Vec<PrintedStatistic>,
}

/// What the printed curves of a panel show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PlottedQuantity {
    /// Survival: the curves fall from 1.
    #[default]
    Survival,
    /// Cumulative incidence: the curves rise from 0. Everything in this file is turned to `1 - incidence`, the
    /// values of the survival axis and its ticks too; the labels of the ticks are as printed.
    Incidence,
}

impl PlottedQuantity {
    /// True for survival.
    pub fn is_survival(&self) -> bool {
        *self == Self::Survival
    }
}

/// The two axes of a panel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Axes {
    /// The time axis: maps pixel columns to times.
    pub x: AxisCalibration,
    /// The survival axis: maps pixel rows to survival fractions.
    pub y: AxisCalibration,
}

/// What the numbers on an axis mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AxisScale {
    /// Times.
    Time,
    /// Probabilities from 0 to 1.
    Fraction,
    /// Percentages from 0 to 100; values are divided by 100 everywhere in this file.
    Percent,
}

/// The straight line that maps pixels to axis values: `value = intercept + slope * pixel`, fitted to the tick
/// marks by least squares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AxisCalibration {
    /// Axis title as printed; empty when it was not read.
    pub title: String,
    /// Unit of a time axis, where the title names it.
    pub unit: Option<TimeUnit>,
    /// What the printed numbers mean.
    pub scale: AxisScale,
    /// Value at pixel coordinate 0.
    pub intercept: f64,
    /// Value per pixel.
    pub slope: f64,
    /// Covariance of `[intercept, slope]`.
    pub covariance: [[f64; 2]; 2],
    /// Root mean square distance of the ticks from the line, in pixels.
    pub residual_px: f64,
    /// Pixel coordinate of the axis line itself, across the axis direction.
    pub line_px: f64,
    /// The ticks that the line was fitted to.
    pub ticks: Vec<AxisTick>,
    /// Who calibrated it.
    pub origin: Origin,
}

impl AxisCalibration {
    /// The axis value at a pixel coordinate.
    pub fn value_at(&self, pixel: f64) -> f64 {
        self.intercept + self.slope * pixel
    }

    /// Standard error of the axis value at a pixel coordinate `p`, from the covariance of the line:
    /// `sqrt(var(intercept) + 2 p cov(intercept, slope) + p^2 var(slope))`.
    pub fn standard_error_at(&self, pixel: f64) -> f64 {
        let [[intercept, mixed], [_, slope]] = self.covariance;
        (intercept + 2.0 * pixel * mixed + pixel * pixel * slope).max(0.0).sqrt()
    }

    /// The pixel coordinate of an axis value.
    pub fn pixel_at(&self, value: f64) -> f64 {
        (value - self.intercept) / self.slope
    }
}

/// A tick mark with its label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AxisTick {
    /// Pixel coordinate along the axis.
    pub pixel: f64,
    /// Axis value (survival as a fraction).
    pub value: f64,
    /// The label as printed; empty when the value follows from the other ticks.
    pub label: String,
    /// The reader's confidence in the label, 0 to 1.
    pub confidence: f64,
}

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LineStyle {
    /// An unbroken line.
    Solid,
    /// Dashes or dots.
    Dashed,
}

/// One arm's curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DigitizedArm {
    /// Name from the legend, the risk table or a label beside the curve; empty when none was found.
    pub label: String,
    /// Colour of the line, `#rrggbb`.
    pub color: String,
    /// How the line is drawn.
    pub line_style: LineStyle,
    /// Width of the line in pixels.
    pub line_width_px: f64,
    /// The step corners: times in the unit of the time axis, survival as a fraction.
    pub curve: StepCurve,
    /// Where the line ends, in the unit of the time axis.
    pub curve_end: f64,
    /// Times of the censor marks, ascending.
    pub censor_times: Vec<f64>,
    /// Standard deviation of a plateau's level as read, as a survival fraction.
    pub survival_uncertainty: f64,
    /// Standard deviation of a drop's time as read, in the unit of the time axis.
    pub time_uncertainty: f64,
    /// Events and censorings as whole numbers, where the levels are exact enough to tell them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<CurveCounts>,
    /// Lower limits of the 95 % interval of the survival at each point of the curve, from its time up to the next
    /// point's: reading error only, not that of the study. Empty where none was computed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub survival_lower: Vec<f64>,
    /// Upper limits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub survival_upper: Vec<f64>,
    /// Standard error of each point's time, in the unit of the time axis.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub time_errors: Vec<f64>,
    /// How each stretch of the curve was seen, from left to right. Empty where it was not judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stretches: Vec<CurveStretch>,
    /// The pattern of a dashed line, where it could be measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dash_pattern: Option<DashPattern>,
}

/// How a stretch of a curve was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StretchFlag {
    /// The arm's own ink was seen.
    Seen,
    /// Other ink lies on it: another arm, a text.
    Occluded,
    /// The line is interrupted: no ink at all.
    Gap,
    /// Ink was seen, but another arm of the same look runs there too: it may be that one's.
    Ambiguous,
}

/// A stretch of a curve that was seen alike all along.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CurveStretch {
    /// Where it begins, in the unit of the time axis.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// How it was seen.
    pub flag: StretchFlag,
    /// How surely the line is this arm's and not another's at the same place, 0 to 1.
    pub identity: f64,
}

/// The pattern of a dashed line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DashPattern {
    /// Length of one repetition along level stretches, in pixels.
    pub period_px: f64,
    /// Lengths of dash, gap, dash, gap ... in one repetition, in pixels.
    pub lengths_px: Vec<f64>,
}

/// What a text in a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TextRole {
    /// An entry of the legend.
    Legend,
    /// The title of an axis.
    AxisTitle,
    /// The heading of the risk table.
    RiskTableTitle,
    /// Anything else.
    Other,
}

/// A text that was read in the figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReadText {
    /// The text.
    pub text: String,
    /// The reader's confidence, 0 to 1.
    pub confidence: f64,
    /// Where it stands.
    pub location: PixelBox,
    /// What it is.
    pub role: TextRole,
}
