import type { Command } from 'commander'
import type { Loaded } from '../../config/load.ts'
import { ConfigError, formatProblem } from '../../config/problem.ts'
import { type Answer, answers } from '../answer.ts'
import { type Check, fail, ok, warn } from '../doctor/check.ts'
import { checkFiles } from '../doctor/file-checks.ts'
import { checkPorts } from '../doctor/port-checks.ts'
import { checkRuntime } from '../doctor/runtime-checks.ts'
import { checkStore } from '../doctor/store-checks.ts'
import { EXIT } from '../failure.ts'
import { addConfigOption, addProcessOptions, type ConfigOptions, loadWith } from '../options.ts'
import { table } from '../table.ts'
import type { Terminal } from '../terminal.ts'

export function addDoctor(program: Command, terminal: Terminal): void {
  const command = program
    .command('doctor')
    .description(
      'Look for what keeps a server from running, or running well. Changes nothing; exits with 1 if something fails.',
    )
  command.option(
    '--full',
    'Compare each index of an SQLite database with its table: takes several times as long.',
  )
  addProcessOptions(addConfigOption(command))
  answers<DoctorOptions>(command, terminal, async (options) => reported(await examine(options, terminal)))
}

interface DoctorOptions extends ConfigOptions {
  readonly full?: true
}

async function examine(options: DoctorOptions, terminal: Terminal): Promise<readonly Check[]> {
  const runtime = checkRuntime(Date.now())
  let loaded: Loaded
  try {
    loaded = loadWith(options, terminal)
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown
    return [...runtime, ...thrown.problems.map((problem) => fail('configuration', formatProblem(problem)))]
  }
  const { config, warnings, file } = loaded
  return [
    ...runtime,
    ok('configuration', file ?? 'no file: flags and environment only'),
    ...warnings.map((warning) => warn('configuration', formatProblem(warning))),
    ...checkFiles(config, file),
    ...(await checkStore(config, options, terminal, options.full === true ? 'full' : 'quick')),
    ...(await checkPorts(config.server)),
  ]
}

function reported(checks: readonly Check[]): Answer {
  const failed = checks.filter(({ state }) => state === 'fail').length
  const warned = checks.filter(({ state }) => state === 'warn').length
  const text = table<Check>(
    [
      { title: 'state', value: ({ state }) => state },
      { title: 'what', value: ({ name }) => name },
      { title: 'found', value: ({ detail }) => detail },
    ],
    checks,
    '',
  )
  return {
    data: { ok: failed === 0, checks },
    text: `${text}\n${failed} failed, ${warned} with a warning, ${checks.length - failed - warned} fine.\n`,
    exitCode: failed === 0 ? EXIT.ok : EXIT.failure,
  }
}
