//! How many patients stand behind a curve of which no number is printed.
//!
//! A Kaplan-Meier curve drops by the factor 1 − d/n when d of n patients at risk have the event (Kaplan and Meier
//! 1958). Most drops are of one patient, and censor marks say how many leave in between, so that the sizes of many
//! drops together fix the number that the curve began with: Liu, Rich and Hanley (Syst Rev 2014;3:151) recover it
//! from exact coordinates; here every level may be off by its reading error. For each number in question the most
//! likely course of events and censorings is found by dynamic programming over the numbers at risk, and the
//! likelihoods are compared.

use kmeta_trial_data::StepCurve;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A number of patients that was inferred from the size of a curve's drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InferredPatients {
    /// The most likely number.
    pub patients: u32,
    /// The smallest number that is nearly as likely (a likelihood ratio of at most e²).
    pub lower: u32,
    /// The largest such number.
    pub upper: u32,
    /// Drops that it was inferred from.
    pub drops: usize,
}

/// Fewer drops than this fix no number.
const FEWEST_DROPS: usize = 6;
/// A drop of one patient must exceed the reading error of a level by this factor. In larger arms drops and marks of
/// several patients run into one, and the number comes out too small: by a tenth at half the factor where every mark
/// is seen, by more where marks hide each other.
const DROP_OVER_ERROR: f64 = 8.0;
/// Numbers are tried up to this multiple of the largest that is believed.
const BEYOND_BELIEF: f64 = 6.0;
/// Most patients that are tried.
pub(crate) const MOST_PATIENTS: f64 = 3000.0;
/// −2 log of the odds that another patient has the event at the same drop: one in ten.
pub(crate) const TIED_EVENT: f64 = 4.6;
/// −2 log of the odds that another patient leaves at the same mark: one in twenty.
pub(crate) const TIED_CENSORING: f64 = 6.0;
/// Most patients that one mark stands for.
const MOST_AT_A_MARK: u32 = 3;
/// Squared misfit, in reading errors, that a drop costs at most: one misread level must not decide.
const MOST_MISFIT: f64 = 25.0;
/// Courses kept at each drop.
const COURSES: usize = 8;
/// Mean squared misfit of a drop, in reading errors, beyond which no whole patients make the curve.
pub(crate) const MEAN_MISFIT: f64 = 2.5;
/// Numbers this close to the best one, as a share of it, tell the same.
const NEIGHBOURHOOD: f64 = 0.04;
/// −2 log likelihood by which every other number must be worse.
const MARGIN: f64 = 9.0;
/// −2 log likelihood within which a number is nearly as likely as the best.
pub(crate) const NEARLY: f64 = 4.0;

/// What happens at one place of the time axis, in order of time.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Drop { survival: f64 },
    Mark,
}

/// A course of events and censorings up to some time.
#[derive(Debug, Clone, Copy)]
struct Course {
    at_risk: u32,
    survival: f64,
    cost: f64,
    misfit: f64,
}

/// Infers the number of patients behind a curve from the sizes of its drops, where that is possible: with censor
/// marks at `censor_times` (or none censored before the last drop), at least six drops, and drops of one patient that
/// stand out from `survival_error`, the standard deviation of a level as read (a fraction).
///
/// `None` where no number, or more than one, explains the curve.
pub fn infer_patients(
    curve: &StepCurve,
    censor_times: &[f64],
    survival_error: f64,
) -> Option<InferredPatients> {
    let happenings = happenings_of(curve, censor_times);
    let drops = happenings.iter().filter(|happening| matches!(happening, Happening::Drop { .. })).count();
    if drops < FEWEST_DROPS || !survival_error.is_finite() || survival_error <= 0.0 {
        return None;
    }
    let believed = (1.0 / (DROP_OVER_ERROR * survival_error)).min(MOST_PATIENTS);
    let most = (BEYOND_BELIEF * believed).min(MOST_PATIENTS) as u32;
    let (mut found, mut least) = (Vec::new(), f64::INFINITY);
    for patients in from_guess(guess(&happenings), drops as u32, most) {
        if let Some(course) = likeliest_course(patients, &happenings, survival_error, least + MARGIN) {
            least = least.min(course.cost);
            found.push((patients, course));
        }
    }
    found.sort_by_key(|&(patients, _)| patients);
    let &(patients, best) = found.iter().min_by(|one, other| one.1.cost.total_cmp(&other.1.cost))?;
    let reach = (NEIGHBOURHOOD * f64::from(patients)).max(1.0);
    let outside = |number: u32| f64::from(number.abs_diff(patients)) > reach;
    let is_alone = found.iter().all(|&(number, course)| !outside(number) || course.cost > best.cost + MARGIN);
    if best.misfit > MEAN_MISFIT * drops as f64 || !is_alone || f64::from(patients) > believed {
        return None;
    }
    let near: Vec<u32> = found
        .iter()
        .filter(|(_, course)| course.cost <= best.cost + NEARLY)
        .map(|&(number, _)| number)
        .collect();
    Some(InferredPatients { patients, lower: near[0], upper: near[near.len() - 1], drops })
}

