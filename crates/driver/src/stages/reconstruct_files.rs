//! What `kmeta reconstruct` is given on files: a sidecar, or a curve with tables beside it.

use std::path::Path;

use kmeta_ipd_reconstruct::clicks::{ClicksError, ImportOptions, import_clicks};
use kmeta_ipd_reconstruct::{CurveReading, CurveScale, ReconstructionInput, prepare_curve};
use kmeta_trial_data::{DigitizedFigure, Finding, Origin, Panel, Provenance, sha256_hex};

use super::patients::infer_missing_patients;
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
    /// Standard deviation of a level of the curve as traced; absent where nobody traced it.
    pub(crate) level_error: Option<f64>,
    /// What was repaired or left out on the way.
    pub(crate) findings: Vec<Finding>,
}

/// Reads all that the flags name, and checks that it fits together.
///
/// # Errors
/// All mistakes in the files; flags that do not fit the number of arms.
pub(crate) fn read_inputs(args: &ReconstructArgs) -> Result<Vec<ArmInput>, Problems> {
    let mut arms = match kind_of(&args.curve, args.scale.is_some())? {
        CurveFile::Sidecar => from_sidecar(args)?,
        CurveFile::Table => from_curves(args)?,
        CurveFile::Clicks(bytes) => from_clicks(args, &bytes)?,
    };
    add_tables(args, &mut arms)?;
    let of_one_arm =
        args.n.is_some() || args.events.is_some() || args.median.is_some() || !args.survival_at.is_empty();
    if arms.len() > 1 && of_one_arm {
        let names: Vec<&str> = arms.iter().map(|arm| arm.input.arm.as_str()).collect();
        let message = format!(
            "--n, --events, --median and --survival-at are of one arm, but there are {}: {}",
            arms.len(),
            names.join(", ")
        );
        return Err(Problem::in_file(args.curve.display().to_string(), message)
            .with_help("choose one with --arm, and with --panel where there are several")
            .into());
    }
    for arm in &mut arms {
        arm.input.patients = args.n.or(arm.input.patients);
        arm.input.total_events = args.events.or(arm.input.total_events);
        if let Some(median) = args.median {
            arm.input.median_printed = Some(median.value);
            arm.input.median_interval_printed = median.lower.map(|lower| (lower, median.upper));
            arm.input.median_half_width = Some(median.half_width);
        }
        arm.input.survival_printed.clone_from(&args.survival_at);
        arm.input.survival_uncertainty = args.reading_error.or(arm.input.survival_uncertainty);
        let level_error = arm.level_error.or(arm.input.survival_uncertainty);
        arm.findings.extend(level_error.and_then(|error| infer_missing_patients(&mut arm.input, error)));
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

/// What kind of file holds the curve.
enum CurveFile {
    /// A sidecar of `kmeta digitize`.
    Sidecar,
    /// A table with the columns time and survival.
    Table,
    /// Clicks of another program, as the bytes of the file.
    Clicks(Vec<u8>),
}

/// Tells the kinds apart by their content: a sidecar has panels, our own tables name their columns.
fn kind_of(path: &Path, scale_stated: bool) -> Result<CurveFile, Problems> {
    let bytes = std::fs::read(path)
        .map_err(|error| Problem::in_file(path.display().to_string(), format!("cannot be read: {error}")))?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('{') {
        let is_project = text.contains("\"datasetColl\"") || text.contains("\"dataSeries\"");
        return Ok(if is_project { CurveFile::Clicks(bytes) } else { CurveFile::Sidecar });
    }
    let header = text.lines().find(|line| !line.starts_with('#')).unwrap_or("").to_lowercase();
    let columns: Vec<&str> = header.split([',', ';', '\t']).map(str::trim).collect();
    let own = columns.contains(&"time") && columns.iter().any(|column| column.starts_with("surv"));
    // A header of one word is a mistake in our own table rather than clicks, which have two columns.
    Ok(if (own || columns.len() < 2) && !scale_stated { CurveFile::Table } else { CurveFile::Clicks(bytes) })
}

/// Reading error of points that were clicked by hand: a pixel or two of a figure on a screen.
const CLICK_ERROR: f64 = 0.005;

fn from_clicks(args: &ReconstructArgs, bytes: &[u8]) -> Result<Vec<ArmInput>, Problems> {
    let file = args.curve.display().to_string();
    let options = ImportOptions {
        file: file.clone(),
        scale: args.scale.unwrap_or_default(),
        ..ImportOptions::default()
    };
    let wrong = |message: String| Problems::from(Problem::in_file(&file, message));
    let imported = import_clicks(bytes, &options).map_err(|error| match error {
        ClicksError::InFile { source, .. } => wrong(source.to_string()),
        error => wrong(error.to_string()),
    })?;
    let names: Vec<&str> = imported.curves.iter().map(|curve| curve.name.as_str()).collect();
    if let Some(wanted) = args.arm.as_deref().filter(|wanted| !names.contains(wanted)) {
        return Err(unknown_arm(&args.curve, wanted, &names).into());
    }
    let provenance = file_provenance(args, bytes, "clicks");
    let reading = CurveReading {
        scale: CurveScale::Survival,
        percent: false,
        survival_uncertainty: args.reading_error.unwrap_or(CLICK_ERROR),
    };
    let chosen =
        imported.curves.iter().filter(|curve| args.arm.as_ref().is_none_or(|arm| *arm == curve.name));
    let mut arms = Vec::new();
    for curve in chosen {
        let points: Vec<(f64, f64)> = curve.clicks.points().collect();
        let prepared = prepare_curve(&points, &reading).map_err(|error| wrong(error.to_string()))?;
        let mut findings = if arms.is_empty() { imported.findings.clone() } else { Vec::new() };
        findings.extend(prepared.findings);
        let mut input = ReconstructionInput::new(
            trial_name(args),
            curve.name.clone(),
            prepared.curve,
            provenance.clone(),
        );
        input.curve_end = points.iter().map(|&(time, _)| time).reduce(f64::max);
        let (panel, color) = (None, String::new());
        arms.push(ArmInput { panel, label: curve.name.clone(), color, level_error: None, input, findings });
    }
    Ok(arms)
}

/// A curve that a person brought in a file.
fn file_provenance(args: &ReconstructArgs, bytes: &[u8], method: &str) -> Provenance {
    Provenance {
        origin: Origin::Human,
        method: format!("{method} from a file"),
        file: args.curve.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        sha256: sha256_hex(bytes),
        page: None,
        panel: None,
    }
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
    let provenance = file_provenance(args, &bytes, "curve");
    let trial = trial_name(args);
    let arms = curves.into_iter().map(|ArmCurve { arm, curve, findings }| ArmInput {
        panel: None,
        label: arm.clone(),
        color: String::new(),
        level_error: None,
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
        level_error: Some(traced.survival_uncertainty),
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
