//! `kmeta pool`: proportions, hazard ratios or survival from CSV tables.

mod effects;
mod two_arm_survival;

use std::path::Path;
use std::process::ExitCode;

use kmeta_evidence_pool::{PoolError, SurvivalOptions, TrialPatients};

use crate::command_line::{PoolArgs, PoolCommand, PoolSurvivalArgs};
use crate::console::Console;
use crate::error::CommandError;
use crate::output_folder::{to_json, write_file};
use crate::project::Problem;
use crate::results::{AnalysisOutcome, AnalysisResult, SurvivalViews};
use crate::single_arm_survival::{
    self, SurvivalArm, SurvivalEvidence, SurvivalMethodOptions, SurvivalSource,
};
use crate::stages::{report, summary, write_tables};
use crate::tables::{read_patients, read_printed_medians, read_printed_survival};

pub(crate) fn run(command: &PoolCommand, console: &mut Console) -> Result<ExitCode, CommandError> {
    let (args, outcome) = match command {
        PoolCommand::Proportions(args) => (&args.common, effects::proportions(args, console)?),
        PoolCommand::Counts(args) => (&args.common, effects::counts(args, console)?),
        PoolCommand::Effects(args) => (&args.common, effects::effects(args, console)?),
        PoolCommand::HazardRatios(args) => (&args.common, effects::hazard_ratios(args, console)?),
        PoolCommand::TwoArmSurvival(args) => (&args.common, two_arm_survival::run(args, console)?),
        PoolCommand::Survival(args) => (&args.common, survival(args)?),
    };
    console.findings(outcome.findings().map(Vec::as_slice).unwrap_or_default());
    let (id, title) = match (outcome.effect(), outcome.survival()) {
        (Some(effect), _) => (effect.id.clone(), effect.title.clone()),
        (_, Some(curve)) => (curve.id.clone(), curve.title.clone()),
        _ => ("survival".to_owned(), args.title.clone().unwrap_or_else(|| "Survival".to_owned())),
    };
    let analysis = AnalysisResult {
        id,
        title,
        figure_notice: None,
        left_out: Vec::new(),
        reading: Vec::new(),
        views: SurvivalViews::default(),
        outcome,
    };
    let mut text = summary::analyses(std::slice::from_ref(&analysis)) + "\n";
    for table in analysis.outcome.tables() {
        text.push_str(&format!("\n{}\n", table.to_plain()));
    }
    if let Some(folder) = &args.out {
        write(folder, &analysis)?;
        text.push_str(&format!("written to {}\n", folder.display()));
    }
    console.result(&analysis, &text)?;
    Ok(ExitCode::SUCCESS)
}

fn write(folder: &Path, analysis: &AnalysisResult) -> Result<(), CommandError> {
    write_file(&folder.join(format!("{}.json", analysis.id)), to_json(analysis)?)?;
    if let Some(table) = write_tables::analysis(analysis)? {
        write_file(&folder.join(format!("{}.csv", analysis.id)), table)?;
    }
    for table in analysis.outcome.tables() {
        write_file(&folder.join(format!("{}-{}.csv", analysis.id, table.name)), table.to_csv()?)?;
    }
    for (name, content) in report::plot_files(analysis)? {
        write_file(&folder.join(name), content)?;
    }
    Ok(())
}

/// The name of the table without its extension, unless a title is given; it names the output.
fn names(args: &PoolArgs, file: &Path) -> (String, String) {
    let id = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    (id.clone(), args.title.clone().unwrap_or(id))
}

/// An error of pooling is about the table.
fn wrong(file: &Path) -> impl Fn(PoolError) -> CommandError {
    move |error| Problem::in_file(file.display().to_string(), error.to_string()).into()
}

fn survival(args: &PoolSurvivalArgs) -> Result<AnalysisOutcome, CommandError> {
    let mut arms: Vec<SurvivalArm> = Vec::new();
    for file in &args.patients {
        for arm in read_patients(file)? {
            let single = arm.arm.is_empty() || arm.arm == "all";
            let name = if single { arm.trial } else { format!("{}, {}", arm.trial, arm.arm) };
            let patients = TrialPatients {
                trial: name.clone(),
                label: name,
                patients: arm.patients,
                provenance: arm.provenance,
            };
            let evidence = SurvivalEvidence::Patients(patients);
            arms.push(SurvivalArm { subgroup: arm.subgroup, evidence });
        }
    }
    if let Some(tables) = &args.tables {
        arms.extend(read_printed_survival(tables)?);
    }
    if let Some(medians) = &args.medians {
        arms.extend(read_printed_medians(medians, args.common.level)?);
    }
    let options = SurvivalOptions {
        id: "survival".to_owned(),
        title: args.common.title.clone().unwrap_or_else(|| "Survival".to_owned()),
        times: args.times.clone(),
        time_unit: args.time_unit,
        confidence_level: args.common.level,
        median_draws: args.median_draws,
        seed: args.seed,
    };
    let files = args.patients.iter().chain(&args.tables).chain(&args.medians);
    let file = files.map(std::path::PathBuf::as_path).next().unwrap_or(Path::new(""));
    let method = SurvivalMethodOptions {
        method: args.pool_by,
        source: SurvivalSource::ReconstructedElsePrinted,
        subgroups: args.subgroups,
        tau_squared: args.tau_squared,
        interval: args.interval,
        landmark_scale: args.landmark_scale,
        restricted_mean_horizon: args.restricted_mean_horizon,
        distributions: args.distributions.clone(),
        frailty: args.frailty,
    };
    single_arm_survival::pool(&arms, "survival".to_owned(), &options, &method).map_err(wrong(file))
}
