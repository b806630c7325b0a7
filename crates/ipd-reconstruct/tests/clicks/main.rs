//! Files of digitizing programs, and bytes that are none.

use kmeta_ipd_reconstruct::clicks::{
    ClickCurve, ClickFormat, ClicksError, ImportOptions, SurvivalScale, import_clicks, parse_table,
    parse_webplotdigitizer_project,
};
use kmeta_trial_data::TimeUnit;
use proptest::prelude::*;
use serde_json::Value;

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/../../fixtures/clicks/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn options(file: &str, scale: SurvivalScale) -> ImportOptions {
    ImportOptions { file: file.to_owned(), scale, ..ImportOptions::default() }
}

/// The clicks that the files were written from.
fn truth(arm: &str) -> (Vec<f64>, Vec<f64>) {
    let truth: Value = serde_json::from_slice(&fixture("truth.json")).expect("JSON");
    let column = |name: &str| -> Vec<f64> {
        truth[arm][name]
            .as_array()
            .expect("a column")
            .iter()
            .map(|number| number.as_f64().expect("a number"))
            .collect()
    };
    (column("times"), column("survival"))
}

fn assert_curve(curve: &ClickCurve, arm: &str, file: &str) {
    let (times, survival) = truth(arm);
    assert_eq!(curve.clicks.len(), times.len(), "{file}, {arm}");
    for ((time, value), (expected_time, expected)) in curve.clicks.points().zip(times.iter().zip(&survival)) {
        // Decimal digits and a division by 100; nothing is lost in between.
        assert!((time - expected_time).abs() < 1e-12, "{file}, {arm}: {time} instead of {expected_time}");
        assert!((value - expected).abs() < 1e-12, "{file}, {arm}: {value} instead of {expected}");
    }
}

#[test]
fn every_layout_gives_the_same_clicks() {
    use SurvivalScale::{Fraction, IncidencePercent, Percent};
    let both = &["Drug", "Placebo"][..];
    for (file, names, scale) in [
        ("webplotdigitizer.json", both, Percent),
        ("webplotdigitizer-pixels.json", both, Percent),
        ("webplotdigitizer-all.csv", both, Percent),
        ("webplotdigitizer-one.csv", &[""], Percent),
        ("webplotdigitizer-one-decimal-comma.csv", &[""], Percent),
        ("digitizeit.csv", both, Fraction),
        ("digitizeit-latin-1.txt", &["Überleben [%]"], Percent),
        ("scanit.txt", &[""], Percent),
        ("scanit-utf-16.txt", &[""], Percent),
        ("ipdfromkm.csv", &[""], Percent),
        ("incidence.csv", &[""], IncidencePercent),
        ("survhe.txt", &[""], Fraction),
    ] {
        for stated in [SurvivalScale::Auto, scale] {
            let imported = import_clicks(&fixture(file), &options(file, stated)).expect(file);
            let curves = &imported.curves;
            assert_eq!(curves.iter().map(|curve| curve.name.as_str()).collect::<Vec<_>>(), names, "{file}");
            for (curve, arm) in curves.iter().zip(both) {
                assert_curve(curve, arm, file);
                assert_eq!(curve.scale, scale, "{file}");
            }
            let detected = imported.findings.iter().any(|finding| finding.code == "survival-scale-detected");
            assert_eq!(detected, stated == SurvivalScale::Auto, "{file}: {:?}", imported.findings);
            assert!(imported.findings.iter().all(|finding| finding.place.starts_with(file)), "{file}");
        }
    }
}

#[test]
fn times_are_converted() {
    let options = ImportOptions {
        time_unit: TimeUnit::Years,
        convert_to: Some(TimeUnit::Months),
        ..ImportOptions::default()
    };
    let curves = import_clicks(b"0,1\n1.5,0.8\n", &options).expect("a table").curves;
    assert_eq!((curves[0].clicks.times(), curves[0].time_unit), (&[0.0, 18.0][..], TimeUnit::Months));
}

#[test]
fn errors_name_the_file() {
    let error = import_clicks(b"time,survival\n0,1\n2,O.9\n", &options("arm.csv", SurvivalScale::Auto));
    assert_eq!(
        error.expect_err("a letter for a zero").to_string(),
        "arm.csv: row 3, column 2: found `O.9`, expected a number with the decimal sign of the other numbers and \
         no unit"
    );
    let error = import_clicks(b"0,1.2\n2,0.9\n", &options("arm.csv", SurvivalScale::Auto));
    assert!(matches!(error, Err(ClicksError::InFile { source, .. })
        if matches!(*source, ClicksError::ScaleAmbiguous { .. })));
}

