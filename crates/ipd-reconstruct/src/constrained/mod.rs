//! The constrained reconstruction: all that is printed of an arm, met by one choice of whole numbers.
//!
//! The modules in the order of the work: [`evidence`] checks the input, [`resolution`] finds out how precisely the
//! curve was read, [`milestones`] lays out drops, columns and gaps in time, [`expectation`] and [`gap`] say how
//! many censored patients are likely where, [`search`] finds the cheapest course with [`transitions`] and
//! [`survivors`], and [`placement`] gives its patients their times.

mod conflicts;
mod evidence;
mod expectation;
mod gap;
mod milestones;
mod placement;
mod resolution;
mod search;
mod survivors;
mod transitions;

use kmeta_trial_data::{ReconstructedArm, ReconstructionStatus};

use crate::{ReconstructionError, ReconstructionInput, ReconstructionOptions, fidelity};
use evidence::Evidence;
use resolution::Resolution;
use search::{Course, Effort, NoCourse, Search};

pub(crate) fn reconstruct(
    input: &ReconstructionInput,
    options: &ReconstructionOptions,
) -> Result<ReconstructedArm, ReconstructionError> {
    let evidence = Evidence::new(input, options)?;
    let resolution = resolution_of(input, &evidence);
    let arm = input.place();
    let Some(mut settled) = conflicts::settle(evidence, resolution, &arm) else {
        return Err(ReconstructionError::CurveImpossible { arm });
    };
    let Evidence { conflict, end, .. } = settled.evidence;
    let patients = placement::patients_of(&settled.evidence, &settled.course, &mut placement::evenly);
    let agrees = settled.findings.is_empty() && !conflict;
    let status = if agrees { ReconstructionStatus::Converged } else { ReconstructionStatus::Compromise };
    let mut findings = std::mem::take(&mut settled.evidence.findings);
    findings.append(&mut settled.findings);
    Ok(ReconstructedArm {
        trial: input.trial.clone(),
        arm: input.arm.clone(),
        fidelity: fidelity::assess(input, options, &patients, status, end),
        patients,
        findings,
        provenance: input.provenance.clone(),
    })
}

/// States kept per milestone. Most arms need fewer; a search that fails is repeated with more.
const WIDTH: usize = 96;
/// The width of the last attempt.
const WIDTH_AT_MOST: usize = 16 * WIDTH;
/// Rates of censoring, per length of follow-up, that are compared where nothing printed tells the rate: from
/// next to none to three quarters censored.
const RATES: [f64; 5] = [0.02, 0.1, 0.3, 0.7, 1.4];

/// How precisely the curve was read: as stated, else the finest of the plausible resolutions at which whole
/// patients can make the curve.
fn resolution_of(input: &ReconstructionInput, evidence: &Evidence) -> Resolution {
    if let Some(stated) = Resolution::stated(input.survival_uncertainty, input.time_uncertainty, evidence.end)
    {
        return stated;
    }
    let as_written = Resolution::as_written(evidence);
    let curve = evidence.curve_only();
    let effort =
        Effort { width: WIDTH, assumed_rate: RATES[2] / evidence.end.max(f64::MIN_POSITIVE), tilt: 1.0 };
    let fits = |resolution: Resolution| {
        Search::new(&curve, resolution, effort).run().is_ok_and(|course| course.misfits == 0)
    };
    let fine = as_written.survival < resolution::FINER_THAN_PIXELS;
    if fine && fits(as_written) {
        return as_written;
    }
    match Resolution::of_grid(evidence) {
        Some(grid) => grid,
        None if !fine && fits(as_written) => as_written,
        None => Resolution::assumed(evidence),
    }
}

/// The cheapest course that meets all of the evidence.
fn solve(evidence: &Evidence, resolution: Resolution) -> Result<Course, NoCourse> {
    let attempt = |width: usize, rate: f64, tilt: f64| {
        let assumed_rate = rate / evidence.end.max(f64::MIN_POSITIVE);
        Search::new(evidence, resolution, Effort { width, assumed_rate, tilt }).run()
    };
    let rate_unknown =
        evidence.columns.len() == 1 && evidence.total_events.is_none() && evidence.marks.is_empty();
    if rate_unknown {
        let courses = RATES.iter().filter_map(|&rate| attempt(WIDTH, rate, 1.0).ok());
        let best = courses.min_by(|one, two| one.cost.total_cmp(&two.cost));
        return best.ok_or(NoCourse::Blocked { stage: 0 });
    }
    let mut width = WIDTH;
    let mut best: Option<Course> = None;
    loop {
        let course = tilted(evidence.total_events, |tilt| attempt(width, RATES[1], tilt));
        let failure = match course {
            Ok(course) => {
                let better = |held: &Course| (course.misfits, course.cost) < (held.misfits, held.cost);
                if best.as_ref().is_none_or(better) {
                    best = Some(course);
                }
                None
            }
            Err(failure) => Some(failure),
        };
        let settled = best.as_ref().is_some_and(|course| course.misfits == 0);
        if settled || width >= WIDTH_AT_MOST {
            return best.ok_or(failure.unwrap_or(NoCourse::Blocked { stage: 0 }));
        }
        width *= 4;
    }
}

/// Steps of the search for a tilt: from 1 it goes by factors of 8 until the total is passed, and then by halves.
const TILTS: u32 = 8;

/// Attempts with more or less censoring until the total of events is met.
fn tilted(
    total_events: Option<u32>,
    attempt: impl Fn(f64) -> Result<Course, NoCourse>,
) -> Result<Course, NoCourse> {
    let (mut tilt, mut too_small, mut too_large) = (1.0_f64, None::<f64>, None::<f64>);
    let mut result = attempt(tilt);
    for _ in 0..TILTS {
        let Some(total) = total_events else { break };
        match result {
            Ok(_) => break,
            Err(NoCourse::EventsMissed { closest }) if closest > total => too_small = Some(tilt),
            Err(NoCourse::EventsMissed { .. }) => too_large = Some(tilt),
            // A tilt that leads nowhere went too far; without any tilt it is not the tilt.
            Err(NoCourse::Blocked { .. }) if tilt > 1.0 => too_large = Some(tilt),
            Err(NoCourse::Blocked { .. }) if tilt < 1.0 => too_small = Some(tilt),
            Err(NoCourse::Blocked { .. }) => break,
        }
        tilt = match (too_small, too_large) {
            (Some(small), Some(large)) => (small * large).sqrt(),
            (Some(small), None) => 8.0 * small,
            (None, Some(large)) => large / 8.0,
            (None, None) => break,
        };
        result = attempt(tilt);
    }
    result
}
