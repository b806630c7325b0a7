# Landmark survival, medians and restricted means of the cohorts in fixtures/atc-tki, pooled by R.
#
#     Rscript tools/reference_fixtures/survival_landmark.R
#
# survival 3.5-3 for each trial, metafor 3.8-1 rma with tight tolerances for the pool; the binomial-normal likelihood
# by integrate() and optim(), because glmer's optimum is good to five digits only.
suppressMessages({library(survival); library(metafor); library(jsonlite)})
ids <- c("bible2012", "savvides2013", "tahara2017", "wirth2021", "higashiyama2022")
cohorts <- lapply(ids, function(id) {
  data <- read.csv(file.path("fixtures/atc-tki/cohorts", paste0(id, "-os.csv")))
  data.frame(time = data[[2]], event = data[[3]])
})
fits <- lapply(cohorts, function(d) survfit(Surv(time, event) ~ 1, data = d, conf.type = "log-log"))
tight <- list(threshold = 1e-14, maxiter = 100000, tol = 1e-14)
pool <- function(y, v, test, method) {
  m <- rma(y, v, method = method, test = test, control = tight)
  p <- predict(m, pi.type = "default")
  list(test = test, method = method, mean = c(m$beta), se = m$se, lower = m$ci.lb, upper = m$ci.ub, tau2 = m$tau2, Q = m$QE)
}
pools <- function(y, v) list(y = y, v = v, pools = list(pool(y, v, "z", "REML"), pool(y, v, "knha", "REML"), pool(y, v, "z", "DL")))
landmark <- lapply(c(3, 6, 9), function(t) {
  s <- lapply(fits, function(f) summary(f, times = t))
  S <- sapply(s, `[[`, "surv"); g <- (sapply(s, `[[`, "std.err") / S)^2
  n <- (1 - S) / (S * g); x <- n * S
  loglik <- function(par) {
    mu <- par[1]; tau <- exp(par[2])
    sum(mapply(function(x, n) {
      f <- function(u) exp(x * (mu + tau * u) - n * log1p(exp(mu + tau * u)) - x * log(x / n) - (n - x) * log(1 - x / n)) * dnorm(u)
      log(integrate(f, -9, 9, rel.tol = 1e-12, subdivisions = 2000)$value)
    }, x, n))
  }
  best <- optim(c(qlogis(sum(x) / sum(n)), log(0.4)), loglik, control = list(fnscale = -1, reltol = 1e-15, maxit = 5000))
  best <- optim(best$par, loglik, method = "BFGS", control = list(fnscale = -1, reltol = 1e-16, maxit = 5000))
  list(time = t, survival = S, greenwood = g, effective = n,
       cloglog = pools(log(-log(S)), g / log(S)^2), log = pools(log(S), g), logit = pools(qlogis(S), g / (1 - S)^2),
       glmm = list(mean = best$par[1], tau2 = exp(2 * best$par[2])))
})
q <- lapply(fits, quantile, probs = 0.5)
median <- sapply(q, function(x) x$quantile); lower <- sapply(q, function(x) x$lower); upper <- sapply(q, function(x) x$upper)
used <- !is.na(upper) & !is.na(median) & !is.na(lower)
se <- (log(upper) - log(lower)) / (2 * qnorm(0.975))
medians <- c(list(median = median, lower = lower, upper = upper), pools(log(median[used]), se[used]^2))
rmst <- lapply(fits, function(f) summary(f, rmean = 9)$table[c("rmean", "se(rmean)")])
means <- pools(sapply(rmst, `[[`, 1), sapply(rmst, `[[`, 2)^2)
write(toJSON(list(software = paste("R", getRversion(), "survival", packageVersion("survival"), "metafor", packageVersion("metafor")),
                  trials = ids, landmark = landmark, medians = medians, restricted_means = means),
             digits = I(13), auto_unbox = TRUE, na = "null"), "fixtures/reference/survival_landmark.json")
