/** Gathers what the site is made of in `content`: the pages of docs, those of the packages, and the API from the doc comments. */
import { execSync } from 'node:child_process'
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const content = fileURLToPath(new URL('content', import.meta.url))

rmSync(content, { recursive: true, force: true })

/** Where each file of the repository that is a page stands on the site. */
const pages = new Map<string, string>()
for (const path of globSync('docs/**/*.md', { cwd: root })) pages.set(path, relative('docs', path))
for (const path of globSync('packages/*/README.md', { cwd: root })) {
  pages.set(path, `${dirname(path)}.md`)
}
for (const name of ['CHANGELOG', 'CONTRIBUTING', 'SECURITY']) {
  pages.set(`${name}.md`, `project/${name.toLowerCase()}.md`)
}
pages.delete('docs/README.md')

for (const [path, page] of pages) write(page, onSite(readFileSync(join(root, path), 'utf8'), path, page))
write('index.md', readFileSync(new URL('home.md', import.meta.url), 'utf8'))
mkdirSync(join(content, 'public'), { recursive: true })
copyFileSync(new URL('icon.svg', import.meta.url), join(content, 'public/icon.svg'))
for (const path of globSync('docs/**/*.{json,yml,conf,png,svg}', { cwd: root })) {
  const target = join(content, 'public', relative('docs', path))
  mkdirSync(dirname(target), { recursive: true })
  copyFileSync(join(root, path), target)
}
execSync('typedoc --logLevel Warn', { stdio: 'inherit', cwd: dirname(content) })

function write(page: string, text: string): void {
  const path = join(content, page)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** A page with its links as they are on the site. What the site does not have is named without a link. */
function onSite(text: string, path: string, page: string): string {
  const parts = text.split(/(^```.*?^```$)/ms)
  return parts.map((part) => (part.startsWith('```') ? part : prose(part))).join('')

  function prose(part: string): string {
    return part.replaceAll(
      /(!?)\[((?:`[^`]*`|[^\]`])*)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]+)?\)/g,
      (_, picture, words, target, section) => {
        const file = normalize(join(dirname(path), target))
        if (file === 'docs/README.md') return `[${words}](/index.md)`
        // Pictures, and what else is no page.
        if (/^docs\/.*\.(json|yml|conf|png|svg)$/.test(file)) {
          return `${picture}[${words}](/${relative('docs', file)})`
        }
        if (picture) throw new Error(`${path}: the site has no ${target}, put it into docs`)
        const there = pages.get(file) ?? pages.get(join(file, 'README.md'))
        if (there === undefined) return words
        const link = relative(dirname(page), there)
        return `[${words}](${link.startsWith('.') ? link : `./${link}`}${section ?? ''})`
      },
    )
  }
}
