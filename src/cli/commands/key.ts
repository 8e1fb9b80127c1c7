import type { Command } from 'commander'
import { type KeyResource, listKeys, toKeyResource } from '../../admin/operations/keys.ts'
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../../protocol/jwt.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import { answersFromTenant } from '../answer.ts'
import { CommandFailed, usageFailure } from '../failure.ts'
import { keyTable } from '../key-table.ts'
import type { StoreOptions } from '../options.ts'
import type { Terminal } from '../terminal.ts'
import { timeText } from '../time-text.ts'
import { addKeyImport } from './key-import.ts'

interface RotateOptions extends StoreOptions {
  readonly algorithm?: string
  readonly force?: boolean
}

interface WithdrawOptions extends StoreOptions {
  readonly yes?: true
}

export function addKeyCommands(program: Command, terminal: Terminal): void {
  const keys = program.command('key').description('Signing keys of a tenant.')
  addList(keys, terminal)
  addRotate(keys, terminal)
  addWithdraw(keys, terminal)
  addKeyImport(keys, terminal)
}

function addList(keys: Command, terminal: Terminal): void {
  answersFromTenant(
    keys.command('list').description('List the signing keys.'),
    terminal,
    async ({ mintkeeper, tenant }) => {
      const items = await listKeys(mintkeeper.operations, tenant.id)
      return { data: items, text: keyTable(items) }
    },
  )
}

function addRotate(keys: Command, terminal: Terminal): void {
  const rotate = keys
    .command('rotate')
    .description('Sign with the announced key from now on, retire the active one and announce a new one.')
    .option('--algorithm <NAME>', "RS256, ES256 or EdDSA. (default: the tenant's)")
    .option('--force', 'Even if verifiers may not know the announced key yet.')
  answersFromTenant<RotateOptions>(rotate, terminal, async ({ mintkeeper, tenant }, options) => {
    const algorithm =
      options.algorithm === undefined ? tenant.signingAlgorithm : knownAlgorithm(options.algorithm)
    const { force = false } = options
    const rotation = await mintkeeper.services.keys.rotate(tenant.id, algorithm, {
      force,
      by: mintkeeper.operations.by,
    })
    if (rotation.kind === 'too_early') throw tooEarly(algorithm, rotation.possibleAt)
    const items = rotation.keys.map(toKeyResource)
    return {
      data: items,
      text: keyTable(items),
      note: `\nThe retired key stays published until ${timeText(rotation.goneAt)}, when the last token it signed has expired.\n`,
    }
  })
}

function addWithdraw(keys: Command, terminal: Terminal): void {
  const withdraw = keys
    .command('withdraw')
    .description('Take away a key that leaked, for good: whatever it signed is refused from now on.')
    .argument('<KID>', 'Its kid.')
    .option('--yes', 'Do it. Without this, the command only says what it would do.')
  answersFromTenant<WithdrawOptions>(
    withdraw,
    terminal,
    async ({ mintkeeper, tenant }, options, kid = '') => {
      const key = (await listKeys(mintkeeper.operations, tenant.id)).find((each) => each.kid === kid)
      if (key === undefined)
        throw new CommandFailed('There is no key with this kid. List them with: key list')
      if (options.yes !== true) throw notConfirmed(key)
      const withdrawal = await mintkeeper.services.keys.withdraw(tenant.id, kid, mintkeeper.operations.by)
      const items = withdrawal.kind === 'withdrawn' ? withdrawal.keys.map(toKeyResource) : []
      return {
        data: items,
        text: keyTable(items),
        note:
          '\nServers that run refuse what it signed within ten seconds; programs that verify JWTs by themselves as soon as ' +
          'they fetch the public keys anew.\n',
      }
    },
  )
}

function notConfirmed({ state }: KeyResource): CommandFailed {
  const next = state === 'active' ? ' The announced key signs from then on.' : ''
  return usageFailure(
    `This ends every JWT that the key has signed, and can not be undone.${next} To do it, add --yes.`,
  )
}

function tooEarly(algorithm: SigningAlgorithm, possibleAt: EpochSeconds): CommandFailed {
  return new CommandFailed(
    `The announced ${algorithm} key is so new that verifiers may not know it yet. Rotate from ${timeText(possibleAt)} ` +
      'on; or now with --force, if the active key must not sign any more: until then verifiers may refuse new tokens.',
  )
}

function knownAlgorithm(name: string): SigningAlgorithm {
  const algorithm = SIGNING_ALGORITHMS.find((each) => each.toLowerCase() === name.toLowerCase())
  if (algorithm === undefined) throw usageFailure(`${name} is none of ${SIGNING_ALGORITHMS.join(', ')}.`)
  return algorithm
}
