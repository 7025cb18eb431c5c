import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { type Globus, type Program, startGlobus, startProgram, watchasay } from './program.ts'

let globus: Globus
let folder: string
let token: string
beforeAll(async () => {
  globus = await startGlobus()
  folder = await mkdtemp(join(tmpdir(), 'crash-'))
  token = await globus.token('alice')
})
afterAll(async () => {
  await globus.close()
  await rm(folder, { recursive: true, force: true })
})

const start = (name: string): Promise<Program> =>
  startProgram(watchasay, {
    ...globus.environment,
    DATABASE_URL: `sqlite:${join(folder, name)}`,
    LOG_LEVEL: 'warn',
  })

type Action = { action_id: string; details: { you_said: string } }

async function ask(url: string, body?: unknown): Promise<{ status: number; action: Action }> {
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${token}` },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  })
  return { status: response.status, action: (await response.json()) as Action }
}

const run = (program: Program, request_id: string, text: string): ReturnType<typeof ask> =>
  ask(`${program.url}/run`, { request_id, body: { input_string: text } })

test('what was answered is there after kill -9, ten times over, with 16 callers', {
  timeout: 120_000,
}, async () => {
  const answered = new Map<string, Action>()
  const posted: string[] = []

  async function postUntilItDies(program: Program, client: string): Promise<void> {
    for (let number = 0; ; number++) {
      const request_id = `${client}-${number}`
      posted.push(request_id)
      try {
        const { status, action } = await run(program, request_id, `said ${request_id}`)
        expect(status).toBe(202)
        answered.set(request_id, action)
      } catch (error) {
        if (error instanceof TypeError) return
        throw error
      }
    }
  }

  for (let round = 0; round < 10; round++) {
    const program = await start('answered.db')
    const before = answered.size
    const enough = before + 1 + Math.floor(Math.random() * 300)
    const clients = Array.from({ length: 16 }, (_, client) => postUntilItDies(program, `${round}-${client}`))
    await eventually(() => answered.size >= enough)
    program.child.kill('SIGKILL')
    await Promise.all([...clients, program.ended])
  }

  const program = await start('answered.db')
  for (const [request_id, action] of answered) {
    const found = await ask(`${program.url}/${action.action_id}/status`)
    expect(found).toEqual({ status: 200, action })
    expect(found.action.details.you_said).toBe(`said ${request_id}`)
  }
  // A request whose answer was lost may be sent again: it is the same action where it was recorded, a new one where not.
  const lost = posted.filter((request_id) => !answered.has(request_id))
  const ids = new Set([...answered.values()].map(({ action_id }) => action_id))
  for (const request_id of lost) {
    const { status, action } = await run(program, request_id, `said ${request_id}`)
    expect([200, 202]).toContain(status)
    ids.add(action.action_id)
  }
  expect(ids.size).toBe(answered.size + lost.length)
  await program.signal('SIGTERM')
})

test('sixty identical requests at once are one action, also across a restart', async () => {
  let first: Action | undefined
  for (const expected of [[202, ...Array(59).fill(200)], Array(60).fill(200)]) {
    const program = await start('identical.db')
    const answers = await Promise.all(Array.from({ length: 60 }, () => run(program, 'the same', 'hey')))
    expect(answers.map(({ status }) => status).sort()).toEqual(expected.toSorted())
    first ??= answers[0]?.action
    for (const { action } of answers) expect(action).toEqual(first)
    const listed = await ask(`${program.url}/actions?status=succeeded`)
    expect(listed.action).toEqual([first])
    await program.signal('SIGKILL')
  }
})
