/** What runs this program, by the name that it gives itself, and how a user of it says things. */
export type PackageManager = {
  name: 'npm' | 'pnpm' | 'yarn' | 'bun'
  install: readonly string[]
  /** How a script is run. @example run('start') // 'npm start' */
  run: (script: string) => string
}

/**
 * The package manager at hand.
 * @param agent `npm_config_user_agent`, which each of them sets for what it runs, such as `pnpm/10.0.0 npm/? node/v24.0.0`
 */
export function packageManager(agent: string | undefined): PackageManager {
  const [name = ''] = (agent ?? '').split('/')
  if (name === 'pnpm' || name === 'yarn' || name === 'bun') {
    return { name, install: ['install'], run: (script) => `${name} run ${script}` }
  }
  const short = (script: string): string =>
    script === 'start' || script === 'test' ? script : `run ${script}`
  return {
    name: 'npm',
    install: ['install', '--no-audit', '--no-fund'],
    run: (script) => `npm ${short(script)}`,
  }
}
