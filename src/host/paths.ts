import { readlink } from 'node:fs/promises'
import { isAbsolute, join, normalize, relative } from 'node:path'

const MOST_LINKS = 40

function parts(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}

/** Below --root, symbolic links lead to where they would lead if the directory were `/`. */
export class Paths {
  constructor(readonly root: string) {}

  /** The real path of one as seen inside; its last part is followed too unless told otherwise. */
  async outside(path: string, options: { followLast: boolean }): Promise<string> {
    const inside = await this.resolve(path, options.followLast)
    return this.root === '/' ? inside : join(this.root, inside)
  }

  /** Every symbolic link resolved, as seen inside. Parts that do not exist stay as they are. */
  async resolve(path: string, followLast = true): Promise<string> {
    if (!isAbsolute(path)) throw new TypeError(`not an absolute path: ${path}`)
    let rest = parts(normalize(path))
    let done = '/'
    let links = 0
    while (rest.length > 0) {
      const [part = '', ...others] = rest
      rest = others
      const next = join(done, part)
      const target = others.length > 0 || followLast ? await this.link(next) : undefined
      if (target === undefined) {
        done = next
        continue
      }
      links += 1
      if (links > MOST_LINKS) throw Object.assign(new Error(`too many links: ${path}`), { code: 'ELOOP' })
      if (isAbsolute(target)) done = '/'
      rest = [...parts(target), ...others]
    }
    return done
  }

  /** A real path as seen inside. */
  inside(path: string): string {
    return this.root === '/' ? path : join('/', relative(this.root, path))
  }

  private async link(inside: string): Promise<string | undefined> {
    try {
      return await readlink(this.root === '/' ? inside : join(this.root, inside))
    } catch {
      return undefined
    }
  }
}
