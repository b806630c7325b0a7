//! How well numbers at risk fit a curve whose levels are exact: where n are at risk, a drop takes d/n of the survival, d whole.

use kmeta_trial_data::{DigitizedArm, RiskTable};

/// Events are whole within this much, beyond what the levels' own uncertainty explains.
const WHOLE: f64 = 0.06;
/// Nothing can be said where the levels leave more than this of an event open.
const MOST_UNCERTAIN: f64 = 0.2;
/// Cost of a row none of whose drops is whole.
const COST: f64 = 6.0;

/// The share of drops whose events are not whole, times a constant. Of each number at risk the next drop is looked at,
/// unless a patient is censored before it; without censor marks only the first number, which precedes all.
pub(crate) fn whole_events_cost(table: &RiskTable, row: usize, arm: &DigitizedArm) -> f64 {
    let slack = 2.0 * arm.time_uncertainty;
    let drops: Vec<(f64, f64, f64)> = arm
        .curve
        .times()
        .windows(2)
        .zip(arm.curve.survival().windows(2))
        .map(|(times, levels)| (times[1], levels[0], levels[1]))
        .collect();
    let (mut tried, mut broken) = (0_u32, 0_u32);
    let columns = if arm.censor_times.is_empty() { 1 } else { table.times.len() };
    for (&time, count) in table.times.iter().zip(&table.rows[row].counts).take(columns) {
        let Some(at_risk) = count.filter(|&count| count > 0).map(f64::from) else { continue };
        let Some(&(at, before, after)) = drops.iter().find(|drop| drop.0 > time - slack) else { continue };
        let is_at_tick = time > 0.0 && at <= time + slack;
        let is_censored =
            arm.censor_times.iter().any(|&censored| censored > time - slack && censored < at + slack);
        let open = at_risk * 2.0 * arm.survival_uncertainty / before.max(1e-9);
        if is_at_tick || is_censored || before <= 0.0 || open > MOST_UNCERTAIN {
            continue;
        }
        let events = at_risk * (1.0 - after / before);
        tried += 1;
        broken += u32::from(events.round() < 1.0 || (events - events.round()).abs() > WHOLE + open);
    }
    if tried == 0 { 0.0 } else { COST * f64::from(broken) / f64::from(tried) }
}

#[cfg(test)]
mod tests {
    use kmeta_trial_data::{LineStyle, RiskRow, StepCurve};

    use super::*;

    fn arm(levels: &[f64], censor_times: &[f64]) -> DigitizedArm {
        let mut survival = vec![1.0];
        survival.extend(levels);
        let times: Vec<f64> = (0..survival.len()).map(|index| index as f64).collect();
        DigitizedArm {
            label: String::new(),
            color: "#000000".into(),
            line_style: LineStyle::Solid,
            line_width_px: 1.0,
            curve_end: times.len() as f64,
            survival_lower: survival.clone(),
            survival_upper: survival.clone(),
            time_errors: vec![0.0; times.len()],
            curve: StepCurve::new(times, survival).unwrap(),
            censor_times: censor_times.to_vec(),
            survival_uncertainty: 1e-5,
            time_uncertainty: 1e-4,
            stretches: Vec::new(),
            dash_pattern: None,
            counts: None,
        }
    }

    fn table(counts: &[u32]) -> RiskTable {
        let row = RiskRow {
            label: String::new(),
            arm: None,
            counts: counts.iter().map(|&count| Some(count)).collect(),
            cells: Vec::new(),
        };
        RiskTable { times: (0..counts.len()).map(|index| index as f64 * 1.5).collect(), rows: vec![row] }
    }

    #[test]
    fn events_are_whole_only_with_the_right_number_at_risk() {
        let own = arm(&[106.0 / 107.0, 104.0 / 107.0], &[1.2]);
        assert_eq!(whole_events_cost(&table(&[107, 100]), 0, &own), 3.0);
        assert_eq!(whole_events_cost(&table(&[107, 106]), 0, &own), 0.0);
        assert_eq!(whole_events_cost(&table(&[132, 126]), 0, &own), COST);
    }
}
