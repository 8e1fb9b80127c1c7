import { type Command, InvalidArgumentError } from 'commander'
import {
  type BrownOutResource,
  endBrownOut,
  listBrownOuts,
  startBrownOut,
} from '../../admin/operations/brown-outs.ts'
import { LEGACY_SURFACES, type LegacySurface } from '../../protocol/policy.ts'
import { type EpochSeconds, epochSeconds } from '../../protocol/time.ts'
import { type Answer, answersFromTenant } from '../answer.ts'
import { CommandFailed, usageFailure } from '../failure.ts'
import { type StoreOptions, wholeSeconds, words } from '../options.ts'
import { card, table } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { timeOfText, timeText } from '../time-text.ts'

interface StartOptions extends StoreOptions {
  readonly from?: EpochSeconds
  readonly for?: number
  readonly until?: EpochSeconds
  readonly user?: readonly string[]
}

const TIME = 'such as 2027-03-01T09:00:00Z'

export function addBrownOutCommands(program: Command, terminal: Terminal): void {
  const brownOuts = program
    .command('brownout')
    .description('Times in which a legacy surface issues no tokens, so that who still uses it notices.')

  answersFromTenant(
    brownOuts.command('list').description('List those whose time is not over.'),
    terminal,
    async ({ mintkeeper, tenant }) => {
      const items = await listBrownOuts(mintkeeper.operations, tenant.id)
      return { data: items, text: brownOutTable(items) }
    },
  )

  const start = brownOuts
    .command('start')
    .description('Have a surface answer 410 with Retry-After in place of tokens for a while.')
    .argument('<SURFACE>', `${LEGACY_SURFACES.join(' or ')}.`, surfaceOf)
    .option('--for <SECONDS>', 'How long.', wholeSeconds)
    .option('--until <TIME>', `Until when, ${TIME}.`, timeOf)
    .option('--from <TIME>', `From when on, ${TIME}. (default: now)`, timeOf)
    .option('--user <USERS>', 'Only these users: names, e-mail addresses or ids.', words)
  answersFromTenant<StartOptions>(start, terminal, async ({ mintkeeper, tenant }, options, surface) => {
    const { operations } = mintkeeper
    const { from, user: users } = options
    const to = endOf(options, from ?? epochSeconds(operations.clock))
    const input = { surface: surface as LegacySurface, from, to, users }
    return shown(await startBrownOut(operations, tenant.id, input), 'Started')
  })

  const end = brownOuts
    .command('end')
    .description('End a brown-out before its time, or before it begins; one of the configuration, too.')
    .argument('<ID>', 'Its id: see brownout list.')
  answersFromTenant(end, terminal, async ({ mintkeeper, tenant }, _options, id = '') => {
    const known = await listBrownOuts(mintkeeper.operations, tenant.id)
    if (!known.some((brownOut) => brownOut.id === id)) {
      throw new CommandFailed(`The tenant ${tenant.id} has no brown-out ${id}. See: mintkeeper brownout list`)
    }
    return shown(await endBrownOut(mintkeeper.operations, tenant.id, id), 'Ended')
  })
}

function endOf({ for: seconds, until }: StartOptions, from: EpochSeconds): EpochSeconds {
  if ((seconds === undefined) === (until === undefined)) {
    throw usageFailure('Say when it ends: with either --for or --until.')
  }
  return until ?? from + (seconds ?? 0)
}

function surfaceOf(text: string): LegacySurface {
  const surface = LEGACY_SURFACES.find((name) => name === text)
  if (surface === undefined) throw new InvalidArgumentError(`Give ${LEGACY_SURFACES.join(' or ')}.`)
  return surface
}

function timeOf(text: string): EpochSeconds {
  const time = timeOfText(text)
  if (time === null) throw new InvalidArgumentError(`Give a time with its zone, ${TIME}.`)
  return time
}

function shown(brownOut: BrownOutResource, done: string): Answer {
  const text = card([
    ['id', brownOut.id],
    ['surface', brownOut.surface],
    ['users', usersText(brownOut)],
    ['from', timeText(brownOut.from)],
    ['to', timeText(brownOut.to)],
    ['state', brownOut.state],
  ])
  const note = '\nEvery node knows within a second on PostgreSQL, within five on SQLite.\n'
  return { data: brownOut, text: `${done} the brown-out ${brownOut.id}.\n\n${text}`, note }
}

function usersText({ usernames }: BrownOutResource): string {
  return usernames === null ? 'everybody' : usernames.join(' ')
}

function brownOutTable(brownOuts: readonly BrownOutResource[]): string {
  return table<BrownOutResource>(
    [
      { title: 'id', value: ({ id }) => id },
      { title: 'surface', value: ({ surface }) => surface },
      { title: 'users', value: usersText },
      { title: 'from', value: ({ from }) => timeText(from) },
      { title: 'to', value: ({ to }) => timeText(to) },
      { title: 'state', value: ({ state }) => state },
      { title: 'by', value: ({ origin }) => origin },
    ],
    brownOuts,
    'There are no brown-outs.',
  )
}
