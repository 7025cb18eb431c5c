import { uuidBytes } from '../action/keys.ts'
import { groupURN, identityURN } from '../documents/principal.ts'

const IDENTITY = identityURN('')
const GROUP = groupURN('')

/**
 * A principal in few bytes, for the index of who may see which action: 17 for an identity or a group, else its text.
 * Different principals have different keys.
 */
export function principalKey(principal: string): Buffer {
  return compact(1, IDENTITY, principal) ?? compact(2, GROUP, principal) ?? Buffer.from(`\0${principal}`)
}

function compact(kind: number, prefix: string, principal: string): Buffer | undefined {
  const uuid = principal.startsWith(prefix) ? uuidBytes(principal.slice(prefix.length)) : undefined
  return uuid && Buffer.concat([Buffer.of(kind), uuid])
}
