import {
  type Document,
  isComplete,
  isObject,
  isPrincipal,
  isStatus,
  isText,
  isTime,
  seconds,
} from '../../client/documents.ts'
import type { Check, Group, Level } from '../check.ts'
import { Fault, Skip } from '../outcome.ts'
import type { Subject } from '../subject.ts'
import type { Answer } from '../wire.ts'

/**
 * A rule for each document received so far. @param wrong says what is wrong with one; `undefined` if nothing
 * is
 */
function rule<T>(
  all: (subject: Subject) => { answer: Answer; document: T }[],
  check: { id: string; level?: Level; title: string; section: string; says: string; mend: string },
  wrong: (document: T, answer: Answer, subject: Subject) => string | undefined,
): Check {
  return {
    level: 'must',
    ...check,
    async verify(subject) {
      const looked = all(subject)
      if (looked.length === 0) throw new Skip('no such document came')
      const faults = looked.flatMap(({ answer, document }) => {
        const words = wrong(document, answer, subject)
        return words === undefined ? [] : [{ answer, words }]
      })
      const [first] = faults
      if (first)
        throw new Fault(`${first.words} (${faults.length} of ${looked.length} documents)`, first.answer)
      return `${looked.length} documents`
    },
  }
}

const answers = ({ seen }: Subject): { answer: Answer; document: Answer }[] =>
  seen.map((answer) => ({ answer, document: answer }))
const errors = (subject: Subject): { answer: Answer; document: Answer }[] =>
  answers(subject).filter(({ answer }) => answer.status >= 400)
const statuses = ({ seen }: Subject): { answer: Answer; document: Document }[] =>
  seen.flatMap((answer) =>
    (Array.isArray(answer.json) ? answer.json : [answer.json])
      .filter(isStatus)
      .map((document) => ({ answer, document })),
  )

const TIMES = ['start_time', 'completion_time'] as const
const times = (document: Document): [string, unknown][] =>
  TIMES.flatMap((name) => (document[name] == null ? [] : [[name, document[name]]]))

/** How much a provider's clock may differ from this machine's, in milliseconds. */
const CLOCK = 5 * 60_000

