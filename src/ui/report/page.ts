import type { Report } from '../../maillog/report/shape.js'
import type { PageParts } from '../../setup/report-page.js'
import { duration, shortTime } from '../duration.js'
import { html, type Markup, scriptJson } from './html.js'
import { cardLabels, tableMarkup } from './page-tables.js'
import { bucketLabel, type ReportTable, type TableId, tablesOf } from './tables.js'
import { caveats, costs, headline, JUDGEMENT, lasting, number, percent, savings, spared } from './words.js'

/** The senders' domains that the chart of who never came back shows. */
const CHART_DOMAINS = 12

/** One self-contained page: no network, nothing from the log but as text. `version` of greyctl, `now` in seconds. */
export function renderPage(
  report: Report,
  parts: PageParts,
  made: { readonly version: string; readonly now: number },
): string {
  const policy = `default-src 'none'; script-src 'sha256-${parts.scriptHash}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`
  const filled: Readonly<Record<string, string>> = {
    policy: html`${policy}`.text,
    title: html`${titleOf(report)}`.text,
    style: `${parts.style}\n@media (max-width:600px){\n${cardLabels(tablesOf(report))}\n}`,
    script: parts.script,
    data: scriptJson(chartData(report)).text,
    body: bodyMarkup(report, made).text,
  }
  const page = parts.skeleton.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => filled[name] ?? whole)
  return `${page}<!--\n${parts.licences.replaceAll('--', '- -')}-->\n`
}

function titleOf({ window }: Report): string {
  const span = window.from && window.to ? `, ${window.from.slice(0, 10)} to ${window.to.slice(0, 10)}` : ''
  return `Greylisting report${span}`
}

/** templates/report/data.ts reads this. */
function chartData(report: Report): unknown {
  const { calendar, delays, top } = report
  const firstDelay = delays.findIndex(({ count }) => count > 0)
  const lastDelay = delays.findLastIndex(({ count }) => count > 0)
  const domains = top.senderDomains.rows.filter(({ neverCameBack }) => neverCameBack > 0)
  return {
    days: calendar.days,
    hours: calendar.hours,
    delays: delays
      .slice(Math.max(0, firstDelay), lastDelay + 1)
      .map((bucket) => ({ label: bucketLabel(bucket), count: bucket.count })),
    domains: [...domains].sort((a, b) => b.neverCameBack - a.neverCameBack).slice(0, CHART_DOMAINS),
  }
}

function bodyMarkup(report: Report, made: { readonly version: string; readonly now: number }): Markup {
  const tables = new Map(tablesOf(report).map((table) => [table.id, table]))
  const some = report.counts.greylisted > 0
  return html`<a class="skip" href="#report">to the report</a>
<div class="wrap">
<header>
<div><h1>Greylisting report</h1><p class="soft">${windowWords(report)}</p></div>
<button class="theme" type="button" hidden>Dark</button>
</header>
<main id="report">
<p class="lead">${headline(report)}</p>
${some ? tiles(report) : undefined}
${balance(report)}
<noscript><p class="card">The charts, sorting and filters need the script of this page; all numbers are in the tables.</p></noscript>
${some ? volume(report, tables) : undefined}
${some ? missing(report, tables) : undefined}
${pools(report, tables)}
${rankings(tables)}
${whitelists(tables)}
${problems(report)}
</main>
<footer class="soft">
<p>${JUDGEMENT}</p>
<p>Made by greyctl ${made.version} on ${new Date(made.now * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC from ${report.window.sources.join(', ') || 'nothing'}. Times are UTC; days and hours are of ${report.zone}.</p>
</footer>
</div>`
}

function windowWords({ window }: Report): string {
  const lines = `${number(window.lines)} ${window.lines === 1 ? 'line' : 'lines'} of mail log`
  return window.from && window.to
    ? `${shortTime(window.from)} to ${shortTime(window.to)} UTC, ${lines}`
    : lines
}

function tiles({ counts, outcome, delay }: Report): Markup {
  const share = (value: number) => percent(value, counts.greylisted)
  const all: readonly { name: string; big: string; more: string; tone?: string }[] = [
    {
      name: 'first mails deferred',
      big: number(counts.greylisted),
      more: `${number(counts.earlyRetries)} retries too early`,
    },
    { name: 'came back', big: number(outcome.cameBack), more: share(outcome.cameBack), tone: 'came-back' },
    {
      name: 'from another network',
      big: number(outcome.elsewhere),
      more: share(outcome.elsewhere),
      tone: 'elsewhere',
    },
    {
      name: 'may still come back',
      big: number(outcome.waiting),
      more: share(outcome.waiting),
      tone: 'waiting',
    },
    {
      name: 'never came back',
      big: number(outcome.neverCameBack),
      more: share(outcome.neverCameBack),
      tone: 'never',
    },
    { name: 'median delay', big: duration(delay.median), more: `90 % within ${lasting(delay.p90)}` },
  ]
  return html`<dl class="tiles">${all.map(
    ({ name, big, more, tone }) =>
      html`<div class="tile ${tone}"><dt>${name}</dt><dd class="big">${big}</dd><dd class="soft">${more}</dd></div>`,
  )}</dl>`
}

