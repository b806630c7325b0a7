//! Made-up results, and the response counts of six published trials as a review prints them (Cao 2024, Medicine
//! 103:e38679). Survival above all is made up to show the drawing.

use kmeta_plot_svg::{
    ArmCurve, ChoiceAxis, GoshDensity, GoshHighlight, InfluenceStudy, PrismaCount, PrismaFlow, Specification,
    SpecificationCurve,
};
use kmeta_trial_data::{
    BackTransformSize, BetweenSubgroups, EffectMeasure, EggerTest, Estimand, Estimate, Heterogeneity,
    Interval, IntervalMethod, PatientRecord, PooledEffect, PooledSurvival, PoolingModel, Prediction,
    PredictionMethod, Provenance, StepCurve, StudyIntervalMethod, StudyRow, SubgroupResult,
    SubgroupTauSquared, SurvivalHeterogeneity, SurvivalPoint, TauSquaredEstimator, TimeUnit, TrialSurvival,
};

pub(crate) fn estimate(value: f64, standard_error: f64, show: fn(f64) -> f64) -> Estimate {
    let interval = Interval { lower: value - 1.96 * standard_error, upper: value + 1.96 * standard_error };
    let shown_interval = Interval { lower: show(interval.lower), upper: show(interval.upper) };
    Estimate {
        value,
        standard_error,
        interval,
        shown: show(value),
        shown_interval,
        statistic: None,
        degrees_of_freedom: None,
        p_value: None,
    }
}

fn shown(shown: f64, lower: f64, upper: f64) -> Estimate {
    let arcsine = |p: f64| p.sqrt().asin();
    let interval = Interval { lower: arcsine(lower), upper: arcsine(upper) };
    let standard_error = (interval.upper - interval.lower) / 3.92;
    let shown_interval = Interval { lower, upper };
    Estimate {
        value: arcsine(shown),
        standard_error,
        interval,
        shown,
        shown_interval,
        statistic: None,
        degrees_of_freedom: None,
        p_value: None,
    }
}

fn heterogeneity(studies: u32, numbers: [f64; 4]) -> Heterogeneity {
    let several = studies > 1;
    Heterogeneity {
        q: numbers[0],
        degrees_of_freedom: studies - 1,
        p_value: several.then_some(numbers[1]),
        i_squared: several.then_some(numbers[2]),
        i_squared_interval: (studies > 2).then_some(Interval { lower: 0.0, upper: 0.786 }),
        h: None,
        h_interval: None,
        tau_squared: several.then_some(numbers[3]),
        tau_squared_interval: (studies > 3).then_some(Interval { lower: 0.0, upper: 0.1533 }),
        ..Heterogeneity::default()
    }
}

