import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { type ConfigPath, formatPath, type Problem } from './problem.ts'

export interface Position {
  readonly line: number
  readonly column: number
}

/** A configuration file as it was read. */
export interface YamlSource {
  /** Null if it is no YAML at all. A repeated key has its last value. */
  readonly content: { readonly value: unknown } | null
  readonly problems: readonly Problem[]
  /** Where a key or list item stands; the nearest thing around it if it is missing. */
  readonly locate: (path: ConfigPath) => Position | null
}

type YamlDocument = ReturnType<typeof parseDocument>

/** The parser's own messages may quote the file, secrets included, so none is passed on. */
const SENTENCES: Readonly<Record<string, string>> = {
  BAD_INDENT: 'is not indented as its surroundings, or a bracket is not closed',
  BLOCK_AS_IMPLICIT_KEY: 'has a second ": " in one line: put the value in quotes',
  BAD_SCALAR_START: 'begins with a character that needs quotes around the value',
  BAD_DQ_ESCAPE: 'has an escape sequence that YAML does not know: use single quotes',
  MISSING_CHAR: 'has a quote, colon, comma or bracket missing',
  MULTILINE_IMPLICIT_KEY: 'has a key that is not followed by a colon in the same line',
  MULTIPLE_DOCS: 'begins a second document: a configuration is one document',
  TAB_AS_INDENT: 'is indented with a tab: use spaces',
  TAG_RESOLVE_FAILED: 'has a tag (!…) that is not known',
  UNEXPECTED_TOKEN: 'has something here that does not belong here',
}

/** Reads YAML 1.2 (and so JSON). Refuses repeated keys and unknown tags; says where, never what stands there. */
export function readYaml(text: string): YamlSource {
  const counter = new LineCounter()
  try {
    const document = parseDocument(text, {
      lineCounter: counter,
      prettyErrors: false,
      uniqueKeys: false,
      // Warnings of the parser would go to the process's stderr.
      logLevel: 'error',
    })
    const locate = (path: ConfigPath) => positionOf(counter, findOffset(document, path))
    const syntax = [...document.errors, ...document.warnings].map(({ code, pos }) => {
      return problemAt(positionOf(counter, pos[0]), '', SENTENCES[code] ?? `is not YAML (${code})`)
    })
    const repeats = repeatedKeys(document.contents, []).map(({ path, offset }) => {
      return problemAt(
        positionOf(counter, offset),
        formatPath(path),
        'is there twice: a key may stand only once',
      )
    })
    const content = syntax.length > 0 ? null : { value: document.toJS({ maxAliasCount: 100 }) as unknown }
    return { content, problems: [...syntax, ...repeats], locate }
  } catch {
    // The parser throws for unknown aliases, for aliases that multiply beyond measure and for endless nesting.
    const message = 'is not YAML that can be read: an alias without anchor, or too much nesting'
    return { content: null, problems: [problemAt(null, '', message)], locate: () => null }
  }
}

function problemAt(position: Position | null, path: string, message: string): Problem {
  return { path, message, line: position?.line ?? null, column: position?.column ?? null }
}

function positionOf(counter: LineCounter, offset: number | null): Position | null {
  if (offset === null) return null
  const { line, col } = counter.linePos(offset)
  return line === 0 ? null : { line, column: col }
}

interface Repeat {
  readonly path: ConfigPath
  readonly offset: number | null
}

function repeatedKeys(node: unknown, path: ConfigPath): readonly Repeat[] {
  if (isSeq(node)) return node.items.flatMap((item, index) => repeatedKeys(item, [...path, index]))
  if (!isMap(node)) return []
  const seen = new Set<string>()
  return node.items.flatMap((pair) => {
    const key = keyOf(pair.key)
    const repeats = repeatedKeys(pair.value, [...path, key])
    if (!seen.has(key)) {
      seen.add(key)
      return repeats
    }
    return [{ path: [...path, key], offset: offsetOf(pair.key) }, ...repeats]
  })
}

function findOffset(document: YamlDocument, path: ConfigPath): number | null {
  let node: unknown = document.contents
  let offset = offsetOf(node)
  for (const segment of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.find((item) => keyOf(item.key) === segment)
      if (pair === undefined) return offset
      offset = offsetOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node) && typeof segment === 'number' && segment < node.items.length) {
      node = node.items[segment]
      offset = offsetOf(node) ?? offset
    } else return offset
  }
  return offset
}

function keyOf(key: unknown): string {
  return isScalar(key) ? String(key.value ?? '') : ''
}

function offsetOf(node: unknown): number | null {
  return (node as Node | null)?.range?.[0] ?? null
}
