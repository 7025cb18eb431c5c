import { ConsentRequired, type RunContext } from 'action-provider-tools'
import { storageScope } from './consent.ts'

export async function withOrWithout({ dependentToken }: RunContext<unknown>): Promise<string> {
  const token = await dependentToken(storageScope).catch((error: unknown) => {
    if (error instanceof ConsentRequired) return undefined
    throw error
  })
  return token === undefined ? 'what everybody may see' : 'what the caller may see'
}
