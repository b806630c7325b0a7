//! One figure of each kind, under the name that its file gets.

use std::collections::BTreeMap;

use kmeta_plot_svg::{
    BaujatStudy, BubbleLine, BubblePlot, BubblePoint, ChartOptions, EstimateForest, EstimateMark,
    EstimateRow, Figure, ForestColumn, ForestLayout, ForestOptions, FunnelOptions, FurtherColumn, Judgement,
    KaplanMeierOptions, Palette, PrismaCount, PrismaFlow, RiskOfBias, RiskOfBiasStudy, SchoenfeldPlot,
    SpecificationCurveOptions, SurvivalFigureOptions, Theme, TrimmedFunnel, baujat_plot, bubble_plot,
    drapery_plot, estimate_forest, forest_plot, funnel_plot, gosh_plot, influence_plot, kaplan_meier_figure,
    labbe_plot, log_log_plot, prisma_diagram, radial_plot, reconstructed_over_digitized,
    risk_of_bias_summary, risk_of_bias_traffic_lights, schoenfeld_plot, specification_curve, survival_figure,
    trim_and_fill_funnel,
};
use kmeta_trial_data::{EffectMeasure, Interval, PooledEffect, TimeUnit};

use crate::made_up::{
    LATITUDES, arm, bcg, gosh, hazard_ratios, influence, pooled_survival, prisma, response_rate,
    specifications,
};

const MADE_UP: &str = "Made-up data: this figure shows the drawing, not a result.";

/// Every figure with its name.
pub(crate) fn figures() -> Vec<(&'static str, Figure)> {
    let mut all = forests();
    all.extend(funnels());
    all.extend(further());
    all.extend(survival());
    all.extend(reviews());
    all
}

fn forests() -> Vec<(&'static str, Figure)> {
    let responses = response_rate();
    let favours = ForestOptions {
        favours_left: "favours combination".to_owned(),
        favours_right: "favours control".to_owned(),
        note: MADE_UP.to_owned(),
        ..ForestOptions::default()
    };
    let percent = ForestOptions {
        percent: true,
        show_common: false,
        decision_lines: vec![0.2],
        ..ForestOptions::default()
    };
    let bcg = bcg();
    let journal = |layout: ForestLayout| {
        let options = ForestOptions {
            layout,
            show_common: false,
            favours_left: "favours vaccine".to_owned(),
            favours_right: "favours control".to_owned(),
            study_width_max: 170.0,
            drawing_width: 220.0,
            ..ForestOptions::default()
        };
        forest_plot(&bcg, &options)
    };
    let mut chinese = hazard_ratios(5);
    for (study, name) in chinese.studies.iter_mut().zip(["王伟 2021", "李娜 2019（多中心随机对照试验）"])
    {
        study.label = name.to_owned();
    }
    vec![
        ("forest-proportions", forest_plot(&responses, &ForestOptions::default())),
        ("forest-percent", forest_plot(&responses, &percent)),
        ("forest-hazard-ratios", forest_plot(&hazard_ratios(6), &favours)),
        ("forest-two-studies", forest_plot(&hazard_ratios(2), &favours)),
        ("forest-120-studies", forest_plot(&hazard_ratios(120), &favours)),
        ("forest-chinese-names", forest_plot(&chinese, &favours)),
        ("forest-revman5", journal(ForestLayout::Revman5)),
        ("forest-jama", journal(ForestLayout::Jama)),
        ("forest-bmj", journal(ForestLayout::Bmj)),
        ("forest-own-columns", own_columns(&bcg)),
        ("forest-leave-one-out", leave_one_out(&bcg)),
        ("forest-outcomes", outcomes()),
    ]
}

fn own_columns(bcg: &PooledEffect) -> Figure {
    let keyed = |value: fn(usize) -> String| -> BTreeMap<String, String> {
        let studies = bcg.studies.iter().enumerate();
        studies.map(|(index, study)| (study.trial.clone(), value(index))).collect()
    };
    let latitude = FurtherColumn {
        heading: "Latitude".to_owned(),
        right: false,
        values: keyed(|index| format!("{}°", LATITUDES[index])),
    };
    let mut result = bcg.clone();
    result.subgroups.clear();
    result.between_subgroups = None;
    let options = ForestOptions {
        columns_left: Some(vec![ForestColumn::EventsOfTotal, ForestColumn::ControlEventsOfTotal]),
        columns_right: Some(vec![ForestColumn::EffectAndInterval, ForestColumn::Weight]),
        further_columns: vec![latitude],
        show_common: false,
        ..ForestOptions::default()
    };
    forest_plot(&result, &options)
}

