import { isComplete, seconds } from '../../client/documents.ts'
import { firstAction, firstRun, sharedAction, startedId } from '../actions.ts'
import type { Group } from '../check.ts'
import { expectAction, expectSameAction, expectThat } from '../expectations.ts'
import { Fault, Skip } from '../outcome.ts'

export const run: Group = {
  title: 'Run',
  checks: [
    {
      id: 'run.starts',
      level: 'must',
      title: 'POST /run starts an action, and answers 202 with its status document',
      section: 'run',
      says: '202 where this request started the action, 200 where it repeats one.',
      mend: 'Answer 202 with the status document. The check leaves an action alone that is answered with 200, because it may be an older one of yours. If the input was refused, give one that works as --body.',
      async verify(subject) {
        const { answer } = await subject.shared(firstRun)
        expectAction(answer, 202)
      },
    },
    {
      id: 'run.completes',
      level: 'should',
      title: 'the action completes in ten seconds, or when it is canceled',
      section: 'Life of an action',
      says: 'An action is ACTIVE or INACTIVE until it is SUCCEEDED or FAILED; cancel ends an unfinished one as FAILED.',
      mend: 'Let cancel stop the work, or try with an input that takes less time as --body.',
      async verify(subject) {
        const { answer } = await subject.shared(firstRun)
        if (startedId(answer) === undefined) throw new Skip('no action was started')
        const { document } = await subject.shared(firstAction).catch((error: unknown) => {
          throw error instanceof Skip ? new Fault(error.message, answer) : error
        })
        return String(document.status)
      },
    },
    {
      id: 'run.routes',
      level: 'must',
      title: '/run and /actions, with and without a slash at their end, are one operation',
      section: 'run',
      says: 'POST /run and POST /actions run; paths are taken with a slash at their end or without.',
      mend: 'Route all four to the same handler.',
      async verify(subject) {
        const { id, request } = await subject.shared(firstAction)
        for (const path of ['/run/', '/actions', '/actions/'])
          expectSameAction(await subject.send({ method: 'POST', path, json: request }), id, 200)
      },
    },
    {
      id: 'run.any-content-type',
      level: 'must',
      title: 'the body is JSON whatever its content type says',
      section: 'Operations',
      says: "The body of run is JSON whatever Content-Type says: the curl of Globus's documentation sends none, so it arrives as a form.",
      mend: 'Parse the body of run as JSON without looking at its content type.',
      async verify(subject) {
        const { id, request } = await subject.shared(firstAction)
        const body = JSON.stringify(request)
        for (const contentType of ['application/x-www-form-urlencoded', 'text/plain']) {
          const answer = await subject.send({ method: 'POST', path: '/run', body, contentType })
          expectSameAction(answer, id, 200)
        }
      },
    },
    {
      id: 'run.unknown-fields',
      level: 'must',
      title: 'fields of the request that the interface does not know are ignored',
      section: 'ActionRequest',
      says: 'Fields that are not named here are ignored, since deployed clients send some, such as tags.',
      mend: 'Let the schema of the request (not that of the input) allow further fields.',
      async verify(subject) {
        const { id, request } = await subject.shared(firstAction)
        const answer = await subject.send({ method: 'POST', path: '/run', json: { ...request, tags: ['a'] } })
        expectSameAction(answer, id, 200)
      },
    },
    {
      id: 'run.number-as-id',
      level: 'should',
      title: 'a whole number is taken as a request_id',
      section: 'ActionRequest',
      says: 'A whole number is taken as its decimal text: deployed Python clients send numbers.',
      mend: 'Turn a number into its text before the request is validated.',
      async verify(subject) {
        const { id, request } = await subject.shared(firstAction)
        const json = { ...request, request_id: Number(request.request_id) }
        expectSameAction(await subject.send({ method: 'POST', path: '/run', json }), id, 200)
      },
    },
    {
      id: 'run.shows-request',
      level: 'must',
      title: 'label, monitor_by and release_after are shown as requested',
      section: 'ActionStatus',
      says: 'label, monitor_by, manage_by, release_after are as requested; a number of seconds is shown as a duration.',
      mend: 'Keep these fields of the request with the action, and show them in its status document.',
      async verify(subject) {
        const { document, answer, request, others } = await subject.shared(sharedAction)
        expectThat(document.label === request.label, 'the label is another', answer)
        const shown = Array.isArray(document.monitor_by) ? document.monitor_by : []
        expectThat(
          [...shown].sort().join() === [...others].sort().join(),
          'monitor_by is not the list of the request',
          answer,
        )
        expectThat(
          seconds(document.release_after) === 3_600,
          'release_after is not PT1H, as requested',
          answer,
        )
      },
    },
    {
      id: 'run.synchronous',
      level: 'must',
      title: 'an action of a synchronous provider is complete when run answers',
      section: 'ProviderDescription',
      says: 'synchronous: whether an action is complete when run answers.',
      mend: 'Describe the provider as synchronous: false, or complete the work before run answers.',
      async verify(subject) {
        if (subject.description.synchronous !== true) throw new Skip('the provider is not synchronous')
        const { answer } = await subject.shared(firstRun)
        const document = expectAction(answer, 202)
        expectThat(isComplete(document), `the action is ${document.status}`, answer)
      },
    },
  ],
}
