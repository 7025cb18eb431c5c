import { html } from './html.ts'
import { page } from './page.ts'

/** A page that only says something, and leads on to an address if it is given one. */
export function messagePage(title: string, text: string, onward?: { address: string; name: string }): string {
  return page(
    title,
    html`<p>${text}</p>
${onward && html`<p><a href="${onward.address}">Continue to ${onward.name}</a></p>`}`,
  )
}
