# R's answers on parametric survival of several trials.
#
#     Rscript tools/reference_fixtures/parametric_survival.R > FOLDER/parametric_survival_r.json
#
# R 4.2.2, survival 3.5-3, lme4, numDeriv. Common models: survival::survreg for the exponential, Weibull, log-normal and
# log-logistic distribution; for Gompertz and generalized gamma (and as a check of itself for the others) the likelihood
# written down here and maximised by optim, then by Newton steps on numDeriv derivatives. Random location: the same
# likelihood, each trial's integral over z by the trapezoidal sum of step 0.05 from -9 to 9 (exponentially accurate for
# analytic integrands; integrate() has only an absolute tolerance here). lme4::glmer(nAGQ = 25) is an independent program
# for the exponential: it is a Poisson model of events with offset log follow-up.

suppressMessages({library(survival); library(numDeriv); library(lme4)})
options(digits = 17)
read_cohorts <- function(names) {
  do.call(rbind, lapply(names, function(name) {
    one <- read.csv(file.path("fixtures/atc-tki/cohorts", paste0(name, ".csv")))
    data.frame(trial = name, time = one$time, status = one$status)
  }))
}
# Ten trials of 20 to 47 patients drawn from a Weibull distribution with a random scale; times to two decimals.
set.seed(20240607)
simulated <- do.call(rbind, lapply(1:10, function(i) {
  n <- 17 + 3 * i
  location <- 2.3 + rnorm(1, 0, 0.5)
  time <- exp(location + log(rexp(n)) / 1.4)
  end <- runif(n, 6, 36)
  data.frame(trial = sprintf("trial-%02d", i), time = pmax(0.01, round(pmin(time, end), 2)),
             status = as.integer(time <= end))
}))
sets <- list(
  atc_os = read_cohorts(c("bible2012-os", "higashiyama2022-os", "savvides2013-os", "tahara2017-os", "wirth2021-os")),
  atc_pfs = read_cohorts(c("bible2012-pfs", "savvides2013-pfs", "tahara2017-pfs", "wirth2021-pfs")),
  one_trial = read_cohorts("wirth2021-os"),
  simulated = simulated)

# Standard generalized gamma with |Q| < 0.2: pgamma with shape 1/Q^2 loses digits there (its differences gave Q to 1e-6
# only). Density exp(-w^2 e2(Q w) - delta)/sqrt(2 pi), delta the remainder of Stirling's series; the tail by a
# double-exponential sum.
e2 <- function(x) ifelse(abs(x) < 0.5, rowSums(outer(x, 0:17, function(x, n) x^n / factorial(n + 2))), (expm1(x) - x) / x^2)
small_q_density <- function(w, q) {
  b <- q^2
  -w^2 * e2(q * w) - (b / 12 - b^3 / 360 + b^5 / 1260 - b^7 / 1680) - log(2 * pi) / 2
}
y_grid <- seq(-5, 4, by = 0.03)
small_q_tail <- function(w, q) {
  one_tail <- function(w, q) {
    u <- exp(y_grid - exp(-y_grid)); du <- u * (1 + exp(-y_grid)) * 0.03
    x <- outer(w, u, "+")
    log(as.vector(exp(matrix(small_q_density(as.vector(x), q), length(w)) - small_q_density(w, q)) %*% du)) + small_q_density(w, q)
  }
  ifelse(w >= 0, one_tail(abs(w), q), log1p(-exp(one_tail(abs(w), -q))))
}
# Log density and log survival; p = (location, ancillary ...).
log_f <- list(
  "exponential" = function(t, m, p) dexp(t, exp(-m), log = TRUE),
  "weibull" = function(t, m, p) dweibull(t, exp(-p[2]), exp(m), log = TRUE),
  "gompertz" = function(t, m, p) m + p[2] * t - exp(m) * t * (if (abs(p[2]) < 1e-12) 1 else expm1(p[2] * t) / (p[2] * t)),
  "log-normal" = function(t, m, p) dlnorm(t, m, exp(p[2]), log = TRUE),
  "log-logistic" = function(t, m, p) dlogis(log(t), m, exp(p[2]), log = TRUE) - log(t),
  "generalized-gamma" = function(t, m, p) {
    q <- p[3]; s <- exp(p[2]); w <- (log(t) - m) / s; a <- q^-2
    if (abs(q) < 0.2) return(small_q_density(w, q) - log(s) - log(t))
    dgamma(a * exp(q * w), a, log = TRUE) + log(a) + q * w + log(abs(q)) - log(s) - log(t)
  })
