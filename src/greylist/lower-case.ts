/** ASCII only: other bytes are parts of UTF-8 characters, whose case is not ours to know. */
export function lowerCase(text: string): string {
  // most are lower case already, and looking for that takes a fifth of the time
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text
}
