# Answers of R `survival` and `metafor` for two-arm survival, beyond those of the reference folder.
# Rscript two_arm_survival.R FOLDER OUTPUT.json, where FOLDER holds g_kmdata/ and d_surv_veteran.csv.
suppressMessages({library(survival); library(metafor); library(jsonlite)})
arguments <- commandArgs(TRUE)
folder <- arguments[1]
tight <- coxph.control(eps = 1e-15, toler.chol = 1e-16, iter.max = 100)
transforms <- c("km", "rank", "identity", "log")

# coxph ends when the likelihood stops to change, which leaves 1e-7 in a coefficient; from there one more step is exact.
cox <- function(formula, data, ties = "efron") {
  first <- coxph(formula, data, ties = ties, control = tight)
  fit <- coxph(formula, data, ties = ties, control = tight, init = coef(first), model = TRUE, x = TRUE)
  fit$loglik[1] <- first$loglik[1]
  fit$score <- first$score
  fit$wald.test <- first$wald.test
  fit
}

zph <- function(fit, transform) {
  table <- cox.zph(fit, transform = transform)$table
  list(terms = unname(table[-nrow(table), "chisq"]), df = unname(table[-nrow(table), "df"]),
       p = unname(table[-nrow(table), "p"]), global = unname(table["GLOBAL", ]))
}

# Stratified model of a data set with covariates.
veteran <- read.csv(file.path(folder, "d_surv_veteran.csv"))
stratified <- lapply(c(efron = "efron", breslow = "breslow"), function(ties) {
  fit <- cox(Surv(time, event) ~ trt + age + karno + strata(celltype), veteran, ties)
  residuals <- residuals(fit, "schoenfeld")
  scaled <- residuals(fit, "scaledsch")
  list(coef = unname(coef(fit)), vcov = unname(vcov(fit)), loglik = fit$loglik, score = fit$score,
       wald = fit$wald.test, zph = sapply(transforms, zph, fit = fit, simplify = FALSE),
       residual_sums = unname(colSums(residuals^2)), residual_first = unname(residuals[1, ]),
       scaled_first = unname(scaled[1, ]), scaled_squares = unname(colSums(scaled^2)), events = nrow(residuals))
})

# The trials, times in months.
kmdata <- fromJSON(file.path(folder, "g_kmdata.json"), simplifyVector = FALSE)$datasets
trials <- lapply(names(kmdata), function(name) {
  one <- kmdata[[name]]
  data <- read.csv(file.path(folder, one$csv))
  months <- if (one$key$Units == "years") 12 else 1
  data.frame(trial = name, time = data$time * months, event = data$event,
             treated = as.numeric(data$arm == one$derived$arm_levels[[2]]))
})
names(trials) <- names(kmdata)
horizon <- 18
cuts <- c(6, 12)

per_trial <- function(data) {
  cox <- lapply(c(efron = "efron", breslow = "breslow"), function(ties) {
    fit <- cox(Surv(time, event) ~ treated, data, ties)
    list(coef = unname(coef(fit)), se = sqrt(vcov(fit)[1]), loglik = fit$loglik)
  })
  test <- survdiff(Surv(time, event) ~ treated, data)
  fit <- cox(Surv(time, event) ~ treated, data)
  curve <- survfit(Surv(time, event) ~ treated, data)
  rmst <- if (min(tapply(data$time, data$treated, max)) >= horizon) {
    unname(summary(curve, rmean = horizon)$table[, c("rmean", "se(rmean)")])
  }
  list(cox = cox, observed = test$obs, expected = test$exp, variance = test$var[1, 1], chisq = test$chisq,
       zph = sapply(transforms, zph, fit = fit, simplify = FALSE), rmst = rmst,
       medians = unname(quantile(curve, 0.5)$quantile[, 1]))
}

pooled <- function(yi, sei) {
  control <- list(threshold = 1e-14, tol = 1e-14, maxiter = 1e5)
  fit <- rma(yi, sei = sei, method = "REML", control = control)
  list(beta = fit$b[1], se = fit$se, tau2 = fit$tau2, Q = fit$QE)
}

# Log partial likelihood of each trial on a grid, by coxph itself; the trapezoid rule over the grid is exact to
# rounding for a smooth function that has died out at its ends.
random_slope <- function(trials, ties) {
  grids <- lapply(trials, function(data) {
    fit <- try(coxph(Surv(time, event) ~ treated, data, ties = ties, control = tight), silent = TRUE)
    width <- min(sqrt(vcov(fit)[1]), 1.2)
    centre <- max(min(coef(fit), 2), -2)
    b <- centre + seq(-9, 9, length.out = 601) * width
    value <- sapply(b, function(at) suppressWarnings(coxph(Surv(time, event) ~ treated, data, ties = ties,
      init = at, control = coxph.control(iter.max = 0)))$loglik[2])
    list(b = b, value = value, step = b[2] - b[1])
  })
  log_likelihood <- function(parameters) {
    variance <- parameters[2]
    sum(sapply(grids, function(grid) {
      exponent <- grid$value - (grid$b - parameters[1])^2 / (2 * variance)
      top <- max(exponent)
      top + log(sum(exp(exponent - top)) * grid$step) - log(2 * pi * variance) / 2
    }))
  }
  at_log <- function(p) -log_likelihood(c(p[1], exp(p[2])))
  at <- optim(c(0, log(0.05)), at_log, method = "Nelder-Mead", control = list(reltol = 1e-15, maxit = 5000))$par
  for (step in 1:6) {
    at <- at - solve(numDeriv::hessian(at_log, at), numDeriv::grad(at_log, at))
  }
  parameters <- c(at[1], exp(at[2]))
  hessian <- numDeriv::hessian(log_likelihood, parameters)
  null <- optimize(function(p) log_likelihood(c(0, exp(p))), c(log(1e-4), log(2)), maximum = TRUE, tol = 1e-10)
  list(beta = parameters[1], tau2 = parameters[2], covariance = solve(-hessian),
       loglik = log_likelihood(parameters), loglik_null = null$objective, tau2_null = exp(null$maximum))
}

