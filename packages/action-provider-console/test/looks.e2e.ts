import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { helloWorld } from '../../../examples/hello-world/src/hello-world.ts'
import { watchasay } from '../../../examples/watchasay/src/watchasay.ts'
import { eventually } from '../../../test/eventually.ts'
import { axeFinds } from './axe.ts'
import {
  approvalProvider,
  kinds,
  pausingProvider,
  steered,
  steeredProvider,
  steppingProvider,
} from './providers.ts'
import { createWorld, type Person, type World } from './world.ts'

/**
 * Each view, light and dark, wide and on a phone. `IMAGES=docs/images` keeps the pictures for the
 * documentation.
 */

const folder = resolve(process.env.IMAGES ?? 'test-results/images')
const transfer = 'urn:globus:auth:scope:transfer.api.globus.org:all'
let world: World
let other: { url: string; close(): Promise<void> }
const ids: Record<string, string> = {}

beforeAll(async () => {
  await mkdir(folder, { recursive: true })
  world = await createWorld({
    providers: {
      '/hello_world': helloWorld,
      '/skeleton': watchasay,
      '/copy': steeredProvider,
      '/kinds': kinds,
      '/approval': approvalProvider,
      '/stepping': steppingProvider,
      '/pausing': pausingProvider,
    },
  })
  other = await world.serveElsewhere('/provider', watchasay)
  const token = await world.emulator.issueToken({ username: 'alice', scope: world.scope })
  const send = async (path: string, body: unknown): Promise<string> => {
    const answer = await fetch(`${world.origin}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    })
    return ((await answer.json()) as { action_id: string }).action_id
  }
  const run = (provider: string, label: string, body: unknown): Promise<string> =>
    send(`${provider}/run`, { request_id: label, label, body })
  for (const name of [
    'Nightly copy',
    'Copy of run 41',
    'Copy of run 42',
    'Archive of May',
    'Archive of June',
    'Archive of July',
  ]) {
    ids[name] = await run('/copy', name, { name })
    await eventually(() => steered.has(name))
  }
  for (const name of ['Copy of run 41', 'Archive of May', 'Archive of June']) {
    steered.get(name)?.end({ files: 1_204, bytes: 88_120_411_904 })
  }
  await send(`/copy/${ids['Archive of July']}/cancel`, {})
  const { progress, log } = steered.get('Nightly copy') ?? {}
  log?.('Started', 'Copying 1,204 files to the archive', { from: '/data/run-42', to: '/archive/run-42' })
  for (let file = 1; file <= 40; file++)
    log?.('Copied', `/data/run-42/frame-${String(file).padStart(4, '0')}.h5`)
  log?.('Slow', 'The archive takes 40 s for each file: its disks are busy')
  progress?.(
    {
      done: { files: 40, bytes: 2_936_012_800 },
      todo: { files: 1_164, bytes: 85_184_399_104 },
      checksum: 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      errors: [],
    },
    '40 of 1,204 files',
  )
  ids.event = await run('/approval', 'Publish the data of May', {})
  ids.steps = await run('/stepping', 'Prepare and copy', {})
  ids.paused = await run('/pausing', 'Restore from tape', {})
  ids.consent = await run('/hello_world', 'Greet with Transfer', { required_dependent_scope: transfer })
})
afterAll(async () => {
  await other?.close()
  await world?.close()
})

const views = {
  providers: async ({ page }: Person) => {
    await page.goto(world.url)
    await page.getByRole('link', { name: 'Archive', exact: true }).waitFor()
  },
  about: async ({ page }: Person) => {
    await page.goto(world.view('provider', { provider: '/hello_world' }))
    await page.getByRole('treeitem').first().waitFor()
  },
  run: async ({ page }: Person) => {
    await page.goto(world.view('run', { provider: '/kinds' }))
    await page.getByLabel('name').fill('x')
    await page.getByText(/too short/i).waitFor()
  },
  json: async ({ page }: Person) => {
    await page.goto(world.view('run', { provider: '/hello_world' }))
    await page.getByRole('button', { name: 'JSON' }).click()
    await page.getByLabel('Input as JSON').fill('{\n  "echo_string": "hey",\n  "sleep_time": -1\n}')
    await page.getByText('sleep_time', { exact: true }).waitFor()
    await page.getByText('Who may see it, deadline and more').click()
  },
  actions: async ({ page }: Person) => {
    await page.goto(world.view('actions', { provider: '/copy' }))
    await page.getByRole('link', { name: 'Nightly copy' }).waitFor()
  },
  action: async ({ page }: Person) => {
    await page.goto(world.view('action', { provider: '/copy', id: ids['Nightly copy'] ?? '' }))
    await page.getByText('40 of 1,204 files').first().waitFor()
    await page.getByText('its disks are busy').waitFor()
  },
  consent: async ({ page }: Person) => {
    await page.goto(world.view('action', { provider: '/hello_world', id: ids.consent ?? '' }))
    await page.getByRole('button', { name: 'Consent and resume' }).waitFor()
  },
  question: async ({ page }: Person) => {
    await page.goto(world.view('action', { provider: '/copy', id: ids['Nightly copy'] ?? '' }))
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Cancel it' }).waitFor()
  },
  resume: async ({ page }: Person) => {
    await page.goto(world.view('action', { provider: '/pausing', id: ids.paused ?? '' }))
    await page.getByRole('button', { name: 'Resume', exact: true }).click()
    await page.getByRole('button', { name: 'Resume it' }).waitFor()
  },
  event: async ({ page }: Person) => {
    await page.goto(world.view('action', { provider: '/approval', id: ids.event ?? '' }))
    await page.getByLabel('reason').fill('no')
    await page.getByText(/too short/i).waitFor()
  },
  steps: async ({ page }: Person) => {
    await page.goto(world.view('action', { provider: '/stepping', id: ids.steps ?? '' }))
    await page.locator('.state.succeeded').waitFor()
    await page.getByRole('link', { name: 'copy' }).waitFor()
  },
  refused: async ({ page, errors }: Person) => {
    await page.goto(world.view('run', { provider: '/skeleton' }))
    await page.getByLabel('input_string').fill('late')
    await page.getByText('Who may see it, deadline and more').click()
    await page.getByLabel('Who else may see it').fill('nobody')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.locator('#field-monitor_by-hint.wrong').waitFor()
    errors.splice(0)
  },
  missing: async ({ page, errors }: Person) => {
    await page.goto(world.view('action', { provider: '/copy', id: 'none' }))
    await page.getByText('There is no such action', { exact: true }).waitFor()
    errors.splice(0)
  },
  elsewhere: async ({ page }: Person) => {
    await page.goto(world.view('run', { provider: other.url }))
    await page.getByRole('button', { name: /^Send a token to/ }).waitFor()
  },
  account: async ({ page }: Person) => {
    await page.goto(world.url)
    await page.locator('.menu summary').click()
    await page.getByText('alice@lab.example.com').waitFor()
  },
  nothing: async ({ page }: Person) => {
    await page.goto(world.view('actions', { provider: '/skeleton' }))
    await page.getByText('There are no actions here').waitFor()
  },
  line: async ({ page }: Person) => {
    await page.goto(world.view('action', { provider: '/copy', id: ids['Nightly copy'] ?? '', line: '1' }))
    const panel = page.getByRole('complementary', { name: 'Line 1' })
    await panel.waitFor()
    const below = async (): Promise<number> =>
      ((await panel.boundingBox())?.y ?? Number.POSITIVE_INFINITY) - 700
    await expect.poll(below).toBeLessThan(0)
  },
}

/** The views that are also looked at on a phone, and on a wide screen. */
const SOME: Readonly<Record<string, readonly string[]>> = {
  phone: ['run', 'actions', 'action', 'event', 'steps', 'consent', 'account'],
  wide: ['providers', 'run', 'actions', 'action'],
}

const devices = {
  light: {},
  dark: { dark: true },
  phone: { width: 390, height: 844 },
  wide: { width: 1920, height: 1080 },
}

describe.each(Object.entries(devices))('%s', (device, options) => {
  let alice: Person
  beforeAll(async () => {
    alice = await world.person({ width: 1180, height: 800, ...options })
    await alice.page.goto(world.url)
    await alice.signIn('alice@example.org')
  })

  const seen = Object.entries(views).filter(([name]) => SOME[device]?.includes(name) ?? true)
  test.each(seen)('%s: axe finds nothing, and nothing is cut off', async (name, open) => {
    const { page } = alice
    await open(alice)
    await page.screenshot({ path: join(folder, `console-${name}-${device}.png`) })
    expect(await axeFinds(page)).toEqual([])
    const wider = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    expect(await page.evaluate(wider)).toBe(0)
  })
})

test('the chart counts the actions that are shown, by their state', async () => {
  const { page, signIn } = await world.person()
  await page.goto(world.url)
  await signIn('alice@example.org')
  await page.goto(world.view('actions', { provider: '/copy' }))
  await page.getByRole('img', { name: '2 ACTIVE, 3 SUCCEEDED, 1 FAILED', exact: true }).waitFor()
  await page.getByRole('checkbox', { name: 'FAILED' }).uncheck()
  const chart = page.getByRole('img', { name: '2 ACTIVE, 3 SUCCEEDED', exact: true })
  await chart.waitFor()
  expect(await chart.locator('rect.failed').count()).toBe(0)
  expect(await chart.locator('rect.active').count()).toBeGreaterThan(0)
})

test('dates and numbers are those of the browser’s locale', async () => {
  const { page, signIn } = await world.person({ locale: 'de-DE' })
  await page.goto(world.url)
  await signIn('alice@example.org')
  await page.goto(world.view('action', { provider: '/copy', id: ids['Copy of run 41'] ?? '' }))
  const started = page.locator('dt:text-is("Started") + dd')
  await started.waitFor()
  expect(await started.textContent()).toMatch(/^\d\d\.\d\d\.\d{4}, \d\d:\d\d:\d\d \(vor \d+ .+\)$/)
})
