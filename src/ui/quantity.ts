/** A number and what it counts: 1 mail, 2 mails; of a word that is not made so, `many` is the other form. */
export function quantity(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
