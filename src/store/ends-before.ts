/** Rejects when it takes longer (performance.now()). */
export async function endsBefore(until: number, work: Promise<void>): Promise<void> {
  const why = () => new Error('the journal is full, and the store takes nothing: see to its disk')
  const left = until - performance.now()
  if (left <= 0) throw why()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((_, reject) => {
    timer = setTimeout(() => reject(why()), left)
  })
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}
