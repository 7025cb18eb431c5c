import { isComplete, isObject } from '../../client/documents.ts'
import { completed, firstAction, start } from '../actions.ts'
import type { Group } from '../check.ts'
import { expectAction, expectRefusal, expectSameAction, expectStatus, expectThat } from '../expectations.ts'
import { Fault, Skip } from '../outcome.ts'
import type { Ask, Subject } from '../subject.ts'

/** An action that was not complete when run answered, then got a release and a cancel. */
async function interrupted(subject: Subject) {
  const action = await start(subject)
  if (isComplete(action.document)) throw new Skip('actions are complete when run answers')
  const release = await subject.send({ method: 'POST', path: `/${action.id}/release` })
  const cancel = await subject.send({ method: 'POST', path: `/${action.id}/cancel` })
  return { action, release, cancel, last: await completed(subject, action) }
}

/** It may have completed by itself meanwhile, which is not a fault. */
const ranItsCourse = ({ document }: { document: Readonly<Record<string, unknown>> }): boolean =>
  document.status === 'SUCCEEDED'

export const life: Group = {
  title: 'Cancel, resume and release',
  checks: [
    {
      id: 'cancel.complete',
      level: 'must',
      title: 'cancel of a complete action is 200, and changes nothing',
      section: 'cancel',
      says: 'POST /<id>/cancel, POST /actions/<id>/cancel: 200. A complete action is answered as it is.',
      mend: 'Answer a complete action with its status document, on both routes, with and without a slash.',
      async verify(subject) {
        const { id, document } = await subject.shared(firstAction)
        for (const path of [
          `/${id}/cancel`,
          `/${id}/cancel/`,
          `/actions/${id}/cancel`,
          `/actions/${id}/cancel/`,
        ]) {
          const answer = await subject.send({ method: 'POST', path })
          const { status } = expectSameAction(answer, id, 200)
          expectThat(status === document.status, `the action was ${document.status} and is ${status}`, answer)
        }
      },
    },
    {
      id: 'cancel.running',
      level: 'must',
      title: 'cancel of a running action is 200, and the action ends',
      section: 'Life of an action',
      says: 'Cancel ends an unfinished action as FAILED.',
      mend: 'End the work when it is canceled, and answer with the status document.',
      async verify(subject) {
        const { action, cancel, last } = await subject.shared(interrupted)
        expectSameAction(cancel, action.id, 200)
        if (ranItsCourse(last)) throw new Skip('the action completed before it was canceled')
      },
    },
    {
      id: 'cancel.details',
      level: 'should',
      title: 'the details of a canceled action say that it was canceled',
      section: 'Life of an action',
      says: 'FAILED, with details { "code": "Canceled", … } and a display_status that says who canceled.',
      mend: 'Set these details, so that people can tell a cancel from a failure.',
      async verify(subject) {
        const { last, cancel } = await subject.shared(interrupted)
        if (ranItsCourse(last)) throw new Skip('the action completed before it was canceled')
        const { details } = last.document
        const code = isObject(details) ? details.code : undefined
        expectThat(code === 'Canceled', `the code in details is ${JSON.stringify(code)}`, cancel)
      },
    },
    {
      id: 'resume.not-inactive',
      level: 'must',
      title: 'resume of an action that is not INACTIVE is 409, or 404 where there is no resume',
      section: 'resume',
      says: '200; 409 unless the action is INACTIVE; 404 where the provider has no resume.',
      mend: 'Refuse to resume an action that is not INACTIVE.',
      async verify(subject) {
        const { id } = await subject.shared(firstAction)
        for (const path of [`/${id}/resume`, `/actions/${id}/resume`]) {
          const answer = await subject.send({ method: 'POST', path })
          expectStatus(answer, 409, 404)
        }
      },
    },
    {
      id: 'release.running',
      level: 'must',
      title: 'release of a running action is refused with 409',
      section: 'release',
      says: '409 while it is not complete.',
      mend: 'Compare the status before an action is deleted, in one transaction.',
      async verify(subject) {
        const { release, last } = await subject.shared(interrupted)
        if (ranItsCourse(last) && release.status === 200)
          throw new Skip('the action completed before it was released')
        expectRefusal(release, 409, 'ActionConflict')
      },
    },
    {
      id: 'release.routes',
      level: 'must',
      title: 'POST /<id>/release and DELETE /actions/<id>, with and without a slash, release the action',
      section: 'release',
      says: '200 with the last status, and the action is gone.',
      mend: 'Route all four to the same handler, and answer with the status document.',
      async verify(subject) {
        for (const ask of [
          { method: 'POST', path: (id: string) => `/${id}/release` },
          { method: 'POST', path: (id: string) => `/${id}/release/` },
          { method: 'DELETE', path: (id: string) => `/actions/${id}` },
          { method: 'DELETE', path: (id: string) => `/actions/${id}/` },
        ]) {
          const id = await spare(subject)
          const answer = await subject.send({ method: ask.method, path: ask.path(id) })
          expectThat(
            isComplete(expectAction(answer, 200)),
            'the last status is not that of a complete action',
            answer,
          )
          expectSameAction(answer, id, 200)
        }
      },
    },
    {
      id: 'release.gone',
      level: 'must',
      title: 'a released action is gone',
      section: 'release',
      says: '200 with the last status, and the action is gone: 404 ActionNotFound.',
      mend: 'Delete the action when it is released, so that no operation finds it.',
      async verify(subject) {
        const id = await spare(subject)
        expectStatus(await subject.send({ method: 'POST', path: `/${id}/release` }), 200)
        const asks: Ask[] = [
          { path: `/${id}/status` },
          { path: `/actions/${id}` },
          { method: 'POST', path: `/${id}/release` },
        ]
        for (const ask of asks) expectRefusal(await subject.send(ask), 404, 'ActionNotFound')
        const query = { status: 'active,inactive,succeeded,failed' }
        const list = await subject.send({ path: '/actions', query })
        if (Array.isArray(list.json) && list.json.some((each) => isObject(each) && each.action_id === id))
          throw new Fault('enumerate still lists the action', list)
      },
    },
  ],
}

/** A complete action of earlier checks, or a new one. Not the first one: later checks need it. */
async function spare(subject: Subject): Promise<string> {
  const { id: first } = await subject.shared(firstAction)
  const left = [...subject.started].find(([id, who]) => who === 'caller' && id !== first)?.[0]
  if (left === undefined) return (await completed(subject, await start(subject))).id
  const answer = await subject.send({ path: `/${left}/status` })
  return (
    await completed(subject, {
      id: left,
      request: subject.fresh(),
      document: expectAction(answer, 200),
      answer,
    })
  ).id
}
