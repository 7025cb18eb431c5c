/**
 * Measures what this project promises of its speed, on the machine it is on, and prints a table. See docs/performance.md.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, tmpdir, totalmem, type } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readArguments } from '../test/read-arguments.ts'
import type { Bench, Group } from './bench.ts'
import { compare } from './compare.ts'
import { type Figure, isMet } from './figure.ts'
import { asynchronous } from './figures/asynchronous.ts'
import { attack } from './figures/attack.ts'
import { durable } from './figures/durable.ts'
import { growth } from './figures/growth.ts'
import { introspect } from './figures/introspect.ts'
import { memory } from './figures/memory.ts'
import { postgres } from './figures/postgres.ts'
import { run } from './figures/run.ts'
import { sleeping } from './figures/sleeping.ts'
import { start } from './figures/start.ts'
import { status } from './figures/status.ts'
import { waiting } from './figures/waiting.ts'
import { startGlobus } from './globus.ts'
import { startLoad } from './process.ts'
import { builtPrograms, sources } from './programs.ts'
import { table } from './table.ts'

const GROUPS: readonly Group[] = [
  status,
  run,
  introspect,
  asynchronous,
  waiting,
  postgres,
  durable,
  sleeping,
  start,
  memory,
  growth,
  attack,
]

const names = GROUPS.map(({ name }) => name)
const { values } = readArguments(
  `npm run bench -- [--only ${names.join('|')}] … [--quick] [--sources] [--json FILE] [--compare REVISION]`,
  {
    options: {
      only: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      sources: { type: 'boolean', default: false },
      json: { type: 'string' },
      compare: { type: 'string' },
    },
  },
  ({ values: { only = [] } }) => only.every((name) => names.includes(name)),
)

const machine = thisMachine()
const groups = GROUPS.filter(({ name }) => values.only?.includes(name) ?? true)

await using opened = new AsyncDisposableStack()
const folder = await mkdtemp(join(tmpdir(), 'action-provider-bench-'))
opened.defer(() => rm(folder, { recursive: true, force: true }))
const programs = values.sources || values.compare !== undefined ? sources() : await builtPrograms()
const globus = await startGlobus()
opened.defer(globus.close)
const load = startLoad()
opened.defer(load.close)

const { compare: revision } = values
const measured =
  revision === undefined
    ? groups
    : [{ name: `compared with ${revision}`, measure: (bench: Bench) => compare(bench, revision) }]
const figures: Figure[] = []
for (const group of measured) {
  process.stderr.write(`${group.name} …\n`)
  await using stack = new AsyncDisposableStack()
  const bench: Bench = {
    folder,
    globus,
    load,
    quick: values.quick,
    programs,
    starts: values.quick ? 2 : 3,
    rounds: 4,
    seconds: values.quick ? 0.5 : 0.7,
    opened: stack,
  }
  const rows = await group.measure(bench)
  process.stderr.write(table(rows))
  figures.push(...rows)
}

process.stdout.write(
  `${machine.cpu}, ${machine.cores} cores, ${machine.memory_gb} GB, ${machine.system}, Node ${machine.node}\n\n${table(figures)}`,
)
const file =
  values.json ?? fileURLToPath(new URL(`./results/${new Date().toISOString()}.json`, import.meta.url))
await mkdir(dirname(file), { recursive: true })
await writeFile(file, JSON.stringify({ machine, at: new Date().toISOString(), figures }, undefined, 2))
if (figures.some((figure) => isMet(figure) === false)) process.exitCode = 1

/** What the figures were measured on. */
type Machine = {
  cpu: string
  cores: number
  memory_gb: number
  system: string
  node: string
  load: number
}

function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory_gb: Math.round(totalmem() / 1024 ** 3),
    system: type(),
    node: process.version,
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  }
}
