import type { Seed } from './seed.ts'

/** Users and groups of an emulator that is given no seed. Their ids never change. */
export const defaultSeed: Seed = {
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
