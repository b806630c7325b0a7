//! Checks of what is compared with other choices and with other papers.

use crate::project::FieldPath;

use super::Checker;

impl Checker<'_> {
    pub(super) fn check_sensitivity(&mut self) {
        let project = &self.study.project;
        let known: Vec<&str> = project.analyses.iter().map(|analysis| analysis.id()).collect();
        let path = FieldPath::root().key("sensitivity");
        for (index, id) in project.sensitivity.analyses.iter().flatten().enumerate() {
            if !known.contains(&id.as_str()) {
                self.unknown(&path.key("analyses").index(index), "analysis", id, &known);
            }
        }
        for (id, line) in &project.sensitivity.decision_lines {
            let path = path.key("decision_lines").key(id);
            let analysis = id.split('@').next().unwrap_or(id);
            if !known.contains(&analysis) {
                self.unknown(&path, "analysis", id, &known);
            } else if !line.is_finite() {
                self.report(&path, format!("decision line {line}: expected a finite number"));
            }
        }
        for (index, times) in project.sensitivity.axes.times.iter().flatten().enumerate() {
            let increasing = times.windows(2).all(|pair| pair[0] < pair[1]);
            if times.is_empty() || !increasing || !times.iter().all(|time| time.is_finite() && *time > 0.0) {
                let path = path.key("times").index(index);
                self.report(&path, "times must be above 0 and increase, at least one");
            }
        }
        for (index, published) in project.published_results.iter().enumerate() {
            if !known.contains(&published.analysis.as_str()) {
                let path = FieldPath::root().key("published_result").index(index).key("analysis");
                self.unknown(&path, "analysis", &published.analysis, &known);
            }
        }
    }
}
