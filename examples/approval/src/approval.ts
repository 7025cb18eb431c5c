import { ActionFailed, defineActionProvider } from 'action-provider-tools'

/** What somebody wants to publish. */
export type Draft = {
  title: string
  submitted_by: string | undefined
  /** Where the repository, or whoever reviews for it, sends the decision. It needs no token. */
  answer_at: string
}

/** The system that publishes, as far as the provider needs it. */
export type Repository = {
  /** Keeps a draft for review. A key that it knows already is the same draft. */
  submit: (draft: Draft, key: string) => Promise<{ id: string }>
  publish: (id: string, options: { signal: AbortSignal }) => Promise<{ location: string }>
  withdraw: (id: string) => Promise<void>
}

const Input = {
  title: 'Publish with approval',
  type: 'object',
  properties: { title: { type: 'string', minLength: 1, maxLength: 200 } },
  required: ['title'],
  additionalProperties: false,
} as const

/** The event that decides. */
const Approval = {
  type: 'object',
  properties: { approved: { type: 'boolean' }, reason: { type: 'string', maxLength: 1_000 } },
  required: ['approved'],
  additionalProperties: false,
} as const

/** Publishes what is approved within two weeks, by a manager of the action or by an outside system. */
export const approval = (repository: Repository) =>
  defineActionProvider({
    description: {
      title: 'Approval',
      subtitle: 'Publishes what somebody approves',
      admin_contact: 'support@globus.org',
      synchronous: false,
      visible_to: ['public'],
    },
    input: Input,
    answerWithin: 0,
    run: async ({ input, auth, step, waitFor, callbackUrl }) => {
      const answer_at = callbackUrl('approval')
      const { id } = await step(
        'submit',
        ({ idempotencyKey }) =>
          repository.submit({ title: input.title, submitted_by: auth.username, answer_at }, idempotencyKey),
        { retry: { limit: 10 } },
      )
      const withdraw = () => step('withdraw', () => repository.withdraw(id), { retry: { limit: 10 } })
      try {
        const { approved, reason } = await waitFor('approval', { schema: Approval, timeout: { days: 14 } })
        if (!approved)
          throw new ActionFailed({ code: 'Refused', description: reason ?? 'It was not approved' })
      } catch (error) {
        // Refused; or nobody decided: WaitTimeout is an ActionFailed too.
        if (error instanceof ActionFailed) await withdraw()
        throw error
      }
      return step('collect', ({ signal }) => repository.publish(id, { signal }), {
        retry: { limit: 10 },
        timeout: { minutes: 2 },
      })
    },
  })
