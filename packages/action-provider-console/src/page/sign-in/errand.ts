import { signal } from '@preact/signals'
import { announce } from '../parts/announce.tsx'
import { ask } from '../state/thread.ts'
import type { Errand } from './session.ts'

/** Why what was to be done after the sign-in was not. */
export const errandProblem = signal<unknown>(undefined)

/** Does what the user went to Globus for. */
export async function doErrand({ resume }: Errand): Promise<void> {
  try {
    await ask('change', { ...resume, key: `details ${resume.provider} ${resume.id}`, change: 'resume' })
    announce('The action was resumed')
  } catch (error) {
    errandProblem.value = error
  }
}
