//! The references: of the trials, and of the methods that were used.

use kmeta_trial_data::{
    BackTransformSize, EffectMeasure, IntervalMethod, PooledEffect, PoolingModel, PredictionMethod,
    StudyIntervalMethod, SurvivalCurveMethod, TauSquaredEstimator,
};

use crate::page::{Block, Section};
use crate::report::{Report, SurvivalSection};

pub(crate) fn section(report: &Report) -> Section {
    let mut blocks = Vec::new();
    let mut trials: Vec<String> = Vec::new();
    for trial in report.trials.iter().filter(|trial| !trial.source.is_empty()) {
        if !trials.contains(&trial.source) {
            trials.push(trial.source.clone());
        }
    }
    if !trials.is_empty() {
        blocks.push(Block::heading("references-trials".to_owned(), "Trials"));
        blocks.push(Block::References { items: trials });
    }
    let methods = methods(report);
    if !methods.is_empty() {
        blocks.push(Block::heading("references-methods".to_owned(), "Methods"));
        blocks.push(Block::References { items: methods });
    }
    Section::new("references", "References", blocks).without_entries()
}

fn methods(report: &Report) -> Vec<String> {
    let mut found: Vec<&str> = Vec::new();
    if !report.reconstructions.is_empty() {
        found.push(
            "Guyot P, Ades AE, Ouwens MJNM, Welton NJ. Enhanced secondary analysis of survival data: \
             reconstructing the data from published Kaplan-Meier survival curves. BMC Med Res Methodol 2012;12:9.",
        );
    }
    let is_summary_curve =
        |section: &SurvivalSection| section.result.method == SurvivalCurveMethod::SummaryCurve;
    if report.survival.iter().any(is_summary_curve) {
        found.push(
            "Combescure C, Foucher Y, Jackson D. Meta-analysis of single-arm survival studies: a \
             distribution-free approach for estimating summary survival curves with random effects. Stat Med \
             2014;33:2521-2537.",
        );
    }
    for section in report.effect_sections() {
        found.extend(of_effect(&section.result));
    }
    let mut unique: Vec<String> = Vec::new();
    for reference in found {
        if !unique.iter().any(|known| known == reference) {
            unique.push(reference.to_owned());
        }
    }
    unique
}

/// The paper of a model other than inverse variance.
fn of_model(model: PoolingModel) -> Option<&'static str> {
    match model {
        PoolingModel::InverseVariance => None,
        PoolingModel::Glmm => Some(
            "Stijnen T, Hamza TH, Özdemir P. Random effects meta-analysis of event outcome in the framework of \
             the generalized linear mixed model with applications in sparse data. Stat Med 2010;29:3046-3067.",
        ),
        PoolingModel::BetaBinomial => Some(
            "Ma Y, Chu H, Mazumdar M. Meta-analysis of proportions of rare events - a comparison of exact \
             likelihood methods with robust variance estimation. Commun Stat Simul Comput 2016;45:3036-3052.",
        ),
        PoolingModel::MantelHaenszel => Some(
            "Mantel N, Haenszel W. Statistical aspects of the analysis of data from retrospective studies of \
             disease. J Natl Cancer Inst 1959;22:719-748.",
        ),
        PoolingModel::Peto => Some(
            "Yusuf S, Peto R, Lewis J, Collins R, Sleight P. Beta blockade during and after myocardial \
             infarction: an overview of the randomized trials. Prog Cardiovasc Dis 1985;27:335-371.",
        ),
    }
}

/// The paper of a prediction interval that has one of its own.
fn of_prediction(method: PredictionMethod) -> Option<&'static str> {
    match method {
        PredictionMethod::Veroniki => Some(
            "Veroniki AA, Jackson D, Bender R, et al. Methods to calculate uncertainty in the estimated overall effect \
             size from a random-effects meta-analysis. Res Synth Methods 2019;10:23-43.",
        ),
        PredictionMethod::HigginsThompsonSpiegelhalter => Some(
            "Higgins JPT, Thompson SG, Spiegelhalter DJ. A re-evaluation of random-effects meta-analysis. J R Stat Soc A \
             2009;172:137-159.",
        ),
        PredictionMethod::HartungKnappPartlettRiley | PredictionMethod::KenwardRogerPartlettRiley => Some(
            "Partlett C, Riley RD. Random effects meta-analysis: coverage performance of 95% confidence and \
             prediction intervals following REML estimation. Stat Med 2017;36:301-317.",
        ),
        PredictionMethod::NagashimaBootstrap => Some(
            "Nagashima K, Noma H, Furukawa TA. Prediction intervals for random-effects meta-analysis: a confidence \
             distribution approach. Stat Methods Med Res 2019;28:1689-1702.",
        ),
        PredictionMethod::HartungKnapp | PredictionMethod::KenwardRoger | PredictionMethod::Skipka => None,
    }
}

