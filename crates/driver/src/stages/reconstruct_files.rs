//! What `kmeta reconstruct` is given on files: a sidecar, or a curve with tables beside it.

use std::path::Path;

use kmeta_ipd_reconstruct::ReconstructionInput;
use kmeta_trial_data::{DigitizedFigure, Finding, Origin, Panel, Provenance, sha256_hex};

use super::{assign, reconstruct};
use crate::command_line::ReconstructArgs;
use crate::project::{Problem, Problems, TracedArm, closest_name};
use crate::tables::{ArmCurve, read_curves, read_marks, read_risk_tables};

/// One arm to reconstruct.
#[derive(Debug, Clone)]
pub(crate) struct ArmInput {
    /// Panel of the sidecar; absent for a CSV.
    pub(crate) panel: Option<usize>,
    /// Name as printed.
    pub(crate) label: String,
    /// Colour in the figure; empty for a CSV.
    pub(crate) color: String,
    /// The arm's curve and what is known of it.
    pub(crate) input: ReconstructionInput,
    /// What was repaired or left out on the way.
    pub(crate) findings: Vec<Finding>,
}

/// Reads all that the flags name, and checks that it fits together.
///
/// # Errors
/// All mistakes in the files; flags that do not fit the number of arms.
pub(crate) fn read_inputs(args: &ReconstructArgs) -> Result<Vec<ArmInput>, Problems> {
    let is_sidecar = args.curve.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let mut arms = if is_sidecar { from_sidecar(args)? } else { from_curves(args)? };
    add_tables(args, &mut arms)?;
    if arms.len() > 1 && (args.n.is_some() || args.events.is_some()) {
        let names: Vec<&str> = arms.iter().map(|arm| arm.input.arm.as_str()).collect();
        return Err(Problem::in_file(
            args.curve.display().to_string(),
            format!("--n and --events are of one arm, but there are {}: {}", arms.len(), names.join(", ")),
        )
        .with_help("choose one with --arm, and with --panel where there are several")
        .into());
    }
    for arm in &mut arms {
        arm.input.patients = args.n.or(arm.input.patients);
        arm.input.total_events = args.events;
    }
    Ok(arms)
}

/// The trial's name: as stated, else the file's name without its extensions.
fn trial_name(args: &ReconstructArgs) -> String {
    args.trial.clone().unwrap_or_else(|| {
        let name = args.curve.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.trim_end_matches(".json").trim_end_matches(".kmfig").trim_end_matches(".csv").to_owned()
    })
}

fn from_curves(args: &ReconstructArgs) -> Result<Vec<ArmInput>, Problems> {
    let mut curves = read_curves(&args.curve)?;
    if let Some(wanted) = &args.arm {
        let names: Vec<String> = curves.iter().map(|curve| curve.arm.clone()).collect();
        curves.retain(|curve| curve.arm == *wanted);
        if curves.is_empty() {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            return Err(unknown_arm(&args.curve, wanted, &names).into());
        }
    }
    let bytes = std::fs::read(&args.curve).unwrap_or_default();
    let provenance = Provenance {
        origin: Origin::Human,
        method: "curve from a file".to_owned(),
        file: args.curve.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        sha256: sha256_hex(&bytes),
        page: None,
        panel: None,
    };
    let trial = trial_name(args);
    let arms = curves.into_iter().map(|ArmCurve { arm, curve, findings }| ArmInput {
        panel: None,
        label: arm.clone(),
        color: String::new(),
        input: ReconstructionInput::new(trial.clone(), arm, curve, provenance.clone()),
        findings,
    });
    Ok(arms.collect())
}

