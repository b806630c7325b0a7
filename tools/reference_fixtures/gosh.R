# All subsets of at least two of the BCG trials, fitted one by one (metafor::gosh fits the same): fixtures/reference/gosh.json.
# Rscript tools/reference_fixtures/gosh.R FILE
suppressMessages(library(metafor))
d <- escalc("RR", ai=tpos, bi=tneg, ci=cpos, di=cneg, data=dat.bcg)
yi <- as.numeric(d$yi); vi <- as.numeric(d$vi); k <- length(yi)
out <- function(method) {
  est <- i2 <- numeric(0); ids <- integer(0)
  for (s in 3:(2^k-1)) { inc <- which(bitwAnd(s, 2^(0:(k-1))) > 0); if (length(inc) < 2) next
    f <- tryCatch(rma(yi[inc], vi[inc], method=method, control=list(threshold=1e-12, tol=1e-13, maxiter=10000, stepadj=0.5)), error=function(e) NULL)
    ids <- c(ids, s); if (is.null(f)) { est <- c(est, NA); i2 <- c(i2, NA) } else { est <- c(est, f$beta[1]); i2 <- c(i2, f$I2/100) } }
  keep <- !is.na(est)
  held <- sapply(0:(k-1), function(b) bitwAnd(ids, 2^b) > 0)
  list(failed=sum(!keep), mean=mean(est[keep]), sd=sqrt(mean((est[keep]-mean(est[keep]))^2)), i2=mean(i2[keep]),
   quantiles=unname(quantile(est[keep])), with=sapply(1:k, function(j) mean(est[keep & held[,j]])), with_i2=sapply(1:k, function(j) mean(i2[keep & held[,j]])),
   every_97th=est[seq(1, length(est), 97)], every_97th_i2=i2[seq(1,length(i2),97)])
}
cat(jsonlite::toJSON(list(yi=yi, vi=vi, DL=out("DL"), REML=out("REML"), software=paste("R", getRversion(), "metafor", packageVersion("metafor"))), digits=15, auto_unbox=TRUE), file=commandArgs(TRUE)[1])
