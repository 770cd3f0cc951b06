import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Rows } from '../../src/preview/rows.js'

const TEXTS = [...'abcdefghijkl']

/** Rows with a column of their texts. */
class Table {
  readonly rows = new Rows(16)
  readonly texts: string[] = []

  add(text: string): void {
    if (this.rows.isFull) this.keep(() => true)
    this.texts[this.rows.add(text)] = text
  }

  keep(wanted: (text: string) => boolean): void {
    this.rows.keep(
      (row) => wanted(this.texts[row] ?? ''),
      (from, to) => {
        this.texts[to] = this.texts[from] ?? ''
      },
    )
    this.texts.length = this.rows.size
  }

  get live(): string[] {
    return this.texts.filter((_, row) => !this.rows.isRemoved(row))
  }

  find(text: string): string | undefined {
    return this.texts[this.rows.find(text)]
  }
}

const command = fc.record({
  kind: fc.constantFrom('add', 'add', 'remove', 'keep'),
  text: fc.constantFrom(...TEXTS),
})

it('finds what a set would have, whatever was removed or moved, in the order of its coming', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const table = new Table()
      let model: string[] = []
      for (const { kind, text } of commands) {
        const isKnown = model.includes(text)
        if (kind === 'add' && !isKnown) {
          table.add(text)
          model.push(text)
        } else if (kind === 'remove' && isKnown) {
          table.rows.remove(table.rows.find(text))
          model = model.filter((one) => one !== text)
        } else if (kind === 'keep') {
          table.keep((one) => one < text)
          model = model.filter((one) => one < text)
        }
        expect([table.live, table.rows.live]).toEqual([model, model.length])
        const found = TEXTS.filter((one) => table.find(one) === one)
        expect(found).toEqual(TEXTS.filter((one) => model.includes(one)))
        expect(TEXTS.filter((one) => table.rows.find(one) === -1)).toHaveLength(TEXTS.length - model.length)
      }
    }),
  )
})
