//! Curves to patients.

use kmeta_evidence_pool::{PValueRelation, PValueSides};
use kmeta_ipd_reconstruct::{
    PrintedComparison, ReconstructionError, ReconstructionInput, reconstruct, reconstruct_pair,
};
use kmeta_trial_data::{
    DigitizedFigure, Finding, NumberAtRisk, Origin, Panel, PatientRecord, Provenance, ReconstructedArm,
    TimeUnit, Verdict,
};
use serde::{Deserialize, Serialize};

use super::assign;
use super::patients::{infer_missing_patients, printed_counts};
use crate::project::{ArmView, Figure, Project, Trial, TypedRiskTable};
use crate::results::ArmResult;

/// Standard deviation of a survival level below which it was read from paths rather than traced from pixels.
const EXACT_LEVEL: f64 = 1e-4;
/// Largest error of an exact level, in standard deviations.
const LARGEST_ERROR: f64 = 4.0;

/// One arm with its patients, times in the study's unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ArmPatients {
    pub(crate) result: ArmResult,
    pub(crate) patients: Vec<PatientRecord>,
}

/// An arm that is ready to be reconstructed.
#[derive(Debug, Clone)]
pub(crate) struct Prepared<'a> {
    pub(crate) arm: ArmView<'a>,
    color: String,
    /// All that is known of it, times in the study's unit.
    pub(crate) input: ReconstructionInput,
    /// Index of its curve in the panel.
    pub(crate) curve: usize,
}

/// The arms of one figure that are ready to be reconstructed.
#[derive(Debug)]
pub(crate) struct PreparedFigure<'a> {
    pub(crate) panel: &'a Panel,
    /// From the unit of the panel's time axis to the study's.
    pub(crate) time_factor: f64,
    pub(crate) arms: Vec<Prepared<'a>>,
}

/// What the stage made of a figure.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reconstruction {
    /// The arms that could be reconstructed.
    pub(crate) arms: Vec<ArmPatients>,
    /// What was noticed.
    pub(crate) findings: Vec<Finding>,
}

/// Reconstructs every arm of a figure as it was read.
pub(crate) fn reconstruct_figure(
    project: &Project,
    figure: &Figure,
    read: &DigitizedFigure,
) -> Reconstruction {
    let mut reconstruction = Reconstruction::default();
    if let Some(trial) = project.trial(&figure.trial) {
        reconstruction.add_figure(project, figure, trial, read);
    }
    reconstruction
}

/// The arms of a figure as they are reconstructed; what is to be noticed about them was noticed there.
pub(crate) fn prepared_figure<'a>(
    project: &'a Project,
    figure: &'a Figure,
    read: &'a DigitizedFigure,
) -> Option<PreparedFigure<'a>> {
    Reconstruction::default().prepare(project, figure, project.trial(&figure.trial)?, read)
}

/// The arm `index` of a panel as input of the reconstruction, in the unit of the panel's time axis. Numbers at
/// risk that contradict themselves are left out, with a finding.
pub(crate) fn arm_input(
    panel: &Panel,
    index: usize,
    trial: &str,
    arm: &str,
    provenance: Provenance,
) -> (ReconstructionInput, Vec<Finding>) {
    let traced = &panel.arms[index];
    let mut input = ReconstructionInput::new(trial, arm, traced.curve.clone(), provenance);
    input.curve_end = Some(traced.curve_end);
    input.censor_times.clone_from(&traced.censor_times);
    // Levels read from paths are exact to the digits of the file: drops then tell events and patients as whole numbers.
    if traced.survival_uncertainty <= EXACT_LEVEL {
        input.survival_uncertainty = Some(LARGEST_ERROR * traced.survival_uncertainty);
        input.time_uncertainty = Some(LARGEST_ERROR * traced.time_uncertainty);
    }
    let mut findings = Vec::new();
    if let Some(table) = &panel.risk_table
        && let Some(row) = table.row_of_arm(index)
    {
        match table.number_at_risk(row) {
            Ok(number_at_risk) => input.number_at_risk = Some(number_at_risk),
            Err(error) => findings.push(Finding::warning(
                "risk-table-unusable",
                format!("{trial}, arm {arm}"),
                format!("the numbers at risk read from the figure are not used: {error}"),
            )),
        }
    }
    findings.extend(printed_counts(&mut input, panel, index));
    (input, findings)
}

