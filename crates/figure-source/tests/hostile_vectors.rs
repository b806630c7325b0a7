//! SVG and PDF files that ask for far more work or memory than a figure: each is refused before it is drawn, or drawn
//! within the limits of a page.

use std::time::{Duration, Instant};

use kmeta_figure_source::{FigureSourceError, read_figure};

/// Far above what any of these takes on a slow machine, far below what the work that they ask for would.
const FOREVER: Duration = Duration::from_secs(120);

fn svg(content: &str) -> Vec<u8> {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="1000" height="800">{content}</svg>"#
    )
    .into_bytes()
}

fn assert_refused(name: &str, bytes: &[u8]) {
    let began = Instant::now();
    let error = read_figure(bytes).expect_err(name);
    assert!(began.elapsed() < FOREVER, "{name}");
    assert!(
        matches!(error, FigureSourceError::TooLarge { .. } | FigureSourceError::Damaged { .. }),
        "{name}: {error}"
    );
}

#[test]
fn svg_files_that_multiply_their_work_are_refused() {
    let filters = r#"<filter id="f" x="0" y="0" width="1" height="1"><feMorphology radius="300"/><feGaussianBlur stdDeviation="200"/></filter>"#;
    let filtered = r#"<rect width="1000" height="800" filter="url(#f)"/>"#.repeat(20);
    assert_refused("filters", &svg(&format!("{filters}{filtered}")));

    let uses = (1..9)
        .map(|k| {
            format!(r##"<g id="a{k}">{}</g>"##, format!(r##"<use xlink:href="#a{}"/>"##, k - 1).repeat(10))
        })
        .collect::<String>();
    assert_refused(
        "uses",
        &svg(&format!(
            r##"<defs><g id="a0"><rect width="9" height="9"/></g>{uses}</defs><use xlink:href="#a8"/>"##
        )),
    );

    let zigzag = " L 1000 800 L 0 0".repeat(400_000);
    assert_refused("paths", &svg(&format!(r#"<path stroke="black" d="M 0 0{zigzag}"/>"#)));

    let layers = r#"<g opacity="0.5"><rect width="1000" height="800"/></g>"#.repeat(1000);
    assert_refused("layers", &svg(&layers));

    let entities = (1..9)
        .map(|k| format!(r#"<!ENTITY e{k} "{}">"#, format!("&e{};", k - 1).repeat(10)))
        .collect::<String>();
    let laughs = format!(
        r#"<?xml version="1.0"?><!DOCTYPE s [<!ENTITY e0 "lol">{entities}]><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&e8;</text></svg>"#
    );
    assert_refused("entities", laughs.as_bytes());

    let deep = format!("{}{}", "<g>".repeat(100_000), "</g>".repeat(100_000));
    assert_refused("depth", &svg(&deep));
}

#[test]
fn an_ordinary_svg_of_many_elements_is_drawn() {
    let marks = (0..5000)
        .map(|k| format!(r#"<path d="M {} {} v 6" stroke="black"/>"#, k % 1000, 100 + k % 600))
        .collect::<String>();
    let steps =
        (0..2000).map(|k| format!(" H {} V {}", f64::from(k) / 2.0, f64::from(k) / 3.0)).collect::<String>();
    let curves = format!(r#"<path d="M 0 0{steps}" fill="none" stroke="red"/>"#).repeat(8);
    assert_eq!(read_figure(&svg(&format!("{marks}{curves}"))).map(|pages| pages.len()), Ok(1));
}
