//! Events and censorings behind a curve whose levels are exact.
//!
//! Coordinates of a vector figure are exact to the digits of the file, so that each drop tells the ratio d/n to four
//! digits or more (Liu, Rich and Hanley, Syst Rev 2014;3:151). One drop alone leaves many pairs of d and n; that n falls
//! by the events of each drop and by at least one patient at each censor mark, and is printed in the columns of the risk
//! table, leaves one. The cheapest course of whole numbers is found by dynamic programming over the numbers at risk.

use kmeta_trial_data::{CensoringCount, CurveCounts, DropCount, NumberAtRisk, StepCurve};

use crate::number_of_patients::{MEAN_MISFIT, MOST_PATIENTS, NEARLY, TIED_CENSORING, TIED_EVENT};

/// Most patients that one mark stands for.
const MOST_AT_A_MARK: u32 = 6;
/// Squared misfit of a level, in reading errors, beyond which a course is given up.
const MOST_MISFIT: f64 = 16.0;
/// Most events that are tried for the first drop then.
const MOST_FIRST_EVENTS: u32 = 12;
/// Courses kept after each happening.
const COURSES: usize = 160;
/// Multiples of the stated reading error that are tried in turn: files differ in the digits that they write.
const COARSER: [f64; 3] = [1.0, 3.0, 10.0];
/// Reading errors by which a mark may stand before the drop that it shares its time with.
const SAME_TIME: f64 = 4.0;

/// A curve with exact levels, and what is known beside it.
#[derive(Debug, Clone, Copy)]
pub struct ExactCurve<'a> {
    /// The time of each drop and the survival after it.
    pub curve: &'a StepCurve,
    /// Times of the censor marks; empty when the figure shows none.
    pub censor_times: &'a [f64],
    /// Standard deviation of a level, a fraction.
    pub survival_error: f64,
    /// Standard deviation of a time.
    pub time_error: f64,
    /// Patients with follow-up of at least the column's time.
    pub number_at_risk: Option<&'a NumberAtRisk>,
    /// Patients at time 0, where they are known. Otherwise the drops tell how many were at risk in the first of them.
    pub patients: Option<u32>,
}

/// Decodes events and censorings as whole numbers. Numbers at risk are used where a course meets all of them, and left
/// out where none does.
///
/// `None` where no course of whole numbers makes the curve within ten times its reading error.
pub fn decode_counts(exact: &ExactCurve<'_>) -> Option<CurveCounts> {
    if !(exact.survival_error > 0.0 && exact.survival_error.is_finite()) || exact.patients == Some(0) {
        return None;
    }
    COARSER.iter().find_map(|factor| {
        let error = factor * exact.survival_error;
        let with_table = exact.number_at_risk.and_then(|table| decode(exact, Some(table), error));
        with_table.or_else(|| decode(exact, None, error))
    })
}

/// What happens at one place of the time axis, in order of time.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Happening {
    /// The curve falls to a level.
    Drop { time: f64, survival: f64 },
    /// One patient or more leave.
    Mark { time: f64 },
    /// A printed number at risk.
    Column { at_risk: u32 },
}

/// A course of events and censorings up to some happening.
#[derive(Debug, Clone, Copy)]
struct Course {
    at_risk: u32,
    survival: f64,
    cost: f64,
    misfit: f64,
    /// Patients that the last happening took.
    taken: u32,
    /// The course that it continues, in the layer before.
    parent: usize,
}

