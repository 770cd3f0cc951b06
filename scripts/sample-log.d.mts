/** A fortnight of mail at a small company, made up; the same every time. */
export function sampleLog(): string
