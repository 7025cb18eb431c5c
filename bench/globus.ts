import { groupsScope, startEmulator } from 'globus-emulator'

/** Globus for the providers that are measured: they ask it as they would the real one, and remember what it said. */
export type Globus = {
  /** What a provider's process needs to use it. */
  environment: Record<string, string>
  /** Alice's identity. */
  caller: string
  /** A new token of a user, Alice if not said: to a provider, a caller that it does not know yet. */
  token: (username?: string) => Promise<string>
  close: () => Promise<void>
}

export async function startGlobus(): Promise<Globus> {
  const emulator = await startEmulator({ port: 0 })
  const { client_id, client_secret, scopes } = await emulator.register({
    name: 'bench',
    scopes: [{ suffix: 'action_all', dependents: [groupsScope] }],
  })
  const [scope = ''] = scopes
  const alice = (await emulator.users()).find(({ short_name }) => short_name === 'alice')
  return {
    environment: {
      CLIENT_ID: client_id,
      CLIENT_SECRET: client_secret,
      SCOPE: scope,
      GLOBUS_SDK_SERVICE_URL_AUTH: emulator.url,
      GLOBUS_SDK_SERVICE_URL_GROUPS: emulator.url,
    },
    caller: alice?.urn ?? '',
    token: (username = 'alice') => emulator.issueToken({ username, scope }),
    close: () => emulator.close(),
  }
}
