import { html } from './html.ts'
import { page } from './page.ts'

/** A page that only says something. */
export function messagePage(title: string, text: string): string {
  return page(title, html`<p>${text}</p>`)
}
