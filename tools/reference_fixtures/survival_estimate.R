# R's answers on single data sets: intervals, weighted log-rank tests, Cox models beyond the default, concordance,
# piecewise-exponential rates, competing risks.
#
#     Rscript tools/reference_fixtures/survival_estimate.R
#
# R 4.2.2, survival 3.5-3, cmprsk 2.2-11, mvtnorm 1.1-3, jsonlite. Writes fixtures/reference/survival_estimate.json with all
# digits that jsonlite gives (15). The data are
# `veteran` and `ovarian` of fixtures/reference/cox.json and a set that is drawn here and kept in the file: 240 patients in
# whole months, so that most events are tied.

suppressMessages({library(survival); library(cmprsk); library(mvtnorm); library(jsonlite)})
control <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)
root <- file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))), "../../fixtures/reference")

simulate <- function() {
  set.seed(20251121)
  n <- 240
  d <- data.frame(group = rep(0:2, length.out = n), site = sample(1:30, n, TRUE), stratum = sample(1:3, n, TRUE),
                  x = round(rnorm(n), 1), z = rbinom(n, 1, 0.4))
  frailty <- exp(0.4 * rnorm(30))[d$site]
  one <- rweibull(n, 1.3, 18) * exp(-(0.5 * d$x - 0.4 * (d$group == 1)) / 1.3) / frailty
  two <- rexp(n, 0.03 * exp(0.6 * d$z))
  end <- runif(n, 3, 30)
  d$time <- pmax(1, ceiling(pmin(one, two, end)))
  d$cause <- ifelse(end < pmin(one, two), 0, ifelse(one < two, 1, 2))
  d$event <- as.integer(d$cause > 0)
  d
}

# -- curves ------------------------------------------------------------------------------------------------------
curves <- function(d) {
  formula <- Surv(time, event) ~ 1
  types <- c("plain", "log", "log-log", "arcsin", "logit")
  probs <- c(0.1, 0.25, 0.5, 0.75, 0.9)
  intervals <- sapply(types, simplify = FALSE, function(type) {
    fit <- survfit(formula, d, conf.type = type)
    q <- quantile(fit, probs)
    list(lower = fit$lower, upper = fit$upper, quantile = as.numeric(q$quantile), quantile_lower = as.numeric(q$lower),
         quantile_upper = as.numeric(q$upper))
  })
  hazard <- function(ctype) {
    fit <- survfit(formula, d, ctype = ctype)
    list(cumulative_hazard = fit$cumhaz, standard_error = fit$std.chaz)
  }
  list(time = survfit(formula, d)$time, probabilities = probs, intervals = intervals, nelson_aalen = hazard(1),
       fleming_harrington = hazard(2))
}

