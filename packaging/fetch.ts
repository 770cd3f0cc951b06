import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'

/**
 * Unpacks a package of the npm registry, or of npm's cache, whose bytes are the ones that were pinned, and returns its
 * directory. Throws an error for people.
 */
export async function fetchPackage(
  name: string,
  version: string,
  integrity: string,
  scratch: string,
): Promise<string> {
  const directory = mkdtempSync(join(scratch, 'fetched-'))
  const fetched = await execa(
    'npm',
    ['pack', `${name}@${version}`, '--prefer-offline', '--silent', '--pack-destination', directory],
    { reject: false, cwd: scratch, timeout: 600_000 },
  )
  const [archive] = readdirSync(directory)
  if (fetched.failed || archive === undefined) {
    throw new Error(
      `${name}@${version} could not be fetched: ${fetched.stderr || fetched.shortMessage}\n` +
        'it comes from the npm registry once; after that npm has it in its cache, and no network is needed',
    )
  }
  verify(readFileSync(join(directory, archive)), integrity, `${name}@${version}`)
  const target = join(directory, 'package')
  mkdirSync(target)
  await execa('tar', ['-xzf', join(directory, archive), '-C', target, '--strip-components=1'])
  return target
}

/** `integrity` is that of package-lock.json: an algorithm and the digest in base64. */
export function verify(content: Buffer, integrity: string, what: string): void {
  const [algorithm = '', digest] = integrity.split(/-(.*)/s)
  const found = createHash(algorithm).update(content).digest('base64')
  if (found === digest) return
  throw new Error(`${what} is not what was pinned: ${algorithm} is ${found}, and should be ${digest}`)
}
