import { fileURLToPath } from 'node:url'
import { build, type Rolldown } from 'vite'
import { expect, test, vi } from 'vitest'
import { THIRD_PARTY } from '../third-party.ts'

test('the built page brings the license of each package that is bundled into it', async () => {
  vi.stubEnv('NODE_ENV', 'production')
  const built = (await build({
    configFile: fileURLToPath(new URL('../vite.config.ts', import.meta.url)),
    logLevel: 'warn',
    build: { write: false, sourcemap: true },
  })) as Rolldown.RolldownOutput
  vi.unstubAllEnvs()
  const files = new Map(
    built.output.map((file) => [file.fileName, file.type === 'asset' ? String(file.source) : file.code]),
  )
  // The source maps of the page and its threads know better than the list what is in them.
  const sources = [...files].flatMap(([name, text]) =>
    name.endsWith('.map') ? (JSON.parse(text) as { sources: string[] }).sources : [],
  )
  const bundled = new Set(
    sources.flatMap((source) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1] ?? []),
  )
  expect([...bundled]).toEqual(
    expect.arrayContaining([
      'preact',
      '@preact/signals',
      '@globus/sdk',
      '@rjsf/core',
      '@cfworker/json-schema',
    ]),
  )
  const notices =
    files
      .get(THIRD_PARTY)
      ?.split(`\n\n${'-'.repeat(80)}\n\n`)
      .slice(1) ?? []
  expect(new Set(notices.map((notice) => notice.replace(/ .*/s, '')))).toEqual(bundled)
  for (const notice of notices)
    expect(notice).toMatch(/^\S+ \d\S* \([\w.-]+\)\n\n(.|\n)*(copyright|apache license)/i)
})
