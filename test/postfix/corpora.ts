import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface CorpusFile {
  readonly name: string
  readonly bytes: Buffer
}

/** Real configuration files, where GREYCTL_CORPORA names a directory that has them; none otherwise, with a line that says so. */
export function corpusFiles(pattern: RegExp): readonly CorpusFile[] {
  const root = process.env.GREYCTL_CORPORA
  const directory = root === undefined ? undefined : join(root, 'postfix')
  if (directory === undefined || !existsSync(directory)) {
    console.log('skipped: GREYCTL_CORPORA names no directory with a postfix folder')
    return []
  }
  return readdirSync(directory)
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => ({ name, bytes: readFileSync(join(directory, name)) }))
}
