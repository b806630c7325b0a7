//! Colours and numbers of arms that a person states.

use kmeta_trial_data::{ArmReference, Finding};

use super::{PanelStatements, parse_color};
use crate::arms::TracedCurve;
use crate::color::{Srgb, oklab_distance};
use crate::palette::Palette;

/// A colour picked by hand is that of a line when it is this close in Oklab: one picks a pixel, not the mean.
const PICKED_COLOR: f32 = 0.12;

impl PanelStatements<'_> {
    /// The stated colours, one entry per arm.
    fn arm_colors(&self) -> Vec<Srgb> {
        let arms = self.stated.map_or(&[] as &[_], |stated| &stated.arms);
        arms.iter().filter_map(|arm| arm.color.as_deref().and_then(parse_color)).collect()
    }

    /// The palette with only the colours that are stated; a picked colour is taken for the line colour that it is a shade
    /// of.
    pub(crate) fn limit_palette(&self, mut palette: Palette) -> Palette {
        let mut stated: Vec<Srgb> = Vec::new();
        for color in self.arm_colors() {
            let color = nearest(&palette.lines, color).unwrap_or(color);
            if !stated.contains(&color) {
                stated.push(color);
            }
        }
        if !stated.is_empty() {
            palette.lines = stated;
        }
        palette
    }

    /// The curves that are arms, the highest first: those that are no confidence limit, or as many as a person states.
    pub(crate) fn arms_among(&self, curves: &[TracedCurve], limits: &[Option<usize>]) -> Vec<usize> {
        let mut ranked: Vec<usize> = (0..curves.len()).collect();
        let ink = |curve: &TracedCurve| f64::from(curve.path.score) * curve.line_width;
        ranked.sort_by(|&a, &b| {
            let limit = limits[a].is_some().cmp(&limits[b].is_some());
            limit.then(ink(&curves[b]).total_cmp(&ink(&curves[a])))
        });
        let colors = self.arm_colors();
        let number = self.stated.and_then(|stated| stated.number_of_arms);
        let mut chosen: Vec<usize> = Vec::new();
        if !colors.is_empty() {
            for color in colors {
                let like = |index: &usize| oklab_distance(curves[*index].color, color) < PICKED_COLOR;
                let free = ranked.iter().copied().filter(|index| !chosen.contains(index)).find(like);
                chosen.extend(free);
            }
        } else if let Some(number) = number {
            chosen = ranked.into_iter().take(number).collect();
        } else {
            chosen = (0..curves.len()).filter(|&curve| limits[curve].is_none()).collect();
        }
        from_highest(curves, &mut chosen);
        chosen
    }

    /// Says when fewer arms were found than a person states.
    pub(crate) fn note_missing_arms(&self, arms: &[usize], findings: &mut Vec<Finding>) {
        let Some(stated) = self.stated else { return };
        let wanted = stated.number_of_arms.unwrap_or(0).max(self.arm_colors().len());
        if arms.len() < wanted {
            findings.push(Finding::error(
                "arms-not-found",
                format!("overrides, panel {}", stated.panel),
                format!(
                    "{} of the {wanted} arms that are stated were found: state `way_points` for the missing ones, two or more points (column, row) of each curve, and its colour in `arms`",
                    arms.len()
                ),
            ));
        }
    }

    /// The position among `arms` of an arm that has no name yet.
    pub(super) fn position_of(&self, reference: &ArmReference, arms: &[&TracedCurve]) -> Option<usize> {
        let by_color = |color: Srgb| {
            let distance = |index: &usize| oklab_distance(arms[*index].color, color);
            (0..arms.len())
                .filter(|index| distance(index) < PICKED_COLOR)
                .min_by(|a, b| distance(a).total_cmp(&distance(b)))
        };
        match reference {
            ArmReference::Position(position) => (*position < arms.len()).then_some(*position),
            ArmReference::Name(name) => match self.color_of(name) {
                Some(color) => by_color(color),
                None => {
                    let read = self.automatic.map_or(&[] as &[_], |panel| &panel.arms);
                    let known = read.iter().position(|arm| same_name(&arm.label, name))?;
                    (known < arms.len() && read.len() == arms.len()).then_some(known)
                }
            },
        }
    }

    /// The colour of an arm that is named by its colour or by a name for which a colour is known.
    pub(super) fn color_of(&self, name: &str) -> Option<Srgb> {
        let stated = self.stated.map_or(&[] as &[_], |stated| &stated.arms);
        let named = || {
            let arm = stated.iter().find(|arm| arm.name.as_deref().is_some_and(|own| same_name(own, name)));
            arm.and_then(|arm| arm.color.as_deref()).and_then(parse_color)
        };
        let read = || {
            let arms = self.automatic.map_or(&[] as &[_], |panel| &panel.arms);
            let arm = arms.iter().find(|arm| same_name(&arm.label, name))?;
            let color = parse_color(&arm.color)?;
            // Of arms in one colour the colour tells none.
            let alike = |other: &&kmeta_trial_data::DigitizedArm| {
                parse_color(&other.color).is_some_and(|other| oklab_distance(other, color) < PICKED_COLOR)
            };
            (arms.iter().filter(alike).count() == 1).then_some(color)
        };
        parse_color(name).or_else(named).or_else(read)
    }
}

/// Whether two names are one, whatever their spaces and capitals.
pub(super) fn same_name(one: &str, other: &str) -> bool {
    let plain = |name: &str| -> String {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    !plain(one).is_empty() && plain(one) == plain(other)
}

/// The colour among `colors` that is nearest and near enough to be the same line's.
fn nearest(colors: &[Srgb], color: Srgb) -> Option<Srgb> {
    colors
        .iter()
        .copied()
        .filter(|&other| oklab_distance(other, color) < PICKED_COLOR)
        .min_by(|&a, &b| oklab_distance(a, color).total_cmp(&oklab_distance(b, color)))
}

/// Sorts indices of curves from the highest curve to the lowest.
pub(crate) fn from_highest(curves: &[TracedCurve], indices: &mut [usize]) {
    indices.sort_by(|&a, &b| mean_row(&curves[a]).total_cmp(&mean_row(&curves[b])));
}

fn mean_row(curve: &TracedCurve) -> f64 {
    let rows = &curve.path.rows;
    rows.iter().sum::<usize>() as f64 / rows.len().max(1) as f64
}
