/** Makes the generated tables sort by a click or key on a column's name, and filter by words. */
export function wakeTables(): void {
  for (const table of document.querySelectorAll<HTMLTableElement>('table[data-sort]')) {
    table.querySelectorAll<HTMLTableCellElement>('thead th').forEach((head, column) => {
      sortable(table, head, column)
    })
  }
  for (const tools of document.querySelectorAll<HTMLElement>('[data-filter]')) filterable(tools)
}

function sortable(table: HTMLTableElement, head: HTMLTableCellElement, column: number): void {
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = head.textContent
  head.replaceChildren(button)
  button.addEventListener('click', () => {
    // numbers are most wanted from the largest on
    const numeric = head.classList.contains('number')
    const now = head.getAttribute('aria-sort')
    const descending = now === null ? numeric : now === 'ascending'
    for (const other of table.querySelectorAll('th[aria-sort]')) other.removeAttribute('aria-sort')
    head.setAttribute('aria-sort', descending ? 'descending' : 'ascending')
    sortRows(table, column, { numeric, descending })
  })
}

function sortRows(
  table: HTMLTableElement,
  column: number,
  { numeric, descending }: { readonly numeric: boolean; readonly descending: boolean },
): void {
  const body = table.tBodies[0]
  if (body === undefined) return
  const wordOf = (row: HTMLTableRowElement) => {
    const cell = row.cells[column]
    return cell?.dataset.value ?? cell?.textContent ?? ''
  }
  const compare = numeric
    ? (a: HTMLTableRowElement, b: HTMLTableRowElement) => Number(wordOf(a)) - Number(wordOf(b))
    : (a: HTMLTableRowElement, b: HTMLTableRowElement) => wordOf(a).localeCompare(wordOf(b))
  const rows = [...body.rows].sort((a, b) => (descending ? compare(b, a) : compare(a, b)))
  body.append(...rows)
}

function filterable(tools: HTMLElement): void {
  const table = document.getElementById(tools.dataset.filter ?? '')
  const input = tools.querySelector('input')
  const shown = tools.querySelector('output')
  if (!(table instanceof HTMLTableElement) || input === null) return
  tools.hidden = false
  input.addEventListener('input', () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean)
    let count = 0
    const rows = [...(table.tBodies[0]?.rows ?? [])]
    for (const row of rows) {
      const text = row.textContent?.toLowerCase() ?? ''
      row.hidden = !words.every((word) => text.includes(word))
      if (!row.hidden) count += 1
    }
    if (shown) shown.textContent = words.length === 0 ? '' : `${count} of ${rows.length} rows`
  })
}
