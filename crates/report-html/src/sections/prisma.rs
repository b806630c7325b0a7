//! Which items of the PRISMA 2020 checklist the report covers, and where.

use crate::page::{Block, Section, Table};
use crate::report::{EffectSection, Report};

/// How far an item is covered.
#[derive(Clone, Copy, PartialEq)]
enum Cover {
    /// The report says it.
    Yes,
    /// The report says part of it; the rest is in the third column.
    Partly,
    /// Not in this report.
    No,
}

/// Item number, topic, how far it is covered, anchor of the place, and what is left to write.
type Item = (&'static str, &'static str, Cover, &'static str, &'static str);

pub(crate) fn section(report: &Report) -> Section {
    if report.effect_sections().next().is_none() && report.survival.is_empty() {
        return Section::new("prisma-2020", "PRISMA 2020", Vec::new());
    }
    let mut table = Table::new(
        "Items of the PRISMA 2020 checklist",
        &["Item", "Topic", "In this report", "For you to write"],
    );
    for (number, topic, cover, place, rest) in items(report) {
        let text = match cover {
            Cover::Yes => "yes",
            Cover::Partly => "in part",
            Cover::No => "no",
        };
        table.push(vec![number.to_owned(), topic.to_owned(), text.to_owned(), rest.to_owned()]);
        if cover != Cover::No {
            table.link(2, place);
        }
    }
    let blocks = vec![
        Block::paragraph(
            "Checklist of Page MJ et al. BMJ 2021;372:n71. Items 1 to 11 (title, abstract, introduction, search, selection, \
             data collection, risk of bias), 15 and 22 (certainty of the evidence) and 23 to 26 are judgements and \
             history of the review: they are not in this report.",
        ),
        Block::Table { table },
    ];
    Section::new("prisma-2020", "PRISMA 2020", blocks)
}

fn items(report: &Report) -> Vec<Item> {
    let effects: Vec<&EffectSection> = report.effect_sections().collect();
    let subgroups = effects.iter().any(|section| section.result.subgroups.len() > 1);
    let tables = || {
        let of_effects = effects.iter().flat_map(|section| &section.further);
        of_effects.chain(report.survival.iter().flat_map(|section| &section.further))
    };
    let captioned = |words: &[&str]| {
        tables().any(|table| words.iter().any(|word| table.caption.to_lowercase().contains(word)))
    };
    let has = |id: &str| report.further.iter().any(|section| section.id.contains(id));
    let regression = captioned(&["regression", "subgroup"]);
    let sensitivity = captioned(&["leave", "influence", "cumulative", "left out"]) || has("sensitivity");
    let small_studies = captioned(&["small-stud", "trim", "asymmetry", "fail-safe"])
        || effects.iter().any(|section| section.result.egger.is_some());
    let funnels = effects.iter().any(|section| section.funnel.is_some());
    let when = |there: bool, cover: Cover| if there { cover } else { Cover::No };
    let flow = has("flow") || has("prisma");
    let bias = has("risk-of-bias");
    let flow_place = if has("prisma-flow") { "prisma-flow" } else { "flow" };
    vec![
        ("12", "Effect measures", Cover::Yes, "methods", ""),
        ("13a", "Which studies enter each synthesis", Cover::Partly, "sources", "why these and not others"),
        ("13b", "Preparing data: conversions, missing numbers", Cover::Yes, "methods", ""),
        ("13c", "Tables and figures of results", Cover::Yes, "methods", ""),
        ("13d", "Synthesis: model, heterogeneity, software", Cover::Partly, "methods", "why this model"),
        (
            "13e",
            "Exploring heterogeneity",
            when(subgroups || regression, Cover::Yes),
            "methods",
            no(subgroups || regression, "whether it was explored"),
        ),
        (
            "13f",
            "Sensitivity analyses",
            when(sensitivity, Cover::Yes),
            "methods",
            no(sensitivity, "whether there were any"),
        ),
        (
            "14",
            "Methods for reporting bias",
            when(small_studies || funnels, Cover::Partly),
            "methods",
            "how missing results were looked for",
        ),
        (
            "16",
            "Study selection, flow diagram",
            when(flow, Cover::Partly),
            flow_place,
            "excluded studies with reasons",
        ),
        ("17", "Study characteristics", Cover::Partly, "trials", "what Table 1 lacks"),
        ("18", "Risk of bias in studies", when(bias, Cover::Yes), "risk-of-bias", no(bias, "the judgements")),
        ("19", "Results of individual studies", Cover::Yes, "sources", ""),
        (
            "20a",
            "Characteristics and bias of contributing studies",
            Cover::Partly,
            "trials",
            "risk of bias among them",
        ),
        ("20b", "Results of all syntheses", Cover::Yes, "summary", ""),
        (
            "20c",
            "Causes of heterogeneity",
            when(subgroups || regression, Cover::Yes),
            "summary",
            no(subgroups || regression, "whether they were looked for"),
        ),
        (
            "20d",
            "Results of sensitivity analyses",
            when(sensitivity, Cover::Yes),
            "summary",
            no(sensitivity, "whether there were any"),
        ),
        (
            "21",
            "Reporting biases",
            when(small_studies || funnels, Cover::Partly),
            "summary",
            "what they mean",
        ),
        (
            "27",
            "Data, code and other materials",
            Cover::Yes,
            "provenance",
            "where you publish the output folder",
        ),
    ]
}

/// What is left to write where the report has nothing.
fn no(there: bool, rest: &'static str) -> &'static str {
    if there { "" } else { rest }
}
