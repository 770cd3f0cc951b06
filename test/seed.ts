import fc from 'fast-check'

/** In CI, so that a commit gives the same result each time. */
const FIXED = 20_261_124

/**
 * Where generated tests begin: new values at each run, which find more, but fixed ones in CI. A failure names its seed;
 * GREYCTL_SEED repeats it.
 */
export const SEED = Number(process.env.GREYCTL_SEED ?? (process.env.CI ? FIXED : Date.now() % 2 ** 31))

if (process.env.CI || process.env.GREYCTL_SEED) fc.configureGlobal({ seed: SEED })

// a daemon takes its process for itself, and the files of tests before this one ran in the same
process.umask(0o022)
