//! The search for the cheapest course of an arm: whole numbers of events and censorings, milestone by milestone.
//!
//! A state is the number of patients at risk and the events so far; the path to it carries its own
//! Kaplan-Meier estimate, so that rounding one drop up makes the next one smaller. Each transition censors c
//! patients in the gap and lets d have the event at the drop. Its cost is −2 log likelihood: of the reading error
//! of the level, and of the number censored. Printed numbers at risk let only the states pass that meet them, and
//! the total of events picks among the states at the end. Per state the cheapest path survives (dynamic
//! programming), per milestone the most promising states (a beam), so that the work is bounded.

use super::evidence::Evidence;
use super::expectation::Expectation;
use super::gap::Gap;
use super::milestones::{Milestone, Stage, stages};
use super::outlook::Outlook;
use super::resolution::Resolution;
use super::survivors::{ALONG, State, Survivors};
use super::transitions::{Misfit, Transitions};

/// What binds and how widely is searched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Effort {
    /// States that are kept after each milestone.
    pub(crate) width: usize,
    /// Classes of misfit, per half-width of the reading error, in which paths to the same numbers are kept apart.
    pub(crate) sides: f64,
    /// Rate of censoring per unit of time where nothing printed tells it.
    pub(crate) assumed_rate: f64,
    /// Factor on the expected numbers of censored patients. The cheapest course has the most likely number in
    /// every gap, which for rare censoring is none; the factor is moved until the total of events is met.
    pub(crate) tilt: f64,
    /// Misfits and cost of a course that is to be undercut; costs only grow on the way.
    pub(crate) undercut: (u32, f64),
}

/// What any course undercuts.
pub(crate) const ANY_COST: (u32, f64) = (u32::MAX, f64::INFINITY);

/// The course of an arm, stage by stage.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Course {
    /// The stages it was found on.
    pub(crate) stages: Vec<Stage>,
    /// Patients censored in the gap of each stage.
    pub(crate) censored: Vec<u32>,
    /// Events at the milestone of each stage.
    pub(crate) events: Vec<u32>,
    /// Patients left at the end of follow-up.
    pub(crate) left: u32,
    /// Its cost.
    pub(crate) cost: f64,
    /// Part of the cost that levels make: reading errors and printed levels.
    pub(crate) level_cost: f64,
    /// Drops that could not be fitted within reach of the reading error.
    pub(crate) misfits: u32,
}

/// Why there is no course.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum NoCourse {
    /// No state could pass the milestone of this stage.
    Blocked {
        /// Position of the stage.
        stage: usize,
    },
    /// No course undercuts the one that was given.
    TooDear,
    /// The paths that were kept end with other totals of events than the printed one.
    EventsMissed {
        /// The total of the cheapest path.
        closest: u32,
    },
}

/// Cost of each patient by which a statement that had to be given up is missed: odds of one to two. It pulls the
/// course towards what is printed without any say against what fits together.
pub(crate) const GIVEN_UP: f64 = 1.386;

/// A path whose rank is above the best by so much is not followed, however few there are: odds of one to ten
/// thousand.
const HOPELESS: f64 = 18.4;

/// One search.
#[derive(Debug)]
pub(crate) struct Search<'a> {
    evidence: &'a Evidence,
    resolution: Resolution,
    effort: Effort,
    stages: Vec<Stage>,
    gaps: Vec<Gap>,
    expectation: Expectation,
    needs: Vec<Need>,
}

/// What is still to come after a milestone.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Need {
    /// Patients who must still be at risk: for the next column, and for the drops and marks before it.
    pub(crate) at_risk: u32,
}

/// A kept state's way back.
#[derive(Debug, Clone, Copy)]
struct Step {
    parent: u32,
    censored: u32,
    died: u32,
}

/// No gap is expected to censor more patients than there are.
fn at_most_all(evidence: &Evidence, mean: f64) -> f64 {
    mean.min(f64::from(evidence.patients()))
}

impl<'a> Search<'a> {
    pub(crate) fn new(evidence: &'a Evidence, resolution: Resolution, effort: Effort) -> Self {
        let stages = stages(evidence, &resolution);
        let expectation = Expectation::new(evidence, &stages, effort.assumed_rate);
        let gaps: Vec<Gap> = stages
            .iter()
            .zip(&expectation.extra)
            .map(|(stage, &mean)| {
                Gap::new(stage, at_most_all(evidence, mean * effort.tilt), evidence.marks_bind)
            })
            .collect();
        let needs = needs(&stages, &gaps, evidence, &resolution);
        Self { evidence, resolution, effort, stages, gaps, expectation, needs }
    }

    /// Multiplies the expected number of censored patients of each gap, stage by stage. A factor for the gaps of a
    /// randomly drawn pattern of censoring.
    pub(crate) fn with_gap_factors(mut self, mut factor: impl FnMut() -> f64) -> Self {
        for (at, stage) in self.stages.iter().enumerate() {
            let mean = self.expectation.extra[at] * self.effort.tilt * factor();
            self.gaps[at] = Gap::new(stage, at_most_all(self.evidence, mean), self.evidence.marks_bind);
        }
        self
    }

    /// What a course that was found under other expectations costs under these.
    pub(crate) fn price(&self, course: &Course) -> f64 {
        let gap_cost: f64 = self.gaps.iter().zip(&course.censored).map(|(gap, &count)| gap.cost(count)).sum();
        course.level_cost + gap_cost
    }

