import { isObject, seconds } from '../../client/documents.ts'
import type { Check, Group, Level } from '../check.ts'
import { expectRefusal, expectThat } from '../expectations.ts'
import { Fault, Skip } from '../outcome.ts'
import type { Subject } from '../subject.ts'
import type { Answer } from '../wire.ts'

const saysMalformed = '400 BadActionRequest: the body is empty, not UTF-8 or not JSON.'
const saysUnfit = '422 RequestValidationError: the request, its input or its query does not fit.'

/** A body that cannot be read. */
function malformed(id: string, level: Level, title: string, body: string | Uint8Array | undefined): Check {
  return {
    id: `bad-input.${id}`,
    level,
    title: `${title} is refused with 400`,
    section: 'Codes',
    says: saysMalformed,
    mend: 'Catch the error of reading and parsing the body, and answer 400; 500 says that the provider is at fault.',
    async verify(subject) {
      const more = body === undefined ? {} : { body }
      const answer = await subject.send({
        method: 'POST',
        path: '/run',
        contentType: 'application/json',
        ...more,
      })
      expectRefusal(answer, 400, 'BadActionRequest')
    },
  }
}

/**
 * A request that is JSON but not valid. @param wrong the fields that make a valid request wrong; undefined
 * removes a field
 */
function unfit(
  id: string,
  title: string,
  wrong: (subject: Subject) => Record<string, unknown>,
  mend = 'Validate the whole request before anything is started, and answer 422 with every error.',
  level: Level = 'must',
): Check {
  return {
    id: `bad-input.${id}`,
    level,
    title: `${title} is refused with 422`,
    section: id.startsWith('input') ? 'Codes' : 'ActionRequest',
    says: saysUnfit,
    mend,
    async verify(subject) {
      expectRefusal(await refusedRun(subject, wrong(subject)), 422, 'RequestValidationError')
    },
  }
}

/**
 * Sends a request that must not start an action. `subject` remembers any action that it starts nevertheless,
 * and releases it.
 */
function refusedRun(subject: Subject, more: Record<string, unknown>): Promise<Answer> {
  return subject.send({ method: 'POST', path: '/run', json: subject.fresh(more) })
}

function later(secondsFromNow: number): string {
  return new Date(Date.now() + 1_000 * secondsFromNow).toISOString()
}

function afterMaximum({ description: { maximum_deadline: most = 'P30D' } }: Subject): string {
  const longest = seconds(most)
  if (longest === undefined) throw new Skip('maximum_deadline is not a duration')
  if (longest > 1_000 * 365 * 86_400) throw new Skip('maximum_deadline is longer than a deadline can be')
  return later(longest + 86_400)
}

export const badInput: Group = {
  title: 'Bad input',
  checks: [
    malformed('not-json', 'must', 'a body that is not JSON', '{"request_id": '),
    malformed('empty', 'must', 'an empty body', undefined),
    malformed('not-utf8', 'should', 'a body that is not UTF-8', Uint8Array.of(0x22, 0xff, 0xfe, 0x22)),
    unfit('no-request-id', 'a request without request_id', () => ({ request_id: undefined })),
    unfit('no-body', 'a request without body', () => ({ body: undefined })),
    unfit('body-no-object', 'a body that is not an object', () => ({ body: 'text' })),
    unfit(
      'input',
      'an input that does not fit input_schema',
      ({ unfitInput }) => {
        if (unfitInput === undefined) throw new Skip('no input is known that the schema refuses')
        return { body: unfitInput }
      },
      'Validate body against the input_schema that introspect shows before the action is started.',
    ),
    unfit('principal', 'a monitor that is not a principal', () => ({ monitor_by: ['somebody'] })),
    unfit('label', 'a label of 65 characters', () => ({ label: 'x'.repeat(65) })),
    unfit('deadline-past', 'a deadline that is past', () => ({ deadline: later(-3_600) })),
    unfit(
      'deadline-late',
      'a deadline later than maximum_deadline',
      (subject) => ({ deadline: afterMaximum(subject) }),
      'Refuse a deadline that is later than now + maximum_deadline.',
      'should',
    ),
    unfit('release-after', 'a release_after that is not a duration', () => ({ release_after: 'a while' })),
    {
      id: 'bad-input.every-error',
      level: 'should',
      title: 'a refusal names every field that is wrong',
      section: 'Codes',
      says: "Every error, as Field '$.path' (category: 'keyword'): …",
      mend: 'Collect all errors of a validation instead of stopping at the first, and name the path of each.',
      async verify(subject) {
        const answer = await refusedRun(subject, { label: '', monitor_by: ['somebody'] })
        expectRefusal(answer, 422, 'RequestValidationError')
        const words = isObject(answer.json) ? String(answer.json.description) : ''
        const missing = ['$.label', '$.monitor_by'].filter((path) => !words.includes(path))
        expectThat(missing.length === 0, `not named: ${missing.join(', ')}`, answer)
      },
    },
    {
      id: 'bad-input.large',
      level: 'should',
      title: 'a body of 5 MB is refused with 413',
      section: 'Codes',
      says: '413 PayloadTooLarge: the body is over the limit, 1 MiB where no other is set.',
      mend: 'Limit the size of bodies: each one that is read takes memory.',
      async verify(subject) {
        // Not a valid request, so that a provider without a limit starts nothing.
        const json = { padding: 'x'.repeat(5_000_000) }
        const answer = await subject.send({ method: 'POST', path: '/run', json }).catch((error: unknown) => {
          // A server may close the connection while the refused body is still being sent.
          if (error instanceof Fault && error.answer?.status === 0) throw new Skip(error.message)
          throw error
        })
        expectRefusal(answer, 413, 'PayloadTooLarge')
      },
    },
  ],
}
