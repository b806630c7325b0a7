//! What can be chosen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A choice that another axis must have taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChoiceCondition {
    /// Position of the other axis, which comes before.
    pub axis: u16,
    /// Positions of the choices that allow it.
    pub choices: Vec<u16>,
    /// A combination in which the other axis means nothing is allowed too.
    #[serde(default)]
    pub or_open: bool,
}

/// One choice of an axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AxisChoice {
    /// The word that the project file has for it.
    pub name: String,
    /// Whether it is plausible: declared in the project file, the protocol's own, or recommended by the page of the
    /// method. Any other is merely possible.
    pub plausible: bool,
    /// It can only be combined with these choices of other axes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<ChoiceCondition>,
}

/// Something that can be chosen one way or another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Axis {
    /// Its name in the project file.
    pub name: String,
    /// The choices, at least one.
    pub choices: Vec<AxisChoice>,
    /// Position of the choice of the protocol, which is also taken where the axis is not looked at.
    pub protocol: u16,
    /// The axis means something only with these choices of other axes; a combination without them does not have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applies: Vec<ChoiceCondition>,
}

impl AxisChoice {
    /// A choice that goes with everything.
    pub fn new(name: impl Into<String>, plausible: bool) -> Self {
        Self { name: name.into(), plausible, needs: Vec::new() }
    }
}

/// The choice made on each axis, by position; `None` where the axis means nothing.
pub(super) type Choices = Vec<Option<u16>>;

/// Whether the choices made so far meet all conditions.
pub(super) fn met(conditions: &[ChoiceCondition], made: &[Option<u16>]) -> bool {
    conditions.iter().all(|condition| match made.get(usize::from(condition.axis)).copied().flatten() {
        Some(choice) => condition.choices.contains(&choice),
        None => condition.or_open,
    })
}

/// The combination that a choice on every axis means: axes that mean nothing in it are left open. `None` when a choice
/// cannot be combined with the others.
pub(super) fn combination(axes: &[Axis], wanted: &[u16]) -> Option<Choices> {
    let mut made = Choices::with_capacity(axes.len());
    for (axis, &choice) in axes.iter().zip(wanted) {
        if met(&axis.applies, &made) {
            let possible = axis.choices.get(usize::from(choice))?;
            if !met(&possible.needs, &made) {
                return None;
            }
            made.push(Some(choice));
        } else {
            made.push(None);
        }
    }
    Some(made)
}

/// Whether every choice made is plausible.
pub(super) fn is_plausible(axes: &[Axis], made: &[Option<u16>]) -> bool {
    axes.iter()
        .zip(made)
        .all(|(axis, choice)| choice.is_none_or(|choice| axis.choices[usize::from(choice)].plausible))
}

/// The choices of the protocol.
pub(super) fn protocol(axes: &[Axis]) -> Vec<u16> {
    axes.iter().map(|axis| axis.protocol).collect()
}
