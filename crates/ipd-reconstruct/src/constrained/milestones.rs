//! The time line as a row of milestones, each after a gap in which patients are censored.

use super::evidence::{Evidence, PrintedLevel};
use super::resolution::Resolution;
use crate::NumberAtRiskConvention;

/// What happens at the end of a gap.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Milestone {
    /// Events that lower the curve to `level`.
    Drop {
        /// Survival after it, as read.
        level: f64,
        /// Whether at least one event is needed: the drop is too tall for a reading error.
        required: bool,
        /// Printed statements on the level until the next drop.
        printed: Vec<PrintedLevel>,
    },
    /// Events of the next drop that may have come before a column at the same place of the figure.
    EarlyPart {
        /// Survival after the whole drop, as read.
        level: f64,
    },
    /// A printed number at risk.
    Column {
        /// Patients at risk.
        at_risk: u32,
        /// Whether it must be met; a number that other statements contradict is only approached.
        binds: bool,
    },
    /// The end of follow-up.
    End,
}

/// A gap between two milestones, and the milestone after it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stage {
    /// Start of the gap.
    pub(crate) start: f64,
    /// Time of the milestone.
    pub(crate) time: f64,
    /// Marks that lie in the gap, as indices into the evidence's marks.
    pub(crate) marks: std::ops::Range<usize>,
    /// Marks of the gap that no reading error could move out of it.
    pub(crate) certain: u32,
    /// Marks, of this gap or its neighbours, that may belong to it or not.
    pub(crate) flexible: u32,
    /// What ends the gap.
    pub(crate) milestone: Milestone,
}

impl Stage {
    /// Whether patients can be censored in the gap at all: it has a length, or marks at its one time.
    pub(crate) fn is_open(&self) -> bool {
        self.time > self.start || !self.marks.is_empty()
    }
}

/// Order of what happens at one time. A patient with an event at t is at risk at t, and so is one censored at t.
fn rank(milestone: &Milestone, convention: NumberAtRiskConvention) -> u8 {
    match (milestone, convention) {
        (Milestone::EarlyPart { .. }, _) => 0,
        (Milestone::Column { .. }, NumberAtRiskConvention::Before) => 1,
        (Milestone::Drop { .. }, _) => 2,
        (Milestone::Column { .. }, NumberAtRiskConvention::At) => 3,
        // Censorings come here.
        (Milestone::Column { .. }, NumberAtRiskConvention::After) => 5,
        (Milestone::End, _) => 6,
    }
}
const RANK_OF_CENSORING: u8 = 4;

/// Lays the evidence out as stages.
pub(crate) fn stages(evidence: &Evidence, resolution: &Resolution) -> Vec<Stage> {
    let mut items = milestones(evidence, resolution);
    let convention = evidence.convention;
    items.sort_by(|one, two| {
        one.0.total_cmp(&two.0).then(rank(&one.1, convention).cmp(&rank(&two.1, convention)))
    });
    let mut stages = Vec::with_capacity(items.len());
    let (mut start, mut first_mark) = (0.0, 0);
    for (time, milestone) in items {
        let comes_before =
            |mark: f64| mark < time || (mark == time && RANK_OF_CENSORING < rank(&milestone, convention));
        let count = evidence.marks[first_mark..].partition_point(|&mark| comes_before(mark));
        let marks = first_mark..first_mark + count;
        let (certain, flexible) = assured(evidence, resolution, &marks, start, time);
        first_mark = marks.end;
        stages.push(Stage { start, time, marks, certain, flexible, milestone });
        start = time;
    }
    stages
}

/// Share of the lowest drop of one event up to which a drop is no event, however coarse the reading.
const CORNER: f64 = 0.75;

