import { type Command, InvalidArgumentError } from 'commander'
import { toKeyResource } from '../../admin/operations/keys.ts'
import type { KeyImportOutcome } from '../../endpoints/key-ring-import.ts'
import { epochSeconds } from '../../protocol/time.ts'
import { answersFromTenant } from '../answer.ts'
import { CommandFailed, usageFailure } from '../failure.ts'
import { keyTable } from '../key-table.ts'
import type { StoreOptions } from '../options.ts'
import { readPublicKeys } from '../public-key-file.ts'
import type { Terminal } from '../terminal.ts'
import { timeText } from '../time-text.ts'

interface ImportOptions extends StoreOptions {
  readonly issuer?: string
  readonly audience?: string
  readonly kid?: string
  readonly days: number
}

const A_DAY = 86_400

export function addKeyImport(keys: Command, terminal: Terminal): void {
  const command = keys
    .command('import')
    .description(
      'Take the public keys of another system, so that its JWTs count until they expire. They never sign.',
    )
    .argument('<FILE>', 'A JWK Set, a JWK, or PEM (public key or certificate).')
    .option('--issuer <URL>', "The iss of its tokens. (default: the tenant's own)")
    .option('--audience <TEXT>', "The aud of its tokens, or one of them. (default: the surface's own)")
    .option('--kid <KID>', 'The kid in the header of its tokens. (default: that of the JWK, else computed)')
    .option('--days <NUMBER>', 'How long they verify: as long as the last of its tokens lives.', days, 30)
  answersFromTenant<ImportOptions>(command, terminal, async ({ mintkeeper, tenant }, options, file = '') => {
    const { keys: found, ofOtherUse } = readPublicKeys(file, options.kid)
    const { services } = mintkeeper
    const until = epochSeconds(services.clock) + options.days * A_DAY
    const { audience = null } = options
    const issuer = options.issuer === tenant.issuer ? null : (options.issuer ?? null)
    if (issuer === '' || audience === '') throw usageFailure('An issuer or audience must not be empty.')
    const terms = { issuer, audience }
    const { by } = mintkeeper.operations
    const outcome = await services.keys.import(tenant.id, { keys: found, terms, until, by })
    if (outcome.kind === 'refused') throw refused(outcome)
    const items = outcome.keys.map(toKeyResource)
    const ignored = ofOtherUse === 0 ? '' : `${ofOtherUse} of the set do not sign, and were left out. `
    return {
      data: items,
      text: keyTable(items),
      note: `\n${ignored}What they signed counts until ${timeText(until)} at the latest, for users and clients that are here.\n`,
    }
  })
}

function refused({ kid, why }: KeyImportOutcome & { kind: 'refused' }): CommandFailed {
  const reason = {
    withdrawn: 'was withdrawn, and never comes back',
    own: "is one of the tenant's own, which signs",
    taken: 'is another one than the tenant has under this kid; give it the kid of its tokens with --kid',
  }[why]
  return new CommandFailed(`Nothing was imported: the key ${kid} ${reason}.`)
}

function days(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('Give a number of days from 1 to 999.')
  return Number(text)
}
