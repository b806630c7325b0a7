# Limits of the interval of Nagashima et al. 2019 with infinitely many draws: Imhof's integral over eigenvalues,
# H tabulated, theta integrated. Run: Rscript nagashima.R; the numbers stand in crates/evidence-pool/tests/r_nagashima.rs.
res <- function(y,v,lev=.95){ k<-length(y); w<-1/v; A<-diag(w)-outer(w,w)/sum(w); m0<-sum(w*y)/sum(w); q<-sum(w*(y-m0)^2)
 F<-function(t2){ S<-diag(sqrt(v+t2)); l<-eigen(S%*%A%*%S,TRUE,TRUE)$values[1:(k-1)]
  # Laplace inversion along steepest vertical-tilted line avoided: use Imhof integral, oscillatory, in pieces
  f<-function(u) vapply(u,function(u) sin(.5*sum(atan(l*u))-.5*q*u)/(u*exp(.25*sum(log1p(l^2*u^2)))),0)
  # substitution u = x/(1-x) panels
  b<-c(0,2^seq(-12,18,.25))/max(l); s<-0; for(i in seq_len(length(b)-1)) s<-s+integrate(f,b[i],b[i+1],rel.tol=1e-9,abs.tol=1e-13,stop.on.error=FALSE,subdivisions=5000)$value
  .5-s/pi }
 # H tabulated in u=asinh(t2/s)
 s<-mean(v); U<-seq(0,9,length.out=361); lo<-vapply(U,function(u) F(s*sinh(u)),0); 
 F0<-lo[1]
 # mass of tau2 in cells: H=1-lo ; represent by Gauss points in H per cell: use midpoint in u via spline derivative
 sp<-splinefun(U,lo,"natural")
 fine<-seq(0,9,length.out=3601); mid<-(head(fine,-1)+tail(fine,-1))/2; mass<- -(sp(tail(fine,-1))-sp(head(fine,-1))); t2<-c(0,s*sinh(mid)); pr<-c(1-F0,mass); pr<-c(pr[-length(pr)],pr[length(pr)]+tail(lo,1))
 mu<-vapply(t2,function(t){w<-1/(v+t);sum(w*y)/sum(w)},0); se<-vapply(t2,function(t){w<-1/(v+t);m<-sum(w*y)/sum(w);sqrt(sum(w*(y-m)^2)/((k-1)*sum(w)))},0)
 zz<-qnorm((1:400-.5)/400)
 G<-function(x) sum(pr*vapply(seq_along(t2),function(i) mean(pt((x-mu[i]-zz*sqrt(t2[i]))/se[i],k-1)),0))
 C<-function(x) sum(pr*pt((x-mu)/se,k-1))
 r<-range(y); w<-diff(r)
 c(pi_lo=uniroot(function(x)G(x)-(1-lev)/2,c(r[1]-5*w,r[2]),tol=1e-8)$root,pi_hi=uniroot(function(x)G(x)-(1+lev)/2,c(r[1],r[2]+5*w),tol=1e-8)$root,
   ci_lo=uniroot(function(x)C(x)-(1-lev)/2,c(r[1]-5*w,r[2]),tol=1e-8)$root,ci_hi=uniroot(function(x)C(x)-(1+lev)/2,c(r[1],r[2]+5*w),tol=1e-8)$root,F0=F0)}
source_bcg<-local({m<-matrix(c(4,119,11,128,6,300,29,274,3,228,11,209,62,13536,248,12619,33,5036,47,5761,180,1361,372,1079,8,2537,10,619,505,87886,499,87892,29,7470,45,7232,17,1699,65,1600,186,50448,141,27197,5,2493,3,2338,27,16886,29,17825),ncol=4,byrow=TRUE)
 list(y=log(m[,1]/(m[,1]+m[,2]))-log(m[,3]/(m[,3]+m[,4])),v=1/m[,1]-1/(m[,1]+m[,2])+1/m[,3]-1/(m[,3]+m[,4]))})
a<-c(15,12,29,42,14,44,14,29,10,17,38,19,21);n1<-c(16,16,34,56,22,54,17,58,14,26,44,29,38);c2<-c(9,1,18,31,6,17,7,23,3,6,12,22,19);n2<-c(16,16,34,56,22,55,15,58,15,27,45,30,38)
b<-n1-a+.5;d<-n2-c2+.5;a<-a+.5;c2<-c2+.5
options(digits=9)
print(res(source_bcg$y,source_bcg$v)); print(res(log(a*d/(b*c2)),1/a+1/b+1/c2+1/d)); print(res(c(28.39,7.94,-2.75,6.82,-0.64,0.63,18.01,12.16),c(14.9,10.2,16.3,11,9.4,11.4,10.4,17.6)^2)); print(res(c(.1,.5,.9,-.3),c(.001,.3,.02,4)))
