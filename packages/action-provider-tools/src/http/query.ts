import type { ActionStatusValue } from '../documents/action-status.ts'
import type { Role } from '../documents/principal.ts'
import { EnumerateQuery, LogQuery, UpdatesQuery } from '../documents/queries.ts'
import { parseTime } from '../documents/time.ts'
import { RequestValidationError } from '../errors.ts'
import type { EnumerateParameters, LogParameters } from '../provider/callbacks.ts'

/** A query string as Fastify parses it. */
export type Query = Record<string, string | string[] | undefined>

const MARKER = new RegExp(LogQuery.marker.pattern)

/**
 * Reads the query of enumerate (interface, enumerate).
 * @throws RequestValidationError that names every wrong argument
 */
export function enumerateParameters(query: Query): EnumerateParameters {
  const errors: string[] = []
  const statuses = list(query, 'status', EnumerateQuery.status, errors).map(
    (s) => s.toUpperCase() as ActionStatusValue,
  )
  const roles = list<Role>(query, 'roles', EnumerateQuery.roles, errors)
  const { default: standard, maximum } = EnumerateQuery.limit
  const limit = count(query, 'limit', standard, maximum, errors)
  const marker = mark(query, ['marker'], errors)
  refuse(errors)
  return {
    statuses: new Set(statuses),
    roles: new Set(roles),
    limit,
    ...(marker !== undefined && { marker }),
  }
}

/** Reads the query of log (interface, log). @throws RequestValidationError that names every wrong argument */
export function logParameters(query: Query): LogParameters {
  const errors: string[] = []
  const { default: standard, maximum } = LogQuery.limit
  const asked = count(query, 'limit', standard, maximum, errors)
  // The last Python client always sends `limit`, and also `per_page` if its user sets the page size.
  const limit = count(query, 'per_page', asked, maximum, errors)
  const marker = mark(query, ['marker', 'pagination_token'], errors)
  const since = time(query, 'since', errors)
  const until = time(query, 'until', errors)
  refuse(errors)
  return {
    limit,
    newestFirst: query.reverse_order !== undefined,
    ...(marker !== undefined && { marker }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  }
}

/** Reads which events a caller wants (interface, updates). @throws RequestValidationError */
export function wantedEvents(query: Query): ReadonlySet<'status' | 'log'> {
  const errors: string[] = []
  const wanted = list<'status' | 'log'>(query, 'events', UpdatesQuery.events, errors)
  refuse(errors)
  return new Set(wanted)
}

function refuse(errors: readonly string[]): void {
  if (errors.length > 0) throw new RequestValidationError(errors.join('; '))
}

function text(query: Query, name: string): string | undefined {
  const value = query[name]
  const joined = Array.isArray(value) ? value.join(',') : value
  return joined === '' ? undefined : joined
}

function list<T extends string>(
  query: Query,
  name: string,
  schema: { items: { enum: readonly T[] }; default: readonly T[] },
  errors: string[],
): T[] {
  const allowed = schema.items.enum
  const given = text(query, name)
  if (given === undefined) return [...schema.default]
  const asked = given.split(',').map((value) => value.trim().toLowerCase())
  if (asked.every((value): value is T => (allowed as readonly string[]).includes(value))) return asked
  errors.push(`Query argument '${name}' takes a comma list of: ${allowed.join(', ')}`)
  return []
}

function count(query: Query, name: string, standard: number, most: number, errors: string[]): number {
  const value = text(query, name)
  if (value === undefined) return standard
  const number = /^\d{1,9}$/.test(value) ? Number(value) : 0
  if (number >= 1 && number <= most) return number
  errors.push(`Query argument '${name}' takes a whole number from 1 to ${most}`)
  return standard
}

function mark(query: Query, names: readonly string[], errors: string[]): string | undefined {
  const name = names.find((candidate) => text(query, candidate) !== undefined)
  const value = name === undefined ? undefined : text(query, name)
  if (value === undefined || MARKER.test(value)) return value
  errors.push(`Query argument '${name}' takes the marker of the page before, unchanged`)
  return undefined
}

function time(query: Query, name: string, errors: string[]): number | undefined {
  const value = text(query, name)
  if (value === undefined) return undefined
  try {
    // In a query a plus sign means a space, so an offset such as +01:00 arrives with a space.
    return parseTime(value.replace(/ (?=\d\d:\d\d$)/, '+'))
  } catch {
    errors.push(`Query argument '${name}' takes an RFC 3339 time, for example 2026-01-31T12:00:00Z`)
    return undefined
  }
}
