import type { RunFields } from '../../thread/calls.ts'
import { stored } from '../state/stored.ts'

/** A sent request, kept because the status of an action does not contain its input. */
export type Sent = { id: string; provider: string; input: string; fields: RunFields }

const MOST = 50
const LARGEST = 100_000

const sent = stored<Sent[]>('console sent', [])

/** Keeps a request for "run again", in this tab. */
export function remember(request: Sent): void {
  if (request.input.length > LARGEST) return
  const others = sent.read().filter(({ id, provider }) => id !== request.id || provider !== request.provider)
  sent.write([request, ...others].slice(0, MOST))
}

export function requestOf(provider: string, id: string): Sent | undefined {
  return sent.read().find((each) => each.provider === provider && each.id === id)
}

/** Drafts, by provider. */
export const drafts = stored<Record<string, { input: string; fields: RunFields }>>('console drafts', {})

export function keepDraft(provider: string, draft: { input: string; fields: RunFields } | undefined): void {
  const { [provider]: _, ...others } = drafts.read()
  drafts.write(draft === undefined ? others : { ...others, [provider]: draft })
}
