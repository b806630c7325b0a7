//! Turns sidecars into what the figure corpus' scorers read.
//!
//! ```sh
//! cargo run --release --example score_export -- SIDECAR_DIR OUT_DIR
//! ```
//!
//! For each `SIDECAR_DIR/NAME.kmfig.json` it writes `OUT_DIR/NAME.json` (curves and axes, for `score.py`) and
//! `OUT_DIR/NAME.ipd.json` (every arm reconstructed from what the sidecar holds, for `score_ipd.py`). Both are
//! written from the sidecar alone, so that any change of the digitizer shows.

use std::error::Error;
use std::path::{Path, PathBuf};

use kmeta_ipd_reconstruct::{ReconstructionInput, ReconstructionOptions, reconstruct};
use kmeta_trial_data::{AxisCalibration, DigitizedFigure, Panel, Provenance};
use serde_json::{Value, json};

const SUFFIX: &str = ".kmfig.json";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [sidecars, out] = arguments.as_slice() else {
        return Err("usage: score_export SIDECAR_DIR OUT_DIR".into());
    };
    std::fs::create_dir_all(out)?;
    let mut paths: Vec<PathBuf> = std::fs::read_dir(sidecars)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(name) = name.strip_suffix(SUFFIX) {
            export(&path, name, out)?;
        }
    }
    Ok(())
}

fn export(path: &Path, name: &str, out: &Path) -> Result<(), Box<dyn Error>> {
    let figure: DigitizedFigure = serde_json::from_str(&std::fs::read_to_string(path)?)
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let panels: Vec<Value> = figure.panels.iter().map(panel_for_score).collect();
    let patients: Vec<Value> =
        figure.panels.iter().flat_map(|panel| patients_for_score(panel, name)).collect();
    std::fs::write(out.join(format!("{name}.json")), json!({ "panels": panels }).to_string())?;
    std::fs::write(out.join(format!("{name}.ipd.json")), json!({ "arms": patients }).to_string())?;
    Ok(())
}

/// Curves, and two points `[value, column, row]` on each axis.
fn panel_for_score(panel: &Panel) -> Value {
    let arms: Vec<Value> = panel
        .arms
        .iter()
        .map(|arm| {
            json!({
                "label": arm.label, "color": arm.color, "panel": panel.panel,
                "times": arm.curve.times(), "survival": arm.curve.survival(),
            })
        })
        .collect();
    let x = ends(&panel.axes.x).map(|(value, pixel)| [value, pixel, panel.axes.x.line_px]);
    let y = ends(&panel.axes.y).map(|(value, pixel)| [value, panel.axes.y.line_px, pixel]);
    json!({ "arms": arms, "axes": { "x": x, "y": y } })
}

/// The values and pixels of an axis' first and last tick.
fn ends(axis: &AxisCalibration) -> [(f64, f64); 2] {
    let pixels = match (axis.ticks.first(), axis.ticks.last()) {
        (Some(first), Some(last)) if axis.ticks.len() > 1 => [first.pixel, last.pixel],
        _ => [0.0, 100.0],
    };
    pixels.map(|pixel| (axis.value_at(pixel), pixel))
}

/// The arms that can be reconstructed. Without a number at risk at time 0 the number of patients is not known
/// and the arm is left out.
fn patients_for_score(panel: &Panel, name: &str) -> Vec<Value> {
    let reconstructed = panel.arms.iter().enumerate().filter_map(|(index, arm)| {
        let provenance = Provenance::printed("sidecar");
        let mut input = ReconstructionInput::new(name, arm.label.clone(), arm.curve.clone(), provenance);
        input.curve_end = Some(arm.curve_end);
        input.censor_times.clone_from(&arm.censor_times);
        input.number_at_risk = panel
            .risk_table
            .as_ref()
            .and_then(|table| table.row_of_arm(index).and_then(|row| table.number_at_risk(row).ok()));
        let patients = reconstruct(&input, &ReconstructionOptions::default()).ok()?.patients;
        Some(json!({
            "label": arm.label,
            "panel": panel.panel,
            "time": patients.iter().map(|patient| patient.time).collect::<Vec<f64>>(),
            "status": patients.iter().map(|patient| u8::from(patient.event)).collect::<Vec<u8>>(),
        }))
    });
    reconstructed.collect()
}
