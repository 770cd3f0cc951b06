import type { Unit } from '../facts/units.js'

export const unitOf = (name: string) => name.replace(/\.(service|socket)$/, '')

export const show = (unit: Unit) => ({
  ref: unit.name,
  text: `${unit.load}, ${unit.file}, ${unit.active} (${unit.sub}), result ${unit.result}`,
})
