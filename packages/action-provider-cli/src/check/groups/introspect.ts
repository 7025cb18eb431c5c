import { isObject, isPrincipal, isText, seconds } from '../../client/documents.ts'
import type { Group } from '../check.ts'
import { expectStatus, expectThat } from '../expectations.ts'
import { Fault, Skip } from '../outcome.ts'
import type { Subject } from '../subject.ts'
import type { Answer } from '../wire.ts'

const described = async (subject: Subject, path = '/'): Promise<Answer> => {
  const answer = await subject.send({ path, as: isPublic(subject) ? 'nobody' : 'caller' })
  expectStatus(answer, 200)
  if (!isObject(answer.json)) throw new Fault('the description is not a JSON object', answer)
  return answer
}
const description = (subject: Subject): Promise<Answer> => subject.shared(described)

function isPublic({ description: { visible_to: visible } }: Subject): boolean {
  return visible === undefined || (Array.isArray(visible) && visible.includes('public'))
}

export const introspect: Group = {
  title: 'Introspect',
  checks: [
    {
      id: 'introspect.answers',
      level: 'must',
      title: 'the base URL describes the provider, with and without a slash at its end',
      section: 'introspect',
      says: 'GET / is 200 with a ProviderDescription. Paths are taken with a slash at their end or without.',
      mend: 'Route the base URL in both forms to one handler; a redirect is not followed by every client.',
      async verify(subject) {
        await description(subject)
        const bare = await described(subject, '')
        expectThat(isObject(bare.json), 'the description is not a JSON object', bare)
      },
    },
    {
      id: 'introspect.fields',
      level: 'must',
      title: 'the description has the fields that it needs, within their bounds',
      section: 'ProviderDescription',
      says: 'types is ["ACTION"] (or ["Action"]), api_version "1.0", title 1 to 128 characters, subtitle up to 128, description up to 4,096, keywords up to 1,024 in all; synchronous and log_supported are booleans; maximum_deadline is a duration.',
      mend: 'Correct the named fields of the description.',
      async verify(subject) {
        const answer = await description(subject)
        const wrong = wrongFields(answer.json as Record<string, unknown>)
        expectThat(wrong.length === 0, `wrong or missing: ${wrong.join(', ')}`, answer)
      },
    },
    {
      id: 'introspect.principals',
      level: 'must',
      title: 'visible_to, runnable_by and administered_by hold principals',
      section: 'ProviderDescription',
      says: 'The lists hold principals (urn:globus:auth:identity:<uuid>, urn:globus:groups:id:<uuid>), "all_authenticated_users" and, in visible_to, "public".',
      mend: 'Write principals as URNs; user names and bare UUIDs are not principals.',
      async verify(subject) {
        const answer = await description(subject)
        const lists = answer.json as Record<string, unknown>
        const wrong = ['visible_to', 'runnable_by', 'administered_by'].filter((name) => {
          const list = lists[name] ?? []
          const known = ['public', 'all_authenticated_users']
          return !Array.isArray(list) || !list.every((each) => known.includes(each) || isPrincipal(each))
        })
        expectThat(wrong.length === 0, `no principals: ${wrong.join(', ')}`, answer)
      },
    },
    {
      id: 'introspect.schema',
      level: 'must',
      title: 'input_schema is a JSON Schema that can be used',
      section: 'ProviderDescription',
      says: 'input_schema is the JSON Schema of body.',
      mend: 'Check the schema with a validator of the dialect that its $schema names.',
      async verify(subject) {
        const answer = await description(subject)
        const { unusableSchema } = subject
        expectThat(
          isObject((answer.json as Record<string, unknown>).input_schema),
          'there is no schema',
          answer,
        )
        if (unusableSchema !== undefined) throw new Fault(`it cannot be used: ${unusableSchema}`, answer)
      },
    },
    {
      id: 'introspect.open',
      level: 'should',
      title: 'web pages of any origin may read the description',
      section: 'introspect',
      says: 'Access-Control-Allow-Origin is *; OPTIONS / is 204 with Access-Control-Allow-Methods: GET, OPTIONS.',
      mend: 'Send these headers: the web app of Globus and other pages read descriptions from browsers.',
      async verify(subject) {
        if (!isPublic(subject)) throw new Skip('the provider is not visible to the public')
        const answer = await description(subject)
        const open = answer.headers.get('access-control-allow-origin')
        expectThat(open === '*', 'Access-Control-Allow-Origin is not *', answer)
        const options = await subject.send({ method: 'OPTIONS', path: '/', as: 'nobody' })
        expectStatus(options, 204, 200)
        const methods = options.headers.get('access-control-allow-methods') ?? ''
        expectThat(/\bGET\b/.test(methods), 'Access-Control-Allow-Methods does not name GET', options)
      },
    },
  ],
}

function wrongFields(fields: Record<string, unknown>): string[] {
  const optional = (name: string, fits: (value: unknown) => boolean): boolean =>
    fields[name] === undefined || fits(fields[name])
  const isFlag = (value: unknown): boolean => typeof value === 'boolean'
  const types = JSON.stringify(fields.types)
  const right: Record<string, boolean> = {
    types: types === '["ACTION"]' || types === '["Action"]',
    api_version: fields.api_version === '1.0',
    globus_auth_scope: isText(fields.globus_auth_scope, 2_048),
    title: isText(fields.title, 128),
    subtitle: optional('subtitle', (value) => isText(value, 128, 0)),
    description: optional('description', (value) => isText(value, 4_096, 0)),
    keywords: optional(
      'keywords',
      (value) =>
        Array.isArray(value) && value.every((each) => isText(each, 1_024)) && value.join('').length <= 1_024,
    ),
    synchronous: optional('synchronous', isFlag),
    log_supported: optional('log_supported', isFlag),
    maximum_deadline: optional('maximum_deadline', (value) => seconds(value) !== undefined),
  }
  return Object.keys(right).filter((name) => !right[name])
}
