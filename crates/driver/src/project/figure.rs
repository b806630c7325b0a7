//! Survival figures: which picture shows which arm of which trial.

use indexmap::IndexMap;
use kmeta_trial_data::TimeUnit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Trial;

/// One survival figure of one trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The picture (PNG, JPEG, TIFF, WebP, BMP, GIF or PDF), relative to this file.
    pub file: String,
    /// Id of the trial it belongs to.
    pub trial: String,
    /// Endpoint, a short name that analyses ask for, for example `os`.
    pub endpoint: String,
    /// Page of a PDF, counted from 1; needed when there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub page: Option<u32>,
    /// Panel of the picture, counted from 0 from left to right and top to bottom; needed when there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panel: Option<usize>,
    /// Unit of the picture's time axis, where it is not the study's. Times are converted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_unit: Option<TimeUnit>,
    /// Which curve is which arm, for a trial with several: on the left how the curve is recognized (its printed
    /// name, its colour as `#rrggbb`, or its position counted from 1 from the highest curve down), on the right
    /// the id of the arm, for example `{ "Anlotinib" = "anlotinib", "#4682b4" = "placebo" }`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub arms: IndexMap<String, String>,
    /// Numbers at risk typed by a person, in place of those read from the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk_table: Option<TypedRiskTable>,
    /// Reconstruct the two arms together, so that the hazard ratio and p value printed of them (`hazard_ratios` of the
    /// trial) are met as closely as the curves allow. A comparison of printed and reconstructed hazard ratios then says
    /// nothing about the curves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub meet_hazard_ratio: bool,
}

/// Numbers at risk typed by a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TypedRiskTable {
    /// Times of the columns, increasing, in the unit of the picture's time axis.
    pub times: Vec<f64>,
    /// Patients at risk at each time, by arm id (`all` for a trial with a single arm), for example
    /// `{ all = [34, 18, 8] }`.
    #[schemars(with = "std::collections::BTreeMap<String, Vec<u32>>")]
    pub counts: IndexMap<String, Vec<u32>>,
}

/// How a person recognizes a curve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TracedArm<'a> {
    /// By its printed name.
    Label(&'a str),
    /// By its colour, red, green, blue.
    Color([u8; 3]),
    /// By its position, counted from 0 from the highest curve down.
    Position(usize),
    /// The only curve there is.
    Only,
}

impl<'a> TracedArm<'a> {
    /// Understands the left side of an entry of [`Figure::arms`]. `None` for a malformed colour or position 0.
    pub fn parse(text: &'a str) -> Option<Self> {
        if let Some(hexadecimal) = text.strip_prefix('#') {
            return parse_color(hexadecimal).map(Self::Color);
        }
        match text.parse::<usize>() {
            Ok(0) => None,
            Ok(position) => Some(Self::Position(position - 1)),
            Err(_) => Some(Self::Label(text)),
        }
    }
}

/// Reads `rrggbb`.
pub(crate) fn parse_color(hexadecimal: &str) -> Option<[u8; 3]> {
    if hexadecimal.len() != 6 || !hexadecimal.is_ascii() {
        return None;
    }
    let channel = |at: usize| u8::from_str_radix(&hexadecimal[at..at + 2], 16).ok();
    Some([channel(0)?, channel(2)?, channel(4)?])
}

impl Figure {
    /// Name of the figure's output files: the file name without folder and extension.
    pub fn name(&self) -> String {
        let path = std::path::Path::new(&self.file);
        path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
    }

    /// Which curve is which arm id of `trial`, in the order of the file.
    pub fn arm_assignments<'a>(&'a self, trial: &'a Trial) -> Vec<(TracedArm<'a>, &'a str)> {
        if self.arms.is_empty() && trial.arms.is_empty() {
            return vec![(TracedArm::Only, Trial::SINGLE_ARM)];
        }
        self.arms.iter().filter_map(|(traced, arm)| Some((TracedArm::parse(traced)?, arm.as_str()))).collect()
    }
}