    /// Finds the cheapest course.
    pub(crate) fn run(self) -> Result<Course, NoCourse> {
        // A total of events may be met by none of the likely paths.
        let hopeless = if self.evidence.total_events.is_some() { f64::INFINITY } else { HOPELESS };
        let mut survivors = Survivors::new(self.effort.width, hopeless);
        let mut kept = vec![State {
            at_risk: self.evidence.patients(),
            events: 0,
            survival: 1.0,
            greenwood: 0.0,
            side: ALONG,
            cost: 0.0,
            rank: 0.0,
            parent: 0,
            censored: 0,
            died: 0,
        }];
        let mut history: Vec<Vec<Step>> = Vec::with_capacity(self.stages.len());
        let mut misfits = 0;
        for at in 0..self.stages.len() {
            let transitions = Transitions {
                stage: &self.stages[at],
                gap: &self.gaps[at],
                need: self.needs[at],
                outlook: Outlook::new(self.evidence, &self.expectation, at),
                resolution: self.resolution,
                sides: self.effort.sides,
            };
            let least = least_cost(&kept);
            if (misfits, least) >= self.effort.undercut {
                return Err(NoCourse::TooDear);
            }
            survivors.clear(least);
            for (index, state) in kept.iter().enumerate() {
                transitions.from(state, index as u32, Misfit::WithinReach, &mut survivors);
            }
            if survivors.is_empty() {
                misfits += 1;
                for (index, state) in kept.iter().enumerate() {
                    transitions.from(state, index as u32, Misfit::Any, &mut survivors);
                }
            }
            if survivors.is_empty() {
                return Err(NoCourse::Blocked { stage: at });
            }
            self.keep_best(survivors.states(), &mut kept);
            history.push(
                kept.iter()
                    .map(|state| Step { parent: state.parent, censored: state.censored, died: state.died })
                    .collect(),
            );
        }
        let best = self.choose(&kept)?;
        Ok(self.trace(best, &kept[best], &history, misfits))
    }

    /// The most promising states, the best first. Ties are settled by the numbers, never by the order in memory.
    fn keep_best(&self, states: &[State], kept: &mut Vec<State>) {
        let mut ranked: Vec<(f64, u32)> =
            states.iter().enumerate().map(|(index, state)| (state.rank, index as u32)).collect();
        let order = |one: &(f64, u32), two: &(f64, u32)| one.0.total_cmp(&two.0).then(one.1.cmp(&two.1));
        if ranked.len() > self.effort.width {
            ranked.select_nth_unstable_by(self.effort.width, order);
            ranked.truncate(self.effort.width);
        }
        ranked.sort_unstable_by(order);
        kept.clear();
        kept.extend(ranked.iter().map(|&(_, index)| states[index as usize]));
    }

    /// The cheapest state with the printed total of events.
    fn choose(&self, kept: &[State]) -> Result<usize, NoCourse> {
        let cheapest = |allowed: &dyn Fn(&State) -> bool| {
            (0..kept.len())
                .filter(|&index| allowed(&kept[index]))
                .min_by(|&one, &two| kept[one].cost.total_cmp(&kept[two].cost).then(one.cmp(&two)))
        };
        let Some(total) = self.evidence.total_events else {
            let soft = self.evidence.soft_events;
            if let Some(total) = soft {
                let cost = |index: usize| {
                    kept[index].cost + GIVEN_UP * f64::from(kept[index].events.abs_diff(total))
                };
                let best =
                    (0..kept.len()).min_by(|&one, &two| cost(one).total_cmp(&cost(two)).then(one.cmp(&two)));
                return best.ok_or(NoCourse::Blocked { stage: self.stages.len() - 1 });
            }
            return cheapest(&|_| true).ok_or(NoCourse::Blocked { stage: self.stages.len() - 1 });
        };
        cheapest(&|state| state.events == total).ok_or_else(|| NoCourse::EventsMissed {
            closest: cheapest(&|_| true).map_or(0, |index| kept[index].events),
        })
    }

    fn trace(self, best: usize, end: &State, history: &[Vec<Step>], misfits: u32) -> Course {
        let (mut censored, mut events) = (vec![0; self.stages.len()], vec![0; self.stages.len()]);
        let mut index = best;
        for at in (0..self.stages.len()).rev() {
            let step = history[at][index];
            (censored[at], events[at]) = (step.censored, step.died);
            index = step.parent as usize;
        }
        let gap_cost: f64 = self.gaps.iter().zip(&censored).map(|(gap, &count)| gap.cost(count)).sum();
        Course {
            stages: self.stages,
            censored,
            events,
            left: end.at_risk,
            cost: end.cost,
            level_cost: end.cost - gap_cost,
            misfits,
        }
    }
}

/// The cost from which all further ones start.
fn least_cost(states: &[State]) -> f64 {
    states.iter().map(|state| state.cost).fold(f64::INFINITY, f64::min)
}

/// What must still be at risk, and how many events must still happen, after each milestone.
fn needs(stages: &[Stage], gaps: &[Gap], evidence: &Evidence, resolution: &Resolution) -> Vec<Need> {
    let final_level = evidence.drops.last().map_or(1.0, |drop| drop.survival);
    // A line above zero ends with somebody under observation.
    let last = u32::from(final_level > resolution.survival * resolution.reach);
    let mut needs = vec![Need { at_risk: last }; stages.len()];
    let mut need = Need { at_risk: last };
    for at in (0..stages.len()).rev() {
        needs[at] = need;
        match stages[at].milestone {
            Milestone::Column { at_risk, binds: true } => need.at_risk = at_risk,
            Milestone::Drop { required: true, .. } => {
                need.at_risk += 1;
            }
            _ => {}
        }
        need.at_risk += gaps[at].least;
    }
    needs
}
