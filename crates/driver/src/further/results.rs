//! What came out.

use kmeta_evidence_pool::{
    BaujatPoint, BayesianResult, Cumulative, FailSafeNumber, FunnelTests, InfluenceDiagnostics, LeaveOneOut,
    LimitMetaAnalysis, MetaRegression, PetPeese, PoolError, TrimAndFill,
};
use kmeta_trial_data::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The further analyses that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FurtherResults {
    /// The result without each study in turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave_one_out: Option<LeaveOneOut>,
    /// The result as studies are added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cumulative: Option<Cumulative>,
    /// Influence of each study; `study` counts from 0 in `trials`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub influence: Option<InfluenceDiagnostics>,
    /// Coordinates of Baujat's plot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub baujat: Vec<BaujatPoint>,
    /// The trials that influence and Baujat's coordinates count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<String>,
    /// Effects explained by moderators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_regression: Option<MetaRegression>,
    /// Tests of funnel asymmetry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub small_study_tests: Option<FunnelTests>,
    /// Trim and fill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trim_and_fill: Option<TrimAndFill>,
    /// PET-PEESE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pet_peese: Option<PetPeese>,
    /// Limit meta-analysis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_meta_analysis: Option<LimitMetaAnalysis>,
    /// Fail-safe numbers, in the order asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fail_safe_numbers: Vec<FailSafeNumber>,
    /// The Bayesian model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bayesian: Option<BayesianResult>,
    /// What was asked for and could not be answered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<Unanswered>,
}

/// A further analysis without an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unanswered {
    /// What was asked for.
    pub analysis: String,
    /// Why there is no answer.
    pub reason: String,
}

impl FurtherResults {
    /// Whether nothing was asked.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The answer, or `None` with the reason on record.
    pub(super) fn answered<T>(&mut self, analysis: &str, answer: Result<T, PoolError>) -> Option<T> {
        answer
            .map_err(|error| {
                self.unanswered.push(Unanswered { analysis: analysis.to_owned(), reason: error.to_string() });
            })
            .ok()
    }

    /// What the analyses noticed, and what has no answer.
    pub(crate) fn findings(&self, place: &str) -> Vec<Finding> {
        let unanswered = self.unanswered.iter().map(|unanswered| {
            let message = format!("no {}: {}", unanswered.analysis, unanswered.reason);
            Finding::warning("further-analysis-unanswered", place, message)
        });
        let own = [
            self.leave_one_out.as_ref().map(|without| &without.findings),
            self.bayesian.as_ref().map(|model| &model.findings),
            self.meta_regression.as_ref().map(|model| &model.findings),
            self.small_study_tests.as_ref().map(|tests| &tests.findings),
            self.trim_and_fill.as_ref().map(|filled| &filled.findings),
            self.pet_peese.as_ref().map(|adjusted| &adjusted.findings),
            self.limit_meta_analysis.as_ref().map(|limit| &limit.findings),
        ];
        let own = own.into_iter().flatten().flatten();
        // The analyses do not know what they belong to.
        unanswered.chain(own.map(|finding| Finding { place: place.to_owned(), ..finding.clone() })).collect()
    }
}
