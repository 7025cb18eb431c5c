/**
 * What stands in for a browser where a test needs none: `node browser.ts <user> <allow|deny|allow-whoever> <file> <url>` logs in at the
 * emulator's pages as that user, decides on consent, and goes wherever it is sent. Into the file, unless it is `-`,
 * it writes which scopes the consent page asked for.
 */
import { appendFile } from 'node:fs/promises'

const [user = '', decision = 'allow', file = '', address = ''] = process.argv.slice(2)
let cookie = ''
const start = new URL(address)
// A browser that does not heed whom the login is for, as one could whose user edits the address.
if (decision === 'allow-whoever') start.searchParams.delete('session_required_identities')
let page = await go(start.href)
const button = page.text
  .match(/<button[^>]*name="identity"[^>]*value="[^"]*"[\s\S]*?<\/button>/g)
  ?.find((each) => each.includes(`<small>${user}@`))
const identity = button?.match(/value="([^"]*)"/)?.[1]
if (identity !== undefined) {
  page = await submit(page, '/v2/web/login', { destination: field(page.text, 'destination'), identity })
}
if (page.text.includes('action="/v2/web/consent"')) {
  const asked = [...page.text.matchAll(/<code>([^<]*)<\/code>/g)].map(([, scope]) => unescaped(scope ?? ''))
  if (file !== '-') await appendFile(file, `${asked.join(' ')}\n`)
  page = await submit(page, '/v2/web/consent', {
    request: field(page.text, 'request'),
    identity: field(page.text, 'identity'),
    decision: decision.replace(/-.*/, ''),
  })
}

process.stdout.write(page.text)

async function submit(from: { url: string }, path: string, form: Record<string, string>) {
  return go(new URL(path, from.url).href, { method: 'POST', body: new URLSearchParams(form) })
}

async function go(url: string, init: RequestInit = {}): Promise<{ url: string; text: string }> {
  const response = await fetch(url, { ...init, headers: { cookie }, redirect: 'manual' })
  const set = response.headers.getSetCookie().findLast((each) => /=[^;]/.test(each))
  if (set !== undefined) cookie = set.replace(/;.*/, '')
  const location = response.headers.get('location')
  if (location !== null) return go(new URL(location, url).href)
  return { url, text: await response.text() }
}

function field(page: string, name: string): string {
  return unescaped(page.match(new RegExp(`name="${name}" value="([^"]*)"`))?.[1] ?? '')
}

function unescaped(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
