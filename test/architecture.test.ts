import { globSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkArchitecture, LAYERS } from './architecture/rules.ts'

const root = posix.join(import.meta.dirname, '..')

function readSource(): Map<string, string> {
  const entries = readdirSync(posix.join(root, 'src'), { recursive: true, withFileTypes: true })
  const paths = entries.filter((each) => each.isFile()).map((each) => posix.join(each.parentPath, each.name))
  return new Map(paths.sort().map((path) => [posix.relative(root, path), readFileSync(path, 'utf8')]))
}

/** A small sound tree, with the files given put over it. */
function plant(planted: Record<string, string>): string[] {
  const sound = {
    'src/index.ts': "export type { Scope } from './protocol/scope.ts'\n",
    'src/server.ts': "import 'pino'\nimport { query } from './stores/sql/query.ts'\nquery({ words: [] })\n",
    'src/protocol/scope.ts': 'export interface Scope { readonly words: readonly string[] }\n',
    'src/store/rows.ts': "import type { Scope } from '../protocol/scope.ts'\nexport type Row = Scope\n",
    'src/stores/sql/query.ts':
      "import type { Row } from '../../store/rows.ts'\nexport const query = (row: Row) => row\n",
    'src/grants/grant.ts': "import type { Row } from '../store/rows.ts'\nexport type Grant = Row\n",
    'src/surfaces/surface.ts': "import type { Scope } from '../protocol/scope.ts'\nexport type Out = Scope\n",
    'src/cli/main.ts': "import '../server.ts'\nimport 'node:process'\nimport 'commander'\n",
  }
  return checkArchitecture(new Map(Object.entries({ ...sound, ...planted })))
}

describe('the source', () => {
  const files = readSource()

  test('keeps the rules', () => {
    expect(checkArchitecture(files)).toEqual([])
  })

  test('was read whole', () => {
    const walked = globSync('src/**/*', { cwd: root, withFileTypes: true }).filter((each) => each.isFile())
    expect(files.size).toBe(walked.length)
    expect(files.size).toBeGreaterThan(0)
  })

  test('was looked at, file by file', () => {
    const code = [...files].filter(([path]) => path.endsWith('.ts'))
    const spoilt = new Map(code.map(([path, text]) => [path, `${text}\nexport default 1\n`]))
    const found = new Set(checkArchitecture(spoilt).map((violation) => violation.split(':')[0]))
    expect([...found]).toEqual([...spoilt.keys()])
  })
})

