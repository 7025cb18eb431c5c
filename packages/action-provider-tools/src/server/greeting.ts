import { exampleInput } from '../input/example-input.ts'
import type { ActionProvider } from '../provider/define-action-provider.ts'
import type { DevelopmentGlobus } from './development-globus.ts'

/** A provider that serves. */
export type GreetedProvider = {
  /** Its action URL. */
  url: string
  provider: ActionProvider
  /** An input that the curl line of run sends (default: one made from the input schema). */
  exampleInput?: unknown
}

/**
 * What a program prints once it serves: the URL of each provider and, in development, how to try it. Only
 * lines to copy have more than 80 columns.
 *
 * @param globus the development Globus, if the program uses it
 * @example process.stdout.write(await greeting([{ url: 'http://localhost:5000/echo', provider: echo }]))
 */
export async function greeting(
  served: readonly GreetedProvider[],
  globus?: DevelopmentGlobus,
): Promise<string> {
  const lines = served.map(({ url, provider }) => `${provider.description.title} serves at ${url}`)
  if (globus) lines.push(...users(globus), ...(await trial(served, globus)))
  return `${lines.join('\n')}\n`
}

function users({ url, users }: DevelopmentGlobus): string[] {
  return [
    `The Globus emulator is its Globus Auth and Groups, at ${url}`,
    '',
    'Users and their tokens:',
    ...users.map(({ name, urn, token }) => `  ${name.padEnd(6)} ${token}\n         ${urn}`),
  ]
}

async function trial(served: readonly GreetedProvider[], globus: DevelopmentGlobus): Promise<string[]> {
  const [first] = served
  const [alice] = globus.users
  if (first === undefined || alice === undefined) return []
  const runs = await Promise.all(served.map(run))
  return [
    '',
    'Try it: paste these lines into another terminal.',
    '',
    `  TOKEN=${alice.token}`,
    ...runs.flat(),
    '',
    '  ACTION=<the action_id of an answer>',
    `  ${CALL} $URL/$ACTION/status`,
    `  ${CALL} -X POST $URL/$ACTION/cancel`,
    `  ${CALL} "$URL/actions?status=succeeded,failed"`,
    `  ${CALL} -X POST $URL/$ACTION/release`,
    '',
    'For the command line and the official SDKs:',
    '',
    `  export ACTION_URL=${first.url} \\`,
    `    GLOBUS_SDK_SERVICE_URL_AUTH=${globus.url}/ \\`,
    `    GLOBUS_SDK_SERVICE_URL_GROUPS=${globus.url}/`,
  ]
}

const CALL = 'curl -s -H "Authorization: Bearer $TOKEN"'

const NO_EXAMPLE = [
  'No input that the schema accepts is known: put yours in place of {},',
  'and give serve one as exampleInput.',
]

async function run({ url, provider, exampleInput: given }: GreetedProvider): Promise<string[]> {
  const input = await exampleInput(provider.input, given)
  const body = JSON.stringify({ request_id: 'some-id', body: input ?? {} }).replaceAll("'", "'\\''")
  return [
    '',
    ...(input === undefined ? [...NO_EXAMPLE, ''] : []),
    `  URL=${url}`,
    '  curl -s $URL/',
    `  ${CALL} $URL/run \\`,
    `    --data '${body}'`,
  ]
}
