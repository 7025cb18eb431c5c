import { readFile } from 'node:fs/promises'
import { type Static, Type } from 'typebox'
import { checker } from '../check.ts'
import { addIdentity, findIdentity } from './identities.ts'
import { clientFields, registerClient } from './registration.ts'
import { derivedUuid } from './secrets.ts'
import { addServices } from './services.ts'
import { emptyState, groupRoles, membershipStatuses, type State } from './state.ts'

const Uuid = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' })
const closed = { additionalProperties: false }

const SeedUser = Type.Object(
  {
    /** With a domain: `alice@example.org`. */
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
          role: Type.Optional(Type.Enum(groupRoles)),
          status: Type.Optional(Type.Enum(membershipStatuses)),
        },
        closed,
      ),
    ),
  },
  closed,
)

const SeedClient = Type.Object(
  { ...clientFields, id: Type.Optional(Uuid), secret: Type.Optional(Type.String({ minLength: 1 })) },
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

/** The users, groups and clients to start with. Ids that are left out follow from the names. */
export type Seed = Static<typeof SeedDocument>

const checkSeed = checker(SeedDocument, unusable)

/** The users and groups of an emulator that is given no seed. Their ids never change. */
const defaultSeed: Seed = {
  users: [
    {
      id: 'a11ce000-0000-4000-8000-000000000001',
      username: 'alice@example.org',
      name: 'Alice Adams',
      organization: 'Example University',
    },
    {
      id: 'a11ce000-0000-4000-8000-000000000002',
      username: 'alice@lab.example.com',
      name: 'Alice Adams',
      organization: 'Example Laboratory',
      linked_with: 'alice@example.org',
    },
    {
      id: 'b0b00000-0000-4000-8000-000000000001',
      username: 'bob@example.org',
      name: 'Bob Baker',
      organization: 'Example University',
    },
    {
      id: 'ca401000-0000-4000-8000-000000000001',
      username: 'carol@example.org',
      name: 'Carol Clark',
      organization: 'Example Laboratory',
    },
    {
      id: 'da4e0000-0000-4000-8000-000000000001',
      username: 'dave@example.org',
      name: 'Dave Dunn',
    },
  ],
  groups: [
    {
      id: '5c1e11ce-0000-4000-8000-000000000001',
      name: 'Scientists',
      description: 'Alice runs it, Bob belongs to it',
      members: [
        { username: 'alice@example.org', role: 'admin' },
        { username: 'bob@example.org' },
        { username: 'dave@example.org', status: 'pending' },
      ],
    },
    {
      id: '09e4a704-0000-4000-8000-000000000001',
      name: 'Operators',
      description: 'Carol runs it; Alice belongs to it with her other identity',
      members: [
        { username: 'carol@example.org', role: 'admin' },
        { username: 'alice@lab.example.com', role: 'manager' },
      ],
    },
  ],
}

/**
 * Makes the state that an emulator starts with.
 *
 * @param given a seed, or the path of a JSON file with one; the default users and groups without it
 * @throws Error that says which field of the seed is wrong
 */
export async function stateFromSeed(given: Seed | string | undefined): Promise<State> {
  return plant(checkSeed(typeof given === 'string' ? await readSeed(given) : (given ?? defaultSeed)))
}

async function readSeed(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw unusable(error instanceof Error ? `${path}: ${error.message}` : path)
  }
}

function plant(seed: Seed): State {
  const state = emptyState()
  addServices(state)
  for (const user of seed.users) {
    const id = user.id ?? derivedUuid('user', user.username)
    const primary = user.linked_with === undefined ? undefined : findIdentity(state, user.linked_with)
    if (user.linked_with !== undefined && !primary) {
      throw unusable(`${user.username} is linked with ${user.linked_with}, who does not come before`)
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
        throw unusable(`${username}, a member of the group ${group.name}, is not among the users`)
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

function unusable(problem: string): Error {
  return new Error(`The seed cannot be used: ${problem}`)
}
