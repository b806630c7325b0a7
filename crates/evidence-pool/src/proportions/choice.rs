//! The model that options of proportions mean.

use kmeta_trial_data::{
    EffectMeasure, IntervalMethod, PoolingModel, PredictionMethod, StudyIntervalMethod, SubgroupTauSquared,
    TauSquaredEstimator, TauSquaredIntervalMethod,
};

use kmeta_numerics::quadrature::MAX_HERMITE_NODES;

use crate::{PoolError, ProportionModel, ProportionOptions};

/// A model of the counts themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LikelihoodModel {
    /// Random-intercept logistic regression, with a given number of quadrature nodes or as many as it takes.
    Glmm { nodes: Option<usize> },
    /// Beta-binomial.
    BetaBinomial,
}

impl LikelihoodModel {
    pub(crate) fn name(self) -> PoolingModel {
        match self {
            Self::Glmm { .. } => PoolingModel::Glmm,
            Self::BetaBinomial => PoolingModel::BetaBinomial,
        }
    }
}

/// What to do with the proportions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ModelChoice {
    /// The model of the counts; `None` for inverse variance.
    pub(crate) likelihood: Option<LikelihoodModel>,
    pub(crate) study_interval: StudyIntervalMethod,
}

/// The model and the study interval, where the options leave them open by the measure; an error for options that
/// cannot be used together.
pub(crate) fn model_choice(options: &ProportionOptions) -> Result<ModelChoice, PoolError> {
    let logit = options.measure == EffectMeasure::Logit;
    let default = if logit { ProportionModel::Glmm } else { ProportionModel::InverseVariance };
    let model = options.model.unwrap_or(default);
    let likelihood = match model {
        ProportionModel::InverseVariance => None,
        ProportionModel::Glmm => Some(LikelihoodModel::Glmm { nodes: nodes(options)? }),
        ProportionModel::BetaBinomial => Some(LikelihoodModel::BetaBinomial),
    };
    if options.quadrature_nodes.is_some() && model != ProportionModel::Glmm {
        return Err(conflict("quadrature_nodes", "only the model glmm has quadrature nodes; leave it out"));
    }
    if likelihood.is_some() {
        check_likelihood(options)?;
    }
    let usual = match likelihood {
        Some(_) => StudyIntervalMethod::Wilson,
        None => StudyIntervalMethod::ClopperPearson,
    };
    Ok(ModelChoice { likelihood, study_interval: options.study_interval.unwrap_or(usual) })
}

fn nodes(options: &ProportionOptions) -> Result<Option<usize>, PoolError> {
    let Some(nodes) = options.quadrature_nodes else { return Ok(None) };
    let found = nodes as usize;
    if (1..=MAX_HERMITE_NODES).contains(&found) {
        Ok(Some(found))
    } else {
        Err(PoolError::InvalidQuadratureNodes { nodes, most: MAX_HERMITE_NODES })
    }
}

/// What the models of the counts leave no choice about.
fn check_likelihood(options: &ProportionOptions) -> Result<(), PoolError> {
    let instead = "or set model = \"inverse-variance\"";
    let refuse = |setting: &str, reason: &str| Err(conflict(setting, &format!("{reason}, {instead}")));
    if options.measure != EffectMeasure::Logit {
        return refuse("measure", "glmm and beta-binomial work on the logit: set measure = \"logit\"");
    }
    let maximum = [TauSquaredEstimator::RestrictedMaximumLikelihood, TauSquaredEstimator::MaximumLikelihood];
    if !maximum.contains(&options.tau_squared) || options.scoring_threshold != 0.0 {
        return refuse(
            "tau_squared",
            "glmm and beta-binomial estimate it by maximum likelihood of the counts: leave tau_squared and \
             scoring_threshold out",
        );
    }
    if !matches!(options.interval, IntervalMethod::Wald | IntervalMethod::HartungKnapp) {
        return refuse(
            "interval",
            "glmm and beta-binomial have wald and hartung-knapp (a t quantile with k - 1 degrees of freedom): \
             choose one of them",
        );
    }
    let prediction = [
        PredictionMethod::Veroniki,
        PredictionMethod::HigginsThompsonSpiegelhalter,
        PredictionMethod::Skipka,
    ];
    if !prediction.contains(&options.prediction) {
        return refuse(
            "prediction",
            "glmm has veroniki, higgins-thompson-spiegelhalter and skipka: choose one of them",
        );
    }
    if options.tau_squared_interval != TauSquaredIntervalMethod::QProfile {
        return refuse("tau_squared_interval", "glmm and beta-binomial have none: leave it out");
    }
    if options.subgroup_tau_squared != SubgroupTauSquared::Separate {
        return refuse(
            "subgroup_tau_squared",
            "glmm and beta-binomial fit each subgroup alone: leave it out",
        );
    }
    Ok(())
}

fn conflict(setting: &str, reason: &str) -> PoolError {
    PoolError::SettingsConflict { setting: setting.to_owned(), reason: reason.to_owned() }
}
