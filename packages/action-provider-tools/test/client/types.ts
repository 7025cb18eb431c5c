/** What the compiler knows of a client. Nothing here runs: `npm run check` fails where a line is not as it says. */
import { authorization } from '@globus/sdk'
import Type from 'typebox'
import { z } from 'zod'
import type { watchasay } from '../../../../examples/watchasay/src/watchasay.ts'
import { type Action, type ActionDetails, connect, type Provider } from '../../src/client/index.ts'
import { type ActionStatus, defineActionProvider } from '../../src/index.ts'

type Same<One, Other> =
  (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false
const same = <One, Other>(_: Same<One, Other>): void => {}
type SentTo<P extends Provider<never, unknown>> = Parameters<P['run']>[0]
type Comes<P extends Provider<never, unknown>> = Extract<
  Awaited<ReturnType<ReturnType<P['action']>['status']>>,
  { status: 'SUCCEEDED' }
>['details']

const url = 'https://example.org/skeleton'
const description = { title: 'Typed', admin_contact: 'me@example.org', synchronous: true } as const

export async function ofADefinition(): Promise<void> {
  const provider = connect<typeof watchasay>(url, { token: 'token' })
  same<SentTo<typeof provider>, { input_string: string }>(true)
  same<Comes<typeof provider>, { you_said: string }>(true)
  const action = await provider.run({ input_string: 'hey' }, { label: 'nightly' })
  // @ts-expect-error: the schema names no such field
  await provider.run({ input_text: 'hey' })
  // @ts-expect-error: there is no such option
  await provider.run({ input_string: 'hey' }, { labels: 'nightly' })
  const done = await action.finished()
  // @ts-expect-error: an action that failed has other details
  done.details.you_said
  if (done.status === 'SUCCEEDED') same<typeof done.details, { you_said: string }>(true)
  if (done.status === 'FAILED') same<typeof done.details, ActionDetails>(true)
  same<typeof done extends ActionStatus ? true : false, true>(true)
  for await (const each of provider.actions({ status: 'all', role: ['creator_id'] }))
    same<typeof each, Action<{ you_said: string }>>(true)
  // @ts-expect-error: nobody is that to an action
  provider.actions({ role: 'owner' })
}

export function ofKindsOfDefinitions(): void {
  const typed = defineActionProvider({
    description,
    input: Type.Object({ count: Type.Integer() }),
    run: async ({ input }) => ({ twice: input.count * 2 }),
  })
  const withTypeBox = connect<typeof typed>(url)
  same<SentTo<typeof withTypeBox>, { count: number }>(true)
  same<Comes<typeof withTypeBox>, { twice: number }>(true)

  const zodded = defineActionProvider({
    description,
    input: z.object({ count: z.int().default(1), text: z.string().transform((text) => text.length) }),
    run: ({ input }) => ({ product: input.count * input.text }),
  })
  const withZod = connect<typeof zodded>(url)
  same<SentTo<typeof withZod>, { count?: number | undefined; text: string }>(true)
  same<Comes<typeof withZod>, { product: number }>(true)

  const remote = defineActionProvider({
    description: { ...description, synchronous: false },
    input: Type.Object({ job: Type.String() }),
    start: ({ input }) => input.job,
    poll: () => ({ done: { output: 'file' } }),
  })
  const withRemote = connect<typeof remote>(url)
  same<SentTo<typeof withRemote>, { job: string }>(true)
  same<Comes<typeof withRemote>, { output: string }>(true)

  const untyped = connect(url)
  same<SentTo<typeof untyped>, Record<string, unknown>>(true)
  same<Comes<typeof untyped>, ActionDetails>(true)
}

export async function ofSchemas(): Promise<void> {
  const input = z.object({ text: z.string() })
  const details = z.object({ at: z.iso.datetime().transform((text) => new Date(text)) })
  const both = connect(url, { token: 'token', input, details })
  same<SentTo<typeof both>, { text: string }>(true)
  same<Comes<typeof both>, { at: Date }>(true)
  const one = connect(url, { details })
  same<SentTo<typeof one>, Record<string, unknown>>(true)
  same<Comes<typeof one>, { at: Date }>(true)
  // @ts-expect-error: the schema takes a text
  await both.run({ text: 1 })
}

export function ofCallers(): void {
  connect(url, { getToken: async ({ refused }) => (refused === undefined ? 'first' : 'second') })
  const manager = authorization.create({ client: 'id', redirect: url, scopes: 'scope' })
  connect(url, { manager, scope: 'scope' })
  // @ts-expect-error: which of a manager's tokens goes to this provider is not the provider's to say
  connect(url, { manager })
  // @ts-expect-error: one or the other
  connect(url, { token: 'token', getToken: () => 'token' })
}