# -- log-rank tests ----------------------------------------------------------------------------------------------
# Weighted sums over event times, from counts made by outer comparisons; weights from survfit just before each time.
weighted <- function(d, weights) {
  at <- sort(unique(d$time[d$event == 1]))
  fit <- survfit(Surv(time, event) ~ 1, d)
  before <- sapply(at, function(t) { s <- fit$surv[fit$time < t]; if (length(s)) s[length(s)] else 1 })
  treated <- d$arm == 1
  n <- sapply(at, function(t) sum(d$time >= t)); n1 <- sapply(at, function(t) sum(d$time >= t & treated))
  e <- sapply(at, function(t) sum(d$time == t & d$event == 1))
  e1 <- sapply(at, function(t) sum(d$time == t & d$event == 1 & treated))
  v <- ifelse(n > 1, e * (n - e) / pmax(n - 1, 1) * (n1 / n) * (1 - n1 / n), 0)
  w <- sapply(weights, function(one) before^one[1] * (1 - before)^one[2])
  u <- colSums(w * (e1 - e * n1 / n)); covariance <- t(w) %*% (w * v)
  z <- u / sqrt(diag(covariance)); correlation <- cov2cor(covariance)
  list(score = u, variance = diag(covariance), z = z, correlation = correlation)
}
max_combo <- function(d, weights) {
  fit <- weighted(d, weights)
  precise <- function(lower, upper) {
    set.seed(1)
    k <- length(lower)
    if (k == 1) return(list(p = 1 - pnorm(upper) + pnorm(lower), error = 0))
    p <- if (qr(fit$correlation, tol = 1e-9)$rank == k) {
      pmvnorm(lower, upper, corr = fit$correlation, algorithm = Miwa(steps = 4096))
    } else {
      pmvnorm(lower, upper, corr = fit$correlation, algorithm = GenzBretz(maxpts = 2e7, abseps = 1e-7))
    }
    list(p = 1 - as.numeric(p), error = as.numeric(attr(p, "error")))
  }
  top <- rep(max(abs(fit$z)), length(weights))
  c(fit, list(weights = do.call(rbind, weights), two_sided = precise(-top, top),
              lower_tail = precise(rep(min(fit$z), length(weights)), rep(Inf, length(weights)))))
}
log_ranks <- function(d) {
  one <- function(formula, rho) {
    fit <- survdiff(formula, d, rho = rho)
    total <- function(x) as.numeric(if (is.matrix(x)) rowSums(x) else x)
    list(rho = rho, observed = total(fit$obs), expected = total(fit$exp), covariance = fit$var, chi_squared = fit$chisq,
         p = pchisq(fit$chisq, length(fit$n) - 1, lower.tail = FALSE))
  }
  rhos <- c(0, 0.5, 1, 2)
  three <- list(c(0, 0), c(0, 1), c(1, 1)); four <- c(three[1], list(c(1, 0)), three[2:3])
  list(groups = lapply(rhos, one, formula = Surv(time, event) ~ arm3),
       stratified = lapply(rhos, one, formula = Surv(time, event) ~ arm3 + strata(part)),
       fleming_harrington = weighted(d, c(four, list(c(0.5, 2)))),
       max_combo = list(max_combo(d, three), max_combo(d, four), max_combo(d, three[1:2]), max_combo(d, three[1])))
}

# -- Cox ---------------------------------------------------------------------------------------------------------
summary_of <- function(fit) {
  list(coefficients = as.numeric(coef(fit)), covariance = as.matrix(vcov(fit)), log_likelihood = fit$loglik,
       score = as.numeric(fit$score), wald = as.numeric(fit$wald.test))
}
cox_fit <- function(formula, d, ties) coxph(formula, d, ties = ties, control = control)
robust <- function(formula, d, ties) {
  fit <- coxph(formula, d, ties = ties, control = control, robust = TRUE)
  list(coefficients = as.numeric(coef(fit)), covariance = fit$var, naive = fit$naive.var, wald = as.numeric(fit$wald.test),
       score = as.numeric(fit$rscore))
}
predicted <- function(formula, d, ties, new) {
  fit <- cox_fit(formula, d, ties)
  one <- function(type) survfit(fit, newdata = new, conf.type = type)
  log <- one("log"); loglog <- one("log-log")
  sizes <- if (is.null(log$strata)) length(log$time) else as.numeric(log$strata)
  column <- function(x) if (is.matrix(x)) lapply(seq_len(ncol(x)), function(i) x[, i]) else list(x)
  if (is.null(log$strata)) {
    list(sizes = sizes, time = log$time, hazard = column(log$cumhaz), error = column(log$std.err), survival = column(log$surv),
         lower = column(log$lower), upper = column(log$upper), lower_loglog = column(loglog$lower),
         upper_loglog = column(loglog$upper))
  } else {
    list(sizes = sizes, time = log$time, hazard = list(log$cumhaz), error = list(log$std.err), survival = list(log$surv),
         lower = list(log$lower), upper = list(log$upper), lower_loglog = list(loglog$lower),
         upper_loglog = list(loglog$upper))
  }
}
# The score test of adding x g(t), with the exact likelihood on patients cut at every event time. R enumerates subsets then:
# few ties only.
exact_proportional <- function(d, names) {
  if (max(table(d$time[d$event == 1])) > 5) return(NULL)
  fit <- cox_fit(reformulate(names, "Surv(time, event)"), d, "exact")
  at <- sort(unique(d$time[d$event == 1]))
  cut <- survSplit(reformulate(c(names), "Surv(time, event)"), d, cut = at, start = "begin", end = "time")
  cut$g <- cut$time - mean(at)
  p <- length(names)
  one <- function(which) {
    extra <- paste0("I(g * ", names[which], ")")
    test <- coxph(reformulate(c(names, extra), "Surv(begin, time, event)"), cut, ties = "exact",
                  init = c(coef(fit), rep(0, length(which))), control = coxph.control(iter.max = 0))
    as.numeric(test$score)
  }
  list(terms = sapply(seq_len(p), one), global = one(seq_len(p)))
}
concordances <- function(formula, d) {
  fit <- cox_fit(formula, d, "efron")
  one <- function(c) list(counts = as.numeric(if (is.matrix(c$count)) colSums(c$count) else c$count),
                          concordance = as.numeric(c$concordance), variance = as.numeric(c$var))
  plain <- concordance(Surv(time, event) ~ score, d)
  list(fit = one(concordance(fit)), plain = one(plain), reversed = one(concordance(Surv(time, event) ~ score, d, reverse = TRUE)),
       stratified = one(concordance(Surv(time, event) ~ score + strata(part), d)))
}

