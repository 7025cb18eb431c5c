/** Text that is HTML already. Only {@link html} makes it, so what is not of this type gets escaped. */
export class Html {
  readonly markup: string

  constructor(markup: string) {
    this.markup = markup
  }
}

type Content = Html | string | number | null | undefined | false | readonly Content[]

/** Builds HTML: whatever is put in is escaped, unless it is HTML itself. */
export function html(literals: TemplateStringsArray, ...contents: Content[]): Html {
  return new Html(literals.map((literal, index) => literal + render(contents[index])).join(''))
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
