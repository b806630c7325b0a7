# Maximum likelihood of a hazard ratio that varies between trials, on simulated trials, by a fine grid.
#
#   Rscript tools/reference_fixtures/two_arm_random_effect.R fixtures/reference/two_arm_random_effect.json
#
# Nothing of kmeta's method is used: the log partial likelihood of each trial is written out term by term (and
# compared with survival::coxph at three hazard ratios), its integral over the trial's log hazard ratio is a
# trapezoid sum of 20,001 points, derivatives are Richardson differences (numDeriv). The stratified model is coxph.
suppressMessages({library(survival); library(numDeriv); library(jsonlite)})
tight <- coxph.control(eps = 1e-15, toler.chol = 1e-16, iter.max = 100)

# Exponential times, rounded to tenths so that many are tied; censored uniformly.
simulate <- function(seed, sizes, log_hazard_ratios, baseline, follow_up) {
  set.seed(seed)
  lapply(seq_along(sizes), function(index) {
    n <- sizes[index]
    treated <- rep(0:1, length.out = n)
    time <- rexp(n, baseline[index] * exp(log_hazard_ratios[index] * treated))
    censoring <- runif(n, follow_up / 3, follow_up)
    data.frame(time = round(pmin(time, censoring) + 0.05, 1), event = as.integer(time <= censoring), treated)
  })
}

# No event in the treated arm: the trial's own hazard ratio is 0.
without_treated_events <- function(data) {
  data$event[data$treated == 1] <- 0L
  data
}

set.seed(1)
cases <- list(
  different = simulate(11, c(60, 80, 120, 150, 50, 90, 70, 100), rnorm(8, -0.3, 0.45), seq(0.05, 0.2, length.out = 8), 24),
  alike = simulate(12, rep(80, 6), rep(-0.2, 6), rep(0.1, 6), 20),
  slightly_different = simulate(23, c(300, 400, 350, 300, 500), c(-0.45, -0.1, -0.35, -0.05, -0.25), rep(0.08, 5), 30),
  opposite = simulate(14, c(40, 60, 50), c(-1.2, 0.1, 0.9), c(0.1, 0.2, 0.15), 18))
few <- simulate(15, c(30, 24, 36, 40, 28, 44), c(-0.8, -0.2, -0.6, 0.3, -1.4, 0.1), rep(0.06, 6), 12)
few[[2]] <- without_treated_events(few[[2]])
cases$one_trial_without_treated_events <- few

# Efron's log partial likelihood at many b: sum over events of b x - log(sum over those at risk, less the tied).
log_partial_likelihood <- function(data, b) {
  value <- numeric(length(b))
  for (time in sort(unique(data$time[data$event == 1]))) {
    at_risk <- data$time >= time
    dying <- data$time == time & data$event == 1
    n1 <- sum(at_risk & data$treated == 1); n0 <- sum(at_risk) - n1
    d1 <- sum(dying & data$treated == 1); d <- sum(dying); d0 <- d - d1
    value <- value + b * d1
    for (l in seq_len(d) - 1) value <- value - log((n0 - l / d * d0) + (n1 - l / d * d1) * exp(b))
  }
  value
}

answer <- function(trials) {
  for (data in trials) for (b in c(-0.7, 0, 1.3)) {
    theirs <- suppressWarnings(coxph(Surv(time, event) ~ treated, data, init = b, control = coxph.control(iter.max = 0)))
    stopifnot(abs(log_partial_likelihood(data, b) - theirs$loglik[2]) < 1e-9)
  }
  all <- do.call(rbind, Map(function(data, index) cbind(data, trial = index), trials, seq_along(trials)))
  common <- coxph(Surv(time, event) ~ treated + strata(trial), all, control = tight)
  grid <- seq(-16, 12, length.out = 20001)
  step <- grid[2] - grid[1]
  values <- lapply(trials, log_partial_likelihood, b = grid)
  log_likelihood <- function(parameters) sum(sapply(values, function(value) {
    exponent <- value - (grid - parameters[1])^2 / (2 * parameters[2])
    top <- max(exponent)
    top + log(sum(exp(exponent - top)) * step) - 0.5 * log(2 * pi * parameters[2])
  }))
  at_log <- function(p) -log_likelihood(c(p[1], exp(p[2])))
  start <- optim(c(coef(common), log(0.05)), at_log, method = "Nelder-Mead", control = list(reltol = 1e-15, maxit = 5000))$par
  result <- list(common = list(coef = unname(coef(common)), se = sqrt(vcov(common)[1]), loglik = common$loglik))
  if (exp(start[2]) < 1e-4) return(c(result, list(tau2 = 0)))
  parameters <- c(start[1], exp(start[2]))
  for (iteration in 1:8) {
    hessian <- numDeriv::hessian(log_likelihood, parameters)
    parameters <- parameters - solve(hessian, numDeriv::grad(log_likelihood, parameters))
  }
  covariance <- solve(-numDeriv::hessian(log_likelihood, parameters))
  moments <- sapply(values, function(value) {
    exponent <- value - (grid - parameters[1])^2 / (2 * parameters[2])
    density <- exp(exponent - max(exponent)); density <- density / sum(density)
    mean <- sum(grid * density)
    c(mean, sqrt(sum((grid - mean)^2 * density)))
  })
  c(result, list(beta = unname(parameters[1]), tau2 = unname(parameters[2]), se = sqrt(covariance[1, 1]),
                 tau2_se = sqrt(covariance[2, 2]), loglik = log_likelihood(parameters),
                 trial_means = moments[1, ], trial_sds = moments[2, ]))
}

answers <- lapply(names(cases), function(name) {
  trials <- cases[[name]]
  c(list(name = name, trials = lapply(trials, as.list)), answer(trials))
})
software <- list(R = as.character(getRversion()), survival = as.character(packageVersion("survival")),
                 numDeriv = as.character(packageVersion("numDeriv")))
lines <- sapply(answers, toJSON, digits = I(13), auto_unbox = TRUE)
writeLines(sprintf('{"software":%s,"cases":[\n%s\n]}', toJSON(software, auto_unbox = TRUE), paste(lines, collapse = ",\n")),
           commandArgs(TRUE)[1])
