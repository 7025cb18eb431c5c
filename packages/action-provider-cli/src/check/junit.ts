import type { Report, Result } from './report.ts'

/**
 * A report as JUnit XML, which CI systems show. A `should` that fails is a skipped test with a message: it
 * does not fail a build.
 */
export function junit({ url, results, failed, skipped }: Report): string {
  const suites = [...new Set(results.map(({ group }) => group))].map((group) =>
    suite(
      group,
      results.filter((result) => result.group === group),
    ),
  )
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name=${quoted(`action-provider check ${url}`)} tests="${results.length}" failures="${failed.must}" skipped="${skipped + failed.should}">`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n')
}

function suite(name: string, results: readonly Result[]): string {
  const failures = results.filter(isFailure).length
  const skipped = results.filter((result) => result.outcome !== 'passed' && !isFailure(result)).length
  return [
    `  <testsuite name=${quoted(name)} tests="${results.length}" failures="${failures}" skipped="${skipped}">`,
    ...results.map(testcase),
    '  </testsuite>',
  ].join('\n')
}

function testcase(result: Result): string {
  const { id, title, outcome, note = '', milliseconds } = result
  const head = `    <testcase classname=${quoted(id)} name=${quoted(title)} time="${milliseconds / 1_000}"`
  if (outcome === 'passed') return `${head}/>`
  const inner = isFailure(result)
    ? `<failure message=${quoted(note)}>${escaped(words(result))}</failure>`
    : outcome === 'failed'
      ? `<skipped message=${quoted(`should: ${note}`)}/><system-out>${escaped(words(result))}</system-out>`
      : `<skipped message=${quoted(note)}/>`
  return `${head}>${inner}</testcase>`
}

function words({ note, sent = '', came = '', section, says, mend }: Result): string {
  return `${note}\nSent: ${sent}\nCame: ${came}\nInterface, ${section}: ${says}\nMend: ${mend}`
}

function isFailure({ outcome, level }: Result): boolean {
  return outcome === 'failed' && level === 'must'
}

function quoted(text: string): string {
  return `"${escaped(text).replaceAll('\n', '&#10;')}"`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Leaves out characters that XML cannot express; a provider's texts may have them. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '')
}
