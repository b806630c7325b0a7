//! One figure in all the ways in which a PDF may hold it: every one of them gives the same curve, and a page without a
//! survival curve gives none.

#[path = "support/vector.rs"]
mod vector;

use std::fmt::Write as _;

use kmeta_trial_data::DigitizedFigure;
use vector::read_vector;

/// Coordinates are written as whole points; the calibration adds its rounding.
const EXACT: f64 = 1e-4;

/// Axes from 0 to 24 months and from 0 to 1 in a box of 240 by 200 points.
fn axes() -> String {
    let mut page = "1 w 60 60 240 200 re S\n".to_owned();
    for month in [0, 6, 12, 18, 24] {
        let column = 60 + 10 * month;
        let half = if month < 10 { 2.78 } else { 5.56 };
        let left = f64::from(column) - half;
        let _ = writeln!(page, "{column} 60 m {column} 54 l S BT /F1 10 Tf {left} 42 Td ({month}) Tj ET");
    }
    for (row, label) in [(60, "0.00"), (110, "0.25"), (160, "0.50"), (210, "0.75"), (260, "1.00")] {
        let base = f64::from(row) - 3.5;
        let _ = writeln!(page, "60 {row} m 54 {row} l S BT /F1 10 Tf 31 {base} Td ({label}) Tj ET");
    }
    page
}

/// The figure: 1 to month 4, 0.8 to month 9, 0.5 to month 20, one censored at month 14.
fn figure() -> String {
    axes()
        + "1 0 0 RG 1.5 w 60 260 m 100 260 l 100 220 l 150 220 l 150 160 l 260 160 l S\n200 156 m 200 164 l S\n"
}

const HELVETICA: &str = "<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>";

/// A PDF of one page with the given entries, operators and font; further objects are counted from 6.
fn pdf(entries: &str, operators: &str, font: &str, further: &[String]) -> Vec<u8> {
    let stream = |content: &str| format!("<</Length {}>>\nstream\n{content}\nendstream", content.len());
    let mut objects = vec![
        "<</Type /Catalog /Pages 2 0 R>>".to_owned(),
        "<</Type /Pages /Kids [3 0 R] /Count 1>>".to_owned(),
        format!(
            "<</Type /Page /Parent 2 0 R /Contents 4 0 R /Resources <</Font <</F1 5 0 R>> /XObject <</X 6 0 R>>>> {entries}>>"
        ),
        stream(operators),
        font.to_owned(),
    ];
    objects.extend_from_slice(further);
    let mut file = "%PDF-1.7\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in (1..).zip(&objects) {
        let _ = writeln!(table, "{:010} 00000 n ", file.len());
        let _ = write!(file, "{number} 0 obj\n{object}\nendobj\n");
    }
    let start = file.len();
    let _ =
        write!(file, "{table}trailer <</Size {} /Root 1 0 R>>\nstartxref\n{start}\n%%EOF", objects.len() + 1);
    file.into_bytes()
}

fn read(bytes: &[u8]) -> Option<DigitizedFigure> {
    read_vector("figure.pdf", bytes.to_vec())
}

fn assert_read(name: &str, bytes: &[u8]) -> DigitizedFigure {
    let figure = read(bytes).unwrap_or_else(|| panic!("{name}: no figure"));
    let arms: Vec<_> = figure.panels.iter().flat_map(|panel| &panel.arms).collect();
    let [arm] = arms.as_slice() else { panic!("{name}: {} arms", arms.len()) };
    let near = |found: &[f64], wanted: &[f64], error: f64| {
        found.len() == wanted.len() && found.iter().zip(wanted).all(|(a, b)| (a - b).abs() <= error)
    };
    assert!(near(arm.curve.survival(), &[1.0, 0.8, 0.5], EXACT), "{name}: {:?}", arm.curve);
    assert!(near(arm.curve.times(), &[0.0, 4.0, 9.0], 24.0 * EXACT), "{name}: {:?}", arm.curve);
    assert!(near(&arm.censor_times, &[14.0], 24.0 * EXACT), "{name}: {:?}", arm.censor_times);
    assert!((arm.curve_end - 20.0).abs() <= 24.0 * EXACT, "{name}: {}", arm.curve_end);
    for (level, (low, high)) in
        arm.curve.survival().iter().zip(arm.survival_lower.iter().zip(&arm.survival_upper))
    {
        assert!(low <= level && level <= high, "{name}: {low} {level} {high}");
    }
    figure.clone()
}

#[test]
fn one_figure_in_many_files() {
    let upright = "/MediaBox [0 0 360 300]";
    assert_read("plain", &pdf(upright, &figure(), HELVETICA, &[]));
    assert_read(
        "cut by a crop box",
        &pdf("/MediaBox [-100 -50 700 600] /CropBox [20 30 340 290]", &figure(), HELVETICA, &[]),
    );
    let sideways = format!("q 0 1 -1 0 300 0 cm\n{}Q", figure());
    assert_read("turned page", &pdf("/MediaBox [0 0 300 360] /Rotate 90", &sideways, HELVETICA, &[]));
    let content = figure();
    let form = format!(
        "<</Type /XObject /Subtype /Form /BBox [0 0 360 300] /Matrix [2 0 0 2 0 0] /Resources <</Font <</F1 5 0 R>>>> /Length {}>>\nstream\n{content}\nendstream",
        content.len()
    );
    let drawn = "q 0.5 0 0 0.5 10 5 cm /X Do Q";
    assert_read("form", &pdf("/MediaBox [0 0 400 320]", drawn, HELVETICA, &[form]));
}

