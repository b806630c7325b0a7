//! Pooled proportions and hazard ratios: forest plot, funnel plot, and every number behind them.

use kmeta_plot_svg::format::{fixed, interval, p_value, percent};
use kmeta_plot_svg::sentences;
use kmeta_trial_data::{Estimate, Interval, PooledEffect};

use super::{DIGITS, figures, left_out, notes, trial_anchor};
use crate::page::{Block, Section, Table, anchor};
use crate::report::{EffectSection, Report};

/// Decimals of test statistics.
const STATISTIC_DIGITS: usize = 2;

pub(crate) fn responses(report: &Report) -> Section {
    Section::new("responses", "Response rates", blocks(report, "response", &report.responses))
}

pub(crate) fn hazard_ratios(report: &Report) -> Section {
    Section::new("hazard-ratios", "Hazard ratios", blocks(report, "hazard-ratio", &report.hazard_ratios))
}

pub(crate) fn effects(report: &Report) -> Section {
    Section::new("effects", "Pooled effects", blocks(report, "effect", &report.effects))
}

/// Analyses that gave nothing, with the reason.
pub(crate) fn failures(report: &Report) -> Section {
    let mut blocks = Vec::new();
    for (index, failure) in report.failures.iter().enumerate() {
        blocks.push(Block::heading(anchor("failure", &failure.title, index), &failure.title));
        blocks.push(Block::Notice { text: failure.reason.clone() });
        blocks.extend(left_out(&failure.left_out));
    }
    Section::new("failures", "Analyses without a result", blocks)
}

fn blocks(report: &Report, prefix: &str, sections: &[EffectSection]) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let result = &section.result;
        blocks.push(Block::heading(anchor(prefix, &result.id, index), &result.title));
        blocks.extend(notes(&section.notes));
        blocks.push(Block::paragraph(in_words(result)));
        blocks.extend(left_out(&section.left_out));
        blocks.push(Block::figure(&section.forest, forest_caption(result)));
        blocks.push(Block::behind_figure(study_table(report, result)));
        blocks.push(Block::Table { table: statistics(result) });
        if let Some(funnel) = &section.funnel {
            blocks.push(Block::figure(funnel, format!("Funnel plot: {}.", result.title)));
            blocks.push(Block::behind_figure(funnel_table(report, result)));
        }
        blocks.extend(figures(&section.figures));
        blocks.extend(section.further.iter().map(|table| Block::Table { table: Table::of_texts(table) }));
    }
    blocks
}

/// The result in a sentence or two.
fn in_words(result: &PooledEffect) -> String {
    let number = |value: f64| fixed(value, DIGITS);
    let random = &result.random;
    let studies = match result.studies.len() {
        1 => "1 study".to_owned(),
        several => format!("{several} studies"),
    };
    let mut text = format!(
        "Pooled {} of {studies}, random effects: {} ({} CI {} to {}).",
        sentences::effect_name(result.measure).to_lowercase(),
        number(random.shown),
        sentences::level(result.confidence_level),
        number(random.shown_interval.lower),
        number(random.shown_interval.upper)
    );
    if let Some(limits) = result.prediction {
        text.push_str(&format!(" Prediction interval {} to {}.", number(limits.lower), number(limits.upper)));
    }
    if let Some(line) = sentences::heterogeneity(&result.heterogeneity, DIGITS) {
        text.push_str(&format!(" Heterogeneity: {line}."));
    }
    text
}

fn forest_caption(result: &PooledEffect) -> String {
    let mut text = format!("Forest plot: {}. {}", result.title, sentences::method_line(result));
    text.push_str(" Squares are studies, their area follows the weight; diamonds are pooled effects.");
    if result.subgroups.iter().any(|subgroup| subgroup.studies == 1) {
        text.push_str(" Subgroups of a single study have no diamond.");
    }
    text
}

/// The points of the funnel plot.
fn funnel_table(report: &Report, result: &PooledEffect) -> Table {
    let scale = format!("#{}", sentences::scale_name(result.measure));
    let mut table =
        Table::new(format!("Funnel plot: {}", result.title), &["Study", &scale, "#Standard error"]);
    for study in &result.studies {
        let estimate = &study.estimate;
        table.push(vec![
            study.label.clone(),
            fixed(estimate.value, DIGITS),
            fixed(estimate.standard_error, DIGITS),
        ]);
        table.link(0, &trial_anchor(report, &study.trial));
    }
    table
}

