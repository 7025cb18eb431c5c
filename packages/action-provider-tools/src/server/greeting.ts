import type { DevelopmentGlobus, DevelopmentUser } from './development-globus.ts'

/**
 * The text that is printed once a provider serves: its URL and, in development, how to try it.
 * @param exampleInput an input that the schema accepts; `undefined` where none is known
 */
export function greeting(
  url: string,
  title: string,
  exampleInput: unknown,
  globus?: DevelopmentGlobus,
): string {
  const lines = [`${title} serves at ${url}`]
  if (globus === undefined) return `${lines.join('\n')}\n`
  const [alice] = globus.users
  lines.push(
    `The Globus emulator stands in for Globus Auth and Groups at ${globus.url}`,
    '',
    'Users and their tokens:',
    ...globus.users.map(({ name, urn, token }) => `  ${name.padEnd(6)} ${token}\n         ${urn}`),
    '',
    ...(alice ? trial(url, globus.url, exampleInput, alice) : []),
  )
  return `${lines.join('\n')}\n`
}

const NO_EXAMPLE =
  'No input that the schema accepts is known: put yours in place of {}, and give serve one as exampleInput.'

function trial(url: string, globus: string, exampleInput: unknown, user: DevelopmentUser): string[] {
  const body = JSON.stringify({ request_id: 'some-id', body: exampleInput ?? {} }).replaceAll("'", "'\\''")
  const call = 'curl -s -H "Authorization: Bearer $TOKEN"'
  return [
    'Try it: paste these lines into another terminal.',
    ...(exampleInput === undefined ? [NO_EXAMPLE] : []),
    '',
    `  curl -s ${url}/`,
    '',
    `  TOKEN=${user.token}`,
    `  ${call} ${url}/run --data '${body}'`,
    '',
    '  ACTION=<the action_id of the answer>',
    `  ${call} ${url}/$ACTION/status`,
    `  ${call} -X POST ${url}/$ACTION/cancel`,
    `  ${call} "${url}/actions?status=succeeded,failed"`,
    `  ${call} -X POST ${url}/$ACTION/release`,
    '',
    'For the command line and the official SDKs:',
    '',
    `  export ACTION_URL=${url} GLOBUS_SDK_SERVICE_URL_AUTH=${globus}/ GLOBUS_SDK_SERVICE_URL_GROUPS=${globus}/`,
  ]
}
