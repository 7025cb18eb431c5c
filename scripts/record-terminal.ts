/** `node --conditions=source scripts/record-terminal.ts`: makes docs/terminal.svg of the README, by doing what it shows. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const program = (name: string): string[] => [
  '--conditions=source',
  join(root, 'packages', name, 'src/main.ts'),
]

const LINE = 21
const WIDTH = 860

/** A command as its user types it, and what it printed. */
type Shown = { command: string; output: string[] }

const folder = await mkdtemp(join(tmpdir(), 'recorded-'))
// The packages of this repository are those that are installed.
await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
try {
  await writeFile(join(root, 'docs/terminal.svg'), draw(await session()))
} finally {
  await rm(folder, { recursive: true })
}

async function session(): Promise<Shown[]> {
  const name = 'my-provider'
  const options = ['-y', '--no-install', '--no-git']
  const created = await run([...program('create-action-provider'), name, ...options], folder)
  const project = join(folder, name)
  const server = spawn(process.execPath, ['--conditions=source', 'src/main.ts'], {
    cwd: project,
    env: { ...process.env, LOG_LEVEL: 'warn', PORT: '0', EMULATOR_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const greeting = await new Promise<string>((resolve) => {
    let text = ''
    server.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part
      if (/GROUPS=\S+\n/.test(text)) resolve(text)
    })
  })
  const [, url = ''] = / serves at (\S+)\n/.exec(greeting) ?? []
  const [, token = ''] = /TOKEN=(\S+)/.exec(greeting) ?? []
  const body = '{"text":"hey"}'
  const call = [...program('action-provider-cli'), 'run', '--body', body, '--trust']
  const ran = await run(call, project, { ACTION_URL: url, ACTION_TOKEN: token })
  server.kill('SIGTERM')
  await once(server, 'exit')
  const [head = ''] = greeting.split('\n\n')
  return [
    {
      command: `npm create action-provider@latest ${name}`,
      output: lines(created.split('\n\nNext:')[0] ?? ''),
    },
    { command: `cd ${name} && npm start`, output: lines(head) },
    { command: `export ACTION_URL=${lines(url)[0]} ACTION_TOKEN=<alice's token>`, output: [] },
    { command: `npx action-provider run --body '${body}'`, output: lines(ran) },
  ]
}

async function run(args: string[], cwd: string, env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
  })
  return stdout
}

/** Lines as a user has them: in a folder at home, on the ports that nobody else has taken. */
function lines(text: string): string[] {
  return text
    .replaceAll(folder, '~')
    .replaceAll(/localhost:\d+/g, 'localhost:5000')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:5001')
    .trimEnd()
    .split('\n')
}

/** A picture of a terminal with the commands and what they printed. */
function draw(session: readonly Shown[]): string {
  const rows = session.flatMap(({ command, output }, index) => [
    ...(index > 0 && session[index - 1]?.output.length !== 0 ? [''] : []),
    `<tspan class="prompt">$</tspan> <tspan class="typed">${escaped(command)}</tspan>`,
    ...output.map(escaped),
  ])
  const height = 58 + rows.length * LINE
  const text = rows.map(
    (row, index) => `<text x="24" y="${64 + index * LINE}" xml:space="preserve">${row}</text>`,
  )
  const words = session.map(({ command }) => command).join('; ')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(`A terminal: ${words}`)}">
<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#c9d1d9}.prompt{fill:#7ee787}.typed{fill:#fff;font-weight:600}</style>
<rect width="${WIDTH}" height="${height}" rx="10" fill="#0d1117" stroke="#30363d"/>
<circle cx="24" cy="22" r="6" fill="#ff5f57"/><circle cx="44" cy="22" r="6" fill="#febc2e"/><circle cx="64" cy="22" r="6" fill="#28c840"/>
${text.join('\n')}
</svg>
`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
