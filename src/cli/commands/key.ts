import type { Command } from 'commander'
import { type KeyResource, listKeys, toKeyResource } from '../../admin/operations/keys.ts'
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../../protocol/jwt.ts'
import { answersFromTenant } from '../answer.ts'
import { usageFailure } from '../failure.ts'
import type { StoreOptions } from '../options.ts'
import { rotateKeys } from '../rotate-keys.ts'
import { table } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { timeOr, timeText } from '../time-text.ts'

interface RotateOptions extends StoreOptions {
  readonly algorithm?: string
}

export function addKeyCommands(program: Command, terminal: Terminal): void {
  const keys = program.command('key').description('Signing keys of a tenant.')

  answersFromTenant(
    keys.command('list').description('List the signing keys.'),
    terminal,
    async ({ mintkeeper, tenant }) => {
      const items = await listKeys(mintkeeper.operations, tenant.id)
      return { data: items, text: keyTable(items) }
    },
  )

  const rotate = keys
    .command('rotate')
    .description('Sign with the announced key from now on, retire the active one and announce a new one.')
    .option('--algorithm <NAME>', "RS256, ES256 or EdDSA. (default: the tenant's)")
  answersFromTenant<RotateOptions>(rotate, terminal, async ({ mintkeeper, tenant }, options) => {
    const algorithm =
      options.algorithm === undefined ? tenant.signingAlgorithm : knownAlgorithm(options.algorithm)
    const { keys: rows, publishedFor } = await rotateKeys(mintkeeper, tenant, algorithm)
    const items = rows.map(toKeyResource)
    return {
      data: items,
      text: keyTable(items),
      note: `\nThe retired key stays published for ${publishedFor} s, until the last token it signed has expired.\n`,
    }
  })
}

function knownAlgorithm(name: string): SigningAlgorithm {
  const algorithm = SIGNING_ALGORITHMS.find((each) => each.toLowerCase() === name.toLowerCase())
  if (algorithm === undefined) throw usageFailure(`${name} is none of ${SIGNING_ALGORITHMS.join(', ')}.`)
  return algorithm
}

function keyTable(keys: readonly KeyResource[]): string {
  return table<KeyResource>(
    [
      { title: 'kid', value: ({ kid }) => kid },
      { title: 'algorithm', value: ({ algorithm }) => algorithm },
      { title: 'state', value: ({ state }) => state },
      { title: 'use', value: ({ verifyOnly }) => (verifyOnly ? 'verifies' : 'signs') },
      { title: 'created', value: ({ createdAt }) => timeText(createdAt) },
      { title: 'gone', value: ({ goneAt }) => timeOr(goneAt, '') },
    ],
    keys,
    'There are no signing keys. The server makes them when it starts.',
  )
}
