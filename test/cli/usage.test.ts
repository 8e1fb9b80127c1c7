import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findStalePages, PAGES } from '../../scripts/generate-reference.ts'
import { createProgram } from '../../src/cli/program.ts'
import { SILENT_TERMINAL } from '../../src/cli/terminal.ts'
import { CONFIGURATION, createWorkplace, type Workplace } from './workplace.ts'

const ROOT = join(import.meta.dirname, '../..')

const program = await createProgram(SILENT_TERMINAL)

function leaves(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves)
}

describe('the command line', () => {
  let place: Workplace
  beforeAll(() => {
    place = createWorkplace()
  })
  afterAll(() => place.remove())

  it.each([
    ['nothing', [], /^Usage: mintkeeper/],
    ['a command nobody knows', ['sevre'], /unknown command 'sevre'\n\(Did you mean serve\?\)/],
    ['a noun alone', ['user'], /^Usage: mintkeeper user/],
    [
      'an option nobody knows',
      ['serve', '--prot', '1'],
      /unknown option '--prot'\n\(Did you mean --port\?\)/,
    ],
    ['an option without its value', ['serve', '--port'], /argument missing/],
    ['an argument too many', ['purge', 'everything'], /too many arguments/],
  ])('refuses %s with 2 and on standard error', async (_what, args, message) => {
    const { code, stdout, stderr } = await place.run(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })

  it('does not repeat words that are too many: one may be a password', async () => {
    const { stderr } = await place.run(['user', 'set-password', 'joe', 'canary-argv'])
    expect(stderr).toContain('too many arguments')
    expect(stderr).not.toContain('canary')
  })

  it('prints its version and its help on standard output', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    expect(await place.run(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' })
    const help = await place.run(['token', 'issue', '--help'])
    expect(help).toMatchObject({ code: 0, stderr: '' })
    expect(help.stdout).toContain('--surface <SURFACE>')
  })

  it.each([
    ['a flag', ['serve', '--port', 'x'], {}, '--port: must be a whole number'],
    ['a variable', ['serve'], { MINTKEEPER_PORT: 'x' }, 'MINTKEEPER_PORT: must be a whole number'],
    ['a variable nobody knows', ['serve'], { MINTKEEPER_PROT: '1' }, 'did you mean'],
    [
      'a file that is not there',
      ['serve', '--config', 'x.yaml'],
      {},
      'x.yaml can not be read (no such file)',
    ],
    ['nothing to serve', ['serve', '--database', 'memory:'], {}, 'mintkeeper init'],
  ])('refuses %s as configuration, with 78', async (_what, args, env, message) => {
    const { code, stdout, stderr } = await place.run(args, { env })
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
    expect(stderr).toContain(message)
  })
})

describe('a configuration that only the store can refuse', () => {
  it.each(['apply', 'serve'])('has %s exit with 78', async (command) => {
    const place = createWorkplace()
    place.write('mintkeeper.yaml', CONFIGURATION.replace('canary-password-of-joe', 'canary'.repeat(50)))
    const { code, stdout, stderr } = await place.run([command])
    place.remove()
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
    expect(stderr).toMatch(/users\[0\]\.password: must not be longer than 256 bytes/)
    expect(stderr).not.toContain('canary')
  })
})

describe('every command', () => {
  const commands = leaves(program)

  it('is there', () => {
    const names = commands.map((command) =>
      `${command.parent?.name()} ${command.name()}`.replace('mintkeeper ', ''),
    )
    expect(names).toEqual(
      expect.arrayContaining([
        ...[
          'serve',
          'demo',
          'init',
          'apply',
          'migrate up',
          'migrate status',
          'backup',
          'storage',
          'purge',
          'doctor',
          'tenant list',
          'key list',
          'key rotate',
        ],
        ...['create', 'list', 'show', 'set-password', 'disable', 'enable', 'delete'].map(
          (verb) => `user ${verb}`,
        ),
        ...['create', 'list', 'show', 'disable', 'enable', 'delete'].map((verb) => `client ${verb}`),
        ...['add', 'rotate', 'mute', 'unmute', 'remove'].map((verb) => `client ${verb}-secret`),
        ...['issue', 'inspect', 'revoke'].map((verb) => `token ${verb}`),
      ]),
    )
  })

  it('says what it does, as does each of its options', () => {
    for (const command of commands) {
      expect(command.description()).toMatch(/^[A-Z].*\.$/)
      for (const { description } of [...command.options, ...command.registeredArguments])
        expect(description).not.toBe('')
    }
  })

  it('prints JSON if asked, unless it serves', () => {
    const without = commands.filter(({ options }) => !options.some(({ long }) => long === '--json'))
    expect(without.map((command) => command.name())).toEqual(['serve', 'demo'])
  })

  it('takes no secret on the command line', () => {
    const flags = commands.flatMap(({ options }) =>
      options.filter(({ required }) => required).map(({ long }) => long),
    )
    expect(
      flags.filter(
        (flag) =>
          /password(?!-(cache|hash))|secret|(?<!access-)token|key/.test(flag ?? '') &&
          !flag?.endsWith('-file'),
      ),
    ).toEqual([])
  })
})

describe('docs/reference/cli.md', () => {
  it('is what the commands say', () => {
    expect(Object.keys(PAGES)).toContain('docs/reference/cli.md')
    expect(findStalePages(ROOT)).not.toContain('docs/reference/cli.md')
  })

  it('is found to be stale where it is not', () => {
    expect(findStalePages(join(ROOT, 'test'))).toContain('docs/reference/cli.md')
  })

  it('names every command and every option', () => {
    const page = readFileSync(join(ROOT, 'docs/reference/cli.md'), 'utf8')
    for (const command of leaves(program)) {
      expect(page).toContain(command.description())
      for (const { flags } of command.options) expect(page).toContain(`\`${flags}\``)
    }
  })
})
