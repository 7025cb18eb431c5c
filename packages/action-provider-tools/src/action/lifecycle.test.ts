import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ActionRequest } from '../documents/action-request.ts'
import { type ActionStatus, isComplete } from '../documents/action-status.ts'
import { parseDuration } from '../documents/duration.ts'
import { parseTime } from '../documents/time.ts'
import { ActionConflict } from '../errors.ts'
import type { Change } from './action.ts'
import {
  begin,
  cancel,
  canceled,
  fail,
  type LivingAction,
  pause,
  progress,
  release,
  resume,
  retry,
  startAttempt,
  succeed,
  wake,
} from './lifecycle.ts'

const ALICE = 'urn:globus:auth:identity:a11ce000-0000-4000-8000-000000000001'
const NOW = Date.UTC(2030, 0, 31, 12)
const request: ActionRequest = { request_id: 'one', body: {}, label: 'a label', monitor_by: [ALICE] }

/** An action as the store has it when it was begun. */
function begun(more: Partial<ActionRequest> = {}): LivingAction {
  return stored(begin('the-id', ALICE, { ...request, ...more }, NOW), { attempt: 0 })
}

function stored(status: ActionStatus, rest: Pick<LivingAction, 'attempt'>): LivingAction {
  return { ...rest, status: status.status, document: status }
}

/** The action after a change, as the store makes it. */
function changed(action: LivingAction, change: Change | undefined): LivingAction {
  if (change === undefined) return action
  const { status, runs_on, attempt, cancel_requested_at, cancel_requested_by } = change
  const { runs_on: before, ...rest } = stored(status ?? action.document, action)
  const runs = runs_on === undefined ? before : (runs_on ?? undefined)
  return {
    ...rest,
    ...(runs !== undefined && { runs_on: runs }),
    ...(attempt !== undefined && { attempt }),
    ...(cancel_requested_at !== undefined && { cancel_requested_at }),
    ...(cancel_requested_by !== undefined && { cancel_requested_by }),
  }
}

/** What can happen to an action that its work is at, by name. */
const byWork: Record<string, (action: LivingAction, now: number) => Change> = {
  startAttempt: (action) => startAttempt(action, { instance: 'here', lease: action.attempt + 1 }),
  progress: (action) => progress(action, { details: { half: true }, displayStatus: 'x'.repeat(99) }, []),
  retry: (_, now) => retry(now + 1, 1, []),
  pause: (action, now) => pause(action, { code: 'NeedsApproval', description: 'Approve it' }, now),
  succeed: (action, now) => succeed(action, { got: 'it' }, now),
  fail: (action, now) => fail(action, { code: 'Broken', description: 'It broke' }, now),
}

/** What callers can ask for, by name. */
const byCallers: Record<string, (action: LivingAction, now: number) => Change | undefined> = {
  cancel: (action, now) => cancel(action, 'alice', now),
  resume: (action, now) => resume(action, ALICE, now),
}

/** One thing happens, if it can: work is at nothing but an ACTIVE action. */
function happen(action: LivingAction, what: string, now: number): LivingAction {
  const work = byWork[what]
  if (work !== undefined) return action.status === 'ACTIVE' ? changed(action, work(action, now)) : action
  try {
    return changed(action, byCallers[what]?.(action, now))
  } catch (error) {
    expect(error).toBeInstanceOf(ActionConflict)
    return action
  }
}

const things = fc.array(
  fc.record({
    what: fc.constantFrom(...Object.keys(byWork), ...Object.keys(byCallers)),
    /** Clocks of instances differ, and go back. */
    now: fc.integer({ min: NOW - 60_000, max: NOW + 60_000 }),
  }),
  { maxLength: 12 },
)

