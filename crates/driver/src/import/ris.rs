//! Reference lists in RIS, the format that PubMed, Embase, EndNote and Zotero exchange: a line per field, a two-letter tag,
//! two blanks, a hyphen and a blank before the value.

use super::{Import, grid, names, new_trial};
use crate::project::{Problem, Problems, Trial};

/// One publication.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reference {
    authors: Vec<String>,
    title: String,
    journal: String,
    year: Option<u16>,
    volume: String,
    issue: String,
    pages: (String, String),
    doi: String,
}

/// Whether the text begins like a reference list.
pub(super) fn looks_like(text: &str) -> bool {
    text.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| line.starts_with("TY  -"))
}

/// Reads all references.
pub(super) fn read(name: &str, bytes: &[u8]) -> Result<Vec<Reference>, Problems> {
    let text = grid::decode(bytes);
    let (mut found, mut current) = (Vec::new(), None::<Reference>);
    for line in text.lines() {
        let Some((tag, value)) = field(line) else { continue };
        match tag {
            "TY" => current = Some(Reference::default()),
            "ER" => found.extend(current.take()),
            _ => {
                if let Some(reference) = &mut current {
                    reference.set(tag, value);
                }
            }
        }
    }
    found.extend(current);
    if found.is_empty() {
        let message = "holds no reference: each begins with a line `TY  - JOUR`";
        return Err(Problem::in_file(name, message).with_help("export the references as RIS").into());
    }
    Ok(found)
}

fn field(line: &str) -> Option<(&str, &str)> {
    let (tag, value) = line.split_once('-')?;
    let tag = tag.trim_start_matches('\u{feff}').trim();
    (tag.len() == 2 && tag.is_ascii()).then_some((tag, value.trim()))
}

impl Reference {
    fn set(&mut self, tag: &str, value: &str) {
        let first = |field: &mut String| {
            if field.is_empty() {
                value.clone_into(field);
            }
        };
        match tag {
            "AU" | "A1" => self.authors.push(value.to_owned()),
            "TI" | "T1" => first(&mut self.title),
            "T2" | "JO" | "JF" | "JA" | "J2" => first(&mut self.journal),
            "PY" | "Y1" | "DA" => {
                let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
                self.year =
                    self.year.or_else(|| digits.parse().ok().filter(|year| (1800..2200).contains(year)));
            }
            "VL" => first(&mut self.volume),
            "IS" => first(&mut self.issue),
            "SP" => first(&mut self.pages.0),
            "EP" => first(&mut self.pages.1),
            "DO" => first(&mut self.doi),
            _ => {}
        }
    }

    /// Family name of the first author.
    fn first_author(&self) -> &str {
        let first = self.authors.first().map_or("", String::as_str);
        first.split(',').next().unwrap_or(first).trim()
    }

    /// "Wirth 2021".
    fn label(&self) -> String {
        let author = if self.first_author().is_empty() { "Anonymous" } else { self.first_author() };
        self.year.map_or(author.to_owned(), |year| format!("{author} {year}"))
    }

    /// As in a reference list: at most three authors, title, journal, year, volume, pages, DOI.
    fn citation(&self) -> String {
        let short = |author: &String| match author.split_once(',') {
            Some((family, given)) => {
                let initials = given.split([' ', '.', '-']).filter_map(|part| part.chars().next());
                format!("{} {}", family.trim(), initials.collect::<String>().to_uppercase())
            }
            None => author.clone(),
        };
        let mut authors: Vec<String> = self.authors.iter().take(3).map(short).collect();
        if self.authors.len() > 3 {
            authors.push("et al".to_owned());
        }
        let mut text = String::new();
        let mut sentence = |part: &str| {
            let part = part.trim().trim_end_matches('.');
            if !part.is_empty() {
                text.push_str(if text.is_empty() { "" } else { " " });
                text.push_str(part);
                text.push('.');
            }
        };
        sentence(&authors.join(", "));
        sentence(&self.title);
        let mut place = self.journal.clone();
        if let Some(year) = self.year {
            place.push_str(&format!(" {year}"));
        }
        if !self.volume.is_empty() {
            place.push_str(&format!(";{}", self.volume));
        }
        if !self.issue.is_empty() {
            place.push_str(&format!("({})", self.issue));
        }
        let (start, end) = &self.pages;
        if !start.is_empty() {
            place.push_str(&format!(":{start}"));
            if !end.is_empty() && end != start {
                place.push_str(&format!("-{end}"));
            }
        }
        sentence(&place);
        if !self.doi.is_empty() {
            sentence(&format!("doi:{}", self.doi.trim_start_matches("https://doi.org/")));
        }
        text
    }

