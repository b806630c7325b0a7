//! Printed statements that cannot all be true.
//!
//! When no course meets everything, the smallest set of statements that disagree is found by a deletion filter
//! (Chinneck & Dravnieks 1991): each statement is left out in turn, for good when the rest still disagrees. What
//! stays cannot hold together, and would without any one of them. Of these the one whose loss lets the curve be
//! fitted at the least cost is given up, approached as closely as the others allow, and reported.

use std::borrow::Cow;

use kmeta_trial_data::{Finding, NumberAtRisk};

use super::attempts::{first, solve, solve_quickly};
use super::evidence::Evidence;
use super::resolution::Resolution;
use super::search::Course;
use crate::ReconstructionInput;
use crate::timeline::Column;

/// A printed statement that can be given up.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Statement {
    NumberAtRisk(Column),
    TotalEvents(u32),
    CensorMarks(usize),
}

/// A course and what had to be given up for it.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) course: Course,
    /// The evidence that the course meets.
    pub(crate) evidence: Evidence,
    pub(crate) findings: Vec<Finding>,
}

/// The cheapest course, with statements given up one by one while they disagree. None only when not even the
/// number of patients and the curve give one.
pub(crate) fn settle(mut evidence: Evidence, resolution: Resolution, arm: &str) -> Option<Settled> {
    let mut findings = Vec::new();
    let mut found = solve(&evidence, resolution);
    let tolerated = match &found {
        Ok(course) if course.misfits == 0 => 0,
        _ => tolerated_misfits(&evidence, resolution),
    };
    while !matches!(&found, Ok(course) if course.misfits <= tolerated) {
        let statements = statements_of(&evidence);
        let mut conflict = disagreeing(&evidence, &statements, resolution, tolerated);
        if conflict.is_empty() {
            if found.is_ok() {
                // Without any of them the misfit is the same: it is not one of printed numbers.
                break;
            }
            conflict = statements;
        }
        if conflict.is_empty() {
            // More drops than patients: not every drop can have an event.
            evidence.drops_bind = false;
            found = solve(&evidence, resolution);
            break;
        }
        let (given_up, rest) = cheapest_loss(&evidence, &conflict, resolution);
        findings.push(describe(&conflict, given_up, arm, &evidence));
        evidence = rest;
        found = solve(&evidence, resolution);
    }
    found.ok().map(|course| Settled { course, evidence, findings })
}

/// Misfits that the curve and the number of patients have by themselves.
fn tolerated_misfits(evidence: &Evidence, resolution: Resolution) -> u32 {
    first(&evidence.curve_only(), resolution).map_or(u32::MAX, |course| course.misfits)
}

fn statements_of(evidence: &Evidence) -> Vec<Statement> {
    let columns = evidence.columns.iter().skip(1).map(|&column| Statement::NumberAtRisk(column));
    let marks = (evidence.marks_bind && !evidence.marks.is_empty())
        .then_some(Statement::CensorMarks(evidence.marks.len()));
    columns.chain(marks).chain(evidence.total_events.map(Statement::TotalEvents)).collect()
}

/// The evidence without a statement, which is then only approached.
fn without(evidence: &Evidence, statement: Statement) -> Evidence {
    let mut rest = evidence.clone();
    match statement {
        Statement::NumberAtRisk(column) => {
            rest.columns.retain(|held| *held != column);
            rest.soft_columns.push(column);
        }
        Statement::TotalEvents(total) => {
            rest.total_events = None;
            rest.soft_events = Some(total);
        }
        Statement::CensorMarks(_) => rest.marks_bind = false,
    }
    rest
}

/// A set of statements that disagree, with the curve and the number of patients, such that any one less agrees.
fn disagreeing(
    evidence: &Evidence,
    statements: &[Statement],
    resolution: Resolution,
    tolerated: u32,
) -> Vec<Statement> {
    let agree = |evidence: &Evidence| {
        solve_quickly(evidence, resolution).is_ok_and(|course: Course| course.misfits <= tolerated)
    };
    let mut left = evidence.clone();
    let mut conflict = Vec::new();
    for &statement in statements {
        let rest = without(&left, statement);
        if agree(&rest) {
            conflict.push(statement);
        } else {
            left = rest;
        }
    }
    conflict
}