/// Leave-one-out with a common τ², as far as a gallery needs it.
fn leave_one_out(bcg: &PooledEffect) -> Figure {
    let pooled = |omitted: Option<usize>| {
        let kept = bcg.studies.iter().enumerate().filter(|(index, _)| Some(*index) != omitted);
        let (mut weights, mut sum) = (0.0, 0.0);
        for (_, study) in kept {
            let weight = 1.0 / (study.estimate.standard_error.powi(2) + 0.3132);
            weights += weight;
            sum += weight * study.estimate.value;
        }
        let (value, error) = (sum / weights, (1.0_f64 / weights).sqrt());
        let limits = Interval { lower: (value - 1.96 * error).exp(), upper: (value + 1.96 * error).exp() };
        (value.exp(), limits)
    };
    let row = |label: String, omitted: Option<usize>, mark: EstimateMark| {
        let (estimate, limits) = pooled(omitted);
        EstimateRow { label, estimate: Some(estimate), interval: Some(limits), cells: vec![], mark }
    };
    let mut rows: Vec<EstimateRow> = (bcg.studies.iter().enumerate())
        .map(|(index, study)| row(study.label.clone(), Some(index), EstimateMark::Square))
        .collect();
    rows.push(row("All studies".to_owned(), None, EstimateMark::Diamond));
    let forest = EstimateForest {
        title: "BCG vaccine: leave-one-out".to_owned(),
        measure: EffectMeasure::LogRiskRatio,
        confidence_level: 0.95,
        label_heading: "Omitted study".to_owned(),
        columns: vec![],
        rows,
        center: Some(pooled(None).0),
        footer: vec!["Random-effects mean of the other studies.".to_owned()],
    };
    estimate_forest(&forest, &ForestOptions::default())
}

fn outcomes() -> Figure {
    let heading = |label: &str| EstimateRow {
        label: label.to_owned(),
        mark: EstimateMark::Heading,
        ..EstimateRow::default()
    };
    let row = |label: &str, studies: &str, estimate: f64, lower: f64, upper: f64| EstimateRow {
        label: label.to_owned(),
        estimate: Some(estimate),
        interval: Some(Interval { lower, upper }),
        cells: vec![studies.to_owned()],
        mark: EstimateMark::Square,
    };
    let forest = EstimateForest {
        title: "Efficacy and harm".to_owned(),
        measure: EffectMeasure::LogHazardRatio,
        confidence_level: 0.95,
        label_heading: "Outcome".to_owned(),
        columns: vec!["Trials".to_owned()],
        rows: vec![
            heading("Efficacy"),
            row("Overall survival", "6", 0.81, 0.70, 0.94),
            row("Progression-free survival", "7", 0.62, 0.51, 0.76),
            heading("Harm"),
            row("Hypertension of grade 3 or higher", "5", 2.9, 1.4, 6.1),
            row("Treatment-related death", "4", 1.1, 0.4, 3.2),
        ],
        center: None,
        footer: vec!["Random-effects means by restricted maximum likelihood.".to_owned()],
    };
    let options = ForestOptions {
        effect_heading: "Hazard or risk ratio".to_owned(),
        note: MADE_UP.to_owned(),
        ..ForestOptions::default()
    };
    estimate_forest(&forest, &options)
}

fn funnels() -> Vec<(&'static str, Figure)> {
    let bcg = bcg();
    let enhanced = FunnelOptions {
        contours: true,
        egger_line: true,
        color_subgroups: false,
        show_labels: false,
        ..FunnelOptions::default()
    };
    let trimmed =
        TrimmedFunnel { filled: vec![(0.42, 0.44), (0.71, 0.57)], adjusted: -0.57, adjusted_shown: 0.5655 };
    let plain = FunnelOptions { color_subgroups: false, center_random: true, ..FunnelOptions::default() };
    vec![
        ("funnel", funnel_plot(&response_rate(), &FunnelOptions::default())),
        ("funnel-contours", funnel_plot(&bcg, &enhanced)),
        ("funnel-trim-and-fill", trim_and_fill_funnel(&bcg, &trimmed, &plain)),
    ]
}

