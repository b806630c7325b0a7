//! The rendered report: every section, escaping, no outside references, the same bytes twice.

use kmeta_plot_svg::{Figure, ForestOptions, SurvivalFigureOptions, forest_plot, survival_figure};
use kmeta_report_html::{
    AdverseEventCount, AdverseEvents, ArmSummary, CaptionedFigure, ComparisonSection, CurvePoint,
    CurveReference, EffectSection, FailedAnalysis, FigureSection, FurtherSection, InputFile, PanelSummary,
    ReconstructionSection, Report, ReportError, ReportProvenance, SurvivalSection, TabulatedSection,
    TextColumn, TextTable, TrialCharacteristics, render, render_tables,
};
use kmeta_trial_data::{
    BackTransformSize, Check, EffectMeasure, Estimand, Estimate, Fidelity, FigureSource, Finding,
    Heterogeneity, Interval, IntervalMethod, NumberAtRiskFit, PooledEffect, PooledSurvival, PoolingModel,
    Provenance, ReconstructionStatus, StepCurve, StudyIntervalMethod, StudyRow, SurvivalPoint,
    TauSquaredEstimator, TimeUnit, TrialSurvival, Verdict,
};

const HOSTILE: &str = "<script>alert('x')</script> & \"Wirth\"";

fn estimate(value: f64) -> Estimate {
    let interval = Interval { lower: value / 2.0, upper: value * 2.0 };
    Estimate {
        value,
        standard_error: 0.1,
        interval,
        shown: value,
        shown_interval: interval,
        statistic: None,
        degrees_of_freedom: None,
        p_value: None,
    }
}

fn effect(measure: EffectMeasure, title: &str) -> PooledEffect {
    let counts = measure.is_proportion();
    let study = |label: &str| StudyRow {
        trial: label.to_owned(),
        label: label.to_owned(),
        subgroup: None,
        events: counts.then_some(3),
        total: counts.then_some(20),
        control_events: None,
        control_total: None,
        estimate: estimate(0.2),
        weight_common: Some(0.5),
        weight_random: Some(0.5),
        provenance: Provenance::printed("printed"),
    };
    PooledEffect {
        id: "orr".to_owned(),
        title: title.to_owned(),
        measure,
        model: PoolingModel::InverseVariance,
        estimand: Estimand::TypicalStudy,
        tau_squared_estimator: TauSquaredEstimator::RestrictedMaximumLikelihood,
        interval_method: IntervalMethod::Wald,
        study_interval_method: StudyIntervalMethod::ClopperPearson,
        back_transform: counts.then_some(BackTransformSize::HarmonicMean),
        back_transform_size: None,
        confidence_level: 0.95,
        studies: vec![study(HOSTILE), study("Tahara 2017")],
        common: estimate(0.1),
        random: estimate(0.0873),
        marginal_mean: None,
        likelihood: None,
        two_arm: None,
        prediction: None,
        prediction_details: None,
        fit_statistics: None,
        heterogeneity: Heterogeneity {
            q: 9.25,
            degrees_of_freedom: 1,
            p_value: Some(0.0994),
            i_squared: Some(0.46),
            i_squared_interval: None,
            h: None,
            h_interval: None,
            tau_squared: Some(0.009169),
            tau_squared_interval: None,
            ..Heterogeneity::default()
        },
        subgroups: Vec::new(),
        between_subgroups: None,
        egger: None,
        findings: vec![Finding::warning("zero-cell", "Bible 2012", "no patient responded")],
    }
}

fn survival() -> PooledSurvival {
    let curve = StepCurve::new(vec![0.0, 2.0, 5.0], vec![1.0, 0.6, 0.3]).unwrap();
    let point = SurvivalPoint {
        time: 3.0,
        survival: 0.6278,
        interval: Interval { lower: 0.4675, upper: 0.8432 },
        number_at_risk: 128,
        trials: 6,
        prediction: None,
        tau_squared: None,
    };
    PooledSurvival {
        id: "os".to_owned(),
        title: "Pooled overall survival".to_owned(),
        time_unit: TimeUnit::Months,
        confidence_level: 0.95,
        method: Default::default(),
        estimand: Default::default(),
        random: vec![point.clone()],
        common: vec![point],
        median: Some(4.499),
        median_lower: Some(2.7),
        median_upper: None,
        median_draws: 1000,
        seed: 7,
        restricted_mean: None,
        heterogeneity: None,
        trials: vec![TrialSurvival {
            trial: "wirth2021/drug".to_owned(),
            label: HOSTILE.to_owned(),
            curve,
            follow_up_end: 6.0,
            patients: 34,
            events: 20,
            median: Some(5.0),
            provenance: Provenance::printed("made up"),
        }],
        findings: Vec::new(),
    }
}

