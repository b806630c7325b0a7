//! Every answer of R meta 8.3-0 and metafor 5.1-0 about common-effect and random-effects models in
//! `fixtures/reference/proportions.json` and `effects.json`, and of metafor 3.8-1 in `models_extra.json`.

mod support;

use kmeta_evidence_pool::{
    EffectOptions, InfluenceRow, LeaveOneOut, ModelOptions, PooledSummary, ProportionCount, ProportionModel,
    ProportionOptions, baujat, between_study_variance_interval, cumulative, fit_random_effects,
    influence_diagnostics, leave_one_out, pool_effects, pool_proportions, shrunken_effects,
};
use kmeta_trial_data::{
    EffectEstimate, EffectMeasure, Estimate, Interval, IntervalMethod, PooledEffect, PredictionMethod,
    Provenance, StudyIntervalMethod, SubgroupTauSquared, TauSquaredEstimator, TauSquaredIntervalMethod,
};
use serde_json::{Value, json};
use support::{Agreement, CLOSED_FORM, ITERATIVE, number, reference};

fn cases(file: &str) -> Vec<Value> {
    reference(file)["cases"].as_array().unwrap().clone()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|item| number(item).unwrap()).collect()
}

fn estimator(name: &str) -> TauSquaredEstimator {
    serde_json::from_value(Value::from(name)).unwrap()
}

fn interval_method(name: &str) -> IntervalMethod {
    match name {
        "classic" | "z" => IntervalMethod::Wald,
        "HK" | "knha" => IntervalMethod::HartungKnapp,
        "HK_adhoc_se" | "adhoc" => IntervalMethod::HartungKnappLargerError,
        "HK_adhoc_ci" => IntervalMethod::HartungKnappWiderInterval,
        "KR" => IntervalMethod::KenwardRoger,
        other => panic!("{other}"),
    }
}

fn prediction_method(name: &str) -> PredictionMethod {
    match name {
        "HTS" => PredictionMethod::HigginsThompsonSpiegelhalter,
        "V" => PredictionMethod::Veroniki,
        "S" => PredictionMethod::Skipka,
        "HK" => PredictionMethod::HartungKnapp,
        "HK-PR" => PredictionMethod::HartungKnappPartlettRiley,
        "KR" => PredictionMethod::KenwardRoger,
        "KR-PR" => PredictionMethod::KenwardRogerPartlettRiley,
        other => panic!("{other}"),
    }
}

fn measure(name: &str) -> EffectMeasure {
    match name {
        "PFT" => EffectMeasure::FreemanTukey,
        "PLOGIT" => EffectMeasure::Logit,
        "PAS" => EffectMeasure::Arcsine,
        "PRAW" => EffectMeasure::Raw,
        "PLN" => EffectMeasure::Log,
        other => panic!("{other}"),
    }
}

/// Whether an estimator has a closed form.
fn tolerance(name: &str) -> f64 {
    if matches!(name, "FE" | "DL" | "HE" | "HS" | "HSk" | "SJ") { CLOSED_FORM } else { ITERATIVE }
}

/// One reference file's data set under comparison.
struct Case<'a> {
    agreement: &'a mut Agreement,
    place: String,
    tolerance: f64,
}

