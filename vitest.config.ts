import { defineConfig } from 'vitest/config'

/** Servers take their time to boot and to answer. */
const PATIENT = { testTimeout: 600_000, hookTimeout: 600_000 }

/** Files of `server` and `lab` at a time, on two cores. */
const SIDE_BY_SIDE = 4

/** These have a hundred milliseconds for something, and nobody beside them. */
const BY_THE_CLOCK = ['test/store/valkey/failure.server.test.ts']

/**
 * `unit` is the fast part (`npm test`). Then `clock`, one file at a time, where time is of the essence. Then, beside each
 * other, since both mostly wait: `server`, the tests that install or start real programs on this machine (Postfix, postgrey,
 * Chromium), each with directories and ports of its own; and `lab`, those that boot machines of their own (a Debian with
 * systemd). `npm cit` and `npm run test:all` run all of them.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.server.test.ts'],
          setupFiles: ['test/seed.ts'],
          disableConsoleIntercept: true,
          testTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
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
