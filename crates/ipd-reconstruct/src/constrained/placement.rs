//! Follow-up times for the numbers of a course.

use kmeta_trial_data::PatientRecord;

use super::evidence::Evidence;
use super::milestones::{Milestone, Stage};
use super::search::Course;

/// Where patients are put in a gap without marks, as fractions of the gap.
pub(crate) type Spread<'a> = &'a mut dyn FnMut(u32) -> Vec<f64>;

/// Equal distances: the expected order statistics' middle under uniform censoring.
pub(crate) fn evenly(count: u32) -> Vec<f64> {
    (0..count).map(|index| (f64::from(index) + 0.5) / f64::from(count)).collect()
}

/// The patients of a course, by ascending time with events before censorings.
pub(crate) fn patients_of(evidence: &Evidence, course: &Course, spread: Spread<'_>) -> Vec<PatientRecord> {
    let mut patients = Vec::with_capacity(evidence.patients() as usize);
    let numbers = course.censored.iter().zip(&course.events);
    for (stage, (&censored, &events)) in course.stages.iter().zip(numbers) {
        let times = censoring_times(evidence, stage, censored, spread);
        patients.extend(times.into_iter().map(|time| PatientRecord { time, event: false }));
        patients.extend((0..events).map(|_| PatientRecord { time: stage.time, event: true }));
    }
    patients.extend((0..course.left).map(|_| PatientRecord { time: evidence.end, event: false }));
    patients.sort_by(|one, next| one.time.total_cmp(&next.time).then(next.event.cmp(&one.event)));
    patients
}

/// Times of the patients censored in a gap: on its marks, several on one in turn; without marks spread out.
fn censoring_times(evidence: &Evidence, stage: &Stage, censored: u32, spread: Spread<'_>) -> Vec<f64> {
    let marks = &evidence.marks[stage.marks.clone()];
    if marks.is_empty() {
        let length = stage.time - stage.start;
        return spread(censored).into_iter().map(|part| within(stage, stage.start + part * length)).collect();
    }
    if (censored as usize) < marks.len() {
        // Marks near the ends of a gap belong to its neighbours first: those in the middle stay.
        let skipped = (marks.len() - censored as usize) / 2;
        return marks[skipped..skipped + censored as usize].iter().map(|&mark| within(stage, mark)).collect();
    }
    (0..censored as usize)
        .map(|index| within(stage, marks[index * marks.len() / censored as usize]))
        .collect()
}

/// A time inside the gap: a patient censored at the time of a drop is still at risk there, and so belongs to
/// the gap after it.
fn within(stage: &Stage, time: f64) -> f64 {
    let before_end = if matches!(stage.milestone, Milestone::End) {
        stage.time
    } else {
        // The closest time before the milestone that is told apart from it in print.
        stage.time - (stage.time - stage.start) * 1e-6
    };
    // Where two times differ by the rounding of their computation only, nothing lies between them.
    let is_told_apart = before_end < stage.time || matches!(stage.milestone, Milestone::End);
    if is_told_apart { time.clamp(stage.start, before_end.max(stage.start)) } else { stage.start }
}
