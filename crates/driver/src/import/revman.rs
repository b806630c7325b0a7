//! Reviews of RevMan 5 (`.rm5`, XML): comparisons with outcomes, outcomes with subgroups, subgroups with studies.

use std::collections::HashMap;

use roxmltree::{Document, Node, ParsingOptions};

use super::review::{self, ReviewNumbers, ReviewOutcome, ReviewRow};
use super::{Import, ReviewSettings};
use crate::project::{Counts, Problem, Problems};

/// A study of the list of included ones.
struct Study<'a> {
    name: &'a str,
    year: Option<u16>,
}

/// Reads a review.
pub(super) fn read(name: &str, bytes: &[u8]) -> Result<Import, Problems> {
    let text = xml_text(bytes);
    // A review is a plain document; entities of its own are how hostile files grow.
    let options = ParsingOptions { allow_dtd: false, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&text, options)
        .map_err(|error| Problem::in_file(name, format!("is not a RevMan 5 review: {error}")))?;
    let root = document.root_element();
    if root.tag_name().name() != "COCHRANE_REVIEW" {
        let message =
            format!("begins with <{}>, a RevMan 5 review with <COCHRANE_REVIEW>", root.tag_name().name());
        return Err(Problem::in_file(name, message).into());
    }
    let studies = studies(root);
    let mut import = Import { title: descendant_text(root, "COVER_SHEET", "TITLE"), ..Import::default() };
    let mut outcomes = Vec::new();
    for comparison in root.descendants().filter(|node| node.has_tag_name("COMPARISON")) {
        let children = comparison.children().filter(|node| node.tag_name().name().ends_with("_OUTCOME"));
        outcomes.extend(children.filter_map(|node| outcome(comparison, node, &studies)));
    }
    if outcomes.is_empty() {
        return Err(Problem::in_file(name, "has no outcomes with data").into());
    }
    review::add(&mut import, outcomes);
    Ok(import)
}

/// The text in the encoding that its first line names.
fn xml_text(bytes: &[u8]) -> String {
    if encoding_rs::Encoding::for_bom(bytes).is_some() || std::str::from_utf8(bytes).is_ok() {
        return super::grid::decode(bytes);
    }
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    let label = head.split("encoding=").nth(1).and_then(|rest| rest.split(['"', '\'']).nth(1));
    let encoding = label.and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()));
    encoding.unwrap_or(encoding_rs::WINDOWS_1252).decode_without_bom_handling(bytes).0.into_owned()
}

fn studies<'a>(root: Node<'a, 'a>) -> HashMap<&'a str, Study<'a>> {
    let nodes = root.descendants().filter(|node| node.has_tag_name("STUDY"));
    let study = |node: Node<'a, 'a>| {
        let name = node.attribute("NAME").unwrap_or_default();
        Some((
            node.attribute("ID")?,
            Study { name, year: node.attribute("YEAR").and_then(|year| year.parse().ok()) },
        ))
    };
    nodes.filter_map(study).collect()
}

/// Text of the child `name` of the first `parent`.
fn descendant_text(root: Node<'_, '_>, parent: &str, name: &str) -> Option<String> {
    let parent = root.descendants().find(|node| node.has_tag_name(parent))?;
    child_text(parent, name)
}

fn child_text(node: Node<'_, '_>, name: &str) -> Option<String> {
    let child = node.children().find(|child| child.has_tag_name(name))?;
    let text: String =
        child.descendants().filter_map(|part| part.text().filter(|_| part.is_text())).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn outcome(
    comparison: Node<'_, '_>,
    node: Node<'_, '_>,
    studies: &HashMap<&str, Study<'_>>,
) -> Option<ReviewOutcome> {
    let attribute = |name: &str| node.attribute(name).unwrap_or_default();
    let measure_name = attribute("EFFECT_MEASURE").to_owned();
    let place = format!(
        "comparison {}, outcome {}",
        comparison.attribute("NO").unwrap_or("?"),
        node.attribute("NO").unwrap_or("?")
    );
    let data = node.descendants().filter(|part| part.tag_name().name().ends_with("_DATA"));
    let rows: Vec<ReviewRow> = data.filter_map(|data| row(data, studies)).collect();
    (!rows.is_empty()).then(|| ReviewOutcome {
        title: child_text(node, "NAME").unwrap_or_else(|| place.clone()),
        arms: [
            child_text(node, "GROUP_LABEL_1").unwrap_or_default(),
            child_text(node, "GROUP_LABEL_2").unwrap_or_default(),
        ],
        settings: ReviewSettings {
            measure: review::measure(&measure_name),
            pooling: review::pooling(attribute("METHOD"), &measure_name),
            dersimonian_laird: true,
        },
        place,
        measure_name,
        rows,
    })
}

fn row(data: Node<'_, '_>, studies: &HashMap<&str, Study<'_>>) -> Option<ReviewRow> {
    let id = data.attribute("STUDY_ID")?;
    let study = studies.get(id);
    let subgroup = data.parent().filter(|parent| parent.tag_name().name().ends_with("_SUBGROUP"));
    let label = study.map(|study| study.name).filter(|name| !name.is_empty()).unwrap_or(id);
    Some(ReviewRow {
        study: id.to_owned(),
        label: label.to_owned(),
        year: study.and_then(|study| study.year),
        subgroup: subgroup.and_then(|node| child_text(node, "NAME")).unwrap_or_default(),
        numbers: numbers(data),
    })
}

fn numbers(data: Node<'_, '_>) -> ReviewNumbers {
    let number =
        |name: &str| data.attribute(name).and_then(|text| text.parse::<f64>().ok()).filter(|n| n.is_finite());
    let whole = |name: &str| {
        number(name).filter(|n| *n >= 0.0 && n.fract() == 0.0 && *n <= f64::from(u32::MAX)).map(|n| n as u32)
    };
    let counts = || {
        let arm = |arm: u8| {
            Some(Counts { events: whole(&format!("EVENTS_{arm}"))?, total: whole(&format!("TOTAL_{arm}"))? })
        };
        Some([arm(1)?, arm(2)?])
    };
    let means = || {
        let arm = |arm: u8| {
            Some([
                number(&format!("MEAN_{arm}"))?,
                number(&format!("SD_{arm}"))?,
                number(&format!("TOTAL_{arm}"))?,
            ])
        };
        Some([arm(1)?, arm(2)?])
    };
    let found = match data.tag_name().name() {
        "DICH_DATA" => counts().map(ReviewNumbers::Counts),
        "CONT_DATA" => means().map(ReviewNumbers::Means),
        "IV_DATA" => number("ESTIMATE").zip(number("SE")).map(|(effect, standard_error)| {
            let patients = whole("TOTAL_1").zip(whole("TOTAL_2")).map(|(one, other)| [one, other]);
            ReviewNumbers::Effect { effect, standard_error, patients }
        }),
        "IPD_DATA" => number("O_E").zip(number("VAR")).filter(|(_, variance)| *variance > 0.0).map(
            |(observed_minus_expected, variance)| ReviewNumbers::LogRank {
                observed_minus_expected,
                variance,
                counts: counts(),
            },
        ),
        _ => None,
    };
    found.unwrap_or_default()
}