one_stage <- function(trials, ties) {
  all <- do.call(rbind, trials)
  fit <- cox(Surv(time, event) ~ treated + strata(trial), all, ties)
  test <- survdiff(Surv(time, event) ~ treated + strata(trial), all)
  list(coef = unname(coef(fit)), se = sqrt(vcov(fit)[1]), loglik = fit$loglik, score = fit$score,
       zph_km = zph(fit, "km")$global,
       logrank = test$chisq, random = random_slope(trials, ties))
}

# Windows (start, end]: patients still at risk at the start, later events censored at the end.
piecewise <- function(trials) {
  edges <- c(0, cuts, Inf)
  lapply(1:(length(edges) - 1), function(window) {
    fits <- lapply(trials, function(data) {
      data <- data[data$time > edges[window], ]
      data$event <- data$event * (data$time <= edges[window + 1])
      data$time <- pmin(data$time, edges[window + 1])
      # Events while both arms are at risk, in both arms: else the hazard ratio is 0 or infinite.
      both <- data[data$time <= min(tapply(data$time, factor(data$treated, 0:1), max)), ]
      if (!isTRUE(all(tapply(both$event, factor(both$treated, 0:1), sum) > 0))) return(NULL)
      fit <- cox(Surv(time, event) ~ treated, data)
      c(coef(fit), sqrt(vcov(fit)[1]))
    })
    used <- fits[!sapply(fits, is.null)]
    matrix <- do.call(rbind, used)
    list(trials = names(used), coef = unname(matrix[, 1]), se = unname(matrix[, 2]),
         pooled = pooled(matrix[, 1], matrix[, 2]))
  })
}

rows <- lapply(trials, per_trial)
coefs <- sapply(rows, function(row) row$cox$efron$coef)
ses <- sapply(rows, function(row) row$cox$efron$se)
oe <- sapply(rows, function(row) (row$observed - row$expected)[2] / row$variance)
oe_se <- sapply(rows, function(row) 1 / sqrt(row$variance))
reaching <- names(rows)[!sapply(rows, function(row) is.null(row$rmst))]
difference <- sapply(reaching, function(name) diff(rows[[name]]$rmst[, 1]))
difference_se <- sapply(reaching, function(name) sqrt(sum(rows[[name]]$rmst[, 2]^2)))
ratio <- sapply(reaching, function(name) diff(log(rows[[name]]$rmst[, 1])))
ratio_se <- sapply(reaching, function(name) sqrt(sum((rows[[name]]$rmst[, 2] / rows[[name]]$rmst[, 1])^2)))
# Arms of three trials swapped, so that hazard ratios differ more.
mixed <- trials
for (name in c("TANIA_2", "TRIBE_2", "ACTSCC_2A")) mixed[[name]]$treated <- 1 - mixed[[name]]$treated
# Few patients, so that likelihoods are not normal, and in the same trials shorter times of treated patients.
thinned <- lapply(mixed, function(data) data[order(data$time), ][seq(6, nrow(data), by = 12), ])
for (name in c("TANIA_2", "TRIBE_2", "ACTSCC_2A")) {
  thinned[[name]]$time <- thinned[[name]]$time * ifelse(thinned[[name]]$treated == 1, 0.4, 1)
}

answers <- list(
  software = list(R = as.character(getRversion()), survival = as.character(packageVersion("survival")),
                  metafor = as.character(packageVersion("metafor"))),
  veteran_stratified = stratified,
  trials = rows,
  horizon = horizon, cuts = cuts,
  pooled_cox = pooled(coefs, ses), pooled_peto = pooled(oe, oe_se),
  rmst = list(trials = reaching, difference = pooled(difference, difference_se), ratio = pooled(ratio, ratio_se)),
  piecewise = piecewise(trials),
  one_stage = list(all_efron = one_stage(trials, "efron"), mixed_efron = one_stage(mixed, "efron"),
                   mixed_breslow = one_stage(mixed, "breslow"), thinned_efron = one_stage(thinned, "efron")))
write(toJSON(answers, digits = NA, auto_unbox = TRUE, null = "null", na = "null"), arguments[2])
