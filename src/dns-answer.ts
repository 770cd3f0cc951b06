/** No such name, or no such record: an answer, too. Rejects when the DNS cannot be asked. */
export async function orNone<T>(question: Promise<T[]>): Promise<T[]> {
  try {
    return await question
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENODATA' || code === 'ENOTFOUND' || code === 'EBADNAME') return []
    throw error
  }
}
