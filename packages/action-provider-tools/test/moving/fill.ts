import type { ActionStore, Change, NewAction } from '../../src/store/action-store.ts'
import { BOB, done, entry, FRIENDS, newAction } from '../../src/store-contract/actions.ts'

export const PROVIDERS = ['one', 'two'] as const
const KINDS = ['inline', 'waiting', 'held', 'paused', 'canceled', 'failed'] as const

/** Fills a store with so many actions of every kind there is, some with long logs. */
export async function fill(store: ActionStore, many: number): Promise<NewAction[]> {
  const made: NewAction[] = []
  for (let number = 0; number < many; number++) {
    const action = await actionOf(store, number)
    made.push(action)
  }
  return made
}

async function actionOf(store: ActionStore, number: number): Promise<NewAction> {
  const kind = KINDS[number % KINDS.length]
  const provider = PROVIDERS[number % PROVIDERS.length] ?? ''
  const document = {
    text: `"żółw" \u2028 ${'x'.repeat(number % 50)}\\ 🐢`,
    numbers: [0.1, 1e21, -1, 2 ** 53],
    ['__proto__']: {},
  }
  const action = newAction({
    provider,
    body: document,
    ...(number % 3 === 0 && { creator: BOB }),
    lists: { monitor_by: [FRIENDS, BOB], manage_by: number % 4 === 0 ? [FRIENDS] : [] },
    ...(kind !== 'inline' && { job: true, secret: Buffer.from(`sealed ${number} \0\xff`, 'latin1') }),
    ...(number % 2 === 0 && { work_version: '2026-11' }),
    ...(number % 3 === 1 && { job_key: `key ${number % 2}` }),
    ...(number % 5 === 0 && { deadline_at: 4_000_000_000_000 + number }),
  })
  const ended = { ...action.status, ...done, details: document }
  if (kind === 'inline') {
    await store.create({
      ...action,
      runInline: () => ({ status: ended, release_at: 5e12, log: [entry(number)] }),
    })
    return action
  }
  await store.create(action)
  const change = (made: Change): Promise<unknown> => store.transition(provider, action.action_id, () => made)
  // What was written later may bear an earlier time.
  const log = Array.from({ length: number % 7 === 0 ? 2_500 : number % 4 }, (_, index) => ({
    ...entry(index),
    time: `2030-01-31T12:00:0${9 - (index % 10)}.000Z`,
  }))
  const steps = Array.from({ length: number % 4 }, (_, index) => ({
    name: `żółw#${index}`,
    sealed: Buffer.from(`step ${index} \0\xff`, 'latin1'),
  }))
  const events = steps.map(({ sealed }, index) => ({ event: 'e', delivery: Buffer.alloc(32, index), sealed }))
  const began = { attempt: 1, failures: number % 3, lease: 1, report: 2, runs_on: 'instance-a' }
  await change({ ...began, log, steps, events })
  if (kind === 'paused')
    await change({ status: { ...action.status, status: 'INACTIVE' }, job: 'done', runs_on: null })
  if (kind === 'canceled')
    await change({ cancel_requested_at: 1_900_000_000_000, cancel_requested_by: 'Bob' })
  if (kind === 'failed')
    await change({ status: { ...ended, status: 'FAILED' }, release_at: 6e12, resumed_by: BOB })
  if (kind === 'held') await store.takeJobs(provider, 'instance-a', 1)
  return action
}
