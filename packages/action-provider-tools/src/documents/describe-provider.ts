import { InvalidDefinition } from '../errors.ts'
import { compileCheck, fieldError } from './check.ts'
import { parseDuration } from './duration.ts'
import { ALL_AUTHENTICATED_USERS, canonicalPrincipals, PUBLIC } from './principal.ts'
import { ProviderDescription } from './provider-description.ts'

type Defaulted = 'types' | 'api_version' | 'visible_to' | 'runnable_by' | 'log_supported' | 'maximum_deadline'

/**
 * The description that an author writes; the other fields have defaults (interface, "ProviderDescription").
 */
export type ProviderDescriptionInput = Omit<ProviderDescription, Defaulted> &
  Partial<Pick<ProviderDescription, Defaulted>>

const KEYWORDS_LENGTH = 1024

const defaults: Pick<ProviderDescription, Defaulted> = {
  types: ['ACTION'],
  api_version: '1.0',
  visible_to: [PUBLIC],
  runnable_by: [ALL_AUTHENTICATED_USERS],
  log_supported: false,
  maximum_deadline: 'P30D',
}

const check = compileCheck(ProviderDescription)

/**
 * Fills in the defaults of a description and checks it.
 *
 * @throws InvalidDefinition that names every field which breaks a rule of the interface
 * @example
 * describeProvider({
 *   title: 'Echo', admin_contact: 'me@example.org', synchronous: true,
 *   globus_auth_scope: 'https://auth.globus.org/scopes/…/action_all', input_schema: { type: 'object' },
 * }).visible_to // ['public']
 */
export function describeProvider(input: ProviderDescriptionInput): ProviderDescription {
  const given = Object.entries(input).filter(([, value]) => value !== undefined)
  const description: ProviderDescription = {
    ...defaults,
    ...Object.fromEntries(given),
  } as ProviderDescription
  const errors = check(description, { showInput: true })
  if (errors.length === 0) errors.push(...furtherErrors(description))
  if (errors.length > 0) {
    throw new InvalidDefinition(
      `The provider's description breaks the Action Provider Interface: ${errors.join('; ')}. ` +
        'Correct these fields, or remove those that are optional.',
    )
  }
  const { visible_to, runnable_by, administered_by } = description
  return {
    ...description,
    visible_to: canonicalPrincipals(visible_to),
    runnable_by: canonicalPrincipals(runnable_by),
    ...(administered_by && { administered_by: canonicalPrincipals(administered_by) }),
  }
}

/** Rules that JSON Schema cannot express. */
function furtherErrors({ keywords = [], maximum_deadline }: ProviderDescription): string[] {
  const errors: string[] = []
  const length = [...keywords.join('')].length
  if (length > KEYWORDS_LENGTH) {
    errors.push(
      fieldError(
        '$.keywords',
        'maxLength',
        `must have at most ${KEYWORDS_LENGTH} characters in all, not ${length}`,
      ),
    )
  }
  if (parseDuration(maximum_deadline) === 0) {
    errors.push(fieldError('$.maximum_deadline', 'minimum', 'must be longer than zero'))
  }
  return errors
}
