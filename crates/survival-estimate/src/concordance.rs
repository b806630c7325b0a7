//! How well a predictor orders patients: Harrell's C.

use kmeta_trial_data::PatientRecord;

use crate::SurvivalError;
use crate::patients::check_patients;

/// What a larger predictor stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PredictorDirection {
    /// Longer survival (R `concordance(Surv(time, event) ~ x)`).
    LongerSurvival,
    /// Shorter survival, as a linear predictor of a Cox model does (R `concordance(coxph)`, `reverse = TRUE`).
    ShorterSurvival,
}

/// Pairs of patients and how many of them the predictor orders rightly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Concordance {
    /// (concordant + ½ tied in the predictor)/(concordant + discordant + tied in the predictor) (Harrell et al.
    /// 1982).
    pub concordance: f64,
    /// Its standard error, by the infinitesimal jackknife.
    pub standard_error: f64,
    /// Pairs ordered as the predictor says.
    pub concordant: u64,
    /// Pairs ordered the other way.
    pub discordant: u64,
    /// Comparable pairs with one predictor.
    pub tied_predictor: u64,
    /// Pairs with events at one time.
    pub tied_time: u64,
    /// Pairs with events at one time and with one predictor.
    pub tied_both: u64,
}

/// Pairs of one patient.
#[derive(Debug, Clone, Copy, Default)]
struct Pairs {
    /// The one who lives longer has the larger predictor.
    larger: u64,
    smaller: u64,
    equal: u64,
}

/// Counts pairs in which one patient is known to have the event first: an event before the end of the other's
/// follow-up, or at it when the other is censored. With `strata`, one per patient or empty, only pairs of a stratum
/// count. The variance is Σ Uᵢ², Uᵢ being the derivative of C with respect to the weight of patient i (Therneau &
/// Watson 2017). R: `concordance(Surv(time, event) ~ predictor + strata(stratum))`. n log n operations.
///
/// # Errors
/// [`SurvivalError::NoPatients`], [`SurvivalError::InvalidTime`]; [`SurvivalError::ValueCount`],
/// [`SurvivalError::InvalidPredictor`]; [`SurvivalError::NoComparablePairs`].
///
/// ```
/// use kmeta_survival_estimate::{PredictorDirection, concordance};
/// use kmeta_trial_data::PatientRecord;
/// let patients = [1.0, 2.0, 3.0].map(|time| PatientRecord { time, event: true });
/// let found = concordance(&patients, &[0.1, 0.3, 0.2], &[], PredictorDirection::LongerSurvival)?;
/// assert_eq!((found.concordant, found.discordant), (2, 1));
/// # Ok::<(), kmeta_survival_estimate::SurvivalError>(())
/// ```
pub fn concordance(
    patients: &[PatientRecord],
    predictor: &[f64],
    strata: &[u32],
    direction: PredictorDirection,
) -> Result<Concordance, SurvivalError> {
    check_patients("patients", patients)?;
    let count = patients.len();
    for (what, found) in [("predictor", predictor.len()), ("strata", strata.len())] {
        if found != count && !(what == "strata" && found == 0) {
            let what = what.to_owned();
            return Err(SurvivalError::ValueCount { what, found, patients: count });
        }
    }
    if let Some(index) = predictor.iter().position(|value| !value.is_finite()) {
        return Err(SurvivalError::InvalidPredictor { index, value: predictor[index] });
    }
    let stratum = |index: usize| strata.get(index).copied().unwrap_or(0);
    let mut order: Vec<usize> = (0..count).collect();
    let time = |index: usize| patients[index].time + 0.0;
    order.sort_by(|&one, &two| stratum(one).cmp(&stratum(two)).then_with(|| time(one).total_cmp(&time(two))));
    let (mut pairs, mut ties) = (vec![Pairs::default(); count], (0, 0));
    for members in order.chunk_by(|&one, &two| stratum(one) == stratum(two)) {
        let found = count_stratum(patients, predictor, members, &mut pairs);
        ties = (ties.0 + found.0, ties.1 + found.1);
    }
    summary(&pairs, ties, direction)
}

