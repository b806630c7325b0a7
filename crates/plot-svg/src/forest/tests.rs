use kmeta_trial_data::EffectMeasure::{FreemanTukey, LogHazardRatio};
use kmeta_trial_data::{Interval, PooledEffect};

use super::{draw, forest_plot};
use crate::ForestOptions;
use crate::test_data::{assert_texts_are_apart, effect};

fn plain(index: u32) -> String {
    format!("Study {} {}", index + 1, 2000 + index)
}

fn check(result: &PooledEffect, options: &ForestOptions) {
    let (svg, width, height) = draw(result, options);
    assert_texts_are_apart(&svg, width, height);
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
