import { createRequire } from 'node:module'
import type { RE2JS } from 're2js'

/** A compiled `pattern`. If `backtracks` is true, some texts may keep it busy forever. */
export type Matcher = { test: (text: string) => boolean; toString: () => string; backtracks: boolean }

/**
 * Compiles an author's `pattern` so that, where possible, no text keeps it busy forever. JSON Schema's
 * patterns are ECMAScript regular expressions on code points (Unicode mode). Two engines run them:
 *
 * - V8, for patterns too simple to backtrack much: a quantifier only after a leading `^`, at most one with a
 *   choice, and groups or alternatives only if there is no choice
 * - RE2JS, in time linear in the text, for all other patterns that RE2 can express
 * - V8, for lookarounds, backreferences and the like; such a matcher `backtracks`
 *
 * @throws SyntaxError if it is not an ECMAScript regular expression
 */
export function compilePattern(pattern: string): Matcher {
  const source = withoutNeedlessEscapes(pattern)
  const unicode = compileUnicode(source)
  const translation = unicode && translate(source)
  const safe = translation?.simple ? unicode : translation && compileLinear(translation.re2)
  const engine = safe ?? unicode ?? new RegExp(pattern)
  return { test: (text) => engine.test(text), toString: () => pattern, backtracks: safe === undefined }
}

/** Whether a text is an ECMAScript regular expression. */
export function isPattern(text: string): boolean {
  if (compileUnicode(withoutNeedlessEscapes(text)) !== undefined) return true
  try {
    return new RegExp(text) instanceof RegExp
  } catch {
    return false
  }
}

/** Whether V8 matches a pattern in linear time, whatever the text. */
export function isTame(pattern: string): boolean {
  const source = withoutNeedlessEscapes(pattern)
  return compileUnicode(source) !== undefined && translate(source)?.simple === true
}

/** Unicode mode refuses needless escapes such as `\_`. Authors write them, and other engines accept them. */
function withoutNeedlessEscapes(pattern: string): string {
  return pattern.replace(/\\([\s\S])/g, (escaped, character: string) =>
    /[-_ !"#%&',:;<=>@`~]/.test(character) ? `\\x${character.charCodeAt(0).toString(16)}` : escaped,
  )
}

function compileUnicode(source: string): RegExp | undefined {
  try {
    return new RegExp(source, 'u')
  } catch {
    return undefined
  }
}

const require = createRequire(import.meta.url)

/** Loads RE2JS for the first pattern that needs it. Most schemas do not, and loading takes 15 ms. */
function compileLinear(pattern: string): RE2JS | undefined {
  const { RE2JS } = require('re2js') as typeof import('re2js')
  try {
    return RE2JS.compile(pattern)
  } catch {
    return undefined
  }
}

/** How many `|` a simple pattern may have. Each may double the number of ways to try. */
const SIMPLE_BRANCHES = 3

/**
 * How many fixed repetitions a simple pattern may have. Each is tried once per position that its one choice
 * allows.
 */
const SIMPLE_REPETITIONS = 100

const ESCAPE = String.raw`\\(?:u\{[\da-f]+\}|u[\da-f]{4}|x[\da-f]{2}|c[a-z]|p\{[^}]*\}|[\s\S])`
const ATOM = new RegExp(`${ESCAPE}|[\\s\\S]`, 'giu')
const TOKEN = new RegExp(
  [
    String.raw`\[(?:\\[\s\S]|[^\]\\])*\]`,
    ESCAPE,
    String.raw`\(\?<(?![=!])[^>]*>|\(\?[\s\S]|\(`,
    String.raw`[*+?]\??|\{\d+(?:,\d*)?\}\??`,
    String.raw`[\s\S]`,
  ].join('|'),
  'giu',
)

/** Rewrites a valid pattern of Unicode mode for RE2. `undefined` if RE2 cannot express it. */
function translate(source: string): { re2: string; simple: boolean } | undefined {
  let re2 = ''
  let groups = 0
  let branches = 0
  let quantifiers = 0
  let choices = 0
  let repetitions = 0
  let before = ''
  for (const [token] of source.matchAll(TOKEN)) {
    const piece = pieceOf(token)
    if (piece === undefined) return undefined
    re2 += piece
    if (token.startsWith('(')) groups++
    if (token === '|') branches++
    const quantifier = /^(?:[*+?]|\{(\d+)(,)?)/.exec(token)
    if (quantifier !== null) {
      const [, times = 0, range] = quantifier
      quantifiers++
      repetitions += Number(times)
      if (times === 0 || range !== undefined || before === ')') choices++
    }
    before = token
  }
  const straight = (groups === 0 && branches === 0) || (choices === 0 && branches <= SIMPLE_BRANCHES)
  const tame = source.startsWith('^') && choices <= 1 && repetitions <= SIMPLE_REPETITIONS
  return { re2, simple: straight && (quantifiers === 0 || tame) }
}

function pieceOf(token: string): string | undefined {
  switch (token[0]) {
    case '[':
      return classOf(token.slice(1, -1))
    case '\\':
      return escapeOf(token)
    case '(':
      return token === '(' || token === '(?:' || token.endsWith('>') ? '(?:' : undefined
    case '.':
      return String.raw`[^\n\r\x{2028}\x{2029}]`
    case '*':
    case '+':
    case '?':
    case '{':
      return token.replace(/(?<=.)\?$/, '') // Greediness does not change whether it matches.
    case ')':
    case '|':
    case '^':
    case '$':
      return token
    default:
      return literal(token.codePointAt(0))
  }
}

function classOf(content: string): string | undefined {
  const negated = content.startsWith('^')
  const atoms = [...content.slice(negated ? 1 : 0).matchAll(ATOM)].map(([atom]) => {
    if (atom === '-') return atom
    return atom.startsWith('\\') ? escapeOf(atom, true) : literal(atom.codePointAt(0))
  })
  if (atoms.length === 0 || atoms.includes(undefined)) return undefined
  return `[${negated ? '^' : ''}${atoms.join('')}]`
}

/** White space in ECMAScript. RE2's `\s` covers only part of it. */
const SPACE = String.raw`\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`

function escapeOf(token: string, inClass = false): string | undefined {
  const kind = token.charAt(1)
  switch (kind) {
    case 'd':
    case 'D':
    case 'w':
    case 'W':
    case 't':
    case 'n':
    case 'r':
    case 'f':
    case 'v':
      return token
    case 's':
      return inClass ? SPACE : `[${SPACE}]`
    case 'S':
      return inClass ? undefined : `[^${SPACE}]`
    case 'b':
      return inClass ? literal(8) : token
    case 'B':
      return token
    case 'p':
    case 'P':
      return /\{[A-Z][a-z]?\}$/.test(token) ? token : undefined // RE2 knows general categories by their short names.
    case '0':
      return literal(0)
    case 'c':
      return literal(token.charCodeAt(2) % 32)
    case 'x':
    case 'u':
      return literal(Number.parseInt(token.slice(2).replace('{', ''), 16))
    default:
      return /\w/.test(kind) ? undefined : literal(kind.codePointAt(0))
  }
}

function literal(codePoint: number | undefined): string | undefined {
  const isSurrogate = codePoint !== undefined && codePoint >= 0xd800 && codePoint <= 0xdfff
  return codePoint === undefined || isSurrogate ? undefined : `\\x{${codePoint.toString(16)}}`
}