impl Case<'_> {
    fn close(&mut self, quantity: &'static str, ours: f64, theirs: &Value) {
        self.agreement.close_to(quantity, ours, theirs, self.tolerance, &self.place);
    }

    fn exact(&mut self, quantity: &'static str, ours: f64, theirs: &Value) {
        self.agreement.close_to(quantity, ours, theirs, CLOSED_FORM, &self.place);
    }

    fn iterative(&mut self, quantity: &'static str, ours: f64, theirs: &Value) {
        self.agreement.close_to(quantity, ours, theirs, ITERATIVE, &self.place);
    }

    fn limits(&mut self, quantity: &'static str, ours: &Interval, lower: &Value, upper: &Value) {
        self.close(quantity, ours.lower, lower);
        self.close(quantity, ours.upper, upper);
    }

    /// A mean on the analysis scale and, where R gives it, transformed back.
    fn estimate(&mut self, ours: &Estimate, theirs: &Value) {
        self.close("mean", ours.value, &theirs["te"]);
        self.close("standard error of the mean", ours.standard_error, &theirs["se"]);
        self.limits("interval of the mean", &ours.interval, &theirs["lo"], &theirs["hi"]);
        if let Some(shown) = theirs.get("bt") {
            self.close("mean transformed back", ours.shown, &shown[0]);
            self.limits("interval transformed back", &ours.shown_interval, &shown[1], &shown[2]);
        }
        if let Some(df) = theirs.get("df") {
            let ours = ours.degrees_of_freedom.unwrap_or(f64::INFINITY);
            self.close("degrees of freedom", ours, df);
        }
        for statistic in ["stat", "z"] {
            if let Some(theirs) = theirs.get(statistic) {
                self.close("test statistic", ours.statistic.unwrap(), theirs);
            }
        }
        if let Some(theirs) = theirs.get("p") {
            self.close("p value", ours.p_value.unwrap(), theirs);
        }
    }

    fn compare_q(&mut self, ours: &PooledEffect, theirs: &Value) {
        let ours = &ours.heterogeneity;
        self.exact("Q", ours.q, &theirs["Q"]);
        self.exact("p value of Q", ours.p_value.unwrap(), &theirs["pQ"]);
        let of_h = [ours.h.unwrap(), ours.h_interval.unwrap().lower, ours.h_interval.unwrap().upper];
        let limits = ours.i_squared_interval.unwrap();
        let of_i = [ours.i_squared.unwrap(), limits.lower, limits.upper];
        for index in 0..3 {
            self.exact("H with interval", of_h[index], &theirs["H"][index]);
            self.exact("I-squared from Q with interval", of_i[index], &theirs["I2"][index]);
        }
    }

    /// R gives 0 to 0 for the empty set.
    fn tau_squared_limits(
        &mut self,
        quantity: &'static str,
        ours: Option<Interval>,
        lower: &Value,
        upper: &Value,
    ) {
        let ours = ours.unwrap_or(Interval { lower: 0.0, upper: 0.0 });
        self.iterative(quantity, ours.lower, lower);
        self.iterative(quantity, ours.upper, upper);
    }

    /// One column of R's prediction intervals; `None` where it has none.
    fn prediction(&mut self, pool: impl Fn(PredictionMethod) -> PooledEffect, theirs: &Value) {
        for (column, method) in theirs["method"].as_array().unwrap().iter().enumerate() {
            let Some(method) = method.as_str().filter(|method| !method.is_empty()) else { continue };
            let ours = pool(prediction_method(method)).prediction_details.unwrap();
            let at = |key: &str| &theirs[key][column];
            self.close("prediction, standard error", ours.standard_error.unwrap(), at("se"));
            self.close(
                "prediction, degrees of freedom",
                ours.degrees_of_freedom.unwrap_or(f64::INFINITY),
                at("df"),
            );
            self.limits("prediction interval", &ours.interval, at("lo"), at("hi"));
            if theirs.get("lo_bt").is_some() {
                self.limits("prediction transformed back", &ours.shown_interval, at("lo_bt"), at("hi_bt"));
            }
        }
    }

    /// What metafor adds: I² and H² from τ², with intervals from that of τ².
    fn metafor_heterogeneity(&mut self, ours: &PooledEffect, theirs: &Value, limits: [&Value; 2]) {
        let ours = &ours.heterogeneity;
        self.close(
            "I-squared from tau-squared",
            ours.i_squared_from_tau_squared.unwrap(),
            &fraction(&theirs["I2_pct"]),
        );
        self.close("H-squared", ours.h_squared_from_tau_squared.unwrap(), &theirs["H2"]);
        let empty = Interval { lower: 0.0, upper: 0.0 };
        let share = ours.i_squared_from_tau_squared_interval.unwrap_or(empty);
        self.iterative("I-squared from tau-squared, interval", share.lower, &fraction(limits[0]));
        self.iterative("I-squared from tau-squared, interval", share.upper, &fraction(limits[1]));
    }
}

/// metafor's percentages as the fractions that we give.
fn fraction(percent: &Value) -> Value {
    json!(number(percent).unwrap() / 100.0)
}

/// meta and metafor find exact limits by `uniroot` with its default tolerance, `.Machine$double.eps^0.25`.
fn as_r_prints(ours: Option<Interval>, theirs: &Value) {
    let tolerance = f64::EPSILON.powf(0.25);
    let ours = ours.unwrap_or(Interval { lower: 0.0, upper: 0.0 });
    for (ours, theirs) in [ours.lower, ours.upper].into_iter().zip(numbers(theirs)) {
        assert!((ours - theirs).abs() <= tolerance, "{ours} where R prints {theirs}");
    }
}

// Proportions.

fn counts(case: &Value) -> Vec<ProportionCount> {
    let whole = |column: &str, row: usize| case[column][row].as_u64().unwrap() as u32;
    (0..case["events"].as_array().unwrap().len())
        .map(|row| ProportionCount {
            trial: format!("trial {row}"),
            label: String::new(),
            subgroup: case["subgroups"][row].as_str().map(str::to_owned),
            events: whole("events", row),
            total: whole("totals", row),
            provenance: Provenance::printed("count"),
        })
        .collect()
}

