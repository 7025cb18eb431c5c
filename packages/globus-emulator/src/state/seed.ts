import { readFile } from 'node:fs/promises'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { defaultSeed } from './default-seed.ts'
import { addIdentity, findIdentity } from './identities.ts'
import { registerClient } from './registration.ts'
import { derivedUuid } from './secrets.ts'
import { addServices } from './services.ts'
import { emptyState, type State } from './state.ts'

const Uuid = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' })
const closed = { additionalProperties: false }

const SeedUser = Type.Object(
  {
    /** With a domain, as Globus user names have: `alice@example.org`. */
    username: Type.String({ pattern: '^[^@\\s]+@[^@\\s]+$' }),
    name: Type.Optional(Type.String()),
    email: Type.Optional(Type.String()),
    organization: Type.Optional(Type.String()),
    id: Type.Optional(Uuid),
    /** The user name of an identity that this one is linked with. */
    linked_with: Type.Optional(Type.String()),
  },
  closed,
)

const SeedGroup = Type.Object(
  {
    name: Type.String(),
    id: Type.Optional(Uuid),
    description: Type.Optional(Type.String()),
    members: Type.Array(
      Type.Object(
        {
          username: Type.String(),
          role: Type.Optional(Type.Enum(['member', 'manager', 'admin'])),
          status: Type.Optional(
            Type.Enum(['active', 'invited', 'pending', 'rejected', 'removed', 'left', 'declined']),
          ),
        },
        closed,
      ),
    ),
  },
  closed,
)

const SeedClient = Type.Object(
  {
    name: Type.String(),
    id: Type.Optional(Uuid),
    /** A native client has no secret and must use PKCE. */
    type: Type.Optional(Type.Enum(['confidential', 'native'])),
    secret: Type.Optional(Type.String({ minLength: 1 })),
    redirect_uris: Type.Optional(Type.Array(Type.String())),
    scopes: Type.Optional(
      Type.Array(
        Type.Object(
          {
            suffix: Type.String({ minLength: 1 }),
            name: Type.Optional(Type.String()),
            /** Scope strings; a leading `*` marks an optional one. */
            dependents: Type.Optional(Type.Array(Type.String())),
          },
          closed,
        ),
      ),
    ),
  },
  closed,
)

const SeedDocument = Type.Object(
  {
    users: Type.Array(SeedUser),
    groups: Type.Optional(Type.Array(SeedGroup)),
    clients: Type.Optional(Type.Array(SeedClient)),
  },
  closed,
)

/** Who and what the emulator knows at the start. Ids that are left out follow from the names. */
export type Seed = Static<typeof SeedDocument>

const seedValidator = Compile(SeedDocument)

/** A seed that cannot be used. */
export class SeedError extends Error {
  constructor(problem: string) {
    super(`The seed cannot be used: ${problem}`)
    this.name = 'SeedError'
  }
}

/**
 * Takes a seed, or the path of a JSON file with one, or nothing for the default one.
 *
 * @throws SeedError that says what is wrong, and where
 */
export async function stateFromSeed(given: Seed | string | undefined): Promise<State> {
  const seed: unknown = typeof given === 'string' ? await readSeed(given) : (given ?? defaultSeed)
  const [error] = seedValidator.Errors(seed)
  if (error) throw new SeedError(`${error.instancePath || '/'} ${error.message}`)
  return plant(seed as Seed)
}

async function readSeed(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new SeedError(error instanceof Error ? `${path}: ${error.message}` : path)
  }
}

function plant(seed: Seed): State {
  const state = emptyState()
  addServices(state)
  for (const user of seed.users) {
    const id = user.id ?? derivedUuid('user', user.username)
    const primary = user.linked_with === undefined ? undefined : findIdentity(state, user.linked_with)
    if (user.linked_with !== undefined && !primary) {
      throw new SeedError(
        `${user.username} is linked with ${user.linked_with}, who is not among the users before`,
      )
    }
    addIdentity(state, {
      id,
      username: user.username,
      name: user.name ?? user.username,
      email: user.email ?? user.username,
      organization: user.organization ?? null,
      ...(primary ? { account: primary.account } : {}),
    })
  }
  for (const group of seed.groups ?? []) {
    const id = group.id ?? derivedUuid('group', group.name)
    const memberships = group.members.map(({ username, role, status }) => {
      const identity = findIdentity(state, username)
      if (!identity)
        throw new SeedError(`${username}, a member of the group ${group.name}, is not among the users`)
      return { identity: identity.id, role: role ?? 'member', status: status ?? 'active' } as const
    })
    state.groups.set(id, { id, name: group.name, description: group.description ?? null, memberships })
  }
  for (const { id, secret, ...client } of seed.clients ?? []) {
    registerClient(state, {
      ...client,
      client_id: id ?? derivedUuid('client', client.name),
      ...(secret === undefined ? {} : { client_secret: secret }),
    })
  }
  return state
}
