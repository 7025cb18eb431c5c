import { type Document, isObject, isText, isTime } from '../../client/documents.ts'
import { firstAction } from '../actions.ts'
import type { Check, Group } from '../check.ts'
import { expectRefusal, expectStatus, expectThat } from '../expectations.ts'
import { Fault, Skip } from '../outcome.ts'
import type { Subject } from '../subject.ts'
import type { Answer } from '../wire.ts'

/** Of a longer log, this many entries are read page by page. */
const FOLLOWED = 20

const page = async (subject: Subject, query: Record<string, string> = {}): Promise<Answer> => {
  if (subject.description.log_supported === false) throw new Skip('log_supported is false')
  const { id } = await subject.shared(firstAction)
  const answer = await subject.send({ path: `/${id}/log`, query })
  expectStatus(answer, 200)
  if (!isObject(answer.json) || !Array.isArray(answer.json.entries))
    throw new Fault('the answer is not a log page with entries', answer)
  return answer
}
const fields = ({ json }: Answer): Document => json as Document
const entries = ({ json }: Answer): Document[] => (json as { entries: Document[] }).entries

/** The whole log, if it is short. */
const whole = async (subject: Subject): Promise<Document[]> => entries(await page(subject, { limit: '100' }))

async function atLeastTwo(subject: Subject): Promise<Document[]> {
  const all = await subject.shared(whole)
  if (all.length < 2) throw new Skip('the log has fewer than two entries')
  return all
}

const time = ({ time: at }: Document): number => Date.parse(String(at))

const sizes: Check = {
  id: 'log.pages',
  level: 'must',
  title: 'pages of one entry, followed by their marker, are the whole log',
  section: 'log',
  says: 'The query has limit and marker; the page says whether there is a next one (has_next_page) and its marker.',
  mend: 'Give at most limit entries, and let the marker lead to those after the last one.',
  async verify(subject) {
    const all = (await atLeastTwo(subject)).slice(0, FOLLOWED)
    const read: Document[] = []
    let marker: Record<string, string> = {}
    while (read.length < all.length) {
      const answer = await page(subject, { limit: '1', ...marker })
      const found = entries(answer)
      expectThat(found.length === 1, `a page of limit 1 has ${found.length} entries`, answer)
      read.push(...found)
      if (read.length === all.length) break
      const { has_next_page: more, marker: next } = fields(answer)
      expectThat(more === true, `has_next_page is ${more} where there is another page`, answer)
      expectThat(typeof next === 'string', 'there is no marker to the next page', answer)
      marker = { marker: String(next) }
    }
    if (JSON.stringify(read) !== JSON.stringify(all))
      throw new Fault('the pages are not the entries of the whole log, in their order')
    return `${read.length} pages`
  },
}

export const log: Group = {
  title: 'Log',
  checks: [
    {
      id: 'log.unsupported',
      level: 'must',
      title: 'where log_supported is false, log is 404',
      section: 'log',
      says: '404 where log_supported is false.',
      mend: 'Leave the route out, or describe the provider with log_supported: true.',
      async verify(subject) {
        if (subject.description.log_supported !== false) throw new Skip('log_supported is not false')
        const { id } = await subject.shared(firstAction)
        expectStatus(await subject.send({ path: `/${id}/log` }), 404)
      },
    },
    {
      id: 'log.page',
      level: 'must',
      title: '/<id>/log and /actions/<id>/log, with and without a slash, show a log page',
      section: 'Log page',
      says: '{ "limit": number, "has_next_page": boolean, "marker"?: string, "entries": […] }. An entry is { "time", "code", "description", "details"? }.',
      mend: 'Answer in this form on all four routes, or describe the provider with log_supported: false.',
      async verify(subject) {
        const answer = await page(subject)
        const { limit, has_next_page: more } = fields(answer)
        expectThat(
          typeof limit === 'number' && typeof more === 'boolean',
          'limit or has_next_page is wrong',
          answer,
        )
        const wrong = entries(answer).find(
          (entry) => !isTime(entry.time) || !isText(entry.code, 1e6) || !isText(entry.description, 1e6, 0),
        )
        expectThat(wrong === undefined, `an entry is wrong: ${JSON.stringify(wrong)}`, answer)
        const { id } = await subject.shared(firstAction)
        for (const path of [`/${id}/log/`, `/actions/${id}/log`, `/actions/${id}/log/`])
          expectStatus(await subject.send({ path }), 200)
        return `${entries(answer).length} entries`
      },
    },
    sizes,
    {
      id: 'log.order',
      level: 'should',
      title: 'reverse_order shows the newest entries first',
      section: 'log',
      says: 'reverse_order (whatever its value: newest first).',
      mend: 'Sort by time, and reverse the order if the query has reverse_order.',
      async verify(subject) {
        const all = await atLeastTwo(subject)
        const answer = await page(subject, { limit: '100', reverse_order: 'true' })
        const same = JSON.stringify(entries(answer)) === JSON.stringify(all.toReversed())
        expectThat(same, 'the order is not that of the log turned round', answer)
        const sorted = all.every(
          (entry, index) => index === 0 || time(entry) >= time(all[index - 1] ?? entry),
        )
        expectThat(sorted, 'without reverse_order, the oldest entries are not first', answer)
      },
    },
    {
      id: 'log.times',
      level: 'should',
      title: 'since and until narrow the log down',
      section: 'log',
      says: 'since and until (times).',
      mend: 'Leave out entries before since and after until.',
      async verify(subject) {
        const all = await subject.shared(whole)
        if (all.length === 0) throw new Skip('the log is empty')
        const future = new Date(Date.now() + 86_400_000).toISOString()
        for (const query of [{ since: future }, { until: '2001-01-01T00:00:00Z' }]) {
          const answer = await page(subject, query)
          expectThat(entries(answer).length === 0, 'entries outside of the times are shown', answer)
        }
        const inside = await page(subject, { since: '2001-01-01T00:00:00Z', until: future, limit: '100' })
        expectThat(entries(inside).length === all.length, 'entries within the times are missing', inside)
      },
    },
    {
      id: 'log.older-names',
      level: 'should',
      title: 'per_page works like limit, because the last Python client sends it',
      section: 'log',
      says: 'limit (10 where it is left out; per_page is its older name).',
      mend: 'Read per_page where limit is not given.',
      async verify(subject) {
        await atLeastTwo(subject)
        const answer = await page(subject, { per_page: '1' })
        expectThat(
          entries(answer).length === 1,
          `the page has ${entries(answer).length} entries, not 1`,
          answer,
        )
      },
    },
    {
      id: 'log.bad-query',
      level: 'should',
      title: 'an invalid query of log is refused with 422',
      section: 'Codes',
      says: '422 RequestValidationError: the request, its input or its query does not fit.',
      mend: 'Check the query, and name what is allowed.',
      async verify(subject) {
        await subject.shared(whole)
        const { id } = await subject.shared(firstAction)
        for (const query of [{ limit: 'many' }, { since: 'yesterday' }]) {
          const answer = await subject.send({ path: `/${id}/log`, query: query as Record<string, string> })
          expectRefusal(answer, 422, 'RequestValidationError')
        }
      },
    },
  ],
}
