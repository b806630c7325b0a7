//! The ways from one state over a gap to the next milestone.

use super::evidence::{Limit, PrintedLevel};
use super::gap::Gap;
use super::milestones::{Milestone, Stage};
use super::outlook::Outlook;
use super::resolution::Resolution;
use super::search::{GIVEN_UP, Need};
use super::survivors::{ALONG, Numbers, Place, State, Survivors};

/// A drop is sharp when each number of events leaves about one number at risk. Then the pairs that the curve
/// asks for are listed, however many patients must be censored before; otherwise the plausible numbers of
/// censored patients are tried one by one.
const SHARP: f64 = 2.0;
/// Pairs that are listed in any case: fewer than the plausible numbers of most gaps.
const FEW: f64 = 8.0;
/// −2 log density of a uniform error is flat; a normal one of the same variance keeps paths near the middle.
const UNIFORM_VARIANCE: f64 = 1.0 / 3.0;
/// The normal quantile of a 95 % interval, of which printed limits of medians are made.
const Z95: f64 = 1.959_963_984_540_054;

/// Which misfits of a level are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// Those that a reading error explains.
    WithinReach,
    /// Any: the nearest whole number of events is taken.
    Any,
}

/// All that the transitions of one stage need.
#[derive(Debug)]
pub(crate) struct Transitions<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) gap: &'a Gap,
    pub(crate) need: Need,
    pub(crate) outlook: Outlook,
    pub(crate) resolution: Resolution,
    /// Classes of misfit per half-width of the reading error.
    pub(crate) sides: f64,
}

/// A way from a state over the gap.
struct Leg<'a> {
    state: &'a State,
    parent: u32,
    censored: u32,
    /// Cost after the gap.
    cost: f64,
}

impl Leg<'_> {
    fn survival_after(&self, died: u32) -> f64 {
        if died == 0 {
            return self.state.survival;
        }
        self.state.survival * (1.0 - f64::from(died) / f64::from(self.state.at_risk - self.censored))
    }
}

