import { ActionFailed, defineActionProvider, WaitTimeout } from 'action-provider-tools'
import Type from 'typebox'
import type { Service } from './service.ts'

const Input = Type.Object(
  { text: Type.String({ description: 'What to count the words of', examples: ['to be or not to be'] }) },
  { additionalProperties: false },
)

/** What the service sends to the callback URL. Anything else is refused, and the work waits on. */
const Done = Type.Object(
  { ok: Type.Boolean(), reason: Type.Optional(Type.String({ maxLength: 1_000 })) },
  { additionalProperties: false },
)

/** Each request to the service is tried again, also after a restart, and may take a minute. */
const request = { retry: { limit: 10 }, timeout: { minutes: 1 } }

/**
 * Submits an order to a service, waits until the service calls back, and collects the result. Whoever holds the callback URL may send
 * the event, so it says only that the order is done: the result comes from the service itself.
 */
export const providerOf = (service: Service) =>
  defineActionProvider({
    namespace: '__name__',
    description: {
      title: '__title__',
      subtitle: 'Counts words by a service that calls back',
      admin_contact: 'you@example.org',
      synchronous: false,
      visible_to: ['public'],
      runnable_by: ['all_authenticated_users'],
    },
    input: Input,
    async run({ input, step, waitFor, callbackUrl }) {
      const order = { text: input.text, callback: callbackUrl('done') }
      const { id } = await step(
        'submit',
        ({ idempotencyKey, signal }) => service.submit(order, idempotencyKey, signal),
        request,
      )
      try {
        const { ok, reason } = await waitFor('done', { schema: Done, timeout: { days: 2 } })
        if (!ok)
          throw new ActionFailed({ code: 'NotDone', description: reason ?? 'The service gave no reason' })
      } catch (error) {
        if (error instanceof WaitTimeout) {
          await step('withdraw', ({ signal }) => service.withdraw(id, signal), request)
        }
        throw error
      }
      const counts = await step('collect', ({ signal }) => service.collect(id, signal), request)
      return { order: id, counts }
    },
  })
