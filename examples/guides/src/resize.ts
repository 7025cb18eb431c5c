import { ActionFailed, defineActionProvider, TemporaryFailure } from 'action-provider-tools'
import Type from 'typebox'

export const resize = defineActionProvider({
  description: { title: 'Resize', admin_contact: 'me@example.org', synchronous: false },
  input: Type.Object({ url: Type.String(), width: Type.Integer() }),
  run: async ({ input, log, progress, signal }) => {
    const image = await fetch(input.url, { signal })
    if (image.status === 503) throw new TemporaryFailure('The image server is busy')
    if (!image.ok)
      throw new ActionFailed({ code: 'NoImage', description: `The server answered ${image.status}` })
    progress({ fetched: true }, 'Resizing')
    log('Fetched', 'Got the image', { bytes: Number(image.headers.get('content-length')) })
    return { width: input.width }
  },
})
