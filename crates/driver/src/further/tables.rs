//! The answers as tables.

use kmeta_evidence_pool::{
    FailSafeNumber, FunnelTestOutcome, FunnelTests, LimitMetaAnalysis, MetaRegression, PetPeese, TrimAndFill,
};
use kmeta_plot_svg::format::{fixed, p_value};
use kmeta_trial_data::Estimate;

use super::{FurtherResults, sensitivity_tables};
use crate::result_table::{Cell, ResultTable};
use crate::stages::write_tables::serde_name;

/// A table, or several, for each answer.
pub(crate) fn tables(results: &FurtherResults) -> Vec<ResultTable> {
    let mut tables = sensitivity_tables::tables(results);
    if let Some(model) = &results.meta_regression {
        tables.extend([coefficients(model), explained(model)]);
        if !model.predictions.is_empty() {
            tables.push(regression_predictions(model));
        }
    }
    tables.extend(results.small_study_tests.as_ref().map(funnel_tests));
    if let Some(result) = &results.trim_and_fill {
        tables.push(filled(result));
        tables.extend(filled_studies(result));
    }
    tables.extend(results.pet_peese.as_ref().map(pet_and_peese));
    tables.extend(results.limit_meta_analysis.as_ref().map(limit));
    if !results.fail_safe_numbers.is_empty() {
        tables.push(fail_safe(&results.fail_safe_numbers));
    }
    tables
}

fn coefficients(model: &MetaRegression) -> ResultTable {
    let columns = ["Coefficient", "Estimate", "Standard error", "Statistic", "p", "Interval"];
    let title = "Meta-regression: coefficients on the analysis scale";
    let mut table = ResultTable::new("meta-regression", title, &columns);
    for coefficient in &model.coefficients {
        table.push(vec![
            Cell::text(&coefficient.name),
            Cell::Effect(Some(coefficient.value)),
            Cell::Effect(Some(coefficient.standard_error)),
            Cell::Statistic(Some(coefficient.statistic)),
            Cell::PValue(Some(coefficient.p_value)),
            Cell::Limits(Some(coefficient.interval)),
        ]);
    }
    table
}

fn regression_predictions(model: &MetaRegression) -> ResultTable {
    let columns = ["At", "Estimate", "Standard error", "Interval", "Prediction"];
    let title = "Meta-regression: predicted effects on the analysis scale";
    let mut table = ResultTable::new("meta-regression-predictions", title, &columns);
    for prediction in &model.predictions {
        table.push(vec![
            Cell::text(&prediction.label),
            Cell::Effect(Some(prediction.value)),
            Cell::Effect(Some(prediction.standard_error)),
            Cell::Limits(Some(prediction.interval)),
            Cell::Limits(prediction.prediction),
        ]);
    }
    table
}

fn explained(model: &MetaRegression) -> ResultTable {
    let columns = [
        "Studies",
        "Test of moderators",
        "Degrees of freedom",
        "p",
        "Residual Q",
        "p of residual Q",
        "Residual τ²",
        "Residual I²",
        "R²",
    ];
    let mut table = ResultTable::new(
        "meta-regression-heterogeneity",
        "Meta-regression: what the moderators explain",
        &columns,
    );
    let test = model.moderator_test.as_ref();
    table.push(vec![
        Cell::count(model.studies),
        Cell::Statistic(test.map(|test| test.statistic)),
        Cell::Number(test.map(|test| f64::from(test.degrees_of_freedom))),
        Cell::PValue(test.map(|test| test.p_value)),
        Cell::Statistic(Some(model.heterogeneity.q)),
        Cell::PValue(Some(model.heterogeneity.p_value)),
        Cell::Variance(Some(model.heterogeneity.tau_squared)),
        Cell::Percent(Some(model.heterogeneity.i_squared)),
        Cell::Percent(model.r_squared),
    ]);
    table
}