/// Where the numbers of an arm of a sidecar came from.
pub(crate) fn sidecar_provenance(figure: &DigitizedFigure, file: &str, panel: usize) -> Provenance {
    Provenance {
        origin: Origin::Automatic,
        method: "digitized curve".to_owned(),
        file: file.to_owned(),
        sha256: figure.source.sha256.clone(),
        page: figure.source.page,
        panel: Some(panel),
    }
}

impl Reconstruction {
    /// Finds the arms of a figure and what is known of them; `None` where it cannot be used.
    fn prepare<'a>(
        &mut self,
        project: &'a Project,
        figure: &'a Figure,
        trial: &'a Trial,
        read: &'a DigitizedFigure,
    ) -> Option<PreparedFigure<'a>> {
        let place = format!("figure {}", figure.file);
        for finding in &read.findings {
            let own_place =
                if finding.place.is_empty() { String::new() } else { format!(", {}", finding.place) };
            self.findings.push(Finding { place: format!("{place}{own_place}"), ..finding.clone() });
        }
        if read.verdict == Verdict::Refused {
            let message = "the figure could not be read, so its arms are missing from every analysis; see the other findings on it";
            self.findings.push(Finding::error("figure-refused", place, message));
            return None;
        }
        for check in read.checks.iter().filter(|check| !check.passed) {
            self.findings.push(Finding::warning(
                "check-failed",
                place.clone(),
                format!("{}: {}", check.name, check.message),
            ));
        }
        let prepared = assign::panel(read, figure.panel)
            .map_err(|message| ("figure-panel", message))
            .and_then(|panel| time_factor(project.time_unit, figure, panel).map(|factor| (panel, factor)));
        let (panel, factor) = match prepared {
            Ok(prepared) => prepared,
            Err((code, message)) => {
                self.findings.push(Finding::error(code, place, message));
                return None;
            }
        };
        let mut used = Vec::new();
        let mut prepared: Vec<Prepared<'a>> = Vec::new();
        for (traced, arm) in figure.arm_assignments(trial) {
            let Some(arm) = trial.arm(arm) else { continue };
            match assign::find_arm(panel, &traced) {
                Ok(index) if used.contains(&index) => self.findings.push(Finding::error(
                    "arm-assigned-twice",
                    format!("{place}, arm {}", arm.id),
                    format!("the curve is another arm's already: {}", assign::describe_arms(&panel.arms)),
                )),
                Ok(index) => {
                    used.push(index);
                    let provenance = sidecar_provenance(read, &figure.file, panel.panel);
                    let (mut input, findings) = arm_input(panel, index, &trial.id, arm.id, provenance);
                    self.findings.extend(findings);
                    self.complete(&mut input, project, figure, arm, factor);
                    let level_error = panel.arms[index].survival_uncertainty;
                    self.findings.extend(infer_missing_patients(&mut input, level_error));
                    let color = panel.arms[index].color.clone();
                    prepared.push(Prepared { arm, color, input, curve: index });
                }
                Err(message) => self.findings.push(Finding::error(
                    "arm-not-found",
                    format!("{place}, arm {}", arm.id),
                    format!("{message}; its patients are missing from every analysis"),
                )),
            }
        }
        if used.len() < panel.arms.len() {
            let message = format!("{} of {} curves are used", used.len(), panel.arms.len());
            self.findings.push(Finding::warning("curves-unused", place, message));
        }
        Some(PreparedFigure { panel, time_factor: factor, arms: prepared })
    }

    fn add_figure(&mut self, project: &Project, figure: &Figure, trial: &Trial, read: &DigitizedFigure) {
        let Some(PreparedFigure { arms: prepared, .. }) = self.prepare(project, figure, trial, read) else {
            return;
        };
        match figure.meet_hazard_ratio.then(|| printed_comparison(trial, figure, &prepared)).flatten() {
            Some((pair, comparison)) => self.add_pair(project, figure, pair, &comparison),
            None => {
                for prepared in prepared {
                    let found = reconstruct(&prepared.input, &project.reconstruction);
                    self.add_arm(project, figure, prepared, found);
                }
            }
        }
    }

    /// Reconstructs the reference and the treated arm together.
    fn add_pair(
        &mut self,
        project: &Project,
        figure: &Figure,
        [reference, treated]: [Prepared<'_>; 2],
        comparison: &PrintedComparison,
    ) {
        match reconstruct_pair(&reference.input, &treated.input, comparison, &project.reconstruction) {
            Ok(pair) => {
                self.findings.extend(pair.findings);
                self.add_arm(project, figure, reference, Ok(pair.reference));
                self.add_arm(project, figure, treated, Ok(pair.treated));
            }
            Err(error) => {
                self.add_arm(project, figure, reference, Err(error.clone()));
                self.add_arm(project, figure, treated, Err(error));
            }
        }
    }

    /// Adds what the project file states, and turns all times into the study's unit.
    fn complete(
        &mut self,
        input: &mut ReconstructionInput,
        project: &Project,
        figure: &Figure,
        arm: ArmView<'_>,
        factor: f64,
    ) {
        if let Some(TypedRiskTable { times, counts }) = &figure.risk_table
            && let Some(counts) = counts.get(arm.id)
        {
            // The project file was checked: these columns make numbers at risk.
            input.number_at_risk = NumberAtRisk::new(times.clone(), counts.clone()).ok();
        }
        self.settle_patients(input, arm);
        input.total_events = arm.facts.events.get(&figure.endpoint).copied().or(input.total_events);
        if let Some(median) = arm.facts.medians.get(&figure.endpoint) {
            let unit = median.unit.map_or(1.0, |unit| unit.factor_to(project.time_unit));
            input.median_printed = Some(median.value * unit);
            input.median_interval_printed =
                median.lower.map(|lower| (lower * unit, median.upper.map(|upper| upper * unit)));
            input.median_half_width = Some(unit * median.half_width());
        }
        input.survival_printed = arm.printed_survival(&figure.endpoint);
        let scaled = |times: &[f64]| times.iter().map(|time| time * factor).collect::<Vec<f64>>();
        // A positive factor keeps the order of times, so neither conversion can fail.
        if let Ok(curve) = input.curve.with_times_scaled(factor) {
            input.curve = curve;
        }
        input.number_at_risk = input
            .number_at_risk
            .take()
            .and_then(|risk| NumberAtRisk::new(scaled(risk.times()), risk.counts().to_vec()).ok());
        input.curve_end = input.curve_end.map(|end| end * factor);
        input.censor_times = scaled(&input.censor_times);
        input.time_uncertainty = input.time_uncertainty.map(|error| error * factor);
    }

    /// The number at risk at time 0 is the number of patients behind the curve; the trial's `n` may count
    /// patients who were never followed.
    fn settle_patients(&mut self, input: &mut ReconstructionInput, arm: ArmView<'_>) {
        let at_start = input
            .number_at_risk
            .as_ref()
            .filter(|risk| risk.times()[0] == 0.0)
            .map(NumberAtRisk::first_count);
        match (at_start, arm.facts.n) {
            (Some(at_risk), Some(n)) if at_risk != n => {
                let message = format!(
                    "{at_risk} patients at risk at time 0, but n = {n}: the curve is taken to stand for {at_risk}; check \
                     that it is this arm's curve and that n counts the same patients"
                );
                let place = format!("{}, arm {}, figure {}", input.trial, arm.id, input.provenance.file);
                self.findings.push(Finding::warning("patients-differ", place, message));
            }
            (None, n) => input.patients = n.or(input.patients),
            _ => {}
        }
    }

    fn add_arm(
        &mut self,
        project: &Project,
        figure: &Figure,
        Prepared { arm, color, input, .. }: Prepared<'_>,
        found: Result<ReconstructedArm, ReconstructionError>,
    ) {
        let place = format!("{}, arm {}, {}", input.trial, arm.id, figure.endpoint);
        let reconstructed = match found {
            Ok(reconstructed) => reconstructed,
            Err(error) => {
                let message = format!("{error}; its patients are missing from every analysis");
                return self.findings.push(Finding::error("not-reconstructed", place, message));
            }
        };
        self.findings.extend(
            reconstructed
                .findings
                .iter()
                .map(|finding| Finding { place: format!("{place}: {}", finding.place), ..finding.clone() }),
        );
        let fidelity = reconstructed.fidelity;
        if let Some(message) = median_disagreement(
            fidelity.median_reconstructed,
            fidelity.median_printed,
            project.checks.median_relative,
            project.time_unit,
        ) {
            self.findings.push(Finding::warning("median-disagrees", place, message));
        }
        self.arms.push(ArmPatients {
            result: ArmResult {
                trial: arm.trial.id.clone(),
                arm: arm.id.to_owned(),
                label: arm.full_label(),
                endpoint: figure.endpoint.clone(),
                figure: figure.file.clone(),
                color,
                curve: input.curve,
                curve_end: input.curve_end,
                patients_file: format!("ipd/{}-{}-{}.csv", arm.trial.id, arm.id, figure.endpoint),
                fidelity,
                median_printed: arm.facts.medians.get(&figure.endpoint).copied(),
                provenance: reconstructed.provenance,
            },
            patients: reconstructed.patients,
        });
    }
}

