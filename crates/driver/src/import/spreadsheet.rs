//! Extraction sheets of reviewers: one row per trial, or one per arm with a column `arm`. Columns are known by their names;
//! a column that is not known becomes a moderator, so that nothing is lost.

use std::collections::HashMap;

use kmeta_evidence_pool::ModeratorValue;

use super::grid::Grid;
use super::{Import, Outcome, OutcomeKind, ReviewSettings, names, new_arm, new_trial};
use crate::project::{ArmFacts, Counts, Figure, PrintedHazardRatio, PrintedMedian, Problem, Problems, Trial};

/// Other names of columns, as R meta, metafor and RevMan users write them.
const SYNONYMS: [(&str, &str); 36] = [
    ("study", "trial"),
    ("author", "trial"),
    ("studlab", "trial"),
    ("slab", "trial"),
    ("name", "trial"),
    ("label", "trial"),
    ("subgroup", "group"),
    ("patients", "n"),
    ("sample_size", "n"),
    ("recruitment", "period"),
    ("reference", "source"),
    ("citation", "source"),
    ("treatment", "drug"),
    ("intervention", "drug"),
    ("event", "events"),
    ("responders", "events"),
    ("xi", "events"),
    ("ni", "total"),
    ("ai", "events"),
    ("n1i", "total"),
    ("ci", "control_events"),
    ("n2i", "control_total"),
    ("event_e", "events"),
    ("n_e", "total"),
    ("event_c", "control_events"),
    ("n_c", "control_total"),
    ("events_1", "events"),
    ("total_1", "total"),
    ("events_2", "control_events"),
    ("total_2", "control_total"),
    ("experimental_cases", "events"),
    ("experimental_n", "total"),
    ("control_cases", "control_events"),
    ("control_n", "control_total"),
    ("hazard_ratio", "hr"),
    ("publication_year", "year"),
];

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
enum Role {
    /// A field of the trial.
    Field(&'static str),
    /// Events of an outcome, with the column of the totals, of the treated (or only) and of the control arm.
    Counts { outcome: String, total: usize, control: Option<(usize, usize)> },
    /// "1/34" of an outcome.
    Fraction { outcome: String },
    /// Survival events of an endpoint.
    Events { endpoint: String },
    /// Median of an endpoint, with the columns of its limits.
    Median { endpoint: String, limits: Option<(usize, usize)> },
    /// Hazard ratio of an endpoint, with the columns of its limits and p value.
    HazardRatio { endpoint: String, limits: Option<(usize, usize)>, p_value: Option<usize> },
    /// File of the survival figure of an endpoint.
    Figure { endpoint: String },
    /// A number or word that a regression may use.
    Moderator,
    /// Read with another column.
    Part,
}

/// The fields of a trial that a column may name.
const FIELDS: [&str; 11] =
    ["trial", "id", "year", "group", "design", "period", "n", "age", "drug", "dose", "source"];

/// Reads a sheet.
pub(super) fn read(name: &str, grid: &Grid) -> Result<Import, Problems> {
    let columns: Vec<String> = grid.headings.iter().map(|heading| column_name(heading)).collect();
    let Some(label_column) = columns.iter().position(|column| column == "trial") else {
        let message =
            format!("has no column `trial` (or `study`); its columns are: {}", grid.headings.join(", "));
        return Err(Problem::in_file(name, message)
            .with_help("give each row the name of its trial, for example \"Wirth 2021\"")
            .into());
    };
    let roles = roles(grid, &columns);
    let mut sheet = Sheet { name, grid, problems: Vec::new(), import: Import::default() };
    let mut by_label: HashMap<String, usize> = HashMap::new();
    let arm_column = columns.iter().position(|column| column == "arm");
    for row in 0..grid.rows.len() {
        let label = grid.rows[row][label_column].clone();
        if label.is_empty() {
            sheet.problem(row, label_column, "the cell is empty");
            continue;
        }
        let known = by_label.get(&label).copied();
        if known.is_some() && arm_column.is_none() {
            sheet.problem(
                row,
                label_column,
                "this trial is in a row before; add a column `arm` for trials with arms",
            );
            continue;
        }
        let index = known.unwrap_or_else(|| sheet.new_trial(&label));
        by_label.insert(label, index);
        sheet.fill(row, index, &roles, arm_column);
    }
    sheet.outcomes(&roles, arm_column.is_some());
    let Sheet { problems, mut import, .. } = sheet;
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    let moderators: Vec<&str> = roles
        .iter()
        .zip(&grid.headings)
        .filter(|(role, _)| **role == Role::Moderator)
        .map(|(_, heading)| heading.as_str())
        .collect();
    if !moderators.is_empty() {
        let message = format!("columns of no known meaning became moderators: {}", moderators.join(", "));
        import.note("columns-as-moderators", name, message);
    }
    Ok(import)
}

/// A heading as columns are compared: small letters, underscores, synonyms resolved.
fn column_name(heading: &str) -> String {
    let name: Vec<String> = heading
        .to_lowercase()
        .split(|character: char| !character.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    let name = name.join("_");
    let known = SYNONYMS.iter().find(|(synonym, _)| *synonym == name);
    known.map_or(name, |(_, meaning)| (*meaning).to_owned())
}

/// What each column holds.
fn roles(grid: &Grid, columns: &[String]) -> Vec<Role> {
    let at = |name: &str| columns.iter().position(|column| column == name);
    let mut roles: Vec<Role> = (0..columns.len()).map(|column| role(grid, columns, column, &at)).collect();
    let mut parts: Vec<usize> = Vec::new();
    for role in &roles {
        match role {
            Role::Counts { total, control, .. } => {
                parts.push(*total);
                parts.extend(control.iter().flat_map(|&(events, total)| [events, total]));
            }
            Role::Median { limits, .. } => {
                parts.extend(limits.iter().flat_map(|&(lower, upper)| [lower, upper]))
            }
            Role::HazardRatio { limits, p_value, .. } => {
                parts.extend(limits.iter().flat_map(|&(lower, upper)| [lower, upper]));
                parts.extend(p_value);
            }
            _ => {}
        }
    }
    for part in parts {
        if !matches!(roles[part], Role::Field(_)) {
            roles[part] = Role::Part;
        }
    }
    roles
}

fn role(grid: &Grid, columns: &[String], column: usize, at: &dyn Fn(&str) -> Option<usize>) -> Role {
    let name = columns[column].as_str();
    if let Some(field) = FIELDS.iter().find(|field| **field == name) {
        return Role::Field(field);
    }
    if name == "arm" {
        return Role::Part;
    }
    let (prefix, last) = name.rsplit_once('_').map_or(("", name), |(prefix, last)| (prefix, last));
    let named = |part: &str| if prefix.is_empty() { part.to_owned() } else { format!("{prefix}_{part}") };
    let or = |otherwise: &str| if prefix.is_empty() { otherwise.to_owned() } else { prefix.to_owned() };
    let is_control = name.contains("control_");
    match last {
        "events" if !is_control => {
            let total = at(&named("total")).or_else(|| at("n").filter(|_| prefix.is_empty()));
            let control = at(&named("control_events")).zip(at(&named("control_total")));
            match total {
                Some(total) => Role::Counts { outcome: or("response"), total, control },
                None if !prefix.is_empty() => Role::Events { endpoint: prefix.to_owned() },
                None => Role::Moderator,
            }
        }
        "median" => {
            let limits = at(&format!("{name}_lower")).zip(at(&format!("{name}_upper")));
            Role::Median { endpoint: or("os"), limits }
        }
        "hr" => {
            let limits = at(&format!("{name}_lower"))
                .zip(at(&format!("{name}_upper")))
                .or_else(|| at(&named("lower")).zip(at(&named("upper"))));
            let p_value =
                at(&format!("{name}_p")).or_else(|| at(&named("p"))).or_else(|| at(&named("p_value")));
            Role::HazardRatio { endpoint: or("os"), limits, p_value }
        }
        "figure" => Role::Figure { endpoint: or("os") },
        _ => {
            let mut cells =
                grid.rows.iter().map(|row| row[column].as_str()).filter(|cell| !cell.is_empty()).peekable();
            let all_fractions = cells.peek().is_some() && cells.all(|cell| fraction(cell).is_some());
            if all_fractions { Role::Fraction { outcome: name.to_owned() } } else { Role::Moderator }
        }
    }
}

/// Reads "1/34", also "1/34 (3%)".
fn fraction(cell: &str) -> Option<Counts> {
    let (events, rest) = cell.split_once('/')?;
    let total = rest.split(['(', ' ']).find(|part| !part.is_empty())?;
    Some(Counts { events: events.trim().parse().ok()?, total: total.trim().parse().ok()? })
}

struct Sheet<'a> {
    name: &'a str,
    grid: &'a Grid,
    problems: Vec<Problem>,
    import: Import,
}

impl Sheet<'_> {
    fn problem(&mut self, row: usize, column: usize, message: impl Into<String>) {
        let mut problem = Problem::in_file(self.name, message);
        problem.field = format!("row {}, column `{}`", row + 1, self.grid.headings[column]);
        self.problems.push(problem);
    }