/// The statement of a conflict whose loss costs least, and the evidence without it.
fn cheapest_loss(
    evidence: &Evidence,
    conflict: &[Statement],
    resolution: Resolution,
) -> (Statement, Evidence) {
    let tried = conflict.iter().map(|&statement| {
        let rest = without(evidence, statement);
        let price = solve_quickly(&rest, resolution)
            .map_or((u32::MAX, f64::INFINITY), |course: Course| (course.misfits, course.cost));
        (price, statement, rest)
    });
    let cheapest = tried.min_by(|one, two| one.0.0.cmp(&two.0.0).then(one.0.1.total_cmp(&two.0.1)));
    match cheapest {
        Some((_, statement, rest)) => (statement, rest),
        None => unreachable!("a conflict has at least one statement"),
    }
}

fn describe(conflict: &[Statement], given_up: Statement, arm: &str, evidence: &Evidence) -> Finding {
    let in_words = |statement: Statement| match statement {
        Statement::NumberAtRisk(column) => format!("{} at risk at time {}", column.at_risk, column.time),
        Statement::TotalEvents(total) => format!("{total} events in total"),
        Statement::CensorMarks(marks) => format!("{marks} censor marks, each at least one patient"),
    };
    let code = match given_up {
        Statement::NumberAtRisk(_) => "number-at-risk-conflict",
        Statement::TotalEvents(_) => "total-events-missed",
        Statement::CensorMarks(_) => "censor-marks-conflict",
    };
    let listed: Vec<String> = conflict.iter().map(|&statement| in_words(statement)).collect();
    let message = format!(
        "these cannot be true together, given the curve and {} patients: {}; given up: {}. Check the cells and the \
         curve; the patients come as close to it as the others allow",
        evidence.patients(),
        listed.join("; "),
        in_words(given_up)
    );
    Finding::warning(code, arm, message)
}

/// The input without the numbers that the number of patients rules out by itself, and a finding for each.
pub(crate) fn without_impossible(
    input: &ReconstructionInput,
) -> (Cow<'_, ReconstructionInput>, Vec<Finding>) {
    let at_start = input.number_at_risk.as_ref().filter(|risk| risk.times()[0] == 0.0);
    let Some(patients) = at_start.map(NumberAtRisk::first_count).or(input.patients) else {
        return (Cow::Borrowed(input), Vec::new());
    };
    let too_many = |count: u32| count > patients;
    let table_possible =
        input.number_at_risk.as_ref().is_none_or(|risk| !risk.counts().iter().copied().any(too_many));
    if table_possible && !input.total_events.is_some_and(too_many) {
        return (Cow::Borrowed(input), Vec::new());
    }
    let mut possible = input.clone();
    let mut findings = Vec::new();
    let mut report = |code: &str, what: String| {
        let message = format!(
            "these cannot be true together: {patients} patients; {what}; given up: {what}. Check both numbers"
        );
        findings.push(Finding::warning(code, input.place(), message));
    };
    if let Some(events) = possible.total_events.take_if(|events| too_many(*events)) {
        report("total-events-missed", format!("{events} events in total"));
    }
    if let Some(risk) = possible.number_at_risk.take() {
        let columns = risk.times().iter().copied().zip(risk.counts().iter().copied());
        let (kept, wrong): (Vec<_>, Vec<_>) = columns.partition(|column| !too_many(column.1));
        for (time, count) in wrong {
            report("number-at-risk-conflict", format!("{count} at risk at time {time}"));
        }
        let (times, counts) = kept.into_iter().unzip();
        possible.number_at_risk = NumberAtRisk::new(times, counts).ok();
    }
    (Cow::Owned(possible), findings)
}
