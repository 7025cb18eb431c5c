import { type Administration, operationNames } from './administration.ts'

/** What `GET /emulator` answers. */
export type EmulatorInfo = { emulator: 'globus'; version: string }

/**
 * The administration of an emulator that another process runs.
 *
 * @param url where it listens, as it printed at its start
 * @example const { client_id } = await connectEmulator('http://127.0.0.1:5001').register({ name: 'mine' })
 */
export function connectEmulator(url: string): Administration {
  const operation = (name: string) => async (argument?: unknown) => {
    const response = await fetch(new URL(`/emulator/${name}`, url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(argument ?? {}),
    })
    const answer: unknown = await response.json()
    if (!response.ok) throw new Error(errorText(answer) ?? `${url} answered ${response.status}`)
    return answer
  }
  return Object.fromEntries(operationNames.map((name) => [name, operation(name)])) as Administration
}

/** Whether an emulator listens at this address: its description, or `undefined` for anything else. */
export async function findEmulator(url: string): Promise<EmulatorInfo | undefined> {
  try {
    const response = await fetch(new URL('/emulator', url), { signal: AbortSignal.timeout(2000) })
    const answer = (await response.json()) as Partial<EmulatorInfo> | null
    return answer?.emulator === 'globus' ? { emulator: 'globus', version: String(answer.version) } : undefined
  } catch {
    return undefined
  }
}

function errorText(answer: unknown): string | undefined {
  const { error } = (answer ?? {}) as { error?: unknown }
  return typeof error === 'string' ? error : undefined
}
