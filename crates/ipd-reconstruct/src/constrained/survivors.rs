//! The best path to each state after a milestone.

use super::leaders::Leaders;

/// The class of the paths along the read curve; lower classes run below it.
pub(crate) const ALONG: u8 = 128;

/// A path's end: what it carries to the next milestone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct State {
    /// Patients at risk after the milestone.
    pub(crate) at_risk: u32,
    /// Events so far.
    pub(crate) events: u32,
    /// Kaplan-Meier estimate so far.
    pub(crate) survival: f64,
    /// Greenwood's sum so far, Σ d/(n(n − d)).
    pub(crate) greenwood: f64,
    /// Class of the level's misfit, [`ALONG`] on the read curve: paths to the same numbers that run above, along and below the read curve have
    /// different futures.
    pub(crate) side: u8,
    /// Cost so far.
    pub(crate) cost: f64,
    /// Cost so far and what is expected to come: the order in which states are kept.
    pub(crate) rank: f64,
    /// The state before, as a position among the kept states of the milestone before.
    pub(crate) parent: u32,
    /// Patients censored in the gap.
    pub(crate) censored: u32,
    /// Events at the milestone.
    pub(crate) died: u32,
}

impl State {
    fn numbers(&self) -> Numbers {
        Numbers { at_risk: self.at_risk, events: self.events, side: self.side }
    }
}

/// Collects paths and keeps the cheapest for each number at risk, number of events and side of the curve.
///
/// A table of open addresses that is emptied by raising its stamp: states come and go by the hundred thousand, and
/// most of them reach numbers that a cheaper path has reached before.
#[derive(Debug)]
pub(crate) struct Survivors {
    slots: Vec<Slot>,
    stamp: u32,
    states: Vec<State>,
    leaders: Leaders,
}

/// A place of the table; free unless its stamp is the present one.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    numbers: Numbers,
    stamp: u32,
    /// Position among the states.
    index: u32,
    /// Cost of the state.
    cost: f64,
}

/// What tells states apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) at_risk: u32,
    pub(crate) events: u32,
    pub(crate) side: u8,
}

/// Where a state is to go: see [`Survivors::cheaper_way`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(usize);

impl Survivors {
    /// An empty collection, of which `width` states will be kept, and none whose rank is above the best by
    /// `hopeless`.
    pub(crate) fn new(width: usize, hopeless: f64) -> Self {
        let slots = vec![Slot::default(); 1 << 9];
        Self { slots, stamp: 0, states: Vec::new(), leaders: Leaders::new(width, hopeless) }
    }

    /// Forgets all states; those to come cost at least `least_cost`.
    pub(crate) fn clear(&mut self, least_cost: f64) {
        self.states.clear();
        self.stamp += 1;
        self.leaders.clear(least_cost);
    }

    /// The rank from which on a state will not be kept and need not be put in.
    pub(crate) fn limit(&self) -> f64 {
        self.leaders.limit()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// The states, in the order in which their numbers were first reached.
    pub(crate) fn states(&self) -> &[State] {
        &self.states
    }

    /// The place of a state with these numbers and this cost; none when they were reached as cheaply before. Equal
    /// costs keep the first, so that the order of the search alone decides.
    #[inline]
    pub(crate) fn cheaper_way(&self, numbers: Numbers, cost: f64) -> Option<Place> {
        let place = self.place_of(numbers);
        let slot = &self.slots[place.0];
        (slot.stamp != self.stamp || cost < slot.cost).then_some(place)
    }

    /// Puts a state into the place that was found for it.
    pub(crate) fn put(&mut self, Place(at): Place, state: State) {
        let slot = &mut self.slots[at];
        if slot.stamp == self.stamp {
            let held = &mut self.states[slot.index as usize];
            self.leaders.remove(held.rank);
            slot.cost = state.cost;
            *held = state;
        } else {
            let index = self.states.len() as u32;
            *slot = Slot { numbers: state.numbers(), stamp: self.stamp, index, cost: state.cost };
            self.states.push(state);
        }
        self.leaders.add(state.rank);
        if self.states.len() * 2 >= self.slots.len() {
            self.grow();
        }
    }

    #[inline]
    fn place_of(&self, numbers: Numbers) -> Place {
        // Fibonacci hashing: the multiplier is 2^64 divided by the golden ratio.
        let key =
            (u64::from(numbers.at_risk) << 32) ^ (u64::from(numbers.events) << 8) ^ u64::from(numbers.side);
        let mask = self.slots.len() - 1;
        let mut at = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        loop {
            let slot = &self.slots[at];
            if slot.stamp != self.stamp || slot.numbers == numbers {
                return Place(at);
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let size = self.slots.len() * 2;
        let held = std::mem::replace(&mut self.slots, vec![Slot::default(); size]);
        for slot in held.into_iter().filter(|slot| slot.stamp == self.stamp) {
            let Place(at) = self.place_of(slot.numbers);
            self.slots[at] = slot;
        }
    }
}