impl Transitions<'_> {
    /// Offers every state that can follow `state`.
    pub(crate) fn from(&self, state: &State, parent: u32, misfit: Misfit, survivors: &mut Survivors) {
        match &self.stage.milestone {
            Milestone::Drop { level, required, printed } => {
                self.over_drop(state, parent, misfit, (*level, u32::from(*required), printed), survivors);
            }
            Milestone::EarlyPart { level } => self.over_early_part(state, parent, *level, survivors),
            Milestone::Column { at_risk, binds: false } => {
                let most = self.most_censored(state, 0);
                let asked = state.at_risk.saturating_sub(*at_risk).clamp(self.gap.least.min(most), most);
                let around = self.gap.least..=most.min(self.gap.plausible);
                for censored in around.chain([asked]) {
                    let missed = (state.at_risk - censored).abs_diff(*at_risk);
                    let approached = State { cost: state.cost + GIVEN_UP * f64::from(missed), ..*state };
                    self.offer(&approached, parent, censored, 0, None, survivors);
                }
            }
            Milestone::Column { at_risk, binds: true } => {
                if let Some(censored) = state.at_risk.checked_sub(*at_risk)
                    && (self.gap.least..=self.gap.most).contains(&censored)
                {
                    self.offer(state, parent, censored, 0, None, survivors);
                }
            }
            Milestone::End => {
                let limit = state.at_risk.saturating_sub(self.need.at_risk);
                if limit >= self.gap.least {
                    let censored = self.gap.expected(limit);
                    self.offer(state, parent, censored, 0, None, survivors);
                }
            }
        }
    }

    fn over_drop(
        &self,
        state: &State,
        parent: u32,
        misfit: Misfit,
        drop: (f64, u32, &[PrintedLevel]),
        survivors: &mut Survivors,
    ) {
        let (level, least, _) = drop;
        if state.survival <= 0.0 {
            if misfit == Misfit::Any && least == 0 {
                self.offer(state, parent, 0, 0, Some(drop), survivors);
            }
            return;
        }
        let reach = self.resolution.survival * self.resolution.reach;
        let hazard = |level: f64| 1.0 - level / state.survival;
        let (low, high) = (hazard(level + reach), hazard((level - reach).max(0.0)));
        let mut offer = |censored: u32, died: u32| {
            if died >= least {
                self.offer(state, parent, censored, died, Some(drop), survivors);
            }
        };
        let most = self.most_censored(state, least);
        if misfit == Misfit::Any {
            let most = most.min(self.gap.plausible);
            for censored in self.gap.least..=most.min(state.at_risk) {
                let at_risk = state.at_risk - censored;
                let nearest = (f64::from(at_risk) * hazard(level)).round().max(f64::from(least)) as u32;
                offer(censored, nearest.min(at_risk.saturating_sub(self.need.at_risk)));
            }
            return;
        }
        if is_sharp(state.at_risk, low, high) {
            for_each_listed(state.at_risk, (low, high), least, |at_risk, died| {
                let censored = state.at_risk - at_risk;
                if censored >= self.gap.least && censored <= most {
                    offer(censored, died);
                }
            });
            return;
        }
        // Misses of the level, in half-widths, fall evenly with the number of events.
        let off = (state.survival - level) / self.resolution.survival;
        let off_per_share = state.survival / self.resolution.survival;
        for censored in self.gap.least..=most.min(self.gap.plausible) {
            let leg = Leg { state, parent, censored, cost: state.cost + self.gap.cost(censored) };
            if leg.cost >= survivors.limit() {
                continue;
            }
            let left = state.at_risk - censored;
            let at_risk = f64::from(left);
            // Whole numbers between the bounds; a hair of slack for rounding. Conversions cut off what is below 0.
            let first = ((at_risk * low + (1.0 - 2e-9)) as u32).max(least);
            let last = ((at_risk * high + 1e-9) as u32).min(left.saturating_sub(self.need.at_risk));
            let off_per_event = if left > 0 { off_per_share / at_risk } else { 0.0 };
            let mut pass = |died: u32| {
                self.pass(&leg, died, Some(off - f64::from(died) * off_per_event), drop.2, survivors)
            };
            // From the nearest outwards, until the misfit alone is too much.
            let nearest = ((at_risk * hazard(level) + 0.5) as u32).clamp(first, last.max(first));
            for died in nearest..=last {
                if !pass(died) {
                    break;
                }
            }
            for died in (first..nearest.min(last.saturating_add(1))).rev() {
                if !pass(died) {
                    break;
                }
            }
        }
    }

    /// None, some or all of the events of a drop come before the column.
    fn over_early_part(&self, state: &State, parent: u32, level: f64, survivors: &mut Survivors) {
        let hazard = if state.survival > 0.0 { (1.0 - level / state.survival).max(0.0) } else { 0.0 };
        let most = self.most_censored(state, 0).min(self.gap.plausible);
        for censored in self.gap.least..=most {
            let at_risk = state.at_risk - censored;
            let nearest = (f64::from(at_risk) * hazard).round() as u32;
            for died in 0..=nearest.min(at_risk) {
                self.offer(state, parent, censored, died, None, survivors);
            }
        }
    }

    /// Most patients that can be censored in the gap so that what must follow stays possible.
    fn most_censored(&self, state: &State, events: u32) -> u32 {
        state.at_risk.saturating_sub(self.need.at_risk + events).min(self.gap.most)
    }

    /// Offers the state that `censored` and `died` patients lead to, if enough are left for what must follow.
    fn offer(
        &self,
        state: &State,
        parent: u32,
        censored: u32,
        died: u32,
        drop: Option<(f64, u32, &[PrintedLevel])>,
        survivors: &mut Survivors,
    ) {
        let at_risk = state.at_risk - censored;
        // Where too few are at risk already, standing still makes it no worse: the column will tell.
        let stands_still = censored == 0 && died == 0;
        let enough = at_risk >= died && at_risk - died >= self.need.at_risk;
        if !enough && !stands_still && !matches!(self.stage.milestone, Milestone::End) {
            return;
        }
        let leg = Leg { state, parent, censored, cost: state.cost + self.gap.cost(censored) };
        let off = drop.map(|(level, ..)| (leg.survival_after(died) - level) / self.resolution.survival);
        self.pass(&leg, died, off, drop.map_or(&[], |(_, _, printed)| printed), survivors);
    }

    /// Ends a leg with `died` events, which miss the read level by `off` half-widths, unless the cost shows that the
    /// path will not be kept. Returns whether a greater misfit may still be worth an offer.
    #[inline]
    fn pass(
        &self,
        leg: &Leg<'_>,
        died: u32,
        off: Option<f64>,
        printed: &[PrintedLevel],
        survivors: &mut Survivors,
    ) -> bool {
        let cost = leg.cost + off.map_or(0.0, |off| self.resolution.cost_of_misfit(off.abs()));
        if cost >= survivors.limit() {
            return false;
        }
        let numbers = Numbers {
            at_risk: leg.state.at_risk - leg.censored - died,
            events: leg.state.events + died,
            side: off.map_or(leg.state.side, |off| self.side_of(off)),
        };
        // What is printed of a level and what is to come only add to the cost: most paths end here.
        if let Some(place) = survivors.cheaper_way(numbers, cost) {
            self.arrive(leg, (numbers, cost), died, printed, place, survivors);
        }
        true
    }

    fn arrive(
        &self,
        leg: &Leg<'_>,
        (numbers, mut cost): (Numbers, f64),
        died: u32,
        printed: &[PrintedLevel],
        place: Place,
        survivors: &mut Survivors,
    ) {
        let Leg { state, parent, censored, .. } = *leg;
        let Numbers { at_risk, events, side } = numbers;
        let survival = leg.survival_after(died);
        let (before, d) = (f64::from(at_risk + died), f64::from(died));
        let greenwood = if died == 0 { 0.0 } else { d / (before * f64::from(at_risk)) } + state.greenwood;
        for statement in printed {
            cost += self.cost_of_printed(statement, survival, greenwood);
        }
        let rank = cost + self.outlook.of(at_risk, events, survival);
        if rank >= survivors.limit()
            || (!printed.is_empty() && survivors.cheaper_way(numbers, cost).is_none())
        {
            return;
        }
        let next = State { at_risk, events, survival, greenwood, side, cost, rank, parent, censored, died };
        survivors.put(place, next);
    }

    /// The class of a misfit, by rounding; the outermost classes take all beyond them.
    fn side_of(&self, off: f64) -> u8 {
        // The conversion cuts off, from 0 to 255.
        (off * self.sides + (f64::from(ALONG) + 0.5)) as u8
    }

    /// Misfit of a printed statement on the level after the drop.
    fn cost_of_printed(&self, statement: &PrintedLevel, survival: f64, greenwood: f64) -> f64 {
        match *statement {
            PrintedLevel::Survival { survival: printed, half_width, .. } => {
                // The rounding of the printed number; the path's own level has no reading error.
                let off = (survival - printed) / half_width.max(self.resolution.survival * 1e-3).max(1e-9);
                off * off / UNIFORM_VARIANCE
            }
            PrintedLevel::Crossing { limit, from, to } => {
                let level = nearest_limit(limit, survival, greenwood);
                let wrong = if from.is_finite() { (0.5 - level).max(0.0) } else { 0.0 }
                    + if to.is_some() { (level - 0.5).max(0.0) } else { 0.0 };
                let off = wrong / self.resolution.survival.max(1e-4);
                off * off / UNIFORM_VARIANCE
            }
        }
    }
}