    fn new_trial(&mut self, label: &str) -> usize {
        let id = names::identifier(label, "trial");
        let id = names::unique(id, |id| self.import.trials.iter().any(|trial| trial.id == id));
        self.import.trials.push(new_trial(id, label.to_owned()));
        self.import.trials.len() - 1
    }

    /// A number, `None` for an empty cell and for one that is reported.
    fn number(&mut self, row: usize, column: usize) -> Option<f64> {
        let text = self.grid.rows[row][column].as_str();
        if text.is_empty() || matches!(text.to_uppercase().as_str(), "NA" | "NR" | "-" | "–") {
            return None;
        }
        let number = text.replace(',', ".").parse().ok().filter(|number: &f64| number.is_finite());
        if number.is_none() {
            self.problem(row, column, format!("\"{text}\" is not a number"));
        }
        number
    }

    fn whole(&mut self, row: usize, column: usize) -> Option<u32> {
        let number = self.number(row, column)?;
        if number < 0.0 || number.fract() != 0.0 || number > f64::from(u32::MAX) {
            self.problem(row, column, format!("\"{number}\" is not a whole number of patients"));
            return None;
        }
        Some(number as u32)
    }

    fn counts(&mut self, row: usize, events: usize, total: usize) -> Option<Counts> {
        let counts = Counts { events: self.whole(row, events)?, total: self.whole(row, total)? };
        if counts.events > counts.total {
            let message = format!("{} patients with the event among {}", counts.events, counts.total);
            self.problem(row, events, message);
            return None;
        }
        Some(counts)
    }

