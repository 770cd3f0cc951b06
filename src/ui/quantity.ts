/** A number and what it counts: 1 mail, 2 mails. */
export function quantity(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`
}
