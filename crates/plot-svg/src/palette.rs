//! The colours of all figures, in one place.

/// Text and axes.
pub(crate) const INK: &str = "#1a1a1a";
/// Secondary text; 5.7 to 1 against white.
pub(crate) const GREY_TEXT: &str = "#595959";
/// Lines that guide the eye.
pub(crate) const GUIDE: &str = "#8c8c8c";
/// Trials behind a pooled curve.
pub(crate) const TRIAL_GREY: &str = "#a6a6a6";
/// Squares of studies, the pooled diamond and the pooled curve.
pub(crate) const BLUE: &str = "#1f4e79";
/// Diamonds of subgroups and bands.
pub(crate) const LIGHT_BLUE: &str = "#9dbad7";
/// Prediction intervals and the reconstructed curve over the digitized one.
pub(crate) const VERMILION: &str = "#b5410d";
/// Notices.
pub(crate) const NOTICE: &str = "#7a3b00";

/// Arms, in order: the palette of Okabe & Ito (2008), which people with colour blindness can tell apart, with
/// its light yellow left out and its lighter colours darkened for thin lines on white.
pub(crate) const ARMS: [&str; 7] =
    ["#0072b2", "#c04f00", "#00805e", "#aa4b84", "#2a8fc4", "#a97800", "#333333"];

/// From "never" to "always": blue over grey to vermilion, for shares of 0 to 1.
pub(crate) const DIVERGING: [&str; 5] = ["#1f4e79", "#7d9cbb", "#a6a6a6", "#d98a5f", "#b5410d"];

/// Bands of p values in a funnel, from the middle outwards.
pub(crate) const CONTOURS: [&str; 3] = ["#ffffff", "#e3e9ef", "#c3d0dd"];

/// Squares of the JAMA layout.
pub(crate) const JAMA_SQUARE: &str = "#15466e";
/// Diamonds of the JAMA layout.
pub(crate) const JAMA_DIAMOND: &str = "#a3c4e0";

/// Risk of bias: low, some concerns, high, no information.
pub(crate) const TRAFFIC_LIGHTS: [&str; 4] = ["#2e9e5b", "#f0c419", "#c8352b", "#9aa5b1"];

/// The confidence band of a regression line.
pub(crate) const REGRESSION_BAND: &str = "#f0dfd6";
/// Headings of a flow diagram.
pub(crate) const FLOW_HEADING: &str = "#f3dfa2";
/// Bars that name the stages of a flow diagram.
pub(crate) const FLOW_STAGE: &str = "#cfe0ee";

/// What grey palettes put in the place of colours.
pub(crate) const GREY: [(&str, &str); 27] = [
    (REGRESSION_BAND, "#e4e4e4"),
    (FLOW_HEADING, "#dedede"),
    (FLOW_STAGE, "#ececec"),
    (BLUE, "#303030"),
    (LIGHT_BLUE, "#b8b8b8"),
    (VERMILION, "#6a6a6a"),
    (NOTICE, "#303030"),
    ("#d6e2ee", "#e2e2e2"),
    ("#8fb4d6", "#bdbdbd"),
    ("#eef2f6", "#f2f2f2"),
    (CONTOURS[1], "#e6e6e6"),
    (CONTOURS[2], "#cdcdcd"),
    (DIVERGING[1], "#6f6f6f"),
    (DIVERGING[3], "#c9c9c9"),
    (JAMA_SQUARE, "#2b2b2b"),
    (JAMA_DIAMOND, "#c4c4c4"),
    (ARMS[0], "#1c1c1c"),
    (ARMS[1], "#7c7c7c"),
    (ARMS[2], "#4d4d4d"),
    (ARMS[3], "#a0a0a0"),
    (ARMS[4], "#626262"),
    (ARMS[5], "#8e8e8e"),
    (ARMS[6], "#353535"),
    (TRAFFIC_LIGHTS[0], "#f0f0f0"),
    (TRAFFIC_LIGHTS[1], "#b4b4b4"),
    (TRAFFIC_LIGHTS[2], "#5a5a5a"),
    (TRAFFIC_LIGHTS[3], "#ffffff"),
];

/// Teal for blue and plum for vermilion.
pub(crate) const TEAL_PLUM: [(&str, &str); 12] = [
    (REGRESSION_BAND, "#ecdae6"),
    (BLUE, "#0b5351"),
    (LIGHT_BLUE, "#92c5c1"),
    (VERMILION, "#8c2f6b"),
    ("#d6e2ee", "#d5e8e6"),
    ("#8fb4d6", "#8cc3be"),
    ("#eef2f6", "#edf5f4"),
    (CONTOURS[1], "#e0ecea"),
    (CONTOURS[2], "#bfd8d5"),
    (DIVERGING[1], "#6fa3a0"),
    (DIVERGING[3], "#c084a9"),
    (JAMA_SQUARE, "#0b5351"),
];
