import { isObject } from '../../client/documents.ts'
import { completed, firstAction, sharedAction, start, startedId } from '../actions.ts'
import type { Group } from '../check.ts'
import { expectRefusal, expectSameAction, expectStatus, expectThat } from '../expectations.ts'

export const exactlyOnce: Group = {
  title: 'Exactly once',
  checks: [
    {
      id: 'once.repeat',
      level: 'must',
      title: 'a request that is repeated gets the same action, and 200',
      section: 'Exactly once',
      says: 'Any other request with the same request_id and content, at the same moment or years later, gets the same action and 200.',
      mend: 'Look the action up by caller and request_id before you start one: a client repeats a request whose answer was lost.',
      async verify(subject) {
        const { id, request } = await subject.shared(firstAction)
        expectSameAction(await subject.send({ method: 'POST', path: '/run', json: request }), id, 200)
      },
    },
    {
      id: 'once.same-moment',
      level: 'must',
      title: 'of equal requests at the same moment, one starts the action and the others get it',
      section: 'Exactly once',
      says: 'The first request starts the action; any other with the same content gets the same action and 200. A constraint of the database decides which is first.',
      mend: 'Let a uniqueness constraint on caller and request_id decide, not a look into memory before the action is stored.',
      async verify(subject) {
        const twin = { method: 'POST', path: '/run', json: subject.fresh() }
        const answers = await Promise.all([subject.send(twin), subject.send(twin), subject.send(twin)])
        const [first] = answers
        for (const answer of answers) expectStatus(answer, 200, 202)
        const ids = answers.map(({ json }) => (isObject(json) ? json.action_id : undefined))
        expectThat(
          new Set(ids).size === 1,
          `they started ${new Set(ids).size} actions`,
          answers.at(-1) ?? first,
        )
        const starts = answers.filter(({ status }) => status === 202).length
        expectThat(starts === 1, `${starts} of them were answered with 202, not 1`, first)
      },
    },
    {
      id: 'once.conflict',
      level: 'must',
      title: 'the same request_id with other content is refused with 409',
      section: 'Exactly once',
      says: 'With other content it gets 409 ActionConflict. Content is the whole validated request, its label included.',
      mend: 'Keep the request, or a digest of it, with the action, and compare.',
      async verify(subject) {
        const { request } = await subject.shared(firstAction)
        const json = { ...request, label: 'another label' }
        expectRefusal(await subject.send({ method: 'POST', path: '/run', json }), 409, 'ActionConflict')
      },
    },
    {
      id: 'once.lists-are-sets',
      level: 'should',
      title: 'principals in another order, or twice, are the same content',
      section: 'Exactly once',
      says: 'Content is the whole validated request: … monitor_by and manage_by as sets, …',
      mend: 'Sort these lists, and take each principal once, before you compare requests.',
      async verify(subject) {
        const { id, request, others } = await subject.shared(sharedAction)
        const json = { ...request, monitor_by: [...others.toReversed(), ...others] }
        expectSameAction(await subject.send({ method: 'POST', path: '/run', json }), id, 200)
      },
    },
    {
      id: 'once.released',
      level: 'should',
      title: 'a release frees the request_id',
      section: 'Exactly once',
      says: 'A release frees the request_id.',
      mend: 'Delete the key of a request together with its action.',
      async verify(subject) {
        const action = await completed(subject, await start(subject))
        const release = await subject.send({ method: 'POST', path: `/${action.id}/release` })
        expectSameAction(release, action.id, 200)
        const again = await subject.send({ method: 'POST', path: '/run', json: action.request })
        expectStatus(again, 202)
        expectThat(startedId(again) !== action.id, 'the released action is shown again', again)
      },
    },
  ],
}
