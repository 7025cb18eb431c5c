#!/usr/bin/env node
import { emulatorCommand } from './command.ts'
import { version } from './service.ts'

await emulatorCommand().version(version).parseAsync()
