import { defineConfig } from 'vitest/config'

// A CI reads the totals from this file: see .ci/run.
const json = process.env.CI === 'true' ? ['json'] : []

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Processes, not threads: the password hashes and SQLite are native code, and tests start servers and children.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default', ...json],
    outputFile: { json: 'node_modules/.cache/vitest.json' },
  },
})
