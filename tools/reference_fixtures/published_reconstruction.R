# Second computation of the published reconstruction algorithms: simulated arms, clicks along their curves, and
# what Guyot 2012 and IPDfromKM 0.1.10 make of them. Written from the paper and from a description of the steps in
# words, in base R, so that rounding, quantiles and the bins of hist() are R's own. No package is used.
#
#   Rscript tools/reference_fixtures/published_reconstruction.R fixtures/reference/published_reconstruction.json

## ---- simulated arms ---------------------------------------------------------------------------------------------

kaplan_meier <- function(time, event) {
  at <- sort(unique(time[event == 1]))
  n <- sapply(at, function(t) sum(time >= t))
  d <- sapply(at, function(t) sum(time == t & event == 1))
  # In this order and in doubles, as survfit; cumprod() would accumulate in extended precision.
  list(time = at, survival = Reduce(`*`, (n - d) / n, accumulate = TRUE))
}

simulate <- function(seed) {
  set.seed(seed)
  n <- sample(c(12, 25, 40, 80, 150), 1)
  shape <- sample(c(0.7, 1, 1.6), 1)
  life <- rweibull(n, shape, sample(c(6, 12, 30), 1))
  end <- sample(c(18, 24, 36), 1)
  time <- pmin(life, runif(n, end * sample(c(0.1, 0.6), 1), end))
  event <- as.integer(life <= time)
  kind <- c("corners", "pixels", "months", "noise")[seed %% 4 + 1]
  if (kind == "months") time <- pmax(1, ceiling(time))
  if (sum(event) < 3) event[order(time)[1:3]] <- 1L
  curve <- kaplan_meier(time, event)
  step <- sample(c(3, 6), 1)
  trisk <- seq(0, floor(max(time) / step) * step, step)
  nrisk <- sapply(trisk, function(t) sum(time >= t))
  if (kind == "pixels" && length(nrisk) > 2) nrisk[2] <- min(nrisk[1], nrisk[2] + 1)   # a misprint
  at <- function(t) { k <- findInterval(t, curve$time); if (k == 0) 1 else curve$survival[k] }
  if (kind == "corners") {
    x <- c(0, curve$time, max(time)); y <- c(1, curve$survival, min(curve$survival))
  } else if (kind == "months") {
    x <- 0:ceiling(max(time)); y <- sapply(x, at)
  } else {
    x <- round(seq(0, max(time), length.out = 90) * 400 / end) * end / 400
    y <- round(sapply(x, at) * 250) / 250
    if (kind == "noise") { y[-1] <- y[-1] + round(runif(89, -0.004, 0.004), 4) }
  }
  if (seed %% 6 == 5) {                                                  # nobody clicked the second column
    keep <- !(x >= trisk[2] & x < trisk[min(3, length(trisk))]); x <- x[keep]; y <- y[keep]
  }
  if (seed %% 5 == 2) { k <- length(trisk); trisk <- c(trisk, trisk[k] + step, trisk[k] + 2 * step)
                        nrisk <- c(nrisk, 0, 0) }
  list(kind = kind, x = x, y = y, trisk = trisk, nrisk = nrisk, patients = n,
       events = max(0, sum(event) + sample(-2:2, 1)))
}

## ---- shared -----------------------------------------------------------------------------------------------------

blocks_of <- function(x, trisk, nrisk) {
  block <- sapply(x, function(v) max(which(trisk <= v)))
  used <- sort(unique(block))
  list(lower = sapply(used, function(i) min(which(block == i))),
       upper = sapply(used, function(i) max(which(block == i))), trisk = trisk[used], nrisk = nrisk[used])
}
bound <- 1000

## ---- Guyot 2012 -------------------------------------------------------------------------------------------------

