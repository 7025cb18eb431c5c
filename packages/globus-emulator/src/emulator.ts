import type { AddressInfo } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import type { Administration } from './administration/administration.ts'
import { administer } from './administration/operations.ts'
import { noFaults } from './faults.ts'
import { isLoopback } from './request.ts'
import { createServer } from './server.ts'
import type { Service } from './service.ts'
import { keepState, loadState } from './state/file.ts'
import { type Seed, stateFromSeed } from './state/seed.ts'

export type EmulatorOptions = {
  /** A loopback name or address; `127.0.0.1` without it. */
  host?: string
  /** 5001 without it; 0 takes any port that is free. */
  port?: number
  /** A seed, or the path of a JSON file with one. */
  seed?: Seed | string
  /** Keeps clients, consents and tokens in this file from one run to the next. */
  stateFile?: string
  /** Seconds that access tokens live; 172800 (two days) without it. */
  tokenLifetime?: number
  /** Where to log; nowhere without it. */
  log?: FastifyBaseLogger | false
}

/** A running emulator. */
export type Emulator = Administration & {
  /** The value for `GLOBUS_SDK_SERVICE_URL_AUTH` and `GLOBUS_SDK_SERVICE_URL_GROUPS`. */
  url: string
  close(): Promise<void>
}

/**
 * Starts Globus Auth and Globus Groups on this machine.
 *
 * @throws Error where NODE_ENV is `production`, and for a host that is not loopback, a port that is taken, or
 * a seed or state file that cannot be used
 * @example
 * const emulator = await startEmulator({ port: 0 })
 * const { client_id, scopes: [scope] } = await emulator.register({ name: 'mine', scopes: [{ suffix: 'action_all' }] })
 * const token = await emulator.issueToken({ username: 'alice', scope })
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { host = '127.0.0.1', port = 5001, tokenLifetime = 172_800, log = false } = options
  refuseExposure(host)
  const state = await stateFromSeed(options.seed)
  if (options.stateFile !== undefined) await loadState(options.stateFile, state)
  const save = options.stateFile === undefined ? async () => {} : keepState(options.stateFile, state)
  await save()
  const service: Service = { state, settings: { tokenLifetime }, faults: noFaults(), save }
  const server = createServer(service, log)
  await server.listen({ host, port }).catch((error: NodeJS.ErrnoException): never => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new Error(`Port ${port} is taken: end the program that uses it, or choose another port`)
  })
  const { port: bound } = server.server.address() as AddressInfo
  const name = host.includes(':') ? `[${host}]` : host
  let closed: Promise<void> | undefined
  return {
    ...administer(service),
    url: `http://${name}:${bound}`,
    close() {
      closed ??= server.close().then(save)
      return closed
    },
  }
}

/** The emulator lets anybody log in as anybody. */
function refuseExposure(host: string): void {
  if (process.env.NODE_ENV === 'production') {
    throw new Error(
      'The emulator lets anybody log in, so it does not run where NODE_ENV is production: use Globus there',
    )
  }
  if (!isLoopback(host)) {
    throw new Error(
      `The emulator lets anybody log in, so it listens on loopback only: use 127.0.0.1, ::1 or localhost, not ${host}`,
    )
  }
}
