import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { readAuth0 } from '../../import/auth0/auth0.ts'
import type { MemberPath } from '../../import/auth0/member-path.ts'
import { openSourceFile } from '../../import/source-file.ts'
import { isReservedClaim } from '../../protocol/jwt.ts'
import { answersFromTenant } from '../answer.ts'
import { addImportOptions, type ImportOptions, importFrom } from '../import/run-import.ts'
import type { Terminal } from '../terminal.ts'

type ClaimPaths = ReadonlyMap<string, MemberPath>

interface Auth0ImportOptions extends ImportOptions {
  readonly roles: MemberPath
  readonly claim?: ClaimPaths
  readonly passwordHashes?: string
}

const DEFAULT_CLAIMS: ClaimPaths = new Map([['newstore_id', 'app_metadata.newstore_id']])

export function addImportAuth0(imports: Command, terminal: Terminal): void {
  const command = imports
    .command('auth0')
    .description(
      'Take over the users of an Auth0 tenant, whose sub stays as it is: a JSON array as for its bulk import, or NDJSON ' +
        'as its export jobs and its support write it. To run it again goes on where another run was ended, and follows ' +
        'what was changed at Auth0 since; what was changed here stays as it is.',
    )
    .argument('<FILE>', 'The users.')
    .option('--roles <PATH>', 'Where a user has the roles.', 'app_metadata.roles')
    .option(
      '--claim <NAME=PATH>',
      'A claim of the user’s tokens, and where it stands; may be repeated. (default: newstore_id=app_metadata.newstore_id)',
      claim,
    )
    .option(
      '--password-hashes <FILE>',
      'The export by Auth0’s support, where the users come from an export job: that has no password hashes.',
    )
  answersFromTenant<Auth0ImportOptions>(
    addImportOptions(command),
    terminal,
    async (opened, options, path = '') => {
      const { roles, claim: claims = DEFAULT_CLAIMS, passwordHashes } = options
      const hashes = passwordHashes === undefined ? null : await openSourceFile(resolve(passwordHashes))
      const reader = readAuth0(await openSourceFile(resolve(path)), { roles, claims, hashes })
      return await importFrom(reader, opened, options, terminal)
    },
  )
}

function claim(text: string, before: ClaimPaths = new Map()): ClaimPaths {
  const [, name = '', path = ''] = /^([^=]+)=(.+)$/.exec(text) ?? []
  if (name === '')
    throw new InvalidArgumentError('Give a name and a path: newstore_id=app_metadata.newstore_id')
  if (isReservedClaim(name)) throw new InvalidArgumentError(`${name} is set by the server itself.`)
  return new Map([...before, [name, path]])
}