/// The value of a limit that is closest to one half, over the kinds of interval in use (log, log-log, plain).
fn nearest_limit(limit: Limit, survival: f64, greenwood: f64) -> f64 {
    let sign = match limit {
        Limit::Estimate => return survival,
        Limit::Lower => -1.0,
        Limit::Upper => 1.0,
    };
    if survival <= 0.0 || survival >= 1.0 {
        return survival;
    }
    let width = Z95 * greenwood.sqrt();
    let kinds = [
        survival * (sign * width).exp(),
        survival.powf((-sign * width / survival.ln().abs()).exp()),
        survival * (1.0 + sign * width),
    ];
    kinds.into_iter().min_by(|one, two| (one - 0.5).abs().total_cmp(&(two - 0.5).abs())).unwrap_or(survival)
}

/// Whether few pairs of patients at risk and events have a ratio between `low` and `high`.
fn is_sharp(at_risk: u32, low: f64, high: f64) -> bool {
    if low <= 0.0 {
        return false;
    }
    let most = (f64::from(at_risk) * high).floor();
    // d events leave d/high to d/low patients at risk.
    let pairs = most + 0.5 * most * (most + 1.0) * (low.recip() - high.recip());
    pairs <= SHARP * most + FEW
}

/// All numbers at risk, up to `at_risk`, and events whose ratio lies between `low` and `high`.
/// `low` is positive.
fn for_each_listed(at_risk: u32, (low, high): (f64, f64), least: u32, mut visit: impl FnMut(u32, u32)) {
    let most = (f64::from(at_risk) * high + 1e-9).floor() as u32;
    for died in least.max(1)..=most {
        let first = (f64::from(died) / high - 1e-9).ceil() as u32;
        let last = ((f64::from(died) / low + 1e-9).floor() as u32).min(at_risk);
        for patients in first.max(died)..=last {
            visit(patients, died);
        }
    }
}
