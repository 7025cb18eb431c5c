import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'close-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const source = (path: string): string => JSON.stringify(new URL(`../src/${path}`, import.meta.url).href)

test('an application that is closed while work runs leaves nothing behind that would keep its process', async () => {
  const program = join(folder, 'program.ts')
  await writeFile(
    program,
    `import { actionProvider, createApplication, defineActionProvider, openStore } from ${source('index.ts')}
    import { fakeAuth } from ${source('testing/index.ts')}
    const [working, finish] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const provider = defineActionProvider({
      description: { title: 'work', admin_contact: 'support@example.org', synchronous: false },
      input: { type: 'object' },
      run: async () => {
        working.resolve()
        await finish.promise
        return {}
      },
    })
    const app = createApplication({ logger: false })
    const auth = fakeAuth()
    const store = await openStore('sqlite::memory:')
    await app.register(actionProvider, { prefix: '/p', provider, auth, store, shutdownGrace: 3_600_000 })
    await app.ready()
    const { authorization } = auth.caller({ username: 'alice' })
    await app.inject({ method: 'POST', url: '/p/run', headers: { authorization }, payload: { request_id: '1', body: {} } })
    await working.promise
    setImmediate(async () => {
      const closing = app.close()
      finish.resolve()
      await closing
      await store.close()
      process.stdout.write(JSON.stringify(process.getActiveResourcesInfo().filter((each) => each === 'Timeout')))
      process.exit()
    })`,
  )
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=source', program])
  expect(stdout).toBe('[]')
})
