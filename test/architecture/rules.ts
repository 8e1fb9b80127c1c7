/**
 * The rules of the source tree: who may import whom and what, and a few rules of form. Pure: it is given the files
 * and answers with the violations, so that the tests can plant some.
 */
import { posix } from 'node:path'
import { parseAst } from 'vitest/node'

interface Layer {
  /** The other layers it may import. Types count. */
  readonly layers: readonly string[] | 'any'
  /** The npm packages and built-in modules it may import, and where: globs within the layer's folder. */
  readonly packages: Readonly<Record<string, Place>> | 'any'
  /** True if its code must get the time and random values from its caller. */
  readonly pure: boolean
}

interface Place {
  readonly files: readonly string[]
  readonly typesOnly?: true
}

const everywhere: Place = { files: ['**'] }
const sqliteDriver: Place = { files: ['*/database.ts', 'sqlite/*'] }

/** One line a folder of src/. A missing line is a violation too. */
export const LAYERS: Readonly<Record<string, Layer>> = {
  protocol: { layers: [], packages: {}, pure: true },
  crypto: {
    layers: ['protocol'],
    packages: {
      'node:crypto': everywhere,
      'node:buffer': everywhere,
      'node:fs': { files: ['master-key.ts'] },
      'node:zlib': { files: ['client-secret-text.ts'] },
      '@node-rs/argon2': everywhere,
      '@node-rs/bcrypt': everywhere,
    },
    pure: false,
  },
  store: { layers: ['protocol'], packages: {}, pure: true },
  grants: { layers: ['protocol', 'store'], packages: {}, pure: true },
  surfaces: { layers: ['protocol'], packages: { saxes: everywhere }, pure: true },
  endpoints: { layers: ['protocol', 'store', 'crypto', 'grants'], packages: {}, pure: true },
  stores: {
    layers: ['protocol', 'store'],
    packages: {
      'node:sqlite': sqliteDriver,
      'node:fs': sqliteDriver,
      'node:path': sqliteDriver,
      pg: { files: ['postgres/*'] },
    },
    pure: false,
  },
  'surface-check': { layers: ['protocol'], packages: {}, pure: true },
  import: {
    layers: ['protocol', 'store', 'crypto'],
    packages: {
      'node:fs': everywhere,
      'node:util': { files: ['follow.ts'] },
      'node:sqlite': { files: ['spree/sqlite-source.ts'] },
      pg: { files: ['spree/postgres-source.ts'] },
    },
    pure: false,
  },
  http: {
    layers: ['protocol', 'endpoints', 'surfaces', 'log'],
    packages: {
      'node:http': { files: ['edges/node.ts'], typesOnly: true },
      'node:net': { files: ['edges/forwarded.ts', 'edges/address-set.ts'] },
    },
    pure: false,
  },
  refusals: {
    layers: ['protocol', 'store', 'crypto', 'grants', 'endpoints', 'surfaces', 'http'],
    packages: {},
    pure: true,
  },
  diagnosis: { layers: ['protocol', 'store'], packages: {}, pure: true },
  admin: {
    layers: ['protocol', 'store', 'crypto', 'log', 'diagnosis'],
    packages: { hono: everywhere, '@hono/*': everywhere, zod: everywhere, 'node:http': everywhere },
    pure: false,
  },
  config: {
    layers: ['protocol'],
    packages: { zod: everywhere, yaml: everywhere, 'node:fs': everywhere, 'node:path': everywhere },
    pure: false,
  },
  log: {
    layers: ['protocol'],
    packages: { pino: everywhere, 'prom-client': everywhere, '@opentelemetry/api': everywhere },
    pure: false,
  },
  server: { layers: 'any', packages: 'any', pure: false },
  cli: { layers: 'any', packages: 'any', pure: false },
}

/** The only files directly under src/; they may import anything. */
const ROOT_FILES = ['src/index.ts', 'src/server.ts']

