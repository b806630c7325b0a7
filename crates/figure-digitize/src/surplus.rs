//! Leaves out curves that are no arms where the numbers at risk or the legend say how many arms there are: a limit drawn
//! like a line, a reference line, the fringe of another curve.
//!
//! Names and numbers are read with errors too: a row is missed, or a legend taken for a table. So either of them alone speaks
//! only against a curve that is drawn more weakly than the arms that it names; both together speak against any.

use kmeta_trial_data::{AxisCalibration, DigitizedArm, Finding, RiskTable};

use crate::arm_names::is_decimal;
use crate::arms::TracedCurve;
use crate::legend::PlotText;
use crate::named_arms::NamedArms;

impl NamedArms {
    /// Leaves out the arms without a row of numbers at risk where every row has its arm, or, without a table or with fewer
    /// rows than the legend has entries, those without an entry of the legend where every entry has its arm; and says so.
    pub(crate) fn without_surplus(
        mut self,
        curves: &[&TracedCurve],
        texts: &[PlotText],
        axes: (&AxisCalibration, &AxisCalibration),
        (place, findings): (&str, &mut Vec<Finding>),
    ) -> Self {
        let mut keep = self.known(curves, texts).unwrap_or_else(|| vec![true; self.arms.len()]);
        let unnamed = |arm: usize| self.arms[arm].label.is_empty() && !self.has_row(arm);
        for (arm, keep) in keep.iter_mut().enumerate() {
            *keep &= !(self.arms.len() > 1 && unnamed(arm) && runs_along_grid(&self.arms[arm], axes));
        }
        let left_out = keep.iter().filter(|&&kept| !kept).count();
        if left_out == 0 {
            return self;
        }
        findings.push(Finding::warning(
            "curves-left-out",
            place,
            format!(
                "{left_out} curves that neither the numbers at risk nor the legend name, or that run from one grid line to another, were taken for no arms; state the arms in the sidecar where they are some"
            ),
        ));
        if let Some(table) = &mut self.table {
            let place_of = |arm: usize| keep.iter().take(arm).filter(|&&kept| kept).count();
            for row in &mut table.rows {
                row.arm = row.arm.map(place_of);
            }
        }
        retain(&mut self.arms, &keep);
        retain(&mut self.first_levels, &keep);
        retain(&mut self.text_of_arm, &keep);
        retain(&mut self.order, &keep);
        self
    }

    fn has_row(&self, arm: usize) -> bool {
        self.table.as_ref().is_some_and(|table| table.rows.iter().any(|row| row.arm == Some(arm)))
    }

    /// Which arms are named or drawn no weaker than those, where all names have an arm.
    fn known(&self, curves: &[&TracedCurve], texts: &[PlotText]) -> Option<Vec<bool>> {
        let table = self.table.as_ref();
        let is_entry = |text: &PlotText| {
            let words = &text.text.text;
            // An equals sign before a p value looks like a sample.
            text.swatch.is_some() && !words.to_lowercase().starts_with("censor") && !is_decimal(words)
        };
        let entries = texts.iter().filter(|text| is_entry(text)).count();
        let has_entry: Vec<bool> =
            self.text_of_arm.iter().map(|text| text.is_some_and(|text| is_entry(&texts[text]))).collect();
        let has_row: Vec<bool> = (0..self.arms.len()).map(|arm| self.has_row(arm)).collect();
        let count = |has: &[bool]| has.iter().filter(|&&has| has).count();
        let rows = table.filter(|table| is_table(table)).map_or(0, |table| table.rows.len());
        let all_rows = rows >= 1 && count(&has_row) == rows;
        let all_entries = entries >= 2 && count(&has_entry) == entries;
        if all_rows && entries == rows && rows >= 2 {
            return Some(has_row);
        }
        let named = match (all_rows && entries <= 1, all_entries && rows < entries) {
            (true, _) => has_row,
            (_, true) => has_entry,
            _ => return None,
        };
        let weakest =
            Drawing::weakest(curves.iter().zip(&named).filter(|(_, named)| **named).map(|(curve, _)| *curve));
        let keep = curves
            .iter()
            .zip(&named)
            .map(|(curve, named)| *named || !Drawing::of(curve).is_weaker_than(&weakest));
        Some(keep.collect())
    }
}

/// A path with more drops than this follows no grid.
const MOST_GRID_DROPS: usize = 3;
/// It lies this near to ticks, in pixels.
const ON_GRID_PX: f64 = 1.5;

/// Whether a curve falls at ticks of the time axis only, from level to level of the survival axis's ticks: it goes from one
/// grid line to another.
fn runs_along_grid(arm: &DigitizedArm, (x, y): (&AxisCalibration, &AxisCalibration)) -> bool {
    let drops = arm.curve.times().len() - 1;
    let on_tick = |axis: &AxisCalibration, value: f64| {
        axis.ticks.iter().any(|tick| (axis.pixel_at(tick.value) - axis.pixel_at(value)).abs() <= ON_GRID_PX)
    };
    (1..=MOST_GRID_DROPS).contains(&drops)
        && arm.curve.corners().skip(1).all(|(time, survival)| on_tick(x, time) && on_tick(y, survival))
}

/// Fewest numbers of a row of numbers at risk.
const FEWEST_NUMBERS: usize = 3;

/// Whether a table is one of numbers at risk: a legend taken for a table gives rows of one or two numbers.
pub(crate) fn is_table(table: &RiskTable) -> bool {
    table.rows.iter().all(|row| row.counts.iter().flatten().count() >= FEWEST_NUMBERS)
}

/// How much less of its length a weaker curve shows, how much shorter and how much thinner it is.
const WEAKER_INK: f32 = 0.8;
const SHORTER: f64 = 0.6;
const THINNER: f64 = 0.7;

/// How strongly a curve is drawn.
#[derive(Debug, Clone, Copy)]
struct Drawing {
    dashed: bool,
    on_ink: f32,
    length: f64,
    line_width: f64,
}

impl Drawing {
    fn of(curve: &TracedCurve) -> Self {
        Self {
            dashed: curve.dashed,
            on_ink: curve.path.on_ink,
            length: curve.path.rows.len() as f64,
            line_width: curve.line_width,
        }
    }

    /// The least of several curves in each respect.
    fn weakest<'a>(curves: impl Iterator<Item = &'a TracedCurve>) -> Self {
        let strongest = Self { dashed: false, on_ink: 1.0, length: f64::INFINITY, line_width: f64::INFINITY };
        curves.map(Self::of).fold(strongest, |weakest, curve| Self {
            dashed: weakest.dashed || curve.dashed,
            on_ink: weakest.on_ink.min(curve.on_ink),
            length: weakest.length.min(curve.length),
            line_width: weakest.line_width.min(curve.line_width),
        })
    }

    fn is_weaker_than(&self, other: &Self) -> bool {
        (self.dashed && !other.dashed)
            || (!self.dashed && self.on_ink < WEAKER_INK * other.on_ink)
            || self.length < SHORTER * other.length
            || self.line_width < THINNER * other.line_width
    }
}

/// Keeps the items whose place says so.
fn retain<T>(items: &mut Vec<T>, keep: &[bool]) {
    let mut places = keep.iter();
    items.retain(|_| places.next().copied().unwrap_or(true));
}
