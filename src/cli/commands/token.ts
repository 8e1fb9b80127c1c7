import type { Command } from 'commander'
import { revokeTokensBefore } from '../../admin/operations/tokens.ts'
import { SURFACE_NAMES, type SurfacePolicy, type Tenant } from '../../protocol/policy.ts'
import { formatScope } from '../../protocol/scope.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import { type Answer, answersFromStore, answersFromTenant } from '../answer.ts'
import { CommandFailed, usageFailure } from '../failure.ts'
import { describeToken, type FoundToken, findToken } from '../find-token.ts'
import { issueToken } from '../issue-token.ts'
import { type StoreOptions, words } from '../options.ts'
import { revokeToken } from '../revoke-token.ts'
import { tokenArgument } from '../secret-input.ts'
import { card } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { timeOfText, timeOr, timeText } from '../time-text.ts'
import { chosenTenants, type Opened } from '../with-mintkeeper.ts'

interface IssueOptions extends StoreOptions {
  readonly client?: string
  readonly user?: string
  readonly scope?: readonly string[]
  readonly surface: string
}

interface RevokeOptions extends StoreOptions {
  readonly issuedBefore?: string
}

const TOKEN = 'The token; - reads it from standard input, where ps does not show it.'

/** The claims of these JWTs are fixed by NewStore's document: none of them names the refresh token. */
const JWT_NOTE = `Access tokens of the surface newstore that were issued with it live until they expire: revoke each, or end
all tokens of the user with: mintkeeper user disable
`

const ISSUED_BEFORE =
  'In place of a token: every token issued before a time (2026-01-31T23:59:59Z, seconds since 1970, or now), of users ' +
  'and clients, JWTs included.'

/** Who only verifies the signature of a JWT does not ask us. */
const OFFLINE_NOTE = `Resource servers that verify JWTs without asking accept those until they expire.
`

export function addTokenCommands(program: Command, terminal: Terminal): void {
  const tokens = program.command('token').description('Issue, look up and revoke single tokens.')

  const issue = tokens
    .command('issue')
    .description('Issue a token without any credential, under all rules of surface, client, user and scope.')
    .option('--client <CLIENT>', 'The client it is for; with --user the client by which the user logs in.')
    .option('--user <NAME>', 'The user it is for.')
    .option('--scope <SCOPES>', 'What is asked for. (default: as the surface does it)', words)
    .option('--surface <SURFACE>', SURFACE_NAMES.join(', '), 'standard')
  answersFromTenant<IssueOptions>(issue, terminal, async ({ mintkeeper, tenant }, options) => {
    const { client = null, user = null, scope } = options
    if (client === null && user === null)
      throw usageFailure('Name whom the token is for: --client, --user or both.')
    const order = { client, user, scope: scope?.join(' ') ?? null }
    const policy = requireSurface(tenant, options.surface)
    const {
      accessToken,
      refreshToken,
      expiresIn,
      scope: granted,
    } = await issueToken(order, tenant, policy, mintkeeper.services, mintkeeper.operations.by)
    return {
      data: { accessToken, refreshToken, expiresIn, scope: formatScope(granted) },
      text: card([
        ['access token', accessToken],
        ['refresh token', refreshToken],
        ['expires in', `${expiresIn} s`],
        ['scope', formatScope(granted) || 'none'],
      ]),
    }
  })

  const inspect = tokens
    .command('inspect')
    .description('Say what the server knows about a token. It does not count as used by that.')
    .argument('<TOKEN>', TOKEN)
    .option('--tenant <TENANT>', 'Look there only. (default: in all tenants)')
  answersFromStore(inspect, terminal, async (opened, { tenant }, argument = '') => {
    const description = describeToken(
      await requireToken(await tokenArgument(argument, terminal), opened, tenant),
    )
    return { data: description, text: tokenCard(description) }
  })

  const revoke = tokens
    .command('revoke')
    .description(
      'Revoke a token: a refresh token with its whole family, an access token with its refresh token.',
    )
    .argument('[TOKEN]', TOKEN)
    .option('--issued-before <TIME>', ISSUED_BEFORE)
    .option('--tenant <TENANT>', 'Look there only. (default: in all tenants)')
  answersFromStore<RevokeOptions>(revoke, terminal, async (opened, { tenant, issuedBefore }, argument) => {
    if ((argument === undefined) === (issuedBefore === undefined)) {
      throw usageFailure('Name either a token, or with --issued-before the time up to which all end.')
    }
    if (issuedBefore !== undefined) return await revokeBefore(issuedBefore, opened, tenant)
    const text = await tokenArgument(argument ?? '', terminal)
    const found = await requireToken(text, opened, tenant)
    const outcome = await revokeToken(
      text,
      found,
      opened.mintkeeper.services,
      opened.mintkeeper.operations.by,
    )
    const { surface, kind } = describeToken(found)
    return {
      data: { outcome, tenant: found.tenant.id, surface, kind },
      text: outcome === 'revoked' ? `Revoked the ${kind} token.\n` : `The ${kind} token was dead already.\n`,
      ...(outcome === 'revoked' && kind === 'refresh' && surface === 'newstore' && { note: JWT_NOTE }),
    }
  })
}

