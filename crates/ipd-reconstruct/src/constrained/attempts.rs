//! Searches with growing effort, until one meets all of the evidence.

use super::evidence::Evidence;
use super::resolution::Resolution;
use super::search::{ANY_COST, Course, Effort, NoCourse, Search};

/// States kept per milestone, and classes of misfit per half-width. The first settles nine arms in ten; an arm
/// with many patients needs more states, one with few, where each event is many pixels tall, more classes.
const EFFORTS: [(usize, f64); 3] = [(96, 1.5), (384, 1.5), (384, 6.0)];

/// Rates of censoring, per length of follow-up, that are compared where nothing printed tells the rate: from
/// one patient in twenty to two in three censored.
const RATES: [f64; 3] = [0.05, 0.3, 1.2];
/// The rate that is assumed where a comparison would change nothing.
const ORDINARY_RATE: f64 = RATES[1];

/// Steps of the search for a tilt: outwards from 1 until the total is passed, then by interpolation.
const TILTS: u32 = 8;
/// The first step, on the log scale: half as much censoring again, which most often passes the total.
const FIRST_STEP: f64 = 0.4;
/// The same as [`TILTS`] for a quick answer.
const FEW_TILTS: u32 = 3;

/// The cheapest course that meets all of the evidence.
pub(crate) fn solve(evidence: &Evidence, resolution: Resolution) -> Result<Course, NoCourse> {
    solve_while(evidence, resolution, &|| true)
}

/// The same, where the attempts beyond those of [`solve_quickly`] are made only if they are `worth_while`.
pub(crate) fn solve_while(
    evidence: &Evidence,
    resolution: Resolution,
    worth_while: &dyn Fn() -> bool,
) -> Result<Course, NoCourse> {
    let mut best: Result<Course, NoCourse> = Err(NoCourse::Blocked { stage: 0 });
    for (index, effort) in EFFORTS.into_iter().enumerate() {
        if index > 0 && !worth_while() {
            break;
        }
        let found = if rate_is_unknown(evidence) {
            over_rates(evidence, resolution, effort)
        } else {
            over_tilts(evidence, resolution, effort, (TILTS, worth_while))
        };
        best = better(best, found);
        if matches!(&best, Ok(course) if course.misfits == 0) {
            break;
        }
    }
    best
}

/// The cheapest course that the least effort finds: enough to tell which statements disagree.
pub(crate) fn solve_quickly(evidence: &Evidence, resolution: Resolution) -> Result<Course, NoCourse> {
    if rate_is_unknown(evidence) {
        return over_rates(evidence, resolution, EFFORTS[0]);
    }
    over_tilts(evidence, resolution, EFFORTS[0], (FEW_TILTS, &|| true))
}

/// The course of a first attempt, for questions that need no better one.
pub(crate) fn first(evidence: &Evidence, resolution: Resolution) -> Result<Course, NoCourse> {
    attempt(evidence, resolution, EFFORTS[0], ORDINARY_RATE, 1.0, ANY_COST)
}

fn attempt(
    evidence: &Evidence,
    resolution: Resolution,
    (width, sides): (usize, f64),
    rate: f64,
    tilt: f64,
    undercut: (u32, f64),
) -> Result<Course, NoCourse> {
    let assumed_rate = rate / evidence.end.max(f64::MIN_POSITIVE);
    Search::new(evidence, resolution, Effort { width, sides, assumed_rate, tilt, undercut }).run()
}

fn better(held: Result<Course, NoCourse>, found: Result<Course, NoCourse>) -> Result<Course, NoCourse> {
    match (held, found) {
        (Ok(held), Ok(found)) => {
            let improves = (found.misfits, found.cost) < (held.misfits, held.cost);
            Ok(if improves { found } else { held })
        }
        (Err(_), found) => found,
        (held, Err(_)) => held,
    }
}

fn rate_is_unknown(evidence: &Evidence) -> bool {
    evidence.columns.len() == 1
        && evidence.total_events.is_none()
        && evidence.soft_events.is_none()
        && evidence.marks.is_empty()
}

/// The course of the most likely rate of censoring.
fn over_rates(evidence: &Evidence, resolution: Resolution, effort: (usize, f64)) -> Result<Course, NoCourse> {
    let mut best: Result<Course, NoCourse> = Err(NoCourse::Blocked { stage: 0 });
    for rate in RATES {
        let undercut = best.as_ref().map_or(ANY_COST, |course| (course.misfits, course.cost));
        best = better(best, attempt(evidence, resolution, effort, rate, 1.0, undercut));
    }
    best
}

