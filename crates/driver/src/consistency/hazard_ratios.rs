//! Hazard ratios, their intervals and their p values. The rules are those of `kmeta_evidence_pool::hazard_ratio_routes`:
//! an interval has the hazard ratio at its geometric centre, and interval, p value and events give the same standard
//! error, each within what rounding leaves open.

use kmeta_evidence_pool::{HazardRatioRouteOptions, hazard_ratio_routes};
use kmeta_trial_data::Finding;

use crate::project::Project;

/// Every printed hazard ratio, whether an analysis uses it or not.
pub(super) fn check(project: &Project) -> Vec<Finding> {
    let mut findings = Vec::new();
    for trial in &project.trials {
        for (endpoint, printed) in &trial.hazard_ratios {
            let numbers = printed.of_trial(trial, endpoint);
            // Numbers that cannot be were refused when the file was read; without a route nothing can disagree.
            let Ok(found) = hazard_ratio_routes(&numbers, &HazardRatioRouteOptions::default()) else {
                continue;
            };
            let place = format!("{}, {endpoint}", trial.id);
            findings.extend(
                found.findings.into_iter().map(|finding| Finding { place: place.clone(), ..finding }),
            );
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::project;
    use super::*;

    fn codes(printed: &str) -> Vec<String> {
        let trial = "[[trial]]\nid = \"a\"\nlabel = \"A\"\n[trial.hazard_ratios]\n";
        let arms = "\n[[trial.arm]]\nid = \"x\"\nlabel = \"X\"\nn = 60\n[[trial.arm]]\nid = \"y\"\nlabel = \"Y\"\nn = 60";
        check(&project(&format!("{trial}os = {{ {printed} }}{arms}")))
            .into_iter()
            .map(|finding| finding.code)
            .collect()
    }

    #[test]
    fn ratio_interval_and_p_value() {
        assert_eq!(codes("value = 0.46, lower = 0.32, upper = 0.66"), [""; 0]);
        assert_eq!(codes("value = 0.80, lower = 0.50, upper = 0.98"), ["hazard-ratio-off-centre"]);
        assert_eq!(codes("value = 0.58, lower = 0.35, upper = 0.96, p_value = 0.042"), [""; 0]);
        assert_eq!(
            codes("value = 0.58, lower = 0.35, upper = 0.96, p_value = 0.4"),
            ["hazard-ratio-routes-disagree"]
        );
    }
}
