/**
 * Prints the figures of docs/console.md: `npm run figures -w action-provider-console`. It needs a Chromium.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { largeProvider } from './large-provider.ts'
import { steered, steeredProvider } from './providers.ts'
import { createWorld, type World } from './world.ts'

const CHANGES = 40

/** The size of a file as it is sent, in kB. */
function sent(part: string): number {
  const folder = fileURLToPath(new URL('../dist/page/assets/', import.meta.url))
  const name = readdirSync(folder).find((file) => file.startsWith(part))
  if (name === undefined) throw new Error(`There is no ${part}: build the page`)
  return gzipSync(readFileSync(folder + name)).length / 1_000
}

/** How long it takes until a change that the work reports is seen, in milliseconds. */
async function changes(world: World, page: Page): Promise<number[]> {
  const token = await world.emulator.issueToken({ username: 'alice', scope: world.scope })
  const answer = await fetch(`${world.origin}/steered/run`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ request_id: 'figures', body: { name: 'figures' } }),
  })
  const { action_id } = (await answer.json()) as { action_id: string }
  while (!steered.has('figures')) await sleep(10)
  await page.goto(world.view('action', { provider: '/steered', id: action_id }))
  await page.locator('.action-state').waitFor()
  await page.evaluate(`
    globalThis.seen = {}
    new MutationObserver(() => {
      const words = document.querySelector('.action-state .says')?.textContent
      if (words) globalThis.seen[words] ??= Date.now()
    }).observe(document.querySelector('main'), { subtree: true, childList: true, characterData: true })
  `)
  const waits: number[] = []
  for (let change = 1; change <= CHANGES; change++) {
    // At times that have nothing to do with those of the page.
    await sleep(700 + ((change * 137) % 600))
    const words = `Change ${change}`
    const told = Date.now()
    steered.get('figures')?.progress({ change }, words)
    let seen: number | undefined
    while (seen === undefined) {
      seen = (await page.evaluate(`globalThis.seen[${JSON.stringify(words)}]`)) as number | undefined
      await sleep(20)
    }
    waits.push(seen - told)
  }
  return waits.sort((one, other) => one - other)
}

/**
 * The longest task of the page while something is done, in milliseconds: the browser tells of those over 50.
 */
async function longest(page: Page, act: () => Promise<void>): Promise<number> {
  await page.evaluate(`
    globalThis.tasks = []
    globalThis.watch?.disconnect()
    globalThis.watch = new PerformanceObserver((list) => globalThis.tasks.push(...list.getEntries().map((each) => each.duration)))
    globalThis.watch.observe({ type: 'longtask' })
  `)
  await act()
  await sleep(500)
  return (await page.evaluate('Math.max(0, ...globalThis.tasks)')) as number
}

async function scroll(page: Page, selector: string): Promise<void> {
  for (let part = 0; part <= 40; part++) {
    await page.evaluate(`(() => {
      const rows = document.querySelector('${selector}')
      rows.scrollTo(0, (rows.scrollHeight * ${part}) / 40)
    })()`)
    await sleep(50)
  }
}

const world = await createWorld({ providers: { '/large': largeProvider, '/steered': steeredProvider } })
const { page, signIn } = await world.person()
await page.goto(world.url)
await signIn('alice@example.org')

const waits = await changes(world, page)
await page.goto(world.url)
const openDetails = await longest(page, async () => {
  // Within the page, so that it is the same one that is watched.
  await page.evaluate(
    `history.pushState(null, '', ${JSON.stringify(world.view('action', { provider: '/large', id: 'large' }))}); dispatchEvent(new PopStateEvent('popstate'))`,
  )
  await page.getByRole('treeitem', { name: /records/ }).click({ timeout: 120_000 })
  await page.getByRole('treeitem', { name: /^0: / }).waitFor()
})
const scrollDetails = await longest(page, () => scroll(page, '.tree .rows'))
const openLog = await longest(page, async () => {
  await page.evaluate(
    `history.pushState(null, '', ${JSON.stringify(world.view('action', { provider: '/large', id: 'long' }))}); dispatchEvent(new PopStateEvent('popstate'))`,
  )
  await page.getByText('100,000 lines').waitFor({ timeout: 240_000 })
})
const scrollLog = await longest(page, () => scroll(page, '.log .rows'))

const assets = readdirSync(fileURLToPath(new URL('../dist/page/assets/', import.meta.url)))
const styles = assets.find((name) => name.endsWith('.css')) ?? ''
const script = assets.find((name) => name.startsWith('index-') && name.endsWith('.js')) ?? ''
const at = (share: number): string => `${waits[Math.floor(waits.length * share)]} ms`
const task = (duration: number): string => (duration === 0 ? 'under 50 ms' : `${Math.round(duration)} ms`)
const kilobytes = (...names: string[]): string =>
  `${names.reduce((sum, name) => sum + sent(name), 0).toFixed(1)} kB`
const figures = [
  ['first load: script, styles and the thread, gzip', kilobytes(script, styles, 'main-')],
  ['the form, when there is one to fill in, gzip', kilobytes('schema-form-', 'check-main-')],
  ['a change until it is seen, median', at(0.5)],
  ['a change until it is seen, 95 of 100', at(0.95)],
  ['longest task: 5 MB of details come and are opened', task(openDetails)],
  ['longest task: they are scrolled', task(scrollDetails)],
  ['longest task: 100,000 lines of a log come', task(openLog)],
  ['longest task: they are scrolled', task(scrollLog)],
]
process.stdout.write(
  `| | |\n| --- | --- |\n${figures.map(([what, figure]) => `| ${what} | ${figure} |\n`).join('')}`,
)
await world.close()
