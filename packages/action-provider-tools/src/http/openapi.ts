import type { FastifyInstance } from 'fastify'
import type { Auth } from '../auth/auth.ts'
import { exampleInput } from '../input/example-input.ts'
import { openApiDocument } from '../openapi/openapi-document.ts'
import type { Operations } from '../operations/operations.ts'
import type { ActionProvider } from '../provider/define-action-provider.ts'
import type { Awaitable } from '../store/action-store.ts'
import { loadOf } from './load.ts'
import { ROUTES } from './routes.ts'

/** The OpenAPI document of a served provider, as JSON text. It is made once, when it is first asked for. */
export function openApiOf(
  app: FastifyInstance,
  provider: ActionProvider,
  auth: Auth,
  { resume, log, enumerate, ended, follow }: Operations,
): () => Awaitable<string> {
  const { resume: resumeRoutes, log: logRoutes, updates, enumerate: enumerateRoutes, ...routes } = ROUTES
  const make = async (): Promise<string> => {
    // The example is optional: the author's own check may throw on a generated input.
    const example = await exampleInput(provider.input).catch(() => undefined)
    return JSON.stringify(
      openApiDocument({
        description: provider.describe(auth.scope),
        routes: {
          ...routes,
          ...(resume && { resume: resumeRoutes }),
          ...(log && { log: logRoutes }),
          ...(follow && { updates }),
          ...(enumerate && { enumerate: enumerateRoutes }),
        },
        additionalScopes: provider.additionalScopes,
        ...(auth.authUrl !== undefined && { authUrl: auth.authUrl }),
        limited: loadOf(app) !== undefined,
        waits: ended !== undefined,
        ownErrors: provider.hooks.before !== undefined || provider.work.kind === 'callbacks',
        ...(example !== undefined && { exampleInput: example }),
      }),
    )
  }
  let made: string | Promise<string> | undefined
  const keep = (text: string): string => {
    made = text
    return text
  }
  return () => {
    made ??= make().then(keep)
    return made
  }
}