fn further() -> Vec<(&'static str, Figure)> {
    let bcg = bcg();
    let options = ChartOptions::default();
    let weights: f64 = bcg.studies.iter().map(|study| study.estimate.standard_error.powi(-2)).sum();
    let baujat: Vec<BaujatStudy> = (bcg.studies.iter())
        .map(|study| {
            let weight = study.estimate.standard_error.powi(-2);
            let heterogeneity = weight * (study.estimate.value - bcg.common.value).powi(2);
            let influence = heterogeneity * weight / (weights - weight);
            BaujatStudy { label: study.label.clone(), heterogeneity, influence }
        })
        .collect();
    let mut all = vec![
        ("baujat", baujat_plot(&bcg, &baujat, &options)),
        ("radial", radial_plot(&bcg, &ChartOptions { show_labels: false, ..options.clone() })),
        ("bubble", bubble(&bcg)),
        ("drapery", drapery_plot(&bcg, &options)),
        ("influence", influence_plot("BCG vaccine: influence of each trial", &influence(), &options)),
        ("specification-curve", specification_curve(&specifications(180), &curve_options())),
        ("specification-curve-dense", specification_curve(&specifications(10_000), &curve_options())),
        ("gosh", gosh_plot(&gosh(), &options)),
    ];
    all.extend(labbe_plot(&bcg, &options).map(|figure| ("labbe", figure)));
    all
}

fn curve_options() -> SpecificationCurveOptions {
    SpecificationCurveOptions { note: MADE_UP.to_owned(), ..SpecificationCurveOptions::default() }
}

fn bubble(bcg: &PooledEffect) -> Figure {
    // Intercept and slope of R metafor's rma(yi, vi, mods = ~ ablat): 0.2515 and −0.0291.
    let line = (0..=50).map(|step| {
        let moderator = 10.0 + f64::from(step) * 0.95;
        let effect = 0.2515 - 0.0291 * moderator;
        let error = (0.0105 + (0.0072 * (moderator - 33.5)).powi(2)).sqrt();
        let spread = (error * error + 0.0764).sqrt();
        let around = |error: f64| Interval { lower: effect - 1.96 * error, upper: effect + 1.96 * error };
        BubbleLine { moderator, effect, interval: around(error), prediction: Some(around(spread)) }
    });
    let studies = bcg.studies.iter().zip(LATITUDES).map(|(study, moderator)| BubblePoint {
        label: study.label.clone(),
        moderator,
        effect: study.estimate.value,
        weight: 1.0 / (study.estimate.standard_error.powi(2) + 0.0764),
    });
    let plot = BubblePlot {
        title: "BCG vaccine by latitude".to_owned(),
        measure: EffectMeasure::LogRiskRatio,
        moderator: "Absolute latitude (degrees)".to_owned(),
        studies: studies.collect(),
        line: line.collect(),
        confidence_level: 0.95,
        statistics: vec!["Slope −0.0291 per degree (SE 0.0072), p < 0.0001; R² = 75.6%.".to_owned()],
    };
    bubble_plot(&plot, &ChartOptions::default())
}

