/** A scope as a client asks for it: its string, whether `*` marks it as optional, and its dependents. */
export type ScopeTree = { scope: string; optional: boolean; dependents: ScopeTree[] }

/** The text is not a list of scopes. */
export class ScopeSyntaxError extends Error {
  constructor(problem: string, position: number) {
    super(`${problem} (at character ${position + 1})`)
    this.name = 'ScopeSyntaxError'
  }
}

/**
 * Reads the `scope` parameter of Globus Auth: scopes separated by spaces, each with its dependents in
 * brackets, and `*` before an optional one. Scopes that are repeated are merged; one that is anywhere
 * required is required.
 *
 * @throws ScopeSyntaxError
 * @example parseScopes('A[B *C[D]]')
 * // [{ scope: 'A', optional: false, dependents: [
 * //   { scope: 'B', optional: false, dependents: [] },
 * //   { scope: 'C', optional: true, dependents: [{ scope: 'D', … }] }] }]
 */
export function parseScopes(text: string): ScopeTree[] {
  let position = 0

  const list = (closer: ']' | undefined): ScopeTree[] => {
    const scopes: ScopeTree[] = []
    for (;;) {
      while (text[position] === ' ') position++
      const next = text[position]
      if (next === undefined || next === ']') {
        if (next !== closer)
          throw new ScopeSyntaxError(closer ? `missing '${closer}'` : `unexpected ']'`, position)
        if (closer && scopes.length === 0) throw new ScopeSyntaxError('empty brackets', position)
        return scopes
      }
      add(scopes, one())
    }
  }

  const one = (): ScopeTree => {
    const optional = text[position] === '*'
    if (optional) position++
    const start = position
    while (position < text.length && !' []*'.includes(text.charAt(position))) position++
    if (position === start) throw new ScopeSyntaxError('a scope is missing', position)
    const scope = text.slice(start, position)
    if (text[position] !== '[') {
      if (text[position] === '*') throw new ScopeSyntaxError(`'*' must stand before a scope`, position)
      return { scope, optional, dependents: [] }
    }
    position++
    const dependents = list(']')
    position++
    const after = text[position]
    if (after !== undefined && after !== ' ' && after !== ']') {
      throw new ScopeSyntaxError(`']' must be followed by a space or ']'`, position)
    }
    return { scope, optional, dependents }
  }

  return list(undefined)
}

/** The inverse of {@link parseScopes}. */
export function formatScopes(trees: readonly ScopeTree[]): string {
  return trees
    .map(
      ({ scope, optional, dependents }) =>
        `${optional ? '*' : ''}${scope}${dependents.length > 0 ? `[${formatScopes(dependents)}]` : ''}`,
    )
    .join(' ')
}

function add(scopes: ScopeTree[], scope: ScopeTree): void {
  const known = scopes.find((other) => other.scope === scope.scope)
  if (!known) {
    scopes.push(scope)
    return
  }
  known.optional &&= scope.optional
  for (const dependent of scope.dependents) add(known.dependents, dependent)
}
