import { confirm, isCancel, select, text } from '@clack/prompts'
import { CommandError, exitCodes } from '../errors.ts'
import { printable } from '../output/printable.ts'
import { type InputField, inputFields, type Schema } from '../output/views.ts'

const output = process.stderr

/**
 * Asks for each field of an input schema. Optional fields can be left empty. Fields without a simple type are
 * asked as JSON.
 *
 * @throws CommandError if the user gives up
 */
export async function askBody(schema: Schema): Promise<Record<string, unknown>> {
  const fields = inputFields(schema)
  if (fields.length === 0)
    return (await askJson('The whole input, as a JSON object', true)) as Record<string, unknown>
  const body: Record<string, unknown> = {}
  for (const field of fields) {
    const value = await askField(field)
    if (value !== undefined) body[field.name] = value
  }
  return body
}

async function askField(field: InputField): Promise<unknown> {
  const { name, type, required, description, schema } = field
  const message = `${printable(name)} (${required ? type : `${type}, may be left empty`})${description === '' ? '' : `: ${description}`}`
  const choices = Array.isArray(schema.enum) ? schema.enum : undefined
  if (choices) return askChoice(message, choices, required)
  switch (schema.type) {
    case 'boolean':
      return required ? given(await confirm({ message, output })) : askChoice(message, [true, false], false)
    case 'string':
      return askText(message, required)
    case 'number':
    case 'integer':
      return askNumber(message, schema.type, required)
    default:
      return askJson(`${message}, as JSON`, required)
  }
}

async function askChoice(message: string, choices: unknown[], required: boolean): Promise<unknown> {
  const options = choices.map((choice, index) => ({ value: index, label: printable(JSON.stringify(choice)) }))
  const none = { value: -1, label: '(leave it out)' }
  const index = given(await select({ message, options: required ? options : [none, ...options], output }))
  return choices[index]
}

async function askText(message: string, required: boolean): Promise<string | undefined> {
  const answer = given(await text({ message, output }))
  // A required text may be empty: the schema decides.
  return required ? (answer ?? '') : answer || undefined
}

async function askNumber(message: string, type: string, required: boolean): Promise<number | undefined> {
  const validate = (value: string | undefined): string | undefined => {
    if (!value?.trim()) return required ? 'A number is needed' : undefined
    const number = Number(value)
    if (!Number.isFinite(number)) return 'This is not a number'
    return type === 'integer' && !Number.isInteger(number) ? 'This is not a whole number' : undefined
  }
  const answer = given(await text({ message, output, validate }))
  return answer?.trim() ? Number(answer) : undefined
}

async function askJson(message: string, required: boolean): Promise<unknown> {
  const validate = (value: string | undefined): string | undefined => {
    if (!value?.trim()) return required ? 'JSON is needed' : undefined
    try {
      JSON.parse(value)
      return undefined
    } catch (error) {
      return `This is not JSON: ${(error as Error).message}`
    }
  }
  const answer = given(await text({ message, output, validate }))
  return answer?.trim() ? JSON.parse(answer) : undefined
}

function given<Answer>(answer: Answer): Exclude<Answer, symbol> {
  if (isCancel(answer)) throw new CommandError(exitCodes.interrupted, 'Nothing was sent')
  return answer as Exclude<Answer, symbol>
}
