import { signal } from '@preact/signals'
import { announce } from '../parts/announce.tsx'
import { ask } from '../state/thread.ts'
import type { Errand } from './session.ts'

/** The error of the errand after a sign-in. */
export const errandProblem = signal<unknown>(undefined)

/** Does the errand for which the user went to Globus. */
export async function doErrand({ resume }: Errand): Promise<void> {
  try {
    await ask('change', { ...resume, key: `details ${resume.provider} ${resume.id}`, change: 'resume' })
    announce('The action was resumed')
  } catch (error) {
    errandProblem.value = error
  }
}
