import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig, type SidebarGroup, type SidebarItem } from '@rspress/core'
import { documentationIndex, type Page, type Part } from './index.ts'

const parts = documentationIndex()
const link = ({ title, path }: Page): SidebarItem => ({ text: title, link: `/${path.replace(/\.md$/, '')}` })

function group(text: string, items: SidebarGroup['items'], collapsed = true): SidebarGroup {
  return { text, items, collapsible: true, collapsed }
}

/** The exports of each module by their kind, as typedoc has sorted them. */
function exportsOf(module: string): SidebarGroup {
  const folder = new URL(`content/api/${module}/`, import.meta.url)
  const kinds = ['functions', 'variables', 'classes', 'type-aliases'].filter((kind) =>
    existsSync(new URL(kind, folder)),
  )
  const items = kinds.map((kind) =>
    group(
      kind.replace('-', ' ').replace(/^./, (first) => first.toUpperCase()),
      readdirSync(new URL(kind, folder)).map((file) =>
        link({ title: file.replace(/\.md$/, ''), path: `api/${module}/${kind}/${file}`, about: '' }),
      ),
    ),
  )
  return { ...group(module, items), link: `/api/${module}/` }
}

const modules = [
  'action-provider-tools',
  'action-provider-tools/client',
  'action-provider-tools/testing',
  'action-provider-tools/store-contract',
  'action-provider-tools/moving',
  'globus-emulator',
]
const api: SidebarItem = { text: 'API', link: '/api/' }
const readmes = readdirSync(new URL('content/packages', import.meta.url)).map((file) => ({
  title: file.replace(/\.md$/, ''),
  path: `packages/${file}`,
  about: 'the package',
}))
const packages = group('Packages', readmes.map(link))
const project = group('Project', [
  { text: 'Changes', link: '/project/changelog' },
  { text: 'Contributing', link: '/project/contributing' },
  { text: 'Reporting a weakness', link: '/project/security' },
])

const sidebar = parts.map(({ title, pages, parts: below }) => {
  const items = [...pages.map(link), ...below.map((part) => group(part.title, part.pages.map(link)))]
  return group(title, title === 'Reference' ? [...items, api, packages] : items, false)
})

const nav = parts.map(({ title, pages: [first] }) => ({
  text: title,
  link: first === undefined ? '/' : link(first).link,
}))

/** The index for programs that read: docs/README.md, with the Markdown of each page. */
function llmsTxt(): string {
  const entry = (page: Page): string =>
    `- [${page.title}](${link(page).link}.md)${page.about && `: ${page.about}`}`
  const entries = ({ title, pages, parts: below }: Part): string[] => [
    `## ${title}\n`,
    ...pages.map(entry),
    ...(title === 'Reference' ? ['- [API](/api/index.md): every export, from its doc comment'] : []),
    ...(title === 'Reference' ? readmes.map(entry) : []),
    '',
    ...below.flatMap(entries),
  ]
  const head = ['# Globus Action Provider\n', '> Build, run and call Globus Action Providers in TypeScript\n']
  return [...head, ...parts.flatMap(entries)].join('\n')
}

export default defineConfig({
  root: 'content',
  title: 'Globus Action Provider',
  description: 'Build, run and call Globus Action Providers in TypeScript',
  logoText: 'Globus Action Provider',
  globalStyles: fileURLToPath(new URL('styles.css', import.meta.url)),
  icon: '/icon.svg',
  llms: { llmsTxt },
  search: { codeBlocks: true },
  markdown: {
    link: { checkDeadLinks: { excludes: (url) => /\.(json|yml|conf)$/.test(url) }, checkAnchors: true },
  },
  themeConfig: {
    nav: [...nav, { text: 'API', link: '/api/' }],
    sidebar: { '/api/': [api, ...modules.map(exportsOf)], '/': [...sidebar, project] },
    llmsUI: { viewOptions: ['markdownLink'] },
    enableScrollToTop: true,
  },
})
