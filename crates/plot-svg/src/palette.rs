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