/// The reference and the treated arm of a trial, with what is printed of their comparison; `None` where something of
/// that is missing, which was said when the project file was read.
fn printed_comparison<'a>(
    trial: &Trial,
    figure: &Figure,
    prepared: &[Prepared<'a>],
) -> Option<([Prepared<'a>; 2], PrintedComparison)> {
    let printed = trial.hazard_ratios.get(&figure.endpoint)?;
    let arm = |id: Option<&str>| prepared.iter().find(|prepared| Some(prepared.arm.id) == id).cloned();
    let pair = [arm(trial.reference())?, arm(trial.treated())?];
    let at_usual_level = printed.confidence_level == 0.95;
    let exact =
        printed.p_value_relation == PValueRelation::Equal && printed.p_value_sides == PValueSides::Two;
    let comparison = PrintedComparison {
        hazard_ratio: printed.value,
        hazard_ratio_interval: printed.lower.zip(printed.upper).filter(|_| at_usual_level),
        log_rank_p: printed.p_value.filter(|_| exact),
    };
    Some((pair, comparison))
}

/// The factor from the unit of the figure's time axis to the study's.
fn time_factor(study: TimeUnit, figure: &Figure, panel: &Panel) -> Result<f64, (&'static str, String)> {
    let stated = figure.time_unit.unwrap_or(study);
    match panel.axes.x.unit {
        Some(printed) if printed != stated => {
            let stated_by =
                if figure.time_unit.is_some() { "the project file says" } else { "the study is in" };
            Err((
                "time-units-disagree",
                format!(
                    "the time axis is in {printed} (\"{}\"), but {stated_by} {stated}: set `time_unit` of the figure; its arms are missing from every analysis",
                    panel.axes.x.title
                ),
            ))
        }
        _ => Ok(stated.factor_to(study)),
    }
}

/// A sentence when the two medians differ by more than the limit.
fn median_disagreement(
    reconstructed: Option<f64>,
    printed: Option<f64>,
    limit: f64,
    unit: TimeUnit,
) -> Option<String> {
    let printed = printed?;
    match reconstructed {
        None => Some(format!(
            "the printed median is {printed:.2} {unit}, but the reconstructed curve does not reach one half"
        )),
        Some(median) if ((median - printed) / printed).abs() > limit => Some(format!(
            "the reconstructed median is {median:.2} {unit}, the printed one {printed:.2}: a difference of {:.1} %, above the limit of {:.1} %",
            100.0 * (median - printed).abs() / printed,
            100.0 * limit
        )),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_compared_relatively() {
        let says =
            |reconstructed, printed| median_disagreement(reconstructed, printed, 0.05, TimeUnit::Months);
        assert_eq!(says(Some(10.4), Some(10.0)), None);
        assert!(says(Some(10.6), Some(10.0)).unwrap().contains("6.0 %"));
        assert!(says(None, Some(10.0)).unwrap().contains("does not reach one half"));
        assert_eq!(says(Some(3.0), None), None);
    }
}
