/**
 * Opens every page of the built site in Chromium, as a phone and wide, in light and dark: says what the console, the network and the
 * links have against it, and what is wider than the page. Writes pictures to `screenshots`. `node site/look.ts / /settings` opens and
 * pictures these pages alone, from top to bottom.
 */
import { createReadStream, existsSync, globSync, mkdirSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Page } from 'playwright-core'

const built = fileURLToPath(new URL('doc_build', import.meta.url))
const pictures = fileURLToPath(new URL('screenshots', import.meta.url))
const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
}
const named = process.argv.slice(2)
const pictured = [
  ...named,
  '/',
  '/tutorial/provider',
  '/asynchronous-work',
  '/settings',
  '/api/',
  '/api/action-provider-tools/functions/defineActionProvider',
  '/security',
]
const sizes = { phone: { width: 390, height: 844 }, wide: { width: 1440, height: 900 } }

const server = createServer((request, response) => {
  const path = join(built, decodeURIComponent(new URL(request.url ?? '/', 'http://site').pathname))
  const file = [path, join(path, 'index.html')].find((each) => existsSync(each) && statSync(each).isFile())
  if (file === undefined) return response.writeHead(404).end()
  response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' })
  return createReadStream(file).pipe(response)
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})
const faults = new Set<string>()
const all = globSync('**/*.html', { cwd: built })
  .map((file) => `/${file.replace(/(index)?\.html$/, '')}`)
  .filter((path) => path !== '/404')
  .sort()
/** All pages, or those that the command line names. */
const paths = named.length > 0 ? named : all
mkdirSync(pictures, { recursive: true })

/** What each page has to jump to, and what each links to. */
const anchors = new Map<string, Set<string>>()
const links: { from: string; to: URL }[] = []

for (const scheme of ['light', 'dark'] as const) {
  for (const [size, viewport] of Object.entries(sizes)) {
    const context = await browser.newContext({ viewport, colorScheme: scheme })
    const page = await context.newPage()
    let at = ''
    const told = (what: string): unknown => faults.add(`${at} (${size}, ${scheme}): ${what}`)
    page.on('console', (message) => message.type() === 'error' && told(message.text()))
    page.on('pageerror', (error) => told(error.message))
    page.on('response', (answer) => answer.status() >= 400 && told(`${answer.status()} ${answer.url()}`))
    page.on(
      'request',
      (request) =>
        request.url().startsWith(origin) ||
        request.url().startsWith('data:') ||
        told(`asks ${request.url()}`),
    )
    for (at of scheme === 'light'
      ? paths.filter((path) => size === 'wide' || !/^.api.*[A-Z]/.test(path))
      : pictured.filter((path) => paths.includes(path))) {
      await page.goto(`${origin}${at.endsWith('/') ? at : `${at}.html`}`, { waitUntil: 'load' })
      const width = await page.locator('html').evaluate((html) => html.scrollWidth)
      if (width > viewport.width) told(`is ${width} pixels wide`)
      if (size === 'wide' && scheme === 'light') await gather(page, at)
      if (at === '/' && (await page.locator('.rp-home-hero').count()) === 0)
        told('is not laid out as the home page')
      if (pictured.includes(at)) {
        await page.waitForLoadState('networkidle')
        const path = join(pictures, `${at.replaceAll('/', '_')}-${size}-${scheme}.png`)
        await page.screenshot({ path, fullPage: named.includes(at) })
      }
    }
    await search(page, `${size}-${scheme}`)
    await context.close()
  }
}

for (const { from, to } of links) {
  const path = to.pathname.replace(/(index)?(\.html)?$/, '')
  const there = anchors.get(path)
  if (there === undefined && !existsSync(join(built, to.pathname)))
    faults.add(`${from}: no page ${to.pathname}`)
  else if (there !== undefined && to.hash !== '' && !there.has(decodeURIComponent(to.hash.slice(1)))) {
    faults.add(`${from}: no section ${to.pathname}${to.hash}`)
  }
}
await browser.close()
server.close()
for (const fault of faults) process.stderr.write(`${fault}\n`)
process.stdout.write(
  `${paths.length} pages, ${links.length} links, ${faults.size} faults; pictures in ${relative('.', pictures)}\n`,
)
process.exitCode = faults.size === 0 ? 0 : 1

async function gather(page: Page, at: string): Promise<void> {
  const ids = await page.locator('[id]').evaluateAll((all) => all.map((each) => each.id))
  const hrefs = await page
    .locator('a[href]')
    .evaluateAll((all) => all.map((each) => (each as unknown as { href: string }).href))
  anchors.set(at, new Set(ids))
  for (const href of hrefs) {
    const to = new URL(href)
    if (to.origin === origin) links.push({ from: at, to })
  }
}

/** Searching works without any service. */
async function search(page: Page, name: string): Promise<void> {
  await page.goto(`${origin}/settings.html`, { waitUntil: 'networkidle' })
  await page.keyboard.press('Control+k')
  await page.keyboard.type('dependent token')
  await page.locator('.rp-suggest-item', { hasText: 'Consent and dependent tokens' }).first().waitFor()
  await page.screenshot({ path: join(pictures, `search-${name}.png`) })
}
