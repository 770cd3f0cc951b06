/** Whether apt-get did it, if need be with a new list of packages; false without root. */
export function aptGet(argv: readonly string[], cwd?: string): boolean
/** Whether all of these packages are installed now; those of them that were are left alone. */
export function installPackages(...names: readonly string[]): boolean