    /// Puts a row into its trial, into an arm of it where there is a column `arm`.
    fn fill(&mut self, row: usize, trial: usize, roles: &[Role], arm_column: Option<usize>) {
        let arm = arm_column.map(|column| self.grid.rows[row][column].clone()).filter(|arm| !arm.is_empty());
        let mut facts = ArmFacts::default();
        let mut control = ArmFacts::default();
        for (column, role) in roles.iter().enumerate() {
            self.fill_facts((row, column), trial, role, &mut facts, &mut control);
        }
        let has_control = !control.responses.is_empty();
        let trial = &mut self.import.trials[trial];
        match arm {
            Some(label) => {
                let id = names::identifier(&label, "arm");
                let id = names::unique(id, |id| trial.arms.iter().any(|arm| arm.id == id));
                trial.arms.push(crate::project::TrialArm { facts, ..new_arm(&id, &label) });
            }
            None if has_control => {
                let drug = trial.drug.clone().unwrap_or_else(|| "Experimental".to_owned());
                trial.arms = vec![new_arm("experimental", &drug), new_arm("control", "Control")];
                trial.arms[0].facts = ArmFacts { n: None, ..facts };
                trial.arms[1].facts = control;
                trial.reference_arm = Some("control".to_owned());
            }
            None => trial.facts = facts,
        }
    }

