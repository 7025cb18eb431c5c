import { fileURLToPath } from 'node:url'
import { build, type Rolldown } from 'vite'

const clientFile = fileURLToPath(new URL('../../src/client/index.ts', import.meta.url))

/** Bundles a program for browsers, as its author's bundler does. `action-provider-tools/client` is the client. */
export async function bundle(program: string): Promise<{ code: string; modules: string[] }> {
  const entry = 'virtual:program'
  const result = await build({
    configFile: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'program',
        enforce: 'pre',
        resolveId: (id) => (id === entry ? entry : undefined),
        load: (id) => (id === entry ? program : undefined),
      },
    ],
    resolve: { alias: { 'action-provider-tools/client': clientFile } },
    build: {
      write: false,
      minify: true,
      modulePreload: false,
      rolldownOptions: { input: entry, preserveEntrySignatures: 'strict' },
    },
  })
  const { output } = result as Rolldown.RolldownOutput
  const [chunk, ...others] = output
  if (others.length > 0) throw new Error('The program was to be one file')
  return { code: chunk.code, modules: Object.keys(chunk.modules) }
}