fn proportion_subgroups(case: &mut Case<'_>, ours: &PooledEffect, theirs: &Value) {
    for (row, level) in theirs["levels"].as_array().unwrap().iter().enumerate() {
        let group = ours.subgroups.iter().find(|group| *level == group.name.as_str()).unwrap();
        case.close("subgroup mean", group.random.value, &theirs["te_random"][row]);
        case.close("subgroup standard error", group.random.standard_error, &theirs["se_random"][row]);
        let limits = [&theirs["lo_random"][row], &theirs["hi_random"][row]];
        case.limits("subgroup interval", &group.random.interval, limits[0], limits[1]);
        case.exact("subgroup common mean", group.common.value, &theirs["te_common"][row]);
        case.exact("subgroup common mean", group.common.standard_error, &theirs["se_common"][row]);
        case.exact("subgroup Q", group.heterogeneity.q, &theirs["Q"][row]);
        let shown = &theirs["bt_random"][row];
        case.close("subgroup transformed back", group.random.shown, &shown[0]);
        case.limits("subgroup transformed back", &group.random.shown_interval, &shown[1], &shown[2]);
        let found = &group.heterogeneity;
        let place = case.place.clone();
        case.agreement.optional(
            "subgroup tau-squared",
            found.tau_squared,
            &theirs["tau2"][row],
            ITERATIVE,
            &place,
        );
        case.agreement.optional(
            "subgroup I-squared",
            found.i_squared,
            &theirs["I2"][row],
            CLOSED_FORM,
            &place,
        );
    }
    let between = ours.between_subgroups.as_ref().unwrap();
    case.close("Q between subgroups", between.q_random, &theirs["Qb_random"]);
    case.close("p between subgroups", between.p_value_random, &theirs["pQb_random"]);
    case.exact("Q between subgroups, common", between.q_common, &theirs["Qb_common"]);
    case.exact("p between subgroups, common", between.p_value_common, &theirs["pQb_common"]);
    case.exact("Q within subgroups", between.residual.as_ref().unwrap().q, &theirs["Qw_common"]);
}

#[test]
fn r_proportions() {
    let mut agreement = Agreement::new("proportions, inverse variance");
    let extra = reference("models_extra.json")["proportions"].as_array().unwrap().clone();
    for (case, extra) in cases("proportions.json").iter().zip(&extra) {
        for result in case["results"].as_array().unwrap() {
            agreement.case();
            let text = |key: &str| result[key].as_str().unwrap();
            let (name, interval) = (text("tau_squared"), text("interval"));
            let place = format!("{} {} {name} {interval}", case["dataset"], case["measure"]);
            let mut compared = Case { agreement: &mut agreement, place, tolerance: tolerance(name) };
            let options = ProportionOptions {
                model: Some(ProportionModel::InverseVariance),
                measure: measure(case["measure"].as_str().unwrap()),
                tau_squared: estimator(name),
                interval: interval_method(interval),
                subgroups: result.get("subgroup").is_some(),
                ..ProportionOptions::default()
            };
            let with = |options: ProportionOptions| pool_proportions(&counts(case), &options).unwrap();
            let ours = with(options.clone());
            compared.estimate(&ours.random, &result["random"]);
            let tau_squared = ours.heterogeneity.tau_squared.unwrap();
            compared.close("tau-squared", tau_squared, &result["tau2"]);
            let error = ours.heterogeneity.tau_squared_standard_error.unwrap();
            compared.close("standard error of tau-squared", error, &result["tau2_se"]);
            let predict = |prediction| with(ProportionOptions { prediction, ..options.clone() });
            compared.prediction(predict, &result["predict"]);
            compared.compare_q(&ours, case);
            compared.tolerance = CLOSED_FORM;
            compared.estimate(&ours.common, &case["common"]);
            compared.tolerance = tolerance(name);
            if let Some(theirs) = result.get("metafor") {
                let limits = [&theirs["tau2_ci"]["ci.lb"], &theirs["tau2_ci"]["ci.ub"]];
                let found = ours.heterogeneity.tau_squared_interval;
                compared.tau_squared_limits("tau-squared, Q-profile", found, limits[0], limits[1]);
                let limits = [&theirs["I2_ci_pct"]["ci.lb"], &theirs["I2_ci_pct"]["ci.ub"]];
                compared.metafor_heterogeneity(&ours, theirs, limits);
            }
            if let Some(theirs) = result.get("metafor_pi") {
                let prediction = match options.interval {
                    IntervalMethod::Wald => PredictionMethod::Skipka,
                    _ => PredictionMethod::HartungKnapp,
                };
                let ours = predict(prediction).prediction_details.unwrap();
                compared.limits("prediction interval of metafor", &ours.interval, &theirs[0], &theirs[1]);
            }
            if let Some(printed) = result.get("tau2_jackson") {
                let theirs = &extra["jackson"];
                let jackson = ProportionOptions {
                    tau_squared_interval: TauSquaredIntervalMethod::Jackson,
                    ..options.clone()
                };
                let found = with(jackson).heterogeneity.tau_squared_interval;
                compared.tau_squared_limits("tau-squared, Jackson", found, &theirs[0], &theirs[1]);
                as_r_prints(found, printed);
            }
            if let Some(theirs) = result.get("subgroup") {
                proportion_subgroups(&mut compared, &ours, theirs);
            }
        }
    }
    agreement.finish(800, 51580);
}

