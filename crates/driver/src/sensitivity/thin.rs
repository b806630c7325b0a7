//! As much of a result as a report shows.

use kmeta_evidence_pool::{Multiverse, StudyPresence};

use super::AnalysisSensitivity;

/// Specifications kept of a multiverse: more than a figure can show one by one.
const KEPT: usize = 600;

/// Analyses without what only the files of `kmeta sensitivity` hold: of the specifications an even selection by their
/// results with the protocol's, of the subsets the densities of all and of the trial that matters most.
pub(crate) fn thinned(mut analyses: Vec<AnalysisSensitivity>) -> Vec<AnalysisSensitivity> {
    for analysis in &mut analyses {
        analysis.multiverses.iter_mut().for_each(thin);
        if let Some(subsets) = &mut analysis.all_subsets {
            subsets.gosh.points.clear();
            let presence = &mut subsets.gosh.presence;
            let share = |one: &StudyPresence| one.estimate_share.max(one.i_squared_share);
            let most = presence.iter().map(share).fold(0.0, f64::max);
            presence.iter_mut().filter(|one| share(one) < most).for_each(|one| one.counts.clear());
        }
    }
    analyses
}

fn thin(multiverse: &mut Multiverse) {
    let found = &multiverse.specifications;
    let result = |index: &usize| found[*index].result.map(|result| result.estimate);
    let mut order: Vec<usize> = (0..found.len()).filter(|index| result(index).is_some()).collect();
    if order.len() <= KEPT {
        return;
    }
    let value = |index: &usize| result(index).unwrap_or_default();
    order.sort_by(|one, other| value(one).total_cmp(&value(other)));
    let mut kept: Vec<usize> = (0..KEPT).map(|place| order[place * (order.len() - 1) / (KEPT - 1)]).collect();
    kept.extend((0..found.len()).filter(|&index| found[index].protocol));
    kept.sort_unstable();
    kept.dedup();
    multiverse.specifications = kept.into_iter().map(|index| found[index].clone()).collect();
}
