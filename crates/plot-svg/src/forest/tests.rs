use kmeta_trial_data::EffectMeasure::{FreemanTukey, LogHazardRatio, LogOddsRatio};
use kmeta_trial_data::{Interval, PooledEffect};

use super::{EstimateForest, EstimateMark, EstimateRow, estimate_forest, forest_plot};
use crate::test_data::{assert_figure_is_readable, effect};
use crate::{ForestColumn, ForestLayout, ForestOptions, FurtherColumn};

fn plain(index: u32) -> String {
    format!("Study {} {}", index + 1, 2000 + index)
}

fn check(result: &PooledEffect, options: &ForestOptions) {
    assert_figure_is_readable(&forest_plot(result, options));
}

#[test]
fn texts_are_apart_with_any_number_of_studies() {
    let options = ForestOptions::default();
    for studies in [1, 2, 6, 120] {
        check(&effect(FreemanTukey, studies, &[], plain), &options);
        check(&effect(LogHazardRatio, studies, &[], plain), &options);
    }
    check(&effect(FreemanTukey, 6, &[1, 1, 1, 3], plain), &options);
    check(&effect(LogHazardRatio, 120, &[60, 59, 1], plain), &options);
}

#[test]
fn long_and_accented_names_are_wrapped() {
    let long = |index: u32| {
        format!(
            "Groupe Coopérateur Multidisciplinaire en Oncologie, étude randomisée à l'échelle européenne {index} 试验"
        )
    };
    let options = ForestOptions {
        effect_heading: "Objective response rate, confirmed, by RECIST 1.1".to_owned(),
        favours_left: "favours the combination of an antiangiogenic agent with a checkpoint inhibitor"
            .to_owned(),
        favours_right: "favours control".to_owned(),
        note: "Stand-in figures: ".repeat(20),
        ..ForestOptions::default()
    };
    check(&effect(FreemanTukey, 7, &[3, 4], long), &options);
    check(&effect(LogHazardRatio, 7, &[3, 4], long), &options);
    let narrow = ForestOptions { study_width_max: 60.0, show_weights: false, show_common: false, ..options };
    check(&effect(LogHazardRatio, 7, &[], long), &narrow);
}

#[test]
fn a_subgroup_of_one_study_has_no_diamond() {
    let result = effect(FreemanTukey, 6, &[1, 1, 1, 3], plain);
    let figure = forest_plot(&result, &ForestOptions::default());
    let diamonds = figure.svg.matches("<polygon").count();
    assert_eq!(diamonds, 3, "one subgroup of three studies, common and random effects");
    assert_eq!(figure.svg.matches("Subtotal").count(), 1);
}

#[test]
fn intervals_beyond_the_axis_become_arrows() {
    let mut result = effect(LogHazardRatio, 2, &[], plain);
    let options = ForestOptions { show_common: false, show_random: false, ..ForestOptions::default() };
    let before = forest_plot(&result, &options).svg.matches("<polygon").count();
    result.studies[0].estimate.shown_interval = Interval { lower: 0.0, upper: f64::INFINITY };
    let after = forest_plot(&result, &options).svg.matches("<polygon").count();
    assert_eq!((before, after), (0, 2));
}

#[test]
fn numbers_that_are_none_do_not_break_the_figure() {
    let mut result = effect(LogHazardRatio, 2, &[], plain);
    result.studies[0].estimate.shown = f64::NAN;
    result.studies[0].estimate.shown_interval = Interval { lower: f64::NAN, upper: f64::NAN };
    let wrong = ForestOptions { axis_limits: Some([0.0, -1.0]), ..ForestOptions::default() };
    let figure = forest_plot(&result, &wrong);
    assert!(!figure.svg.contains("NaN") && !figure.svg.contains("inf"), "{}", figure.svg);
}

#[test]
fn alt_text_states_the_result() {
    let figure = forest_plot(&effect(FreemanTukey, 6, &[], plain), &ForestOptions::default());
    assert_eq!(
        figure.alt_text,
        "Forest plot of Made-up response rate: 6 studies. Random-effects proportion 0.32 (95% interval 0.20 to 0.44). I² is 46.0%."
    );
}

const LAYOUTS: [ForestLayout; 4] =
    [ForestLayout::Plain, ForestLayout::Revman5, ForestLayout::Jama, ForestLayout::Bmj];

/// Counts of two arms with tests of the pooled effects.
fn two_arms(studies: u32, subgroups: &[u32]) -> PooledEffect {
    let mut result = effect(LogOddsRatio, studies, subgroups, |index| format!("Étude {index} 试验"));
    for (index, study) in (0..).zip(&mut result.studies) {
        (study.events, study.total) = (Some(index % 8), Some(20 + 3 * index));
        (study.control_events, study.control_total) = (Some(index % 6 + 2), Some(25 + index));
    }
    let tested = |estimate: &mut kmeta_trial_data::Estimate| {
        (estimate.statistic, estimate.p_value) = (Some(-2.41), Some(0.016));
    };
    tested(&mut result.random);
    tested(&mut result.common);
    result.subgroups.iter_mut().for_each(|subgroup| tested(&mut subgroup.random));
    result
}

