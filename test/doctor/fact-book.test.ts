import { describe, expect, it } from 'vitest'
import { FactBook, type Gatherers, Unknown } from '../../src/doctor/fact-book.js'
import type { Host } from '../../src/host/host.js'
import { MemoryHost } from '../../src/host/memory.js'

interface Toy {
  readonly base: number
  readonly twice: number
  readonly late: number
  readonly hidden: number
  readonly guess: number
  readonly patient: number
}

function book(given: Partial<Toy> = {}) {
  const asked: string[] = []
  const gatherers: Gatherers<Toy> = {
    base: {
      limit: 1,
      gather: () => {
        asked.push('base')
        return 21
      },
    },
    twice: { limit: 1, gather: async ({ need }) => 2 * (await need('base')) },
    late: { limit: 0.02, gather: () => new Promise(() => {}) },
    hidden: {
      limit: 1,
      gather: () => {
        throw new Unknown('only root sees it')
      },
    },
    patient: {
      limit: 1,
      gather: async ({ want }) => (await Promise.all([want('late'), want('late')])).length,
    },
    guess: { limit: 1, gather: async ({ want }) => (await want('hidden')) ?? -1 },
  }
  const options = { configDir: '/etc/postfix', logs: [] }
  return { asked, facts: new FactBook<Toy>(gatherers, new MemoryHost(), options, given) }
}

describe('a book of facts', () => {
  it('gathers each fact once, and only when it is asked for', async () => {
    const { asked, facts } = book()
    expect(asked).toEqual([])
    const answers = await Promise.all([facts.get('twice'), facts.get('base'), facts.get('twice')])
    expect(answers.map((answer) => answer.known && answer.value)).toEqual([42, 21, 42])
    expect(asked).toEqual(['base'])
    expect([...facts.timings.keys()].sort()).toEqual(['base', 'twice'])
  })

  it('says why a fact is not known, also of what depends on it', async () => {
    const { facts } = book()
    expect(await facts.get('hidden')).toEqual({ known: false, reason: 'only root sees it' })
    expect(await facts.get('guess')).toEqual({ known: true, value: -1 })
  })

  it('does not wait longer than the limit', async () => {
    expect(await book().facts.get('late')).toEqual({ known: false, reason: 'no answer within 0.02 s' })
  })

  it('has the time of a fact stand still while it waits for another', async () => {
    const slow = () => new Promise<number>((resolve) => setTimeout(() => resolve(1), 60))
    const gatherers: Gatherers<{ slow: number; quick: number }> = {
      slow: { limit: 1, gather: slow },
      quick: { limit: 0.03, gather: async ({ need }) => 1 + (await need('slow')) },
    }
    const facts = new FactBook(gatherers, new MemoryHost(), { configDir: '/etc/postfix', logs: [] })
    expect(await facts.get('quick')).toEqual({ known: true, value: 2 })
  })

  it('lets no program run longer than the fact may take, and none begin after it', async () => {
    const asked: (number | undefined)[] = []
    const run: Host['run'] = async (argv, options) => {
      asked.push(options?.timeout)
      return { argv, exitCode: 0, failure: undefined, stdout: '', stderr: '' }
    }
    const host: Host = Object.assign(new MemoryHost(), { run })
    let after: Promise<unknown> = Promise.resolve()
    const gatherers: Gatherers<{ brief: number }> = {
      brief: {
        limit: 0.02,
        gather: async ({ host: own }) => {
          await own.run(['postconf'])
          await own.run(['postconf'], { timeout: 0.01 })
          after = new Promise((resolve) => setTimeout(resolve, 40)).then(() => own.run(['postconf']))
          await after
          return 1
        },
      },
    }
    const facts = new FactBook(gatherers, host, { configDir: '/etc/postfix', logs: [] })
    expect(await facts.get('brief')).toEqual({ known: false, reason: 'no answer within 0.02 s' })
    await expect(after).rejects.toThrow()
    expect(asked).toEqual([0.02, 0.01])
  })

  it('tells the time of a fact from that of the facts it waits for', async () => {
    const { facts } = book()
    await facts.get('patient')
    const { total = 0, own = 0 } = facts.timings.get('patient') ?? {}
    const waited = facts.timings.get('late')?.total ?? 0
    // both waits are for the same moments, and count once
    expect(own).toBeLessThan(total - waited / 2)
    expect(own).toBeGreaterThanOrEqual(0)
    expect(facts.timings.get('late')?.own).toBeCloseTo(waited, 2)
  })

  it('takes what is given', async () => {
    const { asked, facts } = book({ base: 4 })
    expect(await facts.get('twice')).toEqual({ known: true, value: 8 })
    expect(asked).toEqual([])
  })
})
