import { defineConfig } from 'vitest/config'
import root from '../../vitest.config.ts'

/** The command line from end to end, some of it in a browser: `npm run test:e2e`. */
export default defineConfig({
  ...root,
  test: {
    ...root.test,
    include: ['packages/*/test/**/*.e2e.ts', 'test/*.e2e.ts'],
    globalSetup: ['packages/action-provider-console/test/build-page.ts'],
    reporters: ['default', ['json', { outputFile: 'test-results/e2e.json' }]],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
