import type { ComponentChildren, JSX } from 'preact'
import { go } from '../state/route.ts'

type LinkProps = {
  href: string
  children: ComponentChildren
  class?: string
  'aria-label'?: string
  'aria-current'?: 'page' | 'true' | undefined
}

/** A link to a view, in this tab unless a key asks for another. */
export function Link({ href, children, ...rest }: LinkProps): JSX.Element {
  function follow(event: MouseEvent): void {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    go(href)
  }
  return (
    <a {...rest} href={href} onClick={follow}>
      {children}
    </a>
  )
}

/** A link from a provider; only its text if it is not a web or mail address. */
export function ForeignLink({ href, children }: { href: string; children: ComponentChildren }): JSX.Element {
  const url = URL.parse(href)
  if (url === null || !/^(https?|mailto):$/.test(url.protocol)) return <span>{children}</span>
  return (
    <a href={url.href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  )
}
