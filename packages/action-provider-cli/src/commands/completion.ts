import type { Command, Option } from 'commander'

/** A place in the tree of commands, and what may stand there. */
type Place = {
  path: string
  commands: readonly Command[]
  options: readonly Option[]
  choices: readonly string[]
}

/** Options whose value is a file's name. */
const files = new Set(['--body', '--token-file', '--env-file', '--seed', '--state'])

/** A script that has a shell complete the commands, options and choices of a program. */
export function completionScript(program: Command, shell: 'bash' | 'zsh' | 'fish'): string {
  const places = placesOf(program, '')
  return { bash, zsh, fish }[shell](program.name(), places)
}

function placesOf(command: Command, path: string): Place[] {
  const help = command.createHelp()
  const commands = help.visibleCommands(command)
  const options = help.visibleOptions(command)
  const choices = command.registeredArguments[0]?.argChoices ?? []
  return [
    { path, commands, options, choices },
    ...command.commands.flatMap((each) => placesOf(each, `${path} ${each.name()}`.trim())),
  ]
}

function flags(option: Option): string[] {
  return [option.short, option.long].filter((flag) => flag !== undefined)
}

/** What the shells with functions have in common: which command the words before the cursor name. */
function bash(name: string, places: readonly Place[]): string {
  const identifier = name.replaceAll('-', '_')
  return `# bash completion for ${name}: eval "$(${name} completion bash)"
_${identifier}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" place='' word index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "$place $word" in
${places.flatMap(({ path, commands }) => commands.map((command) => `      ${quoted(`${path} ${command.name()}`)}) place=${quoted(`${path} ${command.name()}`.trim())} ;;`)).join('\n')}
    esac
  done
  case "$place:$previous" in
${places.flatMap(({ path, options }) => options.flatMap((option) => valueCases(path, option))).join('\n')}
  esac
  local words=''
  case "$place" in
${places.map((place) => `    ${quoted(place.path)}) words=${quoted(wordsOf(place).join(' '))} ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _${identifier} ${name}
`
}

function valueCases(path: string, option: Option): string[] {
  if (!option.required && !option.optional) return []
  const patterns = flags(option)
    .map((flag) => quoted(`${path}:${flag}`))
    .join(' | ')
  const words = option.argChoices
    ? `COMPREPLY=($(compgen -W ${quoted(option.argChoices.join(' '))} -- "$current"))`
    : files.has(option.long ?? '')
      ? 'COMPREPLY=($(compgen -f -- "$current"))'
      : 'COMPREPLY=()'
  return [`    ${patterns}) ${words}; return ;;`]
}

function wordsOf({ commands, options, choices }: Place): string[] {
  return [
    ...commands.map((command) => command.name()),
    ...choices,
    ...options.flatMap((option) => option.long ?? []),
  ]
}

/** zsh can run the functions of bash. */
function zsh(name: string, places: readonly Place[]): string {
  return `#compdef ${name}
autoload -U +X bashcompinit && bashcompinit
${bash(name, places)}`
}

function fish(name: string, places: readonly Place[]): string {
  const lines = places.flatMap(({ path, commands, options, choices }) => {
    const here = `-n ${quoted(`__${name.replaceAll('-', '_')}_at ${quotedInside(path)}`)}`
    return [
      ...commands.map(
        (command) => `complete -c ${name} ${here} -f -a ${command.name()} -d ${quoted(summaryOf(command))}`,
      ),
      ...(choices.length > 0 ? [`complete -c ${name} ${here} -f -a ${quoted(choices.join(' '))}`] : []),
      ...options.map((option) => `complete -c ${name} ${here} ${fishOption(option)}`),
    ]
  })
  return `# fish completion for ${name}: ${name} completion fish | source
function __${name.replaceAll('-', '_')}_at
  set -l words
  for word in (commandline -opc)[2..]
    contains -- "$words $word" ${places
      .filter(({ path }) => path !== '')
      .map(({ path }) => quoted(path.includes(' ') ? path : ` ${path}`))
      .join(' ')}
    and set words (string trim "$words $word")
  end
  test "$words" = "$argv"
end
${lines.join('\n')}
`
}

function fishOption(option: Option): string {
  const value = option.required
    ? option.argChoices
      ? ` -x -a ${quoted(option.argChoices.join(' '))}`
      : files.has(option.long ?? '')
        ? ' -r'
        : ' -x'
    : ''
  const short = option.short ? ` -s ${option.short.slice(1)}` : ''
  return `-l ${option.long?.slice(2)}${short}${value} -d ${quoted(option.description)}`
}

function summaryOf(command: Command): string {
  return command.summary() || command.description()
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function quotedInside(text: string): string {
  return text === '' ? '""' : text
}