log_s <- list(
  "exponential" = function(t, m, p) -t * exp(-m),
  "weibull" = function(t, m, p) pweibull(t, exp(-p[2]), exp(m), lower.tail = FALSE, log.p = TRUE),
  "gompertz" = function(t, m, p) -exp(m) * t * (if (abs(p[2]) < 1e-12) 1 else expm1(p[2] * t) / (p[2] * t)),
  "log-normal" = function(t, m, p) plnorm(t, m, exp(p[2]), lower.tail = FALSE, log.p = TRUE),
  "log-logistic" = function(t, m, p) plogis(log(t), m, exp(p[2]), lower.tail = FALSE, log.p = TRUE),
  "generalized-gamma" = function(t, m, p) {
    q <- p[3]; w <- (log(t) - m) / exp(p[2]); a <- q^-2
    if (abs(q) < 0.2) return(small_q_tail(w, q))
    pgamma(a * exp(q * w), a, lower.tail = q < 0, log.p = TRUE)
  })
z_grid <- seq(-9, 9, by = 0.05)
log_likelihood <- function(family, data, p, tau = NULL) {
  trials <- split(data, data$trial)
  sum(sapply(trials, function(one) {
    event <- one$status == 1
    # Rows are locations, columns patients.
    inner <- function(m) {
      sum_of <- function(f, t) if (length(t) == 0) 0 else
        rowSums(matrix(f(rep(t, each = length(m)), rep(m, length(t)), p), length(m)))
      sum_of(log_f[[family]], one$time[event]) + sum_of(log_s[[family]], one$time[!event])
    }
    if (is.null(tau)) return(inner(p[1]))
    terms <- inner(p[1] + tau * z_grid) + dnorm(z_grid, log = TRUE)
    largest <- max(terms)
    largest + log(sum(exp(terms - largest)) * 0.05)
  }))
}
maximise <- function(f, start) {
  found <- optim(start, function(p) { v <- -f(p); if (is.finite(v)) v else 1e10 }, method = "BFGS",
                 control = list(reltol = 1e-15, maxit = 5000))
  p <- found$par
  for (step in 1:3) p <- p - solve(hessian(f, p), grad(f, p))
  list(parameters = p, log_likelihood = f(p), covariance = solve(-hessian(f, p)))
}
starts <- function(family, data) {
  m <- log(sum(data$time) / sum(data$status))
  switch(family, "exponential" = m, "weibull" = c(m, 0), "gompertz" = c(-m, 0.01), "log-normal" = c(m - 0.5, 0),
         "log-logistic" = c(m - 0.5, -0.5), "generalized-gamma" = c(m - 0.3, 0, 0.3))
}
survreg_names <- c("exponential" = "exponential", "weibull" = "weibull", "log-normal" = "lognormal", "log-logistic" = "loglogistic")
number <- function(x) paste0("[", paste(formatC(as.numeric(x), digits = 17, format = "g"), collapse = ","), "]")
# Survival at times, median, restricted mean; of one location, or over the random location.
curve_of <- function(family, p, tau, times, horizon) {
  s <- function(t) {
    if (is.null(tau)) return(exp(log_s[[family]](t, p[1], p)))
    sapply(t, function(t) sum(exp(log_s[[family]](t, p[1] + tau * z_grid, p)) * dnorm(z_grid)) * 0.05)
  }
  area <- integrate(s, 0, horizon / 8, rel.tol = 1e-11, subdivisions = 2000)$value +
    integrate(s, horizon / 8, horizon, rel.tol = 1e-11, subdivisions = 2000)$value
  median <- tryCatch(uniroot(function(x) s(exp(x)) - 0.5, c(-3, 8), tol = 1e-14)$root, error = function(e) NA)
  c(s(times), if (is.na(median)) NA else exp(median), area)
}
delta <- function(f, fit, parameters = fit$parameters) {
  j <- jacobian(f, parameters)
  list(value = f(parameters), error = sqrt(diag(j %*% fit$covariance %*% t(j))))
}
cat('{"version":"', R.version.string, ', survival ', as.character(packageVersion("survival")), ', lme4 ',
    as.character(packageVersion("lme4")), '","times":[3,6,12,24],"horizon":12,"sets":{\n', sep = "")