guyot <- function(x, y, trisk, nrisk, events = NULL) {
  if (!(x[1] == 0 && y[1] == 1)) { x <- c(0, x); y <- c(1, y) }
  b <- blocks_of(x, trisk, nrisk)
  K <- length(x); I <- length(b$lower); nr <- b$nrisk; status <- "converged"
  n <- rep(nr[1] + 1, K + 1); d <- c <- rep(0, K); s <- rep(1, K); last <- rep(1, I); C <- rep(0, I)
  follow <- function(i, clamp) {
    l <- last[i]; n[b$lower[i]] <<- nr[i]
    for (k in b$lower[i]:b$upper[i]) {
      if (k == 1) { d[k] <<- 0; s[k] <<- 1 } else {
        d[k] <<- round(n[k] * (1 - y[k] / s[l])); s[k] <<- s[l] * (1 - d[k] / n[k])
      }
      n[k + 1] <<- n[k] - d[k] - c[k]
      if (clamp && n[k + 1] < 0) { n[k + 1] <<- 0; c[k] <<- n[k] - d[k] }
      if (d[k] != 0) l <- k
    }
    l
  }
  spread <- function(i, to, count) {
    lo <- b$lower[i]
    tau <- x[lo] + (1:count) * (x[to] - x[lo]) / (count + 1)
    hist(tau, breaks = x[lo:to], plot = FALSE)$counts
  }
  if (I > 1) for (i in 1:(I - 1)) {
    lo <- b$lower[i]; nx <- b$lower[i + 1]; l <- last[i]; rounds <- 0
    C[i] <- round(nr[i] * y[nx] / y[lo] - nr[i + 1])
    while (n[nx] > nr[i + 1] || (n[nx] < nr[i + 1] && C[i] > 0)) {
      if (rounds == bound) { status <- "stopped"; break }
      rounds <- rounds + 1
      if (C[i] <= 0) { C[i] <- 0; c[lo:b$upper[i]] <- 0 } else c[lo:b$upper[i]] <- spread(i, nx, C[i])
      l <- follow(i, FALSE)
      C[i] <- C[i] + n[nx] - nr[i + 1]
    }
    if (n[nx] < nr[i + 1]) nr[i + 1] <- n[nx]
    last[i + 1] <- l
  }
  lo <- b$lower[I]; up <- b$upper[I]
  if (I > 1) C[I] <- min(round(sum(C[1:(I - 1)]) * (x[up] - x[lo]) / (x[b$upper[I - 1]] - x[b$lower[1]])), nr[I])
  final <- function() {
    if (C[I] <= 0) { C[I] <<- 0; if (up > lo) c[lo:(up - 1)] <<- 0 } else {
      if (up == lo) stop("one click in the last interval")
      c[lo:(up - 1)] <<- spread(I, up, C[I])
    }
    follow(I, TRUE)
  }
  final()
  if (!is.null(events)) {
    before <- if (lo > 1) sum(d[1:(lo - 1)]) else 0
    if (I > 1 && before >= events) { d[lo:up] <- 0; c[lo:up] <- 0 } else {
      rounds <- 0
      while (sum(d) > events || (sum(d) < events && C[I] > 0)) {
        if (rounds == bound) { status <- "stopped"; break }
        rounds <- rounds + 1
        C[I] <- C[I] + sum(d) - events
        final()
      }
    }
  }
  list(status = status, x = x, y = y, d = d, c = c, patients = b$nrisk[1])
}

guyot_patients <- function(r) {
  K <- length(r$x); mid <- c((r$x[-K] + r$x[-1]) / 2, r$x[K])
  time <- c(rep(r$x, r$d), rep(mid, r$c)); event <- c(rep(1, sum(r$d)), rep(0, sum(r$c)))
  rest <- r$patients - length(time); if (rest < 0) stop("too many patients")
  list(time = c(time, rep(r$x[K], rest)), event = c(event, rep(0, rest)))
}

## ---- IPDfromKM 0.1.10 -------------------------------------------------------------------------------------------