/// Objective response of six trials by drug.
pub(crate) fn response_rate() -> PooledEffect {
    let trials = [
        ("Huan T. Ha 2010", "Imatinib", 2, 8, [0.0319, 0.6509], [0.061, 0.094]),
        ("Keith C. Bible 2012", "Pazopanib", 0, 15, [0.0, 0.2180], [0.111, 0.136]),
        ("Panayiotis Savvides 2013", "Sorafenib", 2, 20, [0.0123, 0.3170], [0.147, 0.158]),
        ("Makoto Tahara 2017", "Lenvatinib", 4, 17, [0.0681, 0.4990], [0.126, 0.146]),
        ("Lori J. Wirth 2021", "Lenvatinib", 1, 34, [0.0007, 0.1533], [0.248, 0.213]),
        ("Takuya Higashiyama 2022", "Lenvatinib", 5, 42, [0.0398, 0.2563], [0.306, 0.253]),
    ];
    let studies = trials.map(|(label, drug, events, total, limits, weights)| StudyRow {
        trial: label.to_owned(),
        label: label.to_owned(),
        subgroup: Some(drug.to_owned()),
        events: Some(events),
        total: Some(total),
        control_events: None,
        control_total: None,
        estimate: shown(f64::from(events) / f64::from(total), limits[0], limits[1]),
        weight_common: Some(weights[0]),
        weight_random: Some(weights[1]),
        provenance: Provenance::printed("printed counts"),
    });
    let group = |name: &str, studies: u32, events: u32, total: u32| SubgroupResult {
        name: name.to_owned(),
        studies,
        events: Some(events),
        total: Some(total),
        control_events: None,
        control_total: None,
        common: shown(0.0871, 0.0344, 0.1557),
        random: shown(0.1040, 0.0184, 0.2346),
        heterogeneity: heterogeneity(studies, [5.01, 0.0817, 0.601, 0.013]),
        back_transform_size: None,
        marginal_mean: None,
    };
    PooledEffect {
        id: "orr".to_owned(),
        title: "Objective response rate".to_owned(),
        measure: EffectMeasure::FreemanTukey,
        model: PoolingModel::InverseVariance,
        estimand: Estimand::TypicalStudy,
        tau_squared_estimator: TauSquaredEstimator::RestrictedMaximumLikelihood,
        interval_method: IntervalMethod::Wald,
        study_interval_method: StudyIntervalMethod::ClopperPearson,
        back_transform: Some(BackTransformSize::HarmonicMean),
        back_transform_size: Some(16.5),
        confidence_level: 0.95,
        studies: studies.to_vec(),
        common: shown(0.0830, 0.0387, 0.1383),
        random: shown(0.0873, 0.0248, 0.1739),
        marginal_mean: None,
        likelihood: None,
        two_arm: None,
        prediction: Some(Interval { lower: 0.0, upper: 0.3711 }),
        prediction_details: None,
        fit_statistics: None,
        heterogeneity: heterogeneity(6, [9.25, 0.0994, 0.4595, 0.009169]),
        subgroups: vec![
            group("Imatinib", 1, 2, 8),
            group("Pazopanib", 1, 0, 15),
            group("Sorafenib", 1, 2, 20),
            group("Lenvatinib", 3, 10, 93),
        ],
        between_subgroups: Some(BetweenSubgroups {
            q_common: 5.1,
            p_value_common: 0.1646,
            q_random: 4.36,
            p_value_random: 0.2255,
            degrees_of_freedom: 3,
            tau_squared: SubgroupTauSquared::Separate,
            residual: None,
        }),
        egger: Some(EggerTest {
            intercept: 1.71,
            standard_error: 2.05,
            t: 0.83,
            degrees_of_freedom: 4,
            p_value: 0.4518,
        }),
        findings: Vec::new(),
    }
}

/// Made-up hazard ratios.
pub(crate) fn hazard_ratios(count: u32) -> PooledEffect {
    let names =
        ["Gao 2025", "ALTER1102 2021", "Étude PRÉCISION-3 (groupe coopérateur français) 2019", "Müller 2020"];
    let studies: Vec<StudyRow> = (0..count)
        .map(|index| {
            let spread = f64::from(index * 37 % 101) / 101.0 - 0.5;
            let precision = 1.0 + f64::from(index * 17 % 23);
            StudyRow {
                trial: index.to_string(),
                label: names
                    .get(index as usize)
                    .map_or(format!("Trial {} et al. {}", index + 1, 1990 + index % 35), |name| {
                        (*name).to_owned()
                    }),
                subgroup: None,
                events: None,
                total: None,
                control_events: None,
                control_total: None,
                estimate: estimate(-0.55 + 1.1 * spread / precision.sqrt(), 0.6 / precision.sqrt(), f64::exp),
                weight_common: Some(precision / (12.0 * f64::from(count))),
                weight_random: Some((precision + 4.0) / (16.0 * f64::from(count))),
                provenance: Provenance::printed("made up"),
            }
        })
        .collect();
    PooledEffect {
        id: "hr".to_owned(),
        title: "Progression-free survival, hazard ratio".to_owned(),
        measure: EffectMeasure::LogHazardRatio,
        back_transform: None,
        back_transform_size: None,
        study_interval_method: StudyIntervalMethod::Wald,
        common: estimate(-0.56, 0.09, f64::exp),
        random: estimate(-0.53, 0.12, f64::exp),
        marginal_mean: None,
        likelihood: None,
        two_arm: None,
        prediction: (count > 2).then_some(Interval { lower: 0.38, upper: 0.91 }),
        prediction_details: None,
        fit_statistics: None,
        heterogeneity: heterogeneity(count, [7.4, 0.1924, 0.324, 0.021]),
        subgroups: Vec::new(),
        between_subgroups: None,
        studies,
        ..response_rate()
    }
}

