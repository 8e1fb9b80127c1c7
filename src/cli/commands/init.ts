import { writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Command } from 'commander'
import { parseConfig } from '../../config/load.ts'
import { ConfigError } from '../../config/problem.ts'
import { starterConfig } from '../../config/starter.ts'
import { readYaml } from '../../config/yaml-source.ts'
import { createClientSecret } from '../../crypto/client-secret-text.ts'
import { createRandom } from '../../crypto/random.ts'
import { type Answer, answers } from '../answer.ts'
import { CommandFailed, usageFailure } from '../failure.ts'
import { DEFAULT_FILE } from '../options.ts'
import type { Terminal } from '../terminal.ts'

interface InitOptions {
  readonly tenant: string
  readonly host: string
  readonly user?: string
}

export function addInit(program: Command, terminal: Terminal): void {
  const command = program
    .command('init')
    .description('Write a configuration file to begin with, with secrets of its own.')
    .argument('[FILE]', 'Where to write it; a file that exists is left alone.', DEFAULT_FILE)
    .option('--tenant <TENANT>', 'Id of the tenant.', 'main')
    .option('--host <HOST>', 'The host that requests come to.', 'localhost')
    .option('--user <NAME>', 'Add a first user; the password is made and shown once.')
  answers(command, terminal, init)
}

async function init(options: InitOptions, file = DEFAULT_FILE): Promise<Answer> {
  const random = createRandom()
  const { tenant, host } = options
  const client = { id: 'warehouse-sync', secret: createClientSecret(random) }
  const user = options.user === undefined ? null : { username: options.user, password: random.text(24) }
  const text = starterConfig({
    tenant,
    host,
    user,
    clientSecret: client.secret,
    resourceServerSecret: createClientSecret(random),
  })
  requireValid(text)
  write(file, text)
  return {
    data: { file, tenant, host, client, user },
    text: `Wrote ${file}${user === null ? '' : `, with the user ${user.username} and the password ${user.password}`}.\n`,
    note: nextSteps(file, host, client),
  }
}

/** Names come from the command line: one that breaks a rule is an error of usage. */
function requireValid(text: string): void {
  try {
    parseConfig(readYaml(text).content?.value)
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown
    throw usageFailure(thrown.problems.map(({ path, message }) => `${path} ${message}.`).join('\n'))
  }
}

/** Only its owner may read it: there are secrets in it. */
function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 })
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : null
    if (code === 'EEXIST') {
      throw new CommandFailed(`${file} exists. Remove it first, or name another file: mintkeeper init FILE`)
    }
    if (code === 'ENOENT') {
      throw new CommandFailed(`There is no directory ${dirname(file)}. Make it first, or name another file.`)
    }
    throw new CommandFailed(
      `${file} can not be written (${code}). Name a file in a directory you may write to.`,
    )
  }
}

function nextSteps(file: string, host: string, client: { id: string; secret: string }): string {
  const flag = file === DEFAULT_FILE ? '' : ` --config ${file}`
  return `
Next:
  mintkeeper serve${flag}
  curl -s http://127.0.0.1:8080/oauth/token -H 'Host: ${host}' -u '${client.id}:${client.secret}' -d grant_type=client_credentials
Then set hosts and issuer in ${file} to the name your clients use, and put a proxy that speaks TLS in front.
`
}
