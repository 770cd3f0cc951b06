import { join } from 'node:path'
import { type MainCf, parseMainCf } from '../../postfix/main-cf.js'
import { type GatherContext, Unknown } from '../fact-book.js'
import type { Facts } from '../facts.js'
import { type MasterCf, parseMasterCf } from './master-cf.js'
import { readTextFile, type TextFile } from './text-file.js'

export interface MainCfFact extends TextFile {
  readonly cf: MainCf
}

export type MasterCfFact = TextFile & MasterCf

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
  const file = await configFile(context, 'master.cf')
  return { ...file, ...parseMasterCf(file.text) }
}
