import { signal } from '@preact/signals'
import type { PageCalls, ThreadCalls } from '../../thread/calls.ts'
import threadUrl from '../../thread/main.ts?worker&url'
import { type Call, peer } from '../../thread/peer.ts'
import { tokenFor } from '../sign-in/session.ts'

/** Providers that do not answer now, with the reason and the time of the next attempt. */
export const troubles = signal<Readonly<Record<string, { reason: string; until: number }>>>({})

const offered: PageCalls = {
  token: ({ provider, refused }) => tokenFor(provider, refused),
  trouble({ provider, reason, wait }) {
    const { [provider]: _, ...others } = troubles.value
    troubles.value =
      reason === undefined ? others : { ...others, [provider]: { reason, until: Date.now() + (wait ?? 0) } }
  },
}

let joined: Call<ThreadCalls> | undefined

/** Calls the thread, which starts with the first call. */
export const ask: Call<ThreadCalls> = (...call) => {
  joined ??= peer<ThreadCalls>(startWorker(threadUrl), offered)
  return joined(...call)
}

const policy = globalThis.trustedTypes?.createPolicy('thread', { createScriptURL: (url) => url })

/** Only the built-in addresses of threads pass through the Trusted Types policy. */
export function startWorker(url: string): Worker {
  const trusted = policy ? policy.createScriptURL(url) : url
  return new Worker(trusted as string, { type: 'module' })
}