/// Text that looks like a table often enough to reach every part of the readers.
fn table_like() -> impl Strategy<Value = Vec<u8>> {
    let cell = prop_oneof![
        "-?[0-9]{1,3}([.,][0-9]{1,3})?",
        Just("X".to_owned()),
        Just("Y".to_owned()),
        Just("time".to_owned()),
        Just("survival".to_owned()),
        Just(String::new()),
        Just("NA".to_owned()),
        "[a-zé\"#%]{1,4}",
    ];
    let separator = prop_oneof![Just(","), Just(";"), Just("\t"), Just(" "), Just(", "), Just("|")];
    (proptest::collection::vec(proptest::collection::vec(cell, 0..6), 0..12), separator).prop_map(
        |(rows, separator)| {
            rows.iter().map(|cells| cells.join(separator)).collect::<Vec<_>>().join("\n").into_bytes()
        },
    )
}

fn project_like() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![
        "-?[0-9]{1,3}",
        Just("null".to_owned()),
        Just("1e300".to_owned()),
        Just("\"2\"".to_owned())
    ];
    (proptest::collection::vec(number, 14), "XYAxes|PolarAxes|", any::<bool>()).prop_map(|(n, kind, log)| {
        let value = if log { "null".to_owned() } else { format!("[{}, {}]", n[12], n[13]) };
        format!(
            r#"{{"axesColl": [{{"name": "XY", "type": "{kind}", "isLogY": {log}, "calibrationPoints": [
            {{"px": {}, "py": {}, "dx": {}}}, {{"px": {}, "py": {}, "dx": {}}}, {{"px": {}, "py": {}, "dy": {}}},
            {{"px": 7, "py": {}, "dy": 8}}]}}], "datasetColl": [{{"name": "A", "axesName": "XY", "data": [
            {{"x": {}, "y": {}, "value": {value}}}]}}]}}"#,
            n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11],
        )
        .into_bytes()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_bytes_make_a_reader_panic(
        bytes in prop_oneof![proptest::collection::vec(any::<u8>(), 0..200), table_like(), project_like()],
        scale in prop_oneof![Just(SurvivalScale::Auto), Just(SurvivalScale::Percent), Just(SurvivalScale::Incidence)],
    ) {
        for parsed in [parse_table(&bytes), parse_webplotdigitizer_project(&bytes)].into_iter().flatten() {
            prop_assert!(!parsed.curves.is_empty());
            for curve in &parsed.curves {
                prop_assert!(!curve.times.is_empty() && curve.times.len() == curve.values.len());
                prop_assert!(curve.times.iter().chain(&curve.values).all(|number| number.is_finite()));
            }
        }
        for format in [ClickFormat::Auto, ClickFormat::Table, ClickFormat::WebplotdigitizerProject] {
            let options = ImportOptions { format, scale, ..ImportOptions::default() };
            if let Ok(imported) = import_clicks(&bytes, &options) {
                prop_assert!(imported.curves.iter().all(|curve| curve.scale != SurvivalScale::Auto));
            }
        }
    }

    /// What is written is read: as many clicks, in order, whatever the separator and the decimal sign.
    #[test]
    fn tables_are_read_as_written(
        points in proptest::collection::vec((0_u32..4000, 0_u32..=1000), 1..40),
        comma in any::<bool>(),
        separator in prop_oneof![Just(";"), Just("\t"), Just("; "), Just(" ")],
    ) {
        let number = |value: u32, digits: f64| {
            let text = format!("{:?}", f64::from(value) / digits);
            if comma { text.replace('.', ",") } else { text }
        };
        let lines = points.iter().map(|&(x, y)| format!("{}{separator}{}\n", number(x, 100.0), number(y, 1000.0)));
        let parsed = parse_table(lines.collect::<String>().as_bytes());
        let curve = &parsed.expect("a table").curves[0];
        let expected = points.iter().map(|&(x, y)| (f64::from(x) / 100.0, f64::from(y) / 1000.0));
        prop_assert!(curve.times.iter().copied().zip(curve.values.iter().copied()).eq(expected));
    }
}