/// Drops and marks in order of time; a patient whose censoring ties with a drop was at risk in it.
fn happenings_of(curve: &StepCurve, censor_times: &[f64]) -> Vec<Happening> {
    let mut timed: Vec<(f64, u8, Happening)> = Vec::new();
    let mut level = 1.0;
    for (time, survival) in curve.corners() {
        if survival < level {
            timed.push((time, 0, Happening::Drop { survival }));
            level = survival;
        }
    }
    timed.extend(censor_times.iter().map(|&time| (time, 1, Happening::Mark)));
    timed.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    timed.into_iter().map(|(_, _, happening)| happening).collect()
}

/// The middle of the numbers that each drop alone tells, were it of one patient.
fn guess(happenings: &[Happening]) -> u32 {
    let (mut left, mut level, mut told) = (0.0, 1.0, Vec::new());
    for happening in happenings {
        if let Happening::Drop { survival } = *happening {
            told.push(left + level / (level - survival));
            level = survival;
        }
        left += 1.0;
    }
    told.sort_by(f64::total_cmp);
    told[told.len() / 2].min(MOST_PATIENTS) as u32
}

/// All numbers from `fewest` to `most`, those near the guess first: a cheap course found early ends others sooner.
fn from_guess(guess: u32, fewest: u32, most: u32) -> Vec<u32> {
    let mut numbers: Vec<u32> = (fewest..=most).collect();
    numbers.sort_by_key(|number| number.abs_diff(guess));
    numbers
}

/// The likeliest course of `patients` patients, or none when there are too few for what happens, or it costs more than
/// `most_cost`.
fn likeliest_course(patients: u32, happenings: &[Happening], error: f64, most_cost: f64) -> Option<Course> {
    let mut courses = vec![Course { at_risk: patients, survival: 1.0, cost: 0.0, misfit: 0.0 }];
    for happening in happenings {
        let mut next: Vec<Course> = Vec::with_capacity(3 * courses.len());
        for course in &courses {
            match *happening {
                Happening::Mark => add_censorings(course, &mut next),
                Happening::Drop { survival } => add_events(course, survival, error, &mut next),
            }
        }
        courses = cheapest(next, most_cost);
        if courses.is_empty() {
            return None;
        }
    }
    courses.into_iter().min_by(|one, other| one.cost.total_cmp(&other.cost))
}

fn add_censorings(course: &Course, next: &mut Vec<Course>) {
    for leaving in 1..=MOST_AT_A_MARK.min(course.at_risk) {
        let cost = course.cost + TIED_CENSORING * f64::from(leaving - 1);
        next.push(Course { at_risk: course.at_risk - leaving, cost, ..*course });
    }
}