#[test]
fn r_single_studies() {
    let mut agreement = Agreement::new("single proportions");
    for case in cases("proportions.json") {
        agreement.case();
        let place = format!("{} {}", case["dataset"], case["measure"]);
        let mut compared = Case { agreement: &mut agreement, place, tolerance: CLOSED_FORM };
        let options = ProportionOptions {
            model: Some(ProportionModel::InverseVariance),
            measure: measure(case["measure"].as_str().unwrap()),
            ..ProportionOptions::default()
        };
        let ours = pool_proportions(&counts(&case), &options).unwrap();
        assert_eq!(ours.study_interval_method, StudyIntervalMethod::ClopperPearson);
        for (row, study) in ours.studies.iter().enumerate() {
            compared.close("study effect", study.estimate.value, &case["effects"][row]);
            let error = study.estimate.standard_error;
            compared.close("study standard error", error, &case["standard_errors"][row]);
            if options.measure == EffectMeasure::Raw {
                let limits = [&case["exact_lower"][row], &case["exact_upper"][row]];
                let ours = &study.estimate.shown_interval;
                compared.limits("Clopper-Pearson", ours, limits[0], limits[1]);
            }
        }
        if let Some(size) = ours.back_transform_size {
            compared.close("harmonic mean of sizes", size, &case["size"]);
        }
    }
    agreement.finish(40, 1688);
}

// Effects with variances.

fn effects(case: &Value) -> Vec<EffectEstimate> {
    numbers(&case["effects"])
        .into_iter()
        .zip(numbers(&case["standard_errors"]))
        .enumerate()
        .map(|(row, (value, error))| EffectEstimate {
            trial: format!("trial {row}"),
            label: String::new(),
            subgroup: case["groups"][row].as_str().map(str::to_owned),
            measure: EffectMeasure::LogHazardRatio,
            value,
            variance: error * error,
            provenance: Provenance::printed("effect"),
        })
        .collect()
}

fn columns(case: &Value) -> (Vec<f64>, Vec<f64>) {
    let errors = numbers(&case["standard_errors"]);
    (numbers(&case["effects"]), errors.into_iter().map(|error| error * error).collect())
}

#[test]
fn r_effects_metagen() {
    let mut agreement = Agreement::new("effects, meta::metagen");
    let extra = cases("models_extra.json");
    for (case, extra) in cases("effects.json").iter().zip(&extra) {
        let studies = effects(case);
        for (key, theirs) in case["meta"].as_object().unwrap() {
            agreement.case();
            let (name, interval) = key.split_once('/').unwrap();
            let place = format!("{} {key}", case["dataset"]);
            let mut compared = Case { agreement: &mut agreement, place, tolerance: tolerance(name) };
            let options = EffectOptions {
                tau_squared: estimator(name),
                interval: interval_method(interval),
                ..EffectOptions::default()
            };
            let with = |options: EffectOptions| pool_effects(&studies, &options).unwrap();
            let ours = with(options.clone());
            compared.estimate(&ours.random, &theirs["random"]);
            compared.close("tau-squared", ours.heterogeneity.tau_squared.unwrap(), &theirs["tau2"]);
            let predict = |prediction| with(EffectOptions { prediction, ..options.clone() });
            compared.prediction(predict, &theirs["predict"]);
            compared.compare_q(&ours, case);
            compared.tolerance = CLOSED_FORM;
            compared.estimate(&ours.common, &case["common"]);
            let (ours, theirs) = (ours.egger.unwrap(), &case["egger"]);
            compared.close("Egger", ours.t, &theirs["statistic"]);
            compared.close("Egger", ours.p_value, &theirs["p"]);
            compared.close("Egger", ours.intercept, &theirs["estimate"]["bias"]);
            compared.close("Egger", ours.standard_error, &theirs["estimate"]["se.bias"]);
        }
        let place = format!("{} Jackson", case["dataset"]);
        let mut compared = Case { agreement: &mut agreement, place, tolerance: ITERATIVE };
        let (values, variances) = columns(case);
        let limits = |tau_squared_interval| {
            let options = ModelOptions { tau_squared_interval, ..ModelOptions::default() };
            between_study_variance_interval(&values, &variances, &options).unwrap()
        };
        let theirs = &extra["jackson"];
        let jackson = limits(TauSquaredIntervalMethod::Jackson);
        compared.tau_squared_limits("tau-squared, Jackson", jackson, &theirs[0], &theirs[1]);
        as_r_prints(jackson, &case["tau2_jackson"]);
        let theirs = &extra["biggerstaff_jackson"];
        let exact = limits(TauSquaredIntervalMethod::BiggerstaffJackson);
        compared.tau_squared_limits("tau-squared, Biggerstaff-Jackson", exact, &theirs[0], &theirs[1]);
        as_r_prints(exact, &case["metafor"]["GENQ/z"]["tau2_ci"]);
    }
    agreement.finish(102, 4304);
}