fn survival() -> Vec<(&'static str, Figure)> {
    let arms = [arm("Anlotinib", 110, 3.0, 0), arm("Placebo", 55, 1.4, 1)];
    let two_arms = KaplanMeierOptions {
        title: "Progression-free survival".to_owned(),
        survival_title: "Progression-free survival".to_owned(),
        time_unit: Some(TimeUnit::Months),
        statistics: vec!["Hazard ratio 0.46 [0.32, 0.66]".to_owned(), "Log-rank p < 0.0001".to_owned()],
        note: MADE_UP.to_owned(),
        ..KaplanMeierOptions::default()
    };
    let small = KaplanMeierOptions {
        width: 440.0,
        plot_height: 220.0,
        statistics: Vec::new(),
        title: "Anlotinib".to_owned(),
        ..two_arms.clone()
    };
    let digitized = arm("Anlotinib", 108, 3.02, 3).curve;
    let end = digitized.last_time();
    let pooled = SurvivalFigureOptions {
        survival_title: "Overall survival".to_owned(),
        note: MADE_UP.to_owned(),
        ..SurvivalFigureOptions::default()
    };
    let colored = SurvivalFigureOptions {
        color_trials: true,
        show_trial_labels: false,
        percent: true,
        ..pooled.clone()
    };
    let mut predicted = pooled_survival();
    for point in &mut predicted.random {
        let survival: f64 = point.survival;
        point.prediction = Some(Interval { lower: 0.5 * survival.powf(1.4), upper: survival.powf(0.45) });
    }
    let checks = ChartOptions { note: MADE_UP.to_owned(), ..ChartOptions::default() };
    let residuals = (0..90_u32).map(|index| {
        let time = 0.15 * f64::from(index);
        (time, -1.1 + 0.06 * time + 0.35 * (f64::from(index * 37 % 19) - 9.0))
    });
    let schoenfeld = SchoenfeldPlot {
        title: "Progression-free survival: does the hazard ratio change?".to_owned(),
        time_title: "Time (months)".to_owned(),
        residuals: residuals.collect(),
        log_hazard_ratio: -0.78,
        p_value: Some(0.213),
        transform: "one minus Kaplan-Meier".to_owned(),
    };
    let log_log = log_log_plot("Progression-free survival: log-log", "Time (months)", &arms, &checks);
    vec![
        ("pooled-survival", survival_figure(&pooled_survival(), &pooled)),
        ("pooled-survival-colours", survival_figure(&predicted, &colored)),
        ("kaplan-meier", kaplan_meier_figure(&arms, &two_arms)),
        ("reconstructed", reconstructed_over_digitized(&arms[0], &digitized, end, &small)),
        ("log-log", log_log),
        ("schoenfeld", schoenfeld_plot(&schoenfeld, &checks)),
    ]
}

fn reviews() -> Vec<(&'static str, Figure)> {
    let count = |name: &str, n: u64| PrismaCount { name: name.to_owned(), n };
    let update = PrismaFlow {
        previous_studies: Some(6),
        previous_reports: Some(7),
        other_identified: vec![count("Websites", 12), count("Citation searching", 30)],
        other_not_retrieved: Some(1),
        other_excluded: vec![count("No control arm", 37)],
        reports_included: Some(17),
        ..prisma()
    };
    let bias = risk_of_bias();
    let grey = Theme { palette: Palette::Grey, ..Theme::default() };
    vec![
        ("prisma", prisma_diagram(&prisma(), MADE_UP)),
        ("prisma-update", prisma_diagram(&update, MADE_UP)),
        ("risk-of-bias", risk_of_bias_traffic_lights(&bias, MADE_UP)),
        ("risk-of-bias-summary", risk_of_bias_summary(&bias, MADE_UP)),
        ("theme-grey", grey.apply(forest_plot(&response_rate(), &ForestOptions::default()))),
    ]
}

fn risk_of_bias() -> RiskOfBias {
    use Judgement::{High, Low, NoInformation, Some};
    let study = |study: &str, judgements: [Judgement; 5]| RiskOfBiasStudy {
        study: study.to_owned(),
        judgements: judgements.to_vec(),
        overall: None,
        weight: None,
    };
    RiskOfBias {
        tool: "RoB 2".to_owned(),
        domains: [
            "Randomization process",
            "Deviations from intended interventions",
            "Missing outcome data",
            "Measurement of the outcome",
            "Selection of the reported result",
        ]
        .map(str::to_owned)
        .to_vec(),
        studies: vec![
            study("Gao 2025", [Low, Low, Low, Low, Low]),
            study("ALTER1102 2021", [Low, Some, Low, Low, Some]),
            study("Étude PRÉCISION-3 2019", [Some, High, Low, Some, Low]),
            study("Müller 2020", [Low, NoInformation, Low, Low, Low]),
        ],
    }
}