prepare <- function(x, y) {
  if (length(x) < 5) stop("too few rows")
  o <- order(x); x <- x[o]; y <- y[o]
  jump <- abs(diff(y)); q <- quantile(jump, c(0.25, 0.75), names = FALSE); reach <- 0.5 * (q[2] - q[1])
  odd <- c(FALSE, jump <= q[1] - reach | jump >= q[2] + reach)
  K <- length(x); delete <- rep(FALSE, K)
  for (k in 2:(K - 1)) delete[k] <- odd[k] && !odd[k - 1] && odd[k + 1]
  x <- x[!delete]; y <- cummin(y[!delete])
  rows <- do.call(rbind, lapply(unique(x), function(t) cbind(t, unique(c(max(y[x == t]), min(y[x == t]))))))
  rows <- rows[rows[, 2] >= 0 & rows[, 2] <= 1 & rows[, 1] >= 0, , drop = FALSE]
  list(x = c(0, rows[, 1]), y = c(1, rows[, 2]))
}

ipdfromkm <- function(x, y, trisk = NULL, nrisk = NULL, total = NULL, events = NULL) {
  if (is.null(nrisk)) { trisk <- 0; nrisk <- total }
  while (length(nrisk) > 1 && tail(nrisk, 1) == 0 && tail(nrisk, 2)[1] == 0) nrisk <- head(nrisk, -1)
  trisk <- trisk[seq_along(nrisk)]
  p <- prepare(x, y); x <- p$x; y <- p$y; K <- length(x)
  kept <- if (x[K] < tail(trisk, 1)) min(nrisk) else 0
  b <- blocks_of(x, trisk, nrisk); I <- length(b$lower); nr <- b$nrisk; status <- "converged"
  n <- rep(nr[1] + 1, K + 1); d <- c <- rep(0, K); s <- rep(1, K); C <- numeric(0); l <- 1
  spread <- function(i, count) {
    lo <- b$lower[i]; up <- b$upper[i]; c[lo:up] <<- 0
    if (count >= 1) {
      tau <- x[lo] + (1:count) * (x[up] - x[lo]) / (count + 1)
      for (k in lo:up) c[k] <<- sum(tau >= x[k] & (k == up | tau < x[min(k + 1, K)]))
    }
  }
  follow <- function(i, l) {
    n[b$lower[i]] <<- nr[i]
    for (k in b$lower[i]:b$upper[i]) {
      if (k == 1) { d[k] <<- 0; s[k] <<- 1 } else {
        d[k] <<- if (s[l] <= 0) 0 else round(n[k] * (1 - y[k] / s[l]))
        s[k] <<- if (n[k] > 0) s[l] * (1 - d[k] / n[k]) else s[l]
      }
      n[k + 1] <<- n[k] - d[k] - c[k]
      if (n[k + 1] < 0) { n[k + 1] <<- 0; c[k] <<- n[k] - d[k] }
      if (d[k] != 0) l <- k
    }
    l
  }
  if (I > 1) for (i in 1:(I - 1)) {
    nx <- b$lower[i + 1]; start <- l; rounds <- 0; target <- nr[i + 1]
    cc <- round(nr[i] * y[nx] / y[b$lower[i]] - target)
    while ((n[nx] > target || (n[nx] < target && cc > 0)) && cc < nr[i] - target + 1) {
      if (rounds == bound) { status <- "stopped"; break }
      rounds <- rounds + 1
      cc <- max(cc, 0); spread(i, cc); l <- follow(i, start); cc <- cc + n[nx] - target
    }
    nr[i + 1] <- n[nx]; C <- c(C, cc)
  }
  before <- if (b$lower[I] > 1) sum(d[1:(b$lower[I] - 1)]) else 0
  cc <- if (I == 1) { if (is.null(events)) 0 else nr[1] - events } else {
    left <- if (is.null(events)) 0 else max(0, events - before)
    min(mean(C) * (x[K] - b$trisk[I]) / (b$trisk[I] - b$trisk[I - 1]), nr[I] - kept - left)
  }
  spread(I, max(cc, 0)); follow(I, l)
  list(status = status, x = x, y = y, d = d, c = c, patients = b$nrisk[1])
}

