import { groups } from '../../src/check/checks.ts'
import {
  description,
  isEnumerate,
  isIntrospect,
  isLog,
  isRun,
  type Planted,
  plant,
  query,
  without,
  withoutQuery,
  withStatus,
} from './faults.ts'
import { type Answered, type Asked, answering, inDocuments, json, reading } from './tampered.ts'

/** Every check of a kind. */
const all = (kind: string): string[] =>
  groups.flatMap(({ checks }) => checks.map(({ id }) => id).filter((id) => id.startsWith(`${kind}.`)))

const ok = ({ status }: Answered): boolean => status === 200
const isOthers = ({ headers }: Asked): boolean => String(headers.authorization).includes('fake-token-bob')
const body = (change: (text: string) => string) => (answered: Answered) => ({
  ...answered,
  body: change(answered.body),
})
const crash = (): Answered => json(500, { code: 'ActionProviderError', description: 'No' })

/** One fault for each check that no subtler one names. */
export const plain: readonly Planted[] = [
  plant(
    'it crashes at whatever is wrong',
    all('bad-input'),
    answering((asked, { status }) => isRun(asked) && [400, 413, 422].includes(status), crash),
  ),
  plant(
    'it forbids who has no token',
    all('tokens'),
    answering(
      (_, { status }) => status === 401,
      (answered) => without('www-authenticate')(withStatus(403)(answered)),
    ),
  ),
  plant(
    'it says that what it never had is gone',
    'status.unknown',
    answering((_, { body: text }) => text.includes('ActionNotFound'), withStatus(410)),
  ),
  plant(
    'it keeps its description from web pages',
    'introspect.open',
    answering(isIntrospect, without('access-control-allow-origin')),
  ),
  plant(
    'it hides its description',
    'flows.public',
    reading(
      (asked) => isIntrospect(asked) && asked.headers.authorization === undefined,
      () => json(401, { code: 'UnauthorizedRequest', description: 'Log in' }),
    ),
  ),
  plant('it has a log and says that it has none', 'log.unsupported', description({ log_supported: false })),
  plant(
    'its log pages do not say whether there are more',
    'log.page',
    answering(
      (asked, answered) => isLog(asked) && ok(answered),
      body((text) => text.replace('has_next_page', 'more')),
    ),
  ),
  plant('it does not turn its log round', 'log.order', reading(isLog, withoutQuery('reverse_order'))),
  plant('it shows its log of all times', 'log.times', reading(isLog, withoutQuery('since', 'until'))),
  plant(
    'it does not know the older name of limit',
    'log.older-names',
    reading(isLog, withoutQuery('per_page')),
  ),
  plant(
    'it takes any query of its log',
    'log.bad-query',
    reading((asked) => isLog(asked) && /many|yesterday/.test(asked.url), withoutQuery('limit', 'since')),
  ),
  plant(
    'it wraps its list of actions',
    'enumerate.answers',
    answering(
      (asked, answered) => isEnumerate(asked) && ok(answered),
      body((text) => `{"actions":${text}}`),
    ),
  ),
  plant(
    'it knows statuses in capitals alone',
    'enumerate.status',
    reading(
      (asked) => isEnumerate(asked) && query(asked).get('status') === 'succeeded',
      () => json(422, { code: 'RequestValidationError', description: 'SUCCEEDED' }),
    ),
  ),
  plant('it does not look at roles', 'enumerate.roles', reading(isEnumerate, withoutQuery('roles'))),
  plant('it gives one caller the action of another', 'access.own-request-ids', firstOfAll()),
  plant(
    'it lists nothing for the other caller',
    'access.listed',
    answering(
      (asked, answered) => isEnumerate(asked) && isOthers(asked) && ok(answered),
      body(() => '[]'),
    ),
  ),
  plant(
    'it refuses to cancel what is complete',
    'cancel.complete',
    answering(({ url }, answered) => /cancel/.test(url) && ok(answered), withStatus(409)),
  ),
  plant(
    'it resumes anything',
    'resume.not-inactive',
    answering(({ url }) => /resume/.test(url), withStatus(200)),
  ),
  plant(
    'it keeps what is released',
    ['once.released', 'release.gone'],
    reading(
      ({ url }) => /release$/.test(url),
      (asked) => ({ ...asked, method: 'GET', url: asked.url.replace('release', 'status') }),
    ),
  ),
  plant(
    'it does not say whose an action is',
    'documents.status',
    inDocuments(({ creator_id: _, ...document }) => document),
  ),
  plant(
    'it does not say when an action ended',
    'documents.completion',
    inDocuments(({ completion_time: _, ...document }) => document),
  ),
]

/** Those that show only while an action runs. */
export const plainWhileRunning: readonly Planted[] = [
  plant('it says that it is synchronous', 'run.synchronous', description({ synchronous: true })),
  plant(
    'it cancels at its leisure',
    'cancel.running',
    answering(({ url }, answered) => /cancel/.test(url) && ok(answered), withStatus(202)),
  ),
  plant(
    'its actions never end',
    'run.completes',
    inDocuments(({ completion_time: _, ...document }) => ({ ...document, status: 'ACTIVE' })),
  ),
]

/** Whoever sends a request_id gets the action that it started first. */
function firstOfAll() {
  const known = new Map<string, string>()
  return answering(isRun, (answered, asked) => {
    const [id = ''] = /"request_id":"\d+"/.exec(asked.body.toString()) ?? []
    const first = known.get(id)
    known.set(id, first ?? answered.body)
    return first === undefined ? answered : { ...answered, body: first }
  })
}