# -- piecewise-exponential ---------------------------------------------------------------------------------------
piecewise <- function(d, cuts) {
  cut <- survSplit(Surv(time, event) ~ arm, d, cut = cuts, start = "begin", end = "time", episode = "interval")
  cut$exposure <- cut$time - cut$begin
  cells <- aggregate(cbind(event, exposure) ~ interval + arm, cut, sum)
  arm <- function(which) {
    one <- cells[cells$arm == which, ]
    tests <- lapply(seq_len(nrow(one)), function(i) poisson.test(one$event[i], one$exposure[i])$conf.int)
    list(events = one$event, exposure = one$exposure, lower = sapply(tests, `[`, 1), upper = sapply(tests, `[`, 2))
  }
  tight <- glm.control(epsilon = 1e-15, maxit = 200)
  cells$interval <- factor(cells$interval)
  same <- glm(event ~ interval + arm + offset(log(exposure)), poisson, cells, control = tight)
  each <- glm(event ~ interval + arm:interval + offset(log(exposure)), poisson, cells, control = tight)
  terms <- grep(":arm", names(coef(each)))
  list(cuts = cuts, reference = arm(0), treated = arm(1), log_ratio = as.numeric(coef(each)[terms]),
       log_ratio_error = sqrt(diag(vcov(each))[terms]), common = as.numeric(coef(same)["arm"]),
       common_error = sqrt(vcov(same)["arm", "arm"]), heterogeneity = deviance(same) - deviance(each),
       df = df.residual(same) - df.residual(each))
}

# -- competing risks ---------------------------------------------------------------------------------------------
competing <- function(d) {
  curve <- function(d) {
    one <- function(type) survfit(Surv(time, factor(cause, 0:2)) ~ 1, d, conf.type = type)
    fit <- one("log")
    list(time = fit$time, incidence = fit$pstate[, -1], error = fit$std.err[, -1], free = fit$pstate[, 1], free_error = fit$std.err[, 1],
         lower = fit$lower[, -1], upper = fit$upper[, -1], lower_loglog = one("log-log")$lower[, -1],
         upper_loglog = one("log-log")$upper[, -1], lower_plain = one("plain")$lower[, -1], upper_plain = one("plain")$upper[, -1])
  }
  gray <- function(d, ...) unname(cuminc(d$time, d$cause, d$arm3, ...)$Tests[, c("stat", "df", "pv")])
  # The same patients without ties: a fraction of a month earlier.
  set.seed(3); apart <- transform(d, time = time - sample(0:9999, nrow(d)) / 10000)
  stopifnot(!any(duplicated(apart$time)))
  list(untied = list(time = apart$time, gray = gray(apart), gray_rho_1 = gray(apart, rho = 1), gray_two = gray(apart[apart$arm3 < 2, ])),
       curve = curve(d), arms = lapply(0:2, function(g) curve(d[d$arm3 == g, ])), gray = gray(d), gray_rho_1 = gray(d, rho = 1),
       gray_two = gray(d[d$arm3 < 2, ]))
}