/// A made-up arm: exponential event times, some patients censored.
pub(crate) fn arm(label: &str, count: u32, median: f64, shift: u32) -> ArmCurve {
    let mut patients: Vec<PatientRecord> = (0..count)
        .map(|index| {
            let level = 1.0 - (f64::from(index) + 0.5) / f64::from(count);
            let wobble = 1.0 + 0.15 * f64::from((index + shift) * 7 % 5) / 5.0;
            let time = -level.ln() * median * wobble / std::f64::consts::LN_2;
            PatientRecord { time: time.min(18.0), event: (index + shift) % 6 != 5 && time < 18.0 }
        })
        .collect();
    patients.sort_by(|one, two| one.time.total_cmp(&two.time));
    let (mut times, mut survival, mut level) = (vec![0.0], vec![1.0], 1.0);
    for (index, patient) in patients.iter().enumerate().filter(|(_, patient)| patient.event) {
        level *= 1.0 - 1.0 / f64::from(count - u32::try_from(index).unwrap_or(0));
        times.push(patient.time);
        survival.push(level.max(0.0));
    }
    let curve =
        StepCurve::new(times, survival).unwrap_or_else(|error| unreachable!("made-up curve: {error}"));
    ArmCurve { label: label.to_owned(), curve, patients }
}

/// A made-up pooled curve of six trials.
pub(crate) fn pooled_survival() -> PooledSurvival {
    let names = ["Ha 2010", "Bible 2012", "Savvides 2013", "Tahara 2017", "Wirth 2021", "Higashiyama 2022"];
    let sizes = [11, 15, 20, 17, 34, 42];
    let trials = names.iter().zip(sizes).enumerate().map(|(index, (name, size))| {
        let arm = arm(name, size, 3.0 + 1.4 * index as f64, u32::try_from(index).unwrap_or(0));
        TrialSurvival {
            trial: (*name).to_owned(),
            label: (*name).to_owned(),
            follow_up_end: arm.patients.last().map_or(0.0, |patient| patient.time),
            patients: size,
            events: size,
            median: arm.curve.median(),
            curve: arm.curve,
            provenance: Provenance::printed("made up"),
        }
    });
    let table = [
        (3.0, 0.628, 0.467, 0.843, 139, 6),
        (6.0, 0.422, 0.271, 0.610, 84, 6),
        (9.0, 0.326, 0.197, 0.538, 52, 6),
        (12.0, 0.240, 0.139, 0.443, 36, 5),
        (15.0, 0.187, 0.096, 0.361, 24, 5),
        (18.0, 0.132, 0.051, 0.304, 15, 3),
    ];
    let point = |&(time, survival, lower, upper, number_at_risk, trials): &(f64, f64, f64, f64, u32, u32)| {
        SurvivalPoint {
            time,
            survival,
            interval: Interval { lower, upper },
            number_at_risk,
            trials,
            prediction: None,
            tau_squared: None,
        }
    };
    PooledSurvival {
        id: "os".to_owned(),
        title: "Overall survival".to_owned(),
        time_unit: TimeUnit::Months,
        confidence_level: 0.95,
        method: Default::default(),
        estimand: Default::default(),
        random: table.iter().map(point).collect(),
        common: table.iter().map(point).collect(),
        median: Some(4.80),
        median_lower: Some(2.74),
        median_upper: Some(8.84),
        median_draws: 10_000,
        seed: 1,
        restricted_mean: None,
        heterogeneity: Some(SurvivalHeterogeneity {
            q: 26.53,
            degrees_of_freedom: 25,
            h_squared: 1.061,
            i_squared: 0.0578,
        }),
        trials: trials.collect(),
        findings: Vec::new(),
    }
}

