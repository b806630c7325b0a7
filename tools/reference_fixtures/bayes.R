# Reference answers of the Bayesian normal-normal model, by a method that shares nothing with ours but the
# formulas of Roever 2020: the double-exponential rule tau = exp(pi/2 sinh t) with 4001 points, uniroot for
# quantiles, equal densities for shortest intervals. Run: Rscript bayes.R > FIXTURE
options(digits = 15)
bcg <- matrix(c(4,119,11,128, 6,300,29,274, 3,228,11,209, 62,13536,248,12619, 33,5036,47,5761, 180,1361,372,1079,
  8,2537,10,619, 505,87886,499,87892, 29,7470,45,7232, 17,1699,65,1600, 186,50448,141,27197, 5,2493,3,2338,
  27,16886,29,17825), ncol = 4, byrow = TRUE)
lrr <- function(m) list(y = log(m[,1]/(m[,1]+m[,2])) - log(m[,3]/(m[,3]+m[,4])),
  v = 1/m[,1] - 1/(m[,1]+m[,2]) + 1/m[,3] - 1/(m[,3]+m[,4]))
cisapride <- local({
  a <- c(15,12,29,42,14,44,14,29,10,17,38,19,21); n1 <- c(16,16,34,56,22,54,17,58,14,26,44,29,38)
  c <- c(9,1,18,31,6,17,7,23,3,6,12,22,19); n2 <- c(16,16,34,56,22,55,15,58,15,27,45,30,38)
  b <- n1-a+.5; d <- n2-c+.5; a <- a+.5; c <- c+.5
  list(y = log(a*d/(b*c)), v = 1/a+1/b+1/c+1/d) })
schools <- list(y = c(28.39,7.94,-2.75,6.82,-0.64,0.63,18.01,12.16), v = c(14.9,10.2,16.3,11,9.4,11.4,10.4,17.6)^2)
data <- list(bcg = lrr(bcg), cisapride = cisapride, schools = schools,
  three = list(y = c(-.51,-.11,-.42), v = c(.21,.16,.30)^2), two = list(y = c(.8,-.3), v = c(.04,.25)),
  one = list(y = -.4, v = .09), unequal = list(y = c(.1,.5,.9,-.3), v = c(1e-6,.3,.02,4)))
prior_density <- function(p) switch(p$family,
  "half-normal" = function(t) 2*dnorm(t, 0, p$scale), "half-cauchy" = function(t) 2*dcauchy(t, 0, p$scale),
  "half-t" = function(t) 2*dt(t/p$scale, p$degrees_of_freedom)/p$scale,
  "exponential" = function(t) dexp(t, 1/p$scale), "uniform" = function(t) ifelse(t <= p$upper, 1/p$upper, 0),
  "improper-uniform" = function(t) rep(1, length(t)))
heavy <- function(p, k, flat) switch(p$family, "half-cauchy" = 2, "half-t" = p$degrees_of_freedom+1,
  "improper-uniform" = 0, Inf) + k - flat
