//! The ways from one state over a gap to the next milestone.

use super::evidence::{Limit, PrintedLevel};
use super::gap::Gap;
use super::milestones::{Milestone, Stage};
use super::resolution::Resolution;
use super::search::{GIVEN_UP, Need};
use super::survivors::{State, Survivors};

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
    pub(crate) resolution: Resolution,
    /// Classes of misfit per half-width of the reading error.
    pub(crate) sides: f64,
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
        for censored in self.gap.least..=most.min(self.gap.plausible) {
            let at_risk = f64::from(state.at_risk - censored);
            // Whole numbers between the bounds; a hair of slack for rounding.
            let first = (at_risk * low - 1e-9).ceil().max(f64::from(least)) as u32;
            let last = (at_risk * high + 1e-9).floor().min(at_risk).max(0.0) as u32;
            for died in first..=last {
                offer(censored, died);
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
        let events = state.events + died;
        // Where too few are at risk already, standing still makes it no worse: the column will tell.
        let stands_still = censored == 0 && died == 0;
        let enough = at_risk >= died && at_risk - died >= self.need.at_risk;
        if !enough && !stands_still && !matches!(self.stage.milestone, Milestone::End) {
            return;
        }
        let (n, d) = (f64::from(at_risk), f64::from(died));
        let survival = if died == 0 { state.survival } else { state.survival * (1.0 - d / n) };
        let greenwood = if died == 0 { state.greenwood } else { state.greenwood + d / (n * (n - d)) };
        let (mut level_cost, mut side) = (0.0, state.side);
        if let Some((level, _, printed)) = drop {
            let off = (survival - level) / self.resolution.survival;
            level_cost = self.resolution.cost_of_misfit(off.abs());
            side = (off * self.sides).round().clamp(-127.0, 127.0) as i8;
            for statement in printed {
                level_cost += self.cost_of_printed(statement, survival, greenwood);
            }
        }
        survivors.offer(State {
            at_risk: at_risk - died,
            events,
            survival,
            greenwood,
            side,
            cost: state.cost + level_cost + self.gap.cost(censored),
            parent,
            censored,
            died,
        });
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
