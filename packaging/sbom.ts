import { createHash } from 'node:crypto'
import { execa } from 'execa'
import { ROOT } from './program.js'

interface Component {
  readonly name: string
  readonly group?: string
  readonly version: string
  readonly [field: string]: unknown
}

export interface Shipped {
  readonly version: string
  /** Packages whose code is in the bundle, and the compiled ones beside it. */
  readonly packages: readonly string[]
  readonly node: string
  /** Epoch seconds. */
  readonly date: number
}

/** What is in the packages, in CycloneDX: npm's own list without what only builds and tests. */
export async function makeSbom({ version, packages, node, date }: Shipped): Promise<string> {
  const { stdout } = await execa('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
    cwd: ROOT,
  })
  const all = JSON.parse(stdout) as { components: Component[]; metadata: Record<string, unknown> }
  const shipped = new Set(packages)
  const components = all.components
    .filter(
      ({ name, group }) => shipped.has(group === undefined ? name : `${group}/${name}`) || shipped.has(name),
    )
    .map(({ scope: _, properties: __, ...component }) => component)
  const found = new Set(components.map(({ name }) => name))
  for (const name of packages) {
    if (!found.has(name) && !found.has(name.split('/')[1] ?? ''))
      throw new Error(`npm sbom does not know ${name}`)
  }
  const runtime = {
    type: 'application',
    name: 'node',
    version: node,
    purl: `pkg:generic/node@${node}`,
    licenses: [{ license: { id: 'MIT' } }],
  }
  const component = {
    type: 'application',
    name: 'greyctl',
    version,
    'bom-ref': `greyctl@${version}`,
    purl: `pkg:npm/greyctl@${version}`,
    licenses: [{ license: { id: 'MIT' } }],
  }
  const body = { components: [...components, runtime] }
  const digest = createHash('sha256')
    .update(JSON.stringify([component, body]))
    .digest('hex')
  const serial = [8, 12, 16, 20, 32].map((end, at) => digest.slice([0, 8, 12, 16, 20][at], end)).join('-')
  return `${JSON.stringify(
    {
      bomFormat: 'CycloneDX',
      specVersion: '1.5',
      serialNumber: `urn:uuid:${serial}`,
      version: 1,
      metadata: { timestamp: new Date(date * 1000).toISOString(), component },
      ...body,
    },
    undefined,
    2,
  )}\n`
}
