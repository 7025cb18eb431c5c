import { html } from './html.ts'
import { page } from './page.ts'

/** Shows a native application's code, to be copied into it. */
export function codePageFor(code: string): string {
  return page(
    'Authorization code',
    html`<p>Copy this code into the application that sent you here. It can be used once, within ten minutes.</p>
<output id="auth-code" aria-label="Authorization code">${code}</output>
<p class="soft">Then you can close this page.</p>`,
  )
}
