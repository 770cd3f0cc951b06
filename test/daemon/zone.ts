import type { SpfDns } from '../../src/greylist/spf.js'

/** Answers of a DNS by name, each after `gate` (default: at once); names that it does not have do not exist. */
export function zoneDns(
  records: Readonly<Record<string, string>>,
  gate: () => Promise<void> = async () => {},
) {
  const asked: string[] = []
  const dns: SpfDns = {
    async texts(name) {
      asked.push(name)
      await gate()
      const text = records[name]
      if (text === 'fails') throw new Error('ESERVFAIL')
      return text === undefined ? [] : [text]
    },
    addresses: async () => [],
    mailHosts: async () => [],
  }
  return { dns, asked }
}
