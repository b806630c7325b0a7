//! The arms among the curves of a plot, with the names and the numbers at risk that belong to them.

use kmeta_trial_data::{AxisCalibration, DigitizedArm, Finding, RiskTable};

use crate::arm_names::{DrawnArm, RowLook, SAME_NAME, assign_names, similarity};
use crate::arms::{TracedCurve, confidence_limits, follows_drops_of, has_partner};
use crate::color::{Srgb, chroma, oklab_distance};
use crate::digitized_arm::digitized_arm;
use crate::evidence::{MOST_ENTRIES, legend_entries};
use crate::ink::InkPage;
use crate::legend::PlotText;
use crate::mark_ink::is_hue;
use crate::missing::{NamedLook, is_drawn_like};
use crate::overrides::{PanelStatements, from_highest};
use crate::plane::Rect;
use crate::plot_curves::{PlotCurves, trace_named};
use crate::printed_statistics::{is_statistic, name_without_counts};
use crate::stretches::{flagged_stretches, stretches_of};
use crate::surplus::is_table;

/// A colour from this chroma on is that of an arm rather than of print.
const LEAST_CHROMA: f32 = 0.05;

/// What a panel shows beside its curves.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) page: &'a InkPage,
    pub(crate) x: &'a AxisCalibration,
    /// Whether the drawing program moved strokes to whole pixels.
    pub(crate) snapped: bool,
    pub(crate) texts: &'a [PlotText],
    pub(crate) table: Option<&'a (RiskTable, Vec<RowLook>)>,
}

/// The arms of a panel, from the highest to the lowest.
pub(crate) struct NamedArms {
    /// Index of each arm among the curves of the plot.
    pub(crate) order: Vec<usize>,
    pub(crate) arms: Vec<DigitizedArm>,
    /// Level of each arm's first plateau as measured.
    pub(crate) first_levels: Vec<f64>,
    /// Index of the text that names each arm.
    pub(crate) text_of_arm: Vec<Option<usize>>,
    /// The table with the arm of each row.
    pub(crate) table: Option<RiskTable>,
}

impl NamedArms {
    /// Measures the curves that `order` says are arms, and names them.
    pub(crate) fn of(around: Surroundings<'_>, plot: &PlotCurves, order: Vec<usize>) -> Result<Self, String> {
        let curves = plot.on_page();
        let drawn: Vec<&TracedCurve> = order.iter().map(|&curve| &curves[curve]).collect();
        let (mut arms, mut first_levels) = (Vec::new(), Vec::new());
        for (&index, curve) in order.iter().zip(&drawn) {
            let (mut arm, first_level) = digitized_arm(&plot.curves[index], around.x, plot, around.snapped)?;
            let stretches = stretches_of(curve, &drawn);
            arm.stretches = flagged_stretches(curve, &stretches, around.x, plot.area.left as f64);
            first_levels.push(first_level);
            arms.push(arm);
        }
        let mut named = Self {
            order,
            arms,
            first_levels,
            text_of_arm: Vec::new(),
            table: around.table.map(|(table, _)| table.clone()),
        };
        named.name(around, &drawn);
        Ok(named)
    }

    /// Gives the arms their names and each row of the table its arm.
    fn name(&mut self, around: Surroundings<'_>, curves: &[&TracedCurve]) {
        let texts = around.texts;
        let drawn = DrawnArm::all(around.page, curves, texts);
        let is_statistic = |index: usize| is_statistic(&texts[index].text);
        let looks = around.table.map_or(&[] as &[_], |(_, looks)| looks.as_slice());
        let assigned = assign_names(texts, self.table.as_ref(), looks, &drawn, &self.arms, is_statistic);
        for (arm, text) in self.arms.iter_mut().zip(&assigned.text_of_arm) {
            if let Some(text) = text {
                name_without_counts(&texts[*text].text.text).clone_into(&mut arm.label);
            }
        }
        let rows = self.table.iter_mut().flat_map(|table| &mut table.rows);
        for (row, arm) in rows.zip(assigned.arm_of_row) {
            row.arm = arm;
            if let Some(arm) = arm.and_then(|arm| self.arms.get_mut(arm)).filter(|arm| arm.label.is_empty()) {
                name_without_counts(&row.label).clone_into(&mut arm.label);
            }
        }
        self.text_of_arm = assigned.text_of_arm;
    }