/// Counts of two arms: the trials of BCG against tuberculosis, as they stand in textbooks (Colditz 1994).
pub(crate) fn bcg() -> PooledEffect {
    let trials = [
        ("Aronson 1948", 4, 123, 11, 139, "random"),
        ("Ferguson & Simes 1949", 6, 306, 29, 303, "random"),
        ("Rosenthal et al. 1960", 3, 231, 11, 220, "random"),
        ("Hart & Sutherland 1977", 62, 13598, 248, 12867, "random"),
        ("Frimodt-Møller et al. 1973", 33, 5069, 47, 5808, "alternate"),
        ("Stein & Aronson 1953", 180, 1541, 372, 1451, "alternate"),
        ("Vandiviere et al. 1973", 8, 2545, 10, 629, "random"),
        ("Madras TPT 1980", 505, 88391, 499, 88391, "random"),
        ("Coetzee & Berjak 1968", 29, 7499, 45, 7277, "random"),
        ("Rosenthal et al. 1961", 17, 1716, 65, 1665, "systematic"),
        ("Comstock et al. 1974", 186, 50634, 141, 27338, "systematic"),
        ("Comstock & Webster 1969", 5, 2498, 3, 2341, "systematic"),
        ("Comstock et al. 1976", 27, 16913, 29, 17854, "systematic"),
    ];
    let effects: Vec<(f64, f64)> = trials
        .iter()
        .map(|&(_, events, total, control_events, control_total, _)| {
            let risk = f64::from(events) / f64::from(total);
            let control = f64::from(control_events) / f64::from(control_total);
            let variance = 1.0 / f64::from(events) - 1.0 / f64::from(total) + 1.0 / f64::from(control_events)
                - 1.0 / f64::from(control_total);
            ((risk / control).ln(), variance)
        })
        .collect();
    // tau² of REML and the means as R metafor gives them (rma(measure = "RR"), metafor 4).
    let tau_squared = 0.313_243_258_1;
    let common_total: f64 = effects.iter().map(|effect| 1.0 / effect.1).sum();
    let random_total: f64 = effects.iter().map(|effect| 1.0 / (effect.1 + tau_squared)).sum();
    let studies = trials.iter().zip(&effects).map(|(trial, &(value, variance))| {
        let &(label, events, total, control_events, control_total, group) = trial;
        StudyRow {
            trial: label.to_owned(),
            label: label.to_owned(),
            subgroup: Some(group.to_owned()),
            events: Some(events),
            total: Some(total),
            control_events: Some(control_events),
            control_total: Some(control_total),
            estimate: estimate(value, variance.sqrt(), f64::exp),
            weight_common: Some(1.0 / variance / common_total),
            weight_random: Some(1.0 / (variance + tau_squared) / random_total),
            provenance: Provenance::printed("printed counts"),
        }
    });
    let tested = |value: f64, error: f64| {
        let statistic = value / error;
        // Two-sided p values of the statistics here, from a table of the normal distribution.
        let p = match statistic.abs() {
            z if z > 3.9 => 7e-5,
            z if z > 3.5 => 4e-4,
            z if z > 1.2 => 0.214,
            _ => 0.234,
        };
        Estimate { statistic: Some(statistic), p_value: Some(p), ..estimate(value, error, f64::exp) }
    };
    let group = |name: &str, studies: u32, value: f64, error: f64| SubgroupResult {
        name: name.to_owned(),
        studies,
        events: None,
        total: None,
        control_events: None,
        control_total: None,
        common: tested(value, error),
        random: tested(value, error),
        heterogeneity: heterogeneity(studies, [38.2, 1e-6, 0.81, 0.29]),
        back_transform_size: None,
        marginal_mean: None,
    };
    PooledEffect {
        id: "bcg".to_owned(),
        title: "BCG vaccine against tuberculosis".to_owned(),
        measure: EffectMeasure::LogRiskRatio,
        back_transform: None,
        back_transform_size: None,
        study_interval_method: StudyIntervalMethod::Wald,
        studies: studies.collect(),
        common: tested(-0.4303, 0.0405),
        random: tested(-0.7145, 0.1798),
        prediction: Some(Interval { lower: 0.1549, upper: 1.5467 }),
        prediction_details: Some(Prediction {
            method: PredictionMethod::default(),
            standard_error: None,
            degrees_of_freedom: None,
            interval: Interval { lower: -1.8652, upper: 0.4361 },
            shown_interval: Interval { lower: 0.1549, upper: 1.5467 },
        }),
        heterogeneity: Heterogeneity {
            i_squared_interval: None,
            tau_squared_interval: None,
            ..heterogeneity(13, [152.23, 1e-9, 0.921, tau_squared])
        },
        subgroups: vec![
            group("random", 7, -0.9710, 0.2760),
            group("alternate", 2, -0.5180, 0.4350),
            group("systematic", 4, -0.4290, 0.3450),
        ],
        between_subgroups: Some(BetweenSubgroups {
            q_common: 19.87,
            p_value_common: 5e-5,
            q_random: 1.86,
            p_value_random: 0.39,
            degrees_of_freedom: 2,
            tau_squared: SubgroupTauSquared::Separate,
            residual: None,
        }),
        egger: Some(EggerTest {
            intercept: -2.345,
            standard_error: 1.675,
            t: -1.40,
            degrees_of_freedom: 11,
            p_value: 0.189,
        }),
        ..response_rate()
    }
}

