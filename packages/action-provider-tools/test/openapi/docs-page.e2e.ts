import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Program, startProgram, watchasay } from '../../../../test/program.ts'
import { launchBrowser } from '../../../action-provider-cli/test/e2e/browser.ts'

let folder: string
let program: Program
let browser: Awaited<ReturnType<typeof launchBrowser>>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docs-'))
  program = await startProgram(watchasay, { DATABASE_URL: `sqlite:${join(folder, 'actions.db')}` })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await program.signal('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

test('the page of a provider shows its document, and fetches nothing from another host', async () => {
  const page = await browser.newPage()
  const asked: string[] = []
  const refused: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) refused.push(message.text())
  })
  await page.goto(`${program.url}/docs`)
  await page.getByRole('heading', { name: 'skeleton_action_provider' }).waitFor()
  await page.getByRole('link', { name: 'Actions' }).first().click()
  await page.getByText('Start an action').first().waitFor()
  await page.getByText(`${program.url}/run`).first().waitFor()
  const { origin } = new URL(program.url)
  expect(asked.length).toBeGreaterThan(2)
  expect(asked.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith('data:'))).toEqual([])
  expect(refused).toEqual([])
})
