//! Files of clicks: any bytes give curves of finite numbers or an error, never a panic.

#![no_main]

use kmeta_ipd_reconstruct::clicks::{ClickFormat, ImportOptions, SurvivalScale, import_clicks};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, file)) = bytes.split_first() else { return };
    let formats = [ClickFormat::Auto, ClickFormat::WebplotdigitizerProject, ClickFormat::Table];
    let scales = [
        SurvivalScale::Auto,
        SurvivalScale::Percent,
        SurvivalScale::Fraction,
        SurvivalScale::Incidence,
        SurvivalScale::IncidencePercent,
    ];
    let options = ImportOptions {
        format: formats[usize::from(choice) % formats.len()],
        scale: scales[usize::from(choice) / formats.len() % scales.len()],
        ..ImportOptions::default()
    };
    if let Ok(imported) = import_clicks(file, &options) {
        assert!(!imported.curves.is_empty());
        for curve in imported.curves {
            let values = curve.clicks.times().iter().chain(curve.clicks.survival());
            assert!(values.copied().all(f64::is_finite));
        }
    }
});
