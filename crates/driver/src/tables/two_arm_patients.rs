//! Patients of two-arm trials.

use std::path::Path;

use kmeta_trial_data::{PatientRecord, Provenance};

use super::{TrialArmPatients, read_patients};
use crate::project::{Problem, Problems};

/// Arms of this name are the control where none is named by the caller.
const USUAL_CONTROLS: [&str; 3] = ["control", "placebo", "reference"];

/// The patients of one trial, by arm.
#[derive(Debug, Clone, PartialEq)]
pub struct TwoArmPatients {
    /// Identifier of the trial.
    pub trial: String,
    /// Subgroup of the trial, where the table has the column.
    pub subgroup: Option<String>,
    /// Name of the treated arm.
    pub treated_arm: String,
    /// Patients of the treated arm.
    pub treated: Vec<PatientRecord>,
    /// Name of the control arm.
    pub control_arm: String,
    /// Patients of the control arm.
    pub control: Vec<PatientRecord>,
    /// The file.
    pub provenance: Provenance,
}

/// Reads patients of two-arm trials: `time,status,arm[,trial,subgroup]`. The control is the arm named `control`, or where
/// no name is given the one called control, placebo or reference.
///
/// # Errors
/// All bad cells; a trial with other than two arms; a trial of which it is not clear which arm is the control.
pub fn read_two_arm_patients(
    paths: &[&Path],
    control: Option<&str>,
) -> Result<Vec<TwoArmPatients>, Problems> {
    let (mut trials, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        let file = path.display().to_string();
        let mut by_trial: Vec<(String, Vec<TrialArmPatients>)> = Vec::new();
        for arm in read_patients(path)? {
            match by_trial.iter_mut().find(|(trial, _)| *trial == arm.trial) {
                Some((_, arms)) => arms.push(arm),
                None => by_trial.push((arm.trial.clone(), vec![arm])),
            }
        }
        for (trial, arms) in by_trial {
            match pair(trial, arms, control) {
                Ok(pair) => trials.push(pair),
                Err((message, help)) => problems.push(Problem::in_file(&file, message).with_help(help)),
            }
        }
    }
    if problems.is_empty() { Ok(trials) } else { Err(Problems(problems)) }
}

fn pair(
    trial: String,
    arms: Vec<TrialArmPatients>,
    control: Option<&str>,
) -> Result<TwoArmPatients, (String, String)> {
    let names: Vec<String> = arms.iter().map(|arm| arm.arm.clone()).collect();
    let Ok([one, two]) = <[TrialArmPatients; 2]>::try_from(arms) else {
        let message =
            format!("trial `{trial}` has {} arms ({}), expected two", names.len(), names.join(", "));
        let help = "name the arms in a column `arm`; leave further arms out of the table".to_owned();
        return Err((message, help));
    };
    let is_control = |arm: &TrialArmPatients| match control {
        Some(name) => arm.arm == name,
        None => USUAL_CONTROLS.contains(&arm.arm.to_lowercase().as_str()),
    };
    let (treated, control) = match (is_control(&one), is_control(&two)) {
        (false, true) => (one, two),
        (true, false) => (two, one),
        _ => {
            let message =
                format!("which arm of trial `{trial}` is the control? Its arms are {}", names.join(" and "));
            return Err((message, "name it with --control ARM".to_owned()));
        }
    };
    if treated.subgroup != control.subgroup {
        let message = format!("the arms of trial `{trial}` are in different subgroups");
        return Err((message, "give all rows of a trial the same subgroup".to_owned()));
    }
    Ok(TwoArmPatients {
        trial,
        subgroup: treated.subgroup,
        treated_arm: treated.arm,
        treated: treated.patients,
        control_arm: control.arm,
        control: control.patients,
        provenance: treated.provenance,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: &str, control: Option<&str>) -> Result<Vec<TwoArmPatients>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ipd.csv");
        std::fs::write(&path, format!("trial,arm,time,status\n{rows}")).unwrap();
        read_two_arm_patients(&[&path], control).map_err(|problems| problems.to_string())
    }

    #[test]
    fn arms_are_paired_by_trial() {
        let rows = "A,Placebo,1,1\nB,drug,2,0\nA,drug,3,1\nB,placebo,4,1\nB,drug,5,1\n";
        let trials = read(rows, None).unwrap();
        assert_eq!(trials.len(), 2);
        assert_eq!((trials[0].control.len(), trials[1].treated.len()), (1, 2));
        assert_eq!(trials[0].control_arm, "Placebo");
        let turned = read(rows.replace("Placebo", "placebo").as_str(), Some("drug")).unwrap();
        assert_eq!(turned[1].control.len(), 2);
    }

    #[test]
    fn unclear_arms_are_refused() {
        assert!(read("A,x,1,1\nA,y,1,1\n", None).unwrap_err().contains("which arm of trial `A`"));
        assert!(read("A,x,1,1\nA,y,1,1\nA,z,1,1\n", None).unwrap_err().contains("has 3 arms (x, y, z)"));
        assert!(read("A,x,1,1\nA,y,1,1\n", Some("q")).unwrap_err().contains("which arm"));
    }
}
