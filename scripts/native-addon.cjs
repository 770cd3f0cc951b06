/**
 * Takes the place of node-gyp-build-optional-packages in the bundle: the compiled half of lmdb comes from the package of this
 * platform, beside which there is nothing to search for. The names of its files say for which Node.js and C library each
 * is; `napi` is for all versions.
 */
const { existsSync } = require('node:fs')
const { dirname, join } = require('node:path')
const { createRequire } = require('node:module')

module.exports = () => {
  const { platform, arch, versions } = process
  const name = `@lmdb/lmdb-${platform}-${arch}`
  const local = createRequire(__filename)
  let directory
  try {
    directory = dirname(local.resolve(name))
  } catch {
    throw new Error(`the package ${name} is missing (npm leaves it out with --omit=optional)`)
  }
  const libc = platform === 'linux' ? `.${existsSync('/etc/alpine-release') ? 'musl' : 'glibc'}` : ''
  const file = [`abi${versions.modules}`, 'napi']
    .map((kind) => join(directory, `node.${kind}${libc}.node`))
    .find((path) => existsSync(path))
  if (file === undefined) throw new Error(`${directory} has nothing for Node.js ${versions.node}`)
  return local(file)
}
