//! Digitizes the figures of the worked examples and compares them with the cohorts they were drawn from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage};
use kmeta_figure_digitize::{DigitizeOptions, digitize};
use kmeta_figure_source::read_figure;
use kmeta_label_reader::LabelReader;
use kmeta_trial_data::{
    DigitizedArm, DigitizedFigure, FigureSource, Panel, StepCurve, TimeUnit, Verdict, sha256_hex,
};

/// Largest mean absolute error of S that an example figure may have.
const CURVE_TOLERANCE: f64 = 0.01;

/// One arm's patients: times, and whether the time is an event.
type Cohort = Vec<(f64, bool)>;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn cohorts(study: &str, name: &str) -> BTreeMap<String, Cohort> {
    let file = fixtures().join(study).join("cohorts").join(format!("{name}.csv"));
    let mut arms: BTreeMap<String, Cohort> = BTreeMap::new();
    for row in csv::Reader::from_path(file).unwrap().records() {
        let row = row.unwrap();
        arms.entry(row[0].to_owned()).or_default().push((row[1].parse().unwrap(), &row[2] == "1"));
    }
    arms
}

/// The Kaplan-Meier curve of a cohort.
fn kaplan_meier(cohort: &Cohort) -> StepCurve {
    let mut event_times: Vec<f64> =
        cohort.iter().filter(|patient| patient.1).map(|patient| patient.0).collect();
    event_times.sort_by(f64::total_cmp);
    event_times.dedup();
    let mut survival = 1.0;
    let (mut times, mut levels) = (vec![0.0], vec![1.0]);
    for time in event_times {
        let at_risk = cohort.iter().filter(|patient| patient.0 >= time).count() as f64;
        let events = cohort.iter().filter(|patient| patient.1 && patient.0 == time).count() as f64;
        survival *= 1.0 - events / at_risk;
        times.push(time);
        levels.push(survival);
    }
    StepCurve::new(times, levels).unwrap()
}

fn digitize_file(study: &str, file: &str, reader: &LabelReader) -> DigitizedFigure {
    digitize_changed(study, file, reader, |image| image)
}

/// Digitizes a figure whose pixels were changed before.
fn digitize_changed(
    study: &str,
    file: &str,
    reader: &LabelReader,
    change: impl Fn(RgbImage) -> RgbImage,
) -> DigitizedFigure {
    let bytes = std::fs::read(fixtures().join(study).join("figures").join(file)).unwrap();
    let mut page = read_figure(&bytes).unwrap().remove(0);
    page.image = change(page.image);
    let source = FigureSource {
        file: file.to_owned(),
        sha256: sha256_hex(&bytes),
        format: page.format.clone(),
        page: page.page,
        width: page.image.width(),
        height: page.image.height(),
        pixels_per_inch: page.pixels_per_inch,
        picture: None,
    };
    digitize(&page, source, reader, &DigitizeOptions::default())
}

fn check_arm(panel: &Panel, index: usize, arm: &DigitizedArm, name: &str, cohort: &Cohort) {
    let end = cohort.iter().map(|patient| patient.0).fold(0.0, f64::max);
    let error = arm.curve.mean_absolute_difference(&kaplan_meier(cohort), end);
    assert!(error <= CURVE_TOLERANCE, "{name}: curve error {error}");
    let span = panel.axes.x.ticks.last().unwrap().value;
    assert!((arm.curve_end - end).abs() <= 0.01 * span, "{name}: curve ends at {}, not {end}", arm.curve_end);
    let table = panel.risk_table.as_ref().unwrap_or_else(|| panic!("{name}: no risk table"));
    let row = &table.rows[table.row_of_arm(index).unwrap_or_else(|| panic!("{name}: no risk row"))];
    let expected: Vec<Option<u32>> = table
        .times
        .iter()
        .map(|&time| Some(cohort.iter().filter(|patient| patient.0 >= time).count() as u32))
        .collect();
    assert_eq!(row.counts, expected, "{name}: numbers at risk");
    assert_eq!(table.times.len(), panel.axes.x.ticks.len(), "{name}: every tick has a column");
}

fn check_figure(study: &str, file: &str) {
    let reader = LabelReader::new().unwrap();
    let name = file.split('.').next().unwrap();
    let figure = digitize_file(study, file, &reader);
    assert_eq!(figure.verdict, Verdict::Ok, "{file}: {:?} {:?}", figure.checks, figure.findings);
    assert_eq!(figure.panels.len(), 1, "{file}");
    let panel = &figure.panels[0];
    assert_eq!(panel.axes.x.unit, Some(TimeUnit::Months), "{file}: title {}", panel.axes.x.title);
    let cohorts = cohorts(study, name);
    assert_eq!(panel.arms.len(), cohorts.len(), "{file}: arms found");
    for (index, arm) in panel.arms.iter().enumerate() {
        // A single arm may have no name in the figure.
        let cohort = if cohorts.len() == 1 {
            cohorts.values().next().unwrap()
        } else {
            cohorts.get(&arm.label).unwrap_or_else(|| panic!("{file}: no arm is named {:?}", arm.label))
        };
        check_arm(panel, index, arm, &format!("{file} {}", arm.label), cohort);
    }
}