describe('whatever happens to an action', () => {
  test('nothing changes it once it is complete, but its release', () => {
    fc.assert(
      fc.property(things, things, (before, after) => {
        const end = before.reduce((action, { what, now }) => happen(action, what, now), begun())
        fc.pre(isComplete(end.status))
        for (const { what, now } of after) expect(happen(end, what, now)).toEqual(end)
        expect(release(end)).toEqual({ release: true })
      }),
    )
  })

  test('who made it, when and for whom remains, and its completion_time is there when it is complete', () => {
    const first = begun().document
    fc.assert(
      fc.property(things, (all) => {
        let action = begun()
        for (const { what, now } of all) {
          action = happen(action, what, now)
          const { status, details, display_status, completion_time, ...rest } = action.document
          const { status: _, details: __, display_status: ___, ...same } = first
          expect(rest).toEqual(same)
          expect(action.status).toBe(status)
          expect(details).toBeDefined()
          expect(display_status?.length).toBeLessThanOrEqual(64)
          expect(completion_time !== undefined).toBe(isComplete(action.status))
          if (completion_time) expect(parseTime(completion_time)).toBeGreaterThanOrEqual(NOW)
        }
      }),
    )
  })

  test('once canceled it ends in no other way, and nobody cancels it twice', () => {
    fc.assert(
      fc.property(things, things, (before, after) => {
        const working = before.reduce((action, { what, now }) => happen(action, what, now), begun())
        fc.pre(!isComplete(working.status))
        let action = changed(working, cancel(working, 'alice', NOW))
        for (const { what, now } of after) {
          action = happen(action, what, now)
          expect(cancel(action, 'bob', now)).toBeUndefined()
          expect(action.cancel_requested_by).toBe(working.cancel_requested_by ?? 'alice')
          if (isComplete(action.status)) {
            expect(action.document).toMatchObject({
              status: 'FAILED',
              details: { code: 'Canceled' },
              display_status: 'Canceled by alice',
            })
          } else expect(action.document.display_status).toBe('Canceling for alice')
        }
      }),
    )
  })
})

describe('an action that begins', () => {
  test('is ACTIVE, has what its request says, and nothing that it does not', () => {
    expect(begun().document).toEqual({
      action_id: 'the-id',
      status: 'ACTIVE',
      details: {},
      creator_id: ALICE,
      label: 'a label',
      monitor_by: [ALICE],
      start_time: '2030-01-31T12:00:00.000Z',
      release_after: 'P30D',
      display_status: 'ACTIVE',
    })
    expect(begun({ manage_by: [] }).document).not.toHaveProperty('manage_by')
  })
})

describe('an action that is complete', () => {
  test.each([undefined, 'PT0S', 'PT1H', 'P2D'])('is released release_after its end: %s', (release_after) => {
    const given = release_after === undefined ? {} : { release_after }
    const kept = parseDuration(release_after ?? 'P30D')
    const ends = [
      succeed(begun(given), {}, NOW + 5),
      fail(begun(given), { code: 'a', description: 'b' }, NOW + 5),
    ]
    for (const end of ends) expect(end).toMatchObject({ runs_on: null, release_at: NOW + 5 + kept })
  })

  test('has not ended before it began, whatever its clock says', () => {
    const { status, release_at } = succeed(begun({ release_after: 'PT1S' }), {}, NOW - 9_999)
    expect(status?.completion_time).toBe(status?.start_time)
    expect(release_at).toBe(NOW + 1_000)
  })

  test('can be released, and no other can', () => {
    const active = begun()
    const inactive = changed(active, pause(active, { code: 'a', description: 'b' }, NOW))
    for (const unfinished of [active, inactive]) expect(() => release(unfinished)).toThrow(ActionConflict)
    expect(release(changed(active, succeed(active, {}, NOW)))).toEqual({ release: true })
  })
})

