import { createHash } from 'node:crypto'
import { ActionFailed, defineActionProvider } from 'action-provider-tools'
import Type from 'typebox'

export const checksum = defineActionProvider({
  namespace: 'checksum',
  description: {
    title: 'Checksum',
    subtitle: 'Reads a file and gives its SHA-256',
    admin_contact: 'me@example.org',
    synchronous: false,
    visible_to: ['public'],
  },
  input: Type.Object({ url: Type.String({ description: 'The file' }) }, { additionalProperties: false }),
  run: async ({ input, signal, progress, log }) => {
    const file = await fetch(input.url, { signal })
    if (!file.ok || file.body === null) {
      throw new ActionFailed({ code: 'NoFile', description: `The server answered ${file.status}` })
    }
    const hash = createHash('sha256')
    let bytes = 0
    for await (const part of file.body) {
      hash.update(part)
      bytes += part.length
      progress({ bytes }, 'Reading')
    }
    log('Read', 'Read the whole file', { bytes })
    return { sha256: hash.digest('hex'), bytes }
  },
})
