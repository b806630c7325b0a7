//! What each line of a forest plot holds.

use kmeta_trial_data::{Estimate, Interval, IntervalMethod, PooledEffect, StudyRow, SubgroupResult};

use super::{digits, factor};
use crate::format::{fixed, interval, percent};
use crate::palette::{BLUE, LIGHT_BLUE};
use crate::{ForestOptions, sentences};

/// What is drawn in a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    /// Nothing.
    None,
    /// A study: square and interval. The weight is relative to the largest.
    Square { value: f64, interval: Interval, relative_weight: f64 },
    /// A pooled effect.
    Diamond { value: f64, interval: Interval, fill: &'static str },
    /// A prediction interval.
    Bar { interval: Interval },
}

/// One line of the table. Texts that do not apply are empty.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) events: String,
    pub(super) total: String,
    pub(super) control_events: String,
    pub(super) control_total: String,
    pub(super) effect: String,
    pub(super) interval: String,
    pub(super) weight_common: String,
    pub(super) weight_random: String,
    pub(super) mark: Mark,
    /// Bold text.
    pub(super) bold: bool,
    /// Indented below a subgroup's heading.
    pub(super) indented: bool,
    /// The label is a line of statistics that spans the columns left of the drawing.
    pub(super) spans: bool,
    /// Room above, before a new block.
    pub(super) space_before: f64,
}

impl Row {
    fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            events: String::new(),
            total: String::new(),
            control_events: String::new(),
            control_total: String::new(),
            effect: String::new(),
            interval: String::new(),
            weight_common: String::new(),
            weight_random: String::new(),
            mark: Mark::None,
            bold: false,
            indented: false,
            spans: false,
            space_before: 0.0,
        }
    }
}

/// Makes the rows of one result.
struct Maker<'a> {
    result: &'a PooledEffect,
    options: &'a ForestOptions,
    largest_weight: f64,
}

/// All rows from top to bottom.
pub(super) fn rows(result: &PooledEffect, options: &ForestOptions) -> Vec<Row> {
    let weight = |study: &StudyRow| relevant_weight(study, options);
    let largest_weight = result.studies.iter().map(weight).fold(f64::MIN_POSITIVE, f64::max);
    let maker = Maker { result, options, largest_weight };
    let mut rows = Vec::new();
    if result.subgroups.is_empty() {
        rows.extend(result.studies.iter().map(|study| maker.study(study, false)));
    }
    for subgroup in &result.subgroups {
        rows.extend(maker.subgroup(subgroup));
    }
    let left_over = |study: &&StudyRow| {
        !result.subgroups.is_empty()
            && !result.subgroups.iter().any(|subgroup| study.subgroup.as_ref() == Some(&subgroup.name))
    };
    rows.extend(result.studies.iter().filter(left_over).map(|study| maker.study(study, false)));
    rows.extend(maker.overall());
    rows
}

/// The weight that squares follow. Where the model has no weights all squares are alike.
fn relevant_weight(study: &StudyRow, options: &ForestOptions) -> f64 {
    let weight = if options.show_random { study.weight_random } else { study.weight_common };
    weight.unwrap_or(1.0)
}

