import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source', 'node'], externalConditions: ['source'] } },
  test: {
    setupFiles: [fileURLToPath(new URL('test/check-answers.ts', import.meta.url))],
    include: ['{packages,examples}/*/{src,test}/**/*.test.ts', 'test/*.test.ts'],
    reporters: ['default', ['json', { outputFile: 'test-results/unit.json' }]],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    execArgv: ['--conditions=source'],
    // Much of the time is waited; one worker a core would leave the cores idle.
    maxWorkers: availableParallelism() + 1,
    // Programs are started from the same sources hundreds of times: what compiling them gives is kept.
    env: { NODE_COMPILE_CACHE: resolve('node_modules/.cache/node') },
  },
})
