/**
 * Executes a document as a reader would: every `sh` block, in order, in one bash and one directory that is empty at first.
 * No block is rewritten. What a document needs to be told, such as the address of a database, it reads from variables;
 * `mintkeeper` is that of this checkout; and `localhost:8080` and `:8081` lead to free ports.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { createTemporaryDirectory, ROOT, type RunningProgram, startProgram } from '../embed/program.ts'
import { type Block, readBlocks } from './markdown.ts'
import { findDifference } from './output.ts'
import { findPorts } from './ports.ts'
import { ScriptFailed, startShell } from './shell.ts'

export interface Document {
  /** Path in the checkout. */
  readonly name: string
  readonly text: string
}

/** What others do while a document is read, before the first command below a heading. */
export type Meanwhile = Readonly<Record<string, () => Promise<void>>>

/** What a reader runs in a terminal of its own, and how the command line is called for it. */
const SERVERS: Readonly<Record<string, readonly string[]>> = {
  'npm ci && npm start': ['demo'],
  'npm start': ['demo'],
  'mintkeeper serve': ['serve'],
}

/** What runs tests of this checkout, and is not run by one of them. */
const TESTS: readonly string[] = ['npm cit', 'npm run cluster']

/** What documents call the two ports. */
const [TOKEN_PORT, ADMIN_PORT] = [8080, 8081]

/**
 * Rejects at the first command that fails or prints something else than the document says, with the document, the line
 * and the command.
 */
export async function executeDocument(
  { name, text }: Document,
  variables: Readonly<Record<string, string>> = {},
  meanwhile: Meanwhile = {},
): Promise<void> {
  const unnamed = Object.keys(variables).find((variable) => !text.includes(`\`${variable}\``))
  if (unnamed !== undefined) throw new Error(`${name}: does not say what ${unnamed} is`)
  const blocks = readBlocks(text).filter(({ language }) => language === 'sh')
  const headings = eventsOf(text, meanwhile)
  const directory = createTemporaryDirectory()
  const [cwd, files] = [join(directory.path, 'work'), join(directory.path, 'shell')]
  for (const path of [cwd, files]) mkdirSync(path)
  const [port = 0, adminPort = 0] = await findPorts(2)
  const connectTo = (said: number, real: number) => `connect-to = "localhost:${said}:127.0.0.1:${real}"\n`
  writeFileSync(join(files, '.curlrc'), connectTo(TOKEN_PORT, port) + connectTo(ADMIN_PORT, adminPort))
  const env = {
    HOME: files,
    PATH: [dirname(process.execPath), join(ROOT, 'bin'), process.env.PATH].join(delimiter),
    TMPDIR: tmpdir(),
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    MINTKEEPER_PORT: String(port),
    MINTKEEPER_ADMIN_PORT: String(adminPort),
    ...variables,
  }
  const asSaid = (printed: string) =>
    printed.replaceAll(`:${port}`, `:${TOKEN_PORT}`).replaceAll(`:${adminPort}`, `:${ADMIN_PORT}`)
  const shell = startShell(cwd, files, env)
  const servers: RunningProgram[] = []

  async function execute(block: Block): Promise<void> {
    const command = block.text.trim()
    const args = SERVERS[command]
    if (args === undefined && !TESTS.includes(command)) {
      const script = { text: block.text, name: basename(name), line: block.line + 1 }
      return check(name, block, asSaid(await shell.run(script)))
    }
    if (block.expected !== null)
      throw new Error(`${name}:${block.expected.line}: nobody looks at what ${command} prints`)
    if (args === undefined) return
    await servers.pop()?.stop()
    const main = join(ROOT, 'src', 'cli', 'main.ts')
    servers.push(await startProgram({ args: [main, ...args], cwd, env, until: /"plane":"control"/ }))
  }

  try {
    for (const block of blocks) {
      await headings.reach(block.line)
      await execute(block)
    }
    headings.expectNoneLeft()
  } catch (thrown) {
    if (!(thrown instanceof ScriptFailed)) throw thrown
    const { line, message, printed } = thrown
    const command = text.split('\n')[line - 1]?.trim()
    throw new Error(`${name}:${line}: ${message}: ${command}\n\n${asSaid(printed)}${lastLogged(cwd)}`)
  } finally {
    await shell.close()
    await servers.pop()?.stop()
    directory.remove()
  }
}

function eventsOf(text: string, meanwhile: Meanwhile) {
  const lines = text.split('\n')
  const left = Object.entries(meanwhile).map(([heading, happens]) => {
    const line = lines.indexOf(heading)
    if (line < 0) throw new Error(`there is no heading ${heading}`)
    return { heading, line, happens }
  })
  return {
    /** Lets happen what does before a line. */
    async reach(line: number): Promise<void> {
      for (const next of left.filter((each) => each.line < line)) {
        left.splice(left.indexOf(next), 1)
        await next.happens()
      }
    },
    expectNoneLeft(): void {
      const [first] = left
      if (first !== undefined) throw new Error(`there is no command below the heading ${first.heading}`)
    },
  }
}

/** What the server that a document has started says of a command that failed. */
function lastLogged(cwd: string): string {
  const log = join(cwd, 'mintkeeper.log')
  return existsSync(log)
    ? `\nmintkeeper.log:\n${readFileSync(log, 'utf8').split('\n').slice(-10).join('\n')}`
    : ''
}

/** Throws if a block has not printed what the document says, or an error that it says nothing of. */
function check(name: string, { text, line, expected }: Block, printed: string): void {
  if (expected === null) {
    const error = /^.*(?:\{"error"|"status":[45]).*$/m.exec(printed)?.[0]
    if (error === undefined) return
    throw new Error(`${name}:${line}: prints an error that the document does not show: ${error}\n\n${text}`)
  }
  const difference = findDifference(expected.text, printed)
  if (difference === null) return
  const place = `${name}:${expected.line + 1 + difference.line}`
  const [said, found] = [difference.said, difference.printed].map((end) => end ?? '(nothing more)')
  throw new Error(
    `${place}: is not what the block of line ${line} prints\n  document: ${said}\n  printed:  ${found}\n\n${text}\n${printed}`,
  )
}
