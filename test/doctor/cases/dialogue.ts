import type { Case } from '../cases.js'
import { answer } from '../scene.js'

const PLACE = 'inet:127.0.0.1:10023'
const ended = (outcome: 'closed' | 'silent', text = '') => [
  answer(PLACE, { outcome, answer: text, seconds: 2 }),
]
const says = (text: string) => [answer(PLACE, { answer: text })]

export const DIALOGUE_CASES: Readonly<Record<string, readonly Case[]>> = {
  'policy-daemon-hung': [
    {
      broken: { endpoints: ended('silent') },
      healthy: { endpoints: ended('closed') },
      says: 'no answer within 2 s',
    },
    { broken: { endpoints: [answer(PLACE, { seconds: 1.5 })] }, healthy: {}, says: 'answered after 1.5 s' },
  ],
  'policy-server-closes-early': [
    { broken: { endpoints: ended('closed') }, healthy: { endpoints: says('action=OK\n\n') } },
  ],
  'malformed-policy-reply': [
    {
      broken: { endpoints: says('status=fine\n\n') },
      healthy: { endpoints: says('action=450 4.2.0 Greylisted\n\n') },
    },
    {
      broken: { endpoints: says('action=greylist\n\n') },
      healthy: { endpoints: says('action=defer_if_permit Greylisted\n\n') },
    },
    {
      broken: { endpoints: ended('silent', 'action=DUNNO\n') },
      healthy: { endpoints: says('action=PREPEND X-Greylist: no\n\n') },
      says: 'does not end with an empty line',
    },
  ],
  'wrong-service-on-port': [
    {
      broken: { endpoints: ended('silent', '220 mx.example.test ESMTP Postfix\r\n') },
      healthy: { endpoints: says('action=DUNNO\n\n') },
      says: 'answered by a mail server',
    },
    { broken: { endpoints: ended('closed', 'HTTP/1.1 400 Bad Request\r\n\r\n') }, healthy: {} },
  ],
}
