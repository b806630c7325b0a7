//! What each line of a forest plot holds.

use kmeta_trial_data::{Estimate, Interval, PooledEffect, StudyRow, SubgroupResult};

use super::layout::{Column, heading_lines};
use super::style::Style;
use super::{digits, effect_heading, factor};
use crate::format::{fixed, percent};
use crate::svg::Anchor;
use crate::{ForestColumn, ForestLayout, ForestOptions, sentences};

/// What is drawn in a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    /// Nothing.
    None,
    /// A study: square and interval. The weight is relative to the largest.
    Square { value: f64, interval: Interval, relative_weight: f64, fill: &'static str },
    /// A pooled effect.
    Diamond { value: f64, interval: Interval, fill: &'static str },
    /// A prediction interval.
    Bar { interval: Interval },
}

/// One line of the table. Texts that do not apply are empty.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) label: String,
    /// A text for each column.
    pub(super) cells: Vec<String>,
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
    pub(super) fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            cells: Vec::new(),
            mark: Mark::None,
            bold: false,
            indented: false,
            spans: false,
            space_before: 0.0,
        }
    }

    fn statistics(text: &str, indented: bool) -> Self {
        Self { indented, spans: true, ..Self::new(text) }
    }
}

/// The columns of a result: which, and where they stand.
pub(super) fn columns(result: &PooledEffect, options: &ForestOptions, style: &Style) -> Vec<Column> {
    let (left, right) = style.columns(result, options);
    let control = result.studies.iter().any(|study| study.control_total.is_some());
    let column = |column: ForestColumn, right: bool| {
        let anchor = match column {
            ForestColumn::Interval | ForestColumn::EffectAndInterval => Anchor::Start,
            _ => Anchor::End,
        };
        let heading = heading(column, result, options, style, control);
        Column { heading: heading_lines(&heading), anchor, right, of: Some(column) }
    };
    let further = |right: bool| {
        options.further_columns.iter().filter(move |further| further.right == right).map(move |further| {
            Column { heading: heading_lines(&further.heading), anchor: Anchor::Start, right, of: None }
        })
    };
    let mut columns: Vec<Column> = further(false).collect();
    columns.extend(left.into_iter().map(|one| column(one, false)));
    columns.extend(right.into_iter().map(|one| column(one, true)));
    columns.extend(further(true));
    columns
}

fn heading(
    column: ForestColumn,
    result: &PooledEffect,
    options: &ForestOptions,
    style: &Style,
    control: bool,
) -> String {
    let effect = effect_heading(result, options);
    let treated = if control && style.layout != ForestLayout::Plain { "Treatment\n" } else { "" };
    match column {
        ForestColumn::Events => format!("{treated}Events"),
        ForestColumn::Total => format!("{treated}Total"),
        ForestColumn::EventsOfTotal if control => "Treatment\nEvents/total".to_owned(),
        ForestColumn::EventsOfTotal => "Events/total".to_owned(),
        ForestColumn::ControlEvents if style.layout == ForestLayout::Plain => "Control\nevents".to_owned(),
        ForestColumn::ControlTotal if style.layout == ForestLayout::Plain => "Control\ntotal".to_owned(),
        ForestColumn::ControlEvents => "Control\nEvents".to_owned(),
        ForestColumn::ControlTotal => "Control\nTotal".to_owned(),
        ForestColumn::ControlEventsOfTotal => "Control\nEvents/total".to_owned(),
        ForestColumn::Effect => effect,
        ForestColumn::Interval => format!("{} CI", sentences::level(result.confidence_level)),
        ForestColumn::EffectAndInterval => style.effect_and_interval_heading(&effect, result, options),
        ForestColumn::StandardError => "Standard\nerror".to_owned(),
        ForestColumn::WeightCommon => "Weight\n(common)".to_owned(),
        ForestColumn::WeightRandom => "Weight\n(random)".to_owned(),
        ForestColumn::Weight => "Weight".to_owned(),
    }
}

/// What the cells of a row are made from.
#[derive(Default)]
struct Facts<'a> {
    /// Identifier of the trial or name of the subgroup, for columns of the user's own.
    key: &'a str,
    counts: [Option<u64>; 4],
    estimate: Option<&'a Estimate>,
    interval: Option<Interval>,
    weight_common: Option<f64>,
    weight_random: Option<f64>,
}