impl Maker<'_> {
    fn study(&self, study: &StudyRow, indented: bool) -> Row {
        let count = |count: Option<u32>| count.map_or(String::new(), |count| count.to_string());
        Row {
            events: count(study.events),
            total: count(study.total),
            control_events: count(study.control_events),
            control_total: count(study.control_total),
            weight_common: weight_cell(study.weight_common),
            weight_random: weight_cell(study.weight_random),
            mark: Mark::Square {
                value: study.estimate.shown,
                interval: study.estimate.shown_interval,
                relative_weight: relevant_weight(study, self.options) / self.largest_weight,
            },
            indented,
            ..self.with_effect(&study.label, &study.estimate)
        }
    }

    /// Heading, studies and, with at least two studies, diamond and heterogeneity.
    fn subgroup(&self, subgroup: &SubgroupResult) -> Vec<Row> {
        let mut rows = vec![Row { bold: true, space_before: 5.0, ..Row::new(&subgroup.name) }];
        let members =
            self.result.studies.iter().filter(|study| study.subgroup.as_ref() == Some(&subgroup.name));
        rows.extend(members.map(|study| self.study(study, true)));
        if subgroup.studies < 2 || !(self.options.show_random || self.options.show_common) {
            return rows;
        }
        let (estimate, label) = if self.options.show_random {
            (&subgroup.random, "Subtotal (random effects)")
        } else {
            (&subgroup.common, "Subtotal (common effect)")
        };
        let count = |count: Option<u32>| count.map_or(String::new(), |count| count.to_string());
        rows.push(Row {
            events: count(subgroup.events),
            total: count(subgroup.total),
            control_events: count(subgroup.control_events),
            control_total: count(subgroup.control_total),
            weight_common: self.subgroup_weight(subgroup, |study| study.weight_common),
            weight_random: self.subgroup_weight(subgroup, |study| study.weight_random),
            mark: diamond(estimate, LIGHT_BLUE),
            indented: true,
            ..self.with_effect(label, estimate)
        });
        if let Some(text) = sentences::heterogeneity_short(&subgroup.heterogeneity, self.options.p_digits) {
            rows.push(Row { indented: true, spans: true, ..Row::new(&text) });
        }
        rows
    }

    /// The pooled rows.
    fn overall(&self) -> Vec<Row> {
        let (result, options) = (self.result, self.options);
        let mut rows = Vec::new();
        let sum = |part: fn(&StudyRow) -> Option<u32>| {
            let total: Option<u64> = result.studies.iter().map(|study| part(study).map(u64::from)).sum();
            total.map_or(String::new(), |total| total.to_string())
        };
        let (events, total) = (sum(|study| study.events), sum(|study| study.total));
        let (control_events, control_total) =
            (sum(|study| study.control_events), sum(|study| study.control_total));
        let pooled = |label: &str, estimate: &Estimate, fill: &'static str, is_random: bool| Row {
            events: events.clone(),
            total: total.clone(),
            control_events: control_events.clone(),
            control_total: control_total.clone(),
            weight_common: if is_random { String::new() } else { percent(1.0, 1) },
            weight_random: if is_random { percent(1.0, 1) } else { String::new() },
            mark: diamond(estimate, fill),
            bold: true,
            ..self.with_effect(label, estimate)
        };
        if options.show_common {
            rows.push(pooled("Common-effect model", &result.common, "#ffffff", false));
        }
        if options.show_random {
            let label = match result.interval_method {
                IntervalMethod::Wald => "Random-effects model",
                IntervalMethod::KenwardRoger => "Random-effects model (Kenward-Roger)",
                IntervalMethod::HartungKnapp
                | IntervalMethod::HartungKnappLargerError
                | IntervalMethod::HartungKnappWiderInterval
                | IntervalMethod::HartungKnappIqwig6 => "Random-effects model (Hartung-Knapp)",
            };
            rows.push(pooled(label, &result.random, BLUE, true));
        }
        if let Some(limits) = result.prediction.filter(|_| options.show_prediction && options.show_random) {
            rows.push(Row {
                interval: self.interval(limits),
                mark: Mark::Bar { interval: limits },
                ..Row::new("Prediction interval")
            });
        }
        if let Some(first) = rows.first_mut() {
            first.space_before = 8.0;
        }
        rows
    }

    fn with_effect(&self, label: &str, estimate: &Estimate) -> Row {
        let shown = estimate.shown * factor(self.result, self.options);
        Row {
            effect: fixed(shown, digits(self.options)),
            interval: self.interval(estimate.shown_interval),
            ..Row::new(label)
        }
    }

    fn interval(&self, limits: Interval) -> String {
        let factor = factor(self.result, self.options);
        interval(limits.lower * factor, limits.upper * factor, digits(self.options))
    }

    /// Sum of the weights of a subgroup's studies.
    fn subgroup_weight(&self, subgroup: &SubgroupResult, weight: fn(&StudyRow) -> Option<f64>) -> String {
        let members =
            self.result.studies.iter().filter(|study| study.subgroup.as_ref() == Some(&subgroup.name));
        weight_cell(members.map(weight).sum())
    }
}

/// A weight in percent; empty where the model has none.
fn weight_cell(weight: Option<f64>) -> String {
    weight.map_or(String::new(), |weight| percent(weight, 1))
}

fn diamond(estimate: &Estimate, fill: &'static str) -> Mark {
    if estimate.shown.is_nan() || estimate.shown_interval.lower.is_nan() {
        return Mark::None;
    }
    Mark::Diamond { value: estimate.shown, interval: estimate.shown_interval, fill }
}