/// metafor's names of one fit. `FE` is the model with a τ² of 0; `DLIT` and `SJIT` iterate DL and SJ until nothing
/// changes, which is the Paule-Mandel estimate.
fn metafor_options(method: &str, test: &str) -> EffectOptions {
    let name = if matches!(method, "FE" | "DLIT" | "SJIT") { "PM" } else { method };
    EffectOptions {
        tau_squared: estimator(name),
        interval: interval_method(test),
        prediction: if test == "z" { PredictionMethod::Skipka } else { PredictionMethod::HartungKnapp },
        ..EffectOptions::default()
    }
}

fn metafor_fit(compared: &mut Case<'_>, ours: &PooledEffect, theirs: &Value, method: &str) {
    let mean = &ours.random;
    compared.close("mean", mean.value, &theirs["b"]);
    compared.close("standard error of the mean", mean.standard_error, &theirs["se"]);
    compared.close("test statistic", mean.statistic.unwrap(), &theirs["z"]);
    compared.close("p value", mean.p_value.unwrap(), &theirs["p"]);
    compared.limits("interval of the mean", &mean.interval, &theirs["lo"], &theirs["hi"]);
    let found = &ours.heterogeneity;
    compared.close("tau-squared", found.tau_squared.unwrap(), &theirs["tau2"]);
    // R's error of the iterated forms is that of the moment estimator they iterate in some releases only.
    let error = found.tau_squared_standard_error.unwrap();
    compared.close("standard error of tau-squared", error, &theirs["se_tau2"]);
    compared.exact("Q", found.q, &theirs["QE"]);
    compared.exact("p value of Q", found.p_value.unwrap(), &theirs["QEp"]);
    let prediction = ours.prediction_details.as_ref().unwrap();
    compared.limits(
        "prediction interval of metafor",
        &prediction.interval,
        &theirs["pi"][0],
        &theirs["pi"][1],
    );
    let limits = [&theirs["tau2_ci"][0], &theirs["tau2_ci"][1]];
    compared.tau_squared_limits("tau-squared, Q-profile", found.tau_squared_interval, limits[0], limits[1]);
    let limits = [&theirs["I2_ci_pct"][0], &theirs["I2_ci_pct"][1]];
    compared.metafor_heterogeneity(ours, theirs, limits);
    let fit = ours.fit_statistics.unwrap();
    compared.close("log likelihood", fit.log_likelihood, &theirs["loglik"]);
    compared.close("AIC", fit.aic, &theirs["AIC"]);
    compared.close("BIC", fit.bic, &theirs["BIC"]);
    if let Some(weights) = theirs.get("weights_pct") {
        for (row, study) in ours.studies.iter().enumerate() {
            compared.close("weight", 100.0 * study.weight_random.unwrap(), &weights[row]);
        }
    }
    assert_eq!(ours.studies.len() as u64, theirs["k"].as_u64().unwrap(), "{method}");
}

/// The common-effect model, with the Wald test and with Knapp and Hartung's at a τ² of 0.
fn metafor_common(compared: &mut Case<'_>, case: &Value, theirs: &Value, test: &str) {
    let (values, variances) = columns(case);
    let options = ModelOptions {
        preset_tau_squared: Some(0.0),
        interval: interval_method(test),
        ..ModelOptions::default()
    };
    let ours = fit_random_effects(&values, &variances, &options).unwrap();
    compared.close("mean", ours.mean, &theirs["b"]);
    compared.close("standard error of the mean", ours.standard_error, &theirs["se"]);
    compared.close("test statistic", ours.statistic(), &theirs["z"]);
    compared.close("p value", ours.p_value().unwrap(), &theirs["p"]);
    let limits = ours.interval(0.95).unwrap();
    compared.limits("interval of the mean", &limits, &theirs["lo"], &theirs["hi"]);
    compared.close("Q", ours.q, &theirs["QE"]);
    compared.close("p value of Q", ours.q_p_value().unwrap().unwrap(), &theirs["QEp"]);
    compared.close("I-squared from Q with interval", ours.i_squared, &fraction(&theirs["I2_pct"]));
}

