import { patternOf, ROUTES } from '../../packages/action-provider-tools/src/http/routes.ts'

/** What has been come upon, and how often. */
export type Coverage = {
  count: (request: Asked, answer: Answered) => void
  lines: () => string[]
  size: () => number
}

type Asked = { method: string; path: string }
type Answered = { status: number; text: string }

const PATTERNS = Object.entries(ROUTES).flatMap(([operation, routes]) =>
  routes.map(([method, path]) => ({ operation, method, pattern: patternOf(path) })),
)

function operationOf({ method, path }: Asked): string {
  const [, where] = /^\/p2?(?=\/|\?|$)([^?]*)/.exec(path) ?? []
  if (where === undefined) return 'none'
  const found = PATTERNS.find((route) => route.method === method && route.pattern.test(where))
  return found?.operation ?? 'none'
}

/** Counts pairs of operation and code, and the kinds of refusal among the 422s. */
export function createCoverage(): Coverage {
  const answers = new Map<string, number>()
  const refusals = new Map<string, number>()
  const add = (counts: Map<string, number>, key: string): void =>
    void counts.set(key, (counts.get(key) ?? 0) + 1)
  const told = (counts: Map<string, number>): string =>
    [...counts]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([key, count]) => `${key} × ${count}`)
      .join(', ')
  return {
    count(request, { status, text }) {
      add(answers, `${operationOf(request)} ${status}`)
      if (status !== 422) return
      for (const [, category] of text.matchAll(/\(category: '([^']+)'\)/g)) add(refusals, category ?? '')
      for (const [, argument] of text.matchAll(/Query argument '(\w+)'/g)) add(refusals, `?${argument}`)
    },
    lines: () => [
      `${answers.size} pairs of operation and code: ${told(answers)}`,
      `${refusals.size} kinds of refusal: ${told(refusals)}`,
    ],
    size: () => answers.size + refusals.size,
  }
}