/// Latitudes of the BCG trials, in their order.
pub(crate) const LATITUDES: [f64; 13] =
    [44.0, 55.0, 42.0, 52.0, 13.0, 44.0, 19.0, 13.0, 27.0, 42.0, 18.0, 33.0, 33.0];

/// Made-up deletion diagnostics of the BCG trials.
pub(crate) fn influence() -> Vec<InfluenceStudy> {
    let studies = bcg().studies;
    let mean = -0.7145;
    (studies.iter().enumerate())
        .map(|(index, study)| {
            let residual =
                (study.estimate.value - mean) / (study.estimate.standard_error.powi(2) + 0.3132).sqrt();
            let weight = study.weight_random.unwrap_or(0.0);
            let dffits = residual * (weight / (1.0 - weight)).sqrt();
            InfluenceStudy {
                label: study.label.clone(),
                studentized_residual: 1.1 * residual,
                dffits,
                cooks_distance: dffits * dffits,
                covariance_ratio: 1.0 + weight - 0.06 * residual * residual,
                tau_squared_deleted: 0.33 - 0.035 * residual * residual,
                q_deleted: 152.0 - 4.0 * residual * residual - f64::from(index as u32 % 3),
                weight,
                influential: index == 3,
            }
        })
        .collect()
}

/// Ways to pool the response counts, with made-up results.
pub(crate) fn specifications(count: usize) -> SpecificationCurve {
    let axis = |name: &str, options: &[&str]| ChoiceAxis {
        name: name.to_owned(),
        options: options.iter().map(|option| (*option).to_owned()).collect(),
    };
    let axes = vec![
        axis("Measure", &["Freeman-Tukey", "logit", "arcsine", "untransformed", "log"]),
        axis("Model", &["inverse variance", "logistic random intercept", "beta-binomial"]),
        axis("Estimator of τ²", &["REML", "DL", "PM"]),
        axis("Interval", &["Wald", "Hartung-Knapp"]),
        axis("Denominator", &["all treated", "evaluable"]),
        axis("Left out", &["none", "Ha 2010", "Bible 2012", "Savvides 2013", "Wirth 2021"]),
    ];
    let specification = |index: usize| {
        let mut rest = index * 7919 % 900;
        let choices: Vec<usize> = axes
            .iter()
            .map(|axis: &ChoiceAxis| {
                let choice = rest % axis.options.len();
                rest /= axis.options.len();
                choice
            })
            .collect();
        let moved = [0.0, 0.031, 0.004, -0.006, 0.045][choices[0]]
            + [0.0, 0.008, 0.012][choices[1]]
            + 0.002 * choices[2] as f64
            + 0.009 * choices[4] as f64
            + [0.0, -0.008, 0.011, -0.004, 0.021][choices[5]]
            + 0.000_01 * (index % 97) as f64;
        let estimate = 0.0873 + 0.7 * moved;
        let half = 0.045 * (1.0 + 0.35 * choices[3] as f64);
        let interval = Interval { lower: (estimate - half).max(0.002), upper: estimate + 1.3 * half };
        Specification {
            estimate,
            interval: Some(interval),
            is_protocol: index == 0,
            is_plausible: choices[0] != 3 || choices[1] == 0,
            choices,
        }
    };
    SpecificationCurve {
        title: "Objective response rate: every way to pool it".to_owned(),
        measure: EffectMeasure::FreemanTukey,
        specifications: (0..count).map(specification).collect(),
        axes,
        decision_lines: vec![0.05, 0.1],
    }
}

