//! What the reader of a Bayesian result should know beside the numbers.

use kmeta_trial_data::Finding;

use super::{Context, EffectPosterior, TauPrior};

/// With fewer studies the posterior of τ resembles its prior (Röver 2020, section 2.3).
const FEW_STUDIES: usize = 5;

/// A density at the end of a uniform prior above this share of its maximum shows that the end cuts the posterior.
const CUT: f64 = 0.01;

pub(super) fn findings(
    context: &Context<'_>,
    mean: &EffectPosterior,
    prediction: &EffectPosterior,
) -> Vec<Finding> {
    let id = &context.options.id;
    let place = if id.is_empty() { "analysis".to_owned() } else { format!("analysis `{id}`") };
    let mut findings = Vec::new();
    let studies = context.model.values.len();
    if studies < FEW_STUDIES {
        findings.push(Finding::note(
            "prior-matters",
            place.clone(),
            format!(
                "with {studies} studies the prior of tau shapes the result: state it, and repeat the analysis \
                 with another"
            ),
        ));
    }
    if !context.tau_prior_is_proper() {
        findings.push(Finding::note(
            "improper-tau-prior",
            place.clone(),
            "no Bayes factor of tau = 0 and no marginal likelihood: the prior of tau is improper, so that they \
             would contain an arbitrary constant",
        ));
    }
    if context.model.mean_prior.is_none() {
        findings.push(Finding::note(
            "improper-mean-prior",
            place.clone(),
            "no Bayes factor of no effect and no marginal likelihood: the prior of the mean is improper, so \
             that they would contain an arbitrary constant",
        ));
    }
    if let TauPrior::Uniform { upper } = context.model.tau_prior {
        let body = context.posterior.components();
        let highest = body.iter().map(|(_, given)| context.posterior.density(given.tau)).fold(0.0, f64::max);
        if context.posterior.density(upper) > CUT * highest {
            findings.push(Finding::warning(
                "tau-prior-cuts",
                place.clone(),
                "the upper end of the uniform prior of tau cuts off values that the data support: results depend \
                 on where it lies",
            ));
        }
    }
    for (what, effect) in [("the mean", mean), ("a new study's effect", prediction)] {
        if effect.posterior.standard_deviation.is_none() {
            findings.push(Finding::note(
                "posterior-moment-infinite",
                place.clone(),
                format!(
                    "the posterior distribution of {what} has no finite standard deviation: the prior of tau has \
                     heavy tails and studies are few. Medians and intervals are not affected"
                ),
            ));
        }
    }
    findings
}
