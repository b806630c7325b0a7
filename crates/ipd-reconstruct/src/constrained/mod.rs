//! The constrained reconstruction: all that is printed of an arm, met by one choice of whole numbers.
//!
//! The modules in the order of the work: [`evidence`] checks the input, [`resolution`] finds out how precisely the
//! curve was read, [`milestones`] lays out drops, columns and gaps in time, [`expectation`] and [`gap`] say how
//! many censored patients are likely where, [`search`] finds the cheapest course with [`transitions`] and
//! [`survivors`], and [`placement`] gives its patients their times.

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
    let course = solve(&evidence, resolution).unwrap_or_else(|_| todo_rescue());
    let patients = placement::patients_of(&evidence, &course, &mut placement::evenly);
    let status = ReconstructionStatus::Converged;
    let fidelity = fidelity::assess(input, options, &patients, status, evidence.end);
    Ok(ReconstructedArm {
        trial: input.trial.clone(),
        arm: input.arm.clone(),
        patients,
        fidelity,
        findings: evidence.findings,
        provenance: input.provenance.clone(),
    })
}

fn todo_rescue() -> Course { panic!("no course") }

/// States kept per milestone. Most arms need fewer; a search that fails is repeated with more.
const WIDTH: usize = 48;
/// The width of the last attempt.
const WIDTH_AT_MOST: usize = 8 * WIDTH;
/// Rates of censoring, per length of follow-up, that are compared where nothing printed tells the rate: from
/// next to none to three quarters censored.
const RATES: [f64; 5] = [0.02, 0.1, 0.3, 0.7, 1.4];

/// How precisely the curve was read: as stated, else the finest of the plausible resolutions at which whole
/// patients can make the curve.
fn resolution_of(input: &ReconstructionInput, evidence: &Evidence) -> Resolution {
    if let Some(stated) =
        Resolution::stated(input.survival_uncertainty, input.time_uncertainty, evidence.end)
    {
        return stated;
    }
    let as_written = Resolution::as_written(evidence);
    let curve = evidence.curve_only();
    let effort = Effort { width: WIDTH, marks_bind: true, assumed_rate: RATES[2] / evidence.end.max(1e-300) };
    let fits = |resolution: Resolution| {
        Search::new(&curve, resolution, effort).run().is_ok_and(|course| course.misfits == 0)
    };
    // Coordinates with five decimals or more are finer than pixels: no grid can be seen in them by chance.
    let fine = as_written.survival < 1e-5;
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
    let attempt = |width: usize, rate: f64| {
        let effort = Effort { width, marks_bind: true, assumed_rate: rate / evidence.end.max(1e-300) };
        Search::new(evidence, resolution, effort).run()
    };
    let rate_unknown =
        evidence.columns.len() == 1 && evidence.total_events.is_none() && evidence.marks.is_empty();
    if rate_unknown {
        let courses = RATES.iter().filter_map(|&rate| attempt(WIDTH, rate).ok());
        let best = courses.min_by(|one, two| one.cost.total_cmp(&two.cost));
        return best.ok_or(NoCourse::Blocked { stage: 0 });
    }
    let mut width = WIDTH;
    loop {
        let course = attempt(width, RATES[1]);
        let settled = matches!(&course, Ok(course) if course.misfits == 0);
        if settled || width >= WIDTH_AT_MOST {
            return course;
        }
        width *= 4;
    }
}
