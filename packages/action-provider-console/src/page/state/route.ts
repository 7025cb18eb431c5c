import { signal } from '@preact/signals'
import { base } from './configuration.ts'

/** The current view. Each view has a URL that can be sent to a colleague. */
export type View = '' | 'provider' | 'run' | 'actions' | 'action'
export type Route = { view: string; query: URLSearchParams }

export const route = signal(read())

function read(): Route {
  return {
    view: location.pathname.slice(base.pathname.length),
    query: new URLSearchParams(location.search),
  }
}

/** The URL of a view, without empty parameters. */
export function hrefOf(view: View, query: Record<string, string | undefined> = {}): string {
  const url = new URL(`./${view}`, base)
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value)
  // Keeps addresses in queries readable.
  return url.href.replaceAll('%3A', ':').replaceAll('%2F', '/')
}

/** Goes to a view. `replace`: without a new entry in the history. */
export function go(href: string, { replace = false } = {}): void {
  history[replace ? 'replaceState' : 'pushState'](null, '', href)
  const { view } = route.value
  route.value = read()
  if (route.value.view !== view) scrollTo(0, 0)
}

/** Reads the view from the address after another change. */
export function readRoute(): void {
  route.value = read()
}

addEventListener('popstate', readRoute)
