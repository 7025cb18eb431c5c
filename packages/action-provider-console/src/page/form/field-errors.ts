import type { FieldError } from './check.ts'

/**
 * Reads the errors of single fields (interface, "Codes" 422):
 * `Field '$.path' (category: 'keyword'): …; Field …`.
 *
 * @returns the errors of fields, with paths as in the input, and the parts that name no field
 */
export function readFieldErrors(description: string): { errors: FieldError[]; others: string[] } {
  const errors: FieldError[] = []
  const others: string[] = []
  for (const part of description.split(/; (?=Field ')/)) {
    const [, path, message] = /^Field '(\$.*?)' \(category: '[^']*'\): (.*)$/s.exec(part) ?? []
    if (path === undefined || message === undefined) others.push(part)
    else errors.push({ path: stepsOf(path), message })
  }
  return { errors, others }
}

/** @example stepsOf('$.a[0]["b c"]') // ['a', '0', 'b c'] */
export function stepsOf(path: string): string[] {
  const steps = path.slice(1).matchAll(/\.([^.[]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/g)
  return [...steps].map(([, name, index, text]) => name ?? index ?? (JSON.parse(text ?? '""') as string))
}
