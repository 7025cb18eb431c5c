import { describe, expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { machine } from './cli.ts'

describe('emulator', () => {
  test('runs until it is told to end', async () => {
    const home = await machine()
    const { child, done, shown } = home.start(['emulator', '--port', '0'], { keepInput: true })
    const [, url = ''] = await eventually(() => /^Globus emulator at (\S+)$/m.exec(shown()))
    expect(await (await fetch(`${url}/emulator`)).json()).toMatchObject({ emulator: 'globus' })
    child.kill('SIGTERM')
    expect((await done).code).toBe(0)
    await home.close()
  })
})