fn effect_section(measure: EffectMeasure, title: &str) -> EffectSection {
    let result = effect(measure, title);
    EffectSection {
        forest: forest_plot(&result, &ForestOptions::default()),
        funnel: None,
        figures: Vec::new(),
        further: Vec::new(),
        notes: Vec::new(),
        left_out: vec![("ha2010".to_owned(), "no figure".to_owned())],
        result,
    }
}

fn panel() -> PanelSummary {
    PanelSummary {
        name: "A".to_owned(),
        time_axis: "0 to 24 months, 9 ticks".to_owned(),
        time_residual_px: 0.1,
        survival_axis: "0 to 1, 6 ticks".to_owned(),
        survival_residual_px: 0.1,
        risk_table: None,
        arms: vec![ArmSummary {
            label: HOSTILE.to_owned(),
            color: "#1f4e79".to_owned(),
            corners: 1,
            curve_end: 6.0,
            survival_end: 0.3,
            censor_marks: 2,
            median: Some(3.2),
            points: vec![CurvePoint { time: 1.25, survival: 0.97, x_px: 104.5, y_px: 61.0 }],
        }],
    }
}

fn figure_section() -> FigureSection {
    FigureSection {
        notes: vec!["A stand-in.".to_owned()],
        title: "Wirth 2021, overall survival".to_owned(),
        source: FigureSource {
            file: "wirth2021-os.png".to_owned(),
            sha256: "ab".repeat(32),
            format: "png".to_owned(),
            page: None,
            width: 800,
            height: 600,
            pixels_per_inch: None,
            picture: None,
        },
        verdict: Verdict::Review,
        checks: vec![Check { name: "tick-residual".to_owned(), passed: false, message: "1.2 px".to_owned() }],
        panels: vec![panel()],
        curves: 1,
        overlay_png: vec![1, 2, 3],
    }
}

fn reconstruction() -> ReconstructionSection {
    ReconstructionSection {
        trial: "wirth2021".to_owned(),
        curve: Some(CurveReference { figure: 0, panel: 0, arm: 0 }),
        patients_file: "ipd/wirth2021.csv".to_owned(),
        label: "Wirth 2021".to_owned(),
        endpoint: "OS".to_owned(),
        fidelity: Fidelity {
            status: ReconstructionStatus::Compromise,
            patients: 34,
            events: 28,
            events_stated: Some(29),
            curve_error_rms: 0.004,
            curve_error_mean: 0.0031,
            curve_error_max: 0.01,
            number_at_risk: vec![NumberAtRiskFit { time: 0.0, stated: 34, reconstructed: 34 }],
            number_at_risk_error_max: 0,
            median_digitized: Some(3.2),
            median_reconstructed: Some(3.21),
            median_printed: Some(3.2),
            survival_rates: Vec::new(),
            assessment: None,
        },
        figure: None,
    }
}

fn provenance() -> ReportProvenance {
    ReportProvenance {
        generator: "kmeta 0.1.0".to_owned(),
        command: "kmeta run study.toml".to_owned(),
        inputs: vec![InputFile {
            role: "figure".to_owned(),
            file: "wirth2021-os.png".to_owned(),
            sha256: "ab".repeat(32),
        }],
        seed: Some(7),
        settings: vec![("tau_squared".to_owned(), "REML".to_owned())],
        date: String::new(),
    }
}

fn table_of_texts() -> TextTable {
    TextTable {
        caption: "Landmark <survival>".to_owned(),
        columns: vec![
            TextColumn { heading: "Time".to_owned(), is_number: false },
            TextColumn { heading: "Survival".to_owned(), is_number: true },
        ],
        rows: vec![vec!["12 months".to_owned(), "0.2481".to_owned()]],
    }
}

