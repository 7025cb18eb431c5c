import { signal } from '@preact/signals'
import { base } from './configuration.ts'

/** What is looked at. Each view has a URL that can be sent to a colleague. */
export type View = '' | 'provider' | 'run' | 'actions' | 'action'
export type Route = { view: string; query: URLSearchParams }

export const route = signal(read())

function read(): Route {
  return {
    view: location.pathname.slice(base.pathname.length),
    query: new URLSearchParams(location.search),
  }
}

/** The URL of a view. What is not given is left out. */
export function hrefOf(view: View, query: Record<string, string | undefined> = {}): string {
  const url = new URL(`./${view}`, base)
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value)
  // Addresses stand in queries as people read them.
  return url.href.replaceAll('%3A', ':').replaceAll('%2F', '/')
}

/** Goes to a view. `replace`: as another form of this one, to which nobody wants to go back. */
export function go(href: string, { replace = false } = {}): void {
  history[replace ? 'replaceState' : 'pushState'](null, '', href)
  const { view } = route.value
  route.value = read()
  if (route.value.view !== view) scrollTo(0, 0)
}

/** Takes the view from the address, where it was changed otherwise. */
export function readRoute(): void {
  route.value = read()
}

addEventListener('popstate', readRoute)