    /// How those arms are drawn that the legend or the numbers at risk name and that are none of these.
    fn looks_without_arm(&self, around: Surroundings<'_>) -> Vec<NamedLook> {
        let texts = around.texts;
        let names_arm = |index: usize| self.text_of_arm.contains(&Some(index));
        let mut entries = legend_entries(texts, names_arm);
        if entries.len() > MOST_ENTRIES {
            entries.clear();
        }
        let rows = self.table.as_ref().map_or(0, |table| table.rows.len());
        // With as many arms as names, a name without an arm belongs to one that has a wrong name.
        if self.arms.len() >= entries.len().max(rows) {
            return Vec::new();
        }
        entries.retain(|&index| !names_arm(index));
        let mut looks: Vec<NamedLook> = entries
            .iter()
            .filter_map(|&index| texts[index].swatch)
            .map(|swatch| NamedLook {
                color: Some(swatch.color),
                dashed: (!swatch.is_block).then_some(swatch.dashes.is_some()),
            })
            .collect();
        let (Some(table), Some((_, row_looks))) = (&self.table, around.table) else { return looks };
        let rows = table
            .rows
            .iter()
            .zip(row_looks)
            .filter(|(row, _)| row.arm.is_none() && table.rows.len() >= 2 && is_table(table));
        let is_new =
            |label: &str| entries.iter().all(|&entry| similarity(&texts[entry].text.text, label) < SAME_NAME);
        looks.extend(
            rows.filter(|(row, _)| is_new(&row.label)).map(|(_, look)| NamedLook {
                color: look
                    .swatch
                    .map(|swatch| swatch.color)
                    .or(look.ink.filter(|&ink| chroma(ink) >= LEAST_CHROMA)),
                dashed: look.swatch.filter(|swatch| !swatch.is_block).map(|swatch| swatch.dashes.is_some()),
            }),
        );
        looks
    }

    /// Looks again for arms that are named and were not found. What is found is kept when it leaves fewer names over.
    pub(crate) fn with_missing(
        self,
        around: Surroundings<'_>,
        statements: PanelStatements<'_>,
        no_curves: &[Rect],
        plot: &mut PlotCurves,
        (place, findings): (&str, &mut Vec<Finding>),
    ) -> Result<Self, String> {
        let wanted = self.looks_without_arm(around);
        if wanted.is_empty() {
            return Ok(self);
        }
        let mut order = self.order.clone();
        let known = plot.curves.len();
        let unmet = with_named_limits(&plot.curves, wanted.clone(), &mut order, around.page.background);
        trace_named(around.page, around.x, statements, no_curves, &unmet, plot);
        order.extend(known..plot.curves.len());
        if order.len() > self.order.len() {
            from_highest(&plot.curves, &mut order);
            let again = Self::of(around, plot, order)?;
            if again.looks_without_arm(around).len() < wanted.len() {
                findings.push(Finding::note(
                    "arms-found-by-name",
                    place,
                    format!(
                        "{} arms were found only because the legend or the numbers at risk name them: most of each is hidden, or it is drawn like a confidence limit",
                        again.order.len() - self.order.len()
                    ),
                ));
                return Ok(again);
            }
            plot.curves.truncate(known);
        }
        Ok(self)
    }
}

