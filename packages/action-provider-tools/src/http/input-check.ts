import type { FastifyInstance } from 'fastify'
import { type CheckThreads, createCheckThreads } from '../input/check-threads.ts'
import type { CheckedInput } from '../input/input-schema.ts'
import type { ActionProvider } from '../provider/define-action-provider.ts'

/** Checks the body of a request. */
export type InputCheck = (
  body: unknown,
  caller: string,
) => CheckedInput<unknown> | Promise<CheckedInput<unknown>>

/**
 * The check of a provider's input: at once, or in the application's threads where even a small body may take
 * long.
 */
export function inputCheck(
  app: FastifyInstance,
  { input, showInputInErrors: showInput }: ActionProvider,
): InputCheck {
  if (!input.mayTakeLong) return (body) => input.validate(body, { showInput })
  const check = threadsOf(app).checkOf(input.json_schema)
  return (body, caller) => check(body, { caller, showInput })
}

/** The threads of an application, which all its providers share. */
const threads = new WeakMap<object, CheckThreads>()

function threadsOf(app: FastifyInstance): CheckThreads {
  const known = threads.get(app.server)
  if (known) return known
  const created = createCheckThreads()
  threads.set(app.server, created)
  app.addHook('onClose', () => created.close())
  return created
}
