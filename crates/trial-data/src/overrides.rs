//! What a person states about a figure: it wins over what was read, and survives every rerun.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Check, Finding, Panel, PixelBox, Verdict};

/// The block `overrides` of a sidecar: everything in it was stated by a person and wins over the automatic reading.
/// All fields may be left out. Pixel coordinates are those of the sidecar: of the picture as it was read, with the
/// origin at its top left corner.
///
/// ```
/// use kmeta_trial_data::FigureOverrides;
/// let stated = r#"{ "panels": [{ "panel": 0, "number_of_arms": 2,
///     "risk_cells": [{ "arm": "Placebo", "time": 6, "number": 41 }] }] }"#;
/// let overrides: FigureOverrides = serde_json::from_str(stated)?;
/// assert_eq!(overrides.panels[0].number_of_arms, Some(2));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureOverrides {
    /// Who states this, for the record.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// Why, for the record.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The part of the picture that is read; everything outside is taken for empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<PixelBox>,
    /// Ink that is to be ignored: texts, arrows, an inset. A curve may run on below it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masks: Vec<PixelBox>,
    /// What is stated about single panels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub panels: Vec<PanelOverrides>,
    /// A person looked at the overlay and takes the figure as it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Acceptance>,
}

/// A person's acceptance of a figure as it was read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// Who accepted it.
    pub by: String,
    /// Why, or what was compared.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// What a person states about one panel.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PanelOverrides {
    /// Index of the panel in the automatic reading, from 0. A panel that was not read takes the next free number.
    #[serde(default)]
    pub panel: usize,
    /// The inside of the axes, where it was not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plot_area: Option<PixelBox>,
    /// Two or more points of the time axis: pixel column and time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub x_axis: Vec<AxisPoint>,
    /// Two or more points of the survival axis: pixel row and value as printed (fraction, percent or incidence).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub y_axis: Vec<AxisPoint>,
    /// How many curves are arms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_of_arms: Option<usize>,
    /// The arms by colour or by name. Where a colour is stated, only ink of the stated colours is traced; a colour that is
    /// stated twice has two arms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arms: Vec<ArmOverride>,
    /// Points that a curve must pass through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub way_points: Vec<WayPoints>,
    /// Numbers at risk.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub risk_cells: Vec<RiskCellOverride>,
    /// Censor marks that were missed or invented.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub censor_marks: Vec<CensorOverride>,
    /// Curves that are no arms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drop_arms: Vec<ArmReference>,
}

/// A point of an axis with its value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AxisPoint {
    /// Pixel column (time axis) or pixel row (survival axis).
    pub pixel: f64,
    /// The value as printed.
    pub value: f64,
}

/// Which arm of a panel is meant: its position from 0 (from the highest curve down, before any is dropped), its name,
/// or its colour as `#rrggbb`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ArmReference {
    /// Position among the panel's arms, from 0.
    Position(usize),
    /// Name, or colour as `#rrggbb`.
    Name(String),
}

impl std::fmt::Display for ArmReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Position(position) => write!(f, "{position}"),
            Self::Name(name) => write!(f, "`{name}`"),
        }
    }
}

/// The colour and the name of an arm.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArmOverride {
    /// The arm that is named, where no colour tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<ArmReference>,
    /// Colour of its line, `#rrggbb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Points that the curve of an arm must pass through. An arm that was not found is traced anew through them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WayPoints {
    /// The arm.
    pub arm: ArmReference,
    /// Points as `[column, row]` in pixels.
    pub points: Vec<[f64; 2]>,
}

/// One number at risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiskCellOverride {
    /// The arm.
    pub arm: ArmReference,
    /// Time of the column, in the unit of the time axis.
    pub time: f64,
    /// The number; null for a cell that is blank.
    pub number: Option<u32>,
}

/// Censor marks of an arm that were missed or invented.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CensorOverride {
    /// The arm.
    pub arm: ArmReference,
    /// Times of marks that were missed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<f64>,
    /// Times of marks that are none; the nearest mark that was read is removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<f64>,
}

impl FigureOverrides {
    /// What is stated about a panel.
    pub fn of_panel(&self, panel: usize) -> Option<&PanelOverrides> {
        self.panels.iter().find(|stated| stated.panel == panel)
    }

