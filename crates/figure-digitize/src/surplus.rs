//! Leaves out curves that are no arms where the numbers at risk or the legend say how many arms there are: a limit drawn
//! like a line, a reference line, the fringe of another curve.

use kmeta_trial_data::{DigitizedArm, Finding, RiskTable};

use crate::legend::PlotText;
use crate::stretches::Visibility;

/// What was found of the arms of a panel, each list in the order of the arms.
pub(crate) struct FoundArms {
    pub(crate) arms: Vec<DigitizedArm>,
    pub(crate) first_levels: Vec<f64>,
    pub(crate) visibilities: Vec<Visibility>,
    /// Index of the text that names the arm.
    pub(crate) text_of_arm: Vec<Option<usize>>,
    /// Index of the arm among the curves that were taken for arms.
    pub(crate) curve_of_arm: Vec<usize>,
}

impl FoundArms {
    /// Leaves out the arms without a row of numbers at risk where every row has its arm, or, without a table, those
    /// without an entry of the legend where every entry has its arm; and says so.
    pub(crate) fn without_surplus(
        mut self,
        table: Option<&mut RiskTable>,
        texts: &[PlotText],
        place: &str,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let Some(keep) = self.known(table.as_deref(), texts) else { return self };
        let left_out = keep.iter().filter(|&&kept| !kept).count();
        if left_out == 0 {
            return self;
        }
        findings.push(Finding::warning(
            "curves-left-out",
            place,
            format!(
                "{left_out} curves that neither the numbers at risk nor the legend name were taken for no arms; state the arms in the sidecar where they are some"
            ),
        ));
        if let Some(table) = table {
            let place_of = |arm: usize| keep.iter().take(arm).filter(|&&kept| kept).count();
            for row in &mut table.rows {
                row.arm = row.arm.map(place_of);
            }
        }
        retain(&mut self.arms, &keep);
        retain(&mut self.first_levels, &keep);
        retain(&mut self.visibilities, &keep);
        retain(&mut self.text_of_arm, &keep);
        retain(&mut self.curve_of_arm, &keep);
        self
    }

    /// Which arms are named, where all names have an arm.
    fn known(&self, table: Option<&RiskTable>, texts: &[PlotText]) -> Option<Vec<bool>> {
        let is_entry =
            |text: &PlotText| text.swatch.is_some() && !text.text.text.to_lowercase().starts_with("censor");
        let entries = texts.iter().filter(|text| is_entry(text)).count();
        let has_entry: Vec<bool> =
            self.text_of_arm.iter().map(|text| text.is_some_and(|text| is_entry(&texts[text]))).collect();
        let has_row: Vec<bool> = (0..self.arms.len())
            .map(|arm| table.is_some_and(|table| table.rows.iter().any(|row| row.arm == Some(arm))))
            .collect();
        let count = |has: &[bool]| has.iter().filter(|&&has| has).count();
        match table.map(|table| table.rows.len()) {
            // A single row is more often what was read of several than the only one beside another curve.
            Some(rows) if rows >= 2 && count(&has_row) == rows && (entries == 0 || entries == rows) => {
                Some(has_row)
            }
            None if entries >= 2 && count(&has_entry) == entries => Some(has_entry),
            _ => None,
        }
    }
}

/// Keeps the items whose place says so.
fn retain<T>(items: &mut Vec<T>, keep: &[bool]) {
    let mut places = keep.iter();
    items.retain(|_| places.next().copied().unwrap_or(true));
}