const MAX_LINES = 300
const FORBIDDEN_WORDS = /^(util|helper|common|manager|service)s?$/
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*$/
const IMPURE_CALLS = /^(Date|fetch|set(Timeout|Interval|Immediate))$/
const IMPURE_MEMBERS =
  /^(process\..*|performance\..*|console\..*|Date\.now|Temporal\.Now|Math\.random|crypto\.(getRandomValues|randomUUID|subtle))$/
const CODE = /\.[cm]?[jt]s$/

/**
 * Checks files of src/, each named by its path from the root of the checkout (`src/store/rows.ts`), and returns one
 * sentence a violation. Imports must be among the files given.
 */
export function checkArchitecture(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([path, text]) => {
    const problems = [...checkNames(path), ...checkPlace(path), ...checkLength(text)]
    if (CODE.test(path)) problems.push(...checkCode(path, text, files))
    return problems.map((problem) => `${path}: ${problem}`)
  })
}

/** The layer of a file; null if it has none. */
function layerOf(path: string): Layer | null {
  const [, folder = '', ...rest] = path.split('/')
  return rest.length > 0 && Object.hasOwn(LAYERS, folder) ? (LAYERS[folder] ?? null) : null
}

function checkPlace(path: string): string[] {
  return layerOf(path) === null && !ROOT_FILES.includes(path) ? ['belongs to no layer'] : []
}

function checkNames(path: string): string[] {
  const names = path.split('/').slice(1)
  return names.flatMap((name, at) => {
    const stem = at === names.length - 1 ? name.replace(/\.[a-z]+$/, '') : name
    const problems = KEBAB_CASE.test(stem) ? [] : [`the name ${name} is not kebab-case`]
    const word = stem.split(/[-.]/).find((part) => FORBIDDEN_WORDS.test(part))
    if (word !== undefined) problems.push(`the name ${name} says nothing: no ${word}`)
    return problems
  })
}

function checkLength(text: string): string[] {
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  return lines > MAX_LINES ? [`has ${lines} lines, more than ${MAX_LINES}`] : []
}

function checkCode(path: string, text: string, files: ReadonlyMap<string, string>): string[] {
  const layer = layerOf(path)
  const tree = parse(text)
  if (tree === null) return ['cannot be parsed']
  const problems: string[] = []
  for (const statement of tree) {
    if (isDefaultExport(statement)) problems.push('has a default export')
    const declaration = asNode(statement.declaration) ?? statement
    if (declaration.type === 'VariableDeclaration' && declaration.kind !== 'const' && !declaration.declare) {
      problems.push(`has a ${declaration.kind} at module level`)
    }
  }
  for (const node of walk(tree)) {
    const found = importOf(node)
    if (found !== null) problems.push(...checkImport(path, found, layer, files))
    if (layer?.pure === true) problems.push(...checkPurity(node))
  }
  return problems
}

interface Import {
  /** Null: the name is computed. */
  readonly specifier: string | null
  readonly typesOnly: boolean
}

function checkImport(
  path: string,
  { specifier, typesOnly }: Import,
  layer: Layer | null,
  files: ReadonlyMap<string, string>,
): string[] {
  if (specifier === null) return ['imports by a computed name']
  if (!specifier.startsWith('.')) return checkPackage(path, specifier, typesOnly, layer)
  const target = posix.join(posix.dirname(path), specifier)
  if (!target.startsWith('src/')) return [`imports ${specifier}, outside src/`]
  if (!files.has(target)) return [`imports ${specifier}, which is no file`]
  if (layer === null || layer.layers === 'any') return []
  const [, own] = path.split('/')
  const [, other, ...rest] = target.split('/')
  if (other === undefined || rest.length === 0) return [`imports ${specifier}, which only the outside may`]
  return other === own || layer.layers.includes(other)
    ? []
    : [`${own} may not import ${other} (${specifier})`]
}