/// Every subset of the BCG trials, fitted with a common effect: 8,178 subsets of two or more.
pub(crate) fn gosh() -> GoshDensity {
    const COLUMNS: usize = 70;
    const ROWS: usize = 50;
    let studies = bcg().studies;
    let (lowest, highest) = (-1.7_f64, 0.3_f64);
    let mut counts = vec![0_u64; COLUMNS * ROWS];
    let mut with = counts.clone();
    let mut subsets = 0;
    for subset in 1_u32..(1 << studies.len()) {
        if subset.count_ones() < 2 {
            continue;
        }
        let chosen = studies.iter().enumerate().filter(|(index, _)| subset >> index & 1 == 1);
        let (mut weights, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for (_, study) in chosen {
            let weight = study.estimate.standard_error.powi(-2);
            weights += weight;
            sum += weight * study.estimate.value;
            squares += weight * study.estimate.value.powi(2);
        }
        let q = (squares - sum * sum / weights).max(0.0);
        let freedom = f64::from(subset.count_ones() - 1);
        let i_squared = if q > freedom { (q - freedom) / q } else { 0.0 };
        let column = ((sum / weights - lowest) / (highest - lowest) * COLUMNS as f64) as usize;
        let row = (i_squared * ROWS as f64) as usize;
        let cell = column.min(COLUMNS - 1) * ROWS + row.min(ROWS - 1);
        counts[cell] += 1;
        with[cell] += u64::from(subset >> 7 & 1);
        subsets += 1;
    }
    GoshDensity {
        title: "BCG vaccine: every subset of the trials".to_owned(),
        measure: EffectMeasure::LogRiskRatio,
        estimate_edges: (0..=COLUMNS)
            .map(|index| (lowest + (highest - lowest) * index as f64 / COLUMNS as f64).exp())
            .collect(),
        i_squared_edges: (0..=ROWS).map(|index| index as f64 / ROWS as f64).collect(),
        counts,
        highlighted: Some(GoshHighlight { label: studies[7].label.clone(), counts: with }),
        trials: 13,
        subsets,
        is_sample: false,
        all_trials: Some((-0.4303_f64).exp()),
    }
}

/// Made-up counts of a search.
pub(crate) fn prisma() -> PrismaFlow {
    let count = |name: &str, n: u64| PrismaCount { name: name.to_owned(), n };
    PrismaFlow {
        records_identified: vec![count("MEDLINE", 812), count("Embase", 1_240), count("CENTRAL", 96)],
        records_removed: vec![
            count("Duplicate records removed", 701),
            count("Marked as ineligible by automation tools", 0),
            count("Removed for other reasons", 4),
        ],
        records_excluded: Some(1_380),
        reports_not_retrieved: Some(3),
        reports_excluded: vec![
            count("Wrong population", 31),
            count("No survival curve", 12),
            count("Same patients as another report", 4),
        ],
        studies_included: Some(11),
        reports_included: Some(13),
        ..PrismaFlow::default()
    }
}
