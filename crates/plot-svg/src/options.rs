//! What a person may choose about each figure. Every field has a default that suits a journal.

use kmeta_trial_data::TimeUnit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ForestLayout;

/// A column of a forest plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ForestColumn {
    /// Patients with the event (of the treatment arm).
    Events,
    /// Patients (of the treatment arm).
    Total,
    /// Both as "2/11".
    EventsOfTotal,
    /// Patients of the control arm with the event.
    ControlEvents,
    /// Patients of the control arm.
    ControlTotal,
    /// Both as "2/11".
    ControlEventsOfTotal,
    /// The effect.
    Effect,
    /// Its interval.
    Interval,
    /// Effect and interval together.
    EffectAndInterval,
    /// Standard error on the analysis scale.
    StandardError,
    /// Weight in the common-effect model.
    WeightCommon,
    /// Weight in the random-effects model.
    WeightRandom,
    /// Weight in the model whose diamond is drawn: of the random effects where both are.
    Weight,
}

/// A column of the user's own in a forest plot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FurtherColumn {
    /// Its heading.
    pub heading: String,
    /// Whether it stands right of the drawing.
    #[serde(default)]
    pub right: bool,
    /// What it says, by identifier of the trial or name of the subgroup.
    pub values: std::collections::BTreeMap<String, String>,
}

/// Choices about a forest plot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ForestOptions {
    /// Heading of the first column; that of the layout when empty.
    pub study_heading: String,
    /// Heading of the effect column; empty for "Proportion", "Percent" or "Hazard ratio" after the measure.
    pub effect_heading: String,
    /// Show proportions as percentages.
    pub percent: bool,
    /// Decimals of effects and their intervals; 2 when left out, 1 for percentages.
    pub effect_digits: Option<usize>,
    /// Decimals of p values; smaller ones are printed as "< 0.0001". Layouts of journals have their own.
    pub p_digits: usize,
    /// Draw the common-effect diamond and, with `show_weights`, its column of weights.
    pub show_common: bool,
    /// Draw the random-effects diamond.
    pub show_random: bool,
    /// Draw the prediction interval, where there is one.
    pub show_prediction: bool,
    /// Columns of weights.
    pub show_weights: bool,
    /// Ends of the axis on the reading scale (a fraction or a hazard ratio); chosen from the data when left
    /// out. Intervals that reach beyond are cut with an arrow.
    pub axis_limits: Option<[f64; 2]>,
    /// Places of the ticks on the reading scale; chosen from the axis when empty.
    pub ticks: Vec<f64>,
    /// A vertical line at an effect of interest, on the reading scale. Hazard ratios always have one at 1.
    pub reference_line: Option<f64>,
    /// Lines at effects where a decision changes, on the reading scale, for example a response rate of 0.1.
    pub decision_lines: Vec<f64>,
    /// Text below the left half of the axis, for example "favours combination".
    pub favours_left: String,
    /// Text below the right half of the axis.
    pub favours_right: String,
    /// The layout: what journals and programs print where.
    pub layout: ForestLayout,
    /// Columns left of the drawing; those of the layout when left out.
    pub columns_left: Option<Vec<ForestColumn>>,
    /// Columns right of the drawing; those of the layout when left out.
    pub columns_right: Option<Vec<ForestColumn>>,
    /// Columns of the user's own.
    pub further_columns: Vec<FurtherColumn>,
    /// Width of the figure in pixels: the drawing takes what the columns leave, at least 120. Overrules
    /// `drawing_width`.
    pub width: Option<f64>,
    /// Width of the drawing between the columns, in pixels.
    pub drawing_width: f64,
    /// Widest that the study column may become before names are wrapped, in pixels.
    pub study_width_max: f64,
    /// A notice shown at the foot of the figure, for example that its input is a stand-in.
    pub note: String,
}

impl Default for ForestOptions {
    fn default() -> Self {
        Self {
            study_heading: String::new(),
            effect_heading: String::new(),
            percent: false,
            effect_digits: None,
            p_digits: 4,
            show_common: true,
            show_random: true,
            show_prediction: true,
            show_weights: true,
            axis_limits: None,
            ticks: Vec::new(),
            reference_line: None,
            decision_lines: Vec::new(),
            favours_left: String::new(),
            favours_right: String::new(),
            layout: ForestLayout::Plain,
            columns_left: None,
            columns_right: None,
            further_columns: Vec::new(),
            width: None,
            drawing_width: 300.0,
            study_width_max: 240.0,
            note: String::new(),
        }
    }
}

