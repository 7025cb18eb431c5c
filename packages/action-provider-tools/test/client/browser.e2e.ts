import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { launchBrowser } from '../../../action-provider-cli/test/e2e/browser.ts'
import { defineActionProvider } from '../../src/index.ts'
import type { FakeCaller } from '../../src/testing/index.ts'
import { type Served, serveForTest } from '../served.ts'
import { bundle } from './bundle.ts'
import { type Listening, listening, sendJson, statusOf } from './listening.ts'

const echo = defineActionProvider({
  description: { title: 'Echo', admin_contact: 'me@example.org', synchronous: false, visible_to: ['public'] },
  input: { type: 'object', properties: { text: { type: 'string' } }, additionalProperties: false },
  run: async ({ input, log }) => {
    log('Heard', 'Something was said')
    return { you_said: input.text }
  },
})

const blank = '<!doctype html><title>Page</title>'
let browser: Browser
let program: string
let served: Served
let other: Listening
let alice: FakeCaller
let page: Page
beforeAll(async () => {
  served = await serveForTest(echo)
  alice = served.auth.caller({ username: 'alice' })
  other = await listening(({ path }, response) => {
    if (path === '/page') response.writeHead(200, { 'content-type': 'text/html' }).end(blank)
    else sendJson(response, 200, statusOf())
  })
  ;({ code: program } = await bundle(`
    import * as client from 'action-provider-tools/client'
    globalThis.client = client
  `))
  browser = await launchBrowser()
})
beforeEach(async () => {
  page = await browser.newPage()
})
afterEach(() => page.close())
afterAll(async () => {
  await browser?.close()
  await other?.close()
  await served?.close()
})

/** Serves a page where the provider is, as it serves none itself. */
const servePage = (origin: string): Promise<unknown> =>
  page.route(`${origin}/page`, (route) => route.fulfill({ contentType: 'text/html', body: blank }))

/** Runs the body of an async function in a page of an origin, with the bundled client. */
async function inPage(origin: string, body: string): Promise<unknown> {
  await page.goto(`${origin}/page`)
  await page.addScriptTag({ type: 'module', content: program })
  return page.evaluate(`(async () => { ${body} })()`)
}

test('a page does everything that a program does', async () => {
  await servePage(served.url)
  const result = await inPage(
    served.url,
    `
    const { connect } = globalThis.client
    const provider = connect('${served.url}/p', { token: '${alice.token}' })
    const { title, types } = await provider.introspect()
    const action = await provider.run({ text: 'hey' }, { label: 'page' })
    const done = await action.finished()
    const log = []
    for await (const { code } of action.log({ follow: true })) log.push(code)
    const updates = []
    for await (const { type } of action.updates()) updates.push(type)
    const asked = performance.getEntriesByType('resource').map(({ name }) => name.replace(/.*\\//, ''))
    const listed = []
    for await (const { id } of provider.actions({ status: 'all' })) listed.push(id)
    const canceled = await action.cancel()
    await action.release()
    const error = await action.status().catch((caught) => caught)
    return {
      title, types, details: done.details, label: done.label, log, updates, one: listed.length, canceled: canceled.status,
      polls: asked.filter((path) => path === 'status').length,
      error: error instanceof globalThis.client.ActionNotFound && error.code,
    }
  `,
  )
  expect(result).toEqual({
    title: 'Echo',
    types: ['ACTION'],
    details: { you_said: 'hey' },
    label: 'page',
    log: ['Heard'],
    updates: ['log', 'status'],
    polls: 0,
    one: 1,
    canceled: 'SUCCEEDED',
    error: 'ActionNotFound',
  })
})

test('a page of another origin introspects', async () => {
  const title = `return (await globalThis.client.connect('${served.url}/p', { token: 'any' }).introspect()).title`
  expect(await inPage(other.url, title)).toBe('Echo')
})

test('a page is told of what cannot be reached, and of a redirect, which no token follows', async () => {
  const redirecting = await listening((_, response) =>
    response.writeHead(307, { location: other.url, 'access-control-allow-origin': '*' }).end(),
  )
  await servePage(redirecting.url)
  const names = await inPage(
    redirecting.url,
    `
    const { connect } = globalThis.client
    const retry = { limit: 2, backoff: 1 }
    const errorOf = (url) => connect(url, { token: 'secret', retry }).run({}).catch((error) => error.name)
    return [await errorOf('${redirecting.url}'), await errorOf('http://127.0.0.1:9')]
  `,
  )
  expect(names).toEqual(['UnexpectedAnswer', 'NetworkFailure'])
  expect(other.came.filter(({ method }) => method === 'POST')).toEqual([])
  await redirecting.close()
})
