/**
 * npm run release -- X.Y.Z: version, changelog, commit, tag, and all packages in out/ (packaging/main.ts). Nothing leaves this
 * machine: pushing the tag publishes (.github/workflows/release.yml). Begins on a clean checkout; what fails before the commit
 * leaves it as it was.
 */
import { execa } from 'execa'
import { ROOT } from './program.js'
import { setVersion } from './version.js'

const [version = ''] = process.argv.slice(2)
const git = (...argv: string[]) => execa('git', argv, { cwd: ROOT })

try {
  const { stdout: uncommitted } = await git('status', '--porcelain')
  if (uncommitted !== '') throw new Error(`commit or remove first:\n${uncommitted}`)
  try {
    setVersion(ROOT, version, new Date().toISOString().slice(0, 10))
    // the manifest has the version too
    await execa('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' })
    await git('commit', '--all', '--message', `Version ${version}`)
  } catch (error) {
    await git('checkout', '--', '.')
    throw error
  }
  await git('tag', '--annotate', `v${version}`, '--message', `greyctl ${version}`)
  await execa('npm', ['run', '--silent', 'package'], { cwd: ROOT, stdio: 'inherit' })
  console.log(`to publish: git push origin HEAD v${version}`)
} catch (error) {
  console.error(`release: ${(error as Error).message}`)
  process.exitCode = 1
}