fn decode(exact: &ExactCurve<'_>, table: Option<&NumberAtRisk>, error: f64) -> Option<CurveCounts> {
    let happenings = happenings_of(exact, table);
    let marks_seen = !exact.censor_times.is_empty();
    let mut layers = vec![beginnings(exact, &happenings, error)];
    for happening in &happenings {
        let last = &layers[layers.len() - 1];
        let mut next = Vec::with_capacity(4 * last.len());
        for (parent, course) in last.iter().enumerate() {
            let course = Course { parent, ..*course };
            match *happening {
                Happening::Mark { .. } => add_censorings(&course, &mut next),
                Happening::Column { at_risk } => add_column(&course, at_risk, marks_seen, &mut next),
                Happening::Drop { survival, .. } if marks_seen => {
                    add_events(&course, survival, error, &mut next)
                }
                Happening::Drop { survival, .. } => {
                    add_events_and_leaving(&course, survival, error, &mut next)
                }
            }
        }
        let kept = cheapest(next);
        if kept.is_empty() {
            return None;
        }
        layers.push(kept);
    }
    let drops = happenings.iter().filter(|happening| matches!(happening, Happening::Drop { .. })).count();
    let last = &layers[layers.len() - 1];
    if drops == 0 || last[0].misfit > MEAN_MISFIT * drops as f64 {
        return None;
    }
    let (first, best) = trace(&layers, 0);
    let others: Vec<Vec<Course>> = (1..last.len())
        .take_while(|&index| last[index].cost <= last[0].cost + NEARLY)
        .map(|index| trace(&layers, index).1)
        .collect();
    let mut counts = counts_of(first.at_risk, &happenings, &best, &others, table.is_some(), error);
    if !marks_seen {
        doubt_unmarked(&mut counts, exact.curve, table, error);
    }
    Some(counts)
}

/// Where a figure shows no marks, nobody sees when patients left: a drop's events are certain only when one whole number of
/// them makes its fall among any number at risk that the printed columns on either side and the other drops allow.
fn doubt_unmarked(counts: &mut CurveCounts, curve: &StepCurve, table: Option<&NumberAtRisk>, error: f64) {
    let times: Vec<f64> = counts.drops.iter().map(|drop| drop.time).collect();
    let columns: Vec<(f64, u32)> = table
        .into_iter()
        .flat_map(|table| table.times().iter().copied().zip(table.counts().iter().copied()))
        .collect();
    let drops_between =
        |from: f64, to: f64| times.iter().filter(|&&time| time >= from && time < to).count() as u32;
    let mut before = 1.0;
    for drop in &mut counts.drops {
        let level = curve.survival_at(drop.time);
        let fall = 1.0 - level / before;
        let spread = 2.0 * std::f64::consts::SQRT_2 * error / before;
        let start = columns.iter().rev().find(|column| column.0 <= drop.time).copied();
        let (since, at_start) = start.unwrap_or((0.0, counts.patients));
        let end = columns.iter().find(|column| column.0 > drop.time).copied();
        let (until, at_end) = end.unwrap_or((f64::INFINITY, 0));
        // Every other drop takes one patient at least.
        let most = at_start.saturating_sub(drops_between(since, drop.time));
        let least = at_end + drops_between(drop.time, until);
        let makes_it = |events: &u32| {
            let fewest = (f64::from(*events) / (fall + spread)).ceil().max(f64::from(least));
            let largest = if fall > spread { f64::from(*events) / (fall - spread) } else { f64::INFINITY };
            fewest <= largest.floor().min(f64::from(most))
        };
        let possible = (f64::from(most) * (fall + spread)).ceil() as u32;
        drop.certain &= (1..=possible).filter(makes_it).take(2).count() == 1;
        before = level;
        if before <= 0.0 {
            break;
        }
    }
}

