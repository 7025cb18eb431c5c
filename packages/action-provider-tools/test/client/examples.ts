/** The examples of docs/client.md, as functions: `npm run check` reads them, and a test compares. */
import { authorization } from '@globus/sdk'
import { z } from 'zod'
import type { watchasay } from '../../../../examples/watchasay/src/watchasay.ts'
import { ActionConflict, connect, NetworkFailure, ServiceUnavailable } from '../../src/client/index.ts'

declare const url: string
declare const token: string
declare const id: string
declare const signal: AbortSignal
declare const tell: (text: unknown) => void

export async function first(): Promise<void> {
  const provider = connect<typeof watchasay>(url, { token })
  const action = await provider.run({ input_string: 'hey' }, { label: 'nightly' })
  const done = await action.finished({ signal, onProgress: (status) => tell(status.display_status) })
  if (done.status === 'SUCCEEDED') tell(done.details.you_said)
}

export async function listed(): Promise<void> {
  const provider = connect(url, { token })

  for await (const action of provider.actions({ status: 'all', role: ['creator_id'] })) tell(action.latest)

  const action = provider.action(id)
  for await (const entry of action.log({ follow: true })) tell(entry.description)

  for await (const update of action.updates()) {
    tell(update.type === 'log' ? update.entry.description : update.status.display_status)
  }
}

export async function typed(): Promise<void> {
  const input = z.object({ input_string: z.string() })
  const details = z.object({ you_said: z.string() })
  const provider = connect(url, { token, input, details })
  await provider.run({ input_string: 'hey' })
}

export async function callers(renew: (refused?: string) => Promise<string>): Promise<void> {
  connect(url, { getToken: ({ refused }) => renew(refused) })

  const scope = 'https://auth.globus.org/scopes/00000000-0000-4000-8000-000000000000/action_all'
  const manager = authorization.create({ client: 'your client id', redirect: location.href, scopes: scope })
  connect(url, { manager, scope })
}
declare const location: { href: string }

export async function errors(): Promise<void> {
  const action = connect(url, { token }).action(id)
  try {
    await action.release()
  } catch (error) {
    if (error instanceof ActionConflict) await action.cancel()
    else if (error instanceof ServiceUnavailable) tell(`Come again in ${error.retryAfter} seconds`)
    else if (error instanceof NetworkFailure) tell(error.message)
    else throw error
  }
}
