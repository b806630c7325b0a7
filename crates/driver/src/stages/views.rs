//! Pooled survival without each trial in turn, and as trials are added.

use kmeta_evidence_pool::PoolError;
use rayon::prelude::*;

use crate::further::CumulativeOrder;
use crate::quantities::quantities;
use crate::results::{AnalysisOutcome, SurvivalView, SurvivalViews};
use crate::single_arm_survival::{SurvivalArm, SurvivalViewOptions};

/// The views that are asked for. `years` are those of the arms, where they are stated; `pool` pools some of the arms
/// with all settings of the analysis.
///
/// # Errors
/// A sentence, when the arms cannot be put into the order asked for.
pub(crate) fn views(
    arms: &[SurvivalArm],
    years: &[Option<f64>],
    options: &SurvivalViewOptions,
    pool: &(dyn Fn(&[SurvivalArm]) -> Result<AnalysisOutcome, PoolError> + Sync),
) -> Result<SurvivalViews, String> {
    let view = |label: &str, chosen: &[SurvivalArm]| {
        let pooled = pool(chosen);
        SurvivalView {
            label: label.to_owned(),
            trials: chosen.len() as u32,
            quantities: pooled.as_ref().map(quantities).unwrap_or_default(),
            reason: pooled.err().map(|error| error.to_string()),
        }
    };
    let mut found = SurvivalViews::default();
    if options.leave_one_out && arms.len() > 1 {
        found.leave_one_out = (0..arms.len())
            .into_par_iter()
            .map(|left_out| {
                let others = arms.iter().enumerate().filter(|(index, _)| *index != left_out);
                view(arms[left_out].label(), &others.map(|(_, arm)| arm.clone()).collect::<Vec<_>>())
            })
            .collect();
        found.leave_one_out.push(view("none", arms));
    }
    if let Some(order) = options.cumulative {
        let ordered: Vec<SurvivalArm> =
            order_of(arms, years, order)?.into_iter().map(|index| arms[index].clone()).collect();
        found.cumulative = (0..ordered.len())
            .into_par_iter()
            .map(|last| view(ordered[last].label(), &ordered[..=last]))
            .collect();
    }
    Ok(found)
}

fn order_of(
    arms: &[SurvivalArm],
    years: &[Option<f64>],
    order: CumulativeOrder,
) -> Result<Vec<usize>, String> {
    let mut indices: Vec<usize> = (0..arms.len()).collect();
    match order {
        CumulativeOrder::Listed => {}
        // The number of patients stands for the precision, which survival has at each time anew.
        CumulativeOrder::Precision => indices.sort_by_key(|&index| std::cmp::Reverse(arms[index].patients())),
        CumulativeOrder::Year => {
            let stated: Vec<f64> = arms
                .iter()
                .zip(years)
                .map(|(arm, year)| year.ok_or_else(|| format!("trial `{}` states no year", arm.label())))
                .collect::<Result<_, _>>()?;
            indices.sort_by(|&one, &other| stated[one].total_cmp(&stated[other]));
        }
    }
    Ok(indices)
}
