/**
 * npm run recording: plays `greyctl demo` on a terminal (script(1)) and draws what it says, when it says it, as an SVG that
 * README.md shows: docs/screenshots/demo.svg. Nothing moves for those who want no motion; they see its end.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const [COLUMNS, ROWS] = [100, 24]
const [WIDTH, HEIGHT, MARGIN] = [8.43, 19, 16]

/** Of the foreground colours that chalk uses: readable on the dark ground. */
const COLOURS = { 31: '#ff7b72', 32: '#7ee787', 33: '#e3b341', 34: '#79c0ff', 35: '#d2a8ff', 36: '#76e3ea' }
const GROUND = '#0d1117'
const TEXT = '#e6edf3'

/** Each line with the seconds after which it was complete. */
async function record(command) {
  const begun = performance.now()
  const inside = `stty cols ${COLUMNS} rows ${ROWS}; exec ${command}`
  const child = spawn('script', ['-qfec', inside, '/dev/null'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TERM: 'xterm-256color', LANG: 'C.UTF-8', NO_COLOR: '' },
  })
  const lines = []
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const parts = `${rest}${text}`.split('\r\n')
    rest = parts.pop() ?? ''
    for (const part of parts) lines.push({ text: part, at: (performance.now() - begun) / 1000 })
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`exit ${code} of ${command}`)
  return lines
}

const PLAIN = { colour: undefined, bold: false, dim: false }

/** What a number of an SGR sequence (ECMA-48, 8.3.117) makes of a style. */
function after(style, number) {
  const change = {
    0: PLAIN,
    1: { bold: true },
    2: { dim: true },
    22: { bold: false, dim: false },
    39: { colour: undefined },
  }[number]
  return { ...style, ...(change ?? { colour: COLOURS[number] ?? style.colour }) }
}

/** A line as tspans. */
function styled(text) {
  let style = PLAIN
  // every second part is the numbers of a sequence
  return text.split(/\u001b\[([\d;]*)m/).map((part, at) => {
    if (at % 2 === 0) return span(part, style)
    style = part.split(';').map(Number).reduce(after, style)
    return ''
  })
}

function span(text, { colour, bold, dim }) {
  const shown = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const attributes = [colour && `fill="${colour}"`, bold && 'font-weight="bold"', dim && 'opacity=".6"']
  const given = attributes.filter(Boolean).join(' ')
  return given === '' || text === '' ? shown : `<tspan ${given}>${shown}</tspan>`
}

function draw(command, lines) {
  const prompt = { text: `\u001b[32m$\u001b[39m ${command}`, at: 0 }
  const all = [prompt, ...lines]
  const last = (all.at(-1)?.at ?? 0) + 0.01
  const texts = all.map(({ text, at }, row) => {
    const place = `x="0" y="${(row + 1) * HEIGHT - 5}"`
    return `<text class="l" ${place} style="animation-delay:${at.toFixed(2)}s">${styled(text).join('')}</text>`
  })
  const scrolled = (row) => -Math.max(0, row + 1 - ROWS) * HEIGHT
  // lines that came together are one step
  const steps = new Map(all.map(({ at }, row) => [((at / last) * 100).toFixed(2), scrolled(row)]))
  const frames = [...steps].filter(([, y]) => y < 0).map(([at, y]) => `${at}%{transform:translateY(${y}px)}`)
  const end = scrolled(all.length - 1)
  const [width, height] = [Math.ceil(COLUMNS * WIDTH + 2 * MARGIN), ROWS * HEIGHT + 2 * MARGIN]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A terminal: ${command}">
<style>
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:${TEXT};white-space:pre}
.l{visibility:hidden;animation:in 0s linear forwards}
.s{animation:s ${last.toFixed(2)}s step-end forwards;transform:translateY(${end}px)}
@keyframes in{to{visibility:visible}}
@keyframes s{0%{transform:translateY(0)}${frames.join('')}100%{transform:translateY(${end}px)}}
@media (prefers-reduced-motion:reduce){.l{animation:none;visibility:visible}.s{animation:none}}
</style>
<rect width="100%" height="100%" rx="8" fill="${GROUND}"/>
<svg x="${MARGIN}" y="${MARGIN}" width="${width - 2 * MARGIN}" height="${ROWS * HEIGHT}" overflow="hidden"><g class="s" xml:space="preserve">
${texts.join('\n')}
</g></svg>
</svg>
`
}

const lines = await record('node bin/run.js demo')
writeFileSync(join(root, 'docs/screenshots/demo.svg'), draw('greyctl demo', lines))
