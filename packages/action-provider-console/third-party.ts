import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

/** The file of the built page that holds the licenses of the packages in it. */
export const THIRD_PARTY = 'THIRD-PARTY.txt'

/**
 * Plugins that write THIRD-PARTY.txt: one for the page, one for each of its threads, which Vite bundles
 * before.
 */
export type ThirdParty = { page: Plugin; thread: Plugin }

/** @returns the plugins of one build */
export function thirdParty(): ThirdParty {
  const folders = new Set<string>()
  const collect: Plugin['generateBundle'] = (_options, bundle) => {
    for (const part of Object.values(bundle)) {
      if (part.type !== 'chunk') continue
      for (const id of part.moduleIds) {
        const [, folder] =
          /^([^\0]*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replaceAll('\\', '/')) ?? []
        if (folder !== undefined) folders.add(folder)
      }
    }
  }
  return {
    thread: { name: 'collect-third-party', generateBundle: collect },
    page: {
      name: 'write-third-party',
      generateBundle(...given) {
        collect.apply(this, given)
        this.emitFile({ type: 'asset', fileName: THIRD_PARTY, source: noticesOf([...folders]) })
      },
    },
  }
}

/** @throws Error where a package has no license that could be written */
function noticesOf(folders: readonly string[]): string {
  const notices = folders.map((folder) => {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
    return `${manifest.name} ${manifest.version} (${manifest.license})\n\n${licenseOf(folder, manifest)}`
  })
  const head = 'The page of the console contains these packages.'
  return `${[head, ...notices.sort()].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}

type Manifest = { name: string; version: string; license?: string; author?: string | { name: string } }

function licenseOf(folder: string, { name, license, author = '' }: Manifest): string {
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
  if (files.length > 0) {
    return files.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n')
  }
  if (license !== 'MIT')
    throw new Error(`${name} brings no license file: write its license to ${THIRD_PARTY}`)
  return `Copyright (c) ${typeof author === 'string' ? author : author.name}\n\n${MIT}`
}

/** For packages that name the MIT license and do not bring its text. */
const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.`
