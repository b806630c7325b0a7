//! The places of a panel that a person should look at first.

use kmeta_trial_data::{CurveStretch, Finding, Panel, PixelBox, StretchFlag};

use crate::redrawing::Redrawing;

/// Numbers at risk read less surely than this are doubtful.
const SURE_CELL: f64 = 0.5;
/// Stretches that are not seen are doubtful from this share of the time axis on.
const LONG_STRETCH: f64 = 0.08;
/// Most places of one panel.
const MOST: usize = 6;

/// A place with what is doubtful about it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Doubt {
    pub(crate) location: PixelBox,
    code: &'static str,
    message: String,
}

/// The doubtful places of a panel: what may be a missed curve first, then curves without ink, hidden or ambiguous stretches,
/// and numbers at risk.
pub(crate) fn doubts_of(panel: &Panel, redrawing: &Redrawing) -> Vec<Doubt> {
    let mut found = Vec::new();
    for &location in &redrawing.unexplained_places {
        let message = "no curve, mark or text explains the ink here: a curve may have been missed".to_owned();
        found.push(Doubt { location, code: "doubtful-ink", message });
    }
    for &(arm, location) in &redrawing.unfounded_places {
        let message = format!("the curve `{}` runs here without any ink", name_of(panel, arm));
        // A pixel or two at the ends of dashes are no doubt.
        if location.right - location.left >= 6.0 {
            found.push(Doubt { location, code: "doubtful-curve", message });
        }
    }
    let span = panel.axes.x.ticks.iter().map(|tick| tick.value).fold(0.0, f64::max);
    for (index, arm) in panel.arms.iter().enumerate() {
        let is_long = |stretch: &&CurveStretch| {
            stretch.flag != StretchFlag::Seen && stretch.to - stretch.from > LONG_STRETCH * span
        };
        for stretch in arm.stretches.iter().filter(is_long) {
            let row = |time: f64| panel.axes.y.pixel_at(arm.curve.survival_at(time));
            let why = match stretch.flag {
                StretchFlag::Occluded => "is hidden by other ink",
                StretchFlag::Gap => "is interrupted",
                StretchFlag::Ambiguous | StretchFlag::Seen => "may be another arm's",
            };
            found.push(Doubt {
                location: PixelBox {
                    left: panel.axes.x.pixel_at(stretch.from),
                    top: row(stretch.from) - 3.0,
                    right: panel.axes.x.pixel_at(stretch.to),
                    bottom: row(stretch.to) + 3.0,
                },
                code: "doubtful-stretch",
                message: format!(
                    "the curve `{}` {why} from time {:.2} to {:.2}",
                    name_of(panel, index),
                    stretch.from,
                    stretch.to
                ),
            });
        }
    }
    for row in panel.risk_table.iter().flat_map(|table| &table.rows) {
        for cell in row.cells.iter().filter(|cell| cell.confidence < SURE_CELL) {
            let Some(location) = cell.location else { continue };
            let other = cell.alternative.as_deref().unwrap_or("none");
            found.push(Doubt {
                location,
                code: "doubtful-number",
                message: format!("number at risk read `{}`, second reading: {other}", cell.text),
            });
        }
    }
    found.truncate(MOST);
    found
}

fn name_of(panel: &Panel, arm: usize) -> String {
    match panel.arms.get(arm) {
        Some(arm) if !arm.label.is_empty() => arm.label.clone(),
        _ => arm.to_string(),
    }
}

impl Doubt {
    /// The finding about the doubt that is number `number` of the figure, counted from 1.
    pub(crate) fn finding(&self, panel: usize, number: usize) -> Finding {
        Finding::note(self.code, format!("panel {panel}, doubt-{number}"), self.message.clone())
    }
}
