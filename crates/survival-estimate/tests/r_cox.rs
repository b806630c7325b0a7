//! Cox models, tests of proportional hazards and stratified log-rank tests against R `survival` 3.5-3, on data printed
//! in the literature (`fixtures/reference/cox.json`) and, where the reference folder lies beside the repository, on
//! three more data sets that are not part of it.

#![allow(clippy::print_stderr, reason = "a skipped comparison must say so")]

mod support;

use std::path::{Path, PathBuf};

use kmeta_survival_estimate::{
    CoxData, CoxTerm, SurvivalError, Ties, TimeTransform, cox_regression, log_rank_stratified,
    proportional_hazards_test, schoenfeld_residuals,
};
use kmeta_trial_data::PatientRecord;
use serde_json::{Value, json};
use support::{CLOSED_FORM, Comparison, ITERATIVE};

const TRANSFORMS: [(&str, TimeTransform); 4] = [
    ("km", TimeTransform::KaplanMeier),
    ("rank", TimeTransform::Rank),
    ("identity", TimeTransform::Identity),
    ("log", TimeTransform::Log),
];

/// Columns by name.
struct Table(Value);

impl Table {
    fn rows(&self) -> usize {
        self.0["time"].as_array().unwrap().len()
    }

    fn numbers(&self, column: &str, rows: &[usize]) -> Vec<f64> {
        rows.iter().map(|&row| self.0[column][row].as_f64().unwrap()).collect()
    }

    /// Values as text.
    fn words(&self, column: &str, rows: &[usize]) -> Vec<String> {
        let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
        rows.iter().map(|&row| text(&self.0[column][row])).collect()
    }

    /// Rows that have all the columns.
    fn complete(&self, columns: &[&str]) -> Vec<usize> {
        (0..self.rows()).filter(|&row| columns.iter().all(|column| !self.0[*column][row].is_null())).collect()
    }

    fn patients(&self, rows: &[usize]) -> Vec<PatientRecord> {
        let (times, events) = (self.numbers("time", rows), self.numbers("event", rows));
        times
            .into_iter()
            .zip(events)
            .map(|(time, event)| PatientRecord { time, event: event == 1.0 })
            .collect()
    }

    /// A term as R codes it: numbers as they are; a factor by the levels that have a coefficient.
    fn term(&self, column: &str, coefficients: &[String], rows: &[usize]) -> CoxTerm {
        let number = coefficients.iter().any(|name| name == column);
        if number {
            return CoxTerm::number(column, self.numbers(column, rows));
        }
        let words = self.words(column, rows);
        let prefixes = [format!("factor({column})"), column.to_owned()];
        let levels = coefficients
            .iter()
            .filter_map(|name| prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)));
        let columns = levels
            .map(|level| {
                let values = words.iter().map(|word| f64::from(u8::from(word == level))).collect();
                (format!("{column}{level}"), values)
            })
            .collect();
        CoxTerm { name: column.to_owned(), columns }
    }

    /// Strata, numbers in their order, words in that of appearance.
    fn strata(&self, column: &str, rows: &[usize]) -> (Vec<u32>, usize) {
        let words = self.words(column, rows);
        let mut levels: Vec<String> = Vec::new();
        for word in &words {
            if !levels.contains(word) {
                levels.push(word.clone());
            }
        }
        if levels.iter().all(|level| level.parse::<f64>().is_ok()) {
            levels.sort_by(|one, two| one.parse::<f64>().unwrap().total_cmp(&two.parse().unwrap()));
        }
        let index = |word: &String| levels.iter().position(|level| level == word).unwrap() as u32;
        (words.iter().map(index).collect(), levels.len())
    }
}

fn ties(name: &str) -> Ties {
    if name == "efron" { Ties::Efron } else { Ties::Breslow }
}