    /// What is wrong with the statements themselves, in sentences; empty when nothing is.
    pub fn mistakes(&self) -> Vec<String> {
        let mut found = Vec::new();
        let boxes = self
            .crop
            .iter()
            .chain(&self.masks)
            .chain(self.panels.iter().filter_map(|p| p.plot_area.as_ref()));
        for area in boxes {
            if !(area.left < area.right && area.top < area.bottom && area.left >= 0.0 && area.top >= 0.0) {
                found.push(format!(
                    "overrides: the box left {}, top {}, right {}, bottom {} is empty: left < right and top < bottom are needed, in pixels",
                    area.left, area.top, area.right, area.bottom
                ));
            }
        }
        for (index, panel) in self.panels.iter().enumerate() {
            let place = format!("overrides.panels[{index}]");
            if self.panels[..index].iter().any(|other| other.panel == panel.panel) {
                found.push(format!("{place}: panel {} is stated twice: join the two", panel.panel));
            }
            panel.mistakes(&place, &mut found);
        }
        found
    }
}

impl PanelOverrides {
    fn mistakes(&self, place: &str, found: &mut Vec<String>) {
        for (axis, points) in [("x_axis", &self.x_axis), ("y_axis", &self.y_axis)] {
            let differ = |other: &AxisPoint| other.pixel != points[0].pixel && other.value != points[0].value;
            if !points.is_empty() && !points.iter().skip(1).any(differ) {
                found.push(format!(
                    "{place}.{axis}: two points with different pixels and different values are needed, {} given",
                    points.len()
                ));
            }
            if points.iter().any(|point| !point.pixel.is_finite() || !point.value.is_finite()) {
                found.push(format!("{place}.{axis}: pixels and values must be finite numbers"));
            }
        }
        if self.number_of_arms == Some(0) {
            found.push(format!("{place}.number_of_arms is 0: state 1 or more, or leave it out"));
        }
        for (index, arm) in self.arms.iter().enumerate() {
            if let Some(color) = arm.color.as_ref().filter(|color| channels_of(color).is_none()) {
                found.push(format!("{place}.arms[{index}].color is `{color}`: write it as `#rrggbb`"));
            }
            if arm.color.is_none() && arm.arm.is_none() {
                found.push(format!("{place}.arms[{index}]: state which arm is meant by `color` or by `arm`"));
            }
        }
        if self.way_points.iter().any(|way| way.points.is_empty()) {
            found.push(format!("{place}.way_points: an arm without points"));
        }
    }
}

/// Red, green and blue of a colour written `#rrggbb`; nothing when it is written otherwise.
pub fn channels_of(color: &str) -> Option<[u8; 3]> {
    let digits = color.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let channel = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some([channel(0)?, channel(2)?, channel(4)?])
}

/// What was read without a person, kept beside the result of a person's overrides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AutomaticReading {
    /// The verdict on it.
    pub verdict: Verdict,
    /// The checks behind the verdict.
    pub checks: Vec<Check>,
    /// The panels.
    pub panels: Vec<Panel>,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_field_is_named() {
        let error =
            serde_json::from_str::<FigureOverrides>(r#"{"panels": [{"number_of_arm": 2}]}"#).unwrap_err();
        assert!(error.to_string().contains("number_of_arm"), "{error}");
    }

    #[test]
    fn an_arm_is_a_position_or_a_name() {
        let ways: Vec<ArmReference> = serde_json::from_str(r##"[1, "Placebo", "#ff0000"]"##).unwrap();
        assert_eq!(ways[0], ArmReference::Position(1));
        assert_eq!(ways[2], ArmReference::Name("#ff0000".to_owned()));
    }

    #[test]
    fn mistakes_name_their_place() {
        let stated: FigureOverrides = serde_json::from_str(
            r##"{"crop": {"left": 5, "top": 0, "right": 5, "bottom": 9},
                "panels": [{"x_axis": [{"pixel": 1, "value": 0}], "arms": [{"color": "red"}, {"name": "A"}]}]}"##,
        )
        .unwrap();
        let mistakes = stated.mistakes();
        assert_eq!(mistakes.len(), 4, "{mistakes:?}");
        assert!(mistakes[1].starts_with("overrides.panels[0].x_axis"));
        assert!(FigureOverrides::default().mistakes().is_empty());
    }
}
