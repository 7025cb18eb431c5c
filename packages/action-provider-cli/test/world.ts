import type { AddressInfo } from 'node:net'
import {
  type ActionProvider,
  type ActionStore,
  actionProvider,
  createApplication,
  defineActionProvider,
  globusAuth,
  openStore,
} from 'action-provider-tools'
import { type Emulator, groupsScope, startEmulator } from 'globus-emulator'
import { expect } from 'vitest'
import { type Machine, machine } from './cli.ts'

/** A provider that listens, and logs in at the emulator. */
export type Hosted = {
  url: string
  scope: string
  store: ActionStore
  forgetTokens(): void
  close(): Promise<void>
}

/** The local Globus, providers, and users' machines that know of it. */
export type World = {
  emulator: Emulator
  globus: Record<string, string>
  machine(env?: Record<string, string>): Promise<Machine>
  host(provider: ActionProvider, prefix: string): Promise<Hosted>
  /** Ends all of it. No token of these machines may have been printed. */
  close(): Promise<void>
}

export async function createWorld(): Promise<World> {
  const emulator = await startEmulator({ port: 0 })
  const globus = {
    GLOBUS_SDK_SERVICE_URL_AUTH: `${emulator.url}/`,
    GLOBUS_SDK_SERVICE_URL_GROUPS: `${emulator.url}/`,
  }
  const machines: Machine[] = []
  const hosted: Hosted[] = []
  return {
    emulator,
    globus,
    async machine(env = {}) {
      const made = await machine({ ...globus, ...env })
      machines.push(made)
      return made
    },
    async host(provider, prefix) {
      const one = await host(emulator, provider, prefix)
      hosted.push(one)
      return one
    },
    async close() {
      for (const { tokens, printed, close, env } of machines) {
        const secrets = [...(await tokens()), env.ACTION_TOKEN, env.GLOBUS_CLIENT_SECRET].filter(
          (secret) => secret !== undefined,
        )
        for (const secret of secrets) expect(printed()).not.toContain(secret)
        await close()
      }
      for (const { close } of hosted) await close()
      await emulator.close()
    },
  }
}

async function host(emulator: Emulator, provider: ActionProvider, prefix: string): Promise<Hosted> {
  const { client_id, client_secret, scopes } = await emulator.register({
    name: prefix,
    scopes: [{ suffix: 'action_all', name: `Run actions at ${prefix}`, dependents: [groupsScope] }],
  })
  const [scope = ''] = scopes
  let later = 0
  const auth = globusAuth({
    clientId: client_id,
    clientSecret: client_secret,
    scope,
    authUrl: emulator.url,
    groupsUrl: emulator.url,
    monotonicClock: () => performance.now() + later,
  })
  const store = await openStore('sqlite::memory:')
  const app = createApplication({ logger: { level: 'silent' } })
  await app.register(actionProvider, { prefix, provider, auth, store })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}${prefix}`,
    scope,
    store,
    forgetTokens() {
      later += 60_000
    },
    async close() {
      await app.close()
      await auth.close()
      await store.close()
    },
  }
}

/** Says back what it is told. */
export const echo = defineActionProvider({
  description: {
    title: 'Echo',
    subtitle: 'Says it back',
    admin_contact: 'support@example.org',
    synchronous: true,
    visible_to: ['public'],
    keywords: ['echo', 'test'],
  },
  input: {
    type: 'object',
    properties: {
      text: { type: 'string', description: 'What to say' },
      times: { type: 'integer', minimum: 1 },
      loud: { type: 'boolean' },
      tone: { enum: ['kind', 'curt'] },
    },
    required: ['text'],
    additionalProperties: false,
  },
  run: ({ input }) => ({ said: (input as { text: string }).text }),
})

/** Works until it is told that it is done, fails where it shall, and keeps a log. */
export const worker = defineActionProvider({
  description: {
    title: 'Worker',
    admin_contact: 'support@example.org',
    synchronous: false,
    log_supported: true,
    visible_to: ['public'],
  },
  input: {
    type: 'object',
    properties: { fail: { type: 'boolean' }, milliseconds: { type: 'number' }, needs: { type: 'string' } },
  },
  run: async ({ input, log, progress, signal, dependentToken }) => {
    const {
      fail,
      milliseconds = 0,
      needs,
    } = input as { fail?: boolean; milliseconds?: number; needs?: string }
    log('Started', 'The work began')
    if (needs !== undefined) await dependentToken(needs)
    progress({ step: 1 }, 'Working')
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, milliseconds)
      signal.addEventListener('abort', () => {
        clearTimeout(timer)
        reject(signal.reason)
      })
    })
    if (fail) throw new Failure('The work went wrong')
    log('Finished', 'The work is done', { steps: 1 })
    return { done: true }
  },
})

class Failure extends Error {}
