import { describe, expect, it } from 'vitest'
import { MemoryHost } from '../src/host/memory.js'
import { replyPattern } from '../src/maillog/own-reply.js'
import { verifySources } from '../src/maillog/verify.js'
import { ownReplyTexts } from '../src/own-texts.js'
import { LogWriter } from './maillog/log-writer.js'

async function textsOf(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const host = new MemoryHost()
  for (const [path, content] of Object.entries(files)) host.seed(path, content)
  return ownReplyTexts(host)
}

describe("a greylister's own text", () => {
  it.each([
    [{}, []],
    [{ '/etc/default/greyctl': 'GREYCTL_OPTS="--inet=10023"\n' }, []],
    [
      { '/etc/default/greyctl': 'GREYCTL_OPTS="--inet=10023 --greylist-text=Not-yet,-in-%s-s"\n' },
      ['Not-yet,-in-%s-s'],
    ],
    [
      { '/etc/default/postgrey': '#POSTGREY_TEXT="Your customized message"\nPOSTGREY_OPTS="--inet=10023"\n' },
      [],
    ],
    [
      { '/etc/default/postgrey': 'POSTGREY_TEXT="Patience, %r is worth it" # ours\n' },
      ['Patience, %r is worth it'],
    ],
    [
      { '/etc/default/postgrey': 'POSTGREY_OPTS="--inet=10023 --greylist-text=Patience --delay=60"\n' },
      ['Patience'],
    ],
    [
      {
        '/opt/iredapd/settings.py':
          "GREYLISTING_MESSAGE = 'Come again'\nGREYLISTING_MESSAGE = 'Please come again'\n",
      },
      ['Please come again'],
    ],
    [
      { '/etc/rspamd/local.d/greylist.conf': 'timeout = 5min;\nmessage = "Later, please";\n' },
      ['Later, please'],
    ],
    [
      { '/etc/cluebringer/cluebringer.conf': '[Greylisting]\ndefer_message=Come back in a while\n' },
      ['Come back in a while'],
    ],
    [{ '/etc/postfix-policyd.conf': 'GREYLIST_REJECTION="Busy, come back."\n' }, ['Busy, come back.']],
  ] as const)('is looked up: %j', async (files, texts) => {
    expect(await textsOf(files)).toEqual(texts)
  })

  it('is known as it comes out, from its beginning to its end', () => {
    const pattern = replyPattern(['100%% sure? %s s, %r (a+b)', 'short'])
    expect(pattern?.test('100% sure? 60 s, mx.test (a+b)')).toBe(true)
    for (const other of [
      '100% sure? soon s, mx.test (a+b)',
      'x 100% sure? 60 s, mx.test (a+b)',
      'short',
      '100% sure? 6 s, mx.test (a+b)!',
    ])
      expect(pattern?.test(other)).toBe(false)
    expect(replyPattern([' ', 'later'])).toBeUndefined()
  })

  it('makes a deferral of a reply that no greylister is known by, and of no other', async () => {
    const reply = (text: string, code = '450 4.2.0') =>
      `${code} <bob@mx.test>: Recipient address rejected: ${text}`
    const log = new LogWriter()
      .rejected({ reply: reply('Patience, mx.test is worth it') })
      .rejected({ reply: reply('Patience, mx.test is worth it', '550 5.7.1'), sender: 'refused@example.org' })
      .rejected({
        reply: reply('Unverified recipient: Patience, mx.test is worth it'),
        sender: 'other@example.org',
      })
      .wait(400)
      .accepted('4K68s31RlGzgf9A')
    const host = new MemoryHost()
    host.seed('/var/log/mail.log', log.toString())
    const read = async (texts: readonly string[], fast: boolean) => {
      const { counts } = await verifySources(host, { files: ['/var/log/mail.log'], texts, fast })
      return [counts.greylisted, counts.passed]
    }
    for (const fast of [true, false]) {
      expect(await read(['Patience, %r is worth it'], fast)).toEqual([1, 1])
      expect(await read([], fast)).toEqual([0, 0])
    }
  })
})
