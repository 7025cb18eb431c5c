import type { XStatic } from 'typebox/schema'
import { compileCheck } from './check.ts'
import { formatDuration, MAXIMUM_DURATION } from './duration.ts'
import { fieldError, type Scrubbing, validationError } from './field-errors.ts'
import { canonicalPrincipals, PrincipalURN } from './principal.ts'
import { formatTime, isTime, parseTime } from './time.ts'

/** Text without lone surrogates: two that differ in these alone would be one in UTF-8, which databases and hashes use. */
const WellFormed = {
  type: 'string',
  pattern: '^\\P{Cs}*$',
  errorMessage: 'must be well-formed Unicode text',
} as const

/** The body of run (interface, "ActionRequest"), as JSON Schema. Unknown top-level fields are ignored. */
export const ActionRequest = {
  type: 'object',
  required: ['request_id', 'body'],
  properties: {
    request_id: WellFormed,
    body: { type: 'object' },
    label: { ...WellFormed, minLength: 1, maxLength: 64 },
    monitor_by: { type: 'array', items: PrincipalURN, uniqueItems: true },
    manage_by: { type: 'array', items: PrincipalURN, uniqueItems: true },
    allowed_clients: {
      type: 'array',
      items: { type: 'string', enum: ['public', 'globus', 'creator'] },
      uniqueItems: true,
    },
    deadline: { type: 'string', format: 'date-time' },
    release_after: {
      type: ['string', 'number'],
      format: 'duration',
      minimum: 0,
      maximum: MAXIMUM_DURATION / 1000,
    },
  },
} as const

/**
 * A request after validation: unknown top-level fields are gone, `deadline` is in UTC with `Z`, and
 * `release_after` is an ISO 8601 duration.
 */
export type ActionRequest<Input = Record<string, unknown>> = Omit<
  XStatic<typeof ActionRequest>,
  'body' | 'release_after'
> & {
  body: Input
  release_after?: string
}

/** When a request arrives, and how long its action may take at most; both in milliseconds. */
export type DeadlineLimits = { now: number; maximumDeadline: number }

const check = compileCheck(ActionRequest)
const required: readonly string[] = ActionRequest.required

/**
 * Reads a request that is to start an action.
 *
 * @param json what `parseJson` gave
 * @throws RequestValidationError that lists every error
 * @example
 * parseActionRequest({ request_id: '1', body: {}, release_after: 3600 }, { now: Date.now(), maximumDeadline: 86_400_000 })
 * // { request_id: '1', body: {}, release_after: 'PT1H' }
 */
export function parseActionRequest(
  json: unknown,
  options: DeadlineLimits & Pick<Scrubbing, 'showInput'>,
): ActionRequest {
  return parse(json, options, (deadline) => deadlineErrors(deadline, options))
}

/**
 * Reads a request without a look at the clock. A request that repeats an earlier one is this far valid for ever, even when
 * its deadline is over (interface, "Exactly once").
 *
 * @throws RequestValidationError that lists every error
 */
export function readActionRequest(json: unknown, options: Pick<Scrubbing, 'showInput'> = {}): ActionRequest {
  return parse(json, options, () => [])
}

/**
 * Refuses a deadline in the past, or later than the provider allows (interface, "ActionRequest").
 *
 * @throws RequestValidationError
 */
export function checkDeadline({ deadline }: Pick<ActionRequest, 'deadline'>, limits: DeadlineLimits): void {
  const errors = deadline === undefined ? [] : deadlineErrors(parseTime(deadline), limits)
  if (errors.length > 0) throw validationError(errors)
}

function parse(
  json: unknown,
  scrubbing: Pick<Scrubbing, 'showInput'>,
  errorsOfDeadline: (deadline: number) => string[],
): ActionRequest {
  const document = knownFields(json)
  const errors = check(document, scrubbing)
  const deadline = timeOf(document)
  if (deadline !== undefined) errors.push(...errorsOfDeadline(deadline))
  if (errors.length > 0) throw validationError(errors)

  const { monitor_by, manage_by, release_after, ...rest } = document as ActionRequest & {
    release_after?: string | number
  }
  return {
    ...rest,
    ...(monitor_by && { monitor_by: canonicalPrincipals(monitor_by) }),
    ...(manage_by && { manage_by: canonicalPrincipals(manage_by) }),
    ...(deadline !== undefined && { deadline: formatTime(deadline) }),
    ...(release_after !== undefined && {
      release_after: typeof release_after === 'number' ? formatDuration(release_after) : release_after,
    }),
  }
}

/** The deadline in milliseconds, where there is one that can be read. */
function timeOf(document: unknown): number | undefined {
  const deadline = (document as { deadline?: unknown } | null)?.deadline
  return typeof deadline === 'string' && isTime(deadline) ? parseTime(deadline) : undefined
}

function deadlineErrors(deadline: number, { now, maximumDeadline }: DeadlineLimits): string[] {
  if (deadline < now) return [fieldError('$.deadline', 'minimum', 'must not be in the past')]
  if (deadline <= now + maximumDeadline) return []
  const longest = formatDuration(maximumDeadline / 1000)
  return [fieldError('$.deadline', 'maximum', `must be at most ${longest} from now`)]
}

/**
 * The fields of the interface. `null` counts as not given where a field may be left out: globus-automate-client
 * leaves out what has no value, but the Python toolkit takes `null` for label, deadline and release_after, so clients
 * written against it may send it.
 */
function knownFields(json: unknown): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json
  const given = Object.entries(json as Record<string, unknown>)
  return Object.fromEntries(
    given.filter(
      ([name, value]) =>
        Object.hasOwn(ActionRequest.properties, name) && !(value === null && !required.includes(name)),
    ),
  )
}
