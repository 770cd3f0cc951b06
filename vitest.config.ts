import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What is polled for is awaited on a busy machine, too. */
const POLLED = { poll: { timeout: 30_000 } }

/** Servers take their time to boot and to answer. */
const PATIENT = { testTimeout: 600_000, hookTimeout: 600_000, expect: POLLED }

const FAST = {
  setupFiles: ['test/seed.ts'],
  disableConsoleIntercept: true,
  testTimeout: 60_000,
  maxWorkers: 2,
  expect: POLLED,
}

/** Files of `server` and `lab` at a time, both together: they mostly wait, and take a third of a core each. */
const SIDE_BY_SIDE = 5

/** These replace modules of Node's, for whoever imports them. */
const BY_THEMSELVES = ['test/store/power-loss.test.ts']

/** These have a hundred milliseconds for something, and nobody beside them. */
const BY_THE_CLOCK = [
  'test/store/valkey/failure.server.test.ts',
  'test/store/valkey/round-trips.server.test.ts',
]

/** They take minutes each: whichever began last would run on alone. */
const LONGEST = [
  'doctor-one',
  'tutorial',
  'package',
  'doctor-two',
  'postgrey',
  'bad-input',
  'provisioned',
  'killed',
  'operations',
  'tutorial-page',
].map((name) => `test/lab/${name}.server.test.ts`)

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(name))
      return at < 0 ? LONGEST.length : at
    }
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other))
  }
}

/**
 * `unit` and `unit alone` are the fast part (`npm test`): one worker runs file after file of `unit`, and what several import
 * is read once. Then `clock`, one file at a time, where time is of the essence. Then, beside each
 * other, since both mostly wait: `server`, the tests that install or start real programs on this machine (Postfix, postgrey,
 * Chromium), each with directories and ports of its own; and `lab`, those that boot machines of their own (a Debian with
 * systemd). `npm cit` and `npm run test:all` run all of them.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.server.test.ts', ...BY_THEMSELVES],
          isolate: false,
          sequence: { groupOrder: 0 },
          ...FAST,
        },
      },
      {
        test: {
          name: 'unit alone',
          include: BY_THEMSELVES,
          sequence: { groupOrder: 0 },
          ...FAST,
        },
      },
      {
        test: {
          name: 'clock',
          include: BY_THE_CLOCK,
          setupFiles: ['test/seed.ts'],
          disableConsoleIntercept: true,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          ...PATIENT,
        },
      },
      {
        test: {
          name: 'server',
          include: ['test/**/*.server.test.ts'],
          exclude: ['test/lab/**', ...BY_THE_CLOCK],
          setupFiles: ['test/seed.ts'],
          disableConsoleIntercept: true,
          maxWorkers: SIDE_BY_SIDE,
          sequence: { groupOrder: 2 },
          ...PATIENT,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.server.test.ts'],
          globalSetup: ['test/lab/setup.ts'],
          setupFiles: ['test/seed.ts'],
          disableConsoleIntercept: true,
          maxWorkers: SIDE_BY_SIDE,
          sequence: { groupOrder: 2 },
          ...PATIENT,
        },
      },
    ],
  },
})