#[test]
fn r_effects_metafor() {
    let mut agreement = Agreement::new("effects, metafor::rma");
    for case in cases("effects.json") {
        let studies = effects(&case);
        for (key, theirs) in case["metafor"].as_object().unwrap() {
            let (method, test) = key.split_once('/').unwrap();
            // Models with weights of their own; only their interval of tau-squared is ours (Biggerstaff-Jackson).
            if method.starts_with("GENQ") {
                continue;
            }
            agreement.case();
            let place = format!("{} {key}", case["dataset"]);
            let mut compared = Case { agreement: &mut agreement, place, tolerance: tolerance(method) };
            if method == "FE" {
                metafor_common(&mut compared, &case, theirs, test);
            } else {
                let ours = pool_effects(&studies, &metafor_options(method, test)).unwrap();
                metafor_fit(&mut compared, &ours, theirs, method);
            }
        }
    }
    agreement.finish(228, 7548);
}

#[test]
fn r_subgroups() {
    let mut agreement = Agreement::new("effects, subgroups");
    for case in cases("effects.json").iter().filter(|case| case.get("groups").is_some()) {
        for (key, subgroup_tau_squared) in [
            ("subgroup_separate", SubgroupTauSquared::Separate),
            ("subgroup_common", SubgroupTauSquared::Common),
        ] {
            agreement.case();
            let place = format!("{} {key}", case["dataset"]);
            let mut compared = Case { agreement: &mut agreement, place, tolerance: ITERATIVE };
            let options = EffectOptions { subgroups: true, subgroup_tau_squared, ..EffectOptions::default() };
            let ours = pool_effects(&effects(case), &options).unwrap();
            let theirs = &case[key];
            for (row, level) in theirs["levels"].as_array().unwrap().iter().enumerate() {
                let group = ours.subgroups.iter().find(|group| *level == group.name.as_str()).unwrap();
                let at = |key: &str| &theirs[key][row];
                assert_eq!(u64::from(group.studies), at("k").as_u64().unwrap());
                compared.exact("common mean", group.common.value, at("te_common"));
                compared.exact("common standard error", group.common.standard_error, at("se_common"));
                compared.close("mean", group.random.value, at("te_random"));
                compared.close("standard error of the mean", group.random.standard_error, at("se_random"));
                compared.limits("interval of the mean", &group.random.interval, at("lo"), at("hi"));
                let found = &group.heterogeneity;
                let place = compared.place.clone();
                compared.agreement.optional("tau-squared", found.tau_squared, at("tau2"), ITERATIVE, &place);
                compared.exact("Q", found.q, at("Q"));
                compared.agreement.optional("I-squared", found.i_squared, at("I2"), CLOSED_FORM, &place);
            }
            let between = ours.between_subgroups.as_ref().unwrap();
            compared.exact("Q between, common", between.q_common, &theirs["Qb_common"]);
            compared.close("Q between, random", between.q_random, &theirs["Qb_random"]);
            compared.close("p between, random", between.p_value_random, &theirs["pQb_random"]);
            assert_eq!(u64::from(between.degrees_of_freedom), theirs["dfb"].as_u64().unwrap());
            let residual = between.residual.as_ref().unwrap();
            compared.exact("Q within", residual.q, &theirs["Qw_common"]);
            if subgroup_tau_squared == SubgroupTauSquared::Common {
                compared.exact("Q within", residual.q, &theirs["Qw_random"]);
                compared.close("tau-squared within", residual.tau_squared.unwrap(), &theirs["tau2_resid"]);
                compared.exact("I-squared within", residual.i_squared.unwrap(), &theirs["I2_resid"]);
            }
        }
    }
    agreement.finish(6, 159);
}

// Sensitivity.

fn sensitivity_options(name: &str) -> EffectOptions {
    let (method, test) = name.split_once('_').unwrap_or((name, "z"));
    EffectOptions {
        tau_squared: estimator(if method == "FE" { "DL" } else { method }),
        interval: interval_method(test),
        ..EffectOptions::default()
    }
}

