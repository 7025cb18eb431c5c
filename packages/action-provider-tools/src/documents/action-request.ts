import type { XStatic } from 'typebox/schema'
import { compileCheck, fieldError, knownFields, type Scrubbing, validationError } from './check.ts'
import { formatDuration, MAXIMUM_DURATION } from './duration.ts'
import { canonicalPrincipals, PrincipalURN } from './principal.ts'
import { formatTime, parseTime } from './time.ts'

/**
 * Text without lone surrogates. UTF-8, which databases and hashes use, has no form for them: two texts that
 * differ only there would become one.
 */
const WellFormed = {
  type: 'string',
  pattern: '^\\P{Cs}*$',
  errorMessage: 'must be well-formed Unicode text',
} as const

/** A limit, because each principal costs a row and a look-up. */
const Principals = { type: 'array', items: PrincipalURN, maxItems: 100 } as const

/** The body of run (interface, "ActionRequest"), as JSON Schema. Unknown top-level fields are ignored. */
export const ActionRequest = {
  type: 'object',
  required: ['request_id', 'body'],
  properties: {
    request_id: WellFormed,
    body: { type: 'object' },
    label: { ...WellFormed, minLength: 1, maxLength: 64 },
    monitor_by: Principals,
    manage_by: Principals,
    allowed_clients: { type: 'array', items: { type: 'string', enum: ['public', 'globus', 'creator'] } },
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

/**
 * Reads a request. It does not read the clock: a request that repeats an earlier one stays valid after its
 * deadline (interface, "Exactly once"). `checkDeadline` checks those that start an action.
 *
 * @param json the result of `parseJson`
 * @throws RequestValidationError that lists every error
 * @example
 * readActionRequest({ request_id: 1, body: {}, release_after: 3600 })
 * // { request_id: '1', body: {}, release_after: 'PT1H' }
 */
export function readActionRequest(json: unknown, options: Pick<Scrubbing, 'showInput'> = {}): ActionRequest {
  const document = withTextId(knownFields(json, ActionRequest))
  const errors = check(document, options)
  if (errors.length > 0) throw validationError(errors)

  const { monitor_by, manage_by, allowed_clients, deadline, release_after, ...rest } = document as Omit<
    ActionRequest,
    'release_after'
  > & { release_after?: string | number }
  return {
    ...rest,
    ...(monitor_by && { monitor_by: canonicalPrincipals(monitor_by) }),
    ...(manage_by && { manage_by: canonicalPrincipals(manage_by) }),
    ...(allowed_clients && { allowed_clients: [...new Set(allowed_clients)] }),
    ...(deadline !== undefined && { deadline: formatTime(parseTime(deadline)) }),
    ...(release_after !== undefined && {
      release_after: typeof release_after === 'number' ? formatDuration(release_after) : release_after,
    }),
  }
}

/**
 * Refuses a deadline in the past, or later than the provider allows (interface, "ActionRequest").
 *
 * @throws RequestValidationError
 */
export function checkDeadline(
  { deadline }: Pick<ActionRequest, 'deadline'>,
  { now, maximumDeadline }: DeadlineLimits,
): void {
  if (deadline === undefined) return
  const time = parseTime(deadline)
  if (time < now) throw validationError([fieldError('$.deadline', 'minimum', 'must not be in the past')])
  if (time <= now + maximumDeadline) return
  const longest = formatDuration(maximumDeadline / 1000)
  throw validationError([fieldError('$.deadline', 'maximum', `must be at most ${longest} from now`)])
}

/**
 * Deployed Python clients send a number as `request_id`. A whole number counts as its decimal text
 * (interface, "ActionRequest").
 */
function withTextId(document: unknown): unknown {
  const id = (document as { request_id?: unknown } | null)?.request_id
  return Number.isSafeInteger(id) ? { ...(document as object), request_id: String(id) } : document
}