fn fixture(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/reference").join(file);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn compare_fit(
    comparison: &mut Comparison,
    data: &CoxData,
    method: Ties,
    theirs: &Value,
    tests: Option<&Value>,
    place: &str,
) {
    let fit = cox_regression(data, method).unwrap();
    let count = fit.coefficients.len();
    for (row, coefficient) in fit.coefficients.iter().enumerate() {
        comparison.close(
            coefficient.value,
            &theirs["coef"][row],
            ITERATIVE,
            &format!("{place} coefficient {row}"),
        );
        for column in 0..count {
            // Relative to the standard errors: a covariance may lie near 0.
            let scale = (fit.covariance[row][row] * fit.covariance[column][column]).sqrt();
            let theirs = theirs["vcov"][row][column].as_f64().unwrap() / scale;
            comparison.close(
                fit.covariance[row][column] / scale,
                &json!(theirs),
                ITERATIVE,
                &format!("{place} vcov"),
            );
        }
    }
    comparison.close(fit.log_likelihood_null, &theirs["loglik"][0], CLOSED_FORM, &format!("{place} null"));
    comparison.close(fit.log_likelihood, &theirs["loglik"][1], CLOSED_FORM, &format!("{place} likelihood"));
    comparison.close(fit.score_test.chi_squared, &theirs["score"], CLOSED_FORM, &format!("{place} score"));
    comparison.close(fit.wald_test.chi_squared, &theirs["wald"], ITERATIVE, &format!("{place} Wald"));
    if theirs["n"].is_number() {
        let ratio = &fit.likelihood_ratio_test;
        comparison.close(ratio.chi_squared, &theirs["lrt"], ITERATIVE, &format!("{place} likelihood ratio"));
        comparison.close(f64::from(fit.patients), &theirs["n"], 0.0, place);
        comparison.close(f64::from(fit.events), &theirs["nevent"], 0.0, place);
    }
    let Some(tests) = tests else { return };
    for (name, transform) in TRANSFORMS {
        let ours = proportional_hazards_test(data, &fit, transform).unwrap();
        let all = ours.terms.iter().map(|term| term.test).chain([ours.global]);
        for (index, test) in all.enumerate() {
            let place = format!("{place} zph {name} {index}");
            comparison.close(test.chi_squared, &tests[name][index][0], ITERATIVE, &place);
            comparison.close(f64::from(test.degrees_of_freedom), &tests[name][index][1], 0.0, &place);
            comparison.close(test.p_value, &tests[name][index][2], ITERATIVE, &place);
        }
    }
}