describe('the rules', () => {
  test('find nothing in a sound tree', () => {
    expect(plant({})).toEqual([])
  })

  test.each([
    ['a static import', "import { a } from '../grants/grant.ts'"],
    ['an import of types', "import type { Grant } from '../grants/grant.ts'"],
    ['an import over lines', "import {\n  type Grant,\n} from '../grants/grant.ts'"],
    ['a bare import', "import '../grants/grant.ts'"],
    ['a dynamic import', "export const load = () => import('../grants/grant.ts')"],
    ['a dynamic import with a template', 'export const load = () => import(`../grants/grant.ts`)'],
    ['a type import in place', "export type A = import('../grants/grant.ts').Grant"],
    ['a re-export', "export { a } from '../grants/grant.ts'"],
    ['a re-export of all', "export * from '../grants/grant.ts'"],
    ['a call of require', "export const a = require('../grants/grant.ts')"],
    [
      'an import after tricky text',
      "const r = /['\"`/*]/\nexport const s = '//'\nimport '../grants/grant.ts'",
    ],
  ])('see %s', (_, text) => {
    expect(plant({ 'src/surfaces/x.ts': text })).toEqual([
      'src/surfaces/x.ts: surfaces may not import grants (../grants/grant.ts)',
    ])
  })

  test('see no import in comments and strings', () => {
    const text = `// import '../grants/grant.ts'\n/** import('pino') */\nexport const a = "import 'pino'"\n`
    expect(plant({ 'src/surfaces/x.ts': text })).toEqual([])
  })

  test.each([
    ['protocol', '../store/rows.ts', 'protocol may not import store (../store/rows.ts)'],
    ['store', '../grants/grant.ts', 'store may not import grants (../grants/grant.ts)'],
    ['crypto', '../store/rows.ts', 'crypto may not import store (../store/rows.ts)'],
    ['grants', '../surfaces/surface.ts', 'grants may not import surfaces (../surfaces/surface.ts)'],
    ['grants', '../stores/sql/query.ts', 'grants may not import stores (../stores/sql/query.ts)'],
    ['endpoints', '../surfaces/surface.ts', 'endpoints may not import surfaces (../surfaces/surface.ts)'],
    ['stores', '../grants/grant.ts', 'stores may not import grants (../grants/grant.ts)'],
    ['http', '../store/rows.ts', 'http may not import store (../store/rows.ts)'],
    ['admin', '../grants/grant.ts', 'admin may not import grants (../grants/grant.ts)'],
    ['config', '../store/rows.ts', 'config may not import store (../store/rows.ts)'],
    ['log', '../store/rows.ts', 'log may not import store (../store/rows.ts)'],
    ['http', '../server.ts', 'imports ../server.ts, which only the outside may'],
    ['endpoints', '../index.ts', 'imports ../index.ts, which only the outside may'],
    ['log', '../cli/main.ts', 'log may not import cli (../cli/main.ts)'],
    ['log', '../protocol/gone.ts', 'imports ../protocol/gone.ts, which is no file'],
    ['log', '../protocol/scope', 'imports ../protocol/scope, which is no file'],
    ['cli', '../../test/x.ts', 'imports ../../test/x.ts, outside src/'],
  ])('hold %s away from %s', (layer, specifier, problem) => {
    expect(plant({ [`src/${layer}/x.ts`]: `import '${specifier}'\n` })).toEqual([
      `src/${layer}/x.ts: ${problem}`,
    ])
  })

  test.each([
    ['protocol/x.ts', 'node:crypto', 'protocol may not import the package node:crypto'],
    ['protocol/x.ts', 'jose', 'protocol may not import the package jose'],
    ['store/x.ts', 'pg', 'store may not import the package pg'],
    ['grants/x.ts', 'zod', 'grants may not import the package zod'],
    ['grants/x.ts', 'mintkeeper', 'grants may not import the package mintkeeper'],
    ['surfaces/x.ts', 'node:http', 'surfaces may not import the package node:http'],
    ['endpoints/x.ts', 'jose/jwt/verify', 'endpoints may not import the package jose/jwt/verify'],
    ['admin/x.ts', '@node-rs/argon2', 'admin may not import the package @node-rs/argon2'],
    ['crypto/x.ts', '@node-rs/crc32', 'crypto may not import the package @node-rs/crc32'],
    ['crypto/x.ts', 'constructor', 'crypto may not import the package constructor'],
    ['http/x.ts', 'node:http', 'only edges/node.ts of http may import node:http'],
    ['http/edges/node.ts', 'node:http', 'http may import only types of node:http'],
    ['stores/sql/x.ts', 'node:sqlite', 'only */database.ts, sqlite/* of stores may import node:sqlite'],
    ['stores/memory.ts', 'node:fs', 'only */database.ts, sqlite/* of stores may import node:fs'],
  ])('keep from %s the package %s', (path, specifier, problem) => {
    expect(plant({ [`src/${path}`]: `import '${specifier}'\n` })).toEqual([`src/${path}: ${problem}`])
  })

  test.each([
    ['crypto/x.ts', "import 'node:crypto'\nimport '@node-rs/bcrypt'"],
    ['surfaces/x.ts', "import 'saxes'"],
    ['stores/sqlite/x.ts', "import 'node:sqlite'\nimport 'node:fs/promises'"],
    ['stores/postgres/database.ts', "import 'node:sqlite'"],
    ['http/edges/node.ts', "import type { IncomingMessage } from 'node:http'"],
    ['admin/console/x.ts', "import 'hono/cookie'\nimport '@hono/node-server'\nimport 'node:http'"],
    ['config/x.ts', "import 'zod'\nimport 'yaml'\nimport '../protocol/scope.ts'"],
    ['cli/commands/x.ts', "import '../../grants/grant.ts'\nimport 'node:net'"],
  ])('let %s import what it needs', (path, text) => {
    expect(plant({ [`src/${path}`]: text })).toEqual([])
  })

  test.each([
    ['log/x.ts', "export const load = (name: string) => import(name + '.ts')", 'imports by a computed name'],
    ['log/x.ts', 'export default 1', 'has a default export'],
    ['log/x.ts', 'const a = 1\nexport { a as default }', 'has a default export'],
    ['log/x.ts', 'let count = 0\nexport const next = () => ++count', 'has a let at module level'],
    ['log/x.ts', 'export let count = 0', 'has a let at module level'],
    ['log/x.ts', 'export var count = 0', 'has a var at module level'],
    ['log/x.ts', 'export const = 1', 'cannot be parsed'],
    ['log/x.ts', '\n'.repeat(301), 'has 301 lines, more than 300'],
    ['log/x.ts', `${'\n'.repeat(300)}// no line feed`, 'has 301 lines, more than 300'],
    ['log/SnakeLog.ts', '', 'the name SnakeLog.ts is not kebab-case'],
    ['log/snake_log.ts', '', 'the name snake_log.ts is not kebab-case'],
    ['log/Files/x.ts', '', 'the name Files is not kebab-case'],
    ['log/utils.ts', '', 'the name utils.ts says nothing: no utils'],
    ['log/log-helper.ts', '', 'the name log-helper.ts says nothing: no helper'],
    ['log/common/x.ts', '', 'the name common says nothing: no common'],
    ['log/token-service.ts', '', 'the name token-service.ts says nothing: no service'],
    ['log/manager.ts', '', 'the name manager.ts says nothing: no manager'],
    ['widgets/x.ts', '', 'belongs to no layer'],
    ['constructor/x.ts', '', 'belongs to no layer'],
    ['stray.ts', '', 'belongs to no layer'],
  ])('catch %s: $2', (path, text, problem) => {
    expect(plant({ [`src/${path}`]: text })).toEqual([`src/${path}: ${problem}`])
  })

  test.each([
    ['Date.now()', 'uses Date.now'],
    ['new Date()', 'reads the clock'],
    ['Date()', 'calls Date'],
    ['Math.random()', 'uses Math.random'],
    ['crypto.randomUUID()', 'uses crypto.randomUUID'],
    ['globalThis.crypto.getRandomValues(a)', 'uses crypto.getRandomValues'],
    ['process.env', 'uses process.env'],
    ["fetch('https://example.com')", 'calls fetch'],
    ['setTimeout(a, 1)', 'calls setTimeout'],
    ["console.log('x')", 'uses console.log'],
  ])('keep pure layers from %s', (expression, problem) => {
    const text = `export const x = (a: never) => ${expression}\n`
    const pure = Object.keys(LAYERS).filter((name) => LAYERS[name]?.pure === true)
    expect(pure).toEqual([
      ...['protocol', 'store', 'grants', 'surfaces', 'endpoints', 'surface-check', 'refusals', 'diagnosis'],
    ])
    for (const layer of pure) {
      expect(plant({ [`src/${layer}/x.ts`]: text })).toEqual([`src/${layer}/x.ts: is pure, but ${problem}`])
    }
    expect(plant({ 'src/log/x.ts': text })).toEqual([])
  })

  test('let a pure layer calculate with dates', () => {
    const text = 'export const x = (seconds: number) => new Date(seconds * 1000).toUTCString()\n'
    expect(plant({ 'src/protocol/x.ts': text })).toEqual([])
  })
})
