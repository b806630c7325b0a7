//! What the way from a state to what is printed next is expected to cost. It steers the beam and is no cost.

use super::evidence::Evidence;
use super::expectation::{Ahead, Expectation};

/// The outlook from one milestone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outlook {
    ahead: Ahead,
    censored_ahead: f64,
    events_later: f64,
    total_events: Option<f64>,
}

impl Outlook {
    /// The outlook from the milestone of stage `at`.
    pub(crate) fn new(evidence: &Evidence, expectation: &Expectation, at: usize) -> Self {
        Self {
            ahead: expectation.ahead[at],
            censored_ahead: expectation.censored_ahead[at],
            events_later: expectation.events_later[at],
            total_events: evidence.total_events.or(evidence.soft_events).map(f64::from),
        }
    }

    /// The squared distance from the expected numbers, in their standard deviations, of a path with `at_risk`
    /// patients, `events` so far and its own `survival`.
    pub(crate) fn of(&self, at_risk: u32, events: u32, survival: f64) -> f64 {
        let at_risk = f64::from(at_risk);
        let (to_come, detour) = match self.ahead {
            Ahead::Column { at_risk: column, level } => {
                let sum = survival + level;
                let to_come = if sum > 0.0 { (at_risk + column) * (survival - level) / sum } else { 0.0 };
                let off = at_risk - column - to_come - self.censored_ahead;
                // Poisson counts with twice the variance; one patient is rounding.
                (to_come, off * off / (1.0 + 2.0 * self.censored_ahead))
            }
            Ahead::Open { events_per_patient } => (at_risk * events_per_patient, 0.0),
        };
        let Some(total) = self.total_events else { return detour };
        let off = f64::from(events) + to_come + self.events_later - total;
        // One event is rounding; each later event adds a twentieth to the variance, because the censoring
        // before it is not known.
        detour + off * off / (1.0 + 0.05 * (to_come.max(0.0) + self.events_later))
    }
}
