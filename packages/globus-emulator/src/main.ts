#!/usr/bin/env node
import { emulatorCommand } from './command.ts'
import { version } from './version.ts'

await emulatorCommand().version(version).parseAsync()
