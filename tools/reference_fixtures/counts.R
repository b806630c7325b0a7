# Further answers on counts that R's packages do not print, or print with few digits.
#
#     Rscript tools/reference_fixtures/counts.R > fixtures/reference/counts_further.json
#
# R 4.2.2 with numDeriv, statmod, VGAM, metafor 3.8-1. Run from the root of the repository after counts.py.
suppressMessages({ library(jsonlite); library(numDeriv); library(statmod); library(VGAM); library(metafor) })
glmm <- fromJSON("fixtures/reference/proportions_glmm.json", simplifyVector = FALSE)$cases

# Beta-binomial: root of the score, written with digamma, in (logit mean, logit correlation); observed information by
# numDeriv. VGAM's log likelihood is beside it.
beta_binomial <- function(x, n) {
  log_likelihood <- function(p) {
    mu <- plogis(p[1]); rho <- plogis(p[2]); a <- mu * (1 - rho) / rho; b <- (1 - mu) * (1 - rho) / rho
    sum(lchoose(n, x) + lbeta(x + a, n - x + b) - lbeta(a, b))
  }
  score <- function(p) {
    mu <- plogis(p[1]); rho <- plogis(p[2]); s <- (1 - rho) / rho; a <- mu * s; b <- (1 - mu) * s
    da <- sum(digamma(x + a) - digamma(a) - digamma(n + s) + digamma(s))
    db <- sum(digamma(n - x + b) - digamma(b) - digamma(n + s) + digamma(s))
    c((da - db) * s * mu * (1 - mu), (da * mu + db * (1 - mu)) * -(1 - rho) / rho)
  }
  start <- c(qlogis(sum(x) / sum(n)), -3)
  p <- optim(start, function(p) -log_likelihood(p), method = "BFGS", control = list(reltol = 1e-14))$par
  for (step in 1:20) p <- p - solve(jacobian(score, p), score(p))
  vgam <- suppressWarnings(vglm(cbind(x, n - x) ~ 1, betabinomial, epsilon = 1e-12, maxit = 500))
  list(logit_mean = p[1], correlation = plogis(p[2]), standard_error = sqrt(solve(-jacobian(score, p))[1, 1]),
       log_likelihood = log_likelihood(p), vgam_log_likelihood = as.numeric(logLik(vgam)))
}

# Mean over studies of a random-intercept model, and the standard error of its logit by the delta method with the
# observed information of (mean, tau), the likelihood by adaptive quadrature with 61 nodes.
rule <- gauss.quad(61, "hermite")
marginal <- function(x, n, beta, tau2) {
  average <- function(p) {
    f <- function(u) plogis(p[1] + p[2] * u) * dnorm(u)
    integrate(f, -Inf, Inf, rel.tol = 1e-13, subdivisions = 1000)$value
  }
  one <- function(x, n, p) {
    g <- function(u) dbinom(x, n, plogis(p[1] + p[2] * u), log = TRUE) + dnorm(u, log = TRUE)
    u <- uniroot(function(u) p[2] * (x - n * plogis(p[1] + p[2] * u)) - u, c(-60, 60), tol = 1e-14)$root
    q <- plogis(p[1] + p[2] * u)
    s <- 1 / sqrt(1 + p[2]^2 * n * q * (1 - q))
    log(sum(rule$weights * exp(rule$nodes^2 + g(u + sqrt(2) * s * rule$nodes)))) + log(sqrt(2) * s)
  }
  p <- c(beta, sqrt(tau2))
  V <- solve(-hessian(function(p) sum(mapply(one, x, n, MoreArgs = list(p = p))), p, method.args = list(r = 6)))
  m <- average(p)
  h <- 1e-4
  slope <- (c(average(p + c(h, 0)), average(p + c(0, h))) - c(average(p - c(h, 0)), average(p - c(0, h)))) / (2 * h)
  list(proportion = m, logit_standard_error = sqrt(drop(slope %*% V %*% slope)) / (m * (1 - m)))
}

