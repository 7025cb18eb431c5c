import type { JSX } from 'preact'
import { Copy } from '../parts/copy.tsx'
import { configuration } from '../state/configuration.ts'
import type { Description } from '../state/providers.ts'

type CodeLinesProps = { provider: string; description: Description; input?: string | undefined }

/** Lines for a shell and a program that do the same. They contain no token. */
export function CodeLines({ provider, description, input = '{}' }: CodeLinesProps): JSX.Element {
  return (
    <section class="box">
      <h2>Use it from a shell or a program</h2>
      {linesOf(provider, description, input).map(({ name, what, text }) => (
        <div key={name} class="lines">
          <h3>{name}</h3>
          <Copy text={text} what={what} />
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
          <pre tabIndex={0}>{text}</pre>
        </div>
      ))}
    </section>
  )
}

function linesOf(
  provider: string,
  { synchronous }: Description,
  input: string,
): { name: string; what: string; text: string }[] {
  const isGlobus = new URL(configuration.auth).host === 'auth.globus.org'
  const auth = isGlobus ? '' : `export GLOBUS_SDK_SERVICE_URL_AUTH=${configuration.auth}\n`
  const request = `{"request_id": "some-id", "body": ${input}}`
  return [
    {
      name: 'Command line',
      what: 'command lines',
      text: `${auth}export ACTION_URL=${quoted(provider)}
npx action-provider-cli login
npx action-provider-cli run --watch --body ${quoted(input)}`,
    },
    {
      name: 'curl',
      what: 'curl lines',
      text: `TOKEN=<your token>
curl -s -H "Authorization: Bearer $TOKEN" ${quoted(`${provider}/run`)} --data ${quoted(request)}`,
    },
    {
      name: 'TypeScript',
      what: 'TypeScript lines',
      text: `import { connect } from 'action-provider-tools/client'

const provider = connect(${JSON.stringify(provider)}, { token })
const action = await provider.run(${input})
const done = await action.${synchronous ? 'status' : 'finished'}()`,
    },
  ]
}

/** Quotes a word for a shell. */
function quoted(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