fn of_effect(result: &PooledEffect) -> Vec<&'static str> {
    let mut found = Vec::new();
    if result.measure == EffectMeasure::FreemanTukey {
        found.push(
            "Freeman MF, Tukey JW. Transformations related to the angular and the square root. Ann Math Stat \
             1950;21:607-611.",
        );
        found.push(
            "Miller JJ. The inverse of the Freeman-Tukey double arcsine transformation. Am Stat 1978;32:138.",
        );
        if result.back_transform == Some(BackTransformSize::InverseVariance) {
            found.push(
                "Barendregt JJ, Doi SA, Lee YY, Norman RE, Vos T. Meta-analysis of prevalence. J Epidemiol \
                 Community Health 2013;67:974-978.",
            );
        }
    }
    found.extend(of_model(result.model));
    found.extend(match result.tau_squared_estimator {
        TauSquaredEstimator::DerSimonianLaird => {
            Some("DerSimonian R, Laird N. Meta-analysis in clinical trials. Control Clin Trials 1986;7:177-188.")
        }
        TauSquaredEstimator::PauleMandel => {
            Some("Paule RC, Mandel J. Consensus values and weighting factors. J Res Natl Bur Stand 1982;87:377-385.")
        }
        TauSquaredEstimator::RestrictedMaximumLikelihood | TauSquaredEstimator::MaximumLikelihood => Some(
            "Viechtbauer W. Bias and efficiency of meta-analytic variance estimators in the random-effects \
             model. J Educ Behav Stat 2005;30:261-293.",
        ),
        TauSquaredEstimator::Hedges => {
            Some("Hedges LV, Olkin I. Statistical Methods for Meta-Analysis. Academic Press 1985, chapter 9.")
        }
        TauSquaredEstimator::HunterSchmidt => {
            Some("Hunter JE, Schmidt FL. Methods of Meta-Analysis, 2nd ed. Sage 2004.")
        }
        TauSquaredEstimator::HunterSchmidtCorrected => Some(
            "Brannick MT, Potter SM, Benitez B, Morris SB. Bias and precision of alternate estimators in \
             meta-analysis. Organ Res Methods 2019;22:490-514.",
        ),
        TauSquaredEstimator::SidikJonkman => Some(
            "Sidik K, Jonkman JN. Simple heterogeneity variance estimation for meta-analysis. J R Stat Soc C \
             2005;54:367-384.",
        ),
        TauSquaredEstimator::EmpiricalBayes => Some(
            "Morris CN. Parametric empirical Bayes inference: theory and applications. J Am Stat Assoc \
             1983;78:47-55.",
        ),
        TauSquaredEstimator::MedianUnbiasedPauleMandel => Some(
            "Viechtbauer W. Median-unbiased estimators for the amount of heterogeneity in meta-analysis. European \
             Congress of Methodology 2021.",
        ),
    });
    if result.interval_method == IntervalMethod::KenwardRoger {
        found.push(
            "Kenward MG, Roger JH. Small sample inference for fixed effects from restricted maximum likelihood. \
             Biometrics 1997;53:983-997.",
        );
        found.push(
            "Partlett C, Riley RD. Random effects meta-analysis: coverage performance of 95% confidence and \
             prediction intervals following REML estimation. Stat Med 2017;36:301-317.",
        );
    }
    if result.interval_method.is_hartung_knapp() {
        found.push(
            "Hartung J, Knapp G. A refined method for the meta-analysis of controlled clinical trials with \
             binary outcome. Stat Med 2001;20:3875-3889.",
        );
        found.push(
            "Sidik K, Jonkman JN. A simple confidence interval for meta-analysis. Stat Med 2002;21:3153-3159.",
        );
    }
    found.extend(result.prediction_details.as_ref().and_then(|prediction| of_prediction(prediction.method)));
    found.extend(match result.study_interval_method {
        StudyIntervalMethod::ClopperPearson => Some(
            "Clopper CJ, Pearson ES. The use of confidence or fiducial limits illustrated in the case of the \
             binomial. Biometrika 1934;26:404-413.",
        ),
        StudyIntervalMethod::Wilson => Some(
            "Wilson EB. Probable inference, the law of succession, and statistical inference. J Am Stat Assoc \
             1927;22:209-212.",
        ),
        StudyIntervalMethod::AgrestiCoull => Some(
            "Agresti A, Coull BA. Approximate is better than \"exact\" for interval estimation of binomial \
             proportions. Am Stat 1998;52:119-126.",
        ),
        StudyIntervalMethod::Wald => None,
    });
    found.push(
        "Higgins JPT, Thompson SG. Quantifying heterogeneity in a meta-analysis. Stat Med 2002;21:1539-1558.",
    );
    if result.heterogeneity.tau_squared_interval.is_some() {
        found.push(
            "Viechtbauer W. Confidence intervals for the amount of heterogeneity in meta-analysis. Stat Med \
             2007;26:37-52.",
        );
    }
    if result.egger.is_some() {
        found.push(
            "Egger M, Davey Smith G, Schneider M, Minder C. Bias in meta-analysis detected by a simple, \
             graphical test. BMJ 1997;315:629-634.",
        );
    }
    found
}
