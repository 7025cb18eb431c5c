import { ActionFailed, defineActionProvider } from 'action-provider-tools'
import Type from 'typebox'

const storageUrl = process.env.STORAGE_URL ?? 'https://storage.example.org'
export const storageScope = 'https://auth.globus.org/scopes/5d3f0c4e-0d1b-4b7a-9a53-6f0e3c1c2a10/storage'

export const listing = defineActionProvider({
  description: { title: 'Listing', admin_contact: 'me@example.org', synchronous: false },
  input: Type.Object({ folder: Type.String() }),
  run: async ({ input, signal, dependentToken }) => {
    const token = await dependentToken(storageScope)
    const url = new URL(`/folders/${encodeURIComponent(input.folder)}`, storageUrl)
    const answer = await fetch(url, { signal, headers: { authorization: `Bearer ${token}` } })
    if (!answer.ok)
      throw new ActionFailed({ code: 'NoListing', description: `The storage answered ${answer.status}` })
    return { files: await answer.json() }
  },
})
