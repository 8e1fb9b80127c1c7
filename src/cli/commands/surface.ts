import { type Command, InvalidArgumentError } from 'commander'
import { findSuggestion } from '../../config/suggestion.ts'
import { type Ask, type Case, type CheckedSurface, needsUser } from '../../surface-check/case.ts'
import { CASES, CHECKED_SURFACES } from '../../surface-check/cases.ts'
import type { CaseResult } from '../../surface-check/play.ts'
import { type Answer, answers } from '../answer.ts'
import { CommandFailed, EXIT, outcomeOf, usageFailure } from '../failure.ts'
import { addTenantOptions, type StoreOptions, words } from '../options.ts'
import { createAsk } from '../surface-check/ask.ts'
import { type Credentials, readCredentials } from '../surface-check/credentials-file.ts'
import { KEEPS_NOTHING, openHere } from '../surface-check/mintkeeper-here.ts'
import { countsOf, type Report, reportData } from '../surface-check/report.ts'
import { caseTable, reportText } from '../surface-check/report-text.ts'
import { runCheck } from '../surface-check/run-check.ts'
import { isInTheClear, serverUrl } from '../surface-check/server-url.ts'
import type { Terminal } from '../terminal.ts'
import { type OpenedTenant, withTenant } from '../with-mintkeeper.ts'

interface CheckOptions extends StoreOptions {
  readonly against?: URL
  readonly credentials?: string
  readonly with?: URL
  readonly as?: string
  readonly ignoreHeader?: readonly string[]
  readonly case?: readonly string[]
  readonly list?: true
}

/** Longer than a login takes on a busy shop. */
const TIMEOUT_MS = 30_000

export function addSurfaceCommands(program: Command, terminal: Terminal): void {
  const surfaces = program
    .command('surface')
    .description('Compare a surface with the server it takes the place of.')

  const check = surfaces
    .command('check')
    .description(
      "Send an old server and Mintkeeper the requests of the API's document, good ones and bad ones, and tell each field in which their answers differ. Exits with 0 if all differences are meant, with 1 if some are not, with 69 if something could not be compared.",
    )
    .argument('<SURFACE>', `${CHECKED_SURFACES.join(' or ')}.`, surfaceOf)
    .option(
      '--against <URL>',
      'The old server, with the path that its API is below, if there is one.',
      serverUrl,
    )
    .option(
      '--credentials <FILE>',
      'YAML file with username, password, client_id, client_secret and scope, as far as there are any.',
    )
    .option(
      '--with <URL>',
      'A Mintkeeper that runs. (default: one that this command runs on the configured database)',
      serverUrl,
    )
    .option(
      '--as <HOST>',
      'Which host to call Mintkeeper by. (default: that of --with; else that of --against, if the tenant has it)',
    )
    .option(
      '--case <NAMES>',
      'Only these requests: see --list. If any of them needs the user, the login that proves the password goes first.',
      words,
    )
    .option(
      '--ignore-header <NAMES>',
      'Headers that are not to be compared, beside those that never are.',
      words,
    )
    .option('--list', 'List the requests, and send none.')
  answers<CheckOptions>(addTenantOptions(check), terminal, async (options, argument): Promise<Answer> => {
    const surface = argument as CheckedSurface
    const cases = chosenCases(surface, options.case)
    if (options.list === true) {
      const listed = cases.map(({ name, asks, source }) => ({ name, asks, source }))
      return { data: listed, text: caseTable(cases) }
    }
    const report = await toCompare(() => compare(surface, cases, options, terminal))
    return {
      data: reportData(report),
      text: reportText(report),
      exitCode: exitCodeOf(report),
    }
  })
}

function exitCodeOf({ results }: Report): number {
  const counts = countsOf(results)
  if (counts.different > 0) return EXIT.failure
  // What neither of the two takes, or one has not answered, is not proved.
  return counts.refused + counts['no answer'] > 0 ? EXIT.unavailable : EXIT.ok
}

/** Who reads the exit code has to know that 1 means differences, and nothing else. */
async function toCompare<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    const { exitCode, message } = outcomeOf(thrown)
    if (exitCode !== EXIT.failure) throw thrown
    throw new CommandFailed(message ?? '', EXIT.unavailable, { cause: thrown })
  }
}

async function compare(
  surface: CheckedSurface,
  cases: readonly Case[],
  options: CheckOptions,
  terminal: Terminal,
): Promise<Report> {
  const { against, credentials: file } = options
  if (against === undefined) throw usageFailure('Say where the old server is: --against URL.')
  if (file === undefined) throw usageFailure('Say who is to log in: --credentials FILE.')
  const credentials = readCredentials(file, surface)
  if (credentials.warning !== null) terminal.note(`warning: ${credentials.warning}\n`)
  for (const url of [against, options.with]) {
    if (url !== undefined && isInTheClear(url)) {
      terminal.note(`warning: ${url.origin} is asked without TLS: the credentials can be read on the way\n`)
    }
  }
  const { as: host = null } = options
  const ignoredHeaders = (options.ignoreHeader ?? []).map((name) => name.toLowerCase())
  const play = async (here: Ask): Promise<readonly CaseResult[]> => {
    const ask = createAsk({ base: against, host: null, timeoutMs: TIMEOUT_MS, clock: Date.now })
    return await runCheck(cases, { surface, against: ask, here, ignoredHeaders, ...playersOf(credentials) })
  }
  const report = { surface, against: against.href, ignoredHeaders }
  if (options.with !== undefined) {
    const ask = createAsk({
      base: options.with,
      host,
      alone: true,
      timeoutMs: TIMEOUT_MS,
      clock: Date.now,
    })
    return { ...report, here: hereText(options.with.href, host), results: await play(ask) }
  }
  const playHere = async (opened: OpenedTenant) => {
    const here = await openHere(opened, { oldHost: against.host, host, timeoutMs: TIMEOUT_MS })
    if (host === null && here.host !== against.host) {
      terminal.note(
        `warning: the tenant ${opened.tenant.id} does not answer for ${against.host}. If integrations call that host, add it to hosts before the cut-over\n`,
      )
    }
    try {
      const results = await play(here.ask)
      return {
        ...report,
        here: hereText(`the tenant ${opened.tenant.id}, in this process`, here.host),
        results,
      }
    } finally {
      here.close()
    }
  }
  return await withTenant(options, terminal, playHere, KEEPS_NOTHING)
}

function hereText(server: string, host: string | null): string {
  return host === null ? server : `${server}, called as ${host}`
}

function playersOf({ values, secrets }: Credentials) {
  return { credentials: values, secrets }
}

function surfaceOf(text: string): CheckedSurface {
  const surface = CHECKED_SURFACES.find((name) => name === text)
  if (surface === undefined) throw new InvalidArgumentError(`Give ${CHECKED_SURFACES.join(' or ')}.`)
  return surface
}

function chosenCases(surface: CheckedSurface, names: readonly string[] | undefined): readonly Case[] {
  const all = CASES[surface]
  if (names === undefined) return all
  const known = all.map(({ name }) => name)
  for (const name of names) {
    if (known.includes(name)) continue
    const suggestion = findSuggestion(name, known)
    const hint = suggestion === null ? 'See them with --list.' : `Did you mean ${suggestion}?`
    throw usageFailure(`There is no case ${name}. ${hint}`)
  }
  const isChosen = ({ name }: Case) => names.includes(name)
  const sendsUser = all.filter(isChosen).some(needsUser)
  // First of all it is found out whether the password is right: with a wrong one, each request would be a guess more.
  return all.filter((each) => isChosen(each) || (sendsUser && each.provesUser === true))
}
