import { ServiceUnavailable, TemporaryFailure } from 'action-provider-tools'
import type { Counts, Service } from './service.ts'

/** Where the service is, and the token that it wants. */
export type RestOptions = { url: string; token: string }

/**
 * A service by HTTP: `POST /orders` takes an order and answers with its id, `GET /orders/<id>/result` has what came of it, `DELETE
 * /orders/<id>` gives it up. What it answers with 5xx is tried again.
 */
export function restService({ url, token }: RestOptions): Service {
  async function ask(
    method: string,
    path: string,
    signal: AbortSignal,
    sent: { body?: string; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...sent.headers }
    const answer = await fetch(new URL(path, url), { ...sent, method, headers, signal }).catch(
      (error: unknown) => {
        // An interruption is no outage.
        if (signal.aborted) throw error
        throw new ServiceUnavailable('The service cannot be reached')
      },
    )
    if (answer.status >= 500) throw new TemporaryFailure(`The service answered ${answer.status}`)
    return answer
  }

  async function result<T>(answer: Response): Promise<T> {
    if (!answer.ok) throw new Error(`The service answered ${answer.status}: ${await answer.text()}`)
    return (await answer.json()) as T
  }

  return {
    async submit(order, key, signal) {
      const sent = { body: JSON.stringify(order), headers: { 'idempotency-key': key } }
      return result<{ id: string }>(await ask('POST', '/orders', signal, sent))
    },
    async collect(id, signal) {
      return result<Counts>(await ask('GET', `/orders/${encodeURIComponent(id)}/result`, signal))
    },
    async withdraw(id, signal) {
      const answer = await ask('DELETE', `/orders/${encodeURIComponent(id)}`, signal)
      if (!answer.ok && answer.status !== 404) throw new Error(`The service answered ${answer.status}`)
    },
  }
}
