//! What a person states about a figure wins over what was read, and what was read stays recorded.

mod support;

use kmeta_figure_digitize::digitize_with_overrides;
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{FigureOverrides, Origin, Verdict};

use support::{paint, picture, read};

fn stated(json: &str) -> FigureOverrides {
    let overrides: FigureOverrides = serde_json::from_str(json).unwrap();
    assert_eq!(overrides.mistakes(), [""; 0]);
    overrides
}

#[test]
fn a_refused_figure_is_read_with_the_statement_that_it_asks_for() {
    let reader = LabelReader::new().unwrap();
    let mut page = picture("atc-tki/figures/wirth2021-os.png");
    let known = read(&page, &reader);
    let (width, height) = page.image.dimensions();
    // No tick label is left on either axis.
    paint(&mut page.image, 0..100, 0..height, [255; 3]);
    paint(&mut page.image, 0..width, 830..height, [255; 3]);
    let automatic = read(&page, &reader);
    assert_eq!(automatic.verdict, Verdict::Refused);
    let message = &automatic.findings[0].message;
    let from = message.find("\"overrides\": ").unwrap() + "\"overrides\": ".len();
    let to = message.rfind('}').unwrap() + 1;
    let mut overrides = stated(&message[from..to]);
    let axes = &known.panels[0].axes;
    for point in &mut overrides.panels[0].x_axis {
        point.value = axes.x.value_at(point.pixel);
    }
    for point in &mut overrides.panels[0].y_axis {
        point.value = axes.y.value_at(point.pixel);
    }
    let figure = digitize_with_overrides(&page, automatic, &reader, &overrides);
    assert_eq!(figure.panels.len(), 1, "{:?}", figure.findings);
    let panel = &figure.panels[0];
    assert_eq!((panel.axes.x.origin, panel.axes.y.origin), (Origin::Human, Origin::Human));
    let error = panel.arms[0].curve.mean_absolute_difference(&known.panels[0].arms[0].curve, 16.0);
    assert!(error < 0.003, "curve error {error}");
    assert_eq!(figure.automatic.unwrap().verdict, Verdict::Refused);
    assert_eq!(*figure.overrides.unwrap(), overrides);
}

#[test]
fn arms_names_cells_and_marks_as_a_person_states_them() {
    let reader = LabelReader::new().unwrap();
    let page = picture("antiangiogenic-two-arm/figures/gao2025-os.png");
    let automatic = read(&page, &reader);
    let arms = &automatic.panels[0].arms;
    let (kept, dropped) = (arms[0].clone(), arms[1].clone());
    let mark = kept.censor_times[0];
    let time = automatic.panels[0].risk_table.as_ref().unwrap().times[1];
    let overrides = stated(&format!(
        r##"{{"by": "A. Reader", "accepted": {{"by": "A. Reader", "reason": "compared"}}, "panels": [{{
            "arms": [{{"arm": {kept_label:?}, "name": "First arm"}}],
            "risk_cells": [{{"arm": "First arm", "time": {time}, "number": 7}},
                           {{"arm": 0, "time": 1.5, "number": 9}}],
            "censor_marks": [{{"arm": "First arm", "added": [0.5], "removed": [{mark}]}}],
            "drop_arms": [{dropped_color:?}]}}]}}"##,
        kept_label = kept.label,
        dropped_color = dropped.color,
    ));
    let figure = digitize_with_overrides(&page, automatic.clone(), &reader, &overrides);
    let panel = &figure.panels[0];
    let [arm] = panel.arms.as_slice() else { panic!("{} arms", panel.arms.len()) };
    assert_eq!(arm.label, "First arm");
    assert_eq!(arm.curve, kept.curve, "the curve itself is as it was read");
    assert!(arm.censor_times.contains(&0.5) && !arm.censor_times.contains(&mark));
    let table = panel.risk_table.as_ref().unwrap();
    let row = &table.rows[table.row_of_arm(0).unwrap()];
    let column = table.times.iter().position(|other| *other == time).unwrap();
    assert_eq!((row.counts[column], row.cells[column].origin), (Some(7), Origin::Human));
    assert_eq!(table.times[1], 1.5, "a new column");
    assert_eq!(table.rows.len(), 1);
    assert_eq!(figure.verdict, Verdict::Ok, "accepted");
    assert!(figure.checks.iter().any(|check| check.name == "accepted-by-person"));
    assert_eq!(figure.automatic.unwrap().panels, automatic.panels);
}

#[test]
fn a_curve_is_led_through_way_points_and_below_a_mask() {
    let reader = LabelReader::new().unwrap();
    let mut page = picture("atc-tki/figures/wirth2021-os.png");
    let known = read(&page, &reader);
    let curve = &known.panels[0].arms[0].curve;
    // A black bar that the curve could follow, and a blot upon the curve.
    paint(&mut page.image, 600..1300, 640..646, [178, 24, 43]);
    paint(&mut page.image, 560..640, 500..600, [0; 3]);
    let automatic = read(&page, &reader);
    let axes = &known.panels[0].axes;
    let point = |time: f64| (axes.x.pixel_at(time), axes.y.pixel_at(curve.survival_at(time)));
    let ((c1, r1), (c2, r2)) = (point(8.5), point(14.0));
    let overrides = stated(&format!(
        r##"{{"masks": [{{"left": 550, "top": 490, "right": 650, "bottom": 610}}],
             "panels": [{{"number_of_arms": 1, "way_points": [{{"arm": 0, "points": [[{c1}, {r1}], [{c2}, {r2}]]}}]}}]}}"##
    ));
    let figure = digitize_with_overrides(&page, automatic, &reader, &overrides);
    let [arm] = figure.panels[0].arms.as_slice() else { panic!("{:?}", figure.findings) };
    let error = arm.curve.mean_absolute_difference(curve, 16.0);
    assert!(error < 0.01, "curve error {error}");
}

#[test]
fn a_statement_that_cannot_be_met_is_an_error_finding() {
    let reader = LabelReader::new().unwrap();
    let page = picture("atc-tki/figures/wirth2021-os.png");
    let automatic = read(&page, &reader);
    let overrides = stated(
        r##"{"panels": [{"panel": 0, "number_of_arms": 3, "risk_cells": [{"arm": "Nobody", "time": 3, "number": 1}],
              "way_points": [{"arm": 0, "points": [[500, 500], [900, 200]]}]},
             {"panel": 4, "number_of_arms": 1}]}"##,
    );
    let figure = digitize_with_overrides(&page, automatic, &reader, &overrides);
    let codes: Vec<&str> = figure.findings.iter().map(|finding| finding.code.as_str()).collect();
    for code in ["arms-not-found", "override-of-unknown-arm", "way-points-missed", "overrides-unused"] {
        assert!(codes.contains(&code), "{code} missing in {codes:?}");
    }
    assert_eq!(figure.panels[0].arms.len(), 1, "what was read is kept");
}
