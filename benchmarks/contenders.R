# Rscript contenders.R JOB FOLDER: reads doubles from FOLDER/matrix, writes FOLDER/result and prints its own seconds.
# Seconds are the processor's: user and system of this process, one BLAS thread.
arguments <- commandArgs(trailingOnly = TRUE)
job <- arguments[1]
folder <- arguments[2]
values <- readBin(file.path(folder, "matrix"), "double", 1e8)
n <- sqrt(length(values))
given <- matrix(values, n, n)
n_samples <- 10000

nearest <- function() as.matrix(Matrix::nearPD(given, corr = TRUE)$mat)

# What bindata::rmvbin does once it has the latent correlations; here they are given.
thresholded <- function() {
  correlation <- given
  thresholds <- qnorm(diag(given))
  diag(correlation) <- 1
  t(mvtnorm::rmvnorm(n_samples, sigma = correlation)) + thresholds > 0
}

rmvbin <- function() t(bindata::rmvbin(n_samples, commonprob = given))

jobs <- list(nearPD = list("Matrix", nearest), rmvnorm = list("mvtnorm", thresholded), rmvbin = list("bindata", rmvbin))
if (!requireNamespace(jobs[[job]][[1]], quietly = TRUE)) {
  cat("missing", jobs[[job]][[1]], "\n")
} else {
  start <- proc.time()
  result <- jobs[[job]][[2]]()
  seconds <- proc.time() - start
  writeBin(as.double(result), file.path(folder, "result"))
  version <- as.character(packageVersion(jobs[[job]][[1]]))
  cat(seconds[["user.self"]] + seconds[["sys.self"]], seconds[["elapsed"]], version, R.version.string, "\n")
}