/// One row of metafor's leave-one-out or cumulative table; with one study R gives 0 where we give nothing.
fn summary_row(compared: &mut Case<'_>, ours: &PooledSummary, theirs: &Value, name: &str, row: usize) {
    let at = |key: &str| &theirs[key][row];
    let mean = if name == "FE" { &ours.common } else { &ours.random };
    compared.close("mean", mean.value, at("estimate"));
    compared.close("standard error of the mean", mean.standard_error, at("se"));
    if theirs.get("zval").is_some() {
        compared.close("test statistic", mean.statistic.unwrap(), at("zval"));
    }
    compared.close("p value", mean.p_value.unwrap(), at("pval"));
    compared.limits("interval of the mean", &mean.interval, at("ci.lb"), at("ci.ub"));
    let found = &ours.heterogeneity;
    compared.exact("Q", found.q, at("Q"));
    compared.exact("p value of Q", found.p_value.unwrap_or(1.0), at("Qp"));
    if name == "FE" {
        compared.exact("I-squared", found.i_squared.unwrap_or(0.0), &fraction(at("I2")));
        let h_squared = if ours.studies > 1 { found.q / f64::from(found.degrees_of_freedom) } else { 1.0 };
        compared.exact("H-squared", h_squared, at("H2"));
    } else {
        compared.close("tau-squared", found.tau_squared.unwrap_or(0.0), at("tau2"));
        let share = found.i_squared_from_tau_squared.unwrap_or(0.0);
        compared.close("I-squared", share, &fraction(at("I2")));
        compared.close("H-squared", found.h_squared_from_tau_squared.unwrap_or(1.0), at("H2"));
    }
}

/// R meta's table, for REML with Wald intervals.
fn meta_row(compared: &mut Case<'_>, ours: &PooledSummary, theirs: &Value, row: usize) {
    let at = |key: &str| &theirs[key][row];
    compared.close("mean", ours.random.value, at("te"));
    compared.close("standard error of the mean", ours.random.standard_error, at("se"));
    compared.limits("interval of the mean", &ours.random.interval, at("lo"), at("hi"));
    compared.close("p value", ours.random.p_value.unwrap(), at("p"));
    let place = compared.place.clone();
    let found = &ours.heterogeneity;
    compared.agreement.optional("tau-squared", found.tau_squared, at("tau2"), ITERATIVE, &place);
    compared.agreement.optional("I-squared", found.i_squared, at("I2"), CLOSED_FORM, &place);
}

#[test]
fn r_leave_one_out_and_cumulative() {
    let mut agreement = Agreement::new("leave-one-out and cumulative");
    for case in cases("effects.json") {
        let studies = effects(&case);
        let order: Vec<usize> = (0..studies.len()).collect();
        for (name, theirs) in case["leave1out"].as_object().unwrap() {
            agreement.case();
            let place = format!("{} leave1out {name}", case["dataset"]);
            let mut compared = Case { agreement: &mut agreement, place, tolerance: ITERATIVE };
            let options = sensitivity_options(name);
            let ours: LeaveOneOut = leave_one_out(&studies, |some| pool_effects(some, &options)).unwrap();
            for (row, ours) in ours.rows.iter().enumerate() {
                assert_eq!(ours.omitted, format!("trial {row}"));
                summary_row(&mut compared, ours.pooled.as_ref().unwrap(), theirs, name, row);
                if name == "REML" {
                    meta_row(&mut compared, ours.pooled.as_ref().unwrap(), &case["metainf_reml"], row);
                }
            }
        }
        for (name, theirs) in case["cumul"].as_object().unwrap() {
            agreement.case();
            let place = format!("{} cumul {name}", case["dataset"]);
            let mut compared = Case { agreement: &mut agreement, place, tolerance: ITERATIVE };
            let options = sensitivity_options(name);
            let ours = cumulative(&studies, &order, |some| pool_effects(some, &options)).unwrap();
            for (row, ours) in ours.rows.iter().enumerate() {
                assert_eq!(ours.added, format!("trial {row}"));
                summary_row(&mut compared, ours.pooled.as_ref().unwrap(), theirs, name, row);
                if name == "REML" {
                    meta_row(&mut compared, ours.pooled.as_ref().unwrap(), &case["metacum_reml"], row);
                }
            }
        }
    }
    agreement.finish(42, 21284);
}