    fn fill_facts(
        &mut self,
        (row, column): (usize, usize),
        trial: usize,
        role: &Role,
        facts: &mut ArmFacts,
        control: &mut ArmFacts,
    ) {
        let text = self.grid.rows[row][column].clone();
        if text.is_empty() {
            return;
        }
        match role {
            Role::Field("n") => facts.n = self.whole(row, column).filter(|&n| n > 0),
            Role::Field("year") => {
                let year = self.whole(row, column).and_then(|year| u16::try_from(year).ok());
                self.import.trials[trial].year = year;
            }
            Role::Field(field) => set_text(&mut self.import.trials[trial], field, text),
            Role::Counts { outcome, total, control: of_control } => {
                if let Some(counts) = self.counts(row, column, *total) {
                    facts.responses.insert(outcome.clone(), counts);
                }
                if let Some(counts) = of_control.and_then(|(events, total)| self.counts(row, events, total)) {
                    control.responses.insert(outcome.clone(), counts);
                }
            }
            Role::Fraction { outcome } => {
                facts.responses.extend(fraction(&text).map(|counts| (outcome.clone(), counts)))
            }
            Role::Events { endpoint } => {
                facts.events.extend(self.whole(row, column).map(|events| (endpoint.clone(), events)));
            }
            Role::Median { endpoint, limits } => {
                let limits = limits.map_or((None, None), |(lower, upper)| {
                    (self.number(row, lower), self.number(row, upper))
                });
                let median = self.number(row, column).map(|value| PrintedMedian {
                    value,
                    lower: limits.0,
                    upper: limits.1,
                    unit: None,
                });
                facts.medians.extend(median.map(|median| (endpoint.clone(), median)));
            }
            Role::HazardRatio { endpoint, limits, p_value } => {
                let limits = limits.map_or((None, None), |(lower, upper)| {
                    (self.number(row, lower), self.number(row, upper))
                });
                let p_value = p_value.and_then(|column| self.number(row, column));
                if let Some(value) = self.number(row, column) {
                    let (lower, upper) = limits;
                    let printed = PrintedHazardRatio {
                        value: Some(value),
                        lower,
                        upper,
                        p_value: p_value.filter(|_| lower.is_none()),
                        ..PrintedHazardRatio::default()
                    };
                    self.import.trials[trial].hazard_ratios.insert(endpoint.clone(), printed);
                }
            }
            Role::Figure { endpoint } => self.add_figure(trial, endpoint, text),
            Role::Moderator => {
                let value = match text.parse::<f64>() {
                    Ok(number) if number.is_finite() => ModeratorValue::Number(number),
                    _ => ModeratorValue::Level(text),
                };
                let heading = names::identifier(&self.grid.headings[column], "moderator");
                self.import.trials[trial].moderators.insert(heading, value);
            }
            Role::Part => {}
        }
    }

    /// One figure per file and endpoint, also where every arm's row names it.
    fn add_figure(&mut self, trial: usize, endpoint: &str, file: String) {
        let trial = self.import.trials[trial].id.clone();
        let is_known =
            |figure: &Figure| figure.file == file && figure.trial == trial && figure.endpoint == endpoint;
        if self.import.figures.iter().any(is_known) {
            return;
        }
        self.import.figures.push(Figure {
            file,
            trial,
            endpoint: endpoint.to_owned(),
            page: None,
            panel: None,
            time_unit: None,
            arms: indexmap::IndexMap::new(),
            risk_table: None,
            meet_hazard_ratio: false,
        });
    }

    /// What can be pooled of the columns.
    fn outcomes(&mut self, roles: &[Role], has_arms: bool) {
        let trials = &self.import.trials;
        let subgroups = trials.len() > 1 && trials.iter().all(|trial| trial.group.is_some());
        let several_arms = has_arms || trials.iter().any(|trial| trial.arms.len() > 1);
        let mut outcomes: Vec<Outcome> = Vec::new();
        for role in roles {
            let (name, kind) = match role {
                Role::Counts { outcome, .. } | Role::Fraction { outcome } if several_arms => {
                    (outcome, OutcomeKind::TwoArmCounts(ReviewSettings::default()))
                }
                Role::Counts { outcome, .. } | Role::Fraction { outcome } => {
                    (outcome, OutcomeKind::Proportion)
                }
                Role::HazardRatio { endpoint, .. } => {
                    (endpoint, OutcomeKind::HazardRatio(ReviewSettings::default()))
                }
                Role::Figure { endpoint } if !several_arms => (endpoint, OutcomeKind::Survival),
                _ => continue,
            };
            let mut title = names::title(name);
            if matches!(kind, OutcomeKind::HazardRatio(_)) {
                title.push_str(", hazard ratio");
            }
            outcomes.push(Outcome { name: name.clone(), title, subgroups, kind });
        }
        self.import.outcomes = outcomes;
    }
}