ipdfromkm_patients <- function(r) {
  K <- length(r$x); mid <- c((r$x[-K] + r$x[-1]) / 2, r$x[K]); time <- event <- numeric(0)
  for (k in 1:K) {
    time <- c(time, rep(r$x[k], r$d[k]), rep(mid[k], r$c[k])); event <- c(event, rep(1, r$d[k]), rep(0, r$c[k]))
  }
  rest <- r$patients - length(time); if (rest < 0) stop("too many patients")
  list(time = c(time, rep(r$x[K], rest)), event = c(event, rep(0, rest)))
}

precision <- function(r, ipd) {
  curve <- kaplan_meier(ipd$time, ipd$event)
  s <- sapply(r$x, function(t) { k <- findInterval(t, curve$time); if (k == 0) 1 else curve$survival[k] })
  e <- round(s - r$y, 3)
  c(round(sqrt(sum(e^2) / (length(e) - 1)), 3), round(mean(abs(e)), 3), max(e))
}

## ---- the file ---------------------------------------------------------------------------------------------------

numbers <- function(v) paste0("[", paste(sprintf("%.17g", v), collapse = ", "), "]")
answer <- function(run, records, with_precision = FALSE) {
  tryCatch({
    r <- run(); ipd <- records(r)
    text <- sprintf('{"status": "%s", "time": %s, "event": %s', r$status, numbers(ipd$time), numbers(ipd$event))
    if (with_precision) text <- paste0(text, ', "precision": ', numbers(precision(r, ipd)))
    paste0(text, "}")
  }, error = function(e) '{"status": "failed"}')
}
# Totals of events off by some, with which the loop of Guyot 2012 never ends; and a risk table with which IPDfromKM
# asks for a negative number of events.
off <- c("88" = -4, "102" = -5, "188" = -2, "196" = 0, "430" = 0, "594" = -5, "764" = 0)
cases <- sapply(c(0:35, as.integer(names(off))), function(seed) {
  a <- simulate(seed)
  if (seed > 35) a$events <- a$events + off[[as.character(seed)]]
  parts <- c(
    sprintf('"kind": "%s"', a$kind), sprintf('"times": %s', numbers(a$x)), sprintf('"survival": %s', numbers(a$y)),
    sprintf('"risk_times": %s', numbers(a$trisk)), sprintf('"numbers_at_risk": %s', numbers(a$nrisk)),
    sprintf('"total_events": %d', as.integer(a$events)),
    paste('"guyot":', answer(function() guyot(a$x, a$y, a$trisk, a$nrisk), guyot_patients)),
    paste('"guyot_events":', answer(function() guyot(a$x, a$y, a$trisk, a$nrisk, a$events), guyot_patients)),
    paste('"guyot_total_events":', answer(function() guyot(a$x, a$y, 0, a$nrisk[1], a$events), guyot_patients)),
    paste('"ipdfromkm":', answer(function() ipdfromkm(a$x, a$y, a$trisk, a$nrisk), ipdfromkm_patients, TRUE)),
    paste('"ipdfromkm_events":',
          answer(function() ipdfromkm(a$x, a$y, a$trisk, a$nrisk, events = a$events), ipdfromkm_patients, TRUE)),
    paste('"ipdfromkm_total":',
          answer(function() ipdfromkm(a$x, a$y, total = a$nrisk[1]), ipdfromkm_patients, TRUE)),
    paste('"ipdfromkm_total_events":',
          answer(function() ipdfromkm(a$x, a$y, total = a$nrisk[1], events = a$events), ipdfromkm_patients, TRUE)))
  paste0("{", paste(parts, collapse = ",\n "), "}")
})
path <- commandArgs(TRUE)[1]
writeLines(c('{"cases": [', paste(cases, collapse = ",\n"), "]}"), path)