/** Comes last, because it checks everything that was received. */
export const documents: Group = {
  title: 'All documents',
  checks: [
    rule(
      errors,
      {
        id: 'documents.errors',
        title: 'every error is JSON with a code and a description',
        section: 'Documents',
        says: 'Every error, whatever the request, is one document: { "code": string, "description": string }.',
        mend: "Replace the framework's own error pages, including those for unknown routes and crashes.",
      },
      ({ json, headers }) => {
        if (!isObject(json)) return 'an error is not a JSON object'
        if (!/^application\/(.+\+)?json\b/.test(headers.get('content-type') ?? ''))
          return 'the content type of an error is not application/json'
        return isText(json.code, 1e6) && isText(json.description, 1e6)
          ? undefined
          : 'an error lacks its code or description'
      },
    ),
    rule(
      statuses,
      {
        id: 'documents.status',
        title: 'every status document has its fields',
        section: 'ActionStatus',
        says: 'action_id: string; status: ACTIVE, INACTIVE, SUCCEEDED or FAILED; details: object or string; creator_id: the principal who started it. Always.',
        mend: 'Correct the named fields.',
      },
      ({ action_id, status, details, creator_id, label }) => {
        const right: Record<string, boolean> = {
          action_id: isText(action_id, 1_024),
          status: /^(ACTIVE|INACTIVE|SUCCEEDED|FAILED)$/.test(String(status)),
          details: isObject(details) || typeof details === 'string',
          creator_id: isPrincipal(creator_id),
          label: label == null || isText(label, 64),
        }
        const bad = Object.keys(right).filter((name) => !right[name])
        return bad.length > 0 ? `wrong or missing: ${bad.join(', ')}` : undefined
      },
    ),
    rule(
      statuses,
      {
        id: 'documents.no-null',
        title: 'a field without a value is left out, not null',
        section: 'Documents',
        says: 'A field without a value is left out, never null.',
        mend: 'Leave such fields out (exclude_none, in the Python toolkit): the published schema has no nullable field.',
      },
      (document) => {
        const nulls = Object.keys(document).filter((name) => document[name] === null)
        return nulls.length > 0 ? `null: ${nulls.join(', ')}` : undefined
      },
    ),
    rule(
      statuses,
      {
        id: 'documents.times',
        title: 'times are RFC 3339, with their zone',
        section: 'Documents',
        says: 'Times are RFC 3339 in UTC and end in Z.',
        mend: 'Use the time in UTC (datetime.now(timezone.utc), in Python): a time without a zone means another moment on another machine.',
      },
      (document) => {
        const bad = times(document).filter(([, value]) => !isTime(value))
        return bad.length > 0
          ? bad.map(([name, value]) => `${name} is ${JSON.stringify(value)}`).join(', ')
          : undefined
      },
    ),
    rule(
      statuses,
      {
        id: 'documents.utc',
        level: 'should',
        title: 'times are in UTC, written with Z',
        section: 'Documents',
        says: 'Times are RFC 3339 in UTC and end in Z.',
        mend: 'Write times in UTC with Z.',
      },
      (document) => {
        const bad = times(document).filter(([, value]) => !String(value).endsWith('Z'))
        return bad.length > 0 ? `${bad.map(([name]) => name).join(', ')} without Z` : undefined
      },
    ),
    rule(
      statuses,
      {
        id: 'documents.completion',
        title: 'a complete action has a completion_time, and it is not before start_time',
        section: 'ActionStatus',
        says: 'completion_time only where the action is complete, and never before start_time.',
        mend: 'Set completion_time when the action is completed, and never before.',
      },
      (document) => {
        const { start_time: start, completion_time: end } = document
        if (end == null) return isComplete(document) ? 'a complete action has no completion_time' : undefined
        if (!isComplete(document)) return 'an action that is not complete has a completion_time'
        const isBefore = isTime(start) && isTime(end) && Date.parse(end) < Date.parse(start)
        return isBefore ? 'completion_time is before start_time' : undefined
      },
    ),
    rule(
      (subject) => answers(subject).filter(({ answer }) => answer.status === 202 && isStatus(answer.json)),
      {
        id: 'documents.clock',
        level: 'should',
        title: 'start_time is the time at which run answered',
        section: 'ActionStatus',
        says: 'start_time is a time in UTC.',
        mend: "Set the machine's clock; a local time with a Z after it is off by hours.",
      },
      ({ json, at }) => {
        const { start_time: start } = json as Document
        if (!isTime(start)) return undefined
        const off = Math.abs(Date.parse(start) - at)
        return off > CLOCK ? `start_time is ${Math.round(off / 60_000)} minutes off` : undefined
      },
    ),
    rule(
      statuses,
      {
        id: 'documents.durations',
        title: 'release_after is an ISO 8601 duration',
        section: 'Documents',
        says: 'Durations are ISO 8601.',
        mend: 'Write it like PT1H or P30D, also where seconds were requested.',
      },
      ({ release_after: after }) =>
        after == null || seconds(after) !== undefined ? undefined : `it is ${JSON.stringify(after)}`,
    ),
    rule(
      statuses,
      {
        id: 'documents.display-status',
        title: 'display_status is text for people, of 1 to 64 characters',
        section: 'ActionStatus',
        says: 'display_status: a status for people, 1 to 64 characters.',
        mend: "Write words, or the status itself; an enum's own name (ActionStatusValue.SUCCEEDED) is a slip of Python's str().",
      },
      ({ display_status: text }) => {
        if (text == null) return undefined
        if (!isText(text, 64)) return `it is ${JSON.stringify(text)}`
        return /^\w+\.[A-Z_]+$/.test(text) ? `it is the name of an enum's member, ${text}` : undefined
      },
    ),
    rule(
      answers,
      {
        id: 'documents.no-token',
        title: 'no answer repeats the token of its caller',
        section: 'Tokens',
        says: 'Tokens are known by their SHA-256.',
        mend: 'Keep tokens out of details, logs and errors: whoever may see the action could act as its creator.',
      },
      ({ text }, _answer, { tokens }) =>
        tokens.some((token) => text.includes(token)) ? 'an answer holds the token' : undefined,
    ),
  ],
}