# Common effect and Wald test of heterogeneity by glm with a tight tolerance (R's default stops at 1e-8, which shows in
# the seventh digit), with I-squared and H of Higgins & Thompson 2002.
common <- function(x, n) {
  tight <- glm.control(epsilon = 1e-15, maxit = 200)
  one <- suppressWarnings(coef(summary(glm(cbind(x, n - x) ~ 1, binomial, control = tight))))
  each <- suppressWarnings(coef(summary(glm(cbind(x, n - x) ~ 0 + factor(seq_along(x)), binomial, control = tight))))
  w <- 1 / each[, 2]^2; k <- length(x); z <- qnorm(0.975)
  Q <- sum(w * (each[, 1] - weighted.mean(each[, 1], w))^2)
  H <- max(1, sqrt(Q / (k - 1)))
  se <- if (Q > k) (log(Q) - log(k - 1)) / (sqrt(2 * Q) - sqrt(2 * k - 3)) / 2 else
    sqrt((1 - 1 / (3 * (k - 2)^2)) / (2 * (k - 2)))
  H <- c(H, pmax(1, H * exp(c(-1, 1) * z * se)))
  list(te = one[1], se = one[2], lo = one[1] - z * one[2], hi = one[1] + z * one[2],
       Q = Q, pQ = pchisq(Q, k - 1, lower.tail = FALSE), I2 = (H^2 - 1) / H^2, H = H)
}

proportions <- lapply(Filter(function(case) case$interval == "classic", glmm), function(case) {
  x <- unlist(case$events); n <- unlist(case$totals); exact <- case$exact$nAGQ_61
  list(dataset = case$dataset, common = common(x, n),
       beta_binomial = if (exact$tau2 > 0) beta_binomial(x, n),
       marginal = if (exact$tau2 > 0) marginal(x, n, exact$beta, exact$tau2))
})

# Single tables: fisher.test solves to four digits; here the same equations to machine precision.
one_table <- function(a, n1, c, n2) {
  table <- matrix(c(a, c, n1 - a, n2 - c), 2)
  m <- a + c; support <- max(0, m - n2):min(m, n1)
  ways <- dhyper(support, n1, n2, m, log = TRUE)
  probability <- function(t) { d <- ways + t * support; d <- exp(d - max(d)); d / sum(d) }
  root <- function(f) exp(uniroot(f, c(-50, 50), tol = 1e-15)$root)
  most <- a == max(support); fewest <- a == min(support)
  quiet <- function(e) suppressWarnings(e)
  list(a = a, n1 = n1, c = c, n2 = n2,
       fisher_p = fisher.test(table)$p.value,
       odds_ratio = if (most) NULL else if (fewest) 0 else root(function(t) sum(support * probability(t)) - a),
       lower = if (fewest) 0 else root(function(t) log(sum(probability(t)[support >= a])) - log(0.025)),
       upper = if (most) NULL else root(function(t) log(sum(probability(t)[support <= a])) - log(0.025)),
       chi_squared = unname(quiet(chisq.test(table, correct = FALSE))$statistic),
       chi_squared_p = quiet(chisq.test(table, correct = FALSE))$p.value,
       yates = unname(quiet(chisq.test(table))$statistic),
       yates_p = quiet(chisq.test(table))$p.value)
}
tables <- list(c(3, 4, 1, 4), c(10, 100, 2, 110), c(0, 20, 5, 22), c(7, 7, 2, 9), c(49, 615, 67, 624),
               c(505, 88391, 499, 88391), c(6, 15, 6, 15), c(4, 123, 11, 139), c(20, 21, 19, 25))
single <- lapply(tables, function(t) one_table(t[1], t[2], t[3], t[4]))