type Column = (&'static str, fn(&InfluenceRow) -> f64);

const INFLUENCE: [Column; 9] = [
    ("rstudent", |row| row.studentized_residual),
    ("dffits", |row| row.dffits),
    ("cook.d", |row| row.cooks_distance),
    ("cov.r", |row| row.covariance_ratio),
    ("tau2.del", |row| row.tau_squared_deleted),
    ("QE.del", |row| row.q_deleted),
    ("hat", |row| row.weight),
    ("weight", |row| 100.0 * row.weight),
    ("dfbs", |row| row.dfbetas),
];

fn influence_options(name: &str) -> ModelOptions {
    ModelOptions {
        tau_squared: estimator(if name == "FE" { "DL" } else { name }),
        preset_tau_squared: (name == "FE").then_some(0.0),
        ..ModelOptions::default()
    }
}

#[test]
fn r_influence() {
    let mut agreement = Agreement::new("influence");
    let extra = cases("models_extra.json");
    for (case, extra) in cases("effects.json").iter().zip(&extra) {
        let (values, variances) = columns(case);
        for (name, theirs) in case["influence"].as_object().unwrap() {
            agreement.case();
            let place = format!("{} {name}", case["dataset"]);
            let mut compared = Case { agreement: &mut agreement, place, tolerance: ITERATIVE };
            let ours = influence_diagnostics(&values, &variances, &influence_options(name)).unwrap();
            for (at, row) in ours.rows.iter().enumerate() {
                for (quantity, of) in INFLUENCE {
                    let theirs = theirs["inf"].get(quantity).unwrap_or(&theirs["dfbs"]);
                    compared.close(quantity, of(row), &theirs[at]);
                }
                assert_eq!(json!(row.influential), theirs["is_infl"][at], "{} {at}", compared.place);
            }
        }
        agreement.case();
        let place = format!("{} Knapp-Hartung", case["dataset"]);
        let mut compared = Case { agreement: &mut agreement, place, tolerance: ITERATIVE };
        let options = ModelOptions { interval: IntervalMethod::HartungKnapp, ..ModelOptions::default() };
        let ours = influence_diagnostics(&values, &variances, &options).unwrap();
        for (at, row) in ours.rows.iter().enumerate() {
            for (quantity, of) in INFLUENCE {
                if let Some(theirs) = extra["knha"].get(quantity) {
                    compared.close(quantity, of(row), &theirs[at]);
                }
            }
        }
    }
    agreement.finish(24, 7744);
}

#[test]
fn r_residuals_and_baujat() {
    let mut agreement = Agreement::new("residuals, shrunken effects, Baujat");
    let extra = cases("models_extra.json");
    for (case, extra) in cases("effects.json").iter().zip(&extra) {
        agreement.case();
        assert_eq!(case["dataset"], extra["dataset"]);
        let (values, variances) = columns(case);
        let options = ModelOptions::default();
        let place = case["dataset"].to_string();
        let mut compared = Case { agreement: &mut agreement, place, tolerance: ITERATIVE };
        let influence = influence_diagnostics(&values, &variances, &options).unwrap();
        let theirs = &case["residuals_reml"];
        for (at, row) in influence.rows.iter().enumerate() {
            let (deleted, standard) = (&theirs["rstudent"], &theirs["rstandard"]);
            compared.close("rstudent", row.deleted_residual, &deleted["resid"][at]);
            compared.close("rstudent", row.deleted_residual_standard_error, &deleted["se"][at]);
            compared.close("rstudent", row.studentized_residual, &deleted["z"][at]);
            compared.close("rstandard", row.residual, &standard["resid"][at]);
            compared.close("rstandard", row.residual_standard_error, &standard["se"][at]);
            compared.close("rstandard", row.standardized_residual, &standard["z"][at]);
        }
        let shrunken = shrunken_effects(&values, &variances, &options).unwrap();
        for (at, ours) in shrunken.iter().enumerate() {
            let theirs = &theirs["blup"];
            compared.close("blup", ours.value, &theirs["pred"][at]);
            compared.close("blup", ours.standard_error, &theirs["se"][at]);
            compared.limits("blup", &ours.interval, &theirs["pi.lb"][at], &theirs["pi.ub"][at]);
        }
        for (key, name) in [("baujat_EE", "FE"), ("baujat_REML", "REML")] {
            let ours = baujat(&values, &variances, &influence_options(name)).unwrap();
            for (at, ours) in ours.iter().enumerate() {
                compared.close(key_name(key), ours.heterogeneity, &extra[key]["x"][at]);
                compared.close(key_name(key), ours.influence, &extra[key]["y"][at]);
            }
        }
    }
    agreement.finish(6, 3388);
}

fn key_name(key: &str) -> &'static str {
    if key == "baujat_EE" { "Baujat, common effect" } else { "Baujat, REML" }
}

/// Profile-likelihood limits of τ² by metafor 3.8-1.
#[test]
fn r_profile_likelihood() {
    let mut agreement = Agreement::new("profile likelihood of tau-squared");
    let extra = cases("models_extra.json");
    for (case, extra) in cases("effects.json").iter().zip(&extra) {
        let (values, variances) = columns(case);
        for (key, name) in [("profile_REML", "REML"), ("profile_ML", "ML")] {
            agreement.case();
            let place = format!("{} {name}", case["dataset"]);
            let mut compared = Case { agreement: &mut agreement, place, tolerance: ITERATIVE };
            let options = ModelOptions {
                tau_squared: estimator(name),
                tau_squared_interval: TauSquaredIntervalMethod::ProfileLikelihood,
                ..ModelOptions::default()
            };
            let ours = between_study_variance_interval(&values, &variances, &options).unwrap();
            let theirs = &extra[key];
            compared.tau_squared_limits("tau-squared, profile likelihood", ours, &theirs[0], &theirs[1]);
        }
    }
    agreement.finish(12, 24);
}
