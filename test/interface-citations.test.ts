import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8')

/** Every citation of docs/interface.md in the code, such as `(interface, run and "Exactly once")`, by section. */
function citations(): { file: string; section: string }[] {
  const files = globSync('{packages,examples}/*/{src,test}/**/*.ts', { cwd: root })
  return files.flatMap((file) =>
    // A citation may go on in the next line of its comment.
    [
      ...read(file)
        .replaceAll(/\n\s*(\*|\/\/) ?/g, ' ')
        .matchAll(/\(interface, ([^()]*)\)/g),
    ].flatMap(([, cited = '']) =>
      cited.split(' and ').map((section) => ({ file, section: nameOf(section) })),
    ),
  )
}

/** A section may be cited in quotes, and with the row of its table: `"Codes" 404`. */
function nameOf(cited: string): string {
  return cited.replace(/ \d{3}$/, '').replaceAll('"', '')
}

test('every section of the interface that the code cites is a section of docs/interface.md', () => {
  const sections = new Set(
    [...read('docs/interface.md').matchAll(/^#{2,} (.+)$/gm)].map(([, section]) => section),
  )
  const cited = citations()
  expect(cited.length).toBeGreaterThan(30)
  expect(cited.filter(({ section }) => !sections.has(section))).toEqual([])
})

test('the code does not cite the interface in another form', () => {
  const files = globSync('{packages,examples}/*/src/**/*.ts', { cwd: root })
  const odd = files.filter((file) => /\binterface \("|\(interface:|interface, section/i.test(read(file)))
  expect(odd).toEqual([])
})
