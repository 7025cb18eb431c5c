// Prints `N passed, N failed` over every Vitest result file in a folder, and fails where something failed or nothing ran.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder] = process.argv.slice(2)
const counts = { passed: 0, failed: 0, skipped: 0 }
try {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    const results = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    counts.passed += results.numPassedTests
    counts.skipped += results.numPendingTests + results.numTodoTests
    // A file that could not even be loaded is a failure without a failed test.
    counts.failed += Math.max(results.numFailedTests, results.success ? 0 : 1)
  }
} catch (error) {
  process.stderr.write(`No test results: ${error.message}\n`)
}
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed${skipped}\n`)
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0