fn milestones(evidence: &Evidence, resolution: &Resolution) -> Vec<(f64, Milestone)> {
    let mut items: Vec<(f64, Milestone)> = Vec::new();
    let mut before = 1.0;
    // One event lowers survival by S / n(t), and n(t) is at most N S: what is lower is a corner of the line, and the level
    // after the next drop tells whether there was an event.
    let least_of_one_event = 1.0 / f64::from(evidence.patients());
    let reading_error = 2.0 * resolution.reach * resolution.survival;
    let least_drop =
        (least_of_one_event - reading_error).max(CORNER * least_of_one_event).max(resolution.survival);
    for (index, drop) in evidence.drops.iter().enumerate() {
        let until = evidence.drops.get(index + 1).map_or(f64::INFINITY, |next| next.time);
        let milestone = Milestone::Drop {
            level: drop.survival,
            required: evidence.drops_bind && before - drop.survival >= least_drop,
            printed: printed_between(evidence, drop.time, until, resolution.time),
        };
        before = drop.survival;
        items.push((drop.time, milestone));
    }
    for column in evidence.columns.iter().skip(1) {
        items.push((column.time, Milestone::Column { at_risk: column.at_risk, binds: true }));
        split_drop_at(column.time, &mut items, evidence, resolution);
    }
    for column in &evidence.soft_columns {
        items.push((column.time, Milestone::Column { at_risk: column.at_risk, binds: false }));
    }
    items.push((evidence.end, Milestone::End));
    items
}

/// A drop that a reading error may have moved across a column gets a part before the column and one after it.
fn split_drop_at(
    column: f64,
    items: &mut Vec<(f64, Milestone)>,
    evidence: &Evidence,
    resolution: &Resolution,
) {
    if resolution.time == 0.0 {
        return;
    }
    let near = |time: f64| (time - column).abs() <= resolution.time * resolution.reach;
    let closest =
        (0..evidence.drops.len()).filter(|&index| near(evidence.drops[index].time)).min_by(|&one, &two| {
            let distance = |index: usize| (evidence.drops[index].time - column).abs();
            distance(one).total_cmp(&distance(two))
        });
    let Some(closest) = closest else { return };
    let drop = evidence.drops[closest];
    let previous = closest.checked_sub(1).map_or(0.0, |index| evidence.drops[index].time);
    let next = evidence.drops.get(closest + 1).map_or(evidence.end, |next| next.time);
    // Events at the column's own time count as before it or after it, as the convention has it. The other part
    // goes halfway into the reading error, but not past the neighbouring drops.
    let (early, late) = if evidence.convention == NumberAtRiskConvention::Before {
        let before = (column - 0.5 * resolution.time).max(0.5 * (previous + column));
        (drop.time.min(before), drop.time.max(column))
    } else {
        let after = (column + 0.5 * resolution.time).min(0.5 * (column + next));
        (drop.time.min(column), drop.time.max(after))
    };
    if early >= late {
        return;
    }
    items.push((early, Milestone::EarlyPart { level: drop.survival }));
    if let Some((time, Milestone::Drop { required, .. })) = items.get_mut(closest) {
        *time = late;
        // The early part may have had all of the events.
        *required = false;
    }
}

/// Printed levels that speak of the time from one drop to the next.
fn printed_between(evidence: &Evidence, from: f64, until: f64, slack: f64) -> Vec<PrintedLevel> {
    let within = |time: f64| from <= time && time < until;
    evidence
        .printed
        .iter()
        .filter(|printed| match **printed {
            PrintedLevel::Survival { time, .. } => within(time),
            PrintedLevel::Crossing { from: earliest, to, .. } => {
                within(earliest - slack) || to.is_some_and(|latest| within(latest + slack))
            }
        })
        .map(|printed| match *printed {
            // Which side of the crossing the drop is on is told by the times that are left.
            PrintedLevel::Crossing { limit, from: earliest, to } => PrintedLevel::Crossing {
                limit,
                from: if within(earliest - slack) { earliest } else { f64::NEG_INFINITY },
                to: to.filter(|&latest| within(latest + slack)),
            },
            other => other,
        })
        .collect()
}

/// Marks that certainly belong to a gap, and marks that may.
fn assured(
    evidence: &Evidence,
    resolution: &Resolution,
    marks: &std::ops::Range<usize>,
    start: f64,
    end: f64,
) -> (u32, u32) {
    let error = resolution.time * resolution.reach;
    if error == 0.0 {
        return (marks.len() as u32, 0);
    }
    let inside = |mark: f64| mark - start > error && end - mark > error;
    let certain = evidence.marks[marks.clone()].iter().filter(|&&mark| inside(mark)).count();
    let reach = evidence.marks.partition_point(|&mark| mark < start - error)
        ..evidence.marks.partition_point(|&mark| mark <= end + error);
    (certain as u32, (reach.len() - certain) as u32)
}
