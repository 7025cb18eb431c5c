import { describe, expect, test } from 'vitest'
import { machine } from './cli.ts'

describe('emulator', () => {
  test('runs until it is told to end', async () => {
    const home = await machine()
    const { child, done, shown } = home.start(['emulator', '--port', '0'], { keepInput: true })
    while (!shown().includes('Globus emulator at http'))
      await new Promise((resolve) => setTimeout(resolve, 20))
    const url = shown().match(/http:\S+/)?.[0] ?? ''
    expect(await (await fetch(`${url}/emulator`)).json()).toMatchObject({ emulator: 'globus' })
    child.kill('SIGTERM')
    expect((await done).code).toBe(0)
    await home.close()
  })
})
