import { signal } from '@preact/signals'
import type { PageCalls, ThreadCalls } from '../../thread/calls.ts'
import threadUrl from '../../thread/main.ts?worker&url'
import { type Call, peer } from '../../thread/peer.ts'
import { tokenFor } from '../sign-in/session.ts'

/** Where providers that do not answer now are told, with what is done about it. */
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

/** Asks the thread. It starts when it is first needed. */
export const ask: Call<ThreadCalls> = (...call) => {
  joined ??= peer<ThreadCalls>(startWorker(threadUrl), offered)
  return joined(...call)
}

const policy = globalThis.trustedTypes?.createPolicy('thread', { createScriptURL: (url) => url })

/** The policy of the page takes no other address for a script than those that are built into it. */
export function startWorker(url: string): Worker {
  const trusted = policy ? policy.createScriptURL(url) : url
  return new Worker(trusted as string, { type: 'module' })
}
