/**
 * How long moving takes, and how much memory: from a made-up export into SQLite, out of it, into PostgreSQL, out of that. Each in a
 * process of its own. `node --conditions=source bench/moving.ts 100000 2000000`
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { uuidText } from '../packages/action-provider-tools/src/action/keys.ts'
import { writeForCreation } from '../packages/action-provider-tools/src/store/changes.ts'
import { exportText } from '../packages/action-provider-tools/src/store/moving/export-file.ts'
import type { Moved } from '../packages/action-provider-tools/src/store/moving/line.ts'
import { startPostgres } from '../packages/action-provider-tools/test/postgres.ts'
import { newAction } from './fill.ts'

/** Actions that are complete, and one of ten that waits with its request, its sealed tokens and a log. */
async function* madeUp(count: number): AsyncGenerator<Moved> {
  const creators = Array.from({ length: 1_000 }, (_, number) => `urn:globus:auth:identity:${uuid(number)}`)
  for (let number = 0; number < count; number++) {
    const waits = number % 10 === 0
    const { runInline, ...request } = newAction(
      'bench',
      creators[number % 1_000] ?? '',
      1_900_000_000_000 + number,
    )
    const { action, log } = writeForCreation(
      waits || runInline === undefined ? request : { ...request, runInline },
      0,
    )
    yield {
      action,
      request_key: uuidText(request.request_key),
      content_hash: request.content_hash,
      ...(waits && {
        request: JSON.stringify(request.request),
        secret: Buffer.alloc(400, number),
        job: { due_at: 0, lease: 0 },
      }),
      steps: [],
      delivered: [],
      log: log.map((entry) => JSON.stringify(entry)),
    }
  }
}

function uuid(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
}

const module = JSON.stringify(
  new URL('../packages/action-provider-tools/src/store/moving/move.ts', import.meta.url).href,
)

async function measure(what: string, count: number, call: string): Promise<void> {
  const source = `import { exportStore, importStore, verifyExport } from ${module}
    const started = performance.now()
    await ${call}
    console.log(JSON.stringify([performance.now() - started, process.resourceUsage().maxRSS]))`
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (part) => (text += part))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${what} ended with ${code}`)
  const [took, memory] = JSON.parse(text) as [number, number]
  process.stdout.write(
    `| ${what} | ${count.toLocaleString('en')} | ${(took / 1_000).toFixed(1)} s | ${Math.round((count / took) * 1_000).toLocaleString('en')} /s | ${Math.round(memory / 1_024)} MB |\n`,
  )
}

const folder = await mkdtemp(join(tmpdir(), 'moving-'))
const postgres = await startPostgres()
try {
  process.stdout.write('| | actions | took | | memory at most |\n| --- | --- | --- | --- | --- |\n')
  for (const given of process.argv.slice(2)) {
    const count = Number(given)
    const file = (name: string): string => JSON.stringify(join(folder, `${name}-${count}`))
    const made = join(folder, `made-${count}`)
    const sqlite = JSON.stringify(`sqlite:${join(folder, `${count}.db`)}`)
    const url = JSON.stringify(await postgres.createDatabase(`bench_${count}`))
    await pipeline(Readable.from(exportText('made-up', madeUp(count), () => {})), createWriteStream(made))
    await measure('import into SQLite', count, `importStore(${sqlite}, ${file('made')})`)
    await rm(made)
    await measure('export from SQLite', count, `exportStore(${sqlite}, ${file('sqlite')})`)
    await measure(
      'the same, compressed',
      count,
      `exportStore(${sqlite}, ${JSON.stringify(`${join(folder, String(count))}.gz`)})`,
    )
    await measure('import into PostgreSQL', count, `importStore(${url}, ${file('sqlite')})`)
    await measure('export from PostgreSQL', count, `exportStore(${url}, ${file('postgres')})`)
    await measure('verify PostgreSQL', count, `verifyExport(${file('sqlite')}, ${url})`)
  }
} finally {
  await postgres.close()
  await rm(folder, { recursive: true, force: true })
}
