import { join } from 'node:path'
import { type MainCf, parseMainCf } from '../../postfix/main-cf.js'
import { type MasterCf, parseMasterCf } from '../../postfix/master-cf.js'
import { type GatherContext, Unknown } from '../fact-book.js'
import type { Facts } from '../facts.js'
import { readTextFile, type TextFile } from './text-file.js'

export interface MainCfFact extends TextFile {
  readonly cf: MainCf
}

export interface MasterCfFact extends TextFile, Pick<MasterCf, 'services' | 'problems'> {
  readonly cf: MasterCf
}

export function masterCfFact(file: TextFile): MasterCfFact {
  const cf = parseMasterCf(file.text, file.path)
  return { ...file, cf, services: cf.services, problems: cf.problems }
}

async function configFile({ host, options }: GatherContext<Facts>, name: string): Promise<TextFile> {
  const path = join(options.configDir, name)
  const file = await readTextFile(host, path)
  if (file === undefined) throw new Unknown(`${path}: no such file; is Postfix installed?`)
  return file
}

export async function gatherMainCf(context: GatherContext<Facts>): Promise<MainCfFact> {
  const file = await configFile(context, 'main.cf')
  return { ...file, cf: parseMainCf(file.text, file.path) }
}

export async function gatherMasterCf(context: GatherContext<Facts>): Promise<MasterCfFact> {
  return masterCfFact(await configFile(context, 'master.cf'))
}
