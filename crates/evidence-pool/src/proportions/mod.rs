//! Single proportions: which model pools them, and the models that fit the counts themselves.
//!
//! | part | holds |
//! |---|---|
//! | [`choice`] | the model and study interval that the options mean, and combinations that cannot be |
//! | [`random_intercept`] | random-intercept logistic regression (GLMM) |
//! | [`beta_binomial`] | beta-binomial model |
//! | [`fitted`] | a fit of either model as estimates, intervals and tests |
//! | [`assemble`] | studies and subgroups put together |
//! | [`maximize`], [`jet`] | maximum likelihood with exact derivatives |

mod assemble;
mod beta_binomial;
mod choice;
mod fitted;
mod jet;
mod maximize;
mod random_intercept;

pub(crate) use assemble::pool_by_likelihood;
pub(crate) use choice::{LikelihoodModel, model_choice};
pub(crate) use random_intercept::{Count, fit_random_intercept};