answer <- function(name, tp, mp) {
  y <- data[[name]]$y; v <- data[[name]]$v; k <- length(y); flat <- is.null(mp)
  dens <- prior_density(tp)
  h <- 6.2/4000; t <- seq(-6.2, 6.2, length.out = 8001); h <- t[2]-t[1]
  top <- if (tp$family == "uniform") tp$upper else Inf
  if (is.finite(top)) { s <- pi/2*sinh(t); tau <- top/(1+exp(-2*s)); jac <- top*2*exp(-2*s)/(1+exp(-2*s))^2*pi/2*cosh(t)
  } else { tau <- exp(pi/2*sinh(t)*.5); jac <- tau*.5*pi/2*cosh(t) }
  ok <- is.finite(jac) & jac > 0 & tau > 0 & tau < 1e60; tau <- tau[ok]; jac <- jac[ok]
  given <- function(tau) { w <- 1/(v+tau^2); W <- sum(w); m <- sum(w*y)/W; ll <- sum(dnorm(y, m, sqrt(v+tau^2), log = TRUE))
    if (flat) c(ll + .5*log(2*pi/W), m, 1/sqrt(W)) else c(ll + .5*log(2*pi/W) + dnorm(m, mp$mean, sqrt(1/W+mp$sd^2), log = TRUE),
      (W*m + mp$mean/mp$sd^2)/(W+1/mp$sd^2), 1/sqrt(W+1/mp$sd^2)) }
  g <- vapply(tau, given, numeric(3)); mx <- max(g[1,])
  wt <- exp(g[1,]-mx)*dens(tau)*jac*h; Z <- sum(wt); wt <- wt/Z
  tdens <- function(x) vapply(x, function(x) exp(given(x)[1]-mx)*dens(x)/Z, 0)
  small <- min(sqrt(v)); cuts <- unique(sort(c(0, small*2^seq(-6, 60, 1)))); cuts <- c(cuts[cuts < top & cuts < 1e9], if (is.finite(top)) top)
  gl <- { J <- diag(0, 30); i <- 1:29; J[cbind(i,i+1)] <- J[cbind(i+1,i)] <- i/sqrt(4*i^2-1); e <- eigen(J, TRUE); list(x = e$values, w = 2*e$vectors[1,]^2) }
  seg <- function(a, b) if (b <= a) 0 else sum(gl$w*tdens((a+b)/2+(b-a)/2*gl$x))*(b-a)/2
  cum <- c(0, cumsum(mapply(seg, head(cuts,-1), tail(cuts,-1))))
  tcdf <- function(x) { j <- findInterval(x, cuts); cum[j] + seg(cuts[j], x) }
  marginal <- function(m, s) list(cdf = function(x) sum(wt*pnorm(x, m, s)), pdf = function(x) sum(wt*dnorm(x, m, s)), lo = -Inf)
  tm <- list(cdf = tcdf, pdf = tdens, lo = 0)
  q <- function(d, p) { if (p <= 0) return(d$lo); a <- if (is.finite(d$lo)) 0 else -1; b <- 1
    if (!is.finite(d$lo)) while (d$cdf(a) > p) a <- a*2; while (d$cdf(b) < p) { if (is.finite(top) && identical(d, tm)) { b <- top; break }; b <- b*2 }
    r <- uniroot(function(x) d$cdf(x)-p, c(a, b), tol = 1e-16, maxiter = 10000)$root
    for (i in 1:3) r <- r - (d$cdf(r)-p)/d$pdf(r); r }
  short <- function(d) { f <- function(p) d$pdf(q(d, p)) - d$pdf(q(d, p+.95))
    if (is.finite(d$lo) && f(0) >= 0) return(c(0, q(d, .95)))
    if (is.finite(d$lo) && is.finite(top) && d$pdf(q(d, .05)) < d$pdf(top)) return(c(q(d, .05), top))
    p <- uniroot(f, c(1e-7, .05-1e-7), tol = 1e-15, maxiter = 1000)$root; c(q(d, p), q(d, p+.95)) }
  summ <- function(d, mean, sd) list(median = q(d, .5), mean = mean, sd = sd, shortest = short(d), central = c(q(d, .025), q(d, .975)))
  a <- heavy(tp, k, flat); ex <- function(x, p) if (a-1 > p+.01) sum(wt*x) else NULL
  mo <- function(m, s, growth) { E <- ex(m, growth); V <- if (!is.null(E)) ex(s^2+(m-E)^2, 2*growth); list(E, if (!is.null(V)) sqrt(V)) }
  M <- g[2,]; S <- g[3,]
  e <- function(m, s, growth) { z <- mo(m, s, growth); summ(marginal(m, s), z[[1]], z[[2]]) }
  Et <- ex(tau, 1); Vt <- if (!is.null(Et)) ex((tau-Et)^2, 2)
  b <- function(i) v[i]/(v[i]+tau^2)
  list(dataset = name, effects = y, variances = v, tau_prior = tp,
    mean_prior = if (flat) list(family = "improper-uniform") else list(family = "normal", mean = mp$mean, standard_deviation = mp$sd),
    mean = e(M, S, if (flat) 1 else 0), prediction = e(M, sqrt(S^2+tau^2), 1), tau = summ(tm, Et, if (!is.null(Vt)) sqrt(Vt)),
    first_study = e(y[1]+b(1)*(M-y[1]), sqrt(b(1)*tau^2+b(1)^2*S^2), 0),
    log_marginal_likelihood = if (!flat && tp$family != "improper-uniform") mx+log(Z),
    log_tau_zero = if (tp$family != "improper-uniform") given(0)[1]-mx-log(Z),
    log_mean_zero = if (!flat) log(sum(wt*dnorm(0, M, S))) - dnorm(0, mp$mean, mp$sd, log = TRUE),
    below_zero = sum(wt*pnorm(0, M, S)))
}
json <- function(x) if (is.null(x)) "null" else if (is.list(x)) paste0("{", paste0('"', names(x), '":', vapply(x, json, ""), collapse = ","), "}") else
  if (is.character(x)) paste0('"', x, '"') else if (length(x) > 1) paste0("[", paste(formatC(x, digits = 13, format = "g"), collapse = ","), "]") else trimws(formatC(x, digits = 13, format = "g"))
n4 <- list(mean = 0, sd = 4); hn <- function(s) list(family = "half-normal", scale = s); hc <- function(s) list(family = "half-cauchy", scale = s)
ht <- list(family = "half-t", scale = .5, degrees_of_freedom = 3); un <- function(u) list(family = "uniform", upper = u); im <- list(family = "improper-uniform")
cases <- list(list("bcg", hn(.5), n4), list("bcg", hn(.5), NULL), list("bcg", hc(.5), n4), list("bcg", un(4), NULL), list("bcg", im, NULL), list("bcg", list(family = "exponential", scale = .5), n4),
  list("cisapride", hn(.5), n4), list("cisapride", hc(1), NULL), list("cisapride", ht, n4), list("cisapride", im, NULL),
  list("schools", hc(25), NULL), list("schools", hn(10), list(mean = 0, sd = 50)), list("schools", un(50), NULL), list("schools", im, NULL),
  list("three", hn(.5), n4), list("three", hn(.5), NULL), list("three", hc(.5), n4), list("three", un(.3), NULL), list("three", ht, NULL),
  list("two", hn(1), n4), list("two", hn(1), NULL), list("two", hc(1), n4), list("two", list(family = "exponential", scale = .5), NULL),
  list("one", hn(.5), n4), list("one", hn(.5), NULL), list("one", un(1), n4),
  list("unequal", hn(.5), n4), list("unequal", hn(.5), NULL), list("unequal", hc(.1), NULL), list("unequal", un(2), n4))
out <- vapply(cases, function(c) json(answer(c[[1]], c[[2]], c[[3]])), "")
cat('{"software":"', R.version.string, ', tools/reference_fixtures/bayes.R","cases":[\n', paste(out, collapse = ",\n"), "\n]}\n", sep = "")
