//! Survival of two-arm trials.

use std::path::Path;

use kmeta_evidence_pool::{TwoArmTrial, pool_two_arm_survival};

use super::effects::{effect_options, further_of};
use super::wrong;
use crate::command_line::PoolTwoArmSurvivalArgs;
use crate::console::Console;
use crate::error::CommandError;
use crate::project::TwoArmSurvivalModel;
use crate::results::AnalysisOutcome;
use crate::stages::pool::two_stage;
use crate::tables::{Studies, read_two_arm_patients};

/// Identifier of the only analysis.
const ID: &str = "two-arm-survival";

pub(super) fn run(args: &PoolTwoArmSurvivalArgs, console: &Console) -> Result<AnalysisOutcome, CommandError> {
    let files: Vec<&Path> = args.patients.iter().map(std::path::PathBuf::as_path).collect();
    let trials: Vec<TwoArmTrial> = read_two_arm_patients(&files, args.control.as_deref())?
        .into_iter()
        .map(|trial| TwoArmTrial {
            label: trial.trial.clone(),
            trial: trial.trial,
            subgroup: trial.subgroup.filter(|_| args.model.subgroups),
            treated: trial.treated,
            control: trial.control,
            provenance: trial.provenance,
        })
        .collect();
    let model = TwoArmSurvivalModel {
        model: args.pool_by,
        trial_hazard_ratio: args.trial_hazard_ratio,
        ties: args.ties,
        time_transform: args.time_transform,
        restricted_mean_horizon: args.restricted_mean_horizon,
        piecewise_cuts: args.piecewise_cuts.clone(),
    };
    let title = args.common.title.clone().unwrap_or_else(|| "Two-arm survival".to_owned());
    let pooling = effect_options(ID.to_owned(), title, &args.model, &args.common);
    let options = model.options(pooling.clone());
    let file = files.first().copied().unwrap_or(Path::new(""));
    let result = Box::new(pool_two_arm_survival(&trials, &options).map_err(wrong(file))?);
    let moderators = vec![Default::default(); trials.len()];
    let studies = Studies { items: trials, moderators };
    let further = match &result.two_stage {
        Some(pooled) => further_of(
            pooled,
            &studies,
            |trial| &trial.trial,
            |trials| two_stage(trials, &options),
            &pooling.model(),
            (&args.further.options(), console),
        ),
        None => Box::default(),
    };
    Ok(AnalysisOutcome::TwoArmSurvival { endpoint: ID.to_owned(), result, further })
}
