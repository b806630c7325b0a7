//! How many patients stand behind a traced curve where neither the figure nor the person says it.

use kmeta_ipd_reconstruct::{
    ExactCurve, InferredPatients, ReconstructionInput, decode_counts, infer_patients,
};
use kmeta_trial_data::{CurveCounts, DigitizedFigure, Finding, NumberAtRisk, Panel, StatisticKind};

/// Standard deviation of a level up to which drops are counted: a few patients are told apart by less exact levels too,
/// and where they are not, no counts are given.
const COUNTED_LEVEL: f64 = 3e-4;

/// Writes into a sidecar the events and censorings of every arm whose levels are exact enough to tell them. Later stages
/// decode the curve again, with what a person states or corrects: these numbers are there to be looked at.
pub(crate) fn add_counts(figure: &mut DigitizedFigure) {
    for panel in &mut figure.panels {
        let counts: Vec<Option<CurveCounts>> =
            (0..panel.arms.len()).map(|arm| counts_of(panel, arm)).collect();
        for (arm, counts) in panel.arms.iter_mut().zip(counts) {
            arm.counts = counts;
        }
    }
}

fn counts_of(panel: &Panel, index: usize) -> Option<CurveCounts> {
    let arm = &panel.arms[index];
    if arm.survival_uncertainty > COUNTED_LEVEL {
        return None;
    }
    let number_at_risk: Option<NumberAtRisk> = panel
        .risk_table
        .as_ref()
        .and_then(|table| table.row_of_arm(index).and_then(|row| table.number_at_risk(row).ok()));
    let printed =
        number_at_risk.as_ref().filter(|risk| risk.times()[0] == 0.0).map(NumberAtRisk::first_count);
    let inferred = || infer_patients(&arm.curve, &arm.censor_times, arm.survival_uncertainty);
    let patients = printed.or_else(|| inferred().map(|found| found.patients));
    let decode = |censor_times: &[f64]| {
        decode_counts(&ExactCurve {
            curve: &arm.curve,
            censor_times,
            survival_error: arm.survival_uncertainty,
            time_error: arm.time_uncertainty,
            number_at_risk: number_at_risk.as_ref(),
            patients,
        })
    };
    // Marks that contradict the levels were misread, or some were cut off at the edge of the plot: drops and columns alone
    // still tell most events, and which of them are open.
    decode(&arm.censor_times).or_else(|| if arm.censor_times.is_empty() { None } else { decode(&[]) })
}

/// Share of the time axis before whose end a curve must end for all events that are printed to be on it.
const ENDS_BEFORE: f64 = 0.98;

/// Takes the numbers of patients and events that are printed behind an arm's name ("n = 120", "26/34"). Events may have
/// happened later than the axis shows: they are taken only where the curve ends before the axis does.
pub(crate) fn printed_counts(input: &mut ReconstructionInput, panel: &Panel, arm: usize) -> Vec<Finding> {
    let printed = |kind: StatisticKind| {
        let of_arm =
            panel.statistics.iter().find(|printed| printed.kind == kind && printed.arm == Some(arm))?;
        let count = of_arm.value.filter(|value| value.fract() == 0.0 && (1.0..=1e6).contains(value))?;
        Some((count as u32, of_arm.quotation.clone()))
    };
    let mut findings = Vec::new();
    let Some((patients, quotation)) = printed(StatisticKind::Patients) else { return findings };
    let at_start = input.number_at_risk.as_ref().filter(|risk| risk.times()[0] == 0.0);
    // The table says how many there were; a number that disagrees was misread or counts others.
    match at_start.map(|risk| risk.first_count()) {
        Some(at_risk) if at_risk != patients => return findings,
        Some(_) => {}
        None => input.patients = Some(patients),
    }
    let mut message = format!("{patients} patients, as printed: {quotation}");
    let end = panel.axes.x.value_at(panel.plot_area.right);
    let ends_early = input.curve_end.is_some_and(|last| last < ENDS_BEFORE * end);
    if let Some((events, _)) =
        printed(StatisticKind::Events).filter(|(events, _)| *events <= patients && ends_early)
    {
        input.total_events = Some(events);
        message = format!("{patients} patients and {events} events, as printed: {quotation}");
    }
    findings.push(Finding::note("patients-printed", format!("{}, arm {}", input.trial, input.arm), message));
    findings
}

/// Infers the number of patients from the sizes of the drops where nothing else tells it, and says so: `None` where it
/// is known, or cannot be inferred. `level_error` is the standard deviation of a level as read.
pub(crate) fn infer_missing_patients(input: &mut ReconstructionInput, level_error: f64) -> Option<Finding> {
    let at_start = input.number_at_risk.as_ref().is_some_and(|risk| risk.times()[0] == 0.0);
    if input.patients.is_some() || at_start {
        return None;
    }
    let InferredPatients { patients, lower, upper, drops } =
        infer_patients(&input.curve, &input.censor_times, level_error)?;
    if let Some(risk) = &input.number_at_risk
        && risk.first_count() > patients
    {
        return None;
    }
    input.patients = Some(patients);
    let range =
        if lower == upper { String::new() } else { format!(" ({lower} to {upper} fit nearly as well)") };
    Some(Finding::warning(
        "patients-inferred",
        format!("{}, arm {}", input.trial, input.arm),
        format!(
            "no number of patients is printed with the curve: {patients} was inferred from the size of its {drops} \
             drops{range}; state it where the paper prints it"
        ),
    ))
}