fn funnel_tests(tests: &FunnelTests) -> ResultTable {
    let columns =
        ["Test", "Studies", "Bias", "Standard error", "Statistic", "Degrees of freedom", "p", "Remark"];
    let mut table = ResultTable::new("small-study-tests", "Tests of small-study effects", &columns);
    for result in &tests.results {
        let answer = result.answer();
        let remark = match &result.outcome {
            FunnelTestOutcome::NotAnswered { message, .. } => message.clone(),
            FunnelTestOutcome::Answered(_) if result.left_out.is_empty() => String::new(),
            FunnelTestOutcome::Answered(_) => format!("without {}", result.left_out.join(", ")),
        };
        table.push(vec![
            Cell::text(serde_name(&result.test)),
            Cell::count(result.studies),
            Cell::Effect(answer.map(|answer| answer.bias)),
            Cell::Effect(answer.map(|answer| answer.standard_error)),
            Cell::Statistic(answer.map(|answer| answer.statistic)),
            Cell::Number(answer.and_then(|answer| answer.degrees_of_freedom).map(f64::from)),
            Cell::PValue(answer.map(|answer| answer.p_value)),
            Cell::text(remark),
        ]);
    }
    table
}

/// Columns of effects that are adjusted in some way.
const ADJUSTED: [&str; 6] = ["Effect", "Studies", "Estimate", "Interval", "p", "τ²"];

fn adjusted_row(name: String, studies: u32, effect: &Estimate, tau_squared: Option<f64>) -> Vec<Cell> {
    vec![
        Cell::text(name),
        Cell::count(studies),
        Cell::Effect(Some(effect.shown)),
        Cell::Limits(Some(effect.shown_interval)),
        Cell::PValue(effect.p_value),
        Cell::Variance(tau_squared),
    ]
}

fn filled(result: &TrimAndFill) -> ResultTable {
    let side = serde_name(&result.side);
    let missing =
        result.missing_studies.map_or("an unknown number of".to_owned(), |number| number.to_string());
    let title = format!(
        "Trim and fill ({}): {missing} missing studies on the {side}",
        serde_name(&result.options.estimator)
    );
    let mut table = ResultTable::new("trim-and-fill", title, &ADJUSTED);
    for (name, pair) in [("observed", &result.observed), ("with filled studies", &result.adjusted)] {
        table.push(adjusted_row(format!("Common effect, {name}"), pair.studies, &pair.common, None));
        let tau_squared = Some(pair.tau_squared);
        table.push(adjusted_row(format!("Random effects, {name}"), pair.studies, &pair.random, tau_squared));
    }
    table
}

fn filled_studies(result: &TrimAndFill) -> Option<ResultTable> {
    let columns = ["Filled study", "Mirrors", "Analysis scale", "Variance"];
    let mut table = ResultTable::new("trim-and-fill-studies", "Studies filled in", &columns);
    for study in &result.filled {
        table.push(vec![
            Cell::text(&study.label),
            Cell::text(&study.mirrors),
            Cell::Effect(Some(study.value)),
            Cell::Variance(Some(study.variance)),
        ]);
    }
    (!result.filled.is_empty()).then_some(table)
}

fn pet_and_peese(result: &PetPeese) -> ResultTable {
    let title = format!(
        "PET-PEESE: the conditional estimate is that of {}",
        serde_name(&result.chosen).to_uppercase()
    );
    let mut table = ResultTable::new("pet-peese", title, &ADJUSTED);
    table.push(adjusted_row("PET".to_owned(), result.studies, &result.pet, None));
    table.push(adjusted_row("PEESE".to_owned(), result.studies, &result.peese, None));
    table
}

fn limit(result: &LimitMetaAnalysis) -> ResultTable {
    let title = format!(
        "Limit meta-analysis: small-study effects Q {}, p {}",
        fixed(result.q_small_study, 2),
        p_value(result.p_value_small_study, 4)
    );
    let mut table = ResultTable::new("limit-meta-analysis", title, &ADJUSTED);
    let studies = result.studies.len() as u32;
    let tau_squared = Some(result.tau_squared);
    table.push(adjusted_row("Random effects".to_owned(), studies, &result.unadjusted, tau_squared));
    table.push(adjusted_row(
        "As studies grow without limit".to_owned(),
        studies,
        &result.adjusted,
        tau_squared,
    ));
    table
}

fn fail_safe(numbers: &[FailSafeNumber]) -> ResultTable {
    let columns =
        ["Method", "Studies", "Fail-safe number", "Rosenthal's tolerance", "p as observed", "Mean", "Target"];
    let mut table = ResultTable::new("fail-safe-numbers", "Fail-safe numbers", &columns);
    for number in numbers {
        table.push(vec![
            Cell::text(serde_name(&number.options.method)),
            Cell::count(number.studies),
            Cell::Number(Some(number.number)),
            Cell::count(number.tolerance),
            Cell::PValue(number.p_value),
            Cell::Effect(number.mean),
            Cell::Effect(number.target),
        ]);
    }
    table
}
