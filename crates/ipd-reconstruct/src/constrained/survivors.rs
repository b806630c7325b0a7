//! The best path to each state after a milestone.

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
    /// Class of the level's misfit: paths to the same numbers that run above, along and below the read curve have
    /// different futures.
    pub(crate) side: i8,
    /// Cost so far.
    pub(crate) cost: f64,
    /// The state before, as a position among the kept states of the milestone before.
    pub(crate) parent: u32,
    /// Patients censored in the gap.
    pub(crate) censored: u32,
    /// Events at the milestone.
    pub(crate) died: u32,
}

/// Collects paths and keeps the cheapest for each number at risk, number of events and side of the curve.
///
/// A table of open addresses that is emptied by raising its stamp: states come and go by the hundred thousand.
#[derive(Debug)]
pub(crate) struct Survivors {
    slots: Vec<(u32, u32)>,
    stamp: u32,
    states: Vec<State>,
}

impl Survivors {
    /// An empty collection.
    pub(crate) fn new() -> Self {
        Self { slots: vec![(0, 0); 1 << 10], stamp: 0, states: Vec::new() }
    }

    /// Forgets all states.
    pub(crate) fn clear(&mut self) {
        self.states.clear();
        self.stamp += 1;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// The states, in the order in which they were first offered.
    pub(crate) fn states(&self) -> &[State] {
        &self.states
    }

    /// Keeps `state` unless the same numbers were reached more cheaply. Equal costs keep the first, so that the
    /// order of the search alone decides.
    pub(crate) fn offer(&mut self, state: State) {
        if self.states.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let slot = self.slot_of(&state);
        let (stamp, index) = self.slots[slot];
        if stamp != self.stamp {
            self.slots[slot] = (self.stamp, self.states.len() as u32);
            self.states.push(state);
        } else if state.cost < self.states[index as usize].cost {
            self.states[index as usize] = state;
        }
    }

    fn slot_of(&self, state: &State) -> usize {
        // Fibonacci hashing: the multiplier is 2^64 divided by the golden ratio.
        let key =
            (u64::from(state.at_risk) << 32) ^ (u64::from(state.events) << 8) ^ u64::from(state.side as u8);
        let mask = self.slots.len() - 1;
        let mut slot = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        loop {
            let (stamp, index) = self.slots[slot];
            let free = stamp != self.stamp;
            if free || {
                let held = &self.states[index as usize];
                held.at_risk == state.at_risk && held.events == state.events && held.side == state.side
            } {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        self.slots = vec![(0, 0); self.slots.len() * 2];
        self.stamp = 1;
        for index in 0..self.states.len() {
            let slot = self.slot_of(&self.states[index]);
            self.slots[slot] = (self.stamp, index as u32);
        }
    }
}
