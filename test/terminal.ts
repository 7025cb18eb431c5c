/** A terminal of somebody who follows written steps: one shell for all commands, so that what one sets counts for the next. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'

export type Terminal = {
  /** Runs commands to their end, and gives what they printed. @throws Error where one of them fails */
  run: (commands: string) => Promise<string>
  /** Runs commands that go on, and gives what they have printed once a pattern is in it. */
  start: (commands: string, until: RegExp) => Promise<string>
  /** The folder that it is in now. */
  folder: () => string
  /** Ends what goes on in it. */
  close: () => Promise<void>
}

/** @param env beside this process's own variables */
export function terminalIn(folder: string, env: Record<string, string>): Terminal {
  let at = folder
  let variables: Record<string, string | undefined> = {
    ...process.env,
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    NODE_ENV: '',
    npm_config_loglevel: 'error',
    ...env,
  }
  const going: { child: ChildProcess; ended: Promise<unknown> }[] = []

  function launch(commands: string): {
    child: ChildProcess
    text: () => string
    ended: Promise<number | null>
  } {
    const child = spawn('bash', ['-euo', 'pipefail', '-c', commands], {
      cwd: at,
      env: { ...variables, ...globus() },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let printed = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (part: string) => {
        printed += part
      })
    }
    return { child, text: () => printed, ended: once(child, 'close').then(([code]) => code as number | null) }
  }

  return {
    async run(commands) {
      // The shell tells where it is and what is set at its end: the next one begins there.
      const mark = `--- ${Math.random()} ---`
      const { text, ended } = launch(`${commands}\necho '${mark}'; pwd; env -0`)
      const code = await ended
      const [printed = '', after = ''] = text().split(`${mark}\n`)
      if (code !== 0) throw new Error(`This ended with ${code}:\n${commands}\n${printed}`)
      const [folder = at, ...rest] = after.split('\n')
      at = folder
      variables = Object.fromEntries(
        rest
          .join('\n')
          .split('\0')
          .filter((each) => each.includes('='))
          .map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]),
      )
      return printed
    },
    async start(commands, until) {
      const { child, text, ended } = launch(`exec ${commands.trim().replace(/^((?:\w+=\S+ )*)/, 'env $1')}`)
      going.push({ child, ended })
      let over = false
      ended.then(() => {
        over = true
      })
      while (!until.test(text())) {
        if (over) throw new Error(`This ended before it said ${until}:\n${commands}\n${text()}`)
        await Promise.race([once(child.stdout ?? child, 'data'), ended])
      }
      return text()
    },
    folder: () => at,
    async close() {
      for (const { child, ended } of going) {
        child.kill('SIGTERM')
        await ended
      }
    },
  }
}

/** Which Globus there is may have been set since the terminal was opened. */
function globus(): Record<string, string | undefined> {
  const { GLOBUS_SDK_SERVICE_URL_AUTH, GLOBUS_SDK_SERVICE_URL_GROUPS } = process.env
  return GLOBUS_SDK_SERVICE_URL_AUTH ? { GLOBUS_SDK_SERVICE_URL_AUTH, GLOBUS_SDK_SERVICE_URL_GROUPS } : {}
}
