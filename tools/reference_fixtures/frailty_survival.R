# R's answers on survival under a shared frailty.
#
#     Rscript tools/reference_fixtures/frailty_survival.R > fixtures/reference/frailty_survival.json
#
# R 4.2.2, survival 3.5-3, numDeriv. Gamma: coxph(ties = "breslow") with frailty(trial, distribution = "gamma",
# method = "em", sparse = TRUE, eps = 1e-12), and, for standard errors, which coxph does not give, the same marginal likelihood written
# down here with all jumps of the baseline as parameters, maximised by nlminb and Newton steps on numDeriv's Jacobian of
# its gradient. Log-normal: only the latter, integrals by trapezoidal sums.

suppressMessages({library(survival); library(numDeriv)})
cohorts <- function(names) do.call(rbind, lapply(names, function(name) {
  one <- read.csv(file.path("fixtures/atc-tki/cohorts", paste0(name, ".csv")))
  data.frame(trial = name, time = one$time, status = one$status)
}))
# The simulated trials of parametric_survival.R, drawn again.
set.seed(20240607)
drawn <- do.call(rbind, lapply(1:10, function(i) {
  n <- 17 + 3 * i
  location <- 2.3 + rnorm(1, 0, 0.5)
  time <- exp(location + log(rexp(n)) / 1.4)
  end <- runif(n, 6, 36)
  data.frame(trial = sprintf("trial-%02d", i), time = pmax(0.01, round(pmin(time, end), 2)), status = as.integer(time <= end))
}))
# Whole months, so that standard errors need few parameters.
months <- transform(drawn, time = ceiling(time))
sets <- list(
  atc_os = cohorts(c("bible2012-os", "higashiyama2022-os", "savvides2013-os", "tahara2017-os", "wirth2021-os")),
  atc_pfs = cohorts(c("bible2012-pfs", "savvides2013-pfs", "tahara2017-pfs", "wirth2021-pfs")),
  simulated = drawn, simulated_months = months)
times <- c(3, 6, 12, 24)
z <- seq(-9, 9, by = 0.02); weight <- dnorm(z) * 0.02
number <- function(x) paste0("[", paste(formatC(as.numeric(x), digits = 13, format = "g"), collapse = ","), "]")
layout <- function(data) {
  event_times <- sort(unique(data$time[data$status == 1]))
  trials <- unique(data$trial)
  list(times = event_times, d = as.numeric(table(factor(data$time[data$status == 1], levels = event_times))),
       n = sapply(event_times, function(t) sapply(trials, function(i) sum(data$time >= t & data$trial == i))),
       e = sapply(trials, function(i) sum(data$status[data$trial == i])))
}
# Values and derivatives in H and the parameter r: theta, or the standard deviation of the log-normal frailty.
term <- list(
  gamma = function(e, h, r) {
    nu <- 1 / r
    c(lgamma(nu + e) - lgamma(nu) + nu * log(nu) - (nu + e) * log(nu + h), -(nu + e) / (nu + h),
      -(digamma(nu + e) - digamma(nu) + log(nu) + 1 - log(nu + h) - (nu + e) / (nu + h)) / r^2)
  },
  "log-normal" = function(e, h, r) {
    l <- e * r * z - h * exp(r * z); top <- max(l)
    p <- exp(l - top) * weight
    c(top + log(sum(p)), -sum(p * exp(r * z)) / sum(p), sum(p * z * (e - h * exp(r * z))) / sum(p))
  })
fit_all <- function(layout, family, theta) {
  J <- length(layout$times)
  parts <- function(p) {
    h <- as.vector(layout$n %*% exp(p[1:J]))
    sapply(seq_along(h), function(i) term[[family]](layout$e[i], h[i], exp(p[J + 1])))
  }
  value <- function(p) sum(layout$d * p[1:J]) + sum(parts(p)[1, ])
  gradient <- function(p) {
    g <- parts(p)
    c(layout$d + exp(p[1:J]) * as.vector(t(layout$n) %*% g[2, ]), sum(g[3, ]) * exp(p[J + 1]))
  }
  p <- nlminb(c(log(layout$d / colSums(layout$n)), log(theta)), function(p) -value(p), function(p) -gradient(p),
              control = list(eval.max = 5000, iter.max = 5000, rel.tol = 1e-14))$par
  for (step in 1:3) p <- p - solve(jacobian(gradient, p), gradient(p))
  covariance <- solve(-jacobian(gradient, p))
  r <- exp(p[J + 1])
  survival <- function(p) {
    h <- sapply(times, function(t) sum(exp(p[1:J])[layout$times <= t]))
    r <- exp(p[J + 1])
    c(exp(-h), if (family == "gamma") (1 + r * h)^(-1 / r) else sapply(h, function(h) sum(exp(-h * exp(r * z)) * weight)))
  }
  slopes <- jacobian(survival, p)
  cat(',"all_jumps":{"parameter":', number(r), ',"parameter_error":', number(r * sqrt(covariance[J + 1, J + 1])),
      ',"log_likelihood":', number(value(p)), ',"survival":', number(survival(p)),
      ',"survival_error":', number(sqrt(diag(slopes %*% covariance %*% t(slopes)))),
      ',"frailties":', number(-parts(p)[2, ]), "}", sep = "")
}
cat('{"version":"', R.version.string, ', survival ', as.character(packageVersion("survival")), '","times":', number(times),
    ',"sets":{\n', sep = "")
first <- TRUE
for (set in names(sets)) {
  data <- sets[[set]]
  if (!first) cat(",\n"); first <- FALSE
  cat('"', set, '":{', sep = "")
  if (set == "simulated_months") cat('"trials":[', paste(sapply(split(data, data$trial), function(one)
    paste0('{"times":', number(one$time), ',"status":', number(one$status), "}")), collapse = ","), "],", sep = "")
  at <- layout(data)
  without <- coxph(Surv(time, status) ~ 1, data, ties = "breslow")
  cat('"without":', number(without$loglik[1]), ',"fits":[', sep = "")
  # frailty() closes its data only inside the formula.
  r <- coxph(Surv(time, status) ~ frailty(trial, distribution = "gamma", method = "em", sparse = TRUE, eps = 1e-12), data,
             ties = "breslow", control = coxph.control(eps = 1e-14, iter.max = 500, outer.max = 500, toler.chol = 1e-16))
  cat('{"frailty":"gamma","coxph":{"theta":', number(r$history[[1]]$theta), ',"frailties":', number(exp(r$frail)),
      ',"integrated_log_likelihood":', number(r$history[[1]]$c.loglik), "}", sep = "")
  if (r$history[[1]]$theta > 1e-4) fit_all(at, "gamma", r$history[[1]]$theta)
  cat('},{"frailty":"log-normal"')
  if (r$history[[1]]$theta > 1e-4) fit_all(at, "log-normal", sqrt(r$history[[1]]$theta))
  cat("}]}")
}
cat("}}\n")
