import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openStore } from 'action-provider-tools'
import { newAction } from 'action-provider-tools/store-contract'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Machine, machine } from './cli.ts'

let user: Machine
let store: string

beforeAll(async () => {
  user = await machine()
  store = `sqlite:${join(user.folder, 'actions.db')}`
  const opened = await openStore(store)
  for (let number = 0; number < 3; number++) await opened.create(newAction({ provider: 'echo', job: true }))
  await opened.close()
})
afterAll(() => user.close())

test('actions are exported, imported elsewhere, and both found the same', async () => {
  const file = join(user.folder, 'actions.ndjson.gz')
  const exported = await user.run(['store', 'export', file], { env: { DATABASE_URL: store } })
  expect(exported).toMatchObject({ code: 0, stderr: '' })
  expect(exported.stdout).toMatch(/^Actions +3$/m)
  expect(exported.stdout).toMatch(/^echo +ACTIVE +3$/m)
  const other = `sqlite:${join(user.folder, 'other.db')}`
  expect((await user.run(['store', 'import', file, '--store', other])).stdout).toBe(exported.stdout)
  const again = await user.run(['store', 'import', file, '--store', other])
  expect(again).toMatchObject({ code: 0, stderr: 'This export was imported before: nothing was changed\n' })
  const verified = await user.run(['store', 'verify', file, '--store', other, '--format', 'json'])
  expect(JSON.parse(verified.stdout)).toMatchObject({
    actions: 3,
    jobs: 3,
    statuses: { echo: { ACTIVE: 3 } },
  })
  const opened = await openStore(other)
  await opened.create(newAction({ provider: 'echo' }))
  await opened.close()
  const differs = await user.run(['store', 'verify', file, '--store', other])
  expect(differs).toMatchObject({ code: 1, stdout: '' })
  expect(differs.stderr).toMatch(/^error: The store has \{"actions":4,/)
})

test('an export goes through a pipe', async () => {
  const { stdout } = await user.run(['store', 'export', '-', '--store', store])
  const piped = `sqlite:${join(user.folder, 'piped.db')}`
  expect(await user.run(['store', 'import', '-', '--store', piped], { input: stdout })).toMatchObject({
    code: 0,
  })
})

test('what stands in the way is said in one line', async () => {
  const none = join(user.folder, 'none')
  expect(await user.run(['store', 'verify', none])).toMatchObject({
    code: 1,
    stderr: `error: There is no export ${none}\n`,
  })
  expect(await user.run(['store', 'export', none, '--store', `sqlite:${none}`])).toMatchObject({
    code: 2,
    stderr: `error: There is no database ${none}: name the one to export\n`,
  })
  expect((await user.run(['store', 'export', none])).code).toBe(2)
  await rm(none, { force: true })
})
