import { createHash } from 'node:crypto'

/** Text that is HTML. Only `html` makes it, so all other text gets escaped. */
export class Html {
  readonly markup: string

  constructor(markup: string) {
    this.markup = markup
  }
}

type Content = Html | string | number | null | undefined | false | readonly Content[]

/** Builds HTML. Escapes all values that are not HTML. */
export function html(literals: TemplateStringsArray, ...contents: Content[]): Html {
  return new Html(literals.map((literal, index) => literal + render(contents[index])).join(''))
}

const style = `
:root { color-scheme: light dark; --ink: #1c2733; --paper: #fff; --field: #f3f6f9; --edge: #c8d2dc; --accent: #1f5fa8; --soft: #52616f; --warn: #fff3cd; --warn-ink: #5c4400 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #151b22; --field: #1e2730; --edge: #3a4653; --accent: #7db4f0; --soft: #a3b1bf; --warn: #3d3210; --warn-ink: #ffe7a3 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--field); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
.notice { margin: 0; padding: .6rem 1rem; background: var(--warn); color: var(--warn-ink); text-align: center; font-size: .9rem }
main { width: min(40rem, 100% - 2rem); margin: clamp(1rem, 4vw, 2rem) auto; padding: clamp(1rem, 4vw, 2rem); background: var(--paper); border: 1px solid var(--edge); border-radius: .5rem }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; line-height: 1.25 }
h2 { margin: 1.5rem 0 .5rem; font-size: 1.1rem }
ul { margin: .5rem 0; padding-left: 1.25rem }
ul.plain { padding: 0; list-style: none }
li { margin: .5rem 0 }
small, .soft { color: var(--soft); font-size: .875rem }
code, output { font-family: ui-monospace, monospace; overflow-wrap: anywhere }
code { font-size: .8125rem }
small code { font-size: .75rem }
small { display: block; line-height: 1.4 }
output { display: block; margin: 1rem 0; padding: 1rem; background: var(--field); border: 1px solid var(--edge); border-radius: .375rem; user-select: all }
button { font: inherit; padding: .55rem 1.1rem; border: 1px solid var(--accent); border-radius: .375rem; background: var(--paper); color: var(--accent); cursor: pointer }
button.first { background: var(--accent); color: var(--paper) }
button.row { display: block; width: 100%; text-align: left; border-color: var(--edge); color: inherit }
button.small { padding: .15rem .7rem; font-size: .875rem; margin-top: .35rem }
button:hover { border-color: var(--ink) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
label { display: block; margin: 1rem 0 .25rem }
input { width: 100%; font: inherit; padding: .5rem; border: 1px solid var(--edge); border-radius: .375rem; background: var(--paper); color: inherit }
.choice { display: flex; gap: .75rem; margin-top: 1.5rem }
a { color: var(--accent) }
`

/** The headers of every page: it may load only its own style, and no page may frame it. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
}

/** A whole page. Each says that this is not Globus. */
export function page(title: string, content: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – Globus emulator</title>
<style>${new Html(style)}</style>
</head>
<body>
<p class="notice" role="note"><strong>This is not Globus.</strong> It is an emulator on this machine, for development and tests. Never enter a real password.</p>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`.markup
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function render(content: Content): string {
  if (content === null || content === undefined || content === false) return ''
  if (content instanceof Html) return content.markup
  if (typeof content === 'object') return content.map(render).join('')
  return String(content).replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