/** For a database that was restored: tokens it has never heard of end too. */
async function revokeBefore(text: string, { mintkeeper }: Opened, only: string | undefined): Promise<Answer> {
  const time = text === 'now' ? 'now' : timeOfText(text)
  if (time === null) {
    throw usageFailure('Give the time as 2026-01-31T23:59:59Z, as seconds since 1970, or as now.')
  }
  const tenants: { readonly tenant: string; readonly issuedBefore: EpochSeconds }[] = []
  for (const { id } of chosenTenants(mintkeeper, only)) {
    const issuedBefore = await revokeTokensBefore(mintkeeper.operations, id, time)
    tenants.push({ tenant: id, issuedBefore })
  }
  const lines = tenants.map(
    ({ tenant, issuedBefore }) =>
      `Revoked every token of ${tenant} issued before ${timeText(issuedBefore)}.\n`,
  )
  return { data: tenants, text: lines.join(''), note: OFFLINE_NOTE }
}

async function requireToken(
  text: string,
  { mintkeeper }: Opened,
  tenant: string | undefined,
): Promise<FoundToken> {
  const found = await findToken(text, chosenTenants(mintkeeper, tenant), mintkeeper.services)
  if (found !== null) return found
  throw new CommandFailed(
    'The server does not know this token: it was never issued, was changed on its way, or died long ago.',
  )
}

function requireSurface({ id, surfaces }: Tenant, name: string): SurfacePolicy {
  const policy = [...surfaces.values()].find(({ surface }) => surface === name)
  if (policy !== undefined) return policy
  throw usageFailure(`The tenant ${id} has no surface ${name}. It has: ${[...surfaces.keys()].join(', ')}.`)
}

function tokenCard(token: ReturnType<typeof describeToken>): string {
  const { row } = token
  return card([
    [
      'state',
      token.why === null || token.why === token.state ? token.state : `${token.state} (${token.why})`,
    ],
    ['kind', `${token.format} ${token.kind} token`],
    ['tenant', token.tenant],
    ['surface', token.surface],
    ['client', token.client],
    ['user', token.username === null ? token.user : `${token.username} (${token.user})`],
    ['scope', token.scope || 'none'],
    ['issued', timeText(token.issuedAt)],
    ['expires', timeOr(token.expiresAt, 'never')],
    ['jti', token.jwtId],
    ['row', row?.id ?? 'none: it is stored nowhere'],
    ['grant', row?.grant ?? null],
    ['refresh', row?.hasRefreshToken ? timeOr(row.refreshExpiresAt, 'never expires') : null],
    ['family', row?.family ?? null],
    ['successor', row?.successor ?? null],
    ['spent', row === null ? null : timeOr(row.spentAt, 'no')],
    ['revoked', row === null ? null : timeOr(row.revokedAt, 'no')],
  ])
}
