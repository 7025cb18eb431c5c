import { groupsScope, startEmulator } from 'globus-emulator'

const emulator = await startEmulator({ port: 0 })
const { client_id, client_secret, scopes } = await emulator.register({
  name: 'my provider',
  scopes: [{ suffix: 'action_all', dependents: [groupsScope] }],
})
const token = await emulator.issueToken({ username: 'alice', scope: scopes })

await emulator.setFault({ endpoint: 'introspect', status: 429, retry_after: 2, count: 3 })
await emulator.expire({ username: 'alice' })
await emulator.rescind({ username: 'alice', scope: groupsScope })
await emulator.close()

export { client_id, client_secret, token }
