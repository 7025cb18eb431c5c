import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ActionProviderError, InvalidDefinition } from '../errors.ts'
import { compileInput } from './compile-input.ts'
import type { StandardResult, StandardSchema } from './input-schema.ts'

describe('Zod', () => {
  const Input = z.strictObject({
    text: z.string().min(3),
    times: z.int().default(1),
    tone: z.enum(['loud', 'low']).optional(),
    by_name: z.record(z.string(), z.number()).optional(),
  })

  test('is shown as JSON Schema of what callers send', () => {
    expect(compileInput(Input).json_schema).toMatchObject({
      type: 'object',
      properties: { text: { type: 'string', minLength: 3 }, times: { type: 'integer', default: 1 } },
      required: ['text'],
    })
  })

  test('gives what the schema makes of an input', async () => {
    expect(await compileInput(Input).validate({ text: 'abc' })).toEqual({
      ok: true,
      value: { text: 'abc', times: 1 },
    })
  })

  test('words errors as the interface wants them, and repeats nothing of what was sent', async () => {
    const body = { text: 'ab', tone: 's3cr3t', s3cr3t: 1, by_name: { s3cr3t: 's3cr3t' } }
    const checked = await compileInput(Input).validate(body)
    expect(checked).toEqual({
      ok: false,
      errors: [
        "Field '$.text' (category: 'too_small'): Too small: expected string to have >=3 characters",
        'Field \'$.tone\' (category: \'invalid_value\'): Invalid option: expected one of "loud"|"low"',
        "Field '$.by_name.*' (category: 'invalid_type'): Invalid input: expected number, received string",
        "Field '$' (category: 'unrecognized_keys'): must not have unknown fields",
      ],
    })
    const shown = await compileInput(Input).validate(body, { showInput: true })
    expect(shown.ok ? '' : shown.errors.join()).toContain('s3cr3t')
  })

  test('may take time to check: only then is the answer a promise', async () => {
    const taken = z.object({ name: z.string().refine(async (name) => name !== 'taken', 'is taken') })
    expect(await compileInput(taken).validate({ name: 'taken' })).toEqual({
      ok: false,
      errors: ["Field '$.name' (category: 'custom'): is taken"],
    })
    expect(compileInput(Input).validate({})).not.toBeInstanceOf(Promise)
  })

  test('cannot be hung by a pattern', async () => {
    const { validate } = compileInput(z.object({ a: z.string().regex(/^(a+)+$/) }))
    expect(await validate({ a: `${'a'.repeat(50_000)}!` })).toEqual({
      ok: false,
      errors: ["Field '$' (category: 'timeout'): takes too long to check against the input schema"],
    })
    expect((await validate({ a: 'aaa' })).ok).toBe(true)
  })

  test('takes __proto__ for any other unknown field', async () => {
    const { validate } = compileInput(z.looseObject({ a: z.record(z.string(), z.unknown()) }))
    await validate(JSON.parse('{"a":{"__proto__":{"polluted":1}},"__proto__":{"polluted":1}}'))
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
    expect((await compileInput(Input).validate(JSON.parse('{"text":"abc","__proto__":1}'))).ok).toBe(false)
  })

  test.each([['a date', z.object({ at: z.date() }), 'Date cannot be represented in JSON Schema']])(
    'is refused where it is %s',
    (_, schema, message) => {
      expect(() => compileInput(schema)).toThrow(InvalidDefinition)
      expect(() => compileInput(schema)).toThrow(message)
    },
  )

  test('must give JSON: an input is kept until its work is done', async () => {
    const { validate } = compileInput(
      z.object({ at: z.array(z.string().transform((text) => new Date(text))) }),
    )
    const work = async () => validate({ at: ['2030-01-31T12:00:00Z'] })
    await expect(work()).rejects.toThrow(ActionProviderError)
    await expect(work()).rejects.toMatchObject({ cause: { message: expect.stringContaining('at $.at.0') } })
  })
})

describe('any other library', () => {
  const schema = (result: StandardResult<{ a: number }>): StandardSchema<{ a: number }> => ({
    '~standard': {
      version: 1,
      vendor: 'other',
      validate: () => result,
      jsonSchema: { input: () => ({ type: 'object', properties: { a: { type: 'number' } } }) },
    },
  })

  test('checks inputs', async () => {
    expect(await compileInput(schema({ value: { a: 1 } })).validate({})).toEqual({
      ok: true,
      value: { a: 1 },
    })
  })

  test('has its messages shown only where input may be, as they may repeat it', async () => {
    const { validate } = compileInput(
      schema({ issues: [{ message: 'must be a number (was "s3cr3t")', path: ['a', { key: 's3cr3t' }] }] }),
    )
    expect(await validate({})).toEqual({
      ok: false,
      errors: ["Field '$.a.*' (category: 'schema'): does not fit the schema"],
    })
    expect(await validate({}, { showInput: true })).toEqual({
      ok: false,
      errors: ["Field '$.a.s3cr3t' (category: 'schema'): must be a number (was \"s3cr3t\")"],
    })
  })

  test('is refused where it cannot be expressed as JSON Schema', () => {
    const silent = { '~standard': { version: 1, vendor: 'other', validate: () => ({ value: {} }) } } as const
    expect(() => compileInput(silent)).toThrow(
      /^The input schema \(other\) cannot be expressed as JSON Schema: use Zod/,
    )
  })
})
