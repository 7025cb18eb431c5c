import { randomUUID } from 'node:crypto'
import { firstAction } from '../actions.ts'
import type { Check, Group } from '../check.ts'
import { expectRefusal, expectThat } from '../expectations.ts'
import type { Ask } from '../subject.ts'

const says =
  '401 UnauthorizedRequest: there is no bearer token, or it is malformed, inactive, expired or revoked; with WWW-Authenticate.'

function refused(
  id: string,
  title: string,
  mend: string,
  ask: () => Pick<Ask, 'as' | 'authorization'>,
): Check {
  return {
    id: `tokens.${id}`,
    level: 'must',
    title: `${title} is refused with 401`,
    section: 'Codes',
    says,
    mend,
    async verify(subject) {
      const json = subject.fresh()
      const answer = await subject.send({ method: 'POST', path: '/run', json, ...ask() })
      expectRefusal(answer, 401, 'UnauthorizedRequest')
    },
  }
}

export const tokens: Group = {
  title: 'Tokens',
  checks: [
    refused('none', 'a run without a token', 'Look for the token before the request is read.', () => ({
      as: 'nobody',
    })),
    refused(
      'unknown',
      'a token that Globus Auth does not know',
      'Answer 401 where introspection says that a token is not active; 500 says that the provider is at fault.',
      () => ({ authorization: `Bearer ${randomUUID()}` }),
    ),
    refused(
      'malformed',
      'an Authorization header that holds no bearer token',
      'Answer 401 to every other scheme, and to "Bearer" with nothing after it.',
      () => ({ authorization: 'Basic dXNlcjpwYXNzd29yZA==' }),
    ),
    {
      id: 'tokens.challenge',
      level: 'must',
      title: 'a 401 says in WWW-Authenticate that a bearer token is wanted',
      section: 'Codes',
      says,
      mend: 'Send WWW-Authenticate: Bearer … with each 401, as RFC 9110 requires.',
      async verify(subject) {
        const answer = await subject.send({
          method: 'POST',
          path: '/run',
          json: subject.fresh(),
          as: 'nobody',
        })
        const challenge = answer.headers.get('www-authenticate') ?? ''
        expectThat(/^bearer\b/i.test(challenge), 'WWW-Authenticate names no bearer token', answer)
      },
    },
    {
      id: 'tokens.every-operation',
      level: 'must',
      title: 'status, cancel, release and enumerate without a token are refused with 401',
      section: 'Operations',
      says: 'status, cancel, resume and release are for the creator and those in the lists, enumerate for those in runnable_by.',
      mend: 'Authenticate the caller in one place, before any operation.',
      async verify(subject) {
        const { id } = await subject.shared(firstAction)
        const asks: Ask[] = [
          { path: `/${id}/status` },
          { path: `/actions/${id}` },
          { path: '/actions' },
          { method: 'POST', path: `/${id}/cancel` },
          { method: 'POST', path: `/${id}/release` },
        ]
        for (const ask of asks)
          expectRefusal(await subject.send({ ...ask, as: 'nobody' }), 401, 'UnauthorizedRequest')
      },
    },
  ],
}
