//! Checks of proportional hazards of two reconstructed arms.

use kmeta_plot_svg::{ArmCurve, Figure, SchoenfeldPlot, Theme, log_log_plot, schoenfeld_plot};
use kmeta_survival_estimate::{
    CoxData, CoxTerm, Ties, TimeTransform, cox_regression, proportional_hazards_test, schoenfeld_residuals,
};
use kmeta_trial_data::PatientRecord;

use super::chart_options;

/// Log-log curves, and scaled Schoenfeld residuals where a Cox model can be fitted. The last arm is the reference.
pub(crate) fn checks_of_hazards(
    theme: &Theme,
    title: &str,
    time_title: &str,
    arms: &[ArmCurve],
    note: &str,
) -> Vec<(&'static str, Figure)> {
    let options = chart_options(theme, note);
    let log_log = log_log_plot(&format!("{title}: log-log curves"), time_title, arms, &options);
    let mut figures = vec![("log-log", log_log)];
    if let Some(plot) = schoenfeld(title, time_title, arms) {
        figures.push(("schoenfeld", schoenfeld_plot(&plot, &options)));
    }
    figures
}

fn schoenfeld(title: &str, time_title: &str, arms: &[ArmCurve]) -> Option<SchoenfeldPlot> {
    let [treated, reference] = arms else { return None };
    let patients: Vec<PatientRecord> = treated.patients.iter().chain(&reference.patients).copied().collect();
    let is_treated = |index: usize| if index < treated.patients.len() { 1.0 } else { 0.0 };
    let terms = [CoxTerm::number("treated", (0..patients.len()).map(is_treated).collect())];
    let data = CoxData { patients: &patients, terms: &terms, strata: &[] };
    let fit = cox_regression(&data, Ties::Efron).ok()?;
    let residuals = schoenfeld_residuals(&data, &fit).ok()?;
    let transform = TimeTransform::KaplanMeier;
    let test = proportional_hazards_test(&data, &fit, transform).ok();
    Some(SchoenfeldPlot {
        title: format!("{title}: does the hazard ratio change with time?"),
        time_title: time_title.to_owned(),
        residuals: residuals
            .iter()
            .filter_map(|residual| Some((residual.time, *residual.scaled.first()?)))
            .collect(),
        log_hazard_ratio: fit.coefficients.first()?.value,
        p_value: test.map(|test| test.global.p_value),
        transform: "one minus Kaplan-Meier".to_owned(),
    })
}
