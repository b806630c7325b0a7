//! Gray's test of equal cumulative incidence.

use nalgebra::{DMatrix, DVector};

use crate::SurvivalError;
use crate::competing_risks::{CompetingRisksPatient, any_event};
use crate::cox_regression::ChiSquaredTest;
use crate::patients::check_patients;

/// Result of Gray's test.
#[derive(Debug, Clone, PartialEq)]
pub struct GrayTest {
    /// For each group, Σ L (events of the cause − expected): above 0 when it has more of them.
    pub scores: Vec<f64>,
    /// Covariance matrix of the scores, row by row.
    pub covariance: Vec<Vec<f64>>,
    /// Test of equal cumulative incidence.
    pub test: ChiSquaredTest,
}

/// Compares the cumulative incidence of `cause` between two or more groups (Gray 1988): a log-rank test in which
/// patients with an event of another cause stay at risk in part, R = Y (1 − F(t−))/S(t−). Events are weighed by
/// L = (1 − F⁰(t−))^ρ, F⁰ being the incidence of all groups together. R: `cmprsk::cuminc(time, cause, group, rho =)`.
///
/// The covariance is that of the paper, section 3, which assumes that no events are tied; without ties the statistic is
/// that of `cmprsk`. Tied events enter the covariance with the factor 1 − (d − 1)/(n − 1) of the hypergeometric
/// distribution; `cmprsk` has a rule of its own, and differs by less than a thousandth where nearly all are tied.
///
/// # Errors
/// [`SurvivalError::TooFewGroups`], [`SurvivalError::NoPatients`], [`SurvivalError::InvalidTime`];
/// [`SurvivalError::InvalidWeight`] unless ρ is finite; [`SurvivalError::UnknownCause`] when nobody has an event of the
/// cause; [`SurvivalError::NothingToCompare`] when some group was never at risk together with others at such an event.
pub fn gray_test(
    groups: &[&[CompetingRisksPatient]],
    cause: u32,
    rho: f64,
) -> Result<GrayTest, SurvivalError> {
    let count = groups.len();
    if count < 2 {
        return Err(SurvivalError::TooFewGroups { groups: count });
    }
    for (index, patients) in groups.iter().enumerate() {
        check_patients(&format!("group {} of {count}", index + 1), &any_event(patients))?;
    }
    if !rho.is_finite() {
        return Err(SurvivalError::InvalidWeight { rho, gamma: 0.0 });
    }
    let mut found: Vec<u32> =
        groups.iter().flat_map(|patients| patients.iter().filter_map(|one| one.cause)).collect();
    found.sort_unstable();
    found.dedup();
    if !found.contains(&cause) {
        let found = found.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        return Err(SurvivalError::UnknownCause { cause, found });
    }
    let steps = steps(groups, cause, rho);
    let scores = DVector::from_fn(count, |group, _| steps.iter().map(|step| step.score[group]).sum());
    let covariance = covariance(&steps, count);
    let free = count - 1;
    let factors = covariance.view((0, 0), (free, free)).into_owned().cholesky();
    let factors = factors.ok_or(SurvivalError::NothingToCompare)?;
    let difference = scores.rows(0, free).into_owned();
    let statistic = difference.dot(&factors.solve(&difference));
    Ok(GrayTest {
        scores: scores.iter().copied().collect(),
        covariance: covariance.row_iter().map(|row| row.iter().copied().collect()).collect(),
        test: ChiSquaredTest::new(statistic, free as u32)?,
    })
}

/// One event time.
struct Step {
    /// Share of each group in the test.
    score: Vec<f64>,
    /// Y/S(t−) of each group; 0 once nobody is at risk.
    weight: Vec<f64>,
    /// L.
    late: f64,
    /// Increment of F⁰, and the hazard dF⁰/(1 − F⁰(t−)).
    incidence: f64,
    hazard: f64,
    /// (1 − F⁰(t))/S(t) of each group; absent once S is 0.
    ratio: Vec<Option<f64>>,
    /// Increment of the incidence of other causes in each group.
    other: Vec<f64>,
    /// 1 − (d − 1)/(n − 1) for the cause, and for the others in each group.
    tied: f64,
    tied_other: Vec<f64>,
}