/// Attempts with more or less censoring until the total of events is met.
fn over_tilts(
    evidence: &Evidence,
    resolution: Resolution,
    effort: (usize, f64),
    tilts: (u32, &dyn Fn() -> bool),
) -> Result<Course, NoCourse> {
    seek_total(evidence.total_events, tilts, |tilt| {
        attempt(evidence, resolution, effort, ORDINARY_RATE, tilt, ANY_COST)
    })
}

/// Tilts beyond e^±30 leave no patient, or every patient, to censoring whatever the rate.
const STEEPEST: f64 = 30.0;

/// Moves the tilt until the total of events is met, more than a few times only if that is worth while.
fn seek_total(
    total_events: Option<u32>,
    (tilts, worth_while): (u32, &dyn Fn() -> bool),
    at_tilt: impl Fn(f64) -> Result<Course, NoCourse>,
) -> Result<Course, NoCourse> {
    // Logarithms of tilts on either side, with the events by which they miss.
    let (mut log_tilt, mut too_small, mut too_large) = (0.0_f64, None::<(f64, f64)>, None::<(f64, f64)>);
    let mut found = at_tilt(1.0);
    for moved in 0..tilts {
        let Some(total) = total_events else { break };
        if moved == FEW_TILTS && found.is_err() && !worth_while() {
            break;
        }
        match found {
            Ok(_) => break,
            Err(NoCourse::EventsMissed { closest }) if closest > total => {
                too_small = Some((log_tilt, f64::from(closest - total)));
            }
            Err(NoCourse::EventsMissed { closest }) => {
                too_large = Some((log_tilt, f64::from(total - closest)));
            }
            // A tilt that leads nowhere went too far; without any tilt it is not the tilt.
            Err(NoCourse::Blocked { .. }) if log_tilt > 0.0 => too_large = Some((log_tilt, 1.0)),
            Err(NoCourse::Blocked { .. }) if log_tilt < 0.0 => too_small = Some((log_tilt, 1.0)),
            Err(NoCourse::Blocked { .. } | NoCourse::TooDear) => break,
        }
        log_tilt = match (too_small, too_large) {
            // Where the line through both meets the total, but well inside the bracket.
            (Some((small, above)), Some((large, below))) => {
                small + (large - small) * (above / (above + below)).clamp(0.1, 0.9)
            }
            (Some((small, _)), None) => small.max(0.5 * FIRST_STEP) * 2.0,
            (None, Some((large, _))) => large.min(-0.5 * FIRST_STEP) * 2.0,
            (None, None) => break,
        };
        found = at_tilt(log_tilt.clamp(-STEEPEST, STEEPEST).exp());
    }
    found
}

/// One course under a randomly drawn pattern of censoring: `factor` multiplies what is expected of each gap.
pub(crate) fn drawn(
    evidence: &Evidence,
    resolution: Resolution,
    rate_share: f64,
    factors: &[f64],
) -> Result<Course, NoCourse> {
    let rate_index = ((rate_share * RATES.len() as f64) as usize).min(RATES.len() - 1);
    let rate = if rate_is_unknown(evidence) { RATES[rate_index] } else { ORDINARY_RATE };
    let assumed_rate = rate / evidence.end.max(f64::MIN_POSITIVE);
    let (width, sides) = EFFORTS[0];
    seek_total(evidence.total_events, (FEW_TILTS, &|| true), |tilt| {
        let mut next = factors.iter().cycle().copied();
        Search::new(evidence, resolution, Effort { width, sides, assumed_rate, tilt, undercut: ANY_COST })
            .with_gap_factors(|| next.next().unwrap_or(1.0))
            .run()
    })
}

/// How much more a course costs than another, both priced under the ordinary expectations.
pub(crate) fn price_above(
    evidence: &Evidence,
    resolution: Resolution,
    course: &Course,
    other: &Course,
) -> f64 {
    let assumed_rate = ORDINARY_RATE / evidence.end.max(f64::MIN_POSITIVE);
    let (width, sides) = EFFORTS[0];
    let search = Search::new(
        evidence,
        resolution,
        Effort { width, sides, assumed_rate, tilt: 1.0, undercut: ANY_COST },
    );
    search.price(course) - search.price(other)
}