/// The whole numbers of events on either side of what the level says.
fn add_events(course: &Course, level: f64, error: f64, next: &mut Vec<Course>) {
    if course.at_risk == 0 || course.survival <= 0.0 {
        return;
    }
    let wanted = f64::from(course.at_risk) * (1.0 - level / course.survival);
    let below = (wanted.floor().max(1.0) as u32).min(course.at_risk);
    for events in below..=(below + 1).min(course.at_risk) {
        let at_risk = course.at_risk - events;
        let survival = course.survival * f64::from(at_risk) / f64::from(course.at_risk);
        let misfit = ((survival - level) / error).powi(2).min(MOST_MISFIT);
        next.push(Course {
            at_risk,
            survival,
            cost: course.cost + misfit + TIED_EVENT * f64::from(events - 1),
            misfit: course.misfit + misfit,
        });
    }
}

/// The cheapest courses, one for each number at risk, up to a cost.
fn cheapest(mut courses: Vec<Course>, most_cost: f64) -> Vec<Course> {
    courses.retain(|course| course.cost <= most_cost);
    courses.sort_by(|one, other| one.at_risk.cmp(&other.at_risk).then(one.cost.total_cmp(&other.cost)));
    courses.dedup_by_key(|course| course.at_risk);
    courses.sort_by(|one, other| one.cost.total_cmp(&other.cost));
    courses.truncate(COURSES);
    courses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::{FigureReading, Information, figure_of, simulated_pairs};

    /// What a figure of 800 by 500 pixels says of simulated arms, beside their true numbers.
    fn inferred(information: Information) -> Vec<(u32, Option<InferredPatients>)> {
        let pixels = FigureReading::Pixels { columns: 800, rows: 500 };
        simulated_pairs(36, 5)
            .iter()
            .flat_map(|pair| [pair.reference.clone(), pair.treated.clone()])
            .filter_map(|patients| {
                let figure = figure_of("trial", &patients, pixels, information)?;
                // A level rounded to a pixel has the standard deviation of a uniform error.
                let error = 0.29 / 500.0;
                Some((patients.len() as u32, infer_patients(&figure.curve, &figure.censor_times, error)))
            })
            .collect()
    }

    #[test]
    fn marks_and_drops_tell_the_number_of_patients() {
        let found = inferred(Information { marks: true, ..Information::default() });
        let told: Vec<(f64, f64)> = found
            .iter()
            .filter_map(|(truth, told)| told.map(|told| (f64::from(*truth), f64::from(told.patients))))
            .collect();
        // Two thirds of the arms are of 200 patients or fewer.
        assert!(told.len() * 2 >= found.len(), "{} of {}", told.len(), found.len());
        let exact = told.iter().filter(|(truth, told)| truth == told).count();
        assert!(exact * 100 >= told.len() * 80, "{exact} of {}", told.len());
        let worst = told.iter().map(|(truth, told)| (told / truth - 1.0).abs()).fold(0.0, f64::max);
        assert!(worst <= 0.05, "{worst}");
    }

    #[test]
    fn without_marks_a_number_is_told_only_where_nobody_left() {
        let found = inferred(Information::default());
        let told: Vec<(u32, u32)> =
            found.iter().filter_map(|(truth, told)| told.map(|told| (*truth, told.patients))).collect();
        assert!(told.len() * 4 < found.len(), "{} of {}", told.len(), found.len());
        assert!(told.iter().all(|(truth, told)| truth.abs_diff(*told) <= 1), "{told:?}");
    }

    #[test]
    fn a_course_without_censoring_is_exact() {
        let levels: Vec<f64> = (1..20).rev().map(|left| f64::from(left) / 20.0).collect();
        let times: Vec<f64> = (1..20).map(f64::from).collect();
        let curve = StepCurve::new(times, levels).unwrap();
        let found = infer_patients(&curve, &[], 0.001).unwrap();
        assert_eq!((found.patients, found.lower, found.upper), (20, 20, 20));
    }

    #[test]
    fn a_smooth_curve_tells_nothing() {
        let times: Vec<f64> = (1..400).map(f64::from).collect();
        let levels: Vec<f64> = times.iter().map(|time| (-time / 300.0).exp()).collect();
        let curve = StepCurve::new(times, levels).unwrap();
        assert_eq!(infer_patients(&curve, &[], 0.002), None);
    }
}