fn report() -> Report {
    let survival = survival();
    Report {
        title: format!("Study {HOSTILE}"),
        subtitle: String::new(),
        notices: vec!["The survival figures are stand-ins.".to_owned()],
        time_unit: TimeUnit::Months,
        methods: vec!["A remark of the project file.".to_owned()],
        trials: vec![TrialCharacteristics {
            id: "wirth2021".to_owned(),
            printed: vec!["n = 34".to_owned()],
            label: HOSTILE.to_owned(),
            columns: vec![("Drug".to_owned(), "Lenvatinib".to_owned())],
            source: "Wirth LJ. 2021.".to_owned(),
        }],
        responses: vec![effect_section(EffectMeasure::FreemanTukey, "Objective response")],
        survival: vec![SurvivalSection {
            further: Vec::new(),
            figure: survival_figure(&survival, &SurvivalFigureOptions::default()),
            figures: Vec::new(),
            result: survival,
            endpoint: "Overall survival".to_owned(),
            notes: Vec::new(),
            left_out: Vec::new(),
        }],
        hazard_ratios: vec![effect_section(EffectMeasure::LogHazardRatio, "PFS hazard ratio")],
        effects: vec![effect_section(EffectMeasure::LogHazardRatio, "Another effect")],
        tabulated: vec![TabulatedSection {
            id: "landmark".to_owned(),
            title: "Survival at one year".to_owned(),
            paragraphs: vec!["Pooled on the complementary log-log scale.".to_owned()],
            tables: vec![table_of_texts()],
            notes: Vec::new(),
            left_out: Vec::new(),
        }],
        comparisons: vec![ComparisonSection {
            label: "ALTER1102".to_owned(),
            endpoint: "PFS".to_owned(),
            treated: "Anlotinib".to_owned(),
            reference: "Placebo".to_owned(),
            hazard_ratio: 0.461,
            interval: Interval { lower: 0.32, upper: 0.66 },
            p_value: 1e-9,
            log_rank_p_value: 2e-9,
            printed: Some((0.46, Interval { lower: 0.32, upper: 0.66 })),
            figure: None,
            notes: Vec::new(),
        }],
        further: vec![FurtherSection {
            id: "sensitivity".to_owned(),
            title: "Sensitivity".to_owned(),
            notes: Vec::new(),
            paragraphs: vec!["Every choice in turn.".to_owned()],
            figures: vec![CaptionedFigure {
                figure: forest_plot(&effect(EffectMeasure::Raw, "x"), &ForestOptions::default()),
                caption: "Specifications.".to_owned(),
                table: Some(table_of_texts()),
            }],
            tables: Vec::new(),
        }],
        failures: vec![FailedAnalysis {
            title: "Duration of response".to_owned(),
            reason: "no trial states it".to_owned(),
            left_out: Vec::new(),
        }],
        adverse_events_title: String::new(),
        adverse_events: vec![AdverseEvents {
            label: "Wirth 2021".to_owned(),
            treatment: "Lenvatinib".to_owned(),
            events: vec![
                AdverseEventCount { name: "Hypertension".to_owned(), events: 8, total: 34 },
                AdverseEventCount { name: "Asthenia".to_owned(), events: 3, total: 34 },
            ],
        }],
        figures: vec![figure_section()],
        reconstructions: vec![reconstruction()],
        findings: vec![Finding::warning("zero-cell", "Bible 2012", "no patient responded")],
        provenance: provenance(),
    }
}

