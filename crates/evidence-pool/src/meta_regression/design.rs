//! From named moderators to the columns of a regression.

use std::collections::{BTreeMap, BTreeSet};

use nalgebra::DVector;

use super::options::{MetaRegressionOptions, Moderator, ModeratorValue, RegressionStudy};
use crate::PoolError;

/// What a column stands for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Column {
    Intercept,
    Number { moderator: String },
    Level { moderator: String, level: String },
}

impl Column {
    /// The name of its coefficient: `year`, or `line = second`.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Intercept => "intercept".to_owned(),
            Self::Number { moderator } => moderator.clone(),
            Self::Level { moderator, level } => format!("{moderator} = {level}"),
        }
    }
}

/// The coding of the moderators.
#[derive(Debug, Clone)]
pub(crate) struct Design {
    pub(crate) columns: Vec<Column>,
    /// Every level that occurs, for each factor.
    levels: BTreeMap<String, BTreeSet<String>>,
}

impl Design {
    /// Reads the kind of each moderator off the studies and lays out the columns.
    pub(crate) fn new(
        studies: &[&RegressionStudy],
        options: &MetaRegressionOptions,
    ) -> Result<Self, PoolError> {
        let mut design = Self { columns: Vec::new(), levels: BTreeMap::new() };
        if options.intercept {
            design.columns.push(Column::Intercept);
        }
        // Without an intercept the first factor takes its place: a coefficient for each level.
        let mut full_factor = !options.intercept;
        for moderator in &options.moderators {
            match levels(studies, &moderator.name)? {
                None => design.columns.push(Column::Number { moderator: moderator.name.clone() }),
                Some(levels) => {
                    design.add_factor(moderator, &levels, full_factor)?;
                    design.levels.insert(moderator.name.clone(), levels);
                    full_factor = false;
                }
            }
        }
        if design.columns.is_empty() {
            return Err(PoolError::NoModerators);
        }
        Ok(design)
    }

    fn add_factor(
        &mut self,
        moderator: &Moderator,
        levels: &BTreeSet<String>,
        full: bool,
    ) -> Result<(), PoolError> {
        let reference = match &moderator.reference {
            Some(chosen) => {
                levels.get(chosen).ok_or_else(|| unknown_level(&moderator.name, chosen, levels))?
            }
            None => levels.first().ok_or(PoolError::NoModerators)?,
        };
        let others = levels.iter().filter(|level| *level != reference);
        let coded: Vec<&String> =
            if full { std::iter::once(reference).chain(others).collect() } else { others.collect() };
        if coded.is_empty() {
            return Err(PoolError::CollinearModerators {
                coefficient: format!("{} = {reference}", moderator.name),
            });
        }
        self.columns.extend(
            coded
                .into_iter()
                .map(|level| Column::Level { moderator: moderator.name.clone(), level: level.clone() }),
        );
        Ok(())
    }

    /// The row of a study or of a point of prediction, which `place` names in errors.
    pub(crate) fn row(
        &self,
        moderators: &BTreeMap<String, ModeratorValue>,
        place: &str,
    ) -> Result<DVector<f64>, PoolError> {
        let missing = |moderator: &str| PoolError::MissingModerator {
            place: place.to_owned(),
            moderator: moderator.to_owned(),
        };
        let mut row = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            row.push(match column {
                Column::Intercept => 1.0,
                Column::Number { moderator } => match moderators.get(moderator) {
                    Some(ModeratorValue::Number(value)) if value.is_finite() => *value,
                    Some(found) => return Err(invalid(place, moderator, found, "a finite number")),
                    None => return Err(missing(moderator)),
                },
                Column::Level { moderator, level } => match moderators.get(moderator) {
                    Some(ModeratorValue::Level(found)) if found == level => 1.0,
                    Some(ModeratorValue::Level(found)) => self.other_level(moderator, found)?,
                    Some(found) => return Err(invalid(place, moderator, found, "the name of a level")),
                    None => return Err(missing(moderator)),
                },
            });
        }
        Ok(DVector::from_vec(row))
    }

    /// 0 for a level that occurs in the studies.
    fn other_level(&self, moderator: &str, found: &str) -> Result<f64, PoolError> {
        match self.levels.get(moderator) {
            Some(levels) if levels.contains(found) => Ok(0.0),
            Some(levels) => Err(unknown_level(moderator, found, levels)),
            None => Err(PoolError::NoModerators),
        }
    }
}

/// The levels of a factor, or `None` for a moderator of numbers.
fn levels(studies: &[&RegressionStudy], moderator: &str) -> Result<Option<BTreeSet<String>>, PoolError> {
    let mut levels = BTreeSet::new();
    let mut numbers = false;
    for study in studies {
        match study.moderators.get(moderator) {
            Some(ModeratorValue::Level(level)) => {
                levels.insert(level.clone());
            }
            Some(ModeratorValue::Number(_)) => numbers = true,
            None => {}
        }
        if numbers && !levels.is_empty() {
            let expected = "numbers in all studies or names of levels in all studies";
            let found = study.moderators.get(moderator).unwrap_or(&ModeratorValue::Number(0.0)).clone();
            return Err(invalid(&format!("trial `{}`", study.trial), moderator, &found, expected));
        }
    }
    Ok((!numbers).then_some(levels))
}

fn unknown_level(moderator: &str, level: &str, levels: &BTreeSet<String>) -> PoolError {
    PoolError::UnknownLevel {
        moderator: moderator.to_owned(),
        level: level.to_owned(),
        levels: levels.iter().cloned().collect::<Vec<_>>().join(", "),
    }
}

fn invalid(place: &str, moderator: &str, found: &ModeratorValue, expected: &str) -> PoolError {
    PoolError::InvalidModerator {
        place: place.to_owned(),
        moderator: moderator.to_owned(),
        found: match found {
            ModeratorValue::Number(value) => value.to_string(),
            ModeratorValue::Level(level) => level.clone(),
        },
        expected: expected.to_owned(),
    }
}