#[test]
fn a_figure_that_stands_sideways_says_how_it_was_turned() {
    let page = "/MediaBox [0 0 300 360]";
    for (degrees, matrix) in [(-90.0, "0 1 -1 0 300 0"), (90.0, "0 -1 1 0 0 360")] {
        let sideways = format!("q {matrix} cm\n{}Q", figure());
        let figure = assert_read("sideways", &pdf(page, &sideways, HELVETICA, &[]));
        let rotation = figure.rotation.expect("turned");
        assert!((rotation.degrees - degrees).abs() < 1e-9, "{rotation:?}");
        let axes = &figure.panels[0].axes;
        let (column, row) = figure.page_point((axes.x.pixel_at(0.0), axes.y.pixel_at(1.0)));
        // Time 0 and S = 1 stand at (60, 260) of the figure: at (40, 60) from the lower left of the page, or (260, 300).
        let (x, y) = if degrees < 0.0 { (40.0, 60.0) } else { (260.0, 300.0) };
        let points = |pixels: f64| pixels * 72.0 / figure.source.pixels_per_inch.expect("known");
        let off = (points(column) - x).hypot(points(row) - (360.0 - y));
        assert!(off < 0.1, "{degrees}: {off}");
    }
}

#[test]
fn letters_of_a_type_3_font_are_known_by_their_names() {
    let names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let glyph = |number: usize| format!("/{} {} 0 R ", names[number], 7 + number);
    let mut further = vec!["null".to_owned()];
    let content = "556 0 d0 40 0 450 700 re f";
    for _ in 0..=names.len() {
        further.push(format!("<</Length {}>>\nstream\n{content}\nendstream", content.len()));
    }
    let glyphs: String = (0..names.len()).map(glyph).collect();
    let order: Vec<String> = names.iter().map(|name| format!("/{name}")).collect();
    let font = format!(
        "<</Type /Font /Subtype /Type3 /FontBBox [0 0 600 800] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 46 /LastChar 57 /Widths [278 278 {}] /CharProcs <<{glyphs} /period 17 0 R>> /Encoding <</Type /Encoding /Differences [46 /period 48 {}]>> /Resources <<>>>>",
        "556 ".repeat(10),
        order.join(" ")
    );
    assert_read("Type 3", &pdf("/MediaBox [0 0 360 300]", &figure(), &font, &further));
}

/// The digits of a subset of DejaVu Sans (Bitstream Vera licence) with neither names nor a table of their Unicode.
#[test]
fn letters_without_names_are_read_from_their_outlines() {
    let figure = assert_read("no names", include_bytes!("files/letters-without-names.pdf"));
    let ticks = figure.panels[0].axes.x.ticks.iter().chain(&figure.panels[0].axes.y.ticks);
    assert!(ticks.clone().any(|tick| tick.confidence < 1.0), "the file says what its letters are");
    assert_eq!(ticks.count(), 10);
}

#[test]
fn a_file_that_opens_without_a_password_is_read() {
    for (name, bytes) in [
        ("RC4, 40 bits", include_bytes!("files/opens-rc4-40.pdf").as_slice()),
        ("RC4, 128 bits", include_bytes!("files/opens-rc4-128.pdf")),
        ("AES, 128 bits", include_bytes!("files/opens-aes-128.pdf")),
        ("AES, 256 bits", include_bytes!("files/opens-aes-256.pdf")),
    ] {
        assert_read(name, bytes);
    }
}

/// An arm of which nobody had the event is told from the top of a frame by its sample in the legend.
#[test]
fn an_arm_without_events_is_found_by_its_name() {
    let level = "0 0 1 RG 60 260 m 220 260 l S\n";
    let legend = "0 0 1 RG 80 100 m 100 100 l S BT /F1 10 Tf 106 96.5 Td (Early) Tj ET\n\
                  1 0 0 RG 80 85 m 100 85 l S BT /F1 10 Tf 106 81.5 Td (Late) Tj ET\n";
    let page = "/MediaBox [0 0 360 300]";
    let unnamed = read(&pdf(page, &format!("{}{level}", figure()), HELVETICA, &[])).expect("a figure");
    assert_eq!(unnamed.panels[0].arms.len(), 1);
    let named = read(&pdf(page, &format!("{}{level}{legend}", figure()), HELVETICA, &[])).expect("a figure");
    let arms = &named.panels[0].arms;
    let names: Vec<&str> = arms.iter().map(|arm| arm.label.as_str()).collect();
    assert_eq!(names, ["Early", "Late"]);
    assert_eq!(arms[0].curve.survival(), [1.0]);
    assert!((arms[0].curve_end - 16.0).abs() <= 24.0 * EXACT, "{}", arms[0].curve_end);
}

#[test]
fn white_ticks_on_a_dark_slide_are_seen() {
    let slide = format!("0 g 0 0 360 300 re f 1 g 1 G\n{}", figure());
    let figure = assert_read("slide", &pdf("/MediaBox [0 0 360 300]", &slide, HELVETICA, &[]));
    assert!(figure.findings.is_empty(), "{:?}", figure.findings);
}

#[test]
fn pages_without_a_survival_curve_give_none() {
    let page = "/MediaBox [0 0 360 300]";
    let ups_and_downs = axes() + "1 0 0 RG 60 100 m 100 180 l 150 90 l 200 240 l 260 120 l S";
    let bars = axes() + "0 0 1 rg 80 60 30 120 re f 140 60 30 60 re f 200 60 30 170 re f";
    let words =
        "BT /F1 10 Tf 40 200 Td (Survival was 0.8 at 12 months in 24 of 30 patients.) Tj ET".to_owned();
    for (name, operators) in [
        ("line chart", ups_and_downs),
        ("bars", bars),
        ("text", words),
        ("axes", axes()),
        ("blank", String::new()),
    ] {
        assert!(read(&pdf(page, &operators, HELVETICA, &[])).is_none(), "{name}");
    }
}
