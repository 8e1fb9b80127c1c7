import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { readSecretFile } from '../../config/secret-files.ts'
import { openDumpSource } from '../../import/spree/dump-source.ts'
import { SPREE_ENCRYPTORS, type SpreeEncryptor } from '../../import/spree/passwords.ts'
import { openPostgresSource } from '../../import/spree/postgres-source.ts'
import type { SpreeSource } from '../../import/spree/source.ts'
import { readSpree } from '../../import/spree/spree.ts'
import { openSqliteSource } from '../../import/spree/sqlite-source.ts'
import { type EpochSeconds, epochSeconds } from '../../protocol/time.ts'
import { type Answer, answersFromTenant } from '../answer.ts'
import { CommandFailed, usageFailure } from '../failure.ts'
import { addImportOptions, type ImportOptions, importFrom } from '../import/run-import.ts'
import { findSeenBefore, rememberSeen } from '../import/seen-tokens.ts'
import type { Terminal } from '../terminal.ts'
import type { OpenedTenant } from '../with-mintkeeper.ts'

export interface SpreeImportOptions extends ImportOptions {
  readonly from?: string
  readonly sqlite?: string
  readonly schema?: string
  readonly pepperFile?: string
  readonly encryptor?: SpreeEncryptor
  readonly stretches?: readonly number[]
  readonly plainHexBefore?: EpochSeconds
  readonly confirmedOnly?: true
  readonly store?: string
  readonly allTokens?: true
}

/** The pepper of the shop's Devise, where no file has it. */
const PEPPER_VARIABLE = 'MINTKEEPER_SPREE_PEPPER'

export function addImportSpree(imports: Command, terminal: Terminal): void {
  const command = imports
    .command('spree')
    .description(
      'Take over the users, applications and live tokens of a Spree shop, 3.7 to 5.3. To run it again goes on where ' +
        'another run was ended, adds what is new, and follows what the shop has changed since: passwords, addresses, ' +
        'roles, applications, users who were deleted, tokens that were revoked. What was changed here stays as it is.',
    )
    .option(
      '--from <SOURCE>',
      'The shop’s database (postgres://…; its password may be in PGPASSWORD), or a file that pg_dump made of it in plain SQL.',
    )
    .option('--sqlite <FILE>', 'Its database, if that is an SQLite file.')
    .option('--schema <NAME>', 'Schema of its tables. (default: the one the database finds them in)')
    .option(
      '--pepper-file <FILE>',
      `File that holds config.pepper of the shop’s Devise. (${PEPPER_VARIABLE}; default: none)`,
    )
    .addOption(
      new Option('--encryptor <NAME>', 'How the shop hashes passwords, other than with bcrypt.')
        .choices(SPREE_ENCRYPTORS)
        .default('authlogic_sha512'),
    )
    .option(
      '--stretches <COUNTS>',
      'How often: 20, or 20,12. (default: 20, 12, 10 and 1 are tried; 10 for sha512 and sha1)',
      counts,
    )
    .option(
      '--confirmed-only',
      'The shop lets only those log in who have confirmed their address: the others come disabled.',
    )
    .option('--store <ID>', 'Whose roles count, if users have roles at several stores.')
    .option(
      '--plain-hex-before <DATE>',
      'Tokens of 64 hexadecimal digits that were issued before this day are stored plain, as Doorkeeper 5.0 did; later ' +
        'ones as SHA-256. (default: 2019-07-01 in a shop older than Spree 4.4, and later none is)',
      day,
    )
    .option('--all-tokens', 'Look at tokens again that were there when an earlier run read all.')
  answersFromTenant<SpreeImportOptions>(addImportOptions(command), terminal, async (opened, options) => {
    return await importSpree(opened, options, terminal)
  })
}

/** The pepper comes from a file, or from the environment of the terminal. */
export async function importSpree(
  opened: OpenedTenant,
  options: SpreeImportOptions,
  terminal: Terminal,
): Promise<Answer> {
  const { mintkeeper, tenant } = opened
  const { store, clock } = mintkeeper.services
  const policy = tenant.surfaces.get('spree')
  if (policy === undefined) {
    throw new CommandFailed(
      `The tenant ${tenant.id} has no surface spree, where the tokens would work: list it.`,
    )
  }
  const pepper = pepperOf(options, terminal)
  const now = epochSeconds(clock)
  const seenBefore = await findSeenBefore(store, tenant.id, now)
  const source = await openSource(options)
  const reader = readSpree(source, {
    passwords: {
      encryptor: options.encryptor ?? 'authlogic_sha512',
      stretches: options.stretches ?? null,
      pepper,
    },
    tokens: {
      now,
      refreshExpiresIn: policy.refreshExpiresIn,
      refreshIdleExpiresIn: policy.refreshIdleExpiresIn,
      plainHexBefore: options.plainHexBefore ?? null,
      seenBefore: options.allTokens ? null : seenBefore,
    },
    store: options.store ?? null,
    confirmedOnly: options.confirmedOnly === true,
    allScopes: policy.scopes ?? [],
  })
  const answer = await importFrom(reader, opened, options, terminal)
  if (options.dryRun !== true) await rememberSeen(store, tenant.id, reader.newestToken(), now)
  return answer
}

async function openSource({ from, sqlite, schema }: SpreeImportOptions): Promise<SpreeSource> {
  if ((from === undefined) === (sqlite === undefined)) {
    throw usageFailure('Say what to read: --from postgres://…, --from dump.sql or --sqlite FILE.')
  }
  if (sqlite !== undefined) return openSqliteSource(resolve(sqlite))
  const source = from as string
  if (/^postgres(ql)?:\/\//.test(source)) return await openPostgresSource(source, schema ?? null)
  if (/^[a-z][a-z\d+.-]+:\/\//i.test(source)) throw usageFailure('Only postgres://… can be read, or a file.')
  return await openDumpSource(resolve(source), schema ?? null)
}

/** Never from the command line, which `ps` shows to everybody on the machine. */
function pepperOf({ pepperFile }: SpreeImportOptions, { env }: Terminal): string | null {
  if (pepperFile === undefined) return env[PEPPER_VARIABLE] || null
  const { text, problem } = readSecretFile(resolve(pepperFile), (path) => readFileSync(path, 'utf8'))
  if (problem !== null) throw new CommandFailed(`--pepper-file ${problem}.`)
  return text
}

function counts(text: string): readonly number[] {
  if (!/^\d{1,3}(,\d{1,3}){0,7}$/.test(text))
    throw new InvalidArgumentError('Give one number, or some: 20,12')
  return text.split(',').map(Number)
}

function day(text: string): EpochSeconds {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) throw new InvalidArgumentError('Give a day, such as 2019-07-01.')
  return time / 1000
}