describe('cancel', () => {
  test('ends at once what runs nowhere, ACTIVE or INACTIVE', () => {
    const active = begun()
    const inactive = changed(active, pause(active, { code: 'a', description: 'b' }, NOW))
    for (const action of [active, inactive]) {
      expect(cancel(action, 'alice', NOW)).toMatchObject({
        status: { status: 'FAILED', details: { code: 'Canceled' }, display_status: 'Canceled by alice' },
        cancel_requested_at: NOW,
        cancel_requested_by: 'alice',
      })
    }
  })

  test('leaves ACTIVE what has to stop first, and wakes what waits for somebody', () => {
    const running = changed(begun(), startAttempt(begun(), { instance: 'here', lease: 1 }))
    const asked = cancel(running, 'alice', NOW)
    expect(asked).toMatchObject({ status: { status: 'ACTIVE', display_status: 'Canceling for alice' } })
    const elsewhere = changed(running, pause(running, { code: 'a', description: 'b' }, NOW))
    expect(cancel(elsewhere, 'alice', NOW, true)).toMatchObject({
      status: { status: 'ACTIVE', details: {}, display_status: 'Canceling for alice' },
    })
    expect(canceled(changed(running, asked), NOW, [])).toMatchObject({
      status: { status: 'FAILED', display_status: 'Canceled by alice' },
    })
  })

  test('has room for a long name', () => {
    const running = changed(begun(), startAttempt(begun(), { instance: 'here', lease: 1 }))
    const name = 'n'.repeat(200)
    const asked = cancel(running, name, NOW)
    expect(asked?.status?.display_status).toHaveLength(64)
    expect(canceled(changed(running, asked), NOW, []).status?.display_status).toHaveLength(64)
  })
})

describe('work', () => {
  const holder = { instance: 'here', lease: 7 }

  test('that begins counts its attempt, under the lease of its holder', () => {
    expect(startAttempt(begun(), holder)).toEqual({ attempt: 1, runs_on: 'here', lease: 7, report: 0 })
  })

  test('that says how far it is changes what it names alone; no words are ACTIVE', () => {
    const action = changed(begun(), progress(begun(), { details: { step: 1 }, displayStatus: 'Step 1' }, []))
    expect(action.document).toMatchObject({ details: { step: 1 }, display_status: 'Step 1' })
    const words = changed(action, progress(action, { displayStatus: '' }, []))
    expect(words.document).toMatchObject({ details: { step: 1 }, display_status: 'ACTIVE' })
    const details = changed(action, progress(action, { details: { step: 2 } }, []))
    expect(details.document).toMatchObject({ details: { step: 2 }, display_status: 'Step 1' })
  })

  test('that waits for somebody has no job, until that one resumes it', () => {
    const why = { code: 'NeedsApproval', description: 'Approve it' }
    const paused = pause(begun(), why, NOW)
    expect(paused).toMatchObject({ status: { status: 'INACTIVE', details: why }, runs_on: null, job: 'done' })
    const inactive = changed(begun(), paused)
    const secret = Buffer.from('sealed')
    expect(resume(inactive, ALICE, NOW, secret)).toEqual({
      ...wake(inactive, NOW),
      resumed_by: ALICE,
      secret,
    })
    expect(wake(inactive, NOW)).toMatchObject({
      status: { status: 'ACTIVE', details: {}, display_status: 'ACTIVE' },
      job: { due_at: NOW },
    })
    expect(resume(inactive, ALICE, NOW)).not.toHaveProperty('secret')
  })

  test('that is not INACTIVE cannot be resumed, and the refusal says why', () => {
    const active = begun()
    const done = changed(active, succeed(active, {}, NOW))
    expect(() => resume(active, ALICE, NOW)).toThrow(/ACTIVE: only an INACTIVE action/)
    expect(() => resume(done, ALICE, NOW)).toThrow(ActionConflict)
  })

  test('that failed for a passing reason is due once more, and runs nowhere meanwhile', () => {
    expect(retry(NOW + 9, 2, [])).toEqual({ runs_on: null, failures: 2, job: { due_at: NOW + 9 }, log: [] })
  })
})
