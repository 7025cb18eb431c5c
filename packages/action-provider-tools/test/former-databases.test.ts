import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { defineActionProvider, openStore, type RunContext } from '../src/index.ts'
import { FIXTURE } from './fixtures/work.ts'
import { serveForTest, untilSettled } from './served.ts'

type Context = RunContext<{ how: string }>

test.each(['before-steps'])(
  'a database of the version %s is opened, and its actions go on',
  async (version) => {
    const folder = await mkdtemp(join(tmpdir(), 'action-provider-'))
    const path = join(folder, 'actions.db')
    await copyFile(new URL(`fixtures/${version}.db`, import.meta.url), path)
    const start = performance.now()
    const clock = (): number => FIXTURE.madeAt + 60_000 + performance.now() - start
    const provider = defineActionProvider({
      ...FIXTURE.definition,
      run: async ({ input, attempt, step, sleep }: Context) => {
        const how = await step('how', () => input.how)
        await sleep('a little', 1)
        return { how, attempt }
      },
    })
    const store = await openStore(`sqlite:${path}`, { clock })
    const served = await serveForTest(provider, { store, secretsKeys: [FIXTURE.key], clock })
    try {
      const alice = served.auth.caller({ username: 'alice' })
      const query = '/p/actions?status=active,inactive,succeeded,failed'
      const { json } = await served.ask(alice, 'GET', query)
      const idOf = (label: string): string =>
        json.find((status: { label: string }) => status.label === label).action_id
      expect((await served.ask(alice, 'GET', `/p/${idOf('ends')}/status`)).json).toMatchObject({
        status: 'SUCCEEDED',
        details: { how: 'ended' },
      })
      await served.ask(alice, 'POST', `/p/${idOf('pauses')}/resume`)
      for (const [how, attempt] of [
        ['is killed', 2],
        ['waits', 1],
        ['pauses', 2],
      ] as const) {
        expect(await untilSettled(served, alice, idOf(how))).toMatchObject({
          status: 'SUCCEEDED',
          details: { how, attempt },
        })
      }
      const { json: again } = await served.ask(alice, 'POST', '/p/run', {
        request_id: 'ends',
        label: 'ends',
        body: { how: 'ends' },
      })
      expect(again.action_id).toBe(idOf('ends'))
      const log = await served.ask(alice, 'GET', `/p/${idOf('pauses')}/log`)
      expect(log.json.entries.map(({ code }: { code: string }) => code)).toEqual(['Began', 'Step', 'Sleep'])
    } finally {
      await served.close()
      await rm(folder, { recursive: true, force: true })
    }
  },
)
