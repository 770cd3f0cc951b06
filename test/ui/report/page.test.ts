import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createRealHost } from '../../../src/host/real.js'
import { loadPageParts } from '../../../src/setup/report-page.js'
import { html, scriptJson } from '../../../src/ui/report/html.js'
import { renderPage } from '../../../src/ui/report/page.js'
import { LogWriter } from '../../maillog/log-writer.js'
import { HOSTILE, reportOf } from './sample.js'

const made = { version: '0.0.0', now: 1_795_000_000 }

describe('the page', () => {
  it('allows one script, its own, and no network', async () => {
    const page = renderPage(await reportOf(''), await loadPageParts(createRealHost()), made)
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1] ?? ''
    expect(policy).toContain('default-src &#39;none&#39;')
    const scripts = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text = '']) => text)
    expect(scripts).toHaveLength(1)
    const hash = createHash('sha256').update(scripts.join()).digest('base64')
    expect(policy).toContain(`script-src &#39;sha256-${hash}&#39;`)
    expect(page).not.toMatch(/<(?:link|img|iframe|script)[^>]+(?:src|href)="(?!data:,)/)
    for (const name of ['@observablehq/plot', 'd3-array']) expect(page).toContain(name)
    expect(page).not.toMatch(/\{\{(?:policy|title|style|body|data|script)\}\}/)
  })

  it('holds what attackers wrote as text, and no template in it is filled', async () => {
    const log = new LogWriter()
    for (const sender of [...HOSTILE, '{{script}}@evil.test']) log.rejected({ sender, recipient: sender })
    const written = renderPage(
      await reportOf(log.wait(200_000).other(), 0),
      await loadPageParts(createRealHost()),
      made,
    )
    const page = written.replaceAll('<wbr>', '')
    expect(page).not.toContain('<script>window')
    expect(page).not.toContain('<img')
    expect(page).toContain('&lt;script&gt;window.pwned=1&lt;/script&gt;@evil.test')
    expect(page).toContain('&amp;lt;b&amp;gt;@evil.test')
    expect(page).toContain('{{script}}@evil.test')
    expect(page.match(/<\/script>/g)).toHaveLength(2)
  })
})

describe('html', () => {
  it('escapes whatever is not markup', () => {
    const name = `"'><b>&\u001b`
    expect(html`<p title="${name}">${html`<b>${name}</b>`}${1}${undefined}</p>`.text).toBe(
      '<p title="&quot;&#39;&gt;&lt;b&gt;&amp;\\x1b"><b>&quot;&#39;&gt;&lt;b&gt;&amp;\\x1b</b>1</p>',
    )
  })

  it('writes JSON that no script element ends at, and that reads back', () => {
    const value = { text: '</script><!--<script>\u2028\u2029&' }
    const { text } = scriptJson(value)
    expect(text).not.toMatch(/[<>&\u2028\u2029]/)
    expect(JSON.parse(text)).toEqual(value)
  })
})
