import type { User, UserGroup } from './administration/administration.ts'
import { formatDuration } from './duration.ts'

type Running = {
  url: string
  users: readonly User[]
  groups: readonly UserGroup[]
  stateFile: string | undefined
  tokenLifetime: number
}

/** What the emulator says when it runs: its address on the first line, then how to use it. */
export function greeting({ url, users, groups, stateFile, tokenLifetime }: Running): string {
  const width = Math.max(...users.map(({ username }) => username.length), 0)
  const people = users.map(({ username, name, id }) => `  ${username.padEnd(width)}  ${id}  ${name}`)
  const memberships = groups.map(
    ({ name, id, members }) => `  ${name}  ${id}  ${members.map(({ username }) => username).join(', ')}`,
  )
  return `Globus emulator at ${url}
It is no Globus: anybody on this machine can log in as anybody. For development and tests only.

Point clients at it (the official Python and JavaScript SDKs, and this project's programs):
  export GLOBUS_SDK_SERVICE_URL_AUTH=${url}/
  export GLOBUS_SDK_SERVICE_URL_GROUPS=${url}/

Users, who log in without a password:
${people.join('\n')}

Groups and their members:
${memberships.join('\n')}

${stateFile === undefined ? 'Everything is forgotten at the end' : `Clients, consents and tokens are kept in ${stateFile}`}; access tokens live ${formatDuration(tokenLifetime)}.
Press Ctrl-C to end.
`
}
