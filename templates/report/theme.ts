/** The switch between light and dark; at first the page follows the system. Kept only while the page is open. */
export function wakeTheme(): void {
  const button = document.querySelector<HTMLButtonElement>('button.theme')
  if (button === null) return
  const root = document.documentElement
  const system = matchMedia('(prefers-color-scheme: dark)')
  const isDark = () => (root.dataset.theme ?? (system.matches ? 'dark' : 'light')) === 'dark'
  const name = () => {
    button.textContent = isDark() ? 'Light' : 'Dark'
    button.setAttribute('aria-label', isDark() ? 'switch to light colours' : 'switch to dark colours')
  }
  button.hidden = false
  name()
  system.addEventListener('change', name)
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark'
    name()
  })
}
