import type { Writable } from 'node:stream'
import type { FastifyBaseLogger } from 'fastify'
import { formatDuration } from './duration.ts'
import { type Emulator, type EmulatorOptions, startEmulator } from './emulator.ts'

/**
 * Starts an emulator, prints its address and who can log in, and runs it until the process gets SIGINT or
 * SIGTERM.
 *
 * @param output where to print
 * @throws what `startEmulator` throws
 */
export async function runEmulator(
  options: EmulatorOptions,
  output: Writable = process.stdout,
): Promise<void> {
  const emulator = await startEmulator(options)
  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  output.write(await greeting(emulator, options))
  await ended
  await emulator.close()
}

/** A log with a line for each answer, and for each failure of the emulator. Queries and bodies stay out. */
export function requestLog(output: Writable): FastifyBaseLogger {
  const silent = (): void => {}
  const answered = (entry: unknown): void => {
    const { method, path, status, milliseconds, reason } = entry as Record<string, unknown>
    if (method === undefined) return
    output.write(`${method} ${path} ${status} in ${milliseconds} ms${reason ? `: ${reason}` : ''}\n`)
  }
  const failed = (entry: unknown): void => {
    const { error } = entry as { error?: unknown }
    output.write(`${error instanceof Error ? error.stack : String(error ?? entry)}\n`)
  }
  const log: FastifyBaseLogger = {
    level: 'info',
    trace: silent,
    debug: silent,
    info: answered,
    warn: silent,
    error: failed,
    fatal: failed,
    silent,
    child: () => log,
  }
  return log
}

/** The address on the first line, then how to use it. */
async function greeting(emulator: Emulator, options: EmulatorOptions): Promise<string> {
  const { url } = emulator
  const { stateFile, tokenLifetime = 172_800 } = options
  const [users, groups] = await Promise.all([emulator.users(), emulator.groups()])
  const width = Math.max(...users.map(({ username }) => username.length), 0)
  const people = users.map(({ username, name, id }) => `  ${username.padEnd(width)}  ${id}  ${name}`)
  const widest = Math.max(...groups.map(({ name }) => name.length), 0)
  const memberships = groups.map(({ name, id, members }) => {
    const named = members.map(({ username, status }) =>
      status === 'active' ? username : `${username} (${status})`,
    )
    return `  ${name.padEnd(widest)}  ${id}  ${named.join(', ')}`
  })
  const kept =
    stateFile === undefined
      ? 'The emulator forgets everything when it ends.'
      : `Clients, consents and tokens are kept in ${stateFile}.`
  return `Globus emulator at ${url}
This is not Globus: anybody on this machine can log in as anybody. Use it for development and tests only.

Set these for the programs that shall use it:
  export GLOBUS_SDK_SERVICE_URL_AUTH=${url}/
  export GLOBUS_SDK_SERVICE_URL_GROUPS=${url}/

Users, who log in without a password:
${people.join('\n')}

${groups.length > 0 ? `Groups and their members:\n${memberships.join('\n')}\n\n` : ''}Access tokens live ${formatDuration(tokenLifetime)}. ${kept}
Press Ctrl-C to end.
`
}