fn summary(
    pairs: &[Pairs],
    (tied_time, tied_both): (u64, u64),
    direction: PredictorDirection,
) -> Result<Concordance, SurvivalError> {
    // Each pair was counted for both of its patients.
    let total = |of: fn(&Pairs) -> u64| pairs.iter().map(of).sum::<u64>() / 2;
    let (larger, smaller, equal) =
        (total(|one| one.larger), total(|one| one.smaller), total(|one| one.equal));
    let all = (larger + smaller + equal) as f64;
    if all == 0.0 {
        return Err(SurvivalError::NoComparablePairs);
    }
    let share = (larger as f64 + 0.5 * equal as f64) / all;
    let derivative = |one: &Pairs| {
        let (larger, smaller, equal) = (one.larger as f64, one.smaller as f64, one.equal as f64);
        (larger + 0.5 * equal - share * (larger + smaller + equal)) / all
    };
    let variance: f64 = pairs.iter().map(|one| derivative(one).powi(2)).sum();
    let (concordance, concordant, discordant) = match direction {
        PredictorDirection::LongerSurvival => (share, larger, smaller),
        PredictorDirection::ShorterSurvival => (1.0 - share, smaller, larger),
    };
    Ok(Concordance {
        concordance,
        standard_error: variance.sqrt(),
        concordant,
        discordant,
        tied_predictor: equal,
        tied_time,
        tied_both,
    })
}

/// Adds the pairs of one stratum, whose `members` ascend in time; returns pairs with events at one time, with
/// different predictors and with the same.
fn count_stratum(
    patients: &[PatientRecord],
    predictor: &[f64],
    members: &[usize],
    pairs: &mut [Pairs],
) -> (u64, u64) {
    let (ranks, largest) = ranks(predictor, members);
    // Places of the members with one time: those with an event, the censored.
    let mut start = 0;
    let tied: Vec<(Vec<usize>, Vec<usize>)> = members
        .chunk_by(|&one, &two| patients[one].time == patients[two].time)
        .map(|group| {
            let places = start..start + group.len();
            start = places.end;
            places.partition(|&place| patients[members[place]].event)
        })
        .collect();
    // From the first time on: who had the event before each patient.
    let mut before = RankCounts::new(largest + 1);
    for (events, censored) in &tied {
        events.iter().for_each(|&one| pairs[members[one]].add_longer_lived(&before, ranks[one]));
        events.iter().for_each(|&one| before.add(ranks[one]));
        censored.iter().for_each(|&one| pairs[members[one]].add_longer_lived(&before, ranks[one]));
    }
    // From the last time on: who outlives each event.
    let (mut after, mut ties) = (RankCounts::new(largest + 1), (0, 0));
    for (events, censored) in tied.iter().rev() {
        censored.iter().for_each(|&one| after.add(ranks[one]));
        events.iter().for_each(|&one| pairs[members[one]].add_shorter_lived(&after, ranks[one]));
        events.iter().for_each(|&one| after.add(ranks[one]));
        let mut same: Vec<usize> = events.iter().map(|&one| ranks[one]).collect();
        same.sort_unstable();
        let choose = |count: usize| (count * count.saturating_sub(1) / 2) as u64;
        let both: u64 = same.chunk_by(|one, two| one == two).map(|same| choose(same.len())).sum();
        ties = (ties.0 + choose(events.len()) - both, ties.1 + both);
    }
    ties
}

/// The rank of each member's predictor, equal ones sharing theirs, and the largest.
fn ranks(predictor: &[f64], members: &[usize]) -> (Vec<usize>, usize) {
    // −0 and 0 are one value.
    let value = |place: usize| predictor[members[place]] + 0.0;
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_unstable_by(|&one, &two| value(one).total_cmp(&value(two)));
    let (mut ranks, mut rank) = (vec![0; members.len()], 0);
    for (index, &place) in order.iter().enumerate() {
        rank += usize::from(index > 0 && value(order[index - 1]) < value(place));
        ranks[place] = rank;
    }
    (ranks, rank)
}

impl Pairs {
    /// Pairs with the `others`, who die first.
    fn add_longer_lived(&mut self, others: &RankCounts, rank: usize) {
        let (below, upto) = (others.below(rank), others.below(rank + 1));
        self.larger += below;
        self.equal += upto - below;
        self.smaller += others.total - upto;
    }

    /// Pairs with the `others`, who live longer.
    fn add_shorter_lived(&mut self, others: &RankCounts, rank: usize) {
        let (below, upto) = (others.below(rank), others.below(rank + 1));
        self.smaller += below;
        self.equal += upto - below;
        self.larger += others.total - upto;
    }
}

/// How many have each rank, with sums over ranks in logarithmic time (Fenwick 1994).
struct RankCounts {
    tree: Vec<u64>,
    total: u64,
}

impl RankCounts {
    fn new(ranks: usize) -> Self {
        Self { tree: vec![0; ranks + 1], total: 0 }
    }

    fn add(&mut self, rank: usize) {
        self.total += 1;
        let mut place = rank + 1;
        while place < self.tree.len() {
            self.tree[place] += 1;
            place += place & place.wrapping_neg();
        }
    }

    /// Those with a rank below.
    fn below(&self, rank: usize) -> u64 {
        let (mut place, mut sum) = (rank, 0);
        while place > 0 {
            sum += self.tree[place];
            place &= place - 1;
        }
        sum
    }
}
