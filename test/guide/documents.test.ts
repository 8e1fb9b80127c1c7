/** Every command, program, configuration file and link of the README and the guides, tried. */
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { basic, form, sendTo } from '../embed/exchange.ts'
import { createTemporaryDirectory, findFreePort, ROOT, startProgram } from '../embed/program.ts'
import { DOCUMENTS as ALL, ON_POSTGRES } from './documents.ts'
import { executeDocument } from './execute.ts'
import { type Block, readAnchors, readBlocks, readLinks } from './markdown.ts'
import { type Snippet, snippetsOf, typeErrorsOf } from './snippets.ts'

const DOCUMENTS = ALL.map((document) => ({ ...document, blocks: readBlocks(document.text) }))
const REFERENCES = readdirSync(join(ROOT, 'docs', 'reference'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/reference/${name}`)

const LANGUAGES = ['sh', 'ts', 'yaml', 'text']

test('there are documents, with blocks of languages that are looked at', () => {
  expect(DOCUMENTS.length).toBeGreaterThan(1)
  for (const { name, blocks } of DOCUMENTS) {
    for (const { language, line } of blocks) expect(LANGUAGES, `${name}:${line}`).toContain(language)
  }
})

const ELSEWHERE = Object.values(ON_POSTGRES).map(({ name }) => name)
const WITH_COMMANDS = DOCUMENTS.filter(
  ({ name, blocks }) => blocks.some(isShell) && !ELSEWHERE.includes(name),
)

test.each(WITH_COMMANDS)('the commands of $name', { timeout: 120_000 }, async (document) => {
  await executeDocument(document)
})

test('the npm scripts that are named are there', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const commands = DOCUMENTS.flatMap(({ blocks }) => blocks.filter(isShell)).map(({ text }) => text)
  const named = commands
    .flatMap((text) => [...text.matchAll(/\bnpm (?:run )?([\w:-]+)/g)])
    .map(([, name]) => name)
  // `npm cit` is `npm ci` and `npm test`.
  for (const name of new Set(named)) expect(['ci', 'cit', ...Object.keys(scripts)]).toContain(name)
})

describe('the programs', () => {
  const snippets = DOCUMENTS.flatMap(({ name, blocks }) => snippetsOf(name, blocks))

  test('are right to the compiler', async () => {
    expect(snippets.length).toBeGreaterThan(3)
    expect(await typeErrorsOf(snippets)).toEqual([])
  })

  test.each(snippets.filter(({ isProgram }) => isProgram))('$name runs', async (snippet) => {
    const directory = createTemporaryDirectory()
    try {
      if (/listen\(|serve\(/.test(snippet.text)) await expectServer(snippet, directory.path)
      else await expectEnd(snippet, directory.path)
    } finally {
      directory.remove()
    }
  })
})

describe('the configuration files', () => {
  const files = DOCUMENTS.flatMap(({ name, blocks }) =>
    blocks
      .filter(({ language }) => language === 'yaml')
      .map(({ text, line }) => ({ place: `${name}:${line}`, text })),
  )

  test.each(files)('$place is accepted without a warning', ({ text }) => {
    const whole = text.includes('tenants:') ? text : `${text}\ntenants: []\n`
    const { warnings } = loadConfig({
      text: whole,
      env: {},
      readFile: () => 'a-secret-of-more-than-32-characters',
    })
    expect(warnings).toEqual([])
  })
})

test.each([...DOCUMENTS.map(({ name }) => name), ...REFERENCES, 'CONTRIBUTING.md'])(
  'the links of %s lead somewhere',
  (name) => {
    for (const target of readLinks(readFileSync(join(ROOT, name), 'utf8'))) {
      const [path = '', anchor] = target.split('#')
      const file = join(ROOT, dirname(name), path)
      expect(existsSync(file), `${name}: ${target}`).toBe(true)
      if (anchor !== undefined) expect(readAnchors(readFileSync(file, 'utf8')), target).toContain(anchor)
    }
  },
)

function isShell({ language }: Block): boolean {
  return language === 'sh'
}

/** A server on port 3000 that gives the client of the text a token. */
async function expectServer({ text }: Snippet, cwd: string): Promise<void> {
  const port = await findFreePort()
  const program = await startSnippet(text.replaceAll('3000', String(port)), cwd)
  try {
    await portOpened(port)
    const id = /id: '([\w-]+)',\s+secret/.exec(text)?.[1] ?? ''
    const secret = /secret: '([\w-]+)'/.exec(text)?.[1] ?? ''
    const send = sendTo(`http://127.0.0.1:${port}`)
    const answer = await send(
      form('/oauth/token', { grant_type: 'client_credentials' }, basic({ id, secret })),
    )
    expect([answer.status, JSON.parse(answer.body).token_type]).toEqual([200, 'Bearer'])
  } finally {
    await program.stop()
  }
}

/** A program that ends, and well. */
async function expectEnd({ text }: Snippet, cwd: string): Promise<void> {
  const program = await startSnippet(text, cwd)
  expect(await program.ended()).toBe(0)
}

function startSnippet(text: string, cwd: string) {
  writeFileSync(join(cwd, 'snippet.mts'), text)
  return startProgram({ args: [join(cwd, 'snippet.mts')], cwd, until: /^/ })
}

/** Resolves when somebody listens; the test's time limit ends the waiting. */
async function portOpened(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const opened = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (opened) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