/// Every number of the forest plot.
fn study_table(report: &Report, result: &PooledEffect) -> Table {
    let scale = sentences::scale_name(result.measure);
    let level = format!("#{} CI", sentences::level(result.confidence_level));
    let effect = format!("#{}", sentences::effect_name(result.measure));
    let mut headings = vec!["Study", "Subgroup"];
    let has_counts = result.studies.iter().any(|study| study.total.is_some());
    if has_counts {
        headings.extend(["#Events", "#Total"]);
    }
    headings.extend([
        effect.as_str(),
        level.as_str(),
        "#Analysis scale",
        "#SE",
        "#Weight, common",
        "#Weight, random",
    ]);
    let mut table = Table::new(format!("{}. Analysis scale: {scale}", result.title), &headings);
    let mut row = |strong: bool,
                   names: [&str; 2],
                   counts: [Option<u32>; 2],
                   estimate: &Estimate,
                   weights: [String; 2],
                   target: &str| {
        let mut texts: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        if has_counts {
            texts.extend(counts.map(|count| count.map_or(String::new(), |count| count.to_string())));
        }
        texts.extend(estimate_cells(estimate));
        texts.extend(weights);
        if strong {
            table.push_strong(texts)
        } else {
            table.push(texts)
        }
        table.link(0, target);
    };
    for study in &result.studies {
        let weights = [study.weight_common, study.weight_random].map(weight_cell);
        let subgroup = study.subgroup.as_deref().unwrap_or_default();
        let target = trial_anchor(report, &study.trial);
        row(false, [&study.label, subgroup], [study.events, study.total], &study.estimate, weights, &target);
    }
    let none = || [String::new(), String::new()];
    for subgroup in result.subgroups.iter().filter(|subgroup| subgroup.studies > 1) {
        let counts = [subgroup.events, subgroup.total];
        row(true, ["Subtotal, common effect", &subgroup.name], counts, &subgroup.common, none(), "");
        row(true, ["Subtotal, random effects", &subgroup.name], counts, &subgroup.random, none(), "");
    }
    let sum = |part: fn(&kmeta_trial_data::StudyRow) -> Option<u32>| {
        result.studies.iter().map(part).sum::<Option<u32>>()
    };
    let totals = [sum(|study| study.events), sum(|study| study.total)];
    row(true, ["Common effect", ""], totals, &result.common, [percent(1.0, 2), String::new()], "");
    row(true, ["Random effects", ""], totals, &result.random, [String::new(), percent(1.0, 2)], "");
    table
}

/// A weight in percent; empty where the model has none.
fn weight_cell(weight: Option<f64>) -> String {
    weight.map_or(String::new(), |weight| percent(weight, 2))
}

/// Effect and interval on the reading scale, value and standard error on the analysis scale.
fn estimate_cells(estimate: &Estimate) -> [String; 4] {
    let limits = estimate.shown_interval;
    [
        fixed(estimate.shown, DIGITS),
        interval(limits.lower, limits.upper, DIGITS),
        fixed(estimate.value, DIGITS),
        fixed(estimate.standard_error, DIGITS),
    ]
}

/// Heterogeneity, tests and prediction of one result.
fn statistics(result: &PooledEffect) -> Table {
    let mut table = Table::new("Heterogeneity and tests", &["Statistic", "Value", "Interval"]);
    let mut row =
        |name: &str, value: String, limits: String| table.push(vec![name.to_owned(), value, limits]);
    let value = &result.heterogeneity;
    let limits = |limits: Option<Interval>, digits: usize| {
        limits.map_or(String::new(), |limits| interval(limits.lower, limits.upper, digits))
    };
    if let Some(p) = value.p_value {
        row(
            "Cochran's Q",
            format!(
                "{}, df = {}, p {}",
                fixed(value.q, STATISTIC_DIGITS),
                value.degrees_of_freedom,
                p_value(p, DIGITS)
            ),
            String::new(),
        );
    }
    if let Some(i_squared) = value.i_squared {
        let bounds = value.i_squared_interval.map_or(String::new(), |bounds| {
            format!("[{}, {}]", percent(bounds.lower, 1), percent(bounds.upper, 1))
        });
        row("I²", percent(i_squared, 1), bounds);
    }
    if let Some(h) = value.h {
        row("H", fixed(h, STATISTIC_DIGITS), limits(value.h_interval, STATISTIC_DIGITS));
    }
    if let Some(tau_squared) = value.tau_squared {
        row("τ²", fixed(tau_squared, 6), limits(value.tau_squared_interval, 6));
        row("τ", fixed(tau_squared.max(0.0).sqrt(), DIGITS), String::new());
    }
    if let Some(prediction) = result.prediction {
        row("Prediction interval", String::new(), limits(Some(prediction), DIGITS));
    }
    for subgroup in &result.subgroups {
        if let Some(text) = sentences::heterogeneity(&subgroup.heterogeneity, DIGITS) {
            row(&format!("Within {}", subgroup.name), text, String::new());
        }
    }
    if let Some(test) = &result.between_subgroups {
        row("Between subgroups, random effects", sentences::subgroup_test(test, true, DIGITS), String::new());
        row("Between subgroups, common effect", sentences::subgroup_test(test, false, DIGITS), String::new());
    }
    if let Some(test) = &result.egger {
        row("Egger's test", sentences::egger(test, DIGITS), String::new());
    }
    if let Some(size) = result.back_transform_size {
        row("Sample size at which the pooled value is transformed back", fixed(size, DIGITS), String::new());
    }
    table
}
