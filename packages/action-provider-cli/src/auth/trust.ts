import type { Trust } from '../client/provider.ts'
import { refusedError } from '../errors.ts'
import { printable } from '../output/printable.ts'
import { tableLines } from '../output/table.ts'
import type { Terminal } from '../output/terminal.ts'
import { type Login, providerKey, type TokenStore } from './token-store.ts'

/** How to ask the user. */
export type TrustOptions = {
  terminal: Terminal
  store: TokenStore
  /** Set by --trust: the user agrees in advance. */
  given: boolean
  /** What to do if nobody can be asked. */
  advice: (provider: URL) => string
}

/**
 * Makes the check that runs before a token is first sent to a provider: the user must agree once for each
 * base URL and scope. This matters because a URL can name the scope of any other provider: if the user has
 * consented to that scope before, Globus issues a token without asking again.
 */
export function askingTrust({ terminal, store, given, advice }: TrustOptions): Trust {
  const known = new Set<string>()
  return async ({ provider, scope, namedBy }) => {
    const key = providerKey(provider)
    if (known.has(`${key} ${scope}`)) return
    const login = await store.read()
    if (!isTrusted(login, key, scope)) {
      const asked = {
        url: printable(key),
        host: printable(provider.host),
        scope: printable(scope),
        from: knownFrom(login, scope, namedBy),
      }
      if (!given) await ask(terminal, asked, advice(provider))
      await store.update(async (current) => {
        current.trusted = [...(current.trusted ?? []), { provider: key, scope }]
      })
    }
    known.add(`${key} ${scope}`)
  }
}

/** Whether the user agreed that a token for this scope may go to this provider. */
function isTrusted({ trusted = [] }: Login, key: string, scope: string): boolean {
  return trusted.some((each) => each.provider === key && each.scope === scope)
}

/** The trusted providers with this scope, for the question. A hostile URL cannot add itself to them. */
function knownFrom({ trusted = [] }: Login, scope: string, namedBy: 'provider' | 'caller'): string {
  const others = trusted.flatMap((each) => (each.scope === scope ? [printable(each.provider)] : []))
  const self = namedBy === 'caller' ? '--action-scope' : 'this URL'
  return others.length === 0 ? `${self} alone` : `${others.join(', ')}, and ${self}`
}

type Asked = { url: string; host: string; scope: string; from: string }

/** @throws CommandError if the user refuses or nobody can be asked */
async function ask(terminal: Terminal, { url, host, scope, from }: Asked, advice: string): Promise<void> {
  if (!terminal.interactive) {
    throw refusedError(
      `No token was sent to ${url}, which is new to you: the host ${host} wants one for the scope ${scope}, known from ${from}. ${advice}`,
    )
  }
  const fields = [
    ['Host', host],
    ['Scope', scope],
    ['Known from', from],
  ] as const
  const lines = tableLines({ kind: 'fields', fields }, process.stderr.columns || 80)
  terminal.warn([`${url} is new to you, and wants a token.`, ...lines].join('\n'))
  if (!(await terminal.confirm(`With it, ${host} can act as you there. Send it?`))) {
    throw refusedError(`No token was sent to ${url}`)
  }
}
