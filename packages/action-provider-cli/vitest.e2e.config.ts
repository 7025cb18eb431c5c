import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

/** The command line from end to end, some of it in a browser: `npm run test:e2e`. */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source', 'node'], externalConditions: ['source'] } },
  test: {
    include: ['packages/*/test/**/*.e2e.ts'],
    reporters: ['default', ['json', { outputFile: 'test-results/e2e.json' }]],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    execArgv: ['--conditions=source'],
    maxWorkers: availableParallelism() + 1,
    env: { NODE_COMPILE_CACHE: resolve('node_modules/.cache/node') },
  },
})
