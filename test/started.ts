import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { type Program, startProgram } from './program.ts'

/** What each test of a file has for itself. */
export type Started = {
  /** A folder, which is removed after the test. */
  readonly folder: string
  /** The URL of a database in it. */
  readonly database: string
  /** What was started, in turn. */
  readonly programs: readonly Program[]
  /** Starts a program, which is ended after the test. */
  start: (...program: Parameters<typeof startProgram>) => Promise<Program>
}

/** Gives each test of a file a folder, and ends the programs that it started. */
export function startedPrograms(name: string): Started {
  let folder: string
  let programs: Program[]
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), `${name}-`))
    programs = []
  })
  afterEach(async () => {
    await Promise.all(programs.map((program) => program.signal('SIGKILL')))
    await rm(folder, { recursive: true, force: true })
  })
  return {
    get folder() {
      return folder
    },
    get database() {
      return `sqlite:${join(folder, 'actions.db')}`
    },
    get programs() {
      return programs
    },
    async start(main, environment) {
      const program = await startProgram(main, environment)
      programs.push(program)
      return program
    },
  }
}
