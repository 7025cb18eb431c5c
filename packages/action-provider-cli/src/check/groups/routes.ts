import { randomUUID } from 'node:crypto'
import { firstAction } from '../actions.ts'
import type { Group } from '../check.ts'
import { expectRefusal, expectSameAction, expectThat } from '../expectations.ts'
import type { Ask } from '../subject.ts'

export const routes: Group = {
  title: 'Status and routes',
  checks: [
    {
      id: 'status.routes',
      level: 'must',
      title: '/<id>/status and /actions/<id>, with and without a slash, show the action',
      section: 'status',
      says: 'GET /<id>/status, GET /actions/<id>: 200 with the status document. Paths are taken with a slash at their end or without.',
      mend: 'Route all four to the same handler.',
      async verify(subject) {
        const { id } = await subject.shared(firstAction)
        for (const path of [`/${id}/status`, `/${id}/status/`, `/actions/${id}`, `/actions/${id}/`])
          expectSameAction(await subject.send({ path }), id, 200)
      },
    },
    {
      id: 'status.unknown',
      level: 'must',
      title: 'an id that no action has is 404 for every operation',
      section: 'Codes',
      says: '404 ActionNotFound: there is no such action, it was released, or the caller may not see it or manage it.',
      mend: 'Look the action up first, and answer 404 whatever the id looks like.',
      async verify(subject) {
        const id = randomUUID()
        const asks: Ask[] = [
          { path: `/${id}/status` },
          { path: `/actions/${id}` },
          { path: '/no-uuid/status' },
          { method: 'POST', path: `/${id}/cancel` },
          { method: 'POST', path: `/${id}/release` },
        ]
        for (const ask of asks) expectRefusal(await subject.send(ask), 404, 'ActionNotFound')
      },
    },
    {
      id: 'routes.unknown',
      level: 'must',
      title: 'a route that does not exist is 404, in JSON',
      section: 'Codes',
      says: '404 NotFound: there is no such route. Every error, whatever the request, is one JSON document.',
      mend: "Set the framework's own handler for unknown routes, which answers with HTML by default.",
      async verify(subject) {
        for (const path of ['/no-such-route/of/this/provider', '/actions/a/b/c'])
          expectRefusal(await subject.send({ path }), 404, 'NotFound')
      },
    },
    {
      id: 'routes.method',
      level: 'must',
      title: 'a route with a method that it does not take is 405, with Allow',
      section: 'Codes',
      says: '405 MethodNotAllowed: the route takes other methods; with Allow.',
      mend: 'Answer 405 with the methods of that path in Allow, as RFC 9110 requires.',
      async verify(subject) {
        const answer = await subject.send({ method: 'PUT', path: '/run' })
        expectRefusal(answer, 405, 'MethodNotAllowed')
        const allowed = answer.headers.get('allow') ?? ''
        expectThat(/\bPOST\b/.test(allowed), 'Allow does not name POST', answer)
      },
    },
  ],
}
