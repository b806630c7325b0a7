//! Routes from survival curves (Parmar, Torri & Stewart 1998, section 5; Williamson et al. 2002).
//!
//! Between times s and e an arm with R_s and R_e at risk and survival S_s and S_e has
//!
//! d = (R_s + R_e)(S_s − S_e)/(S_s + S_e) events, c = 2(R_s S_e − R_e S_s)/(S_s + S_e) censored, r = R_s − c/2 at risk,
//!
//! so that d + c = R_s − R_e and d/r = 1 − S_e/S_s.

use kmeta_trial_data::Finding;

use super::input::{HazardRatioRouteOptions, IntervalWithoutEvents, PrintedArm, PrintedTwoArm};
use super::result::{CurveInterval, HazardRatioRoute, IntervalCounts};
use super::rounding::Rounded;
use super::{Attempt, Computed};

/// So many patients, and this share of those at risk, may seem to join an arm: numbers at risk count those who have the
/// event at that very time, survival does not, and survival is rounded.
const JOINING_PATIENTS: f64 = 2.0;
const JOINING_SHARE: f64 = 0.02;

/// Above this share of patients with the event, an interval's ratio of risks is visibly nearer to 1 than its ratio of
/// hazards: 1 − exp(−0.223) = 0.2, a tenth below the cumulative hazard.
const WIDE_INTERVAL: f64 = 0.2;

/// Both arms at one time: (number at risk, survival).
#[derive(Debug, Clone, Copy)]
struct Moment {
    time: f64,
    arms: [State; 2],
}

#[derive(Debug, Clone, Copy)]
struct State {
    at_risk: f64,
    survival: f64,
}

/// The route with numbers at risk: uses the times that have one in both arms.
pub(super) fn number_at_risk(printed: &PrintedTwoArm, options: &HazardRatioRouteOptions) -> Attempt {
    let mut moments: Vec<Moment> = printed
        .curves
        .iter()
        .filter_map(|point| {
            let state = |at_risk: u32, survival| State { at_risk: f64::from(at_risk), survival };
            let one = state(point.experimental_at_risk?, point.experimental_survival);
            Some(Moment {
                time: point.time,
                arms: [one, state(point.control_at_risk?, point.control_survival)],
            })
        })
        .collect();
    let place = place(printed, HazardRatioRoute::CurvesAndNumberAtRisk);
    let start = start(printed);
    let mut findings = Vec::new();
    match (moments.first().map(|moment| moment.time), start) {
        (None, _) => return Err("needs curves with numbers at risk of both arms".to_owned()),
        (Some(first), Some(start)) if first > 0.0 => moments.insert(0, start),
        (Some(first), None) if first > 0.0 => findings.push(Finding::warning(
            "curves-start-late",
            &place,
            format!(
                "the first number at risk is at time {first}; events before it are lost. Give the patients of both \
                 arms, or the numbers at risk at time 0"
            ),
        )),
        _ => {}
    }
    summed(&place, &moments, options, "curves with numbers at risk", findings)
}

/// The route without numbers at risk. Patients enter at a constant rate, so that without events the share
/// G(t) = (F_max − t)/(F_max − F_min) is followed beyond t > F_min, and R_e = R_s · (S_e/S_s) · G(e)/G(s).
pub(super) fn follow_up(printed: &PrintedTwoArm, options: &HazardRatioRouteOptions) -> Attempt {
    let longest = printed.maximum_follow_up.ok_or("needs maximum_follow_up")?;
    let shortest =
        printed.minimum_follow_up.ok_or("needs minimum_follow_up; 0 where patients were still entering")?;
    if printed.curves.is_empty() {
        return Err("needs curves".to_owned());
    }
    let start = start(printed).ok_or("needs the patients of both arms")?;
    let followed = |time: f64| {
        if time <= shortest { 1.0 } else { (longest - time) / (longest - shortest) }
    };
    let mut moments = vec![start];
    for point in printed.curves.iter().filter(|point| point.time > 0.0) {
        let state = |arm: usize, survival: f64| State {
            at_risk: start.arms[arm].at_risk * survival * followed(point.time),
            survival,
        };
        let arms = [state(0, point.experimental_survival), state(1, point.control_survival)];
        moments.push(Moment { time: point.time, arms });
    }
    let source = format!("curves with follow-up from {shortest} to {longest}");
    let place = place(printed, HazardRatioRoute::CurvesAndFollowUp);
    summed(&place, &moments, options, &source, Vec::new())
}

/// Everyone alive and at risk at time 0: the patients of the arms, or the numbers at risk there.
fn start(printed: &PrintedTwoArm) -> Option<Moment> {
    let zero = printed.curves.first().filter(|point| point.time == 0.0);
    let state = |arm: &PrintedArm, at_risk: Option<u32>| {
        let at_risk = arm.patients.or(at_risk).filter(|count| *count > 0)?;
        Some(State { at_risk: f64::from(at_risk), survival: 1.0 })
    };
    let one = state(&printed.experimental, zero.and_then(|point| point.experimental_at_risk))?;
    let two = state(&printed.control, zero.and_then(|point| point.control_at_risk))?;
    Some(Moment { time: 0.0, arms: [one, two] })
}