function sentenceList(lines: readonly string[]): Markup {
  return html`<ul class="plain">${lines.map((line) => html`<li>${line}</li>`)}</ul>`
}

function balance(report: Report): Markup {
  const cards = [
    { title: 'What it cost', lines: costs(report) },
    { title: 'What it saved', lines: [...savings(report), ...spared(report)] },
    { title: 'What the counts lack', lines: caveats(report) },
  ].filter(({ lines }) => lines.length > 0)
  return html`<div class="grid">${cards.map(
    ({ title, lines }) => html`<section class="card"><h2>${title}</h2>${sentenceList(lines)}</section>`,
  )}</div>`
}

type Tables = ReadonlyMap<TableId, ReportTable>

const LEGEND = html`<ul class="legend"><li class="came-back">came back</li><li class="elsewhere">from another network</li><li class="waiting">may still come back</li><li class="never">never came back</li></ul>`

function chart(name: string, label: string, table: ReportTable | undefined, legend?: Markup): Markup {
  return html`<figure>${legend}<div class="chart" data-chart="${name}" data-label="${label}"></div></figure>
${table && html`<details><summary>the numbers: ${table.title.toLowerCase()}</summary>${tableMarkup(table)}</details>`}`
}

function volume({ zone, delay }: Report, tables: Tables): Markup {
  const delays =
    delay.median === null
      ? undefined
      : html`<section class="card"><h2>Delay</h2><p class="soft">From the first deferral to acceptance: median ${lasting(delay.median)}, 90 % within ${lasting(delay.p90)}, 99 % within ${lasting(delay.p99)}, longest ${lasting(delay.max)}.</p>
${chart('delays', 'Mails that came back, by how long they waited', tables.get('delays'))}</section>`
  return html`<section class="card"><h2>First mails deferred, by day</h2>
${chart('days', 'First mails deferred by day, and what became of them', tables.get('days'), LEGEND)}</section>
<div class="grid"><section class="card"><h2>By hour of day</h2><p class="soft">Hours of ${zone}.</p>
${chart('hours', 'First mails deferred by hour of day, and what became of them', tables.get('hours'), LEGEND)}</section>
${delays}</div>`
}

function missing({ neverCameBack, top }: Report, tables: Tables): Markup | undefined {
  const { total, looks, listed } = neverCameBack
  if (total === 0) return undefined
  const table = tables.get('never-came-back')
  const rest = total - listed.length
  const charted = top.senderDomains.rows.some((row) => row.neverCameBack > 0)
  return html`<section class="card"><h2>Who never came back</h2>
<p class="soft">${number(total)} first mails: legitimate by their looks ${number(looks.legitimate)}, unclear ${number(looks.unclear)}, like spam ${number(looks.spam)}. Those that look legitimate are listed first.</p>
${charted ? html`<h3>By sender domain</h3>${chart('domains', 'Mails that never came back, by sender domain', undefined)}` : undefined}
${table && tableMarkup(table, { filter: 'Filter who never came back', tall: true })}
${rest > 0 ? html`<p class="soft">${number(rest)} more are not listed here (--top 0 lists all).</p>` : undefined}
</section>`
}

function pools({ pools: { listed, total } }: Report, tables: Tables): Markup | undefined {
  const table = tables.get('pools')
  if (table === undefined || listed.length === 0) return undefined
  return html`<section class="card"><h2>Senders that retry from other networks</h2>
<p class="soft">${number(total)} in all. Each new address had to wait anew; an entry in the whitelist spares them that.</p>
${tableMarkup(table)}</section>`
}

const RANKING_TABLES = ['clients', 'senders', 'sender-domains', 'recipients', 'recipient-domains'] as const

function rankings(tables: Tables): Markup | undefined {
  const shown = RANKING_TABLES.flatMap((id) => tables.get(id) ?? []).filter(({ rows }) => rows.length > 0)
  if (shown.length === 0) return undefined
  return html`<div class="grid">${shown.map(
    (table) =>
      html`<section class="card"><h2>${table.title}</h2>${tableMarkup(table, { filter: `Filter ${table.title.toLowerCase()}`, tall: true })}</section>`,
  )}</div>`
}

function whitelists(tables: Tables): Markup | undefined {
  const table = tables.get('whitelisted')
  if (table === undefined || table.rows.length === 0) return undefined
  return html`<section class="card"><h2>Let through by a whitelist</h2>${tableMarkup(table)}</section>`
}

function problems({ problems: all }: Report): Markup[] {
  return all.map(
    ({ title, detail, remediation }) =>
      html`<section class="card problem"><h2>${title}</h2><p>${detail}</p><p>Next: ${remediation.text}</p>${remediation.commands.map((command) => html`<p><code>${command}</code></p>`)}</section>`,
  )
}