/// The numbers that a course may begin with: the known one, or those that make the first drop with few events after one
/// patient or a few have left at each mark before it.
fn beginnings(exact: &ExactCurve<'_>, happenings: &[Happening], error: f64) -> Vec<Course> {
    let start = |at_risk: u32| Course { at_risk, survival: 1.0, cost: 0.0, misfit: 0.0, taken: 0, parent: 0 };
    if let Some(patients) = exact.patients {
        return vec![start(patients)];
    }
    let drop = happenings.iter().enumerate().find_map(|(index, happening)| match happening {
        Happening::Drop { survival, .. } => Some((index, 1.0 - survival)),
        _ => None,
    });
    let Some((index, fall)) = drop else { return Vec::new() };
    let marks =
        happenings[..index].iter().filter(|happening| matches!(happening, Happening::Mark { .. })).count()
            as u32;
    let spread = MOST_MISFIT.sqrt() * error;
    let mut numbers: Vec<u32> = Vec::new();
    for events in 1..=MOST_FIRST_EVENTS {
        let fewest = (f64::from(events) / (fall + spread)).ceil();
        let largest =
            if fall > spread { (f64::from(events) / (fall - spread)).floor() } else { MOST_PATIENTS };
        // Where one drop leaves many numbers open, they are tried one by one up to a limit.
        let (fewest, largest) = (fewest.min(MOST_PATIENTS) as u32, largest.min(MOST_PATIENTS) as u32);
        for at_risk in fewest..=largest {
            // Without marks before the drop nobody left; each mark is at least one.
            numbers.extend((0..=marks.min(3)).map(|tied| at_risk + marks + tied));
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    numbers.into_iter().map(start).collect()
}

/// Drops, marks and columns in order of time. A patient whose censoring ties with a drop was at risk in it; a column
/// counts those who are there before what happens at its time.
fn happenings_of(exact: &ExactCurve<'_>, table: Option<&NumberAtRisk>) -> Vec<Happening> {
    let mut timed: Vec<(f64, u8, Happening)> = Vec::new();
    let mut level = 1.0;
    let mut drops: Vec<f64> = Vec::new();
    for (time, survival) in exact.curve.corners() {
        if survival < level {
            timed.push((time, 1, Happening::Drop { time, survival }));
            drops.push(time);
            level = survival;
        }
    }
    // The tie is to the drop's own time, read a little later than the mark.
    let at_drop = |time: f64| {
        let next = drops.partition_point(|&drop| drop < time);
        drops.get(next).copied().filter(|drop| drop - time <= SAME_TIME * exact.time_error)
    };
    for &time in exact.censor_times {
        timed.push((at_drop(time).unwrap_or(time), 2, Happening::Mark { time }));
    }
    if let Some(table) = table {
        // Columns of zero after the end of the line say nothing, and one at time 0 is the number of patients.
        for (&time, &at_risk) in table.times().iter().zip(table.counts()).filter(|&(&time, _)| time > 0.0) {
            let shared = drops
                .iter()
                .chain(exact.censor_times)
                .copied()
                .find(|other| (other - time).abs() <= SAME_TIME * exact.time_error);
            timed.push((shared.map_or(time, |other| other.min(time)), 0, Happening::Column { at_risk }));
        }
    }
    timed.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    timed.into_iter().map(|(_, _, happening)| happening).collect()
}

fn add_censorings(course: &Course, next: &mut Vec<Course>) {
    for taken in 1..=MOST_AT_A_MARK.min(course.at_risk) {
        let cost = course.cost + TIED_CENSORING * f64::from(taken - 1);
        next.push(Course { at_risk: course.at_risk - taken, cost, taken, ..*course });
    }
}

/// A column is met, or, where the figure shows no marks, reached by patients who left unseen.
fn add_column(course: &Course, at_risk: u32, marks_seen: bool, next: &mut Vec<Course>) {
    if course.at_risk == at_risk || (!marks_seen && course.at_risk > at_risk) {
        let leaving = course.at_risk - at_risk;
        next.push(Course { at_risk, taken: 0, cost: course.cost + leaving_cost(leaving), ..*course });
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
        next.extend(with_events(course, course.at_risk, events, level, error));
    }
}

/// Events after some patients have left unseen: for each number of events, the numbers at risk that make the level.
fn add_events_and_leaving(course: &Course, level: f64, error: f64, next: &mut Vec<Course>) {
    if course.at_risk == 0 || course.survival <= 0.0 {
        return;
    }
    let fall = 1.0 - level / course.survival;
    let spread = MOST_MISFIT.sqrt() * error / course.survival;
    let most = ((f64::from(course.at_risk) * (fall + spread)).ceil() as u32).clamp(1, course.at_risk);
    for events in 1..=most {
        let fewest = (f64::from(events) / (fall + spread)).floor().max(f64::from(events));
        let largest = f64::from(events) / (fall - spread);
        let reach = if largest.is_finite() && largest > 0.0 { largest.ceil() } else { f64::INFINITY };
        let (fewest, largest) = (fewest as u32, reach.min(f64::from(course.at_risk)) as u32);
        // Where the error leaves many numbers open, they are sampled: their courses are alike.
        let step = (largest.saturating_sub(fewest) / 8).max(1) as usize;
        for at_risk in (fewest..=largest).rev().step_by(step) {
            next.extend(
                with_events(course, at_risk, events, level, error).map(|found| Course {
                    cost: found.cost + leaving_cost(course.at_risk - at_risk),
                    ..found
                }),
            );
        }
    }
}

/// −2 log of the odds that so many leave between two happenings: many at once are rare.
fn leaving_cost(leaving: u32) -> f64 {
    3.0 * f64::from(leaving).ln_1p()
}

fn with_events(course: &Course, before: u32, events: u32, level: f64, error: f64) -> Option<Course> {
    let at_risk = before.checked_sub(events)?;
    let survival = course.survival * f64::from(at_risk) / f64::from(before);
    let misfit = ((survival - level) / error).powi(2);
    (misfit <= MOST_MISFIT).then(|| Course {
        at_risk,
        survival,
        cost: course.cost + misfit + TIED_EVENT * f64::from(events - 1),
        misfit: course.misfit + misfit,
        taken: events,
        parent: course.parent,
    })
}

/// The cheapest courses, one for each number at risk, cheapest first.
fn cheapest(mut courses: Vec<Course>) -> Vec<Course> {
    courses.sort_by(|one, other| one.at_risk.cmp(&other.at_risk).then(one.cost.total_cmp(&other.cost)));
    courses.dedup_by_key(|course| course.at_risk);
    courses.sort_by(|one, other| one.cost.total_cmp(&other.cost));
    courses.truncate(COURSES);
    courses
}

/// The beginning of a course of the last layer, and its state after each happening.
fn trace(layers: &[Vec<Course>], last: usize) -> (Course, Vec<Course>) {
    let mut index = last;
    let mut path: Vec<Course> = layers[1..]
        .iter()
        .rev()
        .map(|layer| {
            let course = layer[index];
            index = course.parent;
            course
        })
        .collect();
    path.reverse();
    (layers[0][index], path)
}

fn counts_of(
    patients: u32,
    happenings: &[Happening],
    best: &[Course],
    others: &[Vec<Course>],
    risk_table_met: bool,
    error: f64,
) -> CurveCounts {
    let mut counts = CurveCounts {
        patients,
        drops: Vec::new(),
        censorings: Vec::new(),
        remaining: best.last().map_or(patients, |course| course.at_risk),
        risk_table_met,
        level_error: 0.0,
    };
    for (index, (happening, course)) in happenings.iter().zip(best).enumerate() {
        let certain = others.iter().all(|other| other[index].taken == course.taken);
        match *happening {
            Happening::Drop { time, .. } => counts.drops.push(DropCount {
                time,
                at_risk: course.at_risk + course.taken,
                events: course.taken,
                certain,
            }),
            Happening::Mark { time } => {
                counts.censorings.push(CensoringCount { time, censored: course.taken, certain });
            }
            Happening::Column { .. } => {}
        }
    }
    let misfit = best.last().map_or(0.0, |course| course.misfit);
    counts.level_error = error * (misfit / counts.drops.len().max(1) as f64).sqrt();
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::{FigureReading, Information, figure_of, simulated_pairs};

    /// A curve as survfit draws it, levels rounded to `digits`.
    fn drawn(patients: &[(f64, bool)], digits: i32) -> (StepCurve, Vec<f64>) {
        let unit = 10.0_f64.powi(-digits);
        let mut times: Vec<f64> = patients.iter().map(|&(time, _)| time).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let (mut level, mut corners, mut marks) = (1.0, (Vec::new(), Vec::new()), Vec::new());
        for time in times {
            let at_risk = patients.iter().filter(|(other, _)| *other >= time).count() as f64;
            let events = patients.iter().filter(|&&(other, event)| other == time && event).count() as f64;
            if patients.iter().any(|&(other, event)| other == time && !event) {
                marks.push(time);
            }
            if events > 0.0 {
                level *= 1.0 - events / at_risk;
                corners.0.push(time);
                corners.1.push((level / unit).round() * unit);
            }
        }
        (StepCurve::new(corners.0, corners.1).unwrap(), marks)
    }

    /// Patients with ties of all kinds.
    fn cohort(count: u32) -> Vec<(f64, bool)> {
        (0..count).map(|k| (f64::from(k * 7919 % 101 + 1) / 4.0, k * 31 % 7 < 4)).collect()
    }

    #[test]
    fn events_and_censorings_of_exact_levels_are_counted() {
        for size in [30, 90, 240] {
            let patients = cohort(size);
            let (curve, marks) = drawn(&patients, 5);
            let times: Vec<f64> = (0..6).map(|k| 5.0 * f64::from(k)).collect();
            let counts = times
                .iter()
                .map(|time| patients.iter().filter(|(other, _)| other >= time).count() as u32)
                .collect();
            let table = NumberAtRisk::new(times, counts).unwrap();
            let found = decode_counts(&ExactCurve {
                curve: &curve,
                censor_times: &marks,
                survival_error: 3e-6,
                time_error: 1e-4,
                number_at_risk: Some(&table),
                patients: Some(size),
            })
            .unwrap();
            assert!(found.risk_table_met);
            for drop in &found.drops {
                let events = patients.iter().filter(|&&(time, event)| time == drop.time && event).count();
                let at_risk = patients.iter().filter(|&&(time, _)| time >= drop.time).count();
                assert_eq!(
                    (drop.events as usize, drop.at_risk as usize),
                    (events, at_risk),
                    "{size} {drop:?}"
                );
            }
            assert_eq!(found.remaining, 0);
        }
    }

    #[test]
    fn without_marks_a_drop_is_certain_only_where_the_columns_leave_one_number() {
        // Of 20 patients, 1 of 20 and 1 of 19 have the event; nothing says how many left before the third drop, which
        // 1 of 9 and 2 of 18 explain alike.
        let levels = vec![0.95, 0.9, 0.8];
        let curve = StepCurve::new(vec![1.0, 2.0, 6.0], levels).unwrap();
        let decoded = |table: Option<&NumberAtRisk>| {
            let exact = ExactCurve {
                curve: &curve,
                censor_times: &[],
                survival_error: 1e-6,
                time_error: 1e-6,
                number_at_risk: table,
                patients: Some(20),
            };
            decode_counts(&exact).unwrap().drops.iter().map(|drop| drop.certain).collect::<Vec<bool>>()
        };
        assert_eq!(decoded(None), [true, true, false]);
        let told = NumberAtRisk::new(vec![0.0, 5.0], vec![20, 9]).unwrap();
        assert_eq!(decoded(Some(&told)), [true, true, true]);
    }

    #[test]
    fn events_are_counted_without_marks() {
        let (mut right, mut all) = (0, 0);
        for pair in simulated_pairs(20, 11) {
            // In larger arms one patient is less than the digits of a level tell.
            for patients in [&pair.reference, &pair.treated].into_iter().filter(|arm| arm.len() < 500) {
                let information = Information { number_at_risk: true, ..Information::default() };
                let Some(figure) = figure_of("trial", patients, FigureReading::Exact, information) else {
                    continue;
                };
                let found = decode_counts(&ExactCurve {
                    curve: &figure.curve,
                    censor_times: &[],
                    survival_error: 1e-5,
                    time_error: 1e-5,
                    number_at_risk: figure.number_at_risk.as_ref(),
                    patients: Some(patients.len() as u32),
                });
                let Some(found) = found else { panic!("{} patients", patients.len()) };
                all += found.drops.len();
                right += found
                    .drops
                    .iter()
                    .filter(|drop| {
                        let events = patients.iter().filter(|one| one.event && one.time == drop.time).count();
                        events == drop.events as usize
                    })
                    .count();
            }
        }
        assert!(all > 500 && right * 100 >= all * 97, "{right} of {all}");
    }

    #[test]
    fn a_curve_that_no_patients_make_is_not_counted() {
        let curve = StepCurve::new(vec![1.0, 2.0, 3.0], vec![0.97, 0.9511, 0.9023]).unwrap();
        let exact = ExactCurve {
            curve: &curve,
            censor_times: &[2.5],
            survival_error: 1e-6,
            time_error: 1e-4,
            number_at_risk: None,
            patients: Some(20),
        };
        assert_eq!(decode_counts(&exact), None);
    }

    #[test]
    fn an_unknown_number_of_patients_follows_from_the_drops() {
        let patients = cohort(90);
        let (curve, marks) = drawn(&patients, 5);
        let exact = ExactCurve {
            curve: &curve,
            censor_times: &marks,
            survival_error: 3e-6,
            time_error: 1e-4,
            number_at_risk: None,
            patients: None,
        };
        let found = decode_counts(&exact).unwrap();
        assert_eq!(found.patients, 90);
        assert_eq!(found.events() as usize, patients.iter().filter(|one| one.1).count());
        // Without marks the events are told, not who left.
        let events = decode_counts(&ExactCurve { censor_times: &[], ..exact }).unwrap();
        assert_eq!(events.events(), found.events());
    }
}
