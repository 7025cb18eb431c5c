import { type Document, isStatus, isTime } from '../../client/documents.ts'
import { firstAction, sharedAction } from '../actions.ts'
import type { Group } from '../check.ts'
import { expectRefusal, expectStatus, expectThat } from '../expectations.ts'
import { Fault } from '../outcome.ts'
import type { Subject } from '../subject.ts'
import type { Answer } from '../wire.ts'

const every = 'active,inactive,succeeded,failed'

async function list(
  subject: Subject,
  query: Record<string, string> = {},
): Promise<Answer & { items: Document[] }> {
  const answer = await subject.send({ path: '/actions', query })
  expectStatus(answer, 200)
  if (!Array.isArray(answer.json)) throw new Fault('the answer is not a plain array', answer)
  if (!answer.json.every(isStatus))
    throw new Fault('the array has an item that is not a status document', answer)
  return { ...answer, items: answer.json }
}

const hasAction = ({ items }: { items: Document[] }, id: string): boolean =>
  items.some(({ action_id }) => action_id === id)

/** At least two actions, so that there is something to page through and to sort. */
async function two(subject: Subject): Promise<{ first: string; second: string }> {
  const first = await subject.shared(firstAction)
  const second = await subject.shared(sharedAction)
  return { first: first.id, second: second.id }
}

function nextOf(answer: Answer): URL | undefined {
  const link = /<([^>]*)>\s*;[^,]*\brel="?next\b/.exec(answer.headers.get('link') ?? '')?.[1]
  return link === undefined ? undefined : (URL.parse(link, answer.request.url.href) ?? undefined)
}

export const enumerate: Group = {
  title: 'Enumerate',
  checks: [
    {
      id: 'enumerate.answers',
      level: 'must',
      title: '/actions, with and without a slash, lists actions as a plain array',
      section: 'enumerate',
      says: 'GET /actions: 200 with a plain array of status documents.',
      mend: 'Answer with the array itself, not with an object that holds it.',
      async verify(subject) {
        await list(subject)
        const slash = await subject.send({ path: '/actions/' })
        expectStatus(slash, 200)
        expectThat(Array.isArray(slash.json), 'the answer is not a plain array', slash)
      },
    },
    {
      id: 'enumerate.default',
      level: 'must',
      title: 'without a query, only ACTIVE actions are listed',
      section: 'enumerate',
      says: 'status: a comma list of statuses in any case; active where it is left out.',
      mend: 'Take "active" where the query has no status.',
      async verify(subject) {
        await subject.shared(firstAction)
        const answer = await list(subject)
        const other = answer.items.find(({ status }) => status !== 'ACTIVE')
        expectThat(other === undefined, `an action is listed that is ${other?.status}`, answer)
      },
    },
    {
      id: 'enumerate.status',
      level: 'must',
      title: 'status selects actions, in upper or lower case',
      section: 'enumerate',
      says: 'status: a comma list of statuses in any case. Those that fit status and roles both are listed.',
      mend: 'Split status at its commas, and compare without regard to case.',
      async verify(subject) {
        const { id, document } = await subject.shared(firstAction)
        const status = String(document.status)
        for (const asked of [status, status.toLowerCase(), every]) {
          const answer = await list(subject, { status: asked })
          expectThat(hasAction(answer, id), `the action ${id}, which is ${status}, is missing`, answer)
        }
        const rest = every.split(',').filter((each) => each !== status.toLowerCase())
        const answer = await list(subject, { status: rest.join() })
        expectThat(!hasAction(answer, id), `an action is listed that is ${status}`, answer)
      },
    },
    {
      id: 'enumerate.roles',
      level: 'must',
      title: 'roles selects actions by the role of the caller',
      section: 'enumerate',
      says: 'roles: a comma list of creator_id, monitor_by, manage_by; creator_id where it is left out.',
      mend: 'List an action only where the caller is in one of the fields that roles names.',
      async verify(subject) {
        const { id } = await subject.shared(firstAction)
        const own = await list(subject, { status: every, roles: 'monitor_by,creator_id' })
        expectThat(hasAction(own, id), `the caller's action ${id} is missing`, own)
        const others = await list(subject, { status: every, roles: 'monitor_by,manage_by' })
        expectThat(!hasAction(others, id), 'an action is listed whose lists do not have the caller', others)
      },
    },
    {
      id: 'enumerate.unknown-value',
      level: 'should',
      title: 'an unknown status, role or limit is refused with 422',
      section: 'enumerate',
      says: 'Another value is a 422 that names those which are allowed. The Python toolkit ignores it.',
      mend: 'Check the query: if you ignore a misspelt status, callers take the list for the one that they asked for.',
      async verify(subject) {
        for (const query of [{ status: 'done' }, { roles: 'owner' }, { limit: '0' }]) {
          const answer = await subject.send({ path: '/actions', query: query as Record<string, string> })
          expectRefusal(answer, 422, 'RequestValidationError')
        }
      },
    },
    {
      id: 'enumerate.order',
      level: 'should',
      title: 'the newest actions are listed first',
      section: 'enumerate',
      says: 'A plain array of status documents, newest first.',
      mend: 'Sort by start_time, the newest first.',
      async verify(subject) {
        await two(subject)
        const answer = await list(subject, { status: every })
        const times = answer.items.flatMap(({ start_time: at }) => (isTime(at) ? [Date.parse(at)] : []))
        const sorted = times.every((at, index) => index === 0 || at <= (times[index - 1] ?? at))
        expectThat(sorted, 'an older action stands before a newer one', answer)
      },
    },
    {
      id: 'enumerate.pages',
      level: 'should',
      title: 'limit makes pages, and Link leads to the next one',
      section: 'enumerate',
      says: 'limit (1 to 100) and marker make pages. The next one is in a header, Link: <…>; rel="next".',
      mend: 'Give at most limit actions, and announce the next page in a Link header.',
      async verify(subject) {
        await two(subject)
        // No action starts or completes meanwhile, so the pages do not change.
        const query = { status: every, limit: '1' }
        const first = await list(subject, query)
        expectThat(first.items.length === 1, `a page of limit 1 has ${first.items.length} actions`, first)
        const next = nextOf(first)
        const marker = next?.searchParams.get('marker')
        if (!marker) throw new Fault('no Link header leads to the next page with a marker', first)
        const second = await list(subject, { ...query, marker })
        expectThat(second.items.length === 1, `the second page has ${second.items.length} actions`, second)
        const again = second.items[0]?.action_id === first.items[0]?.action_id
        expectThat(!again, 'the second page shows the first one again', second)
      },
    },
  ],
}
