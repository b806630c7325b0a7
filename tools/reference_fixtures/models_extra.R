# Answers that the reference files lack, by metafor 3.8-1 (R 4.2.2):
#
#   Rscript tools/reference_fixtures/models_extra.R fixtures/reference > fixtures/reference/models_extra.json
#
# Profile-likelihood limits of tau-squared (roots of the likelihood ratio of fits with tau-squared held), Baujat
# coordinates, influence measures with Knapp and Hartung's test. Exact limits of Jackson and of Biggerstaff and
# Jackson: meta and metafor find them with uniroot's default tolerance, 1.2e-4 absolute, so that they are computed
# here, from the eigenvalues of the k x k matrix: by the trapezoidal sum of Davies (Biometrika 1973;60:415) for many
# studies, by Talbot's inversion of the Laplace transform (Abate & Valko 2004) for few, where that sum ends late.
suppressMessages({
  library(metafor)
  library(jsonlite)
})
tight <- list(threshold = 1e-14, tol = 1e-14, maxiter = 1e5)
folder <- commandArgs(trailingOnly = TRUE)[1]
read_cases <- function(file) fromJSON(file.path(folder, file), simplifyVector = FALSE)$cases

profile_limits <- function(yi, vi, method) {
  best <- rma(yi, vi, method = method, control = tight)
  height <- function(t) as.numeric(logLik(rma(yi, vi, method = method, tau2 = t)))
  excess <- function(t) height(t) - height(best$tau2) + qchisq(.95, 1) / 2
  top <- max(best$tau2, mean(vi))
  while (excess(top) > 0) top <- 2 * top
  lower <- if (excess(0) >= 0) 0 else uniroot(excess, c(0, best$tau2), tol = 1e-15, maxiter = 1e5)$root
  c(lower, uniroot(excess, c(best$tau2, top), tol = 1e-15, maxiter = 1e5)$root)
}

# P(sum of lambda times chi-squared(1) <= x): fixed Talbot contour with 22 nodes.
talbot <- function(lambda, x) {
  m <- 22
  angle <- (1:(m - 1)) * pi / m
  z <- c(2 * m / 5 + 0i, 2 * (1:(m - 1)) * pi / 5 * (1 / tan(angle) + 1i))
  g <- c(exp(z[1]) / 2, (1 + 1i * angle * (1 + 1 / tan(angle)^2) - 1i / tan(angle)) * exp(z[-1]))
  s <- z / x
  transform <- sapply(s, function(one) prod((1 + 2 * lambda * one)^-0.5) / one)
  2 / (5 * x) * sum(Re(g * transform))
}

# P(sum of lambda times chi-squared(1) > x).
upper_tail <- function(lambda, x) {
  lambda <- lambda[lambda > 1e-12 * max(lambda)]
  if (length(lambda) < 10) return(1 - talbot(lambda, x))
  # Aliasing is the probability beyond 2 pi / step, truncation the size of the last term.
  step <- 2 * pi / (2 * x + sum(lambda) + 80 * max(lambda))
  total <- 0
  from <- 0
  repeat {
    u <- (from + seq_len(20000) - 0.5) * step
    phase <- 0
    log_rho <- 0
    for (l in lambda) {
      phase <- phase + 0.5 * atan(2 * l * u)
      log_rho <- log_rho + log1p((2 * l * u)^2)
    }
    size <- exp(-log_rho / 4) / u
    total <- total + sum(sin(phase - u * x) * size) * step
    from <- from + 20000
    if (size[length(size)] * u[length(u)] < 1e-13 || from > 4e6) break
  }
  0.5 + total / pi
}

exact_limits <- function(yi, vi, exponent) {
  a <- vi^-exponent
  q <- sum(a * (yi - sum(a * yi) / sum(a))^2)
  middle <- diag(a) - outer(a, a) / sum(a)
  upper <- function(t) {
    root <- sqrt(vi + t)
    lambda <- eigen(outer(root, root) * middle, symmetric = TRUE, only.values = TRUE)$values
    upper_tail(lambda, q)
  }
  limit <- function(p) {
    if (upper(0) >= p) return(0)
    top <- mean(vi)
    while (upper(top) < p) top <- 2 * top
    uniroot(function(t) upper(t) - p, c(0, top), tol = 1e-13, maxiter = 1e5)$root
  }
  c(limit(.025), limit(.975))
}

baujat_points <- function(fit) {
  pdf(NULL)
  on.exit(dev.off())
  points <- baujat(fit)
  list(x = points$x, y = points$y)
}

answers <- lapply(read_cases("effects.json"), function(case) {
  yi <- unlist(case$effects)
  vi <- unlist(case$standard_errors)^2
  knha <- influence(rma(yi, vi, method = "REML", test = "knha", control = tight))
  list(
    dataset = case$dataset,
    profile_REML = profile_limits(yi, vi, "REML"),
    profile_ML = profile_limits(yi, vi, "ML"),
    baujat_EE = baujat_points(rma(yi, vi, method = "EE")),
    baujat_REML = baujat_points(rma(yi, vi, method = "REML", control = tight)),
    knha = c(as.list(as.data.frame(knha$inf)[c("rstudent", "dffits", "cook.d", "cov.r")]), list(dfbs = knha$dfbs[[1]])),
    jackson = exact_limits(yi, vi, 0.5),
    biggerstaff_jackson = exact_limits(yi, vi, 1)
  )
})
proportions <- lapply(read_cases("proportions.json"), function(case) {
  yi <- unlist(case$effects)
  vi <- unlist(case$standard_errors)^2
  list(dataset = case$dataset, measure = case$measure, jackson = exact_limits(yi, vi, 0.5))
})
cat(toJSON(list(software = list(R = "4.2.2", metafor = "3.8-1"), cases = answers, proportions = proportions), digits = I(13), auto_unbox = TRUE, na = "null"))
cat("\n")
