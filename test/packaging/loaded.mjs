/**
 * `node --import …/loaded.mjs PROGRAM` writes the URL of each module file that is loaded to the file that LOADED names, and
 * `listening` when a server does.
 */
import { appendFileSync } from 'node:fs'
import Module, { register } from 'node:module'
import { Server } from 'node:net'
import { pathToFileURL } from 'node:url'

const hooks = `
import { appendFileSync } from 'node:fs'
export async function load(url, context, next) {
  if (url.startsWith('file:')) appendFileSync(process.env.LOADED, url + '\\n')
  return next(url, context)
}`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)

const note = (line) => appendFileSync(process.env.LOADED, `${line}\n`)
for (const extension of ['.js', '.node']) {
  const load = Module._extensions[extension]
  Module._extensions[extension] = (module, path) => {
    note(pathToFileURL(path))
    return load(module, path)
  }
}
const { listen } = Server.prototype
Server.prototype.listen = function (...options) {
  this.once('listening', () => note('listening'))
  return listen.apply(this, options)
}
