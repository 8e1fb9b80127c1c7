/** T162: every command that changes something leaves one event; the commands are those that there are. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditEventResource } from '../../src/admin/operations/audit-events.ts'
import { createProgram, runCommandLine } from '../../src/cli/program.ts'
import { SILENT_TERMINAL } from '../../src/cli/terminal.ts'
import { generateSigningKey } from '../../src/crypto/signing-key.ts'
import { SAMPLE } from '../import/shop.ts'

const PASSWORD = 'canary-password-0123456789'
const SECRET = 'canary-secret-0123456789-0123456789-0123456789'

const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-'))
afterAll(() => rmSync(directory, { recursive: true }))

function write(name: string, text: string): string {
  writeFileSync(join(directory, name), text, { mode: 0o600 })
  return join(directory, name)
}

const config = write(
  'mintkeeper.yaml',
  `
database: sqlite:${directory}/mintkeeper.db
tenants:
  - id: main
    hosts: [main.example]
    issuer: https://main.example/
    users: [{ id: joe, username: joe, password: ${PASSWORD} }]
    clients: [{ id: sync, secret: ${SECRET}, grants: [client_credentials], scopes: [read], accessToken: opaque }]
`,
)

const printed = new Set<string>()

/** What a command prints as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at answers freely
async function run(args: readonly string[], input = ''): Promise<any> {
  let out = ''
  let notes = ''
  const exitCode = await runCommandLine([...args, '--config', config, '--json'], {
    ...SILENT_TERMINAL,
    out: (text) => (out += text),
    note: (text) => (notes += text),
    read: async () => input,
  })
  expect([args.join(' '), exitCode, notes]).toEqual([args.join(' '), null, ''])
  return JSON.parse(out)
}

/** The oldest first. */
async function events(): Promise<readonly AuditEventResource[]> {
  return (await run(['audit', '--limit', '1000'])).toReversed()
}

interface Step {
  readonly command: string
  readonly args?: () => readonly string[] | Promise<readonly string[]>
  readonly input?: string
  readonly leaves: readonly Partial<AuditEventResource>[]
}

const BY = `operator:${userInfo().username}` as const
const ANY = expect.stringMatching(/^[\w-]+$/)
const first = async (list: readonly string[], name: string) => (await run(list))[0][name]
const secretOf = async (index: number) => (await run(['client', 'show', 'shop'])).secrets[index].id
const issued = async () => (await run(['token', 'issue', '--client', 'sync', '--scope', 'read'])).accessToken
const user = (type: AuditEventResource['type'], details: string | null = null) => ({
  type,
  user: 'ann',
  details,
})
const client = (type: AuditEventResource['type'], details: string | null = null) => ({
  ...{ type, client: 'shop', details },
})

const IMPORTED = (count: number) => [
  { type: 'import.begin' as const },
  { type: 'import.end' as const, details: `${count} users, 0 clients, 0 tokens` },
]