#[test]
fn every_layout_is_readable() {
    for layout in LAYOUTS {
        for (studies, subgroups) in [(2, vec![]), (6, vec![1, 2, 3]), (120, vec![60, 60])] {
            for show_common in [false, true] {
                let options = ForestOptions {
                    layout,
                    show_common,
                    decision_lines: vec![0.8],
                    favours_left: "favours the combination".to_owned(),
                    favours_right: "favours control".to_owned(),
                    ..ForestOptions::default()
                };
                check(&two_arms(studies, &subgroups), &options);
                check(&effect(FreemanTukey, studies, &subgroups, plain), &options);
                let narrow = ForestOptions { width: Some(500.0), ..options };
                check(&two_arms(studies, &subgroups), &narrow);
            }
        }
    }
}

#[test]
fn layouts_print_what_their_journals_do() {
    let result = two_arms(6, &[3, 3]);
    let svg = |layout| {
        let options = ForestOptions { layout, show_common: false, ..ForestOptions::default() };
        forest_plot(&result, &options).svg
    };
    let revman = svg(ForestLayout::Revman5);
    for text in [
        "Study or Subgroup",
        "Odds Ratio",
        "IV, Random, 95% CI",
        "Subtotal (95% CI)",
        "Total (95% CI)",
        "Heterogeneity: Tau² = 0.01; Chi² = 9.25, df = 5 (P = 0.10); I² = 46%",
        "Test for overall effect: Z = −2.41 (P = 0.02)",
        "Test for subgroup differences: Chi² = 4.36, df = 3 (P = 0.23), I² = 31.2%",
    ] {
        assert!(revman.contains(text), "{text} is missing");
    }
    let jama = svg(ForestLayout::Jama);
    for text in
        ["Source", "Heterogeneity: χ²₅ = 9.25 (P = .10), I² = 46%", "overall effect: z = −2.41 (P = .02)"]
    {
        assert!(jama.contains(text), "{text} is missing");
    }
    let bmj = svg(ForestLayout::Bmj);
    assert!(bmj.contains("Test for heterogeneity: τ² = 0.01, χ² = 9.25, df = 5, P = 0.10, I² = 46%"));
    assert!(bmj.contains(" to "));
}

#[test]
fn columns_are_the_users_choice() {
    let result = two_arms(3, &[]);
    let year = FurtherColumn {
        heading: "Year".to_owned(),
        right: false,
        values: [("trial0".to_owned(), "1998".to_owned()), ("trial2".to_owned(), "2021".to_owned())].into(),
    };
    let bias = FurtherColumn {
        heading: "Risk of bias".to_owned(),
        right: true,
        values: [("trial1".to_owned(), "some concerns".to_owned())].into(),
    };
    let options = ForestOptions {
        columns_left: Some(vec![ForestColumn::StandardError, ForestColumn::EventsOfTotal]),
        columns_right: Some(vec![ForestColumn::EffectAndInterval]),
        further_columns: vec![bias, year],
        ..ForestOptions::default()
    };
    let figure = forest_plot(&result, &options);
    assert_figure_is_readable(&figure);
    let place = |text: &str| {
        figure
            .texts
            .iter()
            .find(|place| place.text == text)
            .unwrap_or_else(|| panic!("{text} is missing"))
            .left
    };
    assert!(place("1998") < place("0/20") && place("0/20") < place("some concerns"));
    assert!(figure.texts.iter().all(|place| place.text != "Weight"));
}

#[test]
fn a_forest_is_as_wide_as_asked() {
    for width in [700.0, 900.0] {
        let options = ForestOptions { width: Some(width), ..ForestOptions::default() };
        assert_eq!(forest_plot(&effect(FreemanTukey, 6, &[], plain), &options).width, width);
    }
}

#[test]
fn estimates_that_are_no_studies_make_a_forest() {
    let row = |index: u32| EstimateRow {
        label: format!("Omitting étude {index} 试验 du groupe coopérateur"),
        estimate: (index != 3).then_some(0.5 + 0.01 * f64::from(index)),
        interval: (index != 3).then(|| Interval { lower: 0.4, upper: 0.7 + 0.01 * f64::from(index) }),
        cells: vec![if index == 3 { "not fitted".to_owned() } else { "46%".to_owned() }],
        mark: EstimateMark::Square,
    };
    for count in [1, 6, 120] {
        let mut rows =
            vec![EstimateRow { label: "Leave one out".to_owned(), mark: EstimateMark::Heading, ..row(0) }];
        rows[0].estimate = None;
        rows.extend((0..count).map(row));
        rows.push(EstimateRow { label: "All studies".to_owned(), mark: EstimateMark::Diamond, ..row(1) });
        let forest = EstimateForest {
            title: "Response".to_owned(),
            measure: FreemanTukey,
            confidence_level: 0.95,
            label_heading: "Omitted study".to_owned(),
            columns: vec!["I²".to_owned()],
            rows,
            center: Some(0.51),
            footer: vec!["Random-effects means.".to_owned()],
        };
        for layout in LAYOUTS {
            let options = ForestOptions { layout, ..ForestOptions::default() };
            assert_figure_is_readable(&estimate_forest(&forest, &options));
        }
    }
}

#[test]
fn small_forest_plot_snapshot() {
    insta::assert_snapshot!(
        forest_plot(&effect(FreemanTukey, 3, &[2, 1], plain), &ForestOptions::default()).svg
    );
}

#[test]
fn small_hazard_ratio_snapshot() {
    let options = ForestOptions {
        favours_left: "favours combination".to_owned(),
        favours_right: "favours control".to_owned(),
        ..ForestOptions::default()
    };
    insta::assert_snapshot!(forest_plot(&effect(LogHazardRatio, 2, &[], plain), &options).svg);
}
