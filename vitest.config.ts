import { defineConfig } from 'vitest/config'

/**
 * Two projects: `unit` is the fast part (`npm test`); `server` holds the tests that install or boot real
 * programs (Postfix, postgrey, a Debian with systemd), which `npm cit` and `npm run test:all` add.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.server.test.ts'],
          disableConsoleIntercept: true,
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'server',
          include: ['test/**/*.server.test.ts'],
          globalSetup: ['test/server-setup.ts'],
          disableConsoleIntercept: true,
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
})