#[test]
fn every_section_is_there_and_in_the_contents() {
    let html = render(&report()).unwrap();
    for section in [
        "summary",
        "methods",
        "trials",
        "responses",
        "survival",
        "hazard-ratios",
        "effects",
        "analyses",
        "comparisons",
        "sensitivity",
        "failures",
        "adverse-events",
        "figures",
        "reconstruction",
        "sources",
        "findings",
        "prisma-2020",
        "references",
        "provenance",
    ] {
        assert!(html.contains(&format!(r#"<section id="{section}""#)), "no section {section}");
        assert!(html.contains(&format!(r##"<a href="#{section}">"##)), "{section} is not in the contents");
    }
    for text in [
        "0.0873 [0.0437, 0.1746]",
        "restricted maximum likelihood (REML)",
        "Miller JJ.",
        "0.6278 [0.4675, 0.8432]",
        "4.50 months [2.70, not reached]",
        "8&#x2f;34",
        "23.5%",
        "data:image/png;base64,AQID",
        r#"<span class="badge review">review</span>"#,
        "compromise",
        "&lt; 0.0001",
        "The survival figures are stand-ins.",
        "ha2010: no figure",
        "A remark of the project file.",
        "Landmark &lt;survival&gt;",
        r#"<td class="number">0.2481</td>"#,
    ] {
        assert!(html.contains(text), "missing: {text}");
    }
    assert_eq!(html.matches("no patient responded").count(), 1, "the same finding is shown once");
}

#[test]
fn empty_report_has_no_empty_sections() {
    let empty = Report {
        title: "Empty".to_owned(),
        subtitle: String::new(),
        notices: Vec::new(),
        time_unit: TimeUnit::Months,
        methods: Vec::new(),
        trials: Vec::new(),
        responses: Vec::new(),
        survival: Vec::new(),
        hazard_ratios: Vec::new(),
        effects: Vec::new(),
        tabulated: Vec::new(),
        comparisons: Vec::new(),
        further: Vec::new(),
        failures: Vec::new(),
        adverse_events_title: String::new(),
        adverse_events: Vec::new(),
        figures: Vec::new(),
        reconstructions: Vec::new(),
        findings: Vec::new(),
        provenance: provenance(),
    };
    let html = render(&empty).unwrap();
    assert!(!html.contains(r#"id="survival""#) && !html.contains("<table>\n<caption>Summary of findings"));
    assert!(html.contains("No stage noticed anything"));
}

#[test]
fn labels_are_escaped_and_nothing_is_fetched() {
    let html = render(&report()).unwrap();
    assert!(!html.contains("<script"), "markup of a label came through");
    assert!(html.contains("&lt;script&gt;"));
    assert!(!html.contains("src=\"http") && !html.contains("<link") && !html.contains("@import"));
}

#[test]
fn anchors_are_unique_and_headings_in_order() {
    let html = render(&report()).unwrap();
    let mut ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let before = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), before, "an id occurs twice");
    let levels: Vec<u32> = html
        .split("<h")
        .skip(1)
        .filter_map(|rest| rest.chars().next().and_then(|level| level.to_digit(10)))
        .collect();
    assert_eq!(levels[0], 1);
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "a heading level is skipped: {levels:?}");
}

#[test]
fn figures_with_scripts_are_refused() {
    for svg in [
        "<svg><script>alert(1)</script></svg>",
        "<svg><rect onload=\"alert(1)\"/></svg>",
        "<svg><image href=\"http://example.org\"/></svg>",
        "not a drawing",
    ] {
        let mut report = report();
        report.survival[0].figure = Figure {
            svg: svg.to_owned(),
            alt_text: "curve".to_owned(),
            width: 1.0,
            height: 1.0,
            texts: Vec::new(),
        };
        assert!(matches!(render(&report), Err(ReportError::UnsafeFigure { .. })), "{svg}");
    }
}

#[test]
fn report_survives_json_and_renders_the_same_bytes() {
    let report = report();
    let json = serde_json::to_string(&report).unwrap();
    let back: Report = serde_json::from_str(&json).unwrap();
    // The places of texts are for checks of a drawing and not part of its file.
    assert_eq!(serde_json::to_string(&back).unwrap(), json);
    assert_eq!(render(&back).unwrap(), render(&report).unwrap());
}

/// The trail from a pooled number to the pixel: each link of it leads to an anchor that is there.
#[test]
fn pooled_rows_lead_to_trial_curve_and_pixel() {
    let html = render(&report()).unwrap();
    let ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let targets: Vec<&str> =
        html.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for target in &targets {
        assert!(ids.contains(target), "a link leads to #{target}, which is nowhere");
    }
    let (_, survival) = html.split_once(r#"<section id="survival""#).unwrap();
    assert!(
        survival.contains(r##"<a href="#trial-wirth2021">"##),
        "the row of a pooled curve leads to its trial"
    );
    let (_, sources) = html.split_once(r#"<h3 id="trial-wirth2021">"#).unwrap();
    assert!(sources.contains(r##"<a href="#curve-1-1-1">1 corners of the traced curve"##));
    let (_, curve) = html.split_once(r#"id="curve-1-1-1""#).unwrap();
    assert!(curve.contains("<td>1.25<td>0.97<td>104.5<td>61"), "time, survival and pixels of the corner");
}

#[test]
fn figures_are_numbered_in_order_and_can_be_enlarged() {
    let html = render(&report()).unwrap();
    let figures = html.matches("<figure ").count();
    for number in 1..=figures {
        assert!(html.contains(&format!(r##"<a class="enlarge" href="#zoom-{number}""##)), "figure {number}");
        assert!(html.contains(&format!("<figcaption>Figure {number}. ")), "figure {number}");
    }
}

/// Of 1000 patients, 200 have the event in the control arm; with an odds ratio of 0.5 there are 111 in the other:
/// 200 * 0.5 / (1 - 0.2 + 0.2 * 0.5) / 1000.
#[test]
fn absolute_risks_follow_from_the_control_risk() {
    let mut report = report();
    let result = &mut report.effects[0].result;
    result.measure = EffectMeasure::LogOddsRatio;
    result.random.shown = 0.5;
    result.random.shown_interval = Interval { lower: 0.25, upper: 1.0 };
    for study in &mut result.studies {
        (study.events, study.total) = (Some(1), Some(50));
        (study.control_events, study.control_total) = (Some(10), Some(50));
    }
    let html = render(&report).unwrap();
    assert!(html.contains("200 in the control arm, 111 [59, 200] in the other"));
}

#[test]
fn tables_can_be_pasted_without_the_report() {
    let html = render_tables(&report()).unwrap();
    assert!(html.contains("Landmark &lt;survival&gt;") && html.contains("0.6278 [0.4675, 0.8432]"));
    assert!(!html.contains("<script") && !html.contains("class="), "the styles stand in the cells");
    assert_eq!(html.matches("<table ").count(), html.matches("</table>").count());
}