/// At risk, events of the cause, and of others, of each group at every time with an event.
fn counts(groups: &[&[CompetingRisksPatient]], cause: u32) -> Vec<[Vec<f64>; 3]> {
    let mut sorted: Vec<(f64, usize, Option<u32>)> = groups
        .iter()
        .enumerate()
        .flat_map(|(group, patients)| patients.iter().map(move |one| (one.time, group, one.cause)))
        .collect();
    sorted.sort_by(|one, two| one.0.total_cmp(&two.0));
    let mut at_risk: Vec<f64> = groups.iter().map(|patients| patients.len() as f64).collect();
    let mut times = Vec::new();
    for tied in sorted.chunk_by(|one, two| one.0 == two.0) {
        let mut events = [vec![0.0; groups.len()], vec![0.0; groups.len()]];
        for &(_, group, of) in tied {
            if let Some(of) = of {
                events[usize::from(of != cause)][group] += 1.0;
            }
        }
        if tied.iter().any(|one| one.2.is_some()) {
            let [own, other] = events;
            times.push([at_risk.clone(), own, other]);
        }
        tied.iter().for_each(|&(_, group, _)| at_risk[group] -= 1.0);
    }
    times
}

fn steps(groups: &[&[CompetingRisksPatient]], cause: u32, rho: f64) -> Vec<Step> {
    let count = groups.len();
    let (mut survival, mut incidence, mut common) = (vec![1.0; count], vec![0.0; count], 0.0_f64);
    let hypergeometric = |d: f64, n: f64| if d > 1.0 && n > 1.0 { 1.0 - (d - 1.0) / (n - 1.0) } else { 1.0 };
    let mut steps = Vec::new();
    for [at_risk, own, other] in counts(groups, cause) {
        let weight: Vec<f64> =
            (0..count).map(|g| if at_risk[g] > 0.0 { at_risk[g] / survival[g] } else { 0.0 }).collect();
        let partly: Vec<f64> = (0..count).map(|g| weight[g] * (1.0 - incidence[g])).collect();
        let (events, all, total): (f64, f64, f64) =
            (own.iter().sum(), weight.iter().sum(), partly.iter().sum());
        let late = (1.0 - common).powf(rho);
        let expected = |g: usize| if events > 0.0 { partly[g] * events / total } else { 0.0 };
        let score = (0..count).map(|g| late * (own[g] - expected(g))).collect();
        let (step, hazard) = (events / all, events / all / (1.0 - common));
        common += step;
        let mut ratio = Vec::with_capacity(count);
        let mut others = Vec::with_capacity(count);
        for g in 0..count {
            let share = |events: f64| if at_risk[g] > 0.0 { events / at_risk[g] } else { 0.0 };
            incidence[g] += survival[g] * share(own[g]);
            others.push(survival[g] * share(other[g]));
            survival[g] *= 1.0 - share(own[g] + other[g]);
            ratio.push((survival[g] > 0.0).then(|| (1.0 - common) / survival[g]));
        }
        let tied = hypergeometric(events, at_risk.iter().sum());
        let tied_other = (0..count).map(|g| hypergeometric(other[g], at_risk[g])).collect();
        steps.push(Step {
            score,
            weight,
            late,
            incidence: step,
            hazard,
            ratio,
            other: others,
            tied,
            tied_other,
        });
    }
    steps
}

/// Σ over groups r of ∫ a aᵀ/h dF⁰ + ∫ b bᵀ/h dF₂ᵣ (Gray 1988, section 3), with d = L (I(k = r) − h_k/h.) h_r, c the integral
/// of d with respect to dF⁰/(1 − F⁰) after t, a = d + (1 − (1 − F⁰)/S) c and b = −(1 − F⁰)/S c.
fn covariance(steps: &[Step], count: usize) -> DMatrix<f64> {
    let mut sum = DMatrix::zeros(count, count);
    let mut later = DMatrix::<f64>::zeros(count, count);
    for step in steps.iter().rev() {
        let all: f64 = step.weight.iter().sum();
        let direct = DMatrix::from_fn(count, count, |k, r| {
            let same = if k == r { 1.0 } else { 0.0 };
            step.late * (same - step.weight[k] / all) * step.weight[r]
        });
        for r in (0..count).filter(|&r| step.weight[r] > 0.0) {
            let mut own = direct.column(r).into_owned();
            let mut other = DVector::zeros(count);
            if let Some(ratio) = step.ratio[r] {
                own.axpy(1.0 - ratio, &later.column(r), 1.0);
                other.axpy(-ratio, &later.column(r), 0.0);
            }
            sum.ger(step.tied * step.incidence / step.weight[r], &own, &own, 1.0);
            sum.ger(step.tied_other[r] * step.other[r] / step.weight[r], &other, &other, 1.0);
        }
        later += direct * step.hazard;
    }
    sum
}