    /// Whether a trial is named after the first author, and its year does not contradict.
    fn is_of(&self, trial: &Trial) -> bool {
        let author = names::identifier(self.first_author(), "");
        let label = names::identifier(&trial.label, "");
        let digits: String = trial.label.chars().filter(char::is_ascii_digit).collect();
        let year =
            trial.year.map(|year| year.to_string()).or(Some(digits).filter(|digits| digits.len() == 4));
        let same_year = match (year, self.year) {
            (Some(of_trial), Some(printed)) => of_trial == printed.to_string(),
            _ => true,
        };
        !author.is_empty()
            && label
                .strip_prefix(&author)
                .is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphabetic()))
            && same_year
    }
}

/// Puts the citations into the trials. References that belong to no trial become trials without numbers where the other
/// files have none at all, and are named otherwise.
pub(super) fn cite(import: &mut Import, references: Vec<Reference>) {
    let only_references = import.trials.is_empty();
    for reference in references {
        if let Some(trial) =
            import.trials.iter_mut().find(|trial| trial.source.is_none() && reference.is_of(trial))
        {
            trial.source = Some(reference.citation());
            trial.year = trial.year.or(reference.year);
        } else if only_references {
            let label = reference.label();
            let id = names::identifier(&label, "trial");
            let id = names::unique(id, |id| import.trials.iter().any(|trial| trial.id == id));
            let source = Some(reference.citation());
            import.trials.push(Trial { year: reference.year, source, ..new_trial(id, label) });
        } else {
            let message = format!("no trial is named after it: {}", reference.citation());
            import.note("reference-without-trial", &reference.label(), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIRTH: &str = "TY  - JOUR\r\nAU  - Wirth, Lori J.\r\nAU  - Brose, M\r\nAU  - C, D\r\nAU  - E, F\r\n\
        TI  - Open-label study.\r\nJO  - J Clin Oncol\r\nPY  - 2021/05/01\r\nVL  - 39\r\nIS  - 21\r\nSP  - 2359\r\n\
        EP  - 2366\r\nDO  - 10.1/x\r\nER  - \r\n";

    #[test]
    fn a_reference_becomes_a_citation() {
        let references = read("f.ris", WIRTH.as_bytes()).unwrap();
        assert_eq!(
            references[0].citation(),
            "Wirth LJ, Brose M, C D, et al. Open-label study. J Clin Oncol 2021;39(21):2359-2366. doi:10.1/x."
        );
        assert_eq!(references[0].label(), "Wirth 2021");
    }

    #[test]
    fn citations_find_their_trials() {
        let trial = |label: &str| new_trial(names::identifier(label, "x"), label.to_owned());
        let mut import = Import {
            trials: vec![trial("Wirthson 2021"), trial("Wirth 2020"), trial("Wirth 2021")],
            ..Import::default()
        };
        cite(&mut import, read("f.ris", WIRTH.as_bytes()).unwrap());
        let cited: Vec<bool> = import.trials.iter().map(|trial| trial.source.is_some()).collect();
        assert_eq!(cited, [false, false, true]);
        cite(&mut import, read("f.ris", WIRTH.as_bytes()).unwrap());
        assert_eq!(import.findings[0].code, "reference-without-trial");
    }
}
