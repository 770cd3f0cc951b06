/** ASCII only: other bytes are parts of UTF-8 characters, whose case is not ours to know. */
export function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
