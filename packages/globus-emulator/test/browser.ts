/** What a browser shows: where it ended up, and the page there. Of another site only the address is known. */
export type Page = { url: URL; status: number; html: string }

/** A browser without JavaScript: it keeps cookies, follows redirects within the emulator, and submits forms. */
export type Browser = {
  open(url: string | URL): Promise<Page>
  /** Presses the button with this text on a page, with these fields filled in. */
  press(page: Page, button: string | RegExp, fields?: Record<string, string>): Promise<Page>
  cookies: Map<string, string>
}

export function startBrowser(): Browser {
  const cookies = new Map<string, string>()

  const load = async (url: URL, init: RequestInit): Promise<Page> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { ...init.headers, ...(cookie ? { cookie } : {}) },
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value) cookies.set(name, value)
      else cookies.delete(name)
    }
    const location = response.headers.get('location')
    if (location === null) return { url, status: response.status, html: await response.text() }
    await response.body?.cancel()
    const next = new URL(location, url)
    return next.origin === url.origin ? load(next, {}) : { url: next, status: response.status, html: '' }
  }

  return {
    cookies,
    open: (url) => load(new URL(url), {}),
    press(page, button, fields = {}) {
      const { action, form } = formWith(page.html, button)
      return load(new URL(action, page.url), {
        method: 'POST',
        headers: { origin: page.url.origin },
        body: new URLSearchParams({ ...form, ...fields }),
      })
    },
  }
}

function formWith(html: string, text: string | RegExp): { action: string; form: Record<string, string> } {
  for (const [, attributes = '', content = ''] of html.matchAll(/<form([^>]*)>(.*?)<\/form>/gs)) {
    const buttons = [...content.matchAll(/<button([^>]*)>(.*?)<\/button>/gs)]
    const pressed = buttons.find(([, , label = '']) => {
      const shown = decode(label.replaceAll(/<[^>]*>/g, ' '))
      return typeof text === 'string' ? shown.includes(text) : text.test(shown)
    })
    if (!pressed) continue
    const inputs = [...content.matchAll(/<input([^>]*)>/g)].map(([, input = '']) => input)
    const named = [...inputs, pressed[1] ?? ''].map((tag) => [
      attribute(tag, 'name'),
      attribute(tag, 'value'),
    ])
    return {
      action: attribute(attributes, 'action'),
      form: Object.fromEntries(named.filter(([name]) => name)),
    }
  }
  throw new Error(`no button ${text} on this page:\n${html}`)
}

function attribute(tag: string, name: string): string {
  return decode(new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(tag)?.[1] ?? '')
}

const entities: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
}

function decode(text: string): string {
  return text.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity] ?? entity)
}