/// Choices about a funnel plot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FunnelOptions {
    /// Title of the effect axis; empty for the name of the measure.
    pub axis_title: String,
    /// Centre the funnel at the random-effects mean; else at the common-effect mean, as R meta does.
    pub center_random: bool,
    /// Write each study's name beside its point where there is room.
    pub show_labels: bool,
    /// Shade the ground by the p value of a study there (Peters et al. 2008).
    pub contours: bool,
    /// Draw the line of Egger's regression.
    pub egger_line: bool,
    /// Give points the colours of their subgroups, where there are two to seven.
    pub color_subgroups: bool,
    /// Decimals of p values.
    pub p_digits: usize,
    /// Width of the figure in pixels.
    pub width: f64,
    /// A notice shown at the foot of the figure.
    pub note: String,
}

impl Default for FunnelOptions {
    fn default() -> Self {
        Self {
            axis_title: String::new(),
            center_random: false,
            show_labels: true,
            contours: false,
            egger_line: false,
            color_subgroups: true,
            p_digits: 4,
            width: 560.0,
            note: String::new(),
        }
    }
}

/// Choices about the figure of a pooled survival curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SurvivalFigureOptions {
    /// Title of the survival axis, for example "Overall survival".
    pub survival_title: String,
    /// Survival axis in percent.
    pub percent: bool,
    /// End of the time axis; at or just after the last of the asked times when left out.
    pub time_end: Option<f64>,
    /// Distance of the time ticks; at the asked times when left out, as many as have room.
    pub time_step: Option<f64>,
    /// Also draw the common-effect curve, dashed.
    pub show_common: bool,
    /// Draw the band in which a new trial's survival is expected, where the method gives one.
    pub show_prediction: bool,
    /// Draw each trial in a colour of its own, with a legend, rather than in grey.
    pub color_trials: bool,
    /// Write each trial's name at the end of its curve.
    pub show_trial_labels: bool,
    /// Width of the figure in pixels.
    pub width: f64,
    /// Height of the plot area in pixels.
    pub plot_height: f64,
    /// A notice shown at the foot of the figure, for example that its input is a stand-in.
    pub note: String,
}

impl Default for SurvivalFigureOptions {
    fn default() -> Self {
        Self {
            survival_title: "Survival".to_owned(),
            percent: false,
            time_end: None,
            time_step: None,
            show_common: false,
            show_prediction: true,
            color_trials: false,
            show_trial_labels: true,
            width: 680.0,
            plot_height: 340.0,
            note: String::new(),
        }
    }
}

/// Choices about a Kaplan-Meier figure of one or several arms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KaplanMeierOptions {
    /// Title above the figure; none when empty.
    pub title: String,
    /// Title of the survival axis, for example "Progression-free survival".
    pub survival_title: String,
    /// Title of the time axis; empty for "Time" with the unit.
    pub time_title: String,
    /// Unit of the times: its ticks fall on 3, 6 or 12 months, whole years and the like.
    pub time_unit: Option<TimeUnit>,
    /// Survival axis in percent.
    pub percent: bool,
    /// End of the time axis; after the longest follow-up when left out.
    pub time_end: Option<f64>,
    /// Distance of the time ticks; chosen from the axis when left out.
    pub time_step: Option<f64>,
    /// Draw censored patients as short vertical marks.
    pub show_censor_marks: bool,
    /// Show the numbers at risk below the figure.
    pub show_number_at_risk: bool,
    /// Draw lines from the axes to each median.
    pub show_medians: bool,
    /// Lines of text inside the plot area, for example the hazard ratio and the log-rank p value.
    pub statistics: Vec<String>,
    /// Width of the figure in pixels.
    pub width: f64,
    /// Height of the plot area in pixels.
    pub plot_height: f64,
    /// A notice shown at the foot of the figure.
    pub note: String,
}

impl Default for KaplanMeierOptions {
    fn default() -> Self {
        Self {
            title: String::new(),
            survival_title: "Survival".to_owned(),
            time_title: String::new(),
            time_unit: None,
            percent: false,
            time_end: None,
            time_step: None,
            show_censor_marks: true,
            show_number_at_risk: true,
            show_medians: true,
            statistics: Vec::new(),
            width: 620.0,
            plot_height: 320.0,
            note: String::new(),
        }
    }
}

/// Choices about a figure with two axes: Baujat, radial, L'Abbé, bubble, drapery, GOSH and diagnostic plots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChartOptions {
    /// Show proportions as percentages.
    pub percent: bool,
    /// Write each study's name beside its point where there is room.
    pub show_labels: bool,
    /// Decimals of p values.
    pub p_digits: usize,
    /// Width of the figure in pixels.
    pub width: f64,
    /// Height of the plot area in pixels.
    pub plot_height: f64,
    /// A notice shown at the foot of the figure.
    pub note: String,
}

impl Default for ChartOptions {
    fn default() -> Self {
        Self {
            percent: true,
            show_labels: true,
            p_digits: 4,
            width: 560.0,
            plot_height: 320.0,
            note: String::new(),
        }
    }
}