/** In this order, as what one makes the next takes away. */
const STEPS: readonly Step[] = [
  {
    command: 'user create',
    args: () => ['ann', '--id', 'ann', '--password-stdin'],
    input: PASSWORD,
    leaves: [user('user.create')],
  },
  {
    command: 'user set-password',
    args: () => ['ann'],
    leaves: [user('user.update', 'password tokensValidAfter')],
  },
  {
    command: 'user disable',
    args: () => ['ann'],
    leaves: [user('user.update', 'disabled tokensValidAfter')],
  },
  { command: 'user enable', args: () => ['ann'], leaves: [user('user.update', 'disabled')] },
  // Nobody has failed, so nothing is changed.
  { command: 'user unlock', args: () => ['ann'], leaves: [] },
  { command: 'source unlock', args: () => ['192.0.2.1'], leaves: [] },
  { command: 'client unlock', args: () => ['sync'], leaves: [] },
  { command: 'user delete', args: () => ['ann'], leaves: [user('user.delete')] },
  {
    command: 'client create',
    args: () => ['shop', '--secret-stdin', '--grant', 'client_credentials'],
    input: SECRET,
    leaves: [client('client.create')],
  },
  {
    command: 'client require-dpop',
    args: () => ['shop'],
    leaves: [client('client.update', 'dpopBoundAccessTokens')],
  },
  {
    command: 'client disable',
    args: () => ['shop'],
    leaves: [client('client.update', 'disabled tokensValidAfter')],
  },
  { command: 'client enable', args: () => ['shop'], leaves: [client('client.update', 'disabled')] },
  {
    command: 'client rotate-secret',
    args: () => ['shop', '--overlap', '600'],
    leaves: [{ ...client('client_secret.add'), object: ANY }],
  },
  {
    command: 'client add-secret',
    args: () => ['shop'],
    leaves: [{ ...client('client_secret.add'), object: ANY }],
  },
  ...(['mute-secret', 'unmute-secret'] as const).map((name) => ({
    command: `client ${name}`,
    args: async () => ['shop', await secretOf(0)],
    leaves: [{ ...client('client_secret.update'), object: ANY }],
  })),
  {
    command: 'client remove-secret',
    args: async () => ['shop', await secretOf(0)],
    leaves: [{ ...client('client_secret.remove'), object: ANY }],
  },
  {
    command: 'client set-keys',
    args: async () => {
      const { publicJwk } = await generateSigningKey('ES256')
      return ['shop', '--jwks', write('jwks.json', JSON.stringify({ keys: [publicJwk] }))]
    },
    leaves: [client('client.update', 'jwks')],
  },
  { command: 'client delete', args: () => ['shop'], leaves: [client('client.delete')] },
  {
    command: 'integration migrate',
    args: () => ['joe', '--id', 'of-joe', '--scope', 'read'],
    leaves: [
      { type: 'client.create', user: 'joe', client: 'of-joe' },
      { type: 'user.update', user: 'joe', client: 'of-joe', details: 'successor' },
    ],
  },
  {
    command: 'integration finish',
    args: () => ['joe', '--force'],
    leaves: [{ type: 'user.update', user: 'joe', details: 'disabled tokensValidAfter' }],
  },
  {
    command: 'token issue',
    args: () => ['--client', 'sync', '--scope', 'read'],
    leaves: [{ type: 'token.issue', client: 'sync', object: ANY, surface: 'standard', details: 'read' }],
  },
  {
    command: 'token revoke',
    args: async () => [await issued()],
    leaves: [{ type: 'token.revoke', client: 'sync', object: ANY, surface: 'standard' }],
  },
  {
    command: 'key rotate',
    args: () => ['--force'],
    leaves: [
      { type: 'signing_key.rotate', object: ANY, details: expect.stringMatching(/^in place of \w+$/) },
    ],
  },
  {
    command: 'key withdraw',
    args: async () => [await first(['key', 'list'], 'kid'), '--yes'],
    leaves: [{ type: 'signing_key.withdraw', object: ANY }],
  },
  {
    command: 'key import',
    args: async () => {
      const { publicJwk } = await generateSigningKey('RS256')
      return [write('other.json', JSON.stringify({ ...publicJwk, kid: 'theirs' }))]
    },
    leaves: [{ type: 'signing_key.import', object: 'theirs', details: 'RS256' }],
  },
  {
    command: 'brownout start',
    args: () => ['spree', '--for', '60'],
    leaves: [{ type: 'brownout.start', object: ANY, details: expect.stringMatching(/^spree until /) }],
  },
  {
    command: 'brownout end',
    args: async () => [await first(['brownout', 'list'], 'id')],
    leaves: [{ type: 'brownout.end', object: ANY }],
  },
  {
    command: 'import spree',
    args: () => ['--from', SAMPLE],
    leaves: [
      { type: 'import.begin' },
      {
        type: 'import.end',
        details: expect.stringMatching(/^[1-9]\d* users, [1-9]\d* clients, [1-9]\d* tokens$/),
      },
    ],
  },
  {
    command: 'import csv',
    args: () => [write('users.csv', 'id,username\ncarl,carl\ndora,dora\n')],
    leaves: IMPORTED(2),
  },
  {
    command: 'import auth0',
    args: () => [write('users.json', JSON.stringify({ user_id: 'auth0|1', email: 'eve@example.com' }))],
    leaves: IMPORTED(1),
  },
]

const CHANGE_NOTHING = [
  ...['serve', 'demo', 'init', 'doctor', 'backup', 'storage', 'migrate up', 'migrate status'],
  ...['audit verify', 'user list', 'user show', 'client list', 'client show', 'key list', 'source show'],
  ...['tenant list', 'token inspect', 'brownout list', 'usage', 'integration status', 'why', 'surface check'],
  // What is dead already.
  'purge',
]

function leavesOf(command: Command, path: readonly string[] = []): readonly string[] {
  if (command.commands.length === 0) return [path.join(' ')]
  return command.commands.flatMap((each) => leavesOf(each, [...path, each.name()]))
}

test('every command is looked at here', async () => {
  const all = leavesOf(await createProgram(SILENT_TERMINAL)).toSorted()
  const looked = [...STEPS.map(({ command }) => command), 'apply', ...CHANGE_NOTHING]
  expect([...new Set(looked)].toSorted()).toEqual(all)
})

beforeAll(async () => {
  await run(['apply'])
})

test('T162 apply tells what the configuration has changed, and nothing if it has not', async () => {
  const applied = await events()
  expect(applied.map(({ actor, type }) => `${actor} ${type}`)).toEqual([
    'configuration tenant.save',
    'configuration client.create',
    'configuration user.create',
    'server signing_key.create',
  ])
  await run(['apply'])
  expect(await events()).toEqual(applied)
})

describe('T162', () => {
  test.each(STEPS)('$command', async ({ command, args = () => [], input = '', leaves }) => {
    const given = await args()
    const before = await events()
    const answer = await run([...command.split(' '), ...given], input)
    for (const name of ['password', 'secret', 'accessToken']) if (answer[name]) printed.add(answer[name])
    const left = (await events()).slice(before.length)
    expect(left).toEqual(
      leaves.map((expected) => ({
        ...{
          id: expect.any(String),
          at: expect.any(String),
          tenant: 'main',
          actor: BY,
          user: null,
          client: null,
        },
        ...{ object: null, surface: null, source: null, requestId: null, result: 'ok', reason: null },
        ...{ details: null, ...expected },
      })),
    )
  })

  test('no secret is in any event', async () => {
    const text = JSON.stringify(await events())
    expect(printed.size).toBeGreaterThanOrEqual(4)
    for (const secret of [...printed, PASSWORD, SECRET]) expect(text).not.toContain(secret)
  })
})