times <- c(3, 6, 12, 24); horizon <- 12
first_set <- TRUE
for (set in names(sets)) {
  data <- sets[[set]]
  if (!first_set) cat(",\n"); first_set <- FALSE
  cat('"', set, '":{', sep = "")
  if (set == "simulated") {
    cat('"trials":[', paste(sapply(split(data, data$trial), function(one)
      paste0('{"times":', number(one$time), ',"status":', number(one$status), "}")), collapse = ","), "],", sep = "")
  }
  cat('"fits":[\n')
  first <- TRUE
  for (family in names(log_f)) {
    common <- maximise(function(p) log_likelihood(family, data, p), starts(family, data))
    if (!first) cat(",\n"); first <- FALSE
    cat('{"distribution":"', family, '","log_likelihood":', number(common$log_likelihood), ',"parameters":',
        number(common$parameters), ',"covariance":', number(common$covariance), sep = "")
    if (!is.na(survreg_names[family])) {
      r <- survreg(Surv(time, status) ~ 1, data, dist = survreg_names[family],
                   control = survreg.control(rel.tolerance = 1e-14, maxiter = 200))
      cat(',"survreg":{"log_likelihood":', number(r$loglik[2]), ',"parameters":',
          number(c(coef(r), if (family != "exponential") log(r$scale))), ',"covariance":', number(vcov(r)), ',"aic":', number(AIC(r)),
          ',"bic":', number(BIC(r)), "}", sep = "")
    }
    typical <- delta(function(p) curve_of(family, p, NULL, times, horizon), common)
    cat(',"curve":', number(typical$value), ',"curve_error":', number(typical$error), sep = "")
    if (length(unique(data$trial)) > 1) {
      own <- length(common$parameters)
      f <- function(p) log_likelihood(family, data, p[1:own], p[own + 1])
      mixed <- maximise(f, c(common$parameters, 0.3))
      cat(',"random":{"log_likelihood":', number(mixed$log_likelihood), ',"parameters":', number(mixed$parameters),
          ',"covariance":', number(mixed$covariance), sep = "")
      cat(',"value_at":', number(c(common$parameters, 0.4)), ',"log_likelihood_at":', number(f(c(common$parameters, 0.4))), sep = "")
      if (abs(tail(mixed$parameters, 1)) > 1e-3) {
        typical <- delta(function(p) curve_of(family, p[1:own], NULL, times, horizon), mixed)
        average <- delta(function(p) curve_of(family, p[1:own], p[own + 1], times, horizon), mixed)
        cat(',"typical":', number(typical$value), ',"typical_error":', number(typical$error),
            ',"average":', number(average$value), ',"average_error":', number(average$error), sep = "")
      }
      if (family == "exponential") {
        totals <- aggregate(cbind(status, time) ~ trial, data, sum)
        g <- glmer(status ~ 1 + offset(log(time)) + (1 | trial), totals, family = poisson, nAGQ = 25,
                   control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10)))
        # With nAGQ > 1 lme4's logLik is relative to the saturated model, as glm's deviance is.
        g0 <- glm(status ~ 1 + offset(log(time)), family = poisson, data = totals)
        cat(',"glmer":', number(c(fixef(g), attr(VarCorr(g)$trial, "stddev")^2, deviance(g0) + 2 * logLik(g))), sep = "")
      }
      cat("}")
    }
    cat("}")
  }
  cat("]}")
}
cat("}}\n")