# Continuity corrections of odds ratios: metafor::escalc(measure = "OR", add = 1/2, to =) and
# rma.mh(measure = "OR", add = 1/2, to =), on the catheters of Niel-Weise 2007.
binary <- fromJSON("fixtures/reference/two_arm_counts.json", simplifyVector = FALSE)$cases
case <- Filter(function(case) case$dataset == "nielweise2007" && case$sm == "OR", binary)[[1]]
a <- unlist(case$event_e); n1 <- unlist(case$n_e); c <- unlist(case$event_c); n2 <- unlist(case$n_c)
corrections <- lapply(c("only0", "if0all", "all", "none"), function(to) {
  effects <- escalc(measure = "OR", ai = a, n1i = n1, ci = c, n2i = n2, add = 1/2, to = to, drop00 = TRUE)
  mh <- suppressWarnings(rma.mh(measure = "OR", ai = a, n1i = n1, ci = c, n2i = n2, add = c(1/2, 1/2), to = c(to, to),
                                drop00 = c(TRUE, TRUE)))
  list(to = to, yi = ifelse(is.finite(effects$yi), effects$yi, NA), vi = ifelse(is.finite(effects$vi), effects$vi, NA),
       beta = mh$beta[1], se = mh$se)
})

# Intervals of tau-squared: R's roots have an absolute tolerance of 1.2e-4. Q-profile by metafor::confint with a tight
# one; Jackson 2013 with weights 1/SE by Imhof's integral (Imhof 1961, equation 3.2).
q_profile <- function(y, v) {
  fit <- rma(y, v, method = "DL")
  limits <- confint(fit, control = list(tol = 1e-15, maxiter = 1e5, tau2.max = 100))$random[1, 2:3]
  if (qchisq(0.025, length(y) - 1) > fit$QE) c(0, 0) else unname(limits)
}
imhof <- function(q, lambda) {
  angle <- function(u) 0.5 * sum(atan(lambda * u)) - 0.5 * q * u
  size <- function(u) u * prod((1 + lambda^2 * u^2)^0.25)
  f <- function(u) vapply(u, function(u) if (u == 0) 0.5 * (sum(lambda) - q) else sin(angle(u)) / size(u), 0)
  ends <- c(0, 10^seq(-3, 6, by = 0.5))
  parts <- mapply(function(from, to) integrate(f, from, to, rel.tol = 1e-11, abs.tol = 1e-13, subdivisions = 5000,
                                               stop.on.error = FALSE)$value, head(ends, -1), tail(ends, -1))
  0.5 + sum(parts) / pi
}
jackson <- function(y, v) {
  a <- 1 / sqrt(v); q <- sum(a * (y - sum(a * y) / sum(a))^2); A <- diag(a) - a %o% a / sum(a)
  above <- function(tau2) {
    s <- sqrt(v + tau2)
    lambda <- eigen(t(A * s) * s, symmetric = TRUE, only.values = TRUE)$values[seq_len(length(y) - 1)]
    scale <- mean(lambda)
    imhof(q / scale, lambda / scale)
  }
  root <- function(p) if (above(0) > p) 0 else {
    high <- 1e-4; while (above(high) < p) high <- 4 * high
    uniroot(function(t) above(t) - p, c(0, high), tol = 1e-15)$root
  }
  c(root(0.025), root(0.975))
}
keys <- vapply(binary, function(case) paste(case$dataset, case$sm, if (case$method == "Peto") "Peto" else "Inverse"), "")
tau2_intervals <- lapply(which(!duplicated(keys)), function(at) {
  case <- binary[[at]]
  effects <- lapply(case$study[c("te", "se")], function(x) suppressWarnings(as.numeric(sapply(x, function(e) if (is.null(e)) NA else e))))
  used <- is.finite(effects$te) & is.finite(effects$se)
  y <- effects$te[used]; v <- effects$se[used]^2
  list(key = keys[at], q_profile = q_profile(y, v), jackson = jackson(y, v))
})

cat(toJSON(list(software = "R 4.2.2, numDeriv, statmod, VGAM, metafor 3.8-1", proportions = proportions, tables = single, tau2_intervals = tau2_intervals,
                corrections = list(events = a, totals = n1, control_events = c, control_totals = n2, results = corrections)),
           auto_unbox = TRUE, digits = I(13), na = "null", null = "null"), "\n")
