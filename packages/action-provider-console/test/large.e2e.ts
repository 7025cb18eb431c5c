import { afterAll, beforeAll, expect, test } from 'vitest'
import { LINES, largeProvider } from './large-provider.ts'
import { createWorld, type Person, type World } from './world.ts'

let world: World
let alice: Person
beforeAll(async () => {
  world = await createWorld({ providers: { '/large': largeProvider } })
  alice = await world.person()
  await alice.page.goto(world.view('action', { provider: '/large', id: 'large' }))
  await alice.signIn('alice@example.org')
})
afterAll(() => world?.close())

const log = 'document.querySelector(".log .rows")'
const inPage = 'document.querySelectorAll("*").length'

test('five megabytes of details are a tree of which what is seen alone is in the page', async () => {
  const { page } = alice
  const tree = page.getByRole('tree', { name: 'Details' })
  await tree.getByText('records').waitFor()
  await tree.focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowRight')
  await tree.getByText('[ 50,000 items ]').waitFor()
  await tree.getByText('0: ').first().waitFor()
  await page.keyboard.press('End')
  await tree.getByText('49999: ').waitFor()
  await page.keyboard.press('ArrowRight')
  expect(await page.evaluate(inPage)).toBeLessThan(1_000)
})

test('a hundred thousand lines are scrolled, searched and linked to', async () => {
  const { page } = alice
  await page.goto(world.view('action', { provider: '/large', id: 'long' }))
  await page.getByText(`${LINES.toLocaleString('en-US')} lines`).waitFor({ timeout: 90_000 })
  await page.getByText('Line 1 of many', { exact: true }).waitFor()
  await page.evaluate(`${log}.scrollTo(0, ${log}.scrollHeight)`)
  await page.getByText(`Line ${LINES} of many`, { exact: true }).waitFor()
  await page.evaluate(`${log}.scrollTo(0, ${log}.scrollHeight / 2)`)
  await page.getByText(`Line ${LINES / 2} of many`, { exact: true }).waitFor()
  expect(await page.evaluate(inPage)).toBeLessThan(1_000)

  await page.getByRole('searchbox', { name: 'Search' }).fill('line 77777 of')
  await page.getByText('1 of 100,000 lines').waitFor()
  await page.getByRole('link', { name: 'Line 77777' }).click()
  await page.getByRole('complementary', { name: 'Line 77777' }).getByText('Line 77777 of many').waitFor()
  expect(new URL(page.url()).searchParams.get('line')).toBe('77777')
})