fn set_text(trial: &mut Trial, field: &str, text: String) {
    match field {
        "id" => trial.id = names::identifier(&text, &trial.id),
        "group" => trial.group = Some(text),
        "design" => trial.design = Some(text),
        "period" => trial.period = Some(text),
        "age" => trial.age = Some(text),
        "drug" => trial.drug = Some(text),
        "dose" => trial.dose = Some(text),
        "source" => trial.source = Some(text),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(csv: &str) -> Result<Import, Problems> {
        read("f.csv", &super::super::grid::of_csv("f.csv", csv).unwrap())
    }

    #[test]
    fn an_extraction_sheet_of_single_arms_is_understood() {
        let found = import(
            "Study,Year,Patients,Drug,ORR,DCR_events,DCR_total,OS median,OS median lower,OS median upper,OS figure,Country\n\
             Wirth 2021,2021,34,Lenvatinib,1/34 (3%),18,34,3.2,2.8,8.2,figures/wirth.png,USA\n\
             Tahara 2017,2017,17,Lenvatinib,4/17,16,17,10.6,,,,Japan\n",
        )
        .unwrap();
        let wirth = &found.trials[0];
        assert_eq!((wirth.id.as_str(), wirth.year, wirth.facts.n), ("wirth2021", Some(2021), Some(34)));
        assert_eq!(wirth.facts.responses["orr"], Counts { events: 1, total: 34 });
        assert_eq!(wirth.facts.responses["dcr"], Counts { events: 18, total: 34 });
        assert_eq!(wirth.facts.medians["os"].upper, Some(8.2));
        assert_eq!(found.trials[1].facts.medians["os"].lower, None);
        assert_eq!(found.figures.len(), 1);
        assert_eq!(wirth.moderators["country"], ModeratorValue::Level("USA".to_owned()));
        let names: Vec<&str> = found.outcomes.iter().map(|outcome| outcome.name.as_str()).collect();
        assert_eq!(names, ["orr", "dcr", "os"]);
    }

    #[test]
    fn metafor_columns_and_rows_per_arm_are_two_arms() {
        let wide = import("slab,ai,n1i,ci,n2i\nA 2001,1,10,2,11\n").unwrap();
        let arms = &wide.trials[0].arms;
        assert_eq!(arms[1].facts.responses["response"], Counts { events: 2, total: 11 });
        assert!(matches!(wide.outcomes[0].kind, OutcomeKind::TwoArmCounts(_)));
        let long = import("trial,arm,n,pfs_hr,pfs_lower,pfs_upper\nB,Drug,20,0.5,0.3,0.8\nB,Placebo,21,,,\n")
            .unwrap();
        assert_eq!(long.trials.len(), 1);
        assert_eq!(long.trials[0].arms[1].facts.n, Some(21));
        assert_eq!(long.trials[0].hazard_ratios["pfs"].lower, Some(0.3));
    }

    #[test]
    fn every_bad_cell_is_named() {
        let problems = import("study,events,total\nA,3,2\nA,1,4\n,1,2\nB,x,4\n").unwrap_err().to_string();
        for text in [
            "row 1, column `events`: 3 patients with the event among 2",
            "row 2, column `study`",
            "row 3, column `study`: the cell is empty",
            "\"x\" is not a number",
        ] {
            assert!(problems.contains(text), "{text} is not in {problems}");
        }
        assert!(import("a,b\n1,2\n").unwrap_err().to_string().contains("has no column `trial`"));
    }
}
