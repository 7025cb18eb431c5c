import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ActionLogEntry } from '../documents/log-page.ts'
import { formatTime, parseTime } from '../documents/time.ts'
import { RequestValidationError } from '../errors.ts'
import type { LogQuery } from '../store/action-store.ts'
import { entry, newAction, pick } from './actions.ts'
import type { Suite } from './suite.ts'

/** Logs are in order of time, page by page. */
export function describeLogs(suite: Suite): void {
  const { creation } = suite

  describe('log', () => {
    const time = (second: number): number => Date.UTC(2030, 0, 1, 0, 0, second)
    const bound = fc.option(fc.integer({ min: -1, max: 6 }).map(time), { nil: undefined })

    test('gives, in pages, what sorting all entries would give', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 6 }), { maxLength: 5 }),
          fc.boolean(),
          fc.integer({ min: 1, max: 5 }),
          bound,
          bound,
          async (batches, newestFirst, limit, since, until) => {
            const { provider, action_id } = await creation(newAction())
            let written = 0
            const log = batches.map((batch) =>
              batch.map((second) => ({ ...entry(written++), time: formatTime(time(second)) })),
            )
            for (const entries of log) {
              await suite.store.transition(provider, action_id, () => ({ log: entries }))
            }
            const expected = log
              .flat()
              .sort((a, b) => parseTime(a.time) - parseTime(b.time))
              .filter((each) => parseTime(each.time) >= (since ?? 0))
              .filter((each) => until === undefined || parseTime(each.time) <= until)
            const query = {
              limit,
              newestFirst,
              ...(since !== undefined && { since }),
              ...(until !== undefined && { until }),
            }
            expect(await wholeLog(provider, action_id, query)).toEqual(
              newestFirst ? expected.reverse() : expected,
            )
          },
        ),
        { numRuns: 30 },
      )
    })

    async function wholeLog(provider: string, actionId: string, query: LogQuery): Promise<ActionLogEntry[]> {
      const { entries = [], marker } = (await suite.store.readLog(provider, actionId, query)) ?? {}
      expect(entries.length).toBeLessThanOrEqual(query.limit)
      if (marker === undefined) return entries
      expect(entries).toHaveLength(query.limit)
      return [...entries, ...(await wholeLog(provider, actionId, { ...query, marker }))]
    }

    test('gives what was written after a position in the order of writing, whatever its times', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }), { maxLength: 6 }),
          fc.integer({ min: 1, max: 4 }),
          async (batches, limit) => {
            const { provider, action_id } = await creation(newAction())
            const other = await creation(newAction({ provider }))
            let written = 0
            let position = -1
            const given: ActionLogEntry[] = []
            const all: ActionLogEntry[] = []
            for (const [index, batch] of batches.entries()) {
              const log = batch.map((second) => ({ ...entry(written++), time: formatTime(time(second)) }))
              all.push(...log)
              const store = pick(suite.stores, index)
              await store.transition(provider, action_id, () => ({ log }))
              await store.transition(provider, other.action_id, () => ({ log }))
              const found = (await store.logAfter(provider, action_id, position, limit)) ?? []
              expect(found.length).toBeLessThanOrEqual(limit)
              given.push(...found.map((each) => each.entry))
              position = found.at(-1)?.position ?? position
            }
            const rest = await suite.store.logAfter(provider, action_id, position, 100)
            expect([...given, ...(rest ?? []).map((each) => each.entry)]).toEqual(all)
          },
        ),
        { numRuns: 20 },
      )
    })

    test('gives nothing after a position of what is not there', async () => {
      const { provider, action_id } = await creation(newAction())
      expect(await suite.store.logAfter(provider, action_id, -1, 9)).toEqual([])
      expect(await suite.store.logAfter('another', action_id, -1, 9)).toBeUndefined()
      await suite.store.transition(provider, action_id, () => ({ release: true }))
      expect(await suite.store.logAfter(provider, action_id, -1, 9)).toBeUndefined()
    })

    test('has no marker on a last page that is full', async () => {
      const { provider, action_id } = await creation(newAction())
      await suite.store.transition(provider, action_id, () => ({ log: [entry(1), entry(2)] }))
      const page = await suite.store.readLog(provider, action_id, { limit: 2, newestFirst: false })
      expect(page).toEqual({ entries: [entry(1), entry(2)] })
    })

    test('is empty where nothing was logged, and is not there once its action is released', async () => {
      const { provider, action_id } = await creation(newAction())
      for (const newestFirst of [false, true]) {
        expect(await suite.store.readLog(provider, action_id, { limit: 9, newestFirst })).toEqual({
          entries: [],
        })
        expect(await suite.store.readLog('another', action_id, { limit: 9, newestFirst })).toBeUndefined()
      }
      await suite.store.transition(provider, action_id, () => ({ log: [entry(1)] }))
      const since = Date.parse(entry(1).time) + 1
      expect(await suite.store.readLog(provider, action_id, { limit: 9, newestFirst: false, since })).toEqual(
        {
          entries: [],
        },
      )
      await suite.store.transition(provider, action_id, () => ({ release: true }))
      for (const newestFirst of [false, true]) {
        expect(await suite.store.readLog(provider, action_id, { limit: 9, newestFirst })).toBeUndefined()
      }
    })

    test('refuses a marker that is none', async () => {
      const { provider, action_id } = await creation(newAction())
      const query = { limit: 1, newestFirst: false, marker: 'nonsense' }
      await expect((async () => suite.store.readLog(provider, action_id, query))()).rejects.toThrow(
        RequestValidationError,
      )
    })
  })
}