fn from_sidecar(args: &ReconstructArgs) -> Result<Vec<ArmInput>, Problems> {
    let file = args.curve.display().to_string();
    let wrong = |message: String| Problems::from(Problem::in_file(&file, message));
    let text =
        std::fs::read_to_string(&args.curve).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let figure: DigitizedFigure = serde_json::from_str(&text)
        .map_err(|error| wrong(format!("is no sidecar of `kmeta digitize`: {error}")))?;
    let panels: Vec<&Panel> =
        figure.panels.iter().filter(|panel| args.panel.is_none_or(|wanted| panel.panel == wanted)).collect();
    let mut arms = Vec::new();
    for panel in &panels {
        let chosen = match &args.arm {
            None => (0..panel.arms.len()).collect(),
            Some(name) => TracedArm::parse(name)
                .and_then(|traced| assign::find_arm(panel, &traced).ok())
                .into_iter()
                .collect::<Vec<usize>>(),
        };
        arms.extend(chosen.into_iter().map(|index| sidecar_arm(args, &figure, panel, index, panels.len())));
    }
    if arms.is_empty() {
        let there: Vec<String> = figure
            .panels
            .iter()
            .map(|panel| format!("panel {}: {}", panel.panel, assign::describe_arms(&panel.arms)))
            .collect();
        let there = if there.is_empty() { "the figure was refused".to_owned() } else { there.join("; ") };
        return Err(wrong(format!("no such curve ({there})")));
    }
    Ok(arms)
}

fn sidecar_arm(
    args: &ReconstructArgs,
    figure: &DigitizedFigure,
    panel: &Panel,
    index: usize,
    panels: usize,
) -> ArmInput {
    let traced = &panel.arms[index];
    // Names tell the rows of ipd.csv apart, so each arm has one that no other has.
    let repeated = panel.arms.iter().filter(|arm| arm.label == traced.label).count() > 1;
    let mut name = match traced.label.as_str() {
        "" if panel.arms.len() == 1 => "all".to_owned(),
        "" => format!("curve {}", index + 1),
        label if repeated => format!("{label} (curve {})", index + 1),
        label => label.to_owned(),
    };
    if panels > 1 {
        name = format!("panel {}: {name}", panel.panel);
    }
    let provenance = reconstruct::sidecar_provenance(figure, &figure.source.file, panel.panel);
    let (input, findings) = reconstruct::arm_input(panel, index, &trial_name(args), &name, provenance);
    ArmInput {
        panel: Some(panel.panel),
        label: traced.label.clone(),
        color: traced.color.clone(),
        input,
        findings,
    }
}

/// Numbers at risk and censor marks of files take the place of the sidecar's.
fn add_tables(args: &ReconstructArgs, arms: &mut [ArmInput]) -> Result<(), Problems> {
    let mut problems = Vec::new();
    if let Some(path) = &args.risk_table {
        for table in read_risk_tables(path)? {
            match arm_named(path, &table.arm, arms, args) {
                Ok(Some(arm)) => arm.input.number_at_risk = Some(table.number_at_risk),
                Ok(None) => {}
                Err(wrong) => problems.extend(wrong.0),
            }
        }
    }
    if let Some(path) = &args.marks {
        for marks in read_marks(path)? {
            match arm_named(path, &marks.arm, arms, args) {
                Ok(Some(arm)) => arm.input.censor_times = marks.times,
                Ok(None) => {}
                Err(wrong) => problems.extend(wrong.0),
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
}

/// The arm that rows of a table belong to; none when `--arm` chose another.
fn arm_named<'a>(
    path: &Path,
    name: &str,
    arms: &'a mut [ArmInput],
    args: &ReconstructArgs,
) -> Result<Option<&'a mut ArmInput>, Problems> {
    let names: Vec<String> = arms.iter().map(|arm| arm.input.arm.clone()).collect();
    if name.is_empty() && arms.len() > 1 {
        let message = format!("needs a column `arm`: there are {} curves ({})", arms.len(), names.join(", "));
        return Err(Problem::in_file(path.display().to_string(), message).into());
    }
    let single = arms.len() == 1;
    let found = arms.iter().position(|arm| arm.input.arm == name || arm.label == name);
    match found {
        Some(index) => Ok(Some(&mut arms[index])),
        None if single && (name.is_empty() || arms[0].label.is_empty()) => Ok(Some(&mut arms[0])),
        None if args.arm.is_some() => Ok(None),
        None => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            Err(unknown_arm(path, name, &names).into())
        }
    }
}

fn unknown_arm(path: &Path, name: &str, known: &[&str]) -> Problem {
    let message = format!("there is no curve of arm `{name}`; the arms are: {}", known.join(", "));
    let problem = Problem::in_file(path.display().to_string(), message);
    match closest_name(name, known) {
        Some(close) => problem.with_help(format!("did you mean `{close}`?")),
        None => problem,
    }
}