# -- all ---------------------------------------------------------------------------------------------------------
stored <- fromJSON(file.path(root, "cox.json"), simplifyDataFrame = FALSE)$cases
names(stored) <- sapply(stored, function(case) case$name)
veteran <- as.data.frame(stored$veteran$data); ovarian <- as.data.frame(stored$ovarian$data); drawn <- simulate()
veteran$arm <- veteran$trt - 1; veteran$arm3 <- match(veteran$celltype, sort(unique(veteran$celltype))) - 1
veteran$part <- 1 + (veteran$age > 60); veteran$score <- veteran$karno; veteran$site <- veteran$age
ovarian$arm <- ovarian$rx - 1; ovarian$arm3 <- ovarian$rx - 1; ovarian$part <- ovarian$resid.ds; ovarian$score <- ovarian$age
ovarian$site <- rep(1:13, 2)
drawn$arm <- as.integer(drawn$group == 1); drawn$arm3 <- drawn$group; drawn$part <- drawn$stratum
drawn$score <- round(drawn$x)
models <- list(veteran = list(d = veteran, names = c("arm", "age", "karno"), cuts = c(30, 90, 180)),
               ovarian = list(d = ovarian, names = c("arm", "age"), cuts = c(300, 500)),
               simulated = list(d = drawn, names = c("arm", "x", "z"), cuts = c(4, 9, 15)))
answer <- function(model) {
  d <- model$d; names <- model$names
  formula <- reformulate(names, "Surv(time, event)"); stratified <- update(formula, . ~ . + strata(part))
  new <- as.data.frame(rbind(rep(0, length(names)), sapply(names, function(name) mean(d[[name]]) + 0.5)))
  by_ties <- function(f) list(efron = f("efron"), breslow = f("breslow"))
  list(data = d[c("time", "event", "arm", "arm3", "part", "site", "score", names[-1])], names = names,
       curves = curves(d), log_ranks = log_ranks(d),
       exact = list(one = summary_of(cox_fit(Surv(time, event) ~ arm, d, "exact")), several = summary_of(cox_fit(formula, d, "exact")),
                    stratified = summary_of(cox_fit(stratified, d, "exact")), proportional = exact_proportional(d, names)),
       robust = by_ties(function(t) list(single = robust(formula, d, t), clustered = robust(update(formula, . ~ . + cluster(site)), d, t),
                                         stratified = robust(stratified, d, t))),
       predicted = by_ties(function(t) list(new = as.matrix(new), all = predicted(formula, d, t, new),
                                            stratified = predicted(stratified, d, t, new[2, , drop = FALSE]))),
       concordance = concordances(formula, d), piecewise = piecewise(d, model$cuts))
}
answers <- lapply(models, answer)
drawn_causes <- list(cause = drawn$cause, answers = competing(drawn))
software <- list(R = as.character(getRversion()), survival = as.character(packageVersion("survival")),
                 cmprsk = as.character(packageVersion("cmprsk")), mvtnorm = as.character(packageVersion("mvtnorm")))
text <- toJSON(list(software = software, sets = answers, competing = drawn_causes), auto_unbox = TRUE, digits = I(17), na = "null",
               matrix = "rowmajor", dataframe = "columns")
writeLines(gsub('"NaN"|"Inf"|"-Inf"|"NA"', "null", text), file.path(root, "survival_estimate.json"))