/// Every Cox model, test of proportional hazards and stratified log-rank test of one data set.
fn compare_case(comparison: &mut Comparison, case: &Value) {
    let table = Table(case["data"].clone());
    let name = case["name"].as_str().unwrap();
    let group = case["group"].as_str().unwrap();
    let covariates: Vec<&str> =
        case["covariates"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
    let stratum = case["strata"].as_str().unwrap();
    let names = |fit: &Value| -> Vec<String> {
        fit["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    for (method, fits) in case["cox"].as_object().unwrap() {
        for kind in ["univariate", "multivariable", "stratified"] {
            let theirs = &fits[kind];
            let mut used = vec![group];
            if kind == "multivariable" {
                used.extend(&covariates);
            }
            let needed: Vec<&str> = if kind == "stratified" { vec![group, stratum] } else { used.clone() };
            let rows = table.complete(&needed);
            let patients = table.patients(&rows);
            let terms: Vec<CoxTerm> =
                used.iter().map(|column| table.term(column, &names(theirs), &rows)).collect();
            let strata = if kind == "stratified" { table.strata(stratum, &rows).0 } else { Vec::new() };
            let data = CoxData { patients: &patients, terms: &terms, strata: &strata };
            let place = format!("{name} {method} {kind}");
            compare_fit(
                comparison,
                &data,
                ties(method),
                theirs,
                fits.get(format!("zph_{kind}").as_str()),
                &place,
            );
        }
    }
    compare_stratified_log_rank(comparison, &table, case, group, stratum);
}

fn compare_stratified_log_rank(
    comparison: &mut Comparison,
    table: &Table,
    case: &Value,
    group: &str,
    stratum: &str,
) {
    let theirs = &case["logrank_stratified"];
    let rows = table.complete(&[group, stratum]);
    let (strata, count) = table.strata(stratum, &rows);
    let mut levels = table.words(group, &rows);
    levels.sort();
    levels.dedup();
    // R's order of groups is that of the factor; observed events tell which is which.
    let first = case["cox"]["efron"]["univariate"]["names"].as_array().unwrap();
    let named =
        |level: &String| first.iter().position(|name| name.as_str().unwrap().ends_with(&format!("){level}")));
    levels.sort_by_key(|level| named(level).map_or(0, |index| index + 1));
    let words = table.words(group, &rows);
    let patients = table.patients(&rows);
    let cells: Vec<Vec<Vec<PatientRecord>>> = (0..count)
        .map(|stratum| {
            let member = |row: usize, level: &String| strata[row] as usize == stratum && words[row] == *level;
            levels
                .iter()
                .map(|level| {
                    (0..rows.len()).filter(|&row| member(row, level)).map(|row| patients[row]).collect()
                })
                .collect()
        })
        .collect();
    let slices: Vec<Vec<&[PatientRecord]>> =
        cells.iter().map(|stratum| stratum.iter().map(Vec::as_slice).collect()).collect();
    let ours = log_rank_stratified(&slices).unwrap();
    let name = case["name"].as_str().unwrap();
    comparison.close(ours.test.chi_squared, &theirs["chisq"], CLOSED_FORM, &format!("{name} log-rank"));
    for (stratum, lines) in ours.strata.iter().enumerate() {
        for (group, line) in lines.iter().enumerate() {
            let place = format!("{name} log-rank stratum {stratum} group {group}");
            comparison.close(line.observed, &theirs["obs"][group][stratum], CLOSED_FORM, &place);
            comparison.close(line.expected, &theirs["exp"][group][stratum], CLOSED_FORM, &place);
        }
    }
}

#[test]
fn data_printed_in_the_literature() {
    let mut comparison = Comparison::default();
    for case in fixture("cox.json")["cases"].as_array().unwrap() {
        compare_case(&mut comparison, case);
    }
    comparison.finish(546);
}

/// Strata and covariates at once, residuals included.
#[test]
fn stratified_model_with_covariates() {
    let cases = fixture("cox.json");
    let table = Table(cases["cases"][0]["data"].clone());
    let rows = table.complete(&[]);
    let patients = table.patients(&rows);
    let terms = ["trt", "age", "karno"].map(|name| CoxTerm::number(name, table.numbers(name, &rows)));
    let (strata, _) = table.strata("celltype", &rows);
    let data = CoxData { patients: &patients, terms: &terms, strata: &strata };
    let mut comparison = Comparison::default();
    for (method, theirs) in fixture("two_arm_survival.json")["veteran_stratified"].as_object().unwrap() {
        compare_fit(&mut comparison, &data, ties(method), theirs, None, method);
        let fit = cox_regression(&data, ties(method)).unwrap();
        for (name, transform) in TRANSFORMS {
            let ours = proportional_hazards_test(&data, &fit, transform).unwrap();
            let theirs = &theirs["zph"][name];
            for (index, term) in ours.terms.iter().enumerate() {
                let place = format!("{method} zph {name} {index}");
                comparison.close(term.test.chi_squared, &theirs["terms"][index], ITERATIVE, &place);
                comparison.close(term.test.p_value, &theirs["p"][index], ITERATIVE, &place);
            }
            comparison.close(ours.global.chi_squared, &theirs["global"][0], ITERATIVE, "global");
            comparison.close(ours.global.p_value, &theirs["global"][2], ITERATIVE, "global");
        }
        let residuals = schoenfeld_residuals(&data, &fit).unwrap();
        comparison.close(residuals.len() as f64, &theirs["events"], 0.0, "events");
        for column in 0..3 {
            let squares: f64 = residuals.iter().map(|one| one.residual[column].powi(2)).sum();
            let scaled: f64 = residuals.iter().map(|one| one.scaled[column].powi(2)).sum();
            comparison.close(squares, &theirs["residual_sums"][column], ITERATIVE, "residuals");
            comparison.close(scaled, &theirs["scaled_squares"][column], ITERATIVE, "scaled residuals");
        }
    }
    comparison.finish(110);
}

/// Three data sets that come with R packages under the LGPL.
#[test]
fn data_beside_the_repository() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference"));
    let Ok(text) = std::fs::read_to_string(folder.join("d_survival.json")) else {
        eprintln!("skipped: R's answers are not beside the repository");
        return;
    };
    let reference: Value = serde_json::from_str(&text).unwrap();
    let mut comparison = Comparison::default();
    for name in ["lung", "colon_death", "colon_recurrence"] {
        let answers = &reference["datasets"][name];
        compare_case(&mut comparison, &case_of(name, answers, &folder));
    }
    comparison.finish(849);
}

/// The reference's answers in the form of the fixture.
fn case_of(name: &str, answers: &Value, folder: &Path) -> Value {
    let mut reader = csv::Reader::from_path(folder.join(answers["csv"].as_str().unwrap())).unwrap();
    let headers = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let value = |text: &str| match text.parse::<f64>() {
        _ if text == "NA" || text.is_empty() => Value::Null,
        Ok(number) if number.fract() == 0.0 => json!(number as i64),
        Ok(number) => json!(number),
        Err(_) => json!(text),
    };
    let data: serde_json::Map<String, Value> = headers
        .iter()
        .enumerate()
        .map(|(column, header)| (header.to_owned(), rows.iter().map(|row| value(&row[column])).collect()))
        .collect();
    let covariates: Vec<String> = answers["covariates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    let mut cox = serde_json::Map::new();
    for method in ["efron", "breslow"] {
        let mut fits = answers["cox"][method].clone();
        for kind in ["univariate", "multivariable", "stratified"] {
            // Objects have lost R's order: the group first, then the covariates.
            let coefficients = fits[kind]["coef"].as_object().unwrap().clone();
            let group = coefficients.keys().filter(|name| name.starts_with("factor(")).cloned();
            let covariates = covariates.iter().filter(|name| coefficients.contains_key(*name)).cloned();
            let names: Vec<String> = group.chain(covariates).collect();
            fits[kind]["coef"] = names.iter().map(|name| coefficients[name].clone()).collect();
            fits[kind]["names"] = names.into();
        }
        for kind in ["zph_univariate", "zph_multivariable"] {
            for (transform, _) in TRANSFORMS {
                let tests = fits[kind][transform].as_object().unwrap().clone();
                let group = tests.keys().filter(|name| name.starts_with("factor(")).cloned();
                let covariates = covariates.iter().filter(|name| tests.contains_key(*name)).cloned();
                let order = group.chain(covariates).chain(["GLOBAL".to_owned()]);
                let row =
                    |name: String| json!([tests[&name]["chisq"], tests[&name]["df"], tests[&name]["p"]]);
                fits[kind][transform] = order.map(row).collect();
            }
        }
        cox.insert(method.to_owned(), fits);
    }
    json!({
        "name": name, "data": data, "group": answers["group"], "covariates": answers["covariates"],
        "strata": answers["strata"], "cox": cox, "logrank_stratified": answers["logrank_stratified"],
    })
}

#[test]
fn unusable_covariates_are_named() {
    let patients: Vec<PatientRecord> =
        (1..=8).map(|time| PatientRecord { time: f64::from(time), event: time % 3 != 0 }).collect();
    let fit =
        |terms: &[CoxTerm]| cox_regression(&CoxData { patients: &patients, terms, strata: &[] }, Ties::Efron);
    let x: Vec<f64> = [0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0].to_vec();
    let named = |error: SurvivalError| match error {
        SurvivalError::CollinearCovariate { name }
        | SurvivalError::InfiniteCoefficient { name, .. }
        | SurvivalError::InvalidCovariate { name, .. } => name,
        other => panic!("{other}"),
    };
    let twice =
        [CoxTerm::number("x", x.clone()), CoxTerm::number("again", x.iter().map(|x| 2.0 * x).collect())];
    assert_eq!(named(fit(&twice).unwrap_err()), "again");
    assert_eq!(named(fit(&[CoxTerm::number("flat", vec![3.0; 8])]).unwrap_err()), "flat");
    let separating = (1..=8).map(|time| -f64::from(time)).collect();
    assert_eq!(named(fit(&[CoxTerm::number("minus time", separating)]).unwrap_err()), "minus time");
    assert_eq!(named(fit(&[CoxTerm::number("short", vec![1.0])]).unwrap_err()), "short");
    let mut missing = x.clone();
    missing[3] = f64::NAN;
    assert_eq!(named(fit(&[CoxTerm::number("gap", missing)]).unwrap_err()), "gap");
    assert_eq!(fit(&[]).unwrap_err(), SurvivalError::NoCovariates);
    let censored: Vec<PatientRecord> =
        patients.iter().map(|one| PatientRecord { event: false, ..*one }).collect();
    let terms = [CoxTerm::number("x", x)];
    let data = CoxData { patients: &censored, terms: &terms, strata: &[] };
    assert_eq!(cox_regression(&data, Ties::Efron).unwrap_err(), SurvivalError::NothingToCompare);
}
