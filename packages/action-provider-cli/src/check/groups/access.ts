import { completed, firstAction, otherAction, otherPrincipal, sharedAction, start } from '../actions.ts'
import type { Group } from '../check.ts'
import { expectAction, expectRefusal, expectSameAction, expectStatus, expectThat } from '../expectations.ts'
import type { Ask, Subject } from '../subject.ts'

const hidden =
  '404 ActionNotFound: there is no such action, or the caller may not see it or manage it. One answer for all, so that nobody learns that an id exists.'

async function expectHidden(subject: Subject, asks: readonly Ask[]): Promise<void> {
  for (const ask of asks) expectRefusal(await subject.send({ ...ask, as: 'other' }), 404, 'ActionNotFound')
}

const changes = (id: string): Ask[] => [
  { method: 'POST', path: `/${id}/cancel` },
  { method: 'POST', path: `/${id}/release` },
  { method: 'DELETE', path: `/actions/${id}` },
]

async function othersList(subject: Subject, roles: string): Promise<unknown[]> {
  const query = { status: 'active,inactive,succeeded,failed', roles }
  const answer = await subject.send({ path: '/actions', query, as: 'other' })
  expectStatus(answer, 200)
  return (Array.isArray(answer.json) ? answer.json : []).map(({ action_id }) => action_id)
}

/** What the other caller may see and change. Only actions of these checks are requested. */
export const access: Group = {
  title: 'Two callers',
  checks: [
    {
      id: 'access.own-request-ids',
      level: 'must',
      title: "another caller's request_id is another request",
      section: 'Exactly once',
      says: "A request is known by the caller's effective identity and its request_id.",
      mend: 'Make the caller part of the key of a request.',
      async verify(subject) {
        await subject.shared(otherPrincipal)
        const { id, request } = await subject.shared(firstAction)
        const answer = await subject.send({ method: 'POST', path: '/run', json: request, as: 'other' })
        const { action_id } = expectAction(answer, 202)
        expectThat(action_id !== id, "the other caller got the first caller's action", answer)
      },
    },
    {
      id: 'access.hidden',
      level: 'must',
      title: 'an action is 404 for a caller who is in none of its lists',
      section: 'Codes',
      says: hidden,
      mend: 'Answer as if no action had this id: 401 and 403 reveal that the action exists.',
      async verify(subject) {
        await subject.shared(otherPrincipal)
        const { id } = await subject.shared(firstAction)
        await expectHidden(subject, [{ path: `/${id}/status` }, { path: `/actions/${id}` }, ...changes(id)])
      },
    },
    {
      id: 'access.monitor',
      level: 'must',
      title: 'a caller in monitor_by sees the action, and may not change it',
      section: 'status',
      says: 'status and log are for the creator and those in monitor_by; cancel, resume and release for the creator and those in manage_by.',
      mend: 'Check monitor_by for status and log, and manage_by for cancel, resume and release.',
      async verify(subject) {
        await subject.shared(otherPrincipal)
        const { id } = await completed(subject, await subject.shared(sharedAction))
        expectSameAction(await subject.send({ path: `/${id}/status`, as: 'other' }), id, 200)
        await expectHidden(subject, changes(id))
      },
    },
    {
      id: 'access.manager',
      level: 'must',
      title: 'a caller in manage_by may cancel the action, but may not see it',
      section: 'cancel',
      says: 'cancel is for the creator and those in manage_by, status for the creator and those in monitor_by.',
      mend: 'Check manage_by for cancel, resume and release, and monitor_by for status and log.',
      async verify(subject) {
        const other = await subject.shared(otherPrincipal)
        const { id } = await completed(subject, await start(subject, { manage_by: [other] }))
        expectSameAction(await subject.send({ method: 'POST', path: `/${id}/cancel`, as: 'other' }), id, 200)
        await expectHidden(subject, [{ path: `/${id}/status` }])
      },
    },
    {
      id: 'access.listed',
      level: 'must',
      title: 'enumerate shows others what their roles let them see',
      section: 'enumerate',
      says: "Any of the caller's linked identities counts, and for the two lists their groups.",
      mend: 'List an action if the caller is in a field that roles names.',
      async verify(subject) {
        await subject.shared(otherPrincipal)
        const hers = await subject.shared(otherAction)
        const monitored = await subject.shared(sharedAction)
        const asMonitor = await othersList(subject, 'monitor_by')
        const asCreator = await othersList(subject, 'creator_id')
        const answer = subject.seen.at(-1) ?? hers.answer
        expectThat(asMonitor.includes(monitored.id), 'roles=monitor_by lacks a monitored action', answer)
        expectThat(!asMonitor.includes(hers.id), 'roles=monitor_by has an action without monitors', answer)
        expectThat(asCreator.includes(hers.id), 'roles=creator_id lacks an own action', answer)
        expectThat(!asCreator.includes(monitored.id), 'roles=creator_id has the action of another', answer)
      },
    },
  ],
}