/// The inverse-variance mean over the intervals between moments.
fn summed(
    place: &str,
    moments: &[Moment],
    options: &HazardRatioRouteOptions,
    source: &str,
    mut findings: Vec<Finding>,
) -> Attempt {
    let (followed, survived_by_none) = both_arms_followed(moments);
    if let Some(time) = survived_by_none {
        let message =
            format!("survival is 0 at time {time}; an interval ending there has no variance and is left out");
        findings.push(Finding::note("curve-reaches-zero", place, message));
    }
    let mut intervals = match options.interval_without_events {
        IntervalWithoutEvents::Join => joined(followed),
        IntervalWithoutEvents::LeaveOut => {
            followed.windows(2).filter_map(|pair| interval(&pair[0], &pair[1])).collect()
        }
    };
    let total: f64 = intervals.iter().map(|interval| interval.variance.recip()).sum();
    if intervals.is_empty() {
        return Err("no interval of the curves has events and patients at risk in both arms".to_owned());
    }
    for interval in &mut intervals {
        interval.weight = interval.variance.recip() / total;
    }
    let value = intervals.iter().map(|interval| interval.weight * interval.log_hazard_ratio).sum();
    if !(f64::is_finite(value) && total.is_finite() && total > 0.0) {
        return Err("the intervals of the curves are too extreme to compute with".to_owned());
    }
    findings.extend(noticed(place, &intervals, followed.len().saturating_sub(1)));
    let source = format!("{source}, {} intervals", intervals.len());
    let estimate = Rounded::exactly(value, total.sqrt().recip());
    Ok(Computed { estimate, source, bound: false, intervals, findings })
}

/// The moments before an arm has survival 0, up to the first at which an arm has no one at risk: what happens later
/// in the other arm has nothing to be compared with. And the time at which survival is 0, if that comes first.
fn both_arms_followed(moments: &[Moment]) -> (&[Moment], Option<f64>) {
    for (index, moment) in moments.iter().enumerate() {
        if moment.arms.iter().any(|state| state.survival <= 0.0) {
            return (&moments[..index], Some(moment.time));
        }
        if moment.arms.iter().any(|state| state.at_risk <= 0.0) {
            return (&moments[..=index], None);
        }
    }
    (moments, None)
}

/// Intervals in which both arms have events, each as short as the moments allow. What is left at the end joins the
/// last one.
fn joined(moments: &[Moment]) -> Vec<CurveInterval> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut from = 0;
    for to in 1..moments.len() {
        if interval(&moments[from], &moments[to]).is_some() {
            found.push((from, to));
            from = to;
        }
    }
    if let Some(last) = found.last_mut() {
        last.1 = moments.len() - 1;
    }
    found.into_iter().filter_map(|(from, to)| interval(&moments[from], &moments[to])).collect()
}

/// One interval; absent unless both arms have events in it.
fn interval(start: &Moment, end: &Moment) -> Option<CurveInterval> {
    let experimental = counts(start.arms[0], end.arms[0])?;
    let control = counts(start.arms[1], end.arms[1])?;
    let risk = |counts: IntervalCounts| counts.events / counts.at_risk;
    let variance = |counts: IntervalCounts| counts.events.recip() - counts.at_risk.recip();
    Some(CurveInterval {
        start: start.time,
        end: end.time,
        experimental,
        control,
        log_hazard_ratio: (risk(experimental) / risk(control)).ln(),
        variance: variance(experimental) + variance(control),
        weight: 0.0,
    })
}

/// Events, censored and at risk of an arm; absent without events.
fn counts(start: State, end: State) -> Option<IntervalCounts> {
    let sum = start.survival + end.survival;
    let events = (start.at_risk + end.at_risk) * (start.survival - end.survival) / sum;
    let censored = 2.0 * (start.at_risk * end.survival - end.at_risk * start.survival) / sum;
    let at_risk = start.at_risk - censored / 2.0;
    (events > 0.0).then_some(IntervalCounts { events, censored, at_risk })
}

fn noticed(place: &str, intervals: &[CurveInterval], offered: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    if intervals.len() < offered {
        let used = intervals.len();
        let message = format!(
            "{offered} intervals between the times read, {used} used: in the others an arm has no event (see \
             interval_without_events)"
        );
        findings.push(Finding::note("curve-intervals-without-events", place, message));
    }
    let arms = intervals.iter().flat_map(|interval| {
        [("experimental", interval.experimental), ("control", interval.control)].map(|arm| (interval, arm))
    });
    let mut widest = (WIDE_INTERVAL, None);
    for (interval, (name, counts)) in arms {
        let place = format!("{place}, {name} arm, time {} to {}", interval.start, interval.end);
        let share = counts.events / counts.at_risk;
        if share > widest.0 {
            widest = (share, Some(place.clone()));
        }
        if -counts.censored > JOINING_PATIENTS + JOINING_SHARE * counts.at_risk {
            let message = format!(
                "more patients at risk at the end than survival leaves ({:.1} too many): check the survival read and \
                 the numbers at risk",
                -counts.censored
            );
            findings.push(Finding::warning("at-risk-exceeds-survival", place, message));
        }
    }
    if let (share, Some(place)) = widest {
        let message = format!(
            "{:.0}% of the patients have the event in this interval, so that the ratio of risks is nearer to 1 than \
             that of hazards and its standard error too small: read the curves at more times",
            100.0 * share
        );
        findings.push(Finding::note("wide-curve-interval", place, message));
    }
    findings
}

fn place(printed: &PrintedTwoArm, route: HazardRatioRoute) -> String {
    format!("trial `{}`, {}", printed.trial, route.words())
}