/// Takes curves for arms that look like limits where an arm drawn like that is named; returns the looks for which there is none.
///
/// Limits come in pairs that drop where their arm does. A limit without another one on the other side of its arm is an arm, and
/// so are all limits that do not follow drops when just as many names are left over, or all limits when most of them do not.
fn with_named_limits(
    curves: &[TracedCurve],
    looks: Vec<NamedLook>,
    order: &mut Vec<usize>,
    background: Srgb,
) -> Vec<NamedLook> {
    let limits = confidence_limits(curves, background);
    let of_arm = |index: usize| limits[index].filter(|_| !order.contains(&index)).map(|arm| (index, arm));
    let all: Vec<(usize, usize)> = (0..curves.len()).filter_map(of_arm).collect();
    let mut free: Vec<usize> = all
        .iter()
        .filter(|(index, arm)| !follows_drops_of(&curves[*index], &curves[*arm]))
        .map(|(index, _)| *index)
        .collect();
    if all.len() == looks.len() && free.len() * 2 > all.len() {
        free = all.iter().map(|(index, _)| *index).collect();
    }
    let all_are_named = free.len() == looks.len();
    let is_lone =
        |index: usize| limits[index].is_some_and(|arm| !has_partner(index, arm, curves, background));
    let mut unmet = Vec::new();
    for look in looks {
        let drawn = NamedLook { color: look.color.map(|color| as_drawn(color, curves)), ..look };
        let like = |look: &NamedLook, order: &[usize]| {
            (0..curves.len()).find(|&index| {
                let curve = &curves[index];
                !order.contains(&index)
                    && (is_lone(index) || (all_are_named && free.contains(&index)))
                    && is_drawn_like(curve.color, curve.dashed, look)
            })
        };
        // In small print a sample's dashes run together, and an unbroken line breaks.
        let of_color = NamedLook { dashed: None, ..drawn };
        match like(&drawn, order).or_else(|| like(&of_color, order)) {
            Some(index) => order.push(index),
            None => unmet.push(look),
        }
    }
    unmet
}

/// The colour in which curves show the black or grey of a sample: thin lines are measured too pale.
fn as_drawn(sample: Srgb, curves: &[TracedCurve]) -> Srgb {
    let greys = curves.iter().map(|curve| curve.color).filter(|&color| !is_hue(color) && !is_hue(sample));
    let away = |color: &Srgb| oklab_distance(*color, sample);
    greys.min_by(|a, b| away(a).total_cmp(&away(b))).unwrap_or(sample)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Coverage;
    use crate::plane::ColumnPlane;
    use crate::trace::Path;

    const BLACK: Srgb = [0.0; 3];
    const WHITE: Srgb = [1.0; 3];
    const DASHED: NamedLook = NamedLook { color: Some(BLACK), dashed: Some(true) };

    /// A black curve with drops of 10 rows every 40 columns, the first in column `first`, that begins in row `top`.
    fn curve(top: usize, first: usize, dashed: bool) -> TracedCurve {
        let rows =
            (0..400).map(|x| if x < first { top } else { top + 10 * (1 + (x - first) / 40) }).collect();
        let plane = || ColumnPlane::filled(400, 300, 0.0);
        TracedCurve {
            color: BLACK,
            dashed,
            line_width: 2.0,
            path: Path { start: 0, rows, score: 400.0, on_ink: 0.6, on_bare: 0.4 },
            coverage: Coverage {
                area: Rect { left: 0, top: 0, right: 400, bottom: 300 },
                own: plane(),
                other: plane(),
            },
            marks: None,
        }
    }

    #[test]
    fn a_dashed_line_that_is_named_is_an_arm() {
        let curves = [curve(50, 20, false), curve(90, 20, true)];
        assert_eq!(confidence_limits(&curves, WHITE), [None, Some(0)]);
        let mut order = vec![0];
        assert!(with_named_limits(&curves, vec![DASHED], &mut order, WHITE).is_empty());
        assert_eq!(order, [0, 1]);
    }

    #[test]
    fn a_pair_of_limits_stays_one_whatever_is_named() {
        let curves = [curve(50, 20, false), curve(90, 20, true), curve(20, 20, true)];
        assert_eq!(confidence_limits(&curves, WHITE), [None, Some(0), Some(0)]);
        let mut order = vec![0];
        assert_eq!(with_named_limits(&curves, vec![DASHED], &mut order, WHITE), [DASHED]);
        assert_eq!(order, [0]);
    }
}
