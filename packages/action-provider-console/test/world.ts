import type { AddressInfo } from 'node:net'
import { consolePages } from 'action-provider-console'
import {
  type ActionProvider,
  type ActionStore,
  actionProvider,
  createApplication,
  globusAuth,
  openStore,
} from 'action-provider-tools'
import { consoleClient, type Emulator, groupsScope, startEmulator } from 'globus-emulator'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchBrowser } from '../../action-provider-cli/test/e2e/browser.ts'

/** Providers with their console, the local Globus, and browsers. */
export type World = {
  /** Where the application is. */
  origin: string
  /** Where its console is. */
  url: string
  emulator: Emulator
  scope: string
  /** The URL of a view of the console. */
  view(name: string, query?: Record<string, string>): string
  /** Makes providers ask Globus anew who a token is of. */
  forgetTokens(): void
  /** Serves a provider on another port, with the same client and scope. */
  serveElsewhere(path: string, provider: ActionProvider): Promise<{ url: string; close(): Promise<void> }>
  /** Somebody with a browser of their own. */
  person(options?: PersonOptions): Promise<Person>
  close(): Promise<void>
}

export type PersonOptions = { dark?: boolean; width?: number; height?: number; locale?: string }

/** Somebody who looks at the console. */
export type Person = {
  page: Page
  context: BrowserContext
  /** Signs in as a user of the emulator, from where they are. */
  signIn(username: string): Promise<void>
  /** Errors of the page since it was opened; a test that expects some takes them away. */
  errors: string[]
}

/** Where callbacks would come from; nothing calls back here. */
const publicUrl = 'https://provider.example.org'

type WorldOptions = {
  /** By path. */
  providers: Record<string, ActionProvider>
  store?: ActionStore
  elsewhere?: readonly string[] | 'any'
}

export async function createWorld(options: WorldOptions): Promise<World> {
  const emulator = await startEmulator({ port: 0 })
  const { client_id, client_secret, scopes } = await emulator.register({
    name: 'providers',
    scopes: [{ suffix: 'action_all', name: 'Run actions of the providers', dependents: [groupsScope] }],
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
  const store = options.store ?? (await openStore('sqlite::memory:'))
  const app = createApplication({ logger: { level: 'silent' }, limits: { requestsPerCaller: 1_000 } })
  for (const [prefix, provider] of Object.entries(options.providers)) {
    await app.register(actionProvider, { prefix, provider, auth, store, publicUrl })
  }
  await app.register(consolePages, {
    prefix: '/console',
    providers: Object.keys(options.providers).map((path) => ({ path, scope })),
    auth: emulator.url,
    clientId: consoleClient,
    elsewhere: options.elsewhere ?? 'any',
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const origin = `http://localhost:${(app.server.address() as AddressInfo).port}`
  const browser = await launchBrowser()
  const people: Person[] = []
  const url = `${origin}/console/`
  return {
    origin,
    url,
    emulator,
    scope,
    view: (name, query = {}) => `${url}${name}?${new URLSearchParams(query)}`,
    forgetTokens() {
      later += 60_000
    },
    async serveElsewhere(prefix, provider) {
      const other = createApplication({ logger: { level: 'silent' } })
      const own = await openStore('sqlite::memory:')
      await other.register(actionProvider, { prefix, provider, auth, store: own })
      await other.listen({ host: '127.0.0.1', port: 0 })
      return {
        url: `http://localhost:${(other.server.address() as AddressInfo).port}${prefix}`,
        async close() {
          await other.close()
          await own.close()
        },
      }
    },
    async person(given) {
      const one = await person(browser, given)
      people.push(one)
      return one
    },
    async close() {
      const errors = people.flatMap((each) => each.errors)
      await browser.close()
      await app.close()
      await auth.close()
      await store.close()
      await emulator.close()
      if (errors.length > 0) throw new Error(`The pages had errors: ${errors.join('\n')}`)
    },
  }
}

/** Opens a browser without cookies, which notes what goes wrong in its pages. */
export async function person(
  browser: Browser,
  { dark = false, width = 1280, height = 900, locale = 'en-US' }: PersonOptions = {},
): Promise<Person> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    locale,
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const page = await context.newPage()
  const errors: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(error.message))
  return {
    page,
    context,
    errors,
    async signIn(username) {
      await page
        .getByRole('button', { name: /^Sign in/ })
        .first()
        .click()
      await chooseUser(page, username)
      await page.getByText('Signed in as').waitFor({ state: 'attached' })
    },
  }
}

/** Logs in at the emulator's pages, and allows what they ask for. */
export async function chooseUser(page: Page, username: string): Promise<void> {
  const user = page.getByRole('button', { name: username })
  const allow = page.getByRole('button', { name: 'Allow' })
  const back = page.getByText('Signed in as')
  await user.or(allow).or(back).first().waitFor({ state: 'attached' })
  if (await user.isVisible()) {
    await user.click()
    await allow.or(back).first().waitFor({ state: 'attached' })
  }
  if (await allow.isVisible()) await allow.click()
}

/** Fills in the form of a run and sends it. Gives the id of the action. */
export async function idOf(page: Page): Promise<string> {
  await page.waitForURL(/\/console\/action\?/)
  return new URL(page.url()).searchParams.get('id') ?? ''
}
