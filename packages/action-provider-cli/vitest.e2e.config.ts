import { defineConfig } from 'vitest/config'

/** The tests that need a browser: `npm run test:e2e`. */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source', 'node'], externalConditions: ['source'] } },
  test: {
    include: ['packages/*/test/e2e/**/*.e2e.ts', 'test/e2e/**/*.e2e.ts'],
    reporters: ['default', ['json', { outputFile: 'test-results/e2e.json' }]],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    execArgv: ['--conditions=source'],
  },
})
