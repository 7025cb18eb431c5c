import { expect, test } from 'vitest'
import { bundle } from './bundle.ts'

test('the client needs nothing of Node, and no other package', async () => {
  const { code, modules } = await bundle(
    `import { connect } from 'action-provider-tools/client'; export { connect }`,
  )
  expect(modules.filter((module) => module.includes('node_modules'))).toEqual([])
  expect(code).not.toMatch(/\bprocess\b|\bBuffer\b|\brequire\b|\bimport\b|node:|vite-browser-external/)
})

test('what a program does not use of the client is not in its bundle', async () => {
  const { code } = await bundle(
    `import { ActionConflict } from 'action-provider-tools/client'; export const is = (error) => error instanceof ActionConflict`,
  )
  expect(code).toContain('ActionConflict')
  expect(code).not.toMatch(/fetch|request_id|globus\.org|PayloadTooLarge/)
})
