import { commandLineClient, type Emulator, groupsScope, startEmulator } from 'globus-emulator'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { providerCalls } from './registered-provider.ts'

const groupsScopeId = '73320ffe-4cb4-4b25-a0a3-83d53d59ce4f'
const manageProjects = 'urn:globus:auth:scope:auth.globus.org:manage_projects'
// What comes back are documents of many forms; each test says which fields it expects.
type Json = Record<string, Record<string, unknown> & { id: string }>
type Answer = { status: number; body: Json }
type Api = (method: string, path: string, body?: object) => Promise<Answer>

let emulator: Emulator
let api: Api
let alice: { id: string }
beforeEach(async () => {
  emulator = await startEmulator({ port: 0 })
  api = await developer('alice')
  alice = (await emulator.users())[0] ?? { id: '' }
})
afterEach(() => emulator.close())

/** The API as somebody with a token to manage their projects calls it. */
async function developer(username: string): Promise<Api> {
  return caller(`Bearer ${await emulator.issueToken({ username, scope: manageProjects })}`)
}

function caller(authorization: string | undefined): Api {
  return async (method, path, body) => {
    const response = await fetch(`${emulator.url}/v2/api${path}`, {
      method,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    return { status: response.status, body: (await response.json()) as Json }
  }
}

async function idOf(answer: Promise<Answer>, kind: string): Promise<string> {
  const { status, body } = await answer
  expect(status).toBe(200)
  return body[kind]?.id ?? ''
}

async function newClient(): Promise<{ project: string; client: string }> {
  const fields = { display_name: 'Providers', contact_email: 'alice@example.org', admin_ids: [alice.id] }
  const project = await idOf(api('POST', '/projects', { project: fields }), 'project')
  const given = { name: 'hello-world', project, public_client: false }
  return { project, client: await idOf(api('POST', '/clients', { client: given }), 'client') }
}

describe('registering an action provider', () => {
  test('makes a client, a secret and a scope with which the provider learns who calls it', async () => {
    const { client } = await newClient()
    const credential = await api('POST', `/clients/${client}/credentials`, { credential: { name: 'first' } })
    const secret = String(credential.body.credential?.secret)
    const scope = {
      name: 'Run hello-world',
      description: 'Run and watch actions of hello-world',
      scope_suffix: 'action_all',
      advertised: true,
      dependent_scopes: [{ scope: groupsScopeId, optional: false, requires_refresh_token: false }],
    }
    const made = await api('POST', `/clients/${client}/scopes`, { scope })
    const { scope_suffix, ...kept } = scope
    const scopeString = `https://auth.globus.org/scopes/${client}/${scope_suffix}`
    expect(made.body).toEqual({
      scope: {
        ...kept,
        id: expect.any(String),
        client,
        scope_string: scopeString,
        allows_refresh_token: true,
        required_domains: [],
      },
    })
    const provider = providerCalls(emulator, { client_id: client, client_secret: secret })
    const token = await emulator.issueToken({ username: 'bob', scope: scopeString })
    expect((await provider.introspect(token)).body).toMatchObject({ active: true, scope: scopeString })
    expect((await provider.dependentTokens(token)).body).toEqual([
      expect.objectContaining({ scope: groupsScope }),
    ])
  })

  test('can be brought up to date, and undone', async () => {
    const { project, client } = await newClient()
    const credential = await idOf(
      api('POST', `/clients/${client}/credentials`, { credential: { name: 'k' } }),
      'credential',
    )
    const fields = { name: 'n', description: 'd', scope_suffix: 'action_all' }
    const scope = await idOf(api('POST', `/clients/${client}/scopes`, { scope: fields }), 'scope')

    const renamed = { name: 'renamed', links: { privacy_policy: 'https://example.org/privacy' } }
    const { body } = await api('PUT', `/clients/${client}`, { client: renamed })
    expect(body.client).toMatchObject({
      name: 'renamed',
      scopes: [scope],
      links: { privacy_policy: 'https://example.org/privacy', terms_and_conditions: null },
    })
    const changed = await api('PUT', `/scopes/${scope}`, { scope: { description: 'other' } })
    expect(changed.body.scope).toMatchObject({ name: 'n', description: 'other' })
    expect((await api('GET', `/clients/${client}/credentials`)).body).toEqual({
      credentials: [expect.objectContaining({ id: credential, secret: null })],
    })
    expect((await api('DELETE', `/projects/${project}`)).status).toBe(409)
    for (const path of [
      `/clients/${client}/credentials/${credential}`,
      `/scopes/${scope}`,
      `/clients/${client}`,
      `/projects/${project}`,
    ]) {
      expect((await api('DELETE', path)).status).toBe(200)
    }
    expect((await api('GET', '/projects')).body).toEqual({ projects: [] })
  })

  test('finds its scopes by id, by scope string, and by whose they are', async () => {
    const { client } = await newClient()
    const fields = { name: 'n', description: 'd', scope_suffix: 'action_all' }
    const scope = await idOf(api('POST', `/clients/${client}/scopes`, { scope: fields }), 'scope')
    const ids = async (path: string) => {
      const { body } = await api('GET', path)
      return (body.scopes as unknown as { id: string }[]).map(({ id }) => id)
    }
    expect(await ids(`/scopes?scope_strings=${encodeURIComponent(groupsScope)}`)).toEqual([groupsScopeId])
    expect(await ids(`/scopes?ids=${scope},${groupsScopeId}`)).toEqual([groupsScopeId, scope])
    expect(await ids('/scopes')).toEqual([scope])
    expect(await ids(`/clients/${client}/scopes`)).toEqual([scope])
  })

  test('needs no person when a client registers another below itself', async () => {
    const parent = await emulator.register({ name: 'parent' })
    const asParent = caller(`Basic ${btoa(`${parent.client_id}:${parent.client_secret}`)}`)
    const { body } = await asParent('POST', '/clients', { client: { name: 'child', public_client: true } })
    expect(body.client).toMatchObject({
      parent_client: parent.client_id,
      client_type: 'public_installed_client',
    })
  })

  test('gives a copy of a native application a secret of its own', async () => {
    const copy = { name: 'my laptop', template_id: commandLineClient }
    const { body } = await caller(undefined)('POST', '/clients', { client: copy })
    expect(body.client).toMatchObject({ parent_client: commandLineClient, public_client: false })
    expect(body.included?.client_credential).toMatchObject({ secret: expect.any(String) })
  })
})

describe('the API refuses', () => {
  test.each<[string, number, string, string, object?]>([
    ['what it does not know', 404, 'GET', '/clients/00000000-0000-4000-8000-000000000000'],
    ['a project of nobody', 400, 'POST', '/projects', { project: { display_name: 'P', contact_email: 'p' } }],
    ['a body without its envelope', 400, 'POST', '/projects', { display_name: 'P', contact_email: 'p' }],
    ['a client of no project', 400, 'POST', '/clients', { client: { name: 'c', public_client: true } }],
    ['a client of no kind', 400, 'POST', '/clients', { client: { name: 'c' } }],
    ['identities that are not asked for', 400, 'GET', '/identities'],
  ])('%s, in the form of Globus', async (_, status, method, path, body) => {
    const answer = await api(method, path, body)
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({
      errors: [{ status: String(status), code: expect.any(String), detail: expect.any(String) }],
    })
  })

  test('whoever brings no token, or one for something else', async () => {
    expect((await caller(undefined)('GET', '/projects')).status).toBe(401)
    const token = await emulator.issueToken({ username: 'alice', scope: 'openid' })
    expect((await caller(`Bearer ${token}`)('GET', '/projects')).status).toBe(403)
  })

  test("changes to others' projects, clients and scopes", async () => {
    const { project, client } = await newClient()
    const scope = { name: 'n', description: 'd', scope_suffix: 'action_all' }
    const id = await idOf(api('POST', `/clients/${client}/scopes`, { scope }), 'scope')
    const bob = await developer('bob')
    expect((await bob('GET', `/projects/${project}`)).status).toBe(404)
    expect((await bob('GET', `/clients/${client}`)).status).toBe(404)
    expect((await bob('PUT', `/clients/${client}`, { client: { name: 'mine' } })).status).toBe(403)
    expect((await bob('POST', `/clients/${client}/credentials`, { credential: { name: 'k' } })).status).toBe(
      403,
    )
    expect((await bob('PUT', `/scopes/${id}`, { scope: { name: 'mine' } })).status).toBe(403)
    expect((await bob('DELETE', `/scopes/${id}`)).status).toBe(403)
  })

  test('a second scope of one suffix, and a dependent scope that is none', async () => {
    const { client } = await newClient()
    const scope = { name: 'n', description: 'd', scope_suffix: 'action_all' }
    await api('POST', `/clients/${client}/scopes`, { scope })
    expect((await api('POST', `/clients/${client}/scopes`, { scope })).status).toBe(409)
    const dependent = { scope: 'none', optional: false, requires_refresh_token: false }
    const other = { ...scope, scope_suffix: 'other', dependent_scopes: [dependent] }
    expect((await api('POST', `/clients/${client}/scopes`, { scope: other })).status).toBe(400)
  })
})

describe('consents over the API', () => {
  test('can be listed and rescinded by their owner alone', async () => {
    const scope = 'urn:globus:auth:scope:auth.globus.org:manage_consents'
    const asAlice = caller(`Bearer ${await emulator.issueToken({ username: 'alice', scope })}`)
    await emulator.consent({ username: 'alice', scope: groupsScope, client_id: commandLineClient })
    const path = `/identities/${alice.id}/consents`
    const consents = (await asAlice('GET', `${path}?all=True`)).body.consents as unknown as {
      id: number
      scope_name: string
    }[]
    const groups = consents.find(({ scope_name }) => scope_name === groupsScope)
    expect(groups).toMatchObject({ dependency_path: [groups?.id], effective_identity: alice.id })

    const asBob = caller(`Bearer ${await emulator.issueToken({ username: 'bob', scope })}`)
    expect((await asBob('DELETE', `${path}/${groups?.id}`)).status).toBe(403)
    expect((await asAlice('DELETE', `${path}/${groups?.id}`)).status).toBe(200)
    expect(await emulator.consents({ username: 'alice', scope: groupsScope })).toEqual([])
  })

  test.each(['scope', 'client'])('to a %s that is deleted go with it', async (kind) => {
    const { client } = await newClient()
    const fields = { name: 'n', description: 'd', scope_suffix: 'action_all' }
    const scope = await idOf(api('POST', `/clients/${client}/scopes`, { scope: fields }), 'scope')
    const text = `https://auth.globus.org/scopes/${client}/action_all`
    const view = 'urn:globus:auth:scope:auth.globus.org:view_consents'
    await emulator.consent({ username: 'alice', scope: `${text}[${groupsScope}]` })
    const asAlice = caller(`Bearer ${await emulator.issueToken({ username: 'alice', scope: view })}`)
    const names = async () => {
      const { body } = await asAlice('GET', `/identities/${alice.id}/consents?all=true`)
      return (body.consents as unknown as { scope_name?: string }[]).map(({ scope_name }) => scope_name)
    }
    expect(await names()).toEqual(expect.arrayContaining([text, groupsScope]))
    await api('DELETE', kind === 'scope' ? `/scopes/${scope}` : `/clients/${client}`)
    const left = await names()
    expect(left).toContain(view)
    expect(left).not.toContain(groupsScope)
    expect(left).not.toContain(undefined)
  })
})
