# R's hazard ratios of published trials, with what the trials would print of them.
#
#     Rscript tools/reference_fixtures/hazard_ratio_routes.R FOLDER
#
# FOLDER holds reconstructed patients of two-arm trials, one CSV each with columns time, event, arm, from kmdata
# (github.com/raredd/kmdata, MIT). Writes fixtures/reference/hazard_ratio_routes.json, 13 significant digits.
# The experimental arm is the second in alphabetical order; which arm the trial calls so does not matter here.

suppressMessages({library(survival); library(metafor)})
control <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)

# Survival and number at risk at 0 and 12 equal steps to the time up to which both arms have 5 patients.
read_curves <- function(patients) {
  last <- min(tapply(patients$time, patients$arm, function(time) sort(time, decreasing = TRUE)[5]))
  times <- signif(seq(0, last, length.out = 13), 6)
  one <- function(arm) {
    fit <- survfit(Surv(time, event) ~ 1, data = patients[patients$arm == arm, ])
    at <- summary(fit, times = times, extend = TRUE)
    list(survival = at$surv, at_risk = sapply(times, function(t) sum(patients$time[patients$arm == arm] >= t)))
  }
  list(times = times, experimental = one(levels(patients$arm)[2]), control = one(levels(patients$arm)[1]))
}

# Parmar's counts by hand; metafor's log relative risk of the counts, and its common-effect mean.
from_curves <- function(curves) {
  counts <- function(arm) {
    k <- length(arm$survival); s <- arm$survival[-k]; e <- arm$survival[-1]
    rs <- arm$at_risk[-k]; re <- arm$at_risk[-1]
    list(d = (rs + re) * (s - e) / (s + e), r = rs - (rs * e - re * s) / (s + e))
  }
  one <- counts(curves$experimental); zero <- counts(curves$control)
  use <- one$d > 0 & zero$d > 0
  rr <- escalc("RR", ai = one$d[use], n1i = one$r[use], ci = zero$d[use], n2i = zero$r[use], add = 0)
  fit <- rma(yi, vi, data = rr, method = "FE")
  list(yi = as.numeric(rr$yi), vi = as.numeric(rr$vi), log_hazard_ratio = as.numeric(fit$b), standard_error = fit$se)
}

one_trial <- function(file) {
  patients <- read.csv(file, stringsAsFactors = TRUE)
  stopifnot(nlevels(patients$arm) == 2)
  cox <- coxph(Surv(time, event) ~ arm, data = patients, control = control)
  b <- as.numeric(coef(cox)); se <- sqrt(as.numeric(vcov(cox)))
  test <- survdiff(Surv(time, event) ~ arm, data = patients)
  difference <- test$obs[2] - test$exp[2]; v <- test$var[2, 2]
  d <- test$obs[2:1]; n <- as.numeric(test$n)[2:1]; p <- pchisq(test$chisq, 1, lower.tail = FALSE)
  by_total <- sum(d) * prod(n) / sum(n)^2; by_arm <- prod(d) / sum(d); z <- sign(b) * qnorm(p / 2, lower.tail = FALSE)
  limits <- function(level) as.numeric(exp(confint(cox, level = level)))
  curves <- read_curves(patients)
  censored <- patients$time[patients$event == 0]
  list(trial = sub(".csv", "", basename(file)), patients = n, events = d, expected = as.numeric(test$exp[2:1]),
       observed_minus_expected = difference, variance = v, log_rank_p = p,
       cox = list(log_hazard_ratio = b, standard_error = se, hazard_ratio = exp(b), p = 2 * pnorm(-abs(b / se)),
                  interval_95 = limits(0.95), interval_90 = limits(0.90), interval_99 = limits(0.99)),
       follow_up = c(min(censored), max(patients$time)), curves = curves,
       routes = list(observed_minus_expected = c(difference / v, 1 / sqrt(v)),
                     observed_and_expected = c(log(d[1] / test$exp[2] / (d[2] / test$exp[1])),
                                               sqrt(sum(1 / test$exp))),
                     hazard_ratio_and_events_per_arm = c(b, sqrt(sum(1 / d))),
                     hazard_ratio_and_total_events = c(b, 1 / sqrt(by_total)),
                     p_value_and_total_events = c(z / sqrt(by_total), 1 / sqrt(by_total)),
                     p_value_and_events_per_arm = c(z / sqrt(by_arm), 1 / sqrt(by_arm)),
                     curves = from_curves(curves)))
}

arguments <- commandArgs()
script <- sub("--file=", "", arguments[grep("--file=", arguments)])
target <- file.path(dirname(script), "../../fixtures/reference/hazard_ratio_routes.json")
files <- sort(list.files(commandArgs(TRUE)[1], pattern = "csv$", full.names = TRUE))
answer <- function(file) as.character(jsonlite::toJSON(one_trial(file), auto_unbox = TRUE, digits = I(13)))
software <- sprintf('{"R":"%s","survival":"%s","metafor":"%s"}', getRversion(), packageVersion("survival"), packageVersion("metafor"))
writeLines(sprintf('{"software":%s,"cases":[\n%s\n]}', software, paste(sapply(files, answer), collapse = ",\n")), target)
