/** Runs the steps of a Dockerfile where there is no Docker: each stage is a folder. What the base image would be is this machine. */
import { execFile } from 'node:child_process'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Copy, DockerfileParser, type Healthcheck, type JSONInstruction } from 'dockerfile-ast'

/** What the last stage is: a folder, and what runs in it. */
export type Image = {
  folder: string
  env: Record<string, string>
  user: string
  command: string[]
  healthcheck: string[]
}

type Stage = Image & { root: string }

/**
 * @param context the folder that COPY copies from
 * @param root a new folder for the stages
 * @param prepare is called with the root folder of each stage
 */
export async function runDockerfile(
  text: string,
  context: string,
  root: string,
  prepare: (stage: string) => Promise<void>,
): Promise<Image> {
  const stages = new Map<string, Stage>()
  let stage: Stage | undefined
  const below = (path: string, { root, folder }: Stage): string =>
    path.startsWith('/') ? join(root, path) : join(folder, path)
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const words = instruction.getArguments().map((argument) => argument.getValue())
    const keyword = instruction.getKeyword()
    if (keyword === 'FROM') {
      const [, , name = `${stages.size}`] = words
      const folder = join(root, name)
      stage = { root: folder, folder, env: {}, user: 'root', command: [], healthcheck: [] }
      stages.set(name, stage)
      await mkdir(folder, { recursive: true })
      await prepare(folder)
      continue
    }
    if (stage === undefined) throw new Error(`${keyword} stands before FROM`)
    switch (keyword) {
      case 'WORKDIR':
        stage.folder = below(words[0] ?? '', stage)
        await mkdir(stage.folder, { recursive: true })
        break
      case 'ENV':
        for (const word of words) {
          const [, name = '', value = ''] = /^(\w+)=(.*)$/s.exec(word) ?? []
          stage.env[name] = value
        }
        break
      case 'COPY': {
        const from = (instruction as Copy).getFromFlag()?.getValue()
        const other = from ? stages.get(from) : undefined
        const target = below(words.at(-1) ?? '', stage)
        for (const source of words.slice(0, -1)) {
          const path = other ? below(source, other) : join(context, source)
          // A file goes into a folder, a folder becomes the target.
          const into = words.at(-1)?.endsWith('/') ? join(target, source) : target
          await cp(path, source.includes('.') ? join(target, source) : into, { recursive: true })
        }
        break
      }
      case 'RUN':
        await promisify(execFile)('sh', ['-ec', instruction.getArgumentsContent() ?? ''], {
          cwd: stage.folder,
          env: { ...process.env, ...stage.env },
        })
        break
      case 'USER':
        stage.user = words[0] ?? ''
        break
      case 'CMD':
        stage.command = strings(instruction as JSONInstruction)
        break
      case 'HEALTHCHECK':
        stage.healthcheck = JSON.parse(
          /CMD (\[.*\])$/s.exec((instruction as Healthcheck).getArgumentsContent() ?? '')?.[1] ?? '[]',
        )
        break
      case 'EXPOSE':
      case 'STOPSIGNAL':
        break
      default:
        throw new Error(`${keyword} is not known here: say what it does in test/dockerfile.ts`)
    }
  }
  if (stage === undefined) throw new Error('The Dockerfile has no stage')
  return stage
}

const strings = (instruction: JSONInstruction): string[] =>
  instruction.getJSONStrings().map((each) => each.getJSONValue())