#[test]
fn single_arm_black_with_dashed_confidence_lines() {
    check_figure("atc-tki", "bible2012-os.png");
    check_figure("atc-tki", "bible2012-pfs.png");
}

#[test]
fn jpeg_with_percent_axis_and_dashed_confidence_lines() {
    check_figure("atc-tki", "savvides2013-os.jpg");
    check_figure("atc-tki", "savvides2013-pfs.jpg");
}

#[test]
fn shaded_confidence_band() {
    check_figure("atc-tki", "tahara2017-os.png");
    check_figure("atc-tki", "tahara2017-pfs.png");
}

#[test]
fn coloured_line_with_framed_risk_table() {
    check_figure("atc-tki", "wirth2021-os.png");
    check_figure("atc-tki", "wirth2021-pfs.png");
}

#[test]
fn vector_pdf_drawn_by_a_rasterizer() {
    check_figure("atc-tki", "higashiyama2022-os.pdf");
}

#[test]
fn two_arms_that_cross() {
    check_figure("antiangiogenic-two-arm", "gao2025-os.png");
    check_figure("antiangiogenic-two-arm", "gao2025-pfs.png");
}

#[test]
fn two_arms_with_legend_inside_the_plot() {
    check_figure("antiangiogenic-two-arm", "alter1102-pfs.png");
}

#[test]
fn censor_marks_are_found_in_time() {
    let reader = LabelReader::new().unwrap();
    let figure = digitize_file("atc-tki", "wirth2021-os.png", &reader);
    let mut censored: Vec<f64> = cohorts("atc-tki", "wirth2021-os")["all"]
        .iter()
        .filter(|patient| !patient.1)
        .map(|patient| patient.0)
        .collect();
    censored.sort_by(f64::total_cmp);
    censored.dedup();
    let found = &figure.panels[0].arms[0].censor_times;
    assert_eq!(found.len(), censored.len(), "{found:?} {censored:?}");
    for (found, truth) in found.iter().zip(&censored) {
        assert!((found - truth).abs() < 0.08, "mark at {found}, patient at {truth}");
    }
}

/// The picture turned clockwise about its centre, on white.
fn turned(image: &RgbImage, degrees: f64) -> RgbImage {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let (width, height) = (f64::from(image.width()), f64::from(image.height()));
    let pixel = |x: f64, y: f64| {
        let within = x >= 0.0 && y >= 0.0 && x < width && y < height;
        if within { image.get_pixel(x as u32, y as u32).0.map(f64::from) } else { [255.0; 3] }
    };
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let (across, down) = (f64::from(x) + 0.5 - width / 2.0, f64::from(y) + 0.5 - height / 2.0);
        let (sx, sy) = (
            width / 2.0 + across * cosine + down * sine - 0.5,
            height / 2.0 - across * sine + down * cosine - 0.5,
        );
        let (left, top) = (sx.floor(), sy.floor());
        let (right_share, lower_share) = (sx - left, sy - top);
        let mut mixed = [0.0; 3];
        for (column, row, share) in [
            (left, top, (1.0 - right_share) * (1.0 - lower_share)),
            (left + 1.0, top, right_share * (1.0 - lower_share)),
            (left, top + 1.0, (1.0 - right_share) * lower_share),
            (left + 1.0, top + 1.0, right_share * lower_share),
        ] {
            for (sum, channel) in mixed.iter_mut().zip(pixel(column, row)) {
                *sum += share * channel;
            }
        }
        Rgb(mixed.map(|value: f64| value.round() as u8))
    })
}

#[test]
fn a_turned_scan_is_set_upright() {
    let reader = LabelReader::new().unwrap();
    let file = "wirth2021-os.png";
    let straight = digitize_file("atc-tki", file, &reader);
    assert_eq!(straight.rotation, None);
    let figure = digitize_changed("atc-tki", file, &reader, |image| turned(&image, 1.3));
    // Turning the picture for the test blurs it: a digit of the risk table may be doubtful then, the curve may not.
    let cohort = &cohorts("atc-tki", "wirth2021-os")["all"];
    let end = cohort.iter().map(|patient| patient.0).fold(0.0, f64::max);
    let [arm] = figure.panels[0].arms.as_slice() else { panic!("{} arms", figure.panels[0].arms.len()) };
    let error = arm.curve.mean_absolute_difference(&kaplan_meier(cohort), end);
    assert!(error <= CURVE_TOLERANCE, "curve error {error}");
    assert!((figure.rotation.unwrap().degrees - 1.3).abs() < 0.1);
    // The corner of the axes is found where the turning has put it.
    let corner = |figure: &DigitizedFigure| {
        let axes = &figure.panels[0].axes;
        figure.page_point((axes.x.pixel_at(0.0), axes.y.pixel_at(0.0)))
    };
    let (x, y) = corner(&straight);
    let (sine, cosine) = 1.3_f64.to_radians().sin_cos();
    let (half_width, half_height) =
        (f64::from(straight.source.width) / 2.0, f64::from(straight.source.height) / 2.0);
    let (across, down) = (x - half_width, y - half_height);
    let expected = (half_width + across * cosine - down * sine, half_height + across * sine + down * cosine);
    let found = corner(&figure);
    let distance = (found.0 - expected.0).hypot(found.1 - expected.1);
    assert!(distance < 1.5, "{found:?} {expected:?}");
}
