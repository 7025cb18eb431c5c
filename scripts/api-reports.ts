/**
 * Writes down the public surface of each package, as a file that a review sees change:
 * `packages/<name>/api/<entry>.api.md`. `npm run api` writes them anew, and `npm run check:api` says where
 * they no longer tell the truth. The packages must have been built.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type ExtractorMessage,
  type IConfigFile,
} from '@microsoft/api-extractor'
import { PACKAGES } from './pack.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** An entry of a package: what an import of it names, and the declarations that it leads to. */
type Entry = { package: string; name: string; declarations: string }

function entries(name: string): Entry[] {
  const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { types: string }>
  }
  return Object.entries(manifest.exports).flatMap(([path, target]) =>
    typeof target === 'string'
      ? []
      : [
          {
            package: name,
            name: path === '.' ? 'index' : path.slice(2).replaceAll('/', '-'),
            declarations: target.types,
          },
        ],
  )
}

/** @returns what is wrong with the report of an entry */
function report(entry: Entry, write: boolean): string[] {
  const folder = join(root, 'packages', entry.package)
  const reports = join(folder, 'api')
  mkdirSync(reports, { recursive: true })
  const temporary = mkdtempSync(join(tmpdir(), 'api-'))
  const configObject: IConfigFile = {
    projectFolder: folder,
    mainEntryPointFilePath: join(folder, entry.declarations),
    compiler: { overrideTsconfig: COMPILED },
    apiReport: {
      enabled: true,
      reportFileName: entry.name,
      reportFolder: reports,
      reportTempFolder: temporary,
      // A change of what an export is made of is a change of it.
      includeForgottenExports: true,
    },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    newlineKind: 'lf',
    messages: {
      compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
    },
  }
  const problems: string[] = []
  const result = Extractor.invoke(
    ExtractorConfig.prepare({
      configObject,
      configObjectFullPath: undefined,
      packageJsonFullPath: join(folder, 'package.json'),
    }),
    {
      localBuild: write,
      messageCallback(message: ExtractorMessage) {
        if (message.logLevel === ExtractorLogLevel.Error) problems.push(message.text)
        message.handled = true
      },
    },
  )
  rmSync(temporary, { recursive: true })
  if (!write && result.apiReportChanged) {
    problems.push(
      `packages/${entry.package}/api/${entry.name}.api.md is out of date: npm run api, and commit it`,
    )
  }
  return problems
}

const COMPILED = {
  compilerOptions: {
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable', 'dom'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
  },
}

const write = process.argv.includes('--write')
const problems = PACKAGES.flatMap(entries).flatMap((entry) => report(entry, write))
for (const problem of problems) process.stderr.write(`${problem}\n`)
process.exitCode = problems.length > 0 ? 1 : 0