/// Makes the rows of one result.
struct Maker<'a> {
    result: &'a PooledEffect,
    options: &'a ForestOptions,
    style: &'a Style,
    columns: &'a [Column],
    largest_weight: f64,
}

/// All rows from top to bottom.
pub(super) fn rows(
    result: &PooledEffect,
    options: &ForestOptions,
    style: &Style,
    columns: &[Column],
) -> Vec<Row> {
    let weight = |study: &StudyRow| relevant_weight(study, options);
    let largest_weight = result.studies.iter().map(weight).fold(f64::MIN_POSITIVE, f64::max);
    let maker = Maker { result, options, style, columns, largest_weight };
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
        let wide = |count: Option<u32>| count.map(u64::from);
        let cells = self.cells(&Facts {
            key: &study.trial,
            counts: [study.events, study.total, study.control_events, study.control_total].map(wide),
            estimate: Some(&study.estimate),
            interval: Some(study.estimate.shown_interval),
            weight_common: study.weight_common,
            weight_random: study.weight_random,
        });
        Row {
            cells,
            mark: Mark::Square {
                value: study.estimate.shown,
                interval: study.estimate.shown_interval,
                relative_weight: relevant_weight(study, self.options) / self.largest_weight,
                fill: self.style.square,
            },
            indented,
            ..Row::new(&study.label)
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
        let is_random = self.options.show_random;
        let estimate = if is_random { &subgroup.random } else { &subgroup.common };
        let wide = |count: Option<u32>| count.map(u64::from);
        let counts = [subgroup.events, subgroup.total, subgroup.control_events, subgroup.control_total];
        let cells = self.cells(&Facts {
            key: &subgroup.name,
            counts: counts.map(wide),
            estimate: Some(estimate),
            interval: Some(estimate.shown_interval),
            weight_common: self.subgroup_weight(subgroup, |study| study.weight_common),
            weight_random: self.subgroup_weight(subgroup, |study| study.weight_random),
        });
        let label = self.style.subtotal_label(self.result, is_random);
        let bold = self.style.layout != ForestLayout::Plain;
        let mark = diamond(estimate, self.style.subgroup_diamond);
        rows.push(Row { cells, mark, indented: true, bold, ..Row::new(&label) });
        if let Some(text) = self.style.subgroup_heterogeneity(&subgroup.heterogeneity) {
            rows.push(Row::statistics(&text, true));
        }
        if self.style.tests_in_rows
            && let Some(text) = self.style.overall_test(self.result, estimate)
        {
            rows.push(Row::statistics(&text, true));
        }
        rows
    }

    /// The pooled rows.
    fn overall(&self) -> Vec<Row> {
        let (result, options) = (self.result, self.options);
        let mut rows = Vec::new();
        let sum = |part: fn(&StudyRow) -> Option<u32>| -> Option<u64> {
            result.studies.iter().map(|study| part(study).map(u64::from)).sum()
        };
        let counts = [
            sum(|study| study.events),
            sum(|study| study.total),
            sum(|study| study.control_events),
            sum(|study| study.control_total),
        ];
        let both = options.show_common && options.show_random;
        let weighted = result.studies.iter().any(|study| study.weight_random.is_some());
        let whole = weighted.then_some(1.0);
        let pooled = |estimate: &Estimate, fill: &'static str, is_random: bool| Row {
            cells: self.cells(&Facts {
                key: "",
                counts,
                estimate: Some(estimate),
                interval: Some(estimate.shown_interval),
                // "Weight" of a single column is of the random effects where both models are drawn.
                weight_common: whole.filter(|_| !is_random),
                weight_random: whole.filter(|_| is_random),
            }),
            mark: diamond(estimate, fill),
            bold: true,
            ..Row::new(&self.style.pooled_label(result, is_random, both))
        };
        if options.show_common {
            let fill = if both { self.style.common_diamond } else { self.style.diamond };
            rows.push(pooled(&result.common, fill, false));
        }
        if options.show_random {
            rows.push(pooled(&result.random, self.style.diamond, true));
        }
        if let Some(limits) = result.prediction.filter(|_| options.show_prediction && options.show_random) {
            let cells = self.cells(&Facts { interval: Some(limits), ..Facts::default() });
            rows.push(Row { cells, mark: Mark::Bar { interval: limits }, ..Row::new("Prediction interval") });
        }
        if let Some(first) = rows.first_mut() {
            first.space_before = 8.0;
        }
        if self.style.tests_in_rows {
            rows.extend(self.tests().into_iter().map(|text| Row::statistics(&text, false)));
        }
        rows
    }

    /// Lines of tests below the totals.
    fn tests(&self) -> Vec<String> {
        let (result, options, style) = (self.result, self.options, self.style);
        let pooled = if options.show_random { &result.random } else { &result.common };
        let between = result.between_subgroups.as_ref();
        [
            style.heterogeneity(&result.heterogeneity),
            style.overall_test(result, pooled),
            between.map(|test| style.subgroup_test(test, options)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// A text for each column.
    fn cells(&self, facts: &Facts<'_>) -> Vec<String> {
        let mut further = self.further(facts.key, false).into_iter().chain(self.further(facts.key, true));
        self.columns
            .iter()
            .map(|column| match column.of {
                Some(column) => self.cell(column, facts),
                None => further.next().unwrap_or_default(),
            })
            .collect()
    }

    fn further(&self, key: &str, right: bool) -> Vec<String> {
        let columns = self.options.further_columns.iter().filter(|column| column.right == right);
        columns.map(|column| column.values.get(key).cloned().unwrap_or_default()).collect()
    }

    fn cell(&self, column: ForestColumn, facts: &Facts<'_>) -> String {
        let [events, total, control_events, control_total] = facts.counts;
        let count = |count: Option<u64>| count.map_or(String::new(), |count| count.to_string());
        let ratio = |events: Option<u64>, total: Option<u64>| {
            events.zip(total).map_or(String::new(), |(events, total)| format!("{events}/{total}"))
        };
        let factor = factor(self.result, self.options);
        let digits = digits(self.options);
        let effect = facts.estimate.map_or(String::new(), |estimate| fixed(estimate.shown * factor, digits));
        let interval = facts.interval.map_or(String::new(), |limits| {
            let limits = Interval { lower: limits.lower * factor, upper: limits.upper * factor };
            self.style.interval(limits, digits)
        });
        match column {
            ForestColumn::Events => count(events),
            ForestColumn::Total => count(total),
            ForestColumn::EventsOfTotal => ratio(events, total),
            ForestColumn::ControlEvents => count(control_events),
            ForestColumn::ControlTotal => count(control_total),
            ForestColumn::ControlEventsOfTotal => ratio(control_events, control_total),
            ForestColumn::Effect => effect,
            ForestColumn::Interval => interval,
            ForestColumn::EffectAndInterval => format!("{effect} {interval}").trim().to_owned(),
            ForestColumn::StandardError => {
                facts.estimate.map_or(String::new(), |estimate| fixed(estimate.standard_error, 4))
            }
            ForestColumn::WeightCommon => weight_cell(facts.weight_common),
            ForestColumn::WeightRandom => weight_cell(facts.weight_random),
            ForestColumn::Weight if self.options.show_random => weight_cell(facts.weight_random),
            ForestColumn::Weight => weight_cell(facts.weight_common),
        }
    }

    /// Sum of the weights of a subgroup's studies.
    fn subgroup_weight(
        &self,
        subgroup: &SubgroupResult,
        weight: fn(&StudyRow) -> Option<f64>,
    ) -> Option<f64> {
        let members =
            self.result.studies.iter().filter(|study| study.subgroup.as_ref() == Some(&subgroup.name));
        members.map(weight).sum()
    }
}

/// A weight in percent; empty where the model has none.
fn weight_cell(weight: Option<f64>) -> String {
    weight.map_or(String::new(), |weight| percent(weight, 1))
}

pub(super) fn diamond(estimate: &Estimate, fill: &'static str) -> Mark {
    if estimate.shown.is_nan() || estimate.shown_interval.lower.is_nan() {
        return Mark::None;
    }
    Mark::Diamond { value: estimate.shown, interval: estimate.shown_interval, fill }
}