function checkPackage(path: string, specifier: string, typesOnly: boolean, layer: Layer | null): string[] {
  if (layer === null || layer.packages === 'any') return []
  const [, own, ...rest] = path.split('/')
  const [scope = '', name = ''] = specifier.split('/')
  const names = scope.startsWith('@') ? [`${scope}/${name}`, `${scope}/*`] : [scope]
  const allowed = layer.packages
  const place = names.map((each) => (Object.hasOwn(allowed, each) ? allowed[each] : undefined)).find(Boolean)
  if (place === undefined) return [`${own} may not import the package ${specifier}`]
  if (!place.files.some((glob) => posix.matchesGlob(rest.join('/'), glob))) {
    return [`only ${place.files.join(', ')} of ${own} may import ${specifier}`]
  }
  return place.typesOnly === true && !typesOnly ? [`${own} may import only types of ${specifier}`] : []
}

/** The clock, randomness and the outside are injected; `new Date(x)`, a mere calculation, is not the clock. */
function checkPurity(node: Node): string[] {
  const callee = asNode(node.callee)
  const name = String(callee?.name)
  if (node.type === 'CallExpression' && IMPURE_CALLS.test(name)) return [`is pure, but calls ${name}`]
  if (node.type === 'NewExpression' && name === 'Date' && asNodes(node.arguments).length === 0) {
    return ['is pure, but reads the clock']
  }
  if (node.type !== 'MemberExpression') return []
  const object = asNode(node.object)
  const member = `${object?.name ?? asNode(object?.property)?.name}.${asNode(node.property)?.name}`
  return IMPURE_MEMBERS.test(member) ? [`is pure, but uses ${member}`] : []
}

/** A node of the syntax tree (ESTree with TypeScript). */
type Node = Readonly<Record<string, unknown>> & { readonly type: string }

function parse(text: string): readonly Node[] | null {
  try {
    return asNodes(parseAst(text, { lang: 'ts' }).body)
  } catch {
    return null
  }
}

function* walk(value: unknown): Generator<Node> {
  if (Array.isArray(value)) for (const each of value) yield* walk(each)
  const node = asNode(value)
  if (node === null) return
  yield node
  for (const child of Object.values(node)) if (typeof child === 'object') yield* walk(child)
}

function importOf(node: Node): Import | null {
  switch (node.type) {
    case 'ImportDeclaration':
      return { specifier: textOf(node.source), typesOnly: node.importKind === 'type' }
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      if (asNode(node.source) === null) return null
      return { specifier: textOf(node.source), typesOnly: node.exportKind === 'type' }
    case 'ImportExpression':
      return { specifier: textOf(node.source), typesOnly: false }
    case 'TSImportType':
      return { specifier: textOf(node.source ?? node.argument), typesOnly: true }
    case 'TSExternalModuleReference':
      return { specifier: textOf(node.expression), typesOnly: false }
    case 'CallExpression': {
      const callee = asNode(node.callee)
      const name = callee?.name ?? asNode(callee?.property)?.name
      if (name !== 'require' && name !== 'getBuiltinModule') return null
      return { specifier: textOf(asNodes(node.arguments)[0]), typesOnly: false }
    }
    default:
      return null
  }
}

function isDefaultExport(statement: Node): boolean {
  if (statement.type === 'ExportDefaultDeclaration' || statement.type === 'TSExportAssignment') return true
  // `export { a as default }` and `export * as default from '…'`
  return [statement, ...asNodes(statement.specifiers)].some((each) => {
    const exported = asNode(each.exported)
    return (exported?.name ?? exported?.value) === 'default'
  })
}

/** The value of a string literal, or of a template without holes; else null. */
function textOf(value: unknown): string | null {
  const node = asNode(value)
  if (node?.type === 'TSLiteralType') return textOf(node.literal)
  if (typeof node?.value === 'string') return node.value
  const [only, ...more] = node?.type === 'TemplateLiteral' ? asNodes(node.quasis) : []
  const cooked = only === undefined || more.length > 0 ? null : (only.value as { cooked?: unknown }).cooked
  return typeof cooked === 'string' ? cooked : null
}

function asNode(value: unknown): Node | null {
  return typeof value === 'object' && value !== null && 'type' in value ? (value as Node) : null
}

function asNodes(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.filter((each): each is Node => asNode(each) !== null) : []
}
