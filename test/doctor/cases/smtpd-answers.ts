import type { Case } from '../cases.js'
import { smtpdAnswer } from '../scene.js'

const answered = (...changes: Parameters<typeof smtpdAnswer>) => ({ smtpdAnswers: [smtpdAnswer(...changes)] })

export const SMTPD_ANSWER_CASES: Readonly<Record<string, readonly Case[]>> = {
  'smtpd-answers-otherwise': [
    {
      broken: answered({
        outcome: 'error',
        answer: '451 4.3.0 <postmaster@example.test>: Temporary lookup failure',
      }),
      healthy: answered({ outcome: 'error', expected: ['accepted', 'error'] }),
      says: 'smtp inet cannot judge mail for this server of a stranger; by its lists: taken or put off',
    },
    {
      broken: answered({ about: 'relay', outcome: 'accepted', expected: ['refused'] }),
      healthy: answered({ about: 'relay', outcome: 'accepted', expected: ['accepted'] }),
      says: 'takes a relay attempt',
    },
    {
      broken: answered({ outcome: 'no-service', answer: 'fatal: in parameter x' }),
      // it said nothing in time
      healthy: answered({ outcome: undefined }),
      says: 'ends instead of judging',
    },
  ],
}
