import { type Emulator, groupsScope, startEmulator } from 'globus-emulator'

export type Answer = { status: number; body: unknown; headers: Headers }

/** An emulator with an action provider's client and scope, and the calls such a provider makes. */
export async function startWithProvider(dependents: string[] = [groupsScope]) {
  return withProvider(await startEmulator({ port: 0 }), dependents)
}

/** The same on an emulator that runs already. */
export async function withProvider(emulator: Emulator, dependents: string[] = [groupsScope]) {
  const provider = await emulator.register({
    name: 'provider',
    scopes: [{ suffix: 'action_all', dependents }],
  })
  const [scope = ''] = provider.scopes
  return { emulator, provider, scope, call: providerCalls(emulator, provider) }
}

/** What a confidential client asks of Globus Auth, with HTTP Basic. */
export function providerCalls(emulator: Emulator, client: { client_id: string; client_secret: string }) {
  const authorization = `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}`
  const post = async (path: string, form: Record<string, string>): Promise<Answer> => {
    const response = await fetch(emulator.url + path, {
      method: 'POST',
      headers: { authorization },
      body: new URLSearchParams(form),
    })
    return { status: response.status, body: await response.json(), headers: response.headers }
  }
  return {
    introspect: (token: string, more = {}) => post('/v2/oauth2/token/introspect', { token, ...more }),
    dependentTokens: (token: string, more = {}) =>
      post('/v2/oauth2/token', { grant_type: 'urn:globus:auth:grant_type:dependent_token', token, ...more }),
    token: (form: Record<string, string>) => post('/v2/oauth2/token', form),
  }
}
