
library(survival)
library(metafor)

checked <- 0
# Relative difference; numbers below 0.001 are compared on that scale, since optimizers stop at absolute steps.
check <- function(what, found, expected, tolerance = 1e-6) {
  found <- as.numeric(found)[1]
  difference <- abs(found - expected) / max(abs(expected), 1e-3)
  if (is.na(difference) || difference > tolerance) {
    stop(sprintf("%s: R gives %.10g, kmeta %.10g", what, found, expected), call. = FALSE)
  }
  checked <<- checked + 1
  cat(sprintf("ok  %s: %.6g\n", what, found))
}

# The rows of the studies in a table of an analysis.
studies <- function(id) {
  rows <- read.csv(file.path("tables", paste0(id, ".csv")), encoding = "UTF-8")
  rows[rows$row == "study", ]
}

# The patients of an arm.
patients <- function(file) read.csv(file, encoding = "UTF-8")

# First time at which the Kaplan-Meier curve is at or below one half.
median_survival <- function(arm) {
  fit <- survfit(Surv(time, status) ~ 1, data = arm)
  fit$time[which(fit$surv <= 0.5 + 1e-9)[1]]
}

# Summary survival curve of single arms: Combescure, Foucher & Jackson 2014 (Stat Med 33:2521), with the
# DerSimonian-Laird matrix of Jackson, White & Riley 2013.
summary_curve <- function(arms, times) {
  cells <- lapply(arms, function(arm) {
    fit <- survfit(Surv(time, status) ~ 1, data = arm)
    y <- v <- numeric(0)
    start <- 0
    before <- 1
    for (end in times) {
      n <- if (start == 0) nrow(arm) else sum(arm$time > start)
      if (max(arm$time) < end || before <= 0 || n <= 0) break
      after <- summary(fit, times = end, extend = TRUE)$surv
      y <- c(y, asin(sqrt((n * min(1, after / before) + 0.25) / (n + 0.5))))
      v <- c(v, 0.25 / (n + 0.5))
      start <- end
      before <- after
    }
    list(y = y, v = v)
  })
  covered <- sapply(cells, function(cell) length(cell$y))
  size <- max(covered)
  y <- v <- matrix(NA_real_, length(cells), size)
  for (i in which(covered > 0)) {
    y[i, seq_len(covered[i])] <- cells[[i]]$y
    v[i, seq_len(covered[i])] <- cells[[i]]$v
  }
  pool <- function(between) {
    weights <- matrix(0, size, size)
    weighted <- rep(0, size)
    for (cell in cells[covered > 0]) {
      k <- seq_along(cell$y)
      w <- solve(between[k, k, drop = FALSE] + diag(cell$v, length(k)))
      weights[k, k] <- weights[k, k] + w
      weighted[k] <- weighted[k] + w %*% cell$y
    }
    covariance <- solve(weights)
    list(beta = as.numeric(covariance %*% weighted), covariance = covariance)
  }
  common <- pool(matrix(0, size, size))
  q <- sum(unlist(lapply(cells, function(cell) (cell$y - common$beta[seq_along(cell$y)])^2 / cell$v)))
  observed <- !is.na(y)
  trials <- colSums(observed)
  for (k in seq_len(size)) {
    y[!observed[, k], k] <- mean(y[observed[, k], k])
    v[!observed[, k], k] <- 1e12
  }
  between <- matrix(0, size, size)
  for (j in which(trials >= 2)) {
    for (l in seq_len(j)) {
      w <- 1 / sqrt(v[, j] * v[, l])
      product <- sum(w * (y[, j] - sum(w * y[, j]) / sum(w)) * (y[, l] - sum(w * y[, l]) / sum(w)))
      if (j == l) product <- product - (trials[j] - sum((1 / v[, j])[observed[, j]]) / sum(w))
      between[j, l] <- between[l, j] <- product / (sum(w) - sum(w^2) / sum(w))
    }
  }
  parts <- eigen(between, symmetric = TRUE)
  between <- parts$vectors %*% diag(pmax(parts$values, 0), size) %*% t(parts$vectors)
  random <- pool(between)
  survival <- cumprod(sin(random$beta)^2)
  gradient <- 2 / tan(random$beta)
  variance <- sapply(seq_len(size), function(j) {
    k <- seq_len(j)
    sum(outer(gradient[k], gradient[k]) * random$covariance[k, k])
  })
  steps <- approx(c(1, survival), c(0, times[seq_len(size)]), xout = 0.5, ties = min)$y
  list(survival = survival, se_log = sqrt(variance), q = q, median = steps)
}
